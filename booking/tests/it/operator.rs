//! The operator's pages: there for operators, and for nobody else.

use std::sync::Arc;

use booking::operator::{LiveCall, LiveCalls, LiveSeat, LiveStats};
use booking::params;
use booking::state::SECOND_US;

use crate::desk::{ACCEPTED, Desk, METERED};
use crate::on_both;

struct OneCall(LiveCall);

impl LiveCalls for OneCall {
    fn snapshot(&self) -> Vec<LiveCall> {
        vec![self.0.clone()]
    }

    fn cancel(&self, _call: &str) {}
}

on_both! {
    async fn pages_of_the_operator_do_not_exist_for_others(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        let mail: Vec<String> = app.rows("SELECT id FROM outbox LIMIT 1", params![]).await;
        let paths = [
            "/operator".to_owned(),
            "/operator/appointments".to_owned(),
            format!("/operator/appointments/{appointment}"),
            format!("/operator/calls/{appointment}"),
            "/operator/outbox".to_owned(),
            format!("/operator/outbox/{}", mail[0]),
        ];
        for path in &paths {
            for client in [&mut desk.consumer, &mut desk.provider, &mut desk.stranger] {
                client.get(path).await.expect(404);
            }
            assert!(app.client().get(path).await.location().starts_with("/login"), "{path}");
            let status = if path.contains("/calls/") { 404 } else { 200 };
            desk.operator.get(path).await.expect(status);
        }
    }
}

on_both! {
    async fn an_appointment_is_shown_to_its_last_line(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        desk.jobs().await;
        let page = desk.operator.get(&format!("/operator/appointments/{appointment}")).await.expect(200).text();
        for part in ["psp_clearing", "provider_payable", "authorise", "capture", "2026-000001", "O.H."] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
        assert!(!page.contains("Ola Hansen"), "names of consumers are masked");
        for (query, found) in
            [("", true), ("?q=nordli", true), ("?q=nobody", false), ("?status=completed", true), ("?status=cancelled", false)]
        {
            let list = desk.operator.get(&format!("/operator/appointments{query}")).await.expect(200).text();
            assert_eq!(list.contains(&appointment), found, "{query}");
        }
        desk.operator.get("/operator/appointments?page=99999999999&status=x&q=%25%27").await.expect(200);
    }
}

on_both! {
    async fn the_outbox_shows_mails_and_finds_them(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        let list = desk.operator.get("/operator/outbox?q=c%40example").await.expect(200).text();
        assert!(list.contains("c@example.no") && !list.contains("p@example.no"), "{list}");
        let id: Vec<String> = app.rows("SELECT id FROM outbox WHERE recipient = 'c@example.no'", params![]).await;
        let mail = desk.operator.get(&format!("/operator/outbox/{}", id[0])).await.expect(200).text();
        assert!(mail.contains(&format!("/call/{appointment}")) || mail.contains(&format!("/bookings/{appointment}")), "{mail}");
        assert!(mail.contains("booka.ics"), "{mail}");
        desk.operator.get("/operator/outbox/nothing").await.expect(404);
    }
}

on_both! {
    async fn a_live_call_shows_what_its_participants_get(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        let (consumer, provider) = desk.seats(&appointment).await;
        let stats = LiveStats { packets_in: 4_321, round_trip_ms: Some(37), ..LiveStats::default() };
        let seat = |seat: String, name: &str, is_provider| LiveSeat {
            seat,
            name: name.to_owned(),
            is_provider,
            waiting: false,
            connected: true,
            stats: Some(stats),
        };
        let call = LiveCall {
            call: appointment.clone(),
            starts_at: Desk::slot(2),
            ends_at: Desk::slot(3),
            billable: 25 * SECOND_US,
            seats: vec![seat(consumer, "Ola Hansen", false), seat(provider, "Kari Nordli", true)],
        };
        assert!(app.state.live_calls.set(Arc::new(OneCall(call))).is_ok(), "nobody else has set it");
        let list = desk.operator.get("/operator").await.expect(200).text();
        assert!(list.contains(&format!("/operator/calls/{appointment}")) && list.contains("O.H."), "{list}");
        let page = desk.operator.get(&format!("/operator/calls/{appointment}")).await.expect(200).text();
        assert!(page.contains("Kari Nordli") && page.contains("O.H.") && page.contains("37"), "{page}");
        assert!(!page.contains("Ola Hansen"), "{page}");
    }
}
