//! What is booked far ahead: the card is kept, its price reserved a day before, and paid anew where that fails.

use booking_core::base::{DAY_US, MINUTE_US, Micros, SECOND_US};
use booking_core::billing::OpKind;
use booking_core::params;

use crate::desk::{ACCEPTED, DECLINED, DECLINED_LATER, Desk, METERED, NEEDS_CONFIRMATION, booked};
use crate::harness::App;
use crate::on_both;
use crate::unreliable::{Fault, failing, unreliable};

const HOUR_US: Micros = 60 * MINUTE_US;

/// Ten days ahead: more than a bank keeps an amount reserved.
fn far() -> Micros {
    Desk::slot(2) + 10 * DAY_US
}

/// Purpose and state of each payment of an appointment, in order.
async fn payments(app: &App, appointment: &str) -> Vec<String> {
    let rows: Vec<(String, String, i64, i64)> = app
        .rows(
            "SELECT purpose, state, authorised_minor, captured_minor FROM payment WHERE appointment_id = $1 ORDER BY attempt",
            params![appointment],
        )
        .await;
    let line = |(purpose, state, authorised, captured)| format!("{purpose} {state} {authorised} {captured}");
    rows.into_iter().map(line).collect()
}

async fn reserved(app: &App) -> i64 {
    let open = "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM ledger_entry WHERE account = 'reserved'";
    app.number(open, params![]).await
}

/// Cards that are kept at the provider.
async fn kept(app: &App) -> i64 {
    app.number("SELECT COUNT(*) FROM test_psp_payment WHERE status = 'kept'", params![])
        .await
}

on_both! {
    async fn s22_a_card_is_kept_reserved_a_day_before_charged_and_let_go_of(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = far();
        let hold = desk.hold(start).await;
        let page = desk.consumer.get(&format!("/book/{hold}/payment")).await.expect(200);
        page.expect_text("Vi lagrer kortet").expect_text("Bestill og betal inntil");
        let appointment = booked(&desk.pay(&hold, ACCEPTED).await);
        assert_eq!(payments(app, &appointment).await, ["save saved 0 0"]);
        assert_eq!(reserved(app).await, 0);
        let mail = desk.text("SELECT body FROM outbox WHERE appointment_id = $1 AND kind = 'booked' AND account_id = 'c'", &appointment).await;
        assert!(mail.contains("Vi har lagret TEST Visa"), "{mail}");
        app.set_now(start - DAY_US - SECOND_US);
        desk.jobs().await;
        assert_eq!(payments(app, &appointment).await, ["save saved 0 0"], "not a second too early");
        app.set_now(start - DAY_US);
        desk.jobs().await;
        desk.jobs().await;
        assert_eq!(payments(app, &appointment).await, ["save saved 0 0", "due authorised 45000 0"]);
        assert_eq!(reserved(app).await, 45_000);
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        desk.jobs().await;
        desk.jobs().await;
        // As notice and terms say, in both languages.
        let said = |source: &str| source.split_whitespace().collect::<Vec<_>>().join(" ");
        for (locale, ahead, deleted) in [
            (web::Locale::Nb, "mer enn seks dager fram", "sletter det når timen er gjort opp"),
            (web::Locale::En, "more than six days ahead", "deletes it when the appointment is settled"),
        ] {
            assert!(said(web::pages::legal::terms_source(locale)).contains(ahead), "{ahead}");
            assert!(said(web::pages::legal::notice_source(locale)).contains(deleted), "{deleted}");
        }
        assert_eq!(app.provider().reserve_days(), 6);
        assert_eq!(payments(app, &appointment).await, ["save released 0 0", "due captured 45000 1500"]);
        assert_eq!((reserved(app).await, kept(app).await), (0, 0));
        assert_eq!(app.number("SELECT COUNT(*) FROM document", params![]).await, 1);
    }
}

on_both! {
    async fn a_kept_card_that_is_declined_is_mended_until_an_hour_before(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = far();
        let appointment = desk.book(start, DECLINED_LATER).await;
        app.set_now(start - DAY_US);
        desk.jobs().await;
        assert_eq!(payments(app, &appointment).await, ["save saved 0 0", "due declined 0 0"]);
        desk.jobs().await;
        let told = "SELECT COUNT(*) FROM outbox WHERE kind = 'pay_anew' AND account_id = 'c'";
        assert_eq!(app.number(told, params![]).await, 1, "told once");
        let path = format!("/bookings/{appointment}/payment");
        desk.consumer.get(&path).await.expect(200).expect_text("avviste kortet").expect_text("Betal på nytt innen");
        desk.provider.get(&path).await.expect(404);
        desk.stranger.get(&path).await.expect(404);
        let pay = |method| [("provider", "test"), ("method", method)];
        desk.consumer.post(&path, &pay("")).await.expect(422).expect_text("Velg hvordan");
        desk.consumer.post(&path, &pay(DECLINED)).await.expect(422).expect_text("avviste kortet");
        desk.consumer.post(&path, &pay(NEEDS_CONFIRMATION)).await.expect(200);
        let answer = desk.consumer.post(&path, &[("answer", "approve")]).await.expect(303);
        assert_eq!(answer.location(), format!("/bookings/{appointment}"));
        let expect = ["save saved 0 0", "due declined 0 0", "mend declined 0 0", "mend authorised 45000 0"];
        assert_eq!(payments(app, &appointment).await, expect);
        app.set_now(start - HOUR_US + SECOND_US);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "confirmed");
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        desk.jobs().await;
        assert_eq!(desk.payment_of(&appointment, "mend", "captured").await, "45000 1500");
        assert_eq!((reserved(app).await, kept(app).await), (0, 0));
    }
}

on_both! {
    async fn what_nobody_pays_is_given_back_an_hour_before(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = far();
        let appointment = desk.book(start, DECLINED_LATER).await;
        app.set_now(start - DAY_US);
        desk.jobs().await;
        app.set_now(start - HOUR_US - SECOND_US);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "confirmed");
        app.set_now(start - HOUR_US);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "cancelled");
        assert_eq!(app.number("SELECT COUNT(*) FROM reservation", params![]).await, 0, "the time is free again");
        assert_eq!(app.number("SELECT COUNT(*) FROM outbox WHERE kind = 'unpaid'", params![]).await, 2, "both are told");
        desk.jobs().await;
        assert_eq!((reserved(app).await, kept(app).await), (0, 0));
    }
}

on_both! {
    /// A provider of payments that does not answer costs nobody the appointment: the card is charged afterwards.
    async fn an_outage_cancels_nothing_and_is_collected_afterwards(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = far();
        let appointment = desk.book(start, ACCEPTED).await;
        let down = failing(app, Some(OpKind::Authorise), vec![Some(Fault::LoseRequest); 60]);
        app.set_now(start - DAY_US);
        for hours in [24, 12, 2, 1] {
            app.set_now(start - hours * HOUR_US);
            booking_core::jobs::round(&down).await;
        }
        app.set_now(start - MINUTE_US);
        booking_core::jobs::round(&down).await;
        assert_eq!(desk.status(&appointment).await, "confirmed");
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        booking_core::jobs::round(&down).await;
        assert_eq!(desk.status(&appointment).await, "completed");
        for _ in 0..4 {
            app.advance(5 * HOUR_US);
            desk.jobs().await;
        }
        let captured: i64 = app.number("SELECT CAST(SUM(captured_minor) AS BIGINT) FROM payment", params![]).await;
        assert_eq!(captured, 1_500, "{:?}", payments(app, &appointment).await);
        assert_eq!((reserved(app).await, kept(app).await), (0, 0));
    }
}

on_both! {
    /// A card that is gone before it was needed is asked for anew, as one that is declined.
    async fn a_kept_card_that_is_gone_is_paid_anew(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = far();
        let appointment = desk.book(start, ACCEPTED).await;
        let reference = desk.paid(&appointment).await.reference.expect("known since it was kept");
        app.provider().release("elsewhere", &reference).await.expect("it is let go of");
        app.advance(2 * HOUR_US);
        desk.jobs().await;
        assert_eq!(payments(app, &appointment).await, ["save released 0 0"]);
        assert_eq!(app.number("SELECT COUNT(*) FROM outbox WHERE kind = 'pay_anew'", params![]).await, 1);
        let path = format!("/bookings/{appointment}/payment");
        let pay = |method| [("provider", "test"), ("method", method)];
        // The bank asks, and the person would rather take another card.
        desk.consumer.post(&path, &pay(NEEDS_CONFIRMATION)).await.expect(200).expect_text("Betal på en annen måte");
        let again = desk.consumer.post(&path, &[("answer", "leave")]).await.expect(200);
        again.expect_text("Betal på nytt innen").expect_text("Du godtar at kortet lagres");
        desk.consumer.post(&path, &pay(ACCEPTED)).await.expect(303);
        // As far ahead as it is, the other card is kept, too.
        let expect = ["save released 0 0", "save released 0 0", "save saved 0 0"];
        assert_eq!(payments(app, &appointment).await, expect);
        assert_eq!((reserved(app).await, kept(app).await), (0, 1));
        assert_eq!(desk.consumer.get(&path).await.expect(303).location(), format!("/bookings/{appointment}"));
        app.set_now(start - DAY_US);
        desk.jobs().await;
        assert_eq!(desk.payment_of(&appointment, "due", "authorised").await, "45000 0");
        app.set_now(start - HOUR_US);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "confirmed");
        assert_eq!(app.number("SELECT COUNT(*) FROM outbox WHERE kind = 'pay_anew'", params![]).await, 1, "told once");
    }
}

on_both! {
    async fn a_kept_card_is_let_go_of_when_the_appointment_is_cancelled(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(far(), ACCEPTED).await;
        assert_eq!(kept(app).await, 1);
        desk.provider.post(&format!("/bookings/{appointment}/cancel"), &[]).await.expect(303);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "cancelled");
        assert_eq!(kept(app).await, 0);
        assert_eq!(desk.ledger(&appointment).await, [""; 0]);
    }
}

on_both! {
    /// The browser was closed at the bank: a hook, or the reconciler without one, books all the same.
    async fn what_the_bank_approved_is_booked_without_the_browser(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        for (slot, hooked) in [(2, true), (4, false)] {
            let hold = desk.hold(Desk::slot(slot)).await;
            desk.pay(&hold, NEEDS_CONFIRMATION).await.expect(303);
            let rows: Vec<(String, String)> = app.rows("SELECT id, reference FROM payment WHERE hold_id = $1", params![&hold]).await;
            let (payment, reference) = &rows[0];
            app.provider().answer(reference, true).await.expect("the bank says yes");
            if hooked {
                let hint = booking_core::billing::provider::Hint { id: "e".into(), payment: Some(payment.clone()) };
                booking_core::usecases::note_hint(&app.state, "test", &hint).await.expect("it is written");
            } else {
                app.execute("UPDATE payment SET created_us = created_us - 7200000000", params![]).await;
            }
            desk.jobs().await;
            assert_eq!(app.number("SELECT COUNT(*) FROM appointment WHERE hold_id = $1", params![&hold]).await, 1, "hooked: {hooked}");
        }
    }
}

on_both! {
    async fn who_does_not_want_to_answer_the_bank_pays_in_another_way(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(2)).await;
        let confirm = desk.pay(&hold, NEEDS_CONFIRMATION).await.location();
        let answer = desk.consumer.post(&confirm, &[("answer", "leave")]).await.expect(303);
        assert_eq!(answer.location(), format!("/book/{hold}/payment"));
        desk.consumer.get(&answer.location()).await.expect(200);
        booked(&desk.pay(&hold, ACCEPTED).await);
        assert_eq!(app.number("SELECT COUNT(*) FROM test_psp_payment WHERE status = 'released'", params![]).await, 1);
    }
}

on_both! {
    /// What a bank lets go of before the call is asked for anew, as what it declines.
    async fn a_reservation_that_the_bank_lets_go_of_is_paid_anew(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2) + 3 * DAY_US;
        let appointment = desk.book(start, ACCEPTED).await;
        let reference = desk.paid(&appointment).await.reference.expect("known since it was authorised");
        app.provider().release("bank", &reference).await.expect("it is let go of");
        app.advance(2 * HOUR_US);
        desk.jobs().await;
        assert_eq!(payments(app, &appointment).await, ["book released 45000 0"]);
        assert_eq!(app.number("SELECT COUNT(*) FROM outbox WHERE kind = 'pay_anew'", params![]).await, 1);
        let path = format!("/bookings/{appointment}/payment");
        // Who learns of it late has half an hour at least: the start is at ten.
        app.set_now(start - 70 * booking_core::base::MINUTE_US);
        desk.consumer.get(&path).await.expect(200).expect_text("09:20, ellers gir vi");
        desk.consumer.post(&path, &[("provider", "test"), ("method", ACCEPTED)]).await.expect(303);
        assert_eq!(payments(app, &appointment).await, ["book released 45000 0", "mend authorised 45000 0"]);
    }
}

on_both! {
    /// A debt after the call is paid on the same page, with one receipt.
    async fn what_could_not_be_charged_is_paid_anew_afterwards(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, crate::desk::CAPTURE_FAILS).await;
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        for _ in 0..8 {
            desk.jobs().await;
            app.advance(5 * HOUR_US);
        }
        assert_eq!(app.number("SELECT COUNT(*) FROM outbox WHERE kind = 'payment_failed'", params![]).await, 1);
        let path = format!("/bookings/{appointment}/payment");
        desk.consumer.get(&path).await.expect(200).expect_text("Du skylder");
        desk.consumer.post(&path, &[("provider", "test"), ("method", ACCEPTED)]).await.expect(303);
        desk.jobs().await;
        assert_eq!(payments(app, &appointment).await, ["book released 45000 0", "mend captured 1500 1500"]);
        assert_eq!(reserved(app).await, 0);
        assert_eq!(app.number("SELECT COUNT(*) FROM document", params![]).await, 1);
        assert_eq!(desk.consumer.get(&path).await.expect(303).location(), format!("/bookings/{appointment}"));
    }
}

on_both! {
    /// A failure that the provider answered is brought again by its key for ever: the next try has another.
    async fn a_stored_failure_is_not_asked_for_again(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        for (slot, fault) in [(2, Fault::FailBefore), (4, Fault::FailAfterActing)] {
            let start = start + (slot - 2) * 30 * MINUTE_US;
            let appointment = desk.book(start, ACCEPTED).await;
            desk.talk(&appointment, start, 25 * SECOND_US).await;
            let state = unreliable(app, OpKind::Capture, fault);
            for _ in 0..3 {
                booking_core::jobs::round(&state).await;
                app.advance(2 * MINUTE_US);
            }
            assert_eq!(desk.payment(&appointment).await, "captured 45000 1500", "{fault:?}");
            assert_eq!(desk.outside(&appointment).await, ["captured 1500"], "{fault:?}");
        }
    }
}
