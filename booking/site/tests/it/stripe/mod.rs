//! Payments by Stripe, against a server that speaks its wire and fails as it is told.

mod accounts;
mod differences;
mod histories;
pub(crate) mod server;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use booking_core::AppState;
use booking_core::base::money::{Currency, Money};
use booking_core::base::{DAY_US, MINUTE_US, Micros, SECOND_US};
use booking_core::billing::Payments;
use booking_core::billing::hooks::sign_hook;
use booking_core::billing::provider::{ProviderError, RefundStatus};
use booking_core::params;
use serde_json::{Value, json};

use crate::desk::{Desk, METERED, booked};
use crate::harness::{Answer, App};
use crate::on_both;
use server::{SECRET, StripeServer, Trouble};

const CARD: &str = "pm_good";
/// How long an answer is waited for.
const CALL_TIME_MAX: Duration = Duration::from_millis(400);
/// A round of jobs after each of these waits ends every retry of an operation.
const LATER: Micros = 2 * MINUTE_US;

/// A desk whose payments go to a Stripe of its own.
struct Till<'a> {
    desk: Desk<'a>,
    server: StripeServer,
    state: AppState,
}

impl<'a> Till<'a> {
    async fn open(app: &'a App, connect: bool) -> Self {
        Self::open_within(app, connect, CALL_TIME_MAX).await
    }

    /// The same, where answers are waited for so long.
    async fn open_within(app: &'a App, connect: bool, call_time_max: Duration) -> Self {
        let server = StripeServer::start().await;
        let state = AppState {
            payments: Payments::new(vec![Arc::new(server.adapter(connect, call_time_max))]),
            ..app.state.clone()
        };
        let mut desk = Desk::open(app, METERED).await;
        let there = app.client_of(state.clone());
        for client in [&mut desk.consumer, &mut desk.provider, &mut desk.operator] {
            *client = client.at(&there);
        }
        Self { desk, server, state }
    }

    async fn pay(&mut self, hold: &str, method: &str) -> Answer {
        let form = [("provider", "stripe_test"), ("method", method), ("withdrawal", "yes")];
        self.desk.consumer.post(&format!("/book/{hold}/payment"), &form).await
    }

    async fn book(&mut self, start: Micros) -> String {
        let hold = self.desk.hold(start).await;
        booked(&self.pay(&hold, CARD).await)
    }

    /// Rounds of jobs, as far apart as the longest wait between two tries.
    async fn jobs(&self, rounds: u32) {
        for _ in 0..rounds {
            self.desk.app.advance(LATER);
            booking_core::jobs::round(&self.state).await;
        }
    }

    /// Talks for 25 s, which costs 15 kr, and lets the jobs charge it.
    async fn talk(&self, appointment: &str, start: Micros) {
        self.desk.talk(appointment, start, 25 * SECOND_US).await;
        booking_core::jobs::round(&self.state).await;
    }

    async fn hook(&self, body: &Value, secret: &str) -> Answer {
        let body = body.to_string();
        let signature = sign_hook(secret.as_bytes(), self.desk.app.now() / SECOND_US, &body);
        let request = Request::post("/hooks/payments/stripe_test").header("stripe-signature", signature);
        let request = request.body(Body::from(body)).expect("a request");
        self.desk.app.client_of(self.state.clone()).send(request).await
    }

    async fn count(&self, sql: &'static str) -> i64 {
        self.desk.app.number(sql, params![]).await
    }
}

/// An event about a payment.
fn event(id: &str, intent: &Value) -> Value {
    json!({"id": id, "type": "payment_intent.amount_capturable_updated", "livemode": false, "data": {"object": intent}})
}

const OPEN_MONEY: &str =
    "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM ledger_entry WHERE account = 'reserved'";
const PAYMENTS: &str = "SELECT COUNT(*) FROM payment";

on_both! {
    /// S17: the card is typed into Stripe's fields; what comes here, and what goes out, is Stripe's name of it.
    async fn s17_no_card_data_reach_our_server(app: App) {
        let mut till = Till::open(app, false).await;
        let start = Desk::slot(2);
        let hold = till.desk.hold(start).await;
        let page = till.desk.consumer.get(&format!("/book/{hold}/payment")).await.expect(200);
        let policy = page.headers["content-security-policy"].to_str().expect("ASCII").to_owned();
        for part in ["script-src 'self' https://js.stripe.com", "frame-src https://js.stripe.com", "https://hooks.stripe.com"] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        let text = page.text();
        for part in ["data-pay-card", "https://js.stripe.com/v3/", "pk_test_1", "/static/pay"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("sk_test_1") && !text.contains("autocomplete=\"cc-"), "{text}");
        let before = till.desk.consumer.get(&format!("/book/{hold}")).await;
        let elsewhere = before.headers["content-security-policy"].to_str().expect("ASCII");
        assert!(!elsewhere.contains("stripe"), "{elsewhere}");
        // A number in place of a name is refused, and goes nowhere.
        till.pay(&hold, "4242424242424242").await.expect(422);
        assert!(till.server.asked().is_empty());
        let appointment = booked(&till.pay(&hold, CARD).await);
        let columns: (String, String, String) = app
            .rows("SELECT method_token, method_brand, method_last4 FROM payment WHERE appointment_id = $1", params![&appointment])
            .await
            .pop()
            .expect("a payment");
        assert_eq!(columns, ("pm_good".to_owned(), "visa".to_owned(), "4242".to_owned()));
        for asked in till.server.asked() {
            assert_eq!(asked.version.as_deref(), Some("2024-06-20"));
            assert!(!asked.body.contains("4242") && !asked.body.contains("card[number]"), "{asked:?}");
        }
    }
}

on_both! {
    /// S62: reserved at booking, taken after the call, and the rest let go of by the same act.
    async fn s62_a_call_is_paid_by_stripe(app: App) {
        let mut till = Till::open(app, false).await;
        let start = Desk::slot(2);
        let appointment = till.book(start).await;
        let made = till.server.only_intent();
        assert_eq!((&made["amount"], &made["status"]), (&json!(45_000), &json!("requires_capture")));
        let mut keys: Vec<_> = till.server.asked().into_iter().filter_map(|asked| asked.key).collect();
        assert_eq!(keys.len(), 2, "making it known and reserving each have a key");
        keys.dedup();
        assert_eq!(keys.len(), 2);
        till.talk(&appointment, start).await;
        assert_eq!(till.desk.payment(&appointment).await, "captured 45000 1500");
        let taken = till.server.only_intent();
        assert_eq!((&taken["amount_received"], &taken["status"]), (&json!(1_500), &json!("succeeded")));
        assert_eq!(till.count(OPEN_MONEY).await, 0);
    }
}

/// Whatever becomes of the answers, one payment is made and one appointment, and the money is taken once.
async fn pay_through(app: &App, troubles: &[(&str, Trouble)]) {
    let mut till = Till::open(app, false).await;
    let start = Desk::slot(20);
    let hold = till.desk.hold(start).await;
    for (path_end, trouble) in troubles {
        till.server.next(path_end, *trouble);
    }
    till.pay(&hold, CARD).await;
    till.jobs(3).await;
    let appointments: Vec<String> = app.rows("SELECT id FROM appointment", params![]).await;
    let [appointment] = appointments.try_into().expect("one appointment");
    assert_eq!(till.count(PAYMENTS).await, 1);
    assert_eq!(till.server.only_intent()["amount_capturable"], json!(45_000));
    till.talk(&appointment, start).await;
    till.jobs(4).await;
    assert_eq!(till.desk.payment(&appointment).await, "captured 45000 1500");
    assert_eq!(till.server.only_intent()["amount_received"], json!(1_500));
    assert_eq!(till.count(OPEN_MONEY).await, 0);
    assert_eq!(
        till.count("SELECT COUNT(*) FROM payment_op WHERE state = 'pending'")
            .await,
        0
    );
    assert_eq!(till.count("SELECT COUNT(*) FROM document").await, 1);
}

on_both! {
    async fn a_failure_after_acting_is_found_and_not_done_twice(app: App) {
        pay_through(app, &[("/confirm", Trouble::FailsAfterActing), ("/capture", Trouble::FailsAfterActing)]).await;
    }
}

on_both! {
    /// The stored failure comes again under its key, so another key is used.
    async fn a_failure_before_acting_is_tried_under_another_key(app: App) {
        pay_through(app, &[("/confirm", Trouble::Fails), ("/capture", Trouble::Fails)]).await;
    }
}

on_both! {
    async fn an_answer_that_never_comes_is_found_and_not_asked_for_twice(app: App) {
        pay_through(app, &[("/confirm", Trouble::SilentAfterActing), ("/capture", Trouble::SilentAfterActing)]).await;
    }
}

on_both! {
    async fn a_request_that_is_lost_is_sent_again(app: App) {
        pay_through(app, &[("/confirm", Trouble::Silent), ("/capture", Trouble::Silent)]).await;
    }
}

on_both! {
    /// Both of the first and the second asking come through, under one key.
    async fn what_is_done_after_we_gave_up_is_done_once(app: App) {
        pay_through(app, &[("/confirm", Trouble::Late), ("/capture", Trouble::Late)]).await;
    }
}

on_both! {
    /// Making it known is repeated under its key, so that no second one is made.
    async fn what_was_made_known_without_an_answer_is_one(app: App) {
        pay_through(app, &[("POST payment_intents", Trouble::SilentAfterActing), ("/capture", Trouble::Busy)]).await;
    }
}

on_both! {
    async fn a_declined_card_is_closed_and_another_one_pays(app: App) {
        let mut till = Till::open(app, false).await;
        let hold = till.desk.hold(Desk::slot(2)).await;
        till.pay(&hold, "pm_declined").await.expect(422);
        assert_eq!(till.server.only_intent()["status"], json!("canceled"), "nobody goes on with it");
        booked(&till.pay(&hold, CARD).await);
        let states: Vec<_> = till.server.intents().iter().map(|intent| intent["status"].clone()).collect();
        assert_eq!(states, [json!("canceled"), json!("requires_capture")]);
    }
}

on_both! {
    async fn the_bank_asks_and_stripe_says_what_was_answered(app: App) {
        let mut till = Till::open(app, false).await;
        let hold = till.desk.hold(Desk::slot(2)).await;
        let asked = till.pay(&hold, "pm_asks").await.expect(303).location();
        assert_eq!(asked, format!("/book/{hold}/confirm"));
        let page = till.desk.consumer.get(&asked).await.expect(200);
        let policy = page.headers["content-security-policy"].to_str().expect("ASCII").to_owned();
        assert!(policy.contains("https://js.stripe.com"), "{policy}");
        let intent = till.server.only_intent();
        page.expect_text(intent["client_secret"].as_str().expect("a secret")).expect_text("data-pay-bank");
        // Our page's word alone is believed in nothing.
        let unanswered = till.desk.consumer.post(&asked, &[("answer", "approve")]).await.expect(303);
        assert_eq!(unanswered.location(), asked);
        let yes = json!({"status": "requires_capture", "amount_capturable": 45_000, "next_action": null});
        till.server.set(&intent["id"], &yes);
        booked(&till.desk.consumer.post(&asked, &[("answer", "approve")]).await);
    }
}

on_both! {
    async fn what_the_bank_was_told_no_to_is_declined(app: App) {
        let mut till = Till::open(app, false).await;
        let hold = till.desk.hold(Desk::slot(2)).await;
        let asked = till.pay(&hold, "pm_asks").await.expect(303).location();
        let intent = till.server.only_intent();
        let error = json!({"code": "payment_intent_authentication_failure"});
        let no = json!({"status": "requires_payment_method", "last_payment_error": error, "next_action": null});
        till.server.set(&intent["id"], &no);
        till.desk.consumer.post(&asked, &[("answer", "approve")]).await.expect(422);
        assert_eq!(till.server.only_intent()["status"], json!("canceled"));
        booked(&till.pay(&hold, CARD).await);
    }
}

on_both! {
    /// The person closes the browser at the bank; the hook brings the news, however often and in whatever order.
    async fn a_hook_finishes_a_booking_whose_browser_is_gone(app: App) {
        let mut till = Till::open(app, false).await;
        let hold = till.desk.hold(Desk::slot(20)).await;
        till.pay(&hold, "pm_asks").await.expect(303);
        let intent = till.server.only_intent();
        // One that comes before anything happened changes nothing.
        till.hook(&event("evt_early", &intent), SECRET).await.expect(204);
        booking_core::jobs::round(&till.state).await;
        assert_eq!(till.count("SELECT COUNT(*) FROM appointment").await, 0);
        let yes = json!({"status": "requires_capture", "amount_capturable": 45_000, "next_action": null});
        till.server.set(&intent["id"], &yes);
        for id in ["evt_2", "evt_1", "evt_2"] {
            till.hook(&event(id, &intent), SECRET).await.expect(204);
        }
        booking_core::jobs::round(&till.state).await;
        assert_eq!(till.count("SELECT COUNT(*) FROM appointment").await, 1);
        assert_eq!(till.count(PAYMENTS).await, 1);
    }
}

on_both! {
    async fn forged_foreign_and_huge_hooks_do_nothing(app: App) {
        let mut till = Till::open(app, false).await;
        let hold = till.desk.hold(Desk::slot(20)).await;
        till.pay(&hold, "pm_asks").await.expect(303);
        let intent = till.server.only_intent();
        let questions = till.server.asked().len();
        till.hook(&event("evt_1", &intent), "whsec_forged").await.expect(403);
        let mut foreign = event("evt_2", &intent);
        foreign["account"] = json!("acct_9");
        till.hook(&foreign, SECRET).await.expect(204);
        let mut live = event("evt_3", &intent);
        live["livemode"] = json!(true);
        till.hook(&live, SECRET).await.expect(204);
        till.hook(&json!({"id": "evt_4", "type": "price.created"}), SECRET).await.expect(204);
        let huge = json!({"id": "evt_5", "pad": "x".repeat(10_000_000)});
        assert_eq!(till.hook(&huge, SECRET).await.status.as_u16(), 413);
        booking_core::jobs::round(&till.state).await;
        assert_eq!(till.server.asked().len(), questions, "nothing was asked because of them");
    }
}

on_both! {
    /// Booked ten days ahead: the card is kept, charged the day before while the person is away, and let go of at the end.
    async fn a_card_is_kept_and_charged_the_day_before(app: App) {
        let mut till = Till::open(app, false).await;
        let start = Desk::slot(2) + 10 * DAY_US;
        let appointment = till.book(start).await;
        let kept = till.server.only_intent();
        assert_eq!((kept["id"].as_str().map(|id| &id[..5]), &kept["status"]), (Some("seti_"), &json!("succeeded")));
        app.set_now(start - DAY_US + MINUTE_US);
        till.jobs(1).await;
        assert_eq!(till.desk.payment_of(&appointment, "due", "authorised").await, "45000 0");
        let charged = till.server.intents().pop().expect("it was charged");
        assert_eq!((&charged["status"], &charged["customer"]), (&json!("requires_capture"), &kept["customer"]));
        let confirm = till.server.asked().into_iter().rfind(|asked| asked.line.ends_with("/confirm")).expect("it was asked");
        assert!(confirm.body.contains("off_session=true"), "{confirm:?}");
        till.talk(&appointment, start).await;
        till.jobs(2).await;
        assert_eq!(till.desk.payment_of(&appointment, "due", "captured").await, "45000 1500");
        assert_eq!(till.server.intents()[0]["customer"]["deleted"], json!(true), "the card is let go of");
        assert_eq!(till.server.count("/detach"), 1);
    }
}

on_both! {
    async fn a_kept_card_that_is_declined_later_is_told_of_and_paid_anew(app: App) {
        let mut till = Till::open(app, false).await;
        let start = Desk::slot(2) + 10 * DAY_US;
        let hold = till.desk.hold(start).await;
        let appointment = booked(&till.pay(&hold, "pm_declined_later").await);
        app.set_now(start - DAY_US + MINUTE_US);
        till.jobs(1).await;
        assert_eq!(till.desk.payment_of(&appointment, "due", "declined").await, "0 0");
        let page = format!("/bookings/{appointment}/payment");
        till.desk.consumer.get(&page).await.expect(200).expect_text("data-pay-card");
        let form = [("provider", "stripe_test"), ("method", CARD)];
        till.desk.consumer.post(&page, &form).await.expect(303);
        assert_eq!(till.desk.payment_of(&appointment, "mend", "authorised").await, "45000 0");
    }
}

on_both! {
    /// With accounts of sellers, a business sells what has a price from the moment on when its account takes payments, and the
    /// money goes to that account.
    async fn s62_a_business_is_paid_on_an_account_of_its_own(app: App) {
        let mut till = Till::open(app, true).await;
        let start = Desk::slot(2);
        let (page, at) = ("/provider/payments", start.to_string());
        let taken = [("service", "service"), ("start", at.as_str())];
        till.desk.consumer.post("/holds", &taken).await.expect(409);
        let offered = till.desk.consumer.get("/providers/nordli").await.expect(200).text();
        assert!(!offered.contains("Videotime"), "what cannot be sold is not offered: {offered}");
        till.desk.consumer.get(page).await.expect(404);
        till.desk.provider.get(page).await.expect(200).expect_text("Du har ingen konto");
        for _ in 0..2 {
            let link = till.desk.provider.post(page, &[]).await.expect(200);
            link.expect_text("https://connect.example/acct_1");
        }
        assert_eq!(till.server.count("POST accounts"), 1, "a second press opens no second account");
        till.jobs(1).await;
        till.desk.consumer.post("/holds", &taken).await.expect(409);
        till.server.approve("acct_1");
        till.desk.provider.get(page).await.expect(200).expect_text("Kontoen tar imot betaling");
        let news = json!({"id": "evt_1", "type": "account.updated", "account": "acct_1", "data": {"object": {}}});
        till.hook(&news, SECRET).await.expect(204);
        booking_core::jobs::round(&till.state).await;
        let start = Desk::slot(4);
        let appointment = till.book(start).await;
        till.talk(&appointment, start).await;
        assert_eq!(till.desk.payment(&appointment).await, "captured 45000 1500");
        for asked in till.server.asked() {
            let expected = (!asked.line.contains("account")).then_some("acct_1");
            assert_eq!(asked.account.as_deref(), expected, "{asked:?}");
        }
    }
}

on_both! {
    /// The operator's share of what goes to a business's own account is a fee that Stripe takes, and gives back its part of.
    async fn commission_is_a_fee_of_what_goes_to_a_business_of_its_own(app: App) {
        let mut till = Till::open(app, true).await;
        till.desk.provider.post("/provider/payments", &[]).await.expect(200);
        till.server.approve("acct_1");
        till.desk.provider.get("/provider/payments").await.expect(200).expect_text("Kontoen tar imot betaling");
        let news = json!({"id": "evt_1", "type": "account.updated", "account": "acct_1", "data": {"object": {}}});
        till.hook(&news, SECRET).await.expect(204);
        till.jobs(1).await;
        let rule = [("action", "add"), ("percent", "10"), ("fixed", "1")];
        till.desk.operator.post("/operator/commission", &rule).await.expect(303);
        app.advance(MINUTE_US);
        let start = Desk::slot(4);
        let appointment = till.book(start).await;
        till.server.next("/capture", Trouble::FailsAfterActing);
        till.talk(&appointment, start).await;
        till.jobs(3).await;
        // 15 kr, of which 1,50 kr and 1 kr.
        assert_eq!(till.server.only_intent()["application_fee_amount"], json!(250));
        let held = "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM ledger_entry WHERE account = 'seller_clearing'";
        assert_eq!(till.count(held).await, 1_250);
        assert_eq!(till.count("SELECT COUNT(*) FROM ledger_entry WHERE account = 'psp_clearing'").await, 0);
        let path = format!("/bookings/{appointment}/refund");
        let form = [("known", "0"), ("amount", "6"), ("reason", "Bildet hang")];
        till.desk.provider.post(&path, &form).await.expect(303);
        till.jobs(1).await;
        let asked = till.server.asked().into_iter().rfind(|asked| asked.line.starts_with("POST refunds")).expect("it was asked");
        assert!(asked.body.contains("refund_application_fee=true"), "{asked:?}");
        till.server.set_refund(&json!({"status": "succeeded"}));
        app.advance(DAY_US);
        till.jobs(1).await;
        // 6 of 15 kr went back, and so 1 of 2,50 kr.
        assert_eq!(till.count(held).await, 750);
        let kept = "SELECT CAST(SUM(amount_minor) AS BIGINT) FROM ledger_entry WHERE account = 'commission'";
        assert_eq!(till.count(kept).await, 150);
        // A month later the statement says where the money is, and nothing is to be paid out.
        app.set_now(crate::commission::DECEMBER_US);
        till.jobs(1).await;
        let total = "SELECT total_minor FROM document WHERE kind = 'payout_statement'";
        assert_eq!(app.rows::<i64>(total, params![]).await, [750]);
        till.desk.operator.get("/operator/payouts").await.expect(200).expect_text("Ingenting står til gode");
    }
}

on_both! {
    /// What somebody pays back at Stripe's own pages is learned of, and so is that the person's bank sent it back.
    async fn a_refund_at_stripes_own_pages_is_learned_of(app: App) {
        let mut till = Till::open(app, false).await;
        let start = Desk::slot(2);
        let appointment = till.book(start).await;
        till.talk(&appointment, start).await;
        let intent = till.server.only_intent();
        till.server.refund_by_hand(500);
        till.hook(&event("evt_1", &intent), SECRET).await.expect(204);
        booking_core::jobs::round(&till.state).await;
        let refunded = "SELECT refunded_minor FROM payment";
        assert_eq!(till.count(refunded).await, 500);
        till.server.set_refund(&json!({"status": "failed"}));
        till.hook(&event("evt_2", &intent), SECRET).await.expect(204);
        booking_core::jobs::round(&till.state).await;
        assert_eq!(till.count(refunded).await, 0);
        let sums = "SELECT COUNT(*) FROM (SELECT tx_id FROM ledger_entry GROUP BY tx_id HAVING SUM(amount_minor) <> 0) AS wrong";
        assert_eq!(till.count(sums).await, 0);
    }
}

on_both! {
    async fn a_refund_is_made_once_and_names_ours(app: App) {
        let mut till = Till::open(app, false).await;
        let start = Desk::slot(2);
        let appointment = till.book(start).await;
        till.talk(&appointment, start).await;
        let reference = till.desk.paid(&appointment).await.reference.expect("it has one");
        let psp = till.state.payments.first().expect("Stripe is on");
        let amount = Money::new(500, Currency::NOK);
        till.server.next("POST refunds", Trouble::SilentAfterActing);
        let lost = psp.refund("k", &reference, "r1", amount).await;
        assert!(matches!(lost, Err(ProviderError::Unknown(_))), "{lost:?}");
        let found = psp.refund("k", &reference, "r1", amount).await.expect("it answers");
        let [refund] = found.refunds.as_slice() else { panic!("{:?}", found.refunds) };
        assert_eq!((refund.refund.as_deref(), refund.amount_minor, refund.status), (Some("r1"), 500, RefundStatus::Pending));
        till.server.only_refund();
        till.server.set_refund(&json!({"status": "succeeded"}));
        let done = psp.lookup(&reference).await.expect("it answers").expect("it is there");
        assert_eq!(done.refunds[0].status, RefundStatus::Done);
    }
}

on_both! {
    /// What a business pays back goes out once though the answer is lost, and is followed until it is there.
    async fn what_a_business_pays_back_is_followed_by_hooks(app: App) {
        let mut till = Till::open(app, false).await;
        let start = Desk::slot(2);
        let appointment = till.book(start).await;
        till.talk(&appointment, start).await;
        let path = format!("/bookings/{appointment}/refund");
        let page = till.desk.provider.get(&path).await.expect(200).text();
        let known = page.split("name=\"known\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("it is there");
        till.server.next("POST refunds", Trouble::SilentAfterActing);
        let form = [("known", known), ("amount", "2,50"), ("reason", "Bildet hang")];
        till.desk.provider.post(&path, &form).await.expect(303);
        till.jobs(3).await;
        let refund = till.server.only_refund();
        assert_eq!((&refund["amount"], &refund["metadata"]["payment"]),
            (&json!(250), &till.server.only_intent()["metadata"]["payment"]));
        let state = || async { app.rows::<String>("SELECT state FROM refund", params![]).await };
        assert_eq!(state().await, ["pending"]);
        till.server.set_refund(&json!({"status": "succeeded"}));
        let news = json!({"id": "evt_1", "type": "refund.updated", "livemode": false, "data": {"object": refund}});
        till.hook(&news, SECRET).await.expect(204);
        booking_core::jobs::round(&till.state).await;
        assert_eq!(state().await, ["done"]);
        assert_eq!(till.count("SELECT refunded_minor FROM payment").await, 250);
    }
}
