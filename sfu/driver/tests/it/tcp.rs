//! ICE-TCP: calls over connections, and what hostile connections are worth.

use std::io::Write;
use std::net::TcpStream;

use sfu_core::SourceKind;
use sfu_driver::ShardMetrics;

use crate::harness::{Framed, Harness};

/// A call of two who are admitted, the first over a connection.
fn call() -> Harness {
    let mut harness = Harness::start(1);
    harness.join_by_connection(1);
    harness.join(1);
    harness.call();
    harness.admit(0);
    harness.admit(1);
    harness
}

fn flows(harness: &mut Harness) {
    let before = [0, 1].map(|number| harness.received(number));
    harness.run_until("media both ways", |harness| {
        [0, 1]
            .iter()
            .all(|number| harness.received(*number) > before[*number] + 100)
    });
}

fn io(harness: &Harness) -> sfu_driver::IoCounters {
    harness.total().io
}

#[test]
fn a_connection_carries_a_call() {
    let mut harness = call();
    assert!(
        harness.members[0].joined.answer.contains("tcptype passive"),
        "{}",
        harness.members[0].joined.answer
    );
    flows(&mut harness);
    let ShardMetrics { io, connections, .. } = harness.total();
    assert!(io.frames_received > 50 && io.frames_sent > 50, "{io:?}");
    assert_eq!(
        (
            connections,
            io.connections_accepted,
            io.frames_dropped,
            io.connections_bad
        ),
        (1, 1, 0, 0)
    );
    for number in [0, 1] {
        let received = harness.members[number].client.check_received().unwrap();
        assert!(received.streams.iter().all(|stream| stream.holes == 0));
    }
}

#[test]
fn a_call_goes_on_over_another_connection() {
    let mut harness = call();
    flows(&mut harness);
    let to = harness.media_address(0);
    // The old one ends; the checks over the new one carry on with the same credentials.
    harness.members[0].connection = Some(Framed::connect(to));
    harness.members[0].client.moved(std::time::Instant::now());
    flows(&mut harness);
    harness.run_until("the old one gone", |harness| harness.total().connections == 1);
    // And over datagrams.
    harness.members[0].connection = None;
    harness.members[0].client.moved(std::time::Instant::now());
    flows(&mut harness);
    harness.run_until("no connection", |harness| harness.total().connections == 0);
    assert_eq!(io(&harness).connections_bad, 0);
}

#[test]
fn frames_may_come_in_any_pieces() {
    let mut harness = call();
    flows(&mut harness);
    let made = harness.members[0].client.made(SourceKind::Microphone);
    let packets: Vec<Vec<u8>> = (0..20)
        .filter_map(|_| harness.members[0].client.media_packet(SourceKind::Microphone, 120))
        .collect();
    let mut bytes = Vec::new();
    for packet in &packets {
        bytes.extend(u16::try_from(packet.len()).unwrap().to_be_bytes());
        bytes.extend(packet);
    }
    let before = io(&harness).frames_received;
    let connection = harness.members[0].connection.as_mut().unwrap();
    for piece in bytes.chunks(7) {
        connection.stream.write_all(piece).unwrap();
    }
    harness.run_until("all frames", |harness| io(harness).frames_received >= before + 20);
    assert!(harness.members[0].client.made(SourceKind::Microphone) >= made + 20);
    flows(&mut harness);
    assert_eq!(harness.total().core.srtp_auth_failed, 0);
}

#[test]
fn hostile_connections_are_closed_and_disturb_no_call() {
    let mut harness = call();
    flows(&mut harness);
    let to = harness.media_address(0);
    // In turn: a frame that is too long, media and a handshake before any check, an empty frame, and what scanners say.
    let openings: [&[u8]; 6] = [
        &[0xff, 0xff, 1],
        &[0, 12, 128, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1],
        &[0, 4, 22, 254, 253, 0],
        &[0, 0],
        b"GET / HTTP/1.1\r\n\r\n",
        &[22, 3, 1, 0, 200, 1, 0, 0],
    ];
    for (number, opening) in (1..).zip(openings) {
        let mut hostile = Framed::connect(to);
        hostile.stream.write_all(opening).unwrap();
        harness.run_until("the end of it", |_| {
            hostile.receive(&mut [0; 2_048]);
            hostile.ended
        });
        harness.run_until("it counted", |harness| io(harness).connections_bad == number);
    }
    // A check of nobody is no reason to close, but gets no answer.
    let mut stranger = Framed::connect(to);
    let check = [
        0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ];
    let bad = harness.total().core.stun_bad;
    stranger.send(&check);
    harness.run_until("it looked at", |harness| harness.total().core.stun_bad > bad);
    assert_eq!(stranger.receive(&mut [0; 2_048]), None);
    // A frame that never ends holds a place for a while, and nothing else.
    let mut slow = TcpStream::connect(to).unwrap();
    slow.write_all(&[5, 0, 0, 1]).unwrap();
    // The peer's own connection is closed for a frame that is too long, and the call goes on by datagrams.
    let own = harness.members[0].connection.as_mut().unwrap();
    own.stream.write_all(&[0xff, 0xff]).unwrap();
    harness.run_until("it counted", |harness| io(harness).connections_bad == 7);
    harness.members[0].connection = None;
    harness.members[0].client.moved(std::time::Instant::now());
    flows(&mut harness);
    assert_eq!(harness.total().io.panics, 0);
}

#[test]
fn connections_without_an_answer_make_room_for_newer_ones() {
    let mut harness = call();
    flows(&mut harness);
    let to = harness.media_address(0);
    let mut hostile = Vec::new();
    // So few at once that the kernel keeps them all.
    for number in 1..=16 {
        hostile.extend((0..25).map(|_| Framed::connect(to)));
        harness.run_until("all looked at", |harness| {
            io(harness).connections_accepted > number * 25
        });
    }
    let connections = harness.total().connections;
    assert!(connections <= 257, "{connections}");
    assert!(io(&harness).connections_refused >= 144, "{:?}", io(&harness));
    flows(&mut harness);
    let late = harness.join_by_connection(2);
    drop(hostile);
    harness.run_until("the next call", |harness| harness.members[late].client.is_connected());
}

/// W15.
#[test]
fn a_client_that_does_not_read_costs_a_bounded_queue() {
    let mut harness = call();
    flows(&mut harness);
    let sends = harness.members[1].socket.try_clone().unwrap();
    let to = harness.media_address(1);
    harness.members[0].client.stop_media();
    // The first reads nothing any more, while the second sends it far more than the kernel takes.
    let mut dropped = 0;
    for _ in 0..40_000 {
        let packet = harness.members[1]
            .client
            .media_packet(SourceKind::Microphone, 1_100)
            .expect("connected");
        sends.send_to(&packet, to).unwrap();
        dropped = io(&harness).frames_dropped;
        if dropped > 0 {
            break;
        }
    }
    harness.run_until("drops", |harness| {
        dropped = io(harness).frames_dropped.max(dropped);
        dropped > 0
    });
    assert_eq!(harness.total().io.panics, 0);
}
