//! What Stripe says and our books cannot take in: an operator sees it until both say the same, and nobody is asked without end.

use booking_core::base::{DAY_US, HOUR_US, MINUTE_US, SECOND_US};
use booking_core::params;
use serde_json::{Value, json};

use super::server::SECRET;
use super::{OPEN_MONEY, Till, event};
use crate::desk::Desk;
use crate::harness::App;
use crate::on_both;

/// What is on record as different: its kind, and what Stripe says.
async fn differences(app: &App) -> Vec<String> {
    let rows: Vec<(String, String)> = app.rows("SELECT kind, theirs FROM money_difference", params![]).await;
    rows.into_iter()
        .map(|(kind, theirs)| format!("{kind}: {theirs}"))
        .collect()
}

/// As when somebody takes so much at Stripe's own pages.
fn taken(minor: i64) -> Value {
    json!({"status": "succeeded", "amount_received": minor, "amount_capturable": 0, "next_action": null})
}

on_both! {
    /// However long ago the payment was over: what is mended after a month leaves the operator's page, too.
    async fn a_difference_is_compared_until_it_is_gone(app: App) {
        let mut till = Till::open(app, false).await;
        let start = Desk::slot(2);
        let appointment = till.book(start).await;
        till.talk(&appointment, start).await;
        let intent = till.server.only_intent();
        till.server.set(&intent["id"], &taken(1_400));
        app.advance(HOUR_US + MINUTE_US);
        till.jobs(1).await;
        assert_eq!(differences(app).await, ["amount: captured 1400"]);
        till.desk.operator.get("/operator/refunds").await.expect(200).expect_text("captured 1400");
        app.advance(40 * DAY_US);
        till.jobs(1).await;
        assert_eq!(differences(app).await, ["amount: captured 1400"]);
        till.server.set(&intent["id"], &taken(1_500));
        app.advance(HOUR_US);
        till.jobs(1).await;
        assert_eq!(differences(app).await, [""; 0]);
    }
}

on_both! {
    /// Somebody took more at Stripe than was ever reserved. The call that takes stays on record with the reason, is made more
    /// and more rarely, and ends right once Stripe's figure is one that the books can take in.
    async fn an_answer_that_the_books_cannot_take_in_is_shown_and_not_asked_for_without_end(app: App) {
        let mut till = Till::open(app, false).await;
        let start = Desk::slot(2);
        let appointment = till.book(start).await;
        let intent = till.server.only_intent();
        till.server.set(&intent["id"], &taken(50_000));
        till.talk(&appointment, start).await;
        let pending = "SELECT attempts, COALESCE(error, '') FROM payment_op WHERE state = 'pending'";
        let why = "50000 is more than the 45000 that were authorised".to_owned();
        assert_eq!(app.rows::<(i64, String)>(pending, params![]).await, [(1, why.clone())]);
        assert_eq!(differences(app).await, ["status: captured 50000"]);
        for _ in 0..20 {
            app.advance(MINUTE_US + SECOND_US);
            booking_core::jobs::round(&till.state).await;
        }
        assert_eq!(app.rows::<(i64, String)>(pending, params![]).await, [(3, why.clone())], "after one minute, and four");
        let page = till.desk.operator.get("/operator/refunds").await.expect(200).text();
        assert!(page.contains("captured 50000") && page.contains(&why), "{page}");
        assert_eq!(till.desk.payment(&appointment).await, "capturing 45000 1500");
        till.server.set(&intent["id"], &taken(1_500));
        app.advance(HOUR_US);
        till.jobs(2).await;
        assert_eq!(till.desk.payment(&appointment).await, "captured 45000 1500");
        assert_eq!(differences(app).await, [""; 0]);
        assert_eq!((till.count(OPEN_MONEY).await, till.count("SELECT COUNT(*) FROM document").await), (0, 1));
        assert_eq!(app.rows::<(i64, String)>(pending, params![]).await, []);
    }
}

/// What the accounts of all businesses come to, in their order: postings that are there and what is carried of those that left.
const BALANCES: &str = "SELECT x.account, CAST(SUM(x.amount_minor) AS BIGINT) FROM (
        SELECT account, amount_minor FROM ledger_entry UNION ALL SELECT account, amount_minor FROM ledger_carried) AS x
    GROUP BY x.account HAVING SUM(x.amount_minor) <> 0 ORDER BY x.account";

on_both! {
    /// S50: taken at Stripe's own pages for a time that was never booked. After five years the postings leave, and what the
    /// business has coming stays.
    async fn s50_balances_outlive_payments_that_nothing_came_of(app: App) {
        let mut till = Till::open(app, false).await;
        let hold = till.desk.hold(Desk::slot(20)).await;
        till.pay(&hold, "pm_asks").await.expect(303);
        let intent = till.server.only_intent();
        till.server.set(&intent["id"], &taken(45_000));
        till.hook(&event("evt_1", &intent), SECRET).await.expect(204);
        till.jobs(1).await;
        let row = |account: &str, minor: i64| (account.to_owned(), minor);
        let held = [row("consumer_receivable", -45_000), row("psp_clearing", 45_000)];
        assert_eq!(app.rows::<(String, i64)>(BALANCES, params![]).await, held);
        assert_eq!(till.count("SELECT COUNT(*) FROM appointment").await, 0);
        // Five years after the end of the accounting year 2026.
        app.set_now(1_956_524_400_000_000);
        app.execute("UPDATE session SET expires_us = $1", params![app.now() + 40 * DAY_US]).await;
        till.jobs(1).await;
        till.desk.operator.post("/operator/retention", &[("action", "approve")]).await.expect(303);
        app.advance(2 * DAY_US);
        till.jobs(1).await;
        assert_eq!((till.count("SELECT COUNT(*) FROM ledger_tx").await, till.count("SELECT COUNT(*) FROM payment").await), (0, 0));
        // What a key for tests took is carried apart from real money.
        let carried = [row("consumer_receivable", -45_000), row("test_clearing", 45_000)];
        assert_eq!(app.rows::<(String, i64)>(BALANCES, params![]).await, carried);
        till.desk.operator.get("/operator/money").await.expect(200).expect_text("Alle kontoer summerer til 0");
    }
}
