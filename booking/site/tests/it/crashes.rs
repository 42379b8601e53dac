//! The payment provider loses requests and answers, and the process dies between any two steps: never two charges.

use booking_adapters::test_provider::TestProvider;
use booking_core::AppState;
use booking_core::base::money::Money;
use booking_core::base::{MINUTE_US, SECOND_US};
use booking_core::billing::provider::ProviderError;
use booking_core::billing::{OpKind, Payments};
use booking_core::params;
use booking_core::usecases::{CheckoutOutcome, finalise_call, pay_for_hold};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use crate::desk::{ACCEPTED, Desk, METERED};
use crate::harness::App;
use crate::on_both;
use crate::unreliable::{Fault, answering_for, failing, unreliable};

async fn pay_for(state: &AppState, hold: &str) -> CheckoutOutcome {
    let mut tx = state.db.read().await.expect("a connection");
    let hold = booking_core::appointments::load_hold_any(&mut tx, hold)
        .await
        .expect("the hold is there");
    drop(tx);
    let with = ("test", ACCEPTED);
    pay_for_hold(state, &hold, "c", with).await.expect("the card is a card")
}

/// The one appointment of the hold, however it came to be.
async fn only_appointment(app: &App) -> String {
    let ids: Vec<String> = app.rows("SELECT id FROM appointment", params![]).await;
    let [id] = ids.try_into().expect("exactly one appointment");
    id
}

async fn authorise_with(app: &App, fault: Fault) {
    let mut desk = Desk::open(app, METERED).await;
    let hold = desk.hold(Desk::slot(2)).await;
    let state = unreliable(app, OpKind::Authorise, fault);
    assert_eq!(pay_for(&state, &hold).await, CheckoutOutcome::Unknown);
    assert_eq!(
        pay_for(&state, &hold).await,
        CheckoutOutcome::Unknown,
        "no second try while the first is unknown"
    );
    assert_eq!(app.number("SELECT COUNT(*) FROM appointment", params![]).await, 0);
    app.advance(MINUTE_US);
    desk.jobs().await;
    let appointment = only_appointment(app).await;
    assert_eq!(desk.payment(&appointment).await, "authorised 45000 0");
    assert_eq!(app.number("SELECT COUNT(*) FROM test_psp_payment", params![]).await, 1);
    assert_eq!(pay_for(&state, &hold).await, CheckoutOutcome::Booked(appointment));
}

on_both! {
    async fn an_authorisation_that_never_arrived_is_sent_again(app: App) {
        authorise_with(app, Fault::LoseRequest).await;
    }
}

on_both! {
    async fn an_authorisation_whose_answer_was_lost_is_found(app: App) {
        authorise_with(app, Fault::LoseAnswer).await;
    }
}

on_both! {
    async fn a_lost_authorisation_of_a_hold_that_is_over_is_given_back(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(2)).await;
        let state = unreliable(app, OpKind::Authorise, Fault::LoseAnswer);
        assert_eq!(pay_for(&state, &hold).await, CheckoutOutcome::Unknown);
        // Somebody else gets the slot before the truth is known.
        app.advance(11 * MINUTE_US);
        app.execute("DELETE FROM reservation", params![]).await;
        app.execute("UPDATE hold SET state = 'expired'", params![]).await;
        desk.jobs().await;
        assert_eq!(app.number("SELECT COUNT(*) FROM appointment", params![]).await, 0);
        assert_eq!(app.number("SELECT COUNT(*) FROM test_psp_payment WHERE status = 'released'", params![]).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM outbox WHERE kind = 'booking_lost'", params![]).await, 1);
        let open = "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM ledger_entry WHERE account = 'reserved'";
        assert_eq!(app.number(open, params![]).await, 0);
    }
}

async fn capture_with(app: &App, fault: Fault) {
    let mut desk = Desk::open(app, METERED).await;
    let start = Desk::slot(2);
    let appointment = desk.book(start, ACCEPTED).await;
    desk.talk(&appointment, start, 25 * SECOND_US).await;
    let state = unreliable(app, OpKind::Capture, fault);
    booking_core::jobs::round(&state).await;
    assert_eq!(desk.payment(&appointment).await, "capturing 45000 1500");
    for _ in 0..3 {
        app.advance(2 * MINUTE_US);
        booking_core::jobs::round(&state).await;
    }
    assert_eq!(desk.payment(&appointment).await, "captured 45000 1500");
    assert_eq!(desk.outside(&appointment).await, ["captured 1500"]);
    assert_eq!(
        app.number("SELECT COUNT(*) FROM payment_op WHERE kind = 'capture'", params![])
            .await,
        1
    );
    assert_eq!(desk.ledger(&appointment).await.len(), 9);
    assert_eq!(app.number("SELECT COUNT(*) FROM document", params![]).await, 1);
}

on_both! {
    async fn a_capture_that_never_arrived_is_sent_again(app: App) {
        capture_with(app, Fault::LoseRequest).await;
    }
}

on_both! {
    async fn a_capture_whose_answer_was_lost_is_not_made_twice(app: App) {
        capture_with(app, Fault::LoseAnswer).await;
    }
}

on_both! {
    async fn a_release_whose_answer_was_lost_ends_released(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        app.set_now(start + 31 * MINUTE_US);
        let state = unreliable(app, OpKind::Release, Fault::LoseAnswer);
        booking_core::jobs::round(&state).await;
        assert_eq!(desk.payment(&appointment).await, "releasing 45000 0");
        app.advance(2 * MINUTE_US);
        booking_core::jobs::round(&state).await;
        assert_eq!(desk.payment(&appointment).await, "released 45000 0");
        assert_eq!(desk.ledger(&appointment).await.len(), 4);
    }
}

on_both! {
    async fn a_process_that_dies_before_its_call_is_replaced_by_the_job(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        // The charge is on record, and the process dies before it asks for the money.
        let ops = finalise_call(&app.state, &appointment).await.expect("it is charged");
        assert_eq!(ops.len(), 1);
        assert_eq!(desk.outside(&appointment).await, ["authorised 0"]);
        desk.jobs().await;
        assert_eq!(desk.outside(&appointment).await, ["captured 1500"]);
        assert_eq!(desk.payment(&appointment).await, "captured 45000 1500");
        assert!(finalise_call(&app.state, &appointment).await.expect("nothing to do").is_empty());
    }
}

on_both! {
    async fn a_process_that_dies_between_answer_and_note_changes_nothing(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        let ops = finalise_call(&app.state, &appointment).await.expect("it is charged");
        // It claimed the operation, was answered, and died before it wrote the answer down.
        let op = ops.first().expect("one operation");
        let payment = desk.paid(&appointment).await;
        let reference = payment.reference.expect("known since it was authorised");
        let amount = Money::new(1_500, payment.amount.currency);
        app.execute(
            "UPDATE payment_op SET attempts = 1, next_try_us = $2 WHERE id = $1",
            params![op, app.now() + MINUTE_US],
        )
        .await;
        app.provider().capture(op, &reference, amount).await.expect("it is captured");
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "capturing 45000 1500", "the lease of the dead runs on");
        app.advance(MINUTE_US);
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "captured 45000 1500");
        assert_eq!(desk.outside(&appointment).await, ["captured 1500"]);
    }
}

on_both! {
    async fn a_key_cannot_be_used_for_something_else(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        let payment = desk.paid(&appointment).await;
        let reference = payment.reference.expect("known since it was authorised");
        let currency = payment.amount.currency;
        let psp = app.provider();
        let too_much = psp.capture("k0", &reference, Money::new(45_001, currency)).await;
        assert!(matches!(too_much, Err(ProviderError::Refused(_))), "{too_much:?}");
        let first = psp.capture("k1", &reference, Money::new(1_500, currency)).await.expect("it is captured");
        let again = psp.capture("k1", &reference, Money::new(1_500, currency)).await.expect("the same answer");
        assert_eq!(first, again);
        for (key, minor) in [("k1", 1_600), ("k2", 1_500)] {
            let other = psp.capture(key, &reference, Money::new(minor, currency)).await;
            assert!(matches!(other, Err(ProviderError::Refused(_))), "{other:?}");
        }
        assert_eq!(desk.outside(&appointment).await, ["captured 1500"]);
    }
}

/// Sends a hook as the provider would.
pub(crate) async fn hook(app: &App, body: &str, secret: &[u8]) -> crate::harness::Answer {
    let signature = booking_core::billing::hooks::sign_hook(secret, app.now() / SECOND_US, body);
    let request = axum::http::Request::post("/hooks/payments/test").header("booka-signature", signature);
    let request = request
        .body(axum::body::Body::from(body.to_owned()))
        .expect("a request");
    app.client().send(request).await
}

on_both! {
    async fn a_hook_is_a_hint_and_the_truth_is_asked_for(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        let payment = desk.paid(&appointment).await;
        let secret = app.state.config.hook_secret();
        let hint = |id: &str| format!(r#"{{"id":"{id}","payment":"{}","says":"captured"}}"#, payment.id);
        hook(app, &hint("e1"), &secret).await.expect(204);
        hook(app, &hint("e1"), &secret).await.expect(204);
        assert_eq!(app.number("SELECT COUNT(*) FROM psp_event", params![]).await, 1, "the same event is stored once");
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "authorised 45000 0", "the hook's word is not taken for it");
        let reference = payment.reference.clone().expect("known since it was authorised");
        app.provider().release("outside", &reference).await.expect("it is released");
        hook(app, &hint("e2"), &secret).await.expect(204);
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "released 45000 0");
        assert_eq!(app.number("SELECT COUNT(*) FROM psp_event WHERE processed_us IS NULL", params![]).await, 0);
    }
}

on_both! {
    /// A deadlock or a lost connection while it is written is no reason to forget the hint.
    async fn a_hook_whose_news_cannot_be_written_is_followed_again(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        let payment = desk.paid(&appointment).await;
        let reference = payment.reference.clone().expect("known since it was authorised");
        app.provider().release("outside", &reference).await.expect("it is released");
        let hint = format!(r#"{{"id":"e1","payment":"{}"}}"#, payment.id);
        hook(app, &hint, &app.state.config.hook_secret()).await.expect(204);
        app.execute("ALTER TABLE ledger_entry RENAME TO away", params![]).await;
        desk.jobs().await;
        let left = "SELECT attempts FROM psp_event WHERE processed_us IS NULL";
        assert_eq!(app.rows::<i64>(left, params![]).await, [1]);
        desk.jobs().await;
        assert_eq!(app.rows::<i64>(left, params![]).await, [1], "and not before its time");
        app.execute("ALTER TABLE away RENAME TO ledger_entry", params![]).await;
        app.advance(MINUTE_US);
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "released 45000 0");
        assert!(app.rows::<i64>(left, params![]).await.is_empty());
    }
}

on_both! {
    /// As many hints as a round looks at, and nobody answers for any: those that come later are followed all the same.
    async fn hooks_that_cannot_be_followed_hold_up_no_others(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        let payment = desk.paid(&appointment).await;
        let other = desk.book(Desk::slot(4), ACCEPTED).await;
        let unanswered = desk.paid(&other).await.id;
        for number in 0..100 {
            let row = params![format!("early{number:03}"), &unanswered, app.now()];
            app.execute("INSERT INTO psp_event (id, psp, payment_id, received_us) VALUES ($1, 'test', $2, $3)", row).await;
        }
        app.advance(SECOND_US);
        let reference = payment.reference.clone().expect("known since it was authorised");
        app.provider().release("outside", &reference).await.expect("it is released");
        let hint = format!(r#"{{"id":"late","payment":"{}"}}"#, payment.id);
        hook(app, &hint, &app.state.config.hook_secret()).await.expect(204);
        let state = answering_for(app, &reference);
        for _ in 0..2 {
            booking_core::usecases::follow_hints(&state).await.expect("the database works");
        }
        assert_eq!(desk.payment(&appointment).await, "released 45000 0");
        let waiting = "SELECT COUNT(*) FROM psp_event WHERE processed_us IS NULL AND attempts = 1";
        assert_eq!(app.number(waiting, params![]).await, 100);
    }
}

on_both! {
    /// Hints of a provider that is set up no more wait for it, and are not tried again and again.
    async fn hooks_of_a_provider_that_is_gone_wait_for_it(app: App) {
        hook(app, r#"{"id":"e","payment":"p"}"#, &app.state.config.hook_secret()).await.expect(204);
        let none = AppState { payments: Payments::default(), ..app.state.clone() };
        booking_core::usecases::follow_hints(&none).await.expect("the database works");
        let left = "SELECT attempts FROM psp_event WHERE processed_us IS NULL";
        assert_eq!(app.rows::<i64>(left, params![]).await, [0]);
        booking_core::usecases::follow_hints(&app.state).await.expect("the database works");
        assert!(app.rows::<i64>(left, params![]).await.is_empty(), "nobody knows such a payment");
    }
}

on_both! {
    async fn refunds_made_at_the_provider_are_posted_each_and_shown(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "captured 45000 1500");
        let charged = desk.ledger(&appointment).await.len();
        let payment = desk.paid(&appointment).await;
        let reference = payment.reference.clone().expect("known since it was authorised");
        let console = TestProvider::new(app.state.db.clone(), app.state.random.clone(), [0; 32]);
        for (event, minor) in [("r1", 500), ("r2", 1_000)] {
            let amount = Money::new(minor, payment.amount.currency);
            console.refund_at_console(event, &reference, amount).await.expect("it is paid back");
            let hint = format!(r#"{{"id":"{event}","payment":"{}"}}"#, payment.id);
            hook(app, &hint, &app.state.config.hook_secret()).await.expect(204);
            // Heard of twice, it is posted once.
            desk.jobs().await;
            desk.jobs().await;
        }
        let lines = desk.ledger(&appointment).await;
        let back = ["refunded psp_clearing -500", "refunded psp_clearing -1000"];
        let posted: Vec<&String> = lines[charged..].iter().filter(|line| line.contains("psp_clearing")).collect();
        assert_eq!(posted, back, "{lines:?}");
        assert_eq!(desk.paid(&appointment).await.state.refunded_minor(), 1_500);
        let page = desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200);
        page.expect_text("Betalt tilbake").expect_text("betalt tilbake");
    }
}

on_both! {
    async fn hooks_that_are_not_the_providers_leave_nothing(app: App) {
        let secret = app.state.config.hook_secret();
        let good = r#"{"id":"e","payment":"p"}"#;
        hook(app, good, b"guessed").await.expect(403);
        for bad in ["", "{}", "[]", r#"{"id":"","payment":"p"}"#, r#"{"id":1,"payment":"p"}"#] {
            hook(app, bad, &secret).await.expect(400);
        }
        let long = format!(r#"{{"id":"{}","payment":"p"}}"#, "e".repeat(101));
        hook(app, &long, &secret).await.expect(400);
        assert_eq!(app.number("SELECT COUNT(*) FROM psp_event", params![]).await, 0);
        // A payment that nobody knows is looked up, not found, and laid aside.
        hook(app, good, &secret).await.expect(204);
        booking_core::jobs::round(&app.state).await;
        assert_eq!(app.number("SELECT COUNT(*) FROM psp_event WHERE processed_us IS NOT NULL", params![]).await, 1);
    }
}

/// Faults for the next calls, drawn from a seed: about every second call goes wrong.
fn drawn_faults(rng: &mut ChaCha20Rng) -> Vec<Option<Fault>> {
    let fault = |number: u32| match number % 8 {
        0 => Some(Fault::LoseRequest),
        1 => Some(Fault::LoseAnswer),
        2 => Some(Fault::FailAfterActing),
        3 => Some(Fault::FailBefore),
        _ => None,
    };
    (0..6).map(|_| fault(rng.next_u32())).collect()
}

on_both! {
    async fn whatever_is_lost_in_between_nobody_pays_twice(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let mut charged = 0;
        for seed in 0..8 {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let half_hour = 30 * MINUTE_US;
            let start = (app.now() / half_hour + 3) * half_hour;
            let hold = desk.hold(start).await;
            let state = failing(app, None, drawn_faults(&mut rng));
            for _ in 0..4 {
                pay_for(&state, &hold).await;
                app.advance(2 * MINUTE_US);
                booking_core::jobs::round(&state).await;
            }
            let found: Vec<String> = app.rows("SELECT id FROM appointment WHERE hold_id = $1", params![&hold]).await;
            if let [appointment] = found.as_slice() {
                desk.talk(appointment, start, 25 * SECOND_US).await;
                let state = failing(app, None, drawn_faults(&mut rng));
                for _ in 0..9 {
                    booking_core::jobs::round(&state).await;
                    app.advance(241 * MINUTE_US);
                }
                assert_eq!(desk.payment(appointment).await, "captured 45000 1500", "seed {seed}");
                assert_eq!(desk.outside(appointment).await, ["captured 1500"], "seed {seed}");
                assert_eq!(desk.ledger(appointment).await.len(), 9, "seed {seed}");
                charged += 1;
            }
            app.advance(30 * MINUTE_US);
            desk.jobs().await;
        }
        assert!(charged > 0, "at least one call came about");
        let outside = "SELECT CAST(COALESCE(SUM(captured_minor), 0) AS BIGINT) FROM test_psp_payment";
        assert_eq!(app.number(outside, params![]).await, charged * 1_500);
        let kept = "SELECT COUNT(*) FROM test_psp_payment WHERE status = 'authorised'";
        assert_eq!(app.number(kept, params![]).await, 0, "nothing stays reserved");
        let reserved = "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM ledger_entry WHERE account = 'reserved'";
        assert_eq!(app.number(reserved, params![]).await, 0);
        assert_eq!(app.number("SELECT COUNT(*) FROM document WHERE kind = 'receipt'", params![]).await, charged);
    }
}
