//! Payments of which nobody has heard how they ended: the truth is asked for before anything is let go of, time runs for
//! those who try in vain, and whoever was promised news gets them.

use std::time::Duration;

use booking_core::base::{DAY_US, MINUTE_US, Micros};
use booking_core::billing::OpKind;
use booking_core::{appointments, params, usecases};

use crate::desk::{ACCEPTED, DECLINED, DECLINED_LATER, Desk, METERED, NEEDS_CONFIRMATION, submit_payment};
use crate::harness::App;
use crate::on_both;
use crate::unreliable::{Fault, answering_for, failing};

/// Ten days ahead: more than a bank keeps an amount reserved.
fn far() -> Micros {
    Desk::slot(2) + 10 * DAY_US
}

/// An appointment whose kept card was declined the day before.
async fn declined_the_day_before(desk: &mut Desk<'_>) -> String {
    let appointment = desk.book(far(), DECLINED_LATER).await;
    desk.app.set_now(far() - DAY_US);
    desk.jobs().await;
    appointment
}

/// Pays anew, minutes before the start.
async fn pay_anew(desk: &mut Desk<'_>, appointment: &str, before_min: i64, card: &str) -> u16 {
    desk.app.set_now(far() - before_min * MINUTE_US);
    let form = [("provider", "test"), ("method", card)];
    let path = format!("/bookings/{appointment}/payment");
    desk.consumer.post(&path, &form).await.status.as_u16()
}

/// The reference of the newest payment, at the provider.
async fn newest(app: &App) -> String {
    let newest = "SELECT reference FROM payment ORDER BY attempt DESC, id DESC LIMIT 1";
    app.rows::<String>(newest, params![]).await.remove(0)
}

async fn lost_mails(app: &App) -> Vec<String> {
    app.rows("SELECT body FROM outbox WHERE kind = 'booking_lost'", params![])
        .await
}

on_both! {
    /// A card that declines, tried every half hour, took a whole call unpaid.
    async fn who_tries_in_vain_gets_no_time_by_it(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = declined_the_day_before(&mut desk).await;
        assert_eq!(pay_anew(&mut desk, &appointment, 65, DECLINED).await, 422);
        assert_eq!(pay_anew(&mut desk, &appointment, 61, NEEDS_CONFIRMATION).await, 200);
        let leave = [("answer", "leave")];
        desk.consumer.post(&format!("/bookings/{appointment}/payment"), &leave).await.expect(200);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "confirmed");
        app.set_now(far() - 60 * MINUTE_US);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "cancelled");
    }
}

on_both! {
    /// What the bank asks in time holds the time for half an hour, and no further question does.
    async fn who_is_asked_by_the_bank_in_time_may_answer(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = declined_the_day_before(&mut desk).await;
        assert_eq!(pay_anew(&mut desk, &appointment, 62, NEEDS_CONFIRMATION).await, 200);
        app.set_now(far() - 50 * MINUTE_US);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "confirmed");
        desk.consumer.post(&format!("/bookings/{appointment}/payment"), &[("answer", "leave")]).await.expect(200);
        assert_eq!(pay_anew(&mut desk, &appointment, 45, NEEDS_CONFIRMATION).await, 200);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "cancelled");
    }
}

on_both! {
    /// The bank said yes, the browser was closed, and no hook came.
    async fn what_was_approved_in_silence_is_not_given_back(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = declined_the_day_before(&mut desk).await;
        assert_eq!(pay_anew(&mut desk, &appointment, 95, NEEDS_CONFIRMATION).await, 200);
        app.provider().answer(&newest(app).await, true).await.expect("the bank says yes");
        app.set_now(far() - 60 * MINUTE_US);
        // While the provider does not answer, nobody knows.
        booking_core::jobs::round(&answering_for(app, "nothing")).await;
        assert_eq!(desk.status(&appointment).await, "confirmed");
        assert_eq!(desk.payment_of(&appointment, "mend", "needs_confirmation").await, "0 0");
        app.advance(MINUTE_US);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "confirmed");
        assert_eq!(desk.payment_of(&appointment, "mend", "authorised").await, "45000 0");
    }
}

on_both! {
    async fn what_was_approved_in_silence_is_booked_after_its_hold(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(4)).await;
        desk.pay(&hold, NEEDS_CONFIRMATION).await.expect(303);
        app.provider().answer(&newest(app).await, true).await.expect("the bank says yes");
        app.advance(13 * MINUTE_US);
        let nobody = answering_for(app, "nothing");
        usecases::release_stranded(&nobody).await.expect("it goes on");
        assert_eq!(app.number("SELECT COUNT(*) FROM payment_op WHERE kind = 'release'", params![]).await, 0);
        app.advance(MINUTE_US);
        usecases::release_stranded(&app.state).await.expect("it works");
        assert_eq!(app.number("SELECT COUNT(*) FROM appointment WHERE hold_id = $1", params![&hold]).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM test_psp_payment WHERE status = 'authorised'", params![]).await, 1);
        assert_eq!(lost_mails(app).await, [""; 0]);
    }
}

on_both! {
    /// The bank's answer is written by another process, after the page was read and before anything is let go of.
    async fn leaving_the_bank_lets_go_of_nothing_that_was_approved_meanwhile(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(2)).await;
        desk.pay(&hold, NEEDS_CONFIRMATION).await.expect(303);
        let mut tx = app.state.db.read().await.expect("a connection");
        let held = appointments::load_hold_any(&mut tx, &hold).await.expect("it is there");
        drop(tx);
        let mut other = app.state.db.write().await.expect("a connection");
        let text = "UPDATE payment SET state = 'authorised', authorised_minor = 45000 WHERE hold_id = $1";
        let written = booking_core::base::db::Sql { name: "test", text };
        other.execute(written, params![&hold]).await.expect("it is written");
        let state = app.state.clone();
        let mut leaving = tokio::spawn(async move { usecases::leave_confirmation(&state, &held).await });
        let early = tokio::time::timeout(Duration::from_millis(300), &mut leaving).await;
        assert!(early.is_err(), "it waits for whoever has the row");
        other.commit().await.expect("it commits");
        leaving.await.expect("no panic").expect("it works");
        assert_eq!(app.number("SELECT COUNT(*) FROM payment_op WHERE kind = 'release'", params![]).await, 0);
        assert_eq!(app.number("SELECT COUNT(*) FROM payment WHERE state = 'authorised'", params![]).await, 1);
    }
}

/// Submits the payment form while the first requests to the provider get lost. The page says that we do not know yet.
async fn pay_in_doubt(desk: &mut Desk<'_>, hold: &str, card: &str, lost: usize) -> booking_core::AppState {
    let state = failing(desk.app, Some(OpKind::Authorise), vec![Some(Fault::LoseRequest); lost]);
    let mut browser = desk.consumer.at(&desk.app.client_of(state.clone()));
    let answer = submit_payment(&mut browser, hold, card).await;
    assert!(answer.text().contains("så snart vi vet det"), "{}", answer.text());
    state
}

on_both! {
    async fn who_was_promised_news_hears_of_a_no_while_the_time_is_held(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(4)).await;
        let state = pay_in_doubt(&mut desk, &hold, DECLINED, 1).await;
        assert_eq!(lost_mails(app).await, [""; 0]);
        app.advance(MINUTE_US);
        booking_core::jobs::round(&state).await;
        let mails = lost_mails(app).await;
        let link = format!("/book/{hold}/payment");
        assert!(mails.len() == 1 && mails[0].contains(&link), "{mails:?}");
        assert!(mails[0].contains("Vi holder av tiden til 09:10"), "{mails:?}");
        // Another card books it, and nobody is told otherwise later.
        let booked = crate::desk::booked(&desk.pay(&hold, ACCEPTED).await);
        app.advance(20 * MINUTE_US);
        desk.jobs().await;
        assert_eq!(desk.status(&booked).await, "confirmed");
        assert_eq!(lost_mails(app).await.len(), 1);
    }
}

on_both! {
    async fn who_was_promised_news_hears_soon_after_the_hold(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(4)).await;
        let state = pay_in_doubt(&mut desk, &hold, ACCEPTED, 60).await;
        for _ in 0..11 {
            assert_eq!(lost_mails(app).await, [""; 0]);
            app.advance(MINUTE_US);
            booking_core::jobs::round(&state).await;
        }
        let mails = lost_mails(app).await;
        assert!(mails.len() == 1 && mails[0].contains("ble ikke ferdig mens vi holdt av tiden"), "{mails:?}");
        assert_eq!(app.number("SELECT COUNT(*) FROM payment WHERE state = 'declined'", params![]).await, 1);
    }
}

on_both! {
    /// A hold that cannot be read says neither that somebody waits nor that nobody does.
    async fn what_cannot_be_read_declines_nothing(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(4)).await;
        let state = pay_in_doubt(&mut desk, &hold, ACCEPTED, 1).await;
        app.execute("UPDATE hold SET price_terms = 'x' || price_terms", params![]).await;
        app.advance(MINUTE_US);
        booking_core::jobs::round(&state).await;
        assert_eq!(app.number("SELECT COUNT(*) FROM payment WHERE state = 'authorising'", params![]).await, 1);
        app.execute("UPDATE hold SET price_terms = SUBSTR(price_terms, 2)", params![]).await;
        app.advance(5 * MINUTE_US);
        booking_core::jobs::round(&state).await;
        assert_eq!(app.number("SELECT COUNT(*) FROM appointment WHERE hold_id = $1", params![&hold]).await, 1);
    }
}
