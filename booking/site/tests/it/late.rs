//! A time that has begun can no longer be booked, at whichever step somebody stands (trial B2).

use booking_core::base::{MINUTE_US, Micros};
use booking_core::params;

use crate::desk::{ACCEPTED, Desk, FREE, METERED, NEEDS_CONFIRMATION};
use crate::harness::App;
use crate::on_both;

/// Moves the clock to five minutes before a time and holds it.
async fn hold_late(app: &App, desk: &mut Desk<'_>, start: Micros) -> String {
    app.set_now(start - 5 * MINUTE_US);
    desk.hold(start).await
}

async fn nothing_booked(app: &App) {
    assert_eq!(app.number("SELECT COUNT(*) FROM appointment", params![]).await, 0);
}

on_both! {
    async fn b2_a_hold_ends_with_the_start_of_its_time(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let hold = hold_late(app, &mut desk, start).await;
        assert_eq!(app.number("SELECT expires_us FROM hold", params![]).await, start);
        // There is nothing to extend into.
        let back = desk.consumer.post(&format!("/book/{hold}/extend"), &[]).await.expect(303).location();
        assert!(!back.contains("notice"), "{back}");
        assert_eq!(app.number("SELECT expires_us FROM hold", params![]).await, start);
        // One that is held earlier may be extended up to the start, and not beyond it.
        desk.consumer.post(&format!("/book/{hold}/release"), &[]).await.expect(303);
        app.set_now(start - 12 * MINUTE_US);
        let earlier = desk.hold(start).await;
        desk.consumer.post(&format!("/book/{earlier}/extend"), &[]).await.expect(303);
        let until = app.number("SELECT expires_us FROM hold WHERE state = 'held'", params![]).await;
        assert_eq!(until, start);
    }
}

on_both! {
    async fn b2_at_its_start_a_time_is_neither_offered_nor_held(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        app.set_now(start);
        let form = [("service", "service"), ("start", &start.to_string())];
        desk.consumer.post("/holds", &form).await.expect(409).expect_text("name=\"start\"");
        let mut tx = app.state.db.read().await.expect("a connection");
        let slots = booking_core::availability::of_service(&mut tx, "service", app.now(), start, start + 60 * MINUTE_US).await;
        let first = slots.expect("it loads").expect("a service").merged().first().map(|slot| slot.start_us);
        assert!(first.is_some_and(|first| first > start), "{first:?}");
    }
}

on_both! {
    async fn b2_the_details_are_too_late_once_the_time_has_begun(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let page = format!("/book/{}", hold_late(app, &mut desk, start).await);
        app.set_now(start);
        desk.consumer.get(&page).await.expect(410).expect_text("har begynt").expect_text("name=\"start\"");
        desk.consumer.post(&page, &[("about", "Hunden")]).await.expect(410).expect_text("har begynt");
        nothing_booked(app).await;
    }
}

on_both! {
    async fn b2_the_payment_is_too_late_once_the_time_has_begun(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let hold = hold_late(app, &mut desk, start).await;
        app.set_now(start + MINUTE_US);
        assert_eq!(desk.pay(&hold, ACCEPTED).await.location(), format!("/book/{hold}"));
        assert_eq!(app.number("SELECT COUNT(*) FROM payment", params![]).await, 0);
        nothing_booked(app).await;
    }
}

on_both! {
    async fn b2_a_free_time_is_too_late_once_it_has_begun(app: App) {
        let mut desk = Desk::open(app, FREE).await;
        let start = Desk::slot(2);
        let hold = hold_late(app, &mut desk, start).await;
        app.set_now(start);
        assert_eq!(desk.pay(&hold, "").await.location(), format!("/book/{hold}"));
        nothing_booked(app).await;
    }
}

on_both! {
    async fn b2_an_answer_to_the_bank_is_too_late_once_the_time_has_begun(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let hold = hold_late(app, &mut desk, start).await;
        let confirm = format!("/book/{hold}/confirm");
        assert_eq!(desk.pay(&hold, NEEDS_CONFIRMATION).await.location(), confirm);
        app.set_now(start + MINUTE_US);
        let late = desk.consumer.post(&confirm, &[("answer", "approve")]).await;
        assert_eq!(late.location(), format!("/book/{hold}"));
        desk.consumer.get(&format!("/book/{hold}")).await.expect(410).expect_text("har begynt");
        app.advance(20 * MINUTE_US);
        desk.jobs().await;
        nothing_booked(app).await;
        assert_eq!(app.number("SELECT COUNT(*) FROM test_psp_payment WHERE status = 'released'", params![]).await, 1);
    }
}

on_both! {
    /// What was reserved in time and is seen only after the start is given back, and the person is told.
    async fn b2_a_payment_seen_after_the_start_is_given_back(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let hold = hold_late(app, &mut desk, start).await;
        desk.pay(&hold, NEEDS_CONFIRMATION).await.expect(303);
        let reference: Vec<String> = app.rows("SELECT reference FROM payment", params![]).await;
        app.provider().answer(&reference[0], true).await.expect("the bank says yes, and our answer is lost");
        app.set_now(start + MINUTE_US);
        for _ in 0..3 {
            app.advance(2 * MINUTE_US);
            desk.jobs().await;
        }
        nothing_booked(app).await;
        assert_eq!(app.number("SELECT COUNT(*) FROM test_psp_payment WHERE status = 'released'", params![]).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM outbox WHERE kind = 'booking_lost'", params![]).await, 1);
    }
}
