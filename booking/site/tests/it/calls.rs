//! Tickets, the lobby's records and the ledger of presence.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use booking_core::base::{MINUTE_US, SECOND_US};
use booking_core::calls::{self, CaptureError, LiveCalls, Namesake};
use booking_core::params;
use signaling_protocol::call::{Finding, RoomReview, SeatSession};
use signaling_protocol::message::{EndReason, Presence};
use signaling_protocol::{LiveCall, LiveSeat, Refusal, Role, SegmentEnd, Standing, Ticket, TicketKey};

use crate::desk::{ACCEPTED, Desk, METERED, booked, present, seats, segment, submit_payment};
use crate::harness::{App, Client};
use crate::operator::OneCall;
use crate::{on_both, walk};

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
            assert!(matches!(error, Refusal::Unknown), "{error}");
        }
        let early = calls::authorise_ticket(&app.state, &good, start - 16 * MINUTE_US).await;
        assert!(matches!(early, Err(Refusal::NotOpen)));
        let late = calls::authorise_ticket(&app.state, &good, start + 30 * MINUTE_US).await;
        assert!(matches!(late, Err(Refusal::Ended)));
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
        assert!(matches!(error, Refusal::Cancelled), "{error}");
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
            calls::record_arrival(state, &call, &consumer, app.now(), false).await.expect("it is written");
            calls::record_admission(state, &call, &consumer, app.now() + SECOND_US).await.expect("it is written");
            app.advance(SECOND_US);
        }
        let first: Vec<(i64, i64)> =
            app.rows("SELECT arrived_us, admitted_us FROM call_attendance", params![]).await;
        assert_eq!(first, [(start, start + SECOND_US)]);
        let (mine, theirs) = (&segment(&call, &consumer, 0), &segment(&call, &provider, 0));
        for key in [mine, theirs, mine, theirs] {
            calls::open_segment(state, "main", key, start).await.expect("it is written");
        }
        let at = |s: i64| start + s * SECOND_US;
        calls::record_checkpoint(state, &[(mine.clone(), at(10)), (theirs.clone(), at(12))]).await.expect("it is written");
        // News from before change nothing.
        calls::record_checkpoint(state, &[(mine.clone(), at(3))]).await.expect("it is written");
        calls::close_segment(state, mine, at(11), SegmentEnd::ConnectionLost).await.expect("it is written");
        calls::close_segment(state, mine, at(50), SegmentEnd::Left).await.expect("it is written");
        calls::record_checkpoint(state, &[(mine.clone(), at(60))]).await.expect("it is written");
        // A process that comes back closes what it left open at the last packet on record.
        assert_eq!(calls::recover_node(state, "other").await.expect("it is written"), 0);
        assert_eq!(calls::recover_node(state, "main").await.expect("it is written"), 1);
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
        let key = &segment(&call, &consumer, 0);
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
        calls::record_checkpoint(state, &[(key.clone(), app.now())]).await.expect("it is written");
        assert_eq!(same.look(state).await.expect("it is read"), Some(true));
        // It is gone, or this is its successor: nothing is written any more.
        let successor = Namesake::watch(state, "main").await.expect("it is read");
        app.advance(4 * SECOND_US);
        assert_eq!(successor.look(state).await.expect("it is read"), None);
        app.advance(SECOND_US);
        assert_eq!(successor.look(state).await.expect("it is read"), Some(false));
        assert_eq!(calls::recover_node(state, "main").await.expect("it is written"), 1);
    }
}

on_both! {
    async fn a_segment_that_ends_before_it_began_has_no_length(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let call = desk.book(start, ACCEPTED).await;
        let (consumer, _) = desk.seats(&call).await;
        let key = &segment(&call, &consumer, 0);
        calls::open_segment(&app.state, "main", key, start).await.expect("it is written");
        calls::close_segment(&app.state, key, start - SECOND_US, SegmentEnd::Left).await.expect("it is written");
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
        calls::record_arrival(&app.state, &call, &consumer, app.now(), false).await.expect("it is written");
        calls::record_call_end(&app.state, &call, app.now()).await.expect("it is written");
        desk.jobs().await;
        assert_eq!(desk.status(&call).await, "confirmed");
        let again = ticket(&mut desk.consumer, app, &call).await;
        calls::authorise_ticket(&app.state, &again, app.now()).await.expect("the room is still there");
    }
}

/// A room with these seats, as it asks for its review.
fn room(call: &str, seats: &[&Ticket]) -> RoomReview {
    let seat = |ticket: &&Ticket| SeatSession {
        seat: ticket.seat.clone(),
        session: ticket.session.clone(),
    };
    RoomReview {
        call: call.to_owned(),
        most_minor: 0,
        seats: seats.iter().map(seat).collect(),
    }
}

on_both! {
    /// Trial F3: whoever cancels and however, the room is told, and neither admission nor presence is taken any more.
    async fn a_room_learns_that_its_appointment_lives_no_more(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let (call, other) = (desk.book(start, ACCEPTED).await, desk.book(Desk::slot(3), ACCEPTED).await);
        let (consumer, provider) = desk.seats(&call).await;
        app.set_now(start - MINUTE_US);
        calls::record_arrival(&app.state, &call, &consumer, app.now(), false).await.expect("it is written");
        let both = [room(&call, &[]), room(&other, &[])];
        assert_eq!(calls::review_rooms(&app.state, &both, app.now()).await.expect("it is read"), []);
        // Another server, or the end of an account, moves nothing but the records.
        desk.provider.post(&format!("/bookings/{call}/cancel"), &[]).await.expect(303);
        let over = Finding::CallOver { call: call.clone(), reason: EndReason::Cancelled };
        assert_eq!(calls::review_rooms(&app.state, &both, app.now()).await.expect("it is read"), [over]);
        let gone = Standing::Over(EndReason::Cancelled);
        assert_eq!(calls::record_admission(&app.state, &call, &consumer, app.now()).await.expect("it is asked"), gone);
        let key = segment(&call, &provider, 0);
        assert_eq!(calls::open_segment(&app.state, "main", &key, app.now()).await.expect("it is asked"), gone);
        let written: Vec<(i64, i64)> = app
            .rows(
                "SELECT (SELECT COUNT(*) FROM call_segment), (SELECT COUNT(*) FROM call_attendance WHERE admitted_us > 0)",
                params![],
            )
            .await;
        assert_eq!(written, [(0, 0)]);
    }
}

on_both! {
    /// Trial E20: "… has been told" is true, and told once in a while only.
    async fn a_provider_who_is_not_there_gets_a_mail_that_the_customer_waits(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let call = desk.book(start, ACCEPTED).await;
        let (consumer, provider) = desk.seats(&call).await;
        app.set_now(start - MINUTE_US);
        let arrive = async |seat: &str, unattended| {
            calls::record_arrival(&app.state, &call, seat, app.now(), unattended).await.expect("it is written")
        };
        let mails = async || -> Vec<(String, String)> {
            app.rows("SELECT recipient, body FROM outbox WHERE kind = 'waits' ORDER BY created_us", params![]).await
        };
        assert_eq!(arrive(&consumer, false).await, None, "somebody is there");
        assert_eq!(mails().await.len(), 0);
        let first = app.now();
        assert_eq!(arrive(&consumer, true).await, Some(first));
        app.advance(9 * MINUTE_US);
        assert_eq!(arrive(&consumer, true).await, Some(first), "not again so soon");
        let sent = mails().await;
        let [(to, body)] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!(to, "p@example.no");
        assert!(body.contains("Ola Hansen er på venterommet") || body.contains("Ola Hansen har nettopp"), "{body}");
        assert!(body.contains(&format!("/call/{call}")), "{body}");
        assert!(!body.contains("4791234567"), "mails carry no phone numbers: {body}");
        app.advance(MINUTE_US);
        assert_eq!(arrive(&consumer, true).await, Some(app.now()));
        assert_eq!(mails().await.len(), 2);
        desk.consumer.get(&format!("/bookings/{call}")).await.expect(200).expect_text("e-post om at kunden venter");
        arrive(&provider, false).await;
        // A cancelled appointment is nobody's to come to.
        app.set_now(start - MINUTE_US);
        desk.consumer.post(&format!("/bookings/{call}/cancel"), &[]).await.expect(303);
        app.set_now(start + 20 * MINUTE_US);
        assert_eq!(arrive(&consumer, true).await, None);
    }
}

on_both! {
    /// Trial E20, E13: while the provider is late, or lets nobody in, the customer may cancel free of charge.
    async fn who_waits_after_the_start_may_cancel_until_let_in(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let (late, refused, let_in) = (Desk::slot(2), Desk::slot(3), Desk::slot(4));
        let mut ids = Vec::new();
        for start in [late, refused, let_in] {
            ids.push(desk.book(start, ACCEPTED).await);
        }
        let arrive = async |call: &str, seat: &str| {
            calls::record_arrival(&app.state, call, seat, app.now(), false).await.expect("it is written");
        };
        app.set_now(late + MINUTE_US);
        desk.provider.post(&format!("/bookings/{}/cancel", ids[0]), &[]).await.expect(409);
        let page = format!("/bookings/{}", ids[0]);
        desk.consumer.get(&page).await.expect(200).expect_text(&format!("{page}/cancel"));
        desk.consumer.post(&format!("{page}/cancel"), &[]).await.expect(303);
        desk.consumer.get(&page).await.expect(200).expect_text("Avbestilt");

        app.set_now(refused + MINUTE_US);
        let (consumer, provider) = desk.seats(&ids[1]).await;
        let page = format!("/bookings/{}", ids[1]);
        arrive(&ids[1], &provider).await;
        desk.consumer.post(&format!("{page}/cancel"), &[]).await.expect(409);
        arrive(&ids[1], &consumer).await;
        desk.consumer.post(&format!("{page}/cancel"), &[]).await.expect(303);

        app.set_now(let_in + MINUTE_US);
        let (consumer, provider) = desk.seats(&ids[2]).await;
        arrive(&ids[2], &provider).await;
        arrive(&ids[2], &consumer).await;
        calls::record_admission(&app.state, &ids[2], &consumer, app.now()).await.expect("it is written");
        desk.consumer.post(&format!("/bookings/{}/cancel", ids[2]), &[]).await.expect(409);
    }
}

on_both! {
    /// Trial E7: who chooses a camera is told that somebody waits.
    async fn a_page_before_the_call_knows_whether_the_other_side_is_there(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let call = desk.book(Desk::slot(2), ACCEPTED).await;
        let other = async |client: &mut Client| {
            let answer = client.get(&format!("/call/{call}/other")).await.expect(200);
            let json: serde_json::Value = serde_json::from_slice(&answer.bytes).expect("JSON");
            json["other"].as_str().expect("a word").to_owned()
        };
        assert_eq!(other(&mut desk.provider).await, "away");
        let seat = |role, presence| LiveSeat {
            seat: String::new(),
            name: String::new(),
            role,
            presence,
            here: true,
            stats: None,
            legs: Vec::new(),
        };
        let live = LiveCall {
            call: call.clone(),
            starts_at: 0,
            ends_at: 0,
            billable: 0,
            running: false,
            seats: vec![seat(Role::Consumer, Presence::Lobby), seat(Role::Provider, Presence::Left)],
        };
        assert!(app.state.live_calls.set(Arc::new(OneCall::new(app, live))).is_ok(), "nobody else has set it");
        assert_eq!(other(&mut desk.provider).await, "waiting");
        assert_eq!(other(&mut desk.consumer).await, "away");
        desk.stranger.get(&format!("/call/{call}/other")).await.expect(404);
    }
}

on_both! {
    /// Trial F3: as above, by the consumer.
    async fn a_room_learns_that_the_consumer_has_cancelled(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let call = desk.book(start, ACCEPTED).await;
        app.set_now(start - MINUTE_US);
        desk.consumer.post(&format!("/bookings/{call}/cancel"), &[]).await.expect(303);
        let over = Finding::CallOver { call: call.clone(), reason: EndReason::Cancelled };
        let found = calls::review_rooms(&app.state, &[room(&call, &[])], app.now()).await.expect("it is read");
        assert_eq!(found, [over]);
    }
}

on_both! {
    /// Trial F3: a customer in the lobby asked for deletion and took it back, and the call went on for nothing.
    async fn f3_a_deletion_asked_for_in_the_lobby_and_undone_leaves_no_free_call(app: App) {
        let clinic = walk::provider(app, "kari").await;
        let mut marit = walk::consumer(app, "marit").await;
        let start = walk::tomorrow(app, 0);
        let page = walk::hold(&mut marit, &clinic.service, start).await;
        marit.post(&page, &[("about", "Katten halter")]).await.expect(303);
        let call = booked(&submit_payment(&mut marit, page.trim_start_matches("/book/"), ACCEPTED).await);
        let (consumer, provider) = seats(app, &call).await;
        app.set_now(start - MINUTE_US);
        calls::record_arrival(&app.state, &call, &consumer, app.now(), false).await.expect("it is written");
        marit.post("/account/delete", &[("action", "delete"), ("password", walk::PASSWORD)]).await.expect(303);
        marit.post("/account/delete", &[("action", "undo")]).await.expect(303);
        let over = Finding::CallOver { call: call.clone(), reason: EndReason::Cancelled };
        assert_eq!(calls::review_rooms(&app.state, &[room(&call, &[])], app.now()).await.expect("it is read"), [over]);
        app.set_now(start);
        let gone = Standing::Over(EndReason::Cancelled);
        assert_eq!(calls::record_admission(&app.state, &call, &consumer, app.now()).await.expect("it is asked"), gone);
        for seat in [&consumer, &provider] {
            let key = segment(&call, seat, 0);
            assert_eq!(calls::open_segment(&app.state, "main", &key, app.now()).await.expect("it is asked"), gone);
        }
        refused(&mut marit, &call, 409, "cancelled").await;
        app.set_now(start + 60 * MINUTE_US);
        booking_core::jobs::round(&app.state).await;
        let left: Vec<(String, i64, i64)> = app
            .rows(
                "SELECT a.status, p.captured_minor, (SELECT COUNT(*) FROM call_segment)
                 FROM appointment a JOIN payment p ON p.appointment_id = a.id",
                params![],
            )
            .await;
        assert_eq!(left, [("cancelled".to_owned(), 0, 0)]);
        marit.get(&format!("/bookings/{call}")).await.expect(200).expect_text("Avbestilt");
    }
}

on_both! {
    /// Trial F3: the server that has the room hears nothing of a cancelling through another one, and learns it all the same.
    async fn f3_a_cancelling_through_another_server_reaches_the_room(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let call = desk.book(start, ACCEPTED).await;
        app.set_now(start - MINUTE_US);
        let hub = Arc::new(Told::default());
        assert!(app.state.live_calls.set(hub.clone()).is_ok(), "nobody else has set it");
        let there = app.client_of_another_server();
        desk.consumer.at(&there).post(&format!("/bookings/{call}/cancel"), &[]).await.expect(303);
        assert_eq!(hub.0.load(Ordering::SeqCst), 0, "the hub of this server was not called");
        let over = Finding::CallOver { call: call.clone(), reason: EndReason::Cancelled };
        assert_eq!(calls::review_rooms(&app.state, &[room(&call, &[])], app.now()).await.expect("it is read"), [over]);
        // Through the server of the room its hub is told at once.
        let second = desk.book(Desk::slot(4), ACCEPTED).await;
        desk.consumer.post(&format!("/bookings/{second}/cancel"), &[]).await.expect(303);
        assert_eq!(hub.0.load(Ordering::SeqCst), 1);
    }
}

/// A hub that counts what it is told.
#[derive(Default)]
struct Told(AtomicU32);

impl LiveCalls for Told {
    fn snapshot(&self) -> Vec<LiveCall> {
        Vec::new()
    }

    fn find(&self, _call: &str) -> Option<LiveCall> {
        None
    }

    fn capture(&self, _call: &str, _time: std::time::Duration) -> Result<(), CaptureError> {
        Err(CaptureError::NotHere)
    }

    fn review(&self) {}

    fn cancel(&self, _call: &str) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

on_both! {
    /// Trial F12: the end of a sign-in ends its seats and the tickets that it was given.
    async fn seats_and_tickets_end_with_their_sign_in(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let call = desk.book(start, ACCEPTED).await;
        app.set_now(start);
        let mine = ticket(&mut desk.consumer, app, &call).await;
        let theirs = ticket(&mut desk.provider, app, &call).await;
        let seats = [room(&call, &[&mine, &theirs])];
        assert_eq!(calls::review_rooms(&app.state, &seats, app.now()).await.expect("it is read"), []);
        desk.consumer.post("/logout", &[]).await.expect(303);
        let over = SeatSession { seat: mine.seat.clone(), session: mine.session.clone() };
        assert_eq!(
            calls::review_rooms(&app.state, &seats, app.now()).await.expect("it is read"),
            [Finding::SeatOver { call: call.clone(), seat: over, reason: EndReason::SignedOut }]
        );
        let error = calls::authorise_ticket(&app.state, &mine, app.now()).await.expect_err("it opens nothing");
        assert_eq!(error, Refusal::SignedOut);
        calls::authorise_ticket(&app.state, &theirs, app.now()).await.expect("the other one is good");
    }
}

on_both! {
    /// Trial B3: a seat that was left for good stays shut, also for a server that starts anew.
    async fn a_seat_that_was_left_for_good_stays_shut(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let call = desk.book(start, ACCEPTED).await;
        app.set_now(start);
        let mine = ticket(&mut desk.consumer, app, &call).await;
        calls::record_arrival(&app.state, &call, &mine.seat, app.now(), false).await.expect("it is written");
        for _ in 0..2 {
            calls::record_leaving_for_good(&app.state, &call, &mine.seat, app.now()).await.expect("it is written");
        }
        let error = calls::authorise_ticket(&app.state, &mine, app.now()).await.expect_err("it is shut");
        assert_eq!(error, Refusal::Ended);
        refused(&mut desk.consumer, &call, 409, "ended").await;
        let theirs = ticket(&mut desk.provider, app, &call).await;
        let grant = calls::authorise_ticket(&app.state, &theirs, app.now()).await.expect("the provider may come");
        assert_eq!(grant.left_for_good, [mine.seat]);
    }
}

on_both! {
    /// Trial B3: a call of 16:30 was ended and charged at 16:16. An end counts from the start on, is settled then, and
    /// gives the rest of the slot back.
    async fn nothing_is_over_before_the_start_and_an_agreed_end_frees_the_rest_of_the_slot(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let call = desk.book(start, ACCEPTED).await;
        let cells = async || -> Vec<i64> { app.rows("SELECT COUNT(*) FROM reservation", params![]).await };
        desk.talk(&call, start - 14 * MINUTE_US, 3 * SECOND_US).await;
        desk.jobs().await;
        assert_eq!((desk.status(&call).await.as_str(), cells().await), ("confirmed", vec![6]));
        let again = ticket(&mut desk.consumer, app, &call).await;
        calls::authorise_ticket(&app.state, &again, app.now()).await.expect("both may come back");
        let end = start + 12 * MINUTE_US;
        app.set_now(end);
        calls::record_call_end(&app.state, &call, end).await.expect("it is written");
        assert_eq!(cells().await, [6], "nobody has talked since the start");
        let (consumer, provider) = desk.seats(&call).await;
        for seat in [&consumer, &provider] {
            present(&app.state, &call, seat, 1, (start, end)).await;
        }
        calls::record_call_end(&app.state, &call, end).await.expect("it is written");
        assert_eq!(cells().await, [3], "from minute 15 on the slot is free");
        desk.jobs().await;
        assert_eq!(desk.status(&call).await, "completed");
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
        let (mine, theirs) = (&segment(&call, &consumer, 0), &segment(&call, &provider, 0));
        calls::open_segment(&app.state, "test", mine, start).await.expect("it is written");
        calls::open_segment(&app.state, "other", theirs, start).await.expect("it is written");
        let open = "SELECT COUNT(*) FROM call_segment WHERE ended_us IS NULL";
        for (round, step) in [(1, 90 * SECOND_US), (2, -90 * SECOND_US), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0)] {
            app.step_clock(step);
            app.advance(10 * SECOND_US);
            // The other server's clock was not touched, and it goes on.
            let seen = start + round * 10 * SECOND_US;
            let lost = calls::record_checkpoint(&app.state, &[(theirs.clone(), seen)]).await.expect("it is written");
            assert!(lost.is_empty(), "{lost:?}");
            desk.jobs().await;
            assert_eq!(app.number(open, params![]).await, 2, "round {round}");
        }
        // Trial F4: whoever still measures what another process closed is told.
        calls::recover_node(&app.state, "other").await.expect("it is written");
        let lost = calls::record_checkpoint(&app.state, &[(mine.clone(), app.now()), (theirs.clone(), app.now())]).await;
        assert_eq!(lost.expect("it is written"), *std::slice::from_ref(theirs));
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
