//! Tickets, the lobby's records and the ledger of presence.

use booking_core::base::{MINUTE_US, SECOND_US};
use booking_core::calls::{self, EndReason, GrantError, Namesake};
use booking_core::params;
use signaling_protocol::{Role, Ticket, TicketKey};

use crate::desk::{ACCEPTED, Desk, METERED};
use crate::harness::{App, Client};
use crate::on_both;

/// Asks for a ticket as the call page's script does, and opens the answer.
async fn ticket(client: &mut Client, app: &App, call: &str) -> Ticket {
    let answer = client.post(&format!("/call/{call}/ticket"), &[]).await.expect(200);
    let json: serde_json::Value = serde_json::from_slice(&answer.bytes).expect("JSON");
    let text = json["ticket"].as_str().expect("a ticket");
    TicketKey::new([7; 32])
        .verify(text, app.now() / SECOND_US)
        .expect("signed by the shared key")
}

async fn refused(client: &mut Client, call: &str, status: u16, error: &str) {
    let answer = client.post(&format!("/call/{call}/ticket"), &[]).await.expect(status);
    let json: serde_json::Value = serde_json::from_slice(&answer.bytes).expect("JSON");
    assert_eq!(json["error"], error);
}

on_both! {
    /// W13.
    async fn only_those_with_a_seat_get_a_ticket_and_only_in_time(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let call = desk.book(start, ACCEPTED).await;
        refused(&mut desk.consumer, &call, 409, "not_open").await;
        let page = format!("/call/{call}");
        assert_eq!(desk.consumer.get(&page).await.location(), format!("/bookings/{call}"), "the room is not open");
        app.set_now(start - 15 * MINUTE_US);
        let mine = ticket(&mut desk.consumer, app, &call).await;
        let theirs = ticket(&mut desk.provider, app, &call).await;
        assert_eq!((mine.role, theirs.role), (Role::Consumer, Role::Provider));
        assert_eq!((mine.seat.clone(), theirs.seat), desk.seats(&call).await);
        assert!(mine.expires_at_s - app.now() / SECOND_US <= 300);
        assert_ne!(mine.nonce, ticket(&mut desk.consumer, app, &call).await.nonce);
        let html = desk.consumer.get(&page).await.expect(200).text();
        assert!(html.contains("id=\"call-data\"") && html.contains(&format!("/call/{call}/ticket")), "{html}");
        for client in [&mut desk.stranger, &mut desk.operator] {
            refused(client, &call, 404, "not_found").await;
            client.get(&page).await.expect(404);
        }
        refused(&mut app.client(), &call, 401, "sign_in_first").await;
        refused(&mut desk.consumer, "no-such-call", 404, "not_found").await;
        app.set_now(start + 30 * MINUTE_US);
        refused(&mut desk.consumer, &call, 409, "ended").await;
    }
}

on_both! {
    /// W14.
    async fn a_ticket_opens_its_own_seat_and_nothing_else(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let call = desk.book(start, ACCEPTED).await;
        app.set_now(start);
        let good = ticket(&mut desk.consumer, app, &call).await;
        let grant = calls::authorise_ticket(&app.state, &good, app.now()).await.expect("it opens");
        assert_eq!((grant.name.as_str(), grant.title.as_str()), ("Ola Hansen", "Videotime"));
        assert_eq!((grant.opens_at, grant.ends_at), (start - 15 * MINUTE_US, start + 30 * MINUTE_US));
        assert_eq!((grant.admitted, grant.billed_before, grant.next_segment), (false, 0, 0));
        let provider = ticket(&mut desk.provider, app, &call).await;
        assert!(calls::authorise_ticket(&app.state, &provider, app.now()).await.expect("it opens").admitted);
        for bad in [
            Ticket { role: Role::Provider, ..good.clone() },
            Ticket { seat: "nobody".into(), ..good.clone() },
            Ticket { call: "elsewhere".into(), ..good.clone() },
            Ticket { seat: provider.seat.clone(), ..good.clone() },
        ] {
            let error = calls::authorise_ticket(&app.state, &bad, app.now()).await.expect_err("it opens nothing");
            assert!(matches!(error, GrantError::Unknown), "{error}");
        }
        let early = calls::authorise_ticket(&app.state, &good, start - 16 * MINUTE_US).await;
        assert!(matches!(early, Err(GrantError::NotOpen)));
        let late = calls::authorise_ticket(&app.state, &good, start + 30 * MINUTE_US).await;
        assert!(matches!(late, Err(GrantError::Ended)));
    }
}

on_both! {
    async fn a_cancelled_call_stays_shut(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let call = desk.book(start, ACCEPTED).await;
        app.set_now(start - MINUTE_US);
        let good = ticket(&mut desk.consumer, app, &call).await;
        desk.consumer.post(&format!("/bookings/{call}/cancel"), &[]).await.expect(303);
        let error = calls::authorise_ticket(&app.state, &good, app.now()).await.expect_err("it is cancelled");
        assert!(matches!(error, GrantError::Cancelled), "{error}");
        refused(&mut desk.provider, &call, 409, "cancelled").await;
    }
}

on_both! {
    async fn presence_is_recorded_once_and_never_grows_by_itself(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let (start, state) = (Desk::slot(2), &app.state);
        let call = desk.book(start, ACCEPTED).await;
        let (consumer, provider) = desk.seats(&call).await;
        app.set_now(start);
        for _ in 0..2 {
            calls::arrived(state, &call, &consumer, app.now()).await.expect("it is written");
            calls::admitted(state, &call, &consumer, app.now() + SECOND_US).await.expect("it is written");
            app.advance(SECOND_US);
        }
        let first: Vec<(i64, i64)> =
            app.rows("SELECT arrived_us, admitted_us FROM call_attendance", params![]).await;
        assert_eq!(first, [(start, start + SECOND_US)]);
        let (mine, theirs) = ((call.as_str(), consumer.as_str(), 0), (call.as_str(), provider.as_str(), 0));
        for key in [mine, theirs, mine, theirs] {
            calls::open_segment(state, "main", key, start).await.expect("it is written");
        }
        let at = |s: i64| start + s * SECOND_US;
        calls::checkpoint(state, &[(mine, at(10)), (theirs, at(12))]).await.expect("it is written");
        // News from before change nothing.
        calls::checkpoint(state, &[(mine, at(3))]).await.expect("it is written");
        calls::close_segment(state, mine, at(11), EndReason::ConnectionLost).await.expect("it is written");
        calls::close_segment(state, mine, at(50), EndReason::Left).await.expect("it is written");
        calls::checkpoint(state, &[(mine, at(60))]).await.expect("it is written");
        // A process that comes back closes what it left open at the last packet on record.
        assert_eq!(calls::recover(state, "other").await.expect("it is written"), 0);
        assert_eq!(calls::recover(state, "main").await.expect("it is written"), 1);
        let ends: Vec<(String, i64, String)> =
            app.rows("SELECT seat_id, ended_us, end_reason FROM call_segment ORDER BY ended_us", params![]).await;
        assert_eq!(
            ends,
            [(consumer.clone(), at(11), "connection_lost".into()), (provider.clone(), at(12), "recovered".into())]
        );
        let good = ticket(&mut desk.consumer, app, &call).await;
        let grant = calls::authorise_ticket(state, &good, app.now()).await.expect("back again");
        assert_eq!((grant.admitted, grant.billed_before, grant.next_segment), (true, 11 * SECOND_US, 1));
        assert_eq!(desk.status(&call).await, "in_call");
    }
}

on_both! {
    async fn a_second_process_of_one_name_is_noticed_while_the_first_measures(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let (start, state) = (Desk::slot(2), &app.state);
        let call = desk.book(start, ACCEPTED).await;
        let (consumer, _) = desk.seats(&call).await;
        let key = (call.as_str(), consumer.as_str(), 0);
        app.set_now(start);
        let nobody = Namesake::watch(state, "main").await.expect("it is read");
        assert_eq!(nobody.look(state).await.expect("it is read"), Some(false), "nothing is open");
        calls::open_segment(state, "main", key, start).await.expect("it is written");
        let (same, other) = (
            Namesake::watch(state, "main").await.expect("it is read"),
            Namesake::watch(state, "other").await.expect("it is read"),
        );
        app.advance(3 * SECOND_US);
        assert_eq!(same.look(state).await.expect("it is read"), None, "a checkpoint may come");
        assert_eq!(other.look(state).await.expect("it is read"), Some(false));
        calls::checkpoint(state, &[(key, app.now())]).await.expect("it is written");
        assert_eq!(same.look(state).await.expect("it is read"), Some(true));
        // It is gone, or this is its successor: nothing is written any more.
        let successor = Namesake::watch(state, "main").await.expect("it is read");
        app.advance(4 * SECOND_US);
        assert_eq!(successor.look(state).await.expect("it is read"), None);
        app.advance(SECOND_US);
        assert_eq!(successor.look(state).await.expect("it is read"), Some(false));
        assert_eq!(calls::recover(state, "main").await.expect("it is written"), 1);
    }
}

on_both! {
    async fn a_segment_that_ends_before_it_began_has_no_length(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let call = desk.book(start, ACCEPTED).await;
        let (consumer, _) = desk.seats(&call).await;
        let key = (call.as_str(), consumer.as_str(), 0);
        calls::open_segment(&app.state, "main", key, start).await.expect("it is written");
        calls::close_segment(&app.state, key, start - SECOND_US, EndReason::Left).await.expect("it is written");
        let span: Vec<(i64, i64)> = app.rows("SELECT started_us, ended_us FROM call_segment", params![]).await;
        assert_eq!(span, [(start, start)]);
    }
}

on_both! {
    async fn a_room_that_empties_before_anybody_talked_is_not_over(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let call = desk.book(start, ACCEPTED).await;
        let (consumer, _) = desk.seats(&call).await;
        app.set_now(start - 5 * MINUTE_US);
        calls::arrived(&app.state, &call, &consumer, app.now()).await.expect("it is written");
        calls::call_ended(&app.state, &call, app.now()).await.expect("it is written");
        desk.jobs().await;
        assert_eq!(desk.status(&call).await, "confirmed");
        let again = ticket(&mut desk.consumer, app, &call).await;
        calls::authorise_ticket(&app.state, &again, app.now()).await.expect("the room is still there");
    }
}

on_both! {
    async fn the_device_check_is_for_everybody(app: App) {
        let html = app.client().get("/device-check?return_to=//evil.example").await.expect(200).text();
        assert!(html.contains("\"mode\":\"check\"") && !html.contains("evil.example"), "{html}");
    }
}

on_both! {
    /// Trial F9: a clock that somebody sets forward ends no record of a running call, neither our own nor another server's.
    async fn f9_a_clock_that_steps_ends_no_segment(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let call = desk.book(start, ACCEPTED).await;
        let (consumer, provider) = desk.seats(&call).await;
        app.set_now(start);
        let (mine, theirs) = ((call.as_str(), consumer.as_str(), 0), (call.as_str(), provider.as_str(), 0));
        calls::open_segment(&app.state, "test", mine, start).await.expect("it is written");
        calls::open_segment(&app.state, "other", theirs, start).await.expect("it is written");
        let open = "SELECT COUNT(*) FROM call_segment WHERE ended_us IS NULL";
        for (round, step) in [(1, 90 * SECOND_US), (2, -90 * SECOND_US), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0)] {
            app.step_clock(step);
            app.advance(10 * SECOND_US);
            // The other server's clock was not touched, and it goes on.
            let seen = start + round * 10 * SECOND_US;
            let lost = calls::checkpoint(&app.state, &[(theirs, seen)]).await.expect("it is written");
            assert!(lost.is_empty(), "{lost:?}");
            desk.jobs().await;
            assert_eq!(app.number(open, params![]).await, 2, "round {round}");
        }
        // Trial F4: whoever still measures what another process closed is told.
        calls::recover(&app.state, "other").await.expect("it is written");
        let lost = calls::checkpoint(&app.state, &[(mine, app.now()), (theirs, app.now())]).await;
        assert_eq!(lost.expect("it is written"), [theirs]);
    }
}

on_both! {
    /// Trial F9: a worker that was killed while its clock was ahead by an hour holds nobody up for that hour.
    async fn f9_a_lease_from_a_clock_that_was_ahead_is_taken(app: App) {
        let mut config = (*app.state.config).clone();
        config.node = "other".to_owned();
        let mut other = app.state.clone();
        other.base.config = std::sync::Arc::new(config);
        let owned = |name: &str| format!("SELECT COUNT(*) FROM job_lease WHERE until_us > 0 AND owner LIKE '{name}/%'").leak();
        app.step_clock(60 * MINUTE_US);
        let killed = tokio::spawn(booking_core::jobs::run(other, std::future::pending()));
        while app.number(owned("other"), params![]).await < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        killed.abort();
        app.step_clock(0);
        let successor = tokio::spawn(booking_core::jobs::run(app.state.clone(), std::future::pending()));
        let begun = app.now();
        while app.number(owned("test"), params![]).await < 2 {
            app.advance(SECOND_US);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            assert!(app.now() < begun + 20 * MINUTE_US, "the jobs still sleep");
        }
        successor.abort();
    }
}
