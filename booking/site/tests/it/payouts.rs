//! What is held for businesses goes to their banks by a file, each sum once.

use std::sync::Arc;
use std::time::Duration;

use booking_core::AppState;
use booking_core::base::config::Platform;
use booking_core::base::{MINUTE_US, SECOND_US};
use booking_core::billing::Payments;
use booking_core::params;
use booking_core::usecases;

use crate::commission::{DECEMBER_US, run_by, set_rule};
use crate::desk::{ACCEPTED, Desk, FIXED, booked};
use crate::harness::App;
use crate::on_both;
use crate::stripe::server::StripeServer;
use crate::sums::plain;

const PAGE: &str = "/operator/payouts";
const HELD: &str =
    "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM ledger_entry WHERE account = 'psp_clearing'";

/// A desk whose operator may pay out, and takes real money.
struct Counter<'a> {
    desk: Desk<'a>,
    server: StripeServer,
    state: AppState,
}

impl<'a> Counter<'a> {
    async fn open(app: &'a App) -> Self {
        let server = StripeServer::start().await;
        let platform = Platform {
            payout_account: Some("86011117947".to_owned()),
            ..Platform::default()
        };
        let stripe = server.adapter_of_real_money(Duration::from_secs(5));
        let state = AppState {
            payments: Payments::new(vec![Arc::new(stripe)]),
            ..run_by(app, platform)
        };
        let mut desk = Desk::open(app, FIXED).await;
        let there = app.client_of(state.clone());
        for client in [&mut desk.consumer, &mut desk.provider, &mut desk.operator] {
            *client = client.at(&there);
        }
        Self { desk, server, state }
    }

    async fn jobs(&self) {
        booking_core::jobs::round(&self.state).await;
    }

    /// A call that is over and paid with 390 kr.
    async fn paid(&mut self, slot: i64) -> String {
        let start = Desk::slot(slot);
        let hold = self.desk.hold(start).await;
        let form = [("provider", "stripe"), ("method", "pm_good"), ("withdrawal", "yes")];
        let path = format!("/book/{hold}/payment");
        let appointment = booked(&self.desk.consumer.post(&path, &form).await);
        self.desk.talk(&appointment, start, 10 * MINUTE_US).await;
        self.jobs().await;
        appointment
    }

    async fn give_account(&mut self, account: &str) -> u16 {
        let form = [
            ("seller_kind", "company"),
            ("legal_name", "Dyreklinikken Nordli AS"),
            ("tin", "923609016"),
            ("address", "Storgata 1"),
            ("postcode", "5003"),
            ("town", "Bergen"),
            ("country", "NO"),
            ("bank_account", account),
        ];
        self.desk.provider.post("/provider/tax", &form).await.status.as_u16()
    }

    /// Sends an action about the newest file; where it leads.
    async fn act(&mut self, action: &str) -> String {
        let sql = "SELECT id FROM payout_file ORDER BY made_us DESC, id DESC LIMIT 1";
        let id: String = self.desk.app.rows(sql, params![]).await.pop().unwrap_or_default();
        let form = [("action", action), ("id", id.as_str()), ("currency", "NOK")];
        let location = self.desk.operator.post(PAGE, &form).await.expect(303).location();
        location.trim_start_matches("/operator/payouts?notice=").to_owned()
    }

    async fn download(&mut self) -> String {
        let sql = "SELECT id FROM payout_file ORDER BY made_us DESC, id DESC LIMIT 1";
        let id: String = self.desk.app.rows(sql, params![]).await.pop().expect("a file");
        let form = [("action", "download"), ("id", id.as_str())];
        let answer = self.desk.operator.post(PAGE, &form).await.expect(200);
        assert_eq!(answer.headers["content-type"], "application/xml; charset=utf-8");
        answer.text().replace('\n', "")
    }
}

on_both! {
    async fn what_is_held_is_paid_out_once_and_a_negative_balance_is_carried_over(app: App) {
        let mut counter = Counter::open(app).await;
        set_rule(&mut counter.desk, "", "10", "5").await;
        let first = counter.paid(2).await;
        assert_eq!(app.number(HELD, params![]).await, 34_600);
        // Nobody knows where to.
        assert_eq!(counter.act("make").await, "payout-nothing");
        assert_eq!(counter.give_account("86011117948").await, 422, "the check digit is wrong");
        assert_eq!(counter.give_account("8601 11 17947").await, 303);
        let page = plain(&counter.desk.operator.get(PAGE).await.expect(200).text());
        assert!(page.contains("346,00 kr") && page.contains("Kan betales ut"), "{page}");
        assert_eq!(counter.act("make").await, "payout-made");
        assert_eq!(counter.act("make").await, "payout-nothing", "it is in a file already");
        assert_eq!(app.number(HELD, params![]).await, 0);
        assert_eq!(counter.act("sent").await, "payout-gone", "nobody has downloaded it");
        let file = counter.download().await;
        for part in [
            "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03",
            "<NbOfTxs>1</NbOfTxs><CtrlSum>346.00</CtrlSum>",
            "<InstdAmt Ccy=\"NOK\">346.00</InstdAmt>",
            "<Nm>Dyreklinikken Nordli AS</Nm>",
            "<Othr><Id>86011117947</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr>",
        ] {
            assert!(file.contains(part), "no {part:?} in {file}");
        }
        assert_eq!(counter.act("download").await, "payout-gone", "once");
        assert_eq!(counter.act("sent").await, "saved");
        assert_eq!(counter.act("cancel").await, "payout-gone", "the bank has it");
        let own = plain(&counter.desk.provider.get("/provider/payouts").await.expect(200).text());
        assert!(own.contains("346,00 kr") && own.contains("Sendt til banken") && own.contains("… 7947"), "{own}");
        // All of it goes back to the customer: then the business owes that.
        let form = [("known", "0"), ("amount", "390"), ("reason", "Feil")];
        counter.desk.provider.post(&format!("/bookings/{first}/refund"), &form).await.expect(303);
        counter.server.set_refund(&serde_json::json!({"status": "succeeded"}));
        app.advance(25 * 60 * MINUTE_US);
        counter.jobs().await;
        assert_eq!(app.number(HELD, params![]).await, -34_600);
        let page = plain(&counter.desk.operator.get(PAGE).await.expect(200).text());
        assert!(page.contains("-346,00 kr") || page.contains("−346,00 kr"), "{page}");
        assert_eq!(counter.act("make").await, "payout-nothing");
        app.set_now(DECEMBER_US);
        counter.jobs().await;
        let totals: Vec<i64> = app.rows("SELECT total_minor FROM document WHERE kind = 'payout_statement'", params![]).await;
        assert_eq!(totals, [-34_600]);
    }
}

on_both! {
    async fn a_file_that_is_taken_back_is_held_again(app: App) {
        let mut counter = Counter::open(app).await;
        counter.paid(2).await;
        counter.give_account("86011117947").await;
        assert_eq!(counter.act("make").await, "payout-made");
        assert_eq!(counter.act("cancel").await, "saved");
        assert_eq!(counter.act("cancel").await, "payout-gone");
        assert_eq!(app.number(HELD, params![]).await, 39_000);
        assert_eq!(counter.act("download").await, "payout-gone", "nobody pays by it");
        // Several who press at once make one file.
        let made = {
            let state = &counter.state;
            let one = || usecases::make_payout_file(state, "o", "NOK");
            let (a, b, c) = tokio::join!(one(), one(), one());
            [a, b, c].map(|made| made.expect("it answers").is_some())
        };
        assert_eq!(made.iter().filter(|made| **made).count(), 1);
        assert_eq!(app.number(HELD, params![]).await, 0);
        let ledger: Vec<(String, i64)> = app
            .rows(
                "SELECT t.kind, e.amount_minor FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id
                 WHERE e.account = 'provider_bank' ORDER BY t.created_us, t.id",
                params![],
            )
            .await;
        let mut amounts: Vec<i64> = ledger.iter().map(|(_, minor)| *minor).collect();
        amounts.sort_unstable();
        assert_eq!(amounts, [-39_000, 39_000, 39_000]);
        let done = "SELECT action FROM operator_record WHERE action LIKE 'payout%' ORDER BY action";
        assert_eq!(app.rows::<String>(done, params![]).await, ["payout_cancelled", "payout_made", "payout_made"]);
    }
}

on_both! {
    /// Nothing is paid out of what tests brought, and nothing at all by an operator who may not.
    async fn nobody_is_paid_with_money_that_is_none(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        desk.talk(&appointment, start, 60 * SECOND_US).await;
        desk.jobs().await;
        assert_eq!(app.number(HELD, params![]).await, 39_000);
        let page = desk.operator.get(PAGE).await.expect(200).text();
        assert!(page.contains("Ingenting står til gode") && page.contains("Herfra kan ingenting betales ut"), "{page}");
        desk.operator.post(PAGE, &[("action", "make"), ("currency", "NOK")]).await.expect(404);
        desk.provider.post(PAGE, &[("action", "make"), ("currency", "NOK")]).await.expect(404);
        let platform = Platform {
            payout_account: Some("86011117947".to_owned()),
            ..Platform::default()
        };
        let made = usecases::make_payout_file(&run_by(app, platform), "o", "NOK").await;
        assert_eq!(made.expect("it answers"), None);
    }
}
