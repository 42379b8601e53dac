//! Seats: take-over, sockets that die, offers, and who is shown what.

use std::time::{Duration, Instant};

use serde_json::json;
use sfu_core::Event;
use signaling::{Count, SegmentEnd, SocketConfig};
use signaling_protocol::Role;

use crate::harness::{CALL, ORIGIN, Server, config, repeat_until, until};

#[tokio::test]
async fn a_fresh_ticket_takes_the_seat_over() {
    let server = Server::start().await;
    let (_provider, provider_peer, mut old, old_peer) = server.talking().await;
    let mut new = server.connect().await;
    new.hello(&server.ticket(CALL, "c", Role::Consumer)).await;
    let welcome = new.expect("welcome").await;
    assert_eq!(
        (welcome["admitted"].clone(), welcome["seat"].clone()),
        (json!(true), json!("c"))
    );
    old.expect("taken_over").await;
    assert_eq!(old.close_code().await, Some(4409));
    assert!(!server.media.world().peers.contains_key(&old_peer));
    server.journaled("close c1 TakenOver").await;
    let new_peer = server.media_up(&mut new).await;
    new.expect("slots").await;
    server.journaled("open c2").await;
    let before = server.media.world().forwarded;
    repeat_until(
        || server.media.packet(provider_peer),
        || server.media.world().forwarded > before,
    )
    .await;
    assert_ne!(new_peer, old_peer);
    assert_eq!(server.count(Count::SeatsTakenOver), 1);
}

#[tokio::test]
async fn media_outlives_its_socket() {
    let sockets = SocketConfig {
        ping_period: Duration::from_millis(50),
        silence_max: Duration::from_millis(300),
        ..SocketConfig::new(vec![ORIGIN.into()])
    };
    let server = Server::with(config(), sockets).await;
    let (mut provider, provider_peer, consumer, consumer_peer) = server.talking().await;
    // Nobody reads this client's socket any more, so it answers no ping.
    let talk = || {
        server.media.packet(provider_peer);
        server.media.packet(consumer_peer);
    };
    let hears = async {
        loop {
            provider.expect("clock").await;
        }
    };
    tokio::select! {
        () = hears => {}
        () = repeat_until(talk, || server.count(Count::SocketsSilent) == 1) => {}
    }
    let forwarded = server.media.world().forwarded;
    repeat_until(talk, || server.media.world().forwarded > forwarded + 10).await;
    assert!(server.hub.snapshot()[0].running);
    drop(consumer);
    // The new connection gets media of its own before the old media goes.
    let mut back = server.seat(CALL, "c", Role::Consumer).await;
    assert!(server.media.world().peers.contains_key(&consumer_peer));
    server.media_up(&mut back).await;
    assert!(!server.media.world().peers.contains_key(&consumer_peer));
}

#[tokio::test]
async fn a_lost_browser_is_shown_and_its_time_stops() {
    let server = Server::start().await;
    let (mut provider, _, _consumer, consumer_peer) = server.talking().await;
    server.media.lose(consumer_peer);
    provider
        .expect_where("slots", |slots| slots["slots"][0]["seat"].is_null())
        .await;
    let lost = |list: &serde_json::Value| list["participants"][1]["presence"] == "reconnecting";
    let reconnecting = provider.expect_where("participants", lost).await;
    assert_eq!(reconnecting["participants"][0]["presence"], "connected");
    server.journaled("close c1 ConnectionLost").await;
    let records = server.authority.records();
    let row = records
        .rows
        .values()
        .find(|row| row.role == Role::Consumer)
        .expect("the segment is on record");
    assert_eq!(row.end, Some(SegmentEnd::ConnectionLost));
}

#[tokio::test]
async fn an_offer_that_cannot_be_answered_is_refused_and_the_next_one_counts() {
    let server = Server::start().await;
    let mut consumer = server.seat(CALL, "c", Role::Consumer).await;
    consumer
        .send(json!({"type": "offer", "id": 1, "sdp": "nonsense", "sources": []}))
        .await;
    assert_eq!(consumer.refusal().await, ("bad_offer".into(), false));
    consumer.offer().await;
    let answer = consumer.expect("answer").await;
    assert_eq!(
        (answer["id"].clone(), answer["sdp"].clone()),
        (json!(3), json!("v=0 answer"))
    );
    assert_eq!(answer["slots"][1], json!({"mid": "v", "kind": "video"}));
    consumer.send(json!({"type": "ping", "at": 123})).await;
    assert_eq!(consumer.expect("pong").await["at"], 123);
}

#[tokio::test]
async fn what_a_sender_says_of_its_sources_is_shown() {
    let server = Server::start().await;
    let (mut provider, _, mut consumer, _) = server.talking().await;
    consumer
        .send(json!({"type": "media", "microphone": true, "camera": true, "screen": false}))
        .await;
    let shown = provider
        .expect_where("participants", |list| list["participants"][1]["camera"] == true)
        .await;
    assert_eq!(shown["participants"][1]["microphone"], true);
    until(|| server.hub.snapshot()[0].seats.len() == 2).await;
}

#[tokio::test]
async fn the_media_plane_reports_from_a_thread_without_a_runtime() {
    let server = Server::start().await;
    let mut provider = server.seat(CALL, "p", Role::Provider).await;
    provider.offer().await;
    provider.expect("answer").await;
    let (hub, peer) = (server.hub.clone(), server.media.newest());
    let report = move || {
        hub.media_event(Event::Connected {
            peer,
            at: Instant::now(),
        })
    };
    std::thread::spawn(report).join().expect("the hub takes it");
    server.journaled("open p1").await;
}
