//! From arrival to the end of a call, as both sides see it.

use serde_json::json;
use signaling::SegmentEnd;
use signaling_protocol::Role;

use crate::harness::{CALL, Server, now, repeat_until};

#[tokio::test]
async fn no_packet_passes_before_the_provider_lets_the_consumer_in() {
    let server = Server::start().await;
    let mut provider = server.seat(CALL, "p", Role::Provider).await;
    let provider_peer = server.media_up(&mut provider).await;
    let mut consumer = server.seat(CALL, "c", Role::Consumer).await;
    let consumer_peer = server.media_up(&mut consumer).await;
    let lobby = provider
        .expect_where("participants", |list| list["participants"][1]["presence"] == "lobby")
        .await;
    assert_eq!(lobby["participants"][1]["name"], "Name of c");
    for _ in 0..50 {
        server.media.packet(provider_peer);
        server.media.packet(consumer_peer);
    }
    let clock = provider.expect("clock").await;
    assert_eq!(
        (clock["running"].clone(), clock["billable_ms"].clone()),
        (json!(false), json!(0))
    );
    assert_eq!(server.media.world().forwarded, 0);

    provider.send(json!({"type": "admit", "seat": "c"})).await;
    consumer.expect("admitted").await;
    let slots = consumer.expect("slots").await;
    assert_eq!(
        slots["slots"][0],
        json!({"mid": "a", "seat": "p", "source": "microphone", "withheld": false})
    );
    assert_eq!(
        slots["slots"][1],
        json!({"mid": "v", "seat": "p", "source": "camera", "withheld": false})
    );
    assert_eq!(
        slots["slots"][2],
        json!({"mid": "w", "seat": null, "source": null, "withheld": false})
    );
    let talk = || {
        server.media.packet(provider_peer);
        server.media.packet(consumer_peer);
    };
    repeat_until(talk, || server.media.world().forwarded > 20).await;
    repeat_until(talk, || server.hub.snapshot()[0].billable > 100_000).await;
    let clock = consumer.expect_where("clock", |clock| clock["running"] == true).await;
    assert!(clock["remaining_ms"].as_i64().expect("a number") > 3_000_000);
    let journal = server.journal();
    let at = |line: &str| journal.iter().position(|entry| entry == line);
    let gate = at(&format!("forward {} true", consumer_peer.0)).expect("the gate was opened");
    assert!(
        at("admitted c").expect("the admission was recorded") < gate,
        "{journal:?}"
    );
    assert_eq!(
        journal.iter().filter(|entry| entry.ends_with("true")).count(),
        2,
        "{journal:?}"
    );
    let live = &server.hub.snapshot()[0];
    assert!(
        live.running
            && live
                .seats
                .iter()
                .all(|seat| seat.stats.is_some_and(|stats| stats.packets_in == 1))
    );
}

/// Trial E20: what the lobby says of a mail follows from one that was written.
#[tokio::test]
async fn who_waits_for_nobody_learns_that_the_provider_was_told() {
    let server = Server::start().await;
    let mut consumer = server.seat(CALL, "c", Role::Consumer).await;
    let told = consumer.expect("provider_told").await;
    assert!(told["at"].as_i64().is_some_and(|at| at > 0), "{told}");
}

/// Trial B3: leaving is not ending. The figures that the leaver sees last are the ones that are charged (E21).
#[tokio::test]
async fn leaving_ends_nothing_and_ending_ends_it_for_both() {
    let server = Server::start().await;
    let (mut provider, provider_peer, mut consumer, consumer_peer) = server.talking().await;
    let talk = || {
        server.media.packet(provider_peer);
        server.media.packet(consumer_peer);
    };
    repeat_until(talk, || server.hub.snapshot()[0].billable > 200_000).await;
    consumer.send(json!({"type": "leave"})).await;
    let left = consumer.expect("ended").await;
    assert_eq!(consumer.close_code().await, Some(1000));
    assert_eq!(left["reason"], "left");
    provider
        .expect_where("participants", |list| list["participants"][1]["presence"] == "left")
        .await;
    let mut again = server.seat(CALL, "c", Role::Consumer).await;
    again.send(json!({"type": "end"})).await;
    assert_eq!(again.refusal().await, ("forbidden".into(), false));
    again.send(json!({"type": "leave", "for_good": true})).await;
    assert_eq!(again.expect("ended").await["reason"], "left_for_good");
    provider
        .expect_where("participants", |list| {
            list["participants"][1]["presence"] == "left_for_good"
        })
        .await;
    provider.send(json!({"type": "end"})).await;
    let ended = provider.expect("ended").await;
    assert_eq!(ended["reason"], "ended_by_provider");
    assert_eq!(provider.close_code().await, Some(1000));
    server.journaled("ended").await;
    let billed = server.authority.billed(CALL);
    for figures in [&left["clock"], &ended["clock"]] {
        assert_eq!(figures["billable_ms"], billed / 1_000);
        assert_eq!(figures["cost_minor"], (billed + 999_999) / 1_000_000 * 10);
    }
    assert_eq!(server.journal().last().map(String::as_str), Some("ended"));
    assert!(
        server
            .authority
            .records()
            .rows
            .values()
            .all(|row| row.end == Some(SegmentEnd::Left))
    );
    let mut late = server.connect().await;
    late.hello(&server.ticket(CALL, "c", Role::Consumer)).await;
    assert_eq!(late.refusal().await, ("not_open".into(), true));
    assert_eq!(late.close_code().await, Some(4403));
}

/// Trial F3: the hub asks by itself, whoever cancelled and however.
#[tokio::test]
async fn an_appointment_that_is_cancelled_elsewhere_ends_its_room_for_both() {
    let server = Server::start().await;
    let mut provider = server.seat(CALL, "p", Role::Provider).await;
    let mut waiting = server.seat(CALL, "c", Role::Consumer).await;
    server.authority.records().cancelled.insert(CALL.into());
    for client in [&mut provider, &mut waiting] {
        assert_eq!(client.expect("ended").await["reason"], "cancelled");
        assert_eq!(client.close_code().await, Some(1000));
    }
}

/// Trial F12: the end of a sign-in ends its seat and its tickets, and nobody else's.
#[tokio::test]
async fn a_seat_and_a_ticket_end_with_their_sign_in() {
    let server = Server::start().await;
    let (mut provider, provider_peer, mut consumer, _) = server.talking().await;
    let unused = server.ticket(CALL, "c", Role::Consumer);
    let session = "session of c".to_owned();
    server.authority.records().signed_out.insert(session);
    assert_eq!(consumer.expect("ended").await["reason"], "signed_out");
    assert_eq!(consumer.close_code().await, Some(1000));
    provider
        .expect_where("participants", |list| list["participants"][1]["presence"] == "left")
        .await;
    assert_eq!(server.media.world().peers.keys().collect::<Vec<_>>(), [&provider_peer]);
    let mut late = server.connect().await;
    late.hello(&unused).await;
    assert_eq!(late.refusal().await, ("bad_ticket".into(), true));
    assert_eq!(late.close_code().await, Some(4401));
}

#[tokio::test]
async fn the_booked_window_ends_the_call() {
    let server = Server::start().await;
    server.authority.records().appointments.clear();
    server.book(CALL, 3_000_000);
    let ends_at = server.authority.records().appointments[CALL].ends_at;
    let (mut provider, provider_peer, mut consumer, consumer_peer) = server.talking().await;
    let talk = || {
        server.media.packet(provider_peer);
        server.media.packet(consumer_peer);
    };
    repeat_until(talk, || {
        server.hub.snapshot()[0].seats.iter().all(|seat| seat.stats.is_none())
    })
    .await;
    for client in [&mut provider, &mut consumer] {
        let ended = client.expect("ended").await;
        assert_eq!(
            (ended["reason"].clone(), ended["clock"]["remaining_ms"].clone()),
            (json!("window_ended"), json!(0))
        );
    }
    server.journaled("ended").await;
    let records = server.authority.records();
    assert!(now() >= ends_at);
    assert!(
        records
            .rows
            .values()
            .all(|row| row.seen_at <= ends_at && row.end == Some(SegmentEnd::WindowEnded))
    );
}

#[tokio::test]
async fn a_room_opens_when_it_opens() {
    let server = Server::start().await;
    server
        .authority
        .records()
        .appointments
        .get_mut(CALL)
        .expect("booked")
        .opens_at = now() + 60_000_000;
    let mut early = server.connect().await;
    early.hello(&server.ticket(CALL, "c", Role::Consumer)).await;
    assert_eq!(early.refusal().await, ("not_open".into(), true));
    assert_eq!(early.close_code().await, Some(4403));
}

#[tokio::test]
async fn a_dismissed_consumer_is_told_and_a_cancelled_call_ends() {
    let server = Server::start().await;
    let mut provider = server.seat(CALL, "p", Role::Provider).await;
    let mut consumer = server.seat(CALL, "c", Role::Consumer).await;
    consumer.send(json!({"type": "dismiss", "seat": "p"})).await;
    assert_eq!(consumer.refusal().await, ("forbidden".into(), false));
    provider.send(json!({"type": "dismiss", "seat": "c"})).await;
    assert_eq!(consumer.expect("ended").await["reason"], "dismissed");
    assert_eq!(consumer.close_code().await, Some(1000));
    provider.send(json!({"type": "admit", "seat": "c"})).await;
    assert_eq!(provider.refusal().await, ("unknown_seat".into(), false));
    server.hub.cancel(CALL);
    assert_eq!(provider.expect("ended").await["reason"], "cancelled");
}
