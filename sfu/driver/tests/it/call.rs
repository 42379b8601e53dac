//! Calls from join to goodbye.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use sfu_core::{Command, DisconnectReason, Event, PeerId, RoomId, SourceKind};

use crate::harness::Harness;

fn disconnected(event: &Event) -> Option<(PeerId, DisconnectReason)> {
    if let Event::Disconnected { peer, reason, .. } = event {
        Some((*peer, *reason))
    } else {
        None
    }
}

#[test]
fn two_clients_see_and_hear_each_other_once_admitted() {
    let mut harness = Harness::start(1);
    let (first, second) = (harness.join(1), harness.join(1));
    harness.call();
    harness.admit(first);
    harness.run_until("media that is stopped at the gate", |harness| {
        harness.total().core.gate_closed > 20
    });
    assert_eq!(harness.total().core.forwarded, 0, "nothing before both are admitted");
    harness.admit(second);
    harness.run_until("media both ways", |harness| {
        harness.received(first) > 100 && harness.received(second) > 100
    });
    for (number, other) in [(first, 2), (second, 1)] {
        let received = harness.members[number].client.check_received().unwrap();
        assert_eq!(received.streams.len(), 2);
        for stream in &received.streams {
            let tags: Vec<u32> = stream.sources.iter().map(|(tag, _)| *tag).collect();
            assert_eq!((tags, stream.holes), (vec![other], 0));
        }
    }
    let total = harness.total();
    assert!(total.io.datagrams_received > 0 && total.io.datagrams_sent > 0 && total.core.forwarded > 0);
    assert_eq!(
        (total.io.send_errors, total.io.send_dropped, total.io.panics),
        (0, 0, 0)
    );
    assert_eq!((total.rooms, total.peers), (1, 2));
    assert_eq!(total.joins.count(), 2);
    assert!(total.joins.sum() > Duration::ZERO && total.silent_for < Duration::from_secs(20));
    assert_eq!(total.forward_delay.count(), total.io.datagrams_received);
}

#[test]
fn leaving_and_closing_end_on_both_sides() {
    let mut harness = Harness::start(1);
    let (stays, leaves) = (harness.join(1), harness.join(1));
    harness.call();
    let peer = harness.members[leaves].peer;
    harness.driver.command(Command::Leave { peer }).unwrap();
    assert_eq!(harness.event(disconnected), (peer, DisconnectReason::Removed));
    harness.run_until("the goodbye", |harness| harness.members[leaves].client.is_closed());
    harness.members[stays].client.close();
    let peer = harness.members[stays].peer;
    let closed = |event: &Event| disconnected(event).filter(|(of, _)| *of == peer);
    assert_eq!(harness.event(closed), (peer, DisconnectReason::Closed));
    harness
        .driver
        .command(Command::Leave { peer })
        .expect("a command for who is gone is done already");
    harness.run_until("an empty shard", |harness| harness.total().peers == 0);
}

#[test]
fn rooms_spread_over_shards_and_stopping_says_goodbye_to_all() {
    let mut harness = Harness::start(2);
    for room in [1, 2, 1, 2] {
        harness.join(room);
    }
    harness.run_until("the connection", |harness| {
        harness.members.iter().all(|member| member.client.is_connected())
    });
    harness.run_until("metrics", |harness| {
        harness.driver.metrics().iter().all(|shard| shard.peers == 2)
    });
    let ports: Vec<u16> = (0..4).map(|number| harness.media_address(number).port()).collect();
    assert_eq!((ports[0], ports[1]), (ports[2], ports[3]), "a room lives on one shard");
    assert_ne!(ports[0], ports[1]);
    let candidates: HashSet<u16> = harness
        .driver
        .candidates()
        .into_iter()
        .flatten()
        .map(|at| at.port())
        .collect();
    assert_eq!(candidates, HashSet::from([ports[0], ports[1]]));

    let Harness {
        driver,
        events,
        mut members,
        ..
    } = harness;
    driver.stop();
    let again = Command::CloseRoom { room: RoomId(1) };
    assert_eq!(
        driver.command(again),
        Ok(()),
        "the room is gone, so there is nothing to do"
    );
    let mut gone: Vec<u64> = events
        .iter()
        .filter_map(|event| disconnected(&event))
        .map(|(peer, _)| peer.0)
        .collect();
    gone.sort_unstable();
    assert_eq!(gone, [1, 2, 3, 4], "the queue ends after the last goodbye");
    let mut buffer = [0; 2_048];
    for member in &mut members {
        member.socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        while !member.client.is_closed() {
            let (len, _) = member.socket.recv_from(&mut buffer).expect("a goodbye");
            member.client.receive(&mut buffer[..len], Instant::now());
        }
    }
}

#[test]
fn closing_a_room_leaves_the_others_alone() {
    let mut harness = Harness::start(1);
    let (ended, stays) = (harness.join(1), harness.join(2));
    harness.call();
    harness.driver.command(Command::CloseRoom { room: RoomId(1) }).unwrap();
    let peer = harness.members[ended].peer;
    assert_eq!(harness.event(disconnected), (peer, DisconnectReason::Removed));
    harness.run_until("one room", |harness| {
        (harness.total().rooms, harness.total().peers) == (1, 1)
    });
    assert!(harness.members[stays].client.is_connected());
}

#[test]
fn frames_of_nearly_equal_packets_leave_as_one_message() {
    let mut harness = Harness::start(1);
    let (sends, receives) = (harness.join(1), harness.join(1));
    harness.connect();
    harness.show_others(receives);
    harness.admit(sends);
    harness.admit(receives);
    harness.run_until("segmented messages", |harness| {
        let member = &mut harness.members[sends];
        let to = member.client.remote().expect("it has its answer");
        let packets: Vec<Vec<u8>> = (0..4)
            .map(|less| {
                member
                    .client
                    .media_packet(SourceKind::Camera, 1_000 - less)
                    .expect("connected")
            })
            .collect();
        for packet in packets {
            member.socket.send_to(&packet, to).expect("loopback takes it");
        }
        harness.total().io.segmented_messages > 3
    });
    harness.run_until("the last packets", |harness| {
        let sent = harness.members[sends].client.made(SourceKind::Camera);
        harness.received(receives) == sent as usize
    });
    assert_eq!(harness.total().io.segmentation_refused, 0);
}

#[test]
fn a_capture_has_the_headers_of_one_room_until_its_reader_is_gone() {
    let mut harness = Harness::start(1);
    for room in [1, 1, 2] {
        let number = harness.join(room);
        harness.admit(number);
    }
    harness.call();
    assert!(harness.driver.capture(RoomId(9)).unwrap().is_none());
    let captured = harness.driver.capture(RoomId(1)).unwrap().expect("the room is here");
    let mut seen = Vec::new();
    harness.run_until("copies both ways", |_| {
        seen.extend(captured.try_iter());
        let count = |incoming| seen.iter().filter(|copy| copy.incoming == incoming).count();
        count(true) > 20 && count(false) > 20
    });
    let room: Vec<_> = harness.members[..2].iter().map(|member| member.peer).collect();
    for copy in &seen {
        assert!(room.contains(&copy.peer), "the other room is not copied: {copy:?}");
        // Headers and RTCP are short; sound and picture are not in them.
        assert!(copy.bytes.len() <= copy.len);
        assert!(
            sfu_core::wire::rtp::is_rtcp(&copy.bytes) || copy.bytes.len() < 60,
            "{copy:?}"
        );
    }
    let barred = Command::SetForwarding {
        peer: room[1],
        allowed: false,
    };
    harness.driver.command(barred).expect("the queue has room");
    harness.run_until("a copy that says why it was not sent on", |_| {
        let why = |copy: sfu_core::Captured| copy.counted.iter().any(|(name, _)| *name == "gate_closed");
        captured.try_iter().any(why)
    });
    drop(captured);
    let captured = harness.driver.capture(RoomId(2)).unwrap().expect("the room is here");
    let third = harness.members[2].peer;
    let mut copies = 0;
    harness.run_until("copies of the other room", |_| {
        copies += captured.try_iter().inspect(|copy| assert_eq!(copy.peer, third)).count();
        copies > 20
    });
}
