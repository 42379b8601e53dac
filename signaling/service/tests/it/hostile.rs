//! Clients that mean harm, or know no better: each is answered clearly and disturbs nobody.

use std::time::Duration;

use serde_json::json;
use signaling::limits::{MESSAGE_BYTES_MAX, MESSAGES_BURST};
use signaling::{Count, HubConfig, SocketConfig};
use signaling_protocol::{Role, Ticket, TicketKey};
use tokio_tungstenite::tungstenite::{self, Message};

use crate::harness::{CALL, Client, ORIGIN, Server, config, now, repeat_until, until};

/// The victims' call goes on: packets pass and time counts.
async fn undisturbed(server: &Server, peers: [sfu_core::PeerId; 2]) {
    let (forwarded, billable) = (server.media.world().forwarded, server.hub.snapshot()[0].billable);
    let talk = || peers.iter().for_each(|peer| server.media.packet(*peer));
    let goes_on = || server.media.world().forwarded > forwarded + 10 && server.hub.snapshot()[0].billable > billable;
    repeat_until(talk, goes_on).await;
}

/// W15.
#[tokio::test]
async fn hostile_json_is_refused_three_times_and_then_closed() {
    let server = Server::start().await;
    let (_provider, a, _consumer, b) = server.talking().await;
    let frames = [
        "",
        "null",
        "{",
        "[[[[",
        "{\"type\":1}",
        "{\"type\":\"root\"}",
        "\u{0}",
        "{\"type\":\"admit\",\"seat\":null}",
        "{\"type\":\"media\",\"microphone\":\"yes\",\"camera\":1,\"screen\":{}}",
        "{\"type\":\"offer\",\"id\":-1,\"sdp\":\"\",\"sources\":[]}",
        "{\"type\":\"offer\",\"id\":4294967296,\"sdp\":\"\",\"sources\":[]}",
        "{\"type\":\"ping\",\"at\":9223372036854775808}",
    ];
    for frame in frames {
        let mut client = server.seat(CALL, "evil", Role::Consumer).await;
        let fatal: Vec<_> = [false, false, true]
            .map(|fatal| ("bad_message".to_owned(), fatal))
            .into();
        let mut answers = Vec::new();
        for _ in 0..3 {
            client.send_text(frame.to_owned()).await;
            answers.push(client.refusal().await);
        }
        assert_eq!(answers, fatal, "{frame}");
        assert_eq!(client.close_code().await, Some(4400));
    }
    assert_eq!(
        server.count(Count::MessagesBad),
        3 * u64::try_from(frames.len()).expect("few frames")
    );
    undisturbed(&server, [a, b]).await;
}

/// W15.
#[tokio::test]
async fn a_message_that_is_too_long_closes_the_connection() {
    let server = Server::start().await;
    let (_provider, a, _consumer, b) = server.talking().await;
    let mut client = server.connect().await;
    // The server may close before all of it is sent.
    client.try_send(Message::text("x".repeat(MESSAGE_BYTES_MAX + 1))).await;
    let code = client.close_code().await;
    assert!(code.is_none() || code == Some(1009), "{code:?}");
    until(|| server.count(Count::MessagesTooBig) == 1).await;
    let mut client = server.connect().await;
    client.send_text("x".repeat(MESSAGE_BYTES_MAX)).await;
    assert_eq!(client.refusal().await, ("bad_message".into(), false));
    undisturbed(&server, [a, b]).await;
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let server = Server::start().await;
    let (_provider, a, _consumer, b) = server.talking().await;
    let mut client = server.connect().await;
    for at in 0..2 * MESSAGES_BURST {
        if !client
            .try_send(Message::text(json!({"type": "ping", "at": at}).to_string()))
            .await
        {
            break;
        }
    }
    assert_eq!(client.refusal().await, ("rate_limited".into(), false));
    until(|| server.count(Count::MessagesRateLimited) == 3).await;
    undisturbed(&server, [a, b]).await;
}

/// W15.
#[tokio::test]
async fn only_known_origins_connect() {
    let server = Server::start().await;
    let check = async |origins: &[&str], expected: Option<u16>| {
        let status = match server.connect_from(origins).await {
            Ok(_) => None,
            Err(tungstenite::Error::Http(response)) => Some(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(status, expected, "{origins:?}");
    };
    check(&[ORIGIN], None).await;
    check(&[], None).await;
    check(&["http://localhost:8081"], Some(403)).await;
    check(&["https://localhost:8080"], Some(403)).await;
    check(&["null"], Some(403)).await;
    check(&["http://localhost:8080.evil.example"], Some(403)).await;
    check(&[ORIGIN, "http://evil.example"], Some(403)).await;
    assert_eq!(server.count(Count::OriginsRefused), 5);
}

async fn hello(server: &Server, ticket: &str) -> Client {
    let mut client = server.connect().await;
    client.hello(ticket).await;
    client
}

/// W13.
#[tokio::test]
async fn tickets_are_genuine_fresh_and_used_once() {
    let server = Server::start().await;
    let good = server.ticket(CALL, "c", Role::Consumer);
    let mut first = hello(&server, &good).await;
    first.expect("welcome").await;
    let payload = good.split_once('.').expect("a ticket has two parts").0;
    let stranger = TicketKey::new([8; 32]).sign(&Ticket {
        call: CALL.into(),
        seat: "p".into(),
        role: Role::Provider,
        expires_at_s: now() / 1_000_000 + 60,
        nonce: "own".into(),
        session: "own".into(),
    });
    let bad = [
        good.clone(),
        server.ticket_until(CALL, "c", Role::Consumer, 0),
        server.ticket_until(CALL, "c", Role::Consumer, 3_600),
        server.ticket("00000000-0000-0000-0000-000000000000", "c", Role::Consumer),
        stranger,
        format!("{payload}."),
        payload.to_owned(),
        String::new(),
        "x".repeat(2_000),
    ];
    for ticket in &bad {
        let mut client = hello(&server, ticket).await;
        assert_eq!(client.refusal().await, ("bad_ticket".into(), true), "{ticket}");
        assert_eq!(client.close_code().await, Some(4401));
    }
    assert_eq!(server.count(Count::TicketsReused), 1);
    // None of that touched the seat.
    first.send(json!({"type": "ping", "at": 1})).await;
    first.expect("pong").await;
}

#[tokio::test]
async fn nothing_but_hello_opens_a_connection_and_it_comes_in_time() {
    let sockets = SocketConfig {
        hello_wait: Duration::from_secs(1),
        ..SocketConfig::new(vec![ORIGIN.into()])
    };
    let server = Server::with(config(), sockets).await;
    let mut silent = server.connect().await;
    assert_eq!(silent.close_code().await, Some(4408));
    let mut hasty = server.connect().await;
    hasty.send(json!({"type": "admit", "seat": "c"})).await;
    assert_eq!(hasty.refusal().await, ("bad_hello".into(), false));
    let mut other = server.connect().await;
    other.send(json!({"type": "hello", "protocol": 2, "ticket": "t"})).await;
    assert_eq!(other.refusal().await, ("bad_hello".into(), true));
    assert_eq!(other.close_code().await, Some(4401));
    let mut binary = server.connect().await;
    binary.try_send(Message::binary(vec![0xff; 10])).await;
    assert_eq!(binary.refusal().await, ("bad_message".into(), false));
    assert_eq!(server.count(Count::HellosLate), 1);
}

#[tokio::test]
async fn one_address_has_few_connections_without_hello() {
    let sockets = SocketConfig {
        unseated_per_address_max: 2,
        ..SocketConfig::new(vec![ORIGIN.into()])
    };
    let server = Server::with(config(), sockets).await;
    let status = async |address: &str| match server.connect_by(address, &[ORIGIN]).await {
        Ok(_) => None,
        Err(tungstenite::Error::Http(response)) => Some(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    };
    let mut first = server.connect().await;
    let second = server.connect().await;
    assert_eq!(status("127.0.0.1").await, Some(429));
    assert_eq!(server.count(Count::ConnectionsRefusedCrowded), 1);
    assert_eq!(status("192.0.2.1").await, None, "others come in");
    // Whoever has said hello counts no more.
    first.hello(&server.ticket(CALL, "p", Role::Provider)).await;
    first.expect("welcome").await;
    let third = server.connect().await;
    assert_eq!(status("127.0.0.1").await, Some(429));
    // Nor does whoever is gone.
    drop((second, third));
    until(|| server.hub.sizes().1 == 1).await;
    let _again = server.connect().await;
}

#[tokio::test]
async fn a_full_server_says_so() {
    let config = HubConfig {
        rooms_max: 1,
        connections_max: 3,
        ..config()
    };
    let server = Server::with(config, SocketConfig::new(vec![ORIGIN.into()])).await;
    let _first = server.seat(CALL, "p", Role::Provider).await;
    server.book("another", 60_000_000);
    let mut second = hello(&server, &server.ticket("another", "p", Role::Provider)).await;
    assert_eq!(second.refusal().await, ("full".into(), true));
    assert_eq!(second.close_code().await, Some(4503));
    until(|| server.hub.sizes() == (1, 1)).await;
    let _held = [server.connect().await, server.connect().await];
    let Err(tungstenite::Error::Http(response)) = server.connect_from(&[ORIGIN]).await else {
        panic!("refused")
    };
    assert_eq!(response.status().as_u16(), 503);
}

/// W9.
#[tokio::test]
async fn a_room_that_breaks_costs_nobody_else_anything() {
    let server = Server::start().await;
    let (_provider, a, _consumer, b) = server.talking().await;
    server.book("cursed", 60_000_000);
    server.authority.records().cursed = Some("cursed".into());
    let mut victim = server.seat("cursed", "p2", Role::Provider).await;
    server.media_up(&mut victim).await;
    assert_eq!(victim.refusal().await, ("internal".into(), true));
    assert_eq!(victim.close_code().await, Some(4503));
    assert_eq!(server.count(Count::RoomsFailed), 1);
    undisturbed(&server, [a, b]).await;
}
