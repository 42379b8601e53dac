//! Who meets before the start has not begun the appointment: it is cancelled free of charge, and costs nothing by itself.

use booking_core::base::{MINUTE_US, Micros, SECOND_US};
use booking_core::calls;
use signaling_protocol::SegmentEnd;

use crate::desk::{ACCEPTED, Desk, FIXED, segment, talk};
use crate::harness::App;
use crate::on_both;
use crate::walk::{PASSWORD, consumer, hold, provider, tomorrow};

const START: i64 = 3;

/// Both say hello for three seconds, ten minutes before the start.
async fn say_hello(app: &App, call: &str, start: Micros) {
    talk(app, call, start - 10 * MINUTE_US, 3 * SECOND_US).await;
}

on_both! {
    async fn after_a_hello_before_the_start_either_side_still_cancels(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        for (slot, by_provider) in [(START, false), (START + 2, true)] {
            let start = Desk::slot(slot);
            let call = desk.book(start, ACCEPTED).await;
            say_hello(app, &call, start).await;
            desk.jobs().await;
            app.set_now(start - 5 * MINUTE_US);
            let cancel = format!("/bookings/{call}/cancel");
            let who = if by_provider { &mut desk.provider } else { &mut desk.consumer };
            who.get(&format!("/bookings/{call}")).await.expect(200).expect_text(&cancel);
            who.post(&cancel, &[]).await.expect(303);
            desk.jobs().await;
            assert_eq!(desk.payment(&call).await, "released 39000 0", "by the provider: {by_provider}");
        }
    }
}

on_both! {
    async fn a_hello_before_the_start_costs_nothing_when_nobody_comes_back(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let start = Desk::slot(START);
        let call = desk.book(start, ACCEPTED).await;
        say_hello(app, &call, start).await;
        // Whatever the room was told, nothing has taken place that could be over.
        calls::record_call_end(&app.state, &call, start + MINUTE_US).await.expect("it is written");
        app.set_now(start + 31 * MINUTE_US);
        desk.jobs().await;
        assert_eq!(desk.payment(&call).await, "released 39000 0");
        assert!(desk.mails(&call).await.contains(&"not_held c@example.no".to_owned()));
    }
}

on_both! {
    /// Both stay over the start: from then on it is under way, is not cancelled by anybody, and is paid.
    async fn who_meets_before_the_start_and_stays_is_in_the_call_from_it_on(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let start = Desk::slot(START);
        let call = desk.book(start, ACCEPTED).await;
        let (consumer, provider) = desk.seats(&call).await;
        app.set_now(start - MINUTE_US);
        for seat in [&consumer, &provider] {
            calls::record_arrival(&app.state, &call, seat, app.now(), false).await.expect("it is written");
            calls::record_admission(&app.state, &call, seat, app.now()).await.expect("it is written");
            calls::open_segment(&app.state, "main", &segment(&call, seat, 0), app.now()).await.expect("it is written");
        }
        let checkpoint = async |at: Micros| {
            app.set_now(at);
            let seen = [&consumer, &provider].map(|seat| (segment(&call, seat, 0), at));
            calls::record_checkpoint(&app.state, &seen).await.expect("it is written");
        };
        checkpoint(start - SECOND_US).await;
        assert_eq!(desk.status(&call).await, "confirmed");
        checkpoint(start).await;
        assert_eq!(desk.status(&call).await, "in_call");
        let end = start + SECOND_US;
        for seat in [&consumer, &provider] {
            calls::close_segment(&app.state, &segment(&call, seat, 0), end, SegmentEnd::Left).await.expect("it is written");
        }
        desk.consumer.post(&format!("/bookings/{call}/cancel"), &[]).await.expect(409);
        calls::record_call_end(&app.state, &call, end).await.expect("it is written");
        app.set_now(end);
        desk.jobs().await;
        assert_eq!(desk.payment(&call).await, "captured 39000 39000");
    }
}

on_both! {
    async fn deleting_the_account_after_a_hello_cancels_as_the_notice_says(app: App) {
        let clinic = provider(app, "kari").await;
        let mut ola = consumer(app, "ola").await;
        let start = tomorrow(app, 0);
        let page = hold(&mut ola, &clinic.service, start).await;
        ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
        let booked = crate::desk::submit_payment(&mut ola, page.trim_start_matches("/book/"), ACCEPTED).await;
        let call = crate::desk::booked(&booked);
        say_hello(app, &call, start).await;
        ola.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        ola.get(&format!("/bookings/{call}")).await.expect(200).expect_text("Avbestilt");
    }
}
