//! What strangers and misbehaving callers send.

use std::net::UdpSocket;

use sfu_core::{Command, Event, Join, JoinError, PeerId, RoomId};
use sfu_driver::CommandError;

use crate::harness::Harness;

#[test]
fn garbage_and_oversized_datagrams_disturb_no_call() {
    let mut harness = Harness::start(1);
    let (first, second) = (harness.join(1), harness.join(1));
    harness.call();
    harness.admit(first);
    harness.admit(second);
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = harness.media_address(first);
    // In turn: unknown, STUN that does not parse, DTLS and SRTP from an address without a check, and nothing at all.
    let datagrams: [&[u8]; 5] = [
        &[255; 40],
        &[0, 1, 0, 0],
        &[22, 254, 253, 0],
        &[128, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1],
        &[],
    ];
    for round in 0..200 {
        for datagram in datagrams {
            stranger.send_to(datagram, to).unwrap();
        }
        stranger.send_to(&[128; 3_000], to).unwrap();
        let wanted = round * datagrams.len() as u64;
        harness.run_until("the garbage counted", |harness| {
            harness.total().core.datagrams_in >= wanted
        });
    }
    harness.run_until("every kind counted", |harness| {
        let total = harness.total();
        total.core.datagrams_unknown >= 400
            && total.core.stun_bad >= 200
            && total.core.unvalidated >= 400
            && total.io.datagrams_unusable >= 200
    });
    harness.run_until("media both ways", |harness| {
        harness.received(first) > 100 && harness.received(second) > 100
    });
    assert_eq!(harness.total().io.panics, 0);
}

#[test]
fn bad_joins_are_refused_and_hold_no_place() {
    let mut harness = Harness::start(1);
    let join = |peer: u64| Join {
        room: RoomId(1),
        peer: PeerId(peer),
        offer: "v=0".to_owned(),
        sources: Vec::new(),
        counted: true,
    };
    for peer in [9, 9] {
        harness.driver.command(Command::Join(join(peer))).unwrap();
        let before = harness.seen.len();
        harness.run_until("the refusal", |harness| harness.seen.len() > before);
        let last = harness.seen.last().unwrap();
        assert!(
            matches!(
                last,
                Event::Refused {
                    peer: PeerId(9),
                    error: JoinError::BadOffer(_)
                }
            ),
            "{last:?}"
        );
    }
    harness.join(1);
    let known = harness.members[0].peer;
    let again = harness.driver.command(Command::Join(join(known.0)));
    assert_eq!(again, Err(CommandError::DuplicatePeer));
}

#[test]
fn too_many_commands_are_refused() {
    let mut harness = Harness::start(1);
    let number = harness.join(1);
    let client = &harness.members[number].client;
    let (offer, sources) = (client.offer(), client.sources());
    let join = |peer| {
        Command::Join(Join {
            room: RoomId(2 + u128::from(peer / 100)),
            peer: PeerId(peer),
            offer: offer.clone(),
            sources: sources.clone(),
            counted: true,
        })
    };
    // Queued far faster than they are answered; the place of a refused peer is free again.
    let refused = (1_000..8_000).find(|peer| harness.driver.command(join(*peer)) == Err(CommandError::Full));
    let refused = refused.expect("a full queue");
    harness.run_until("room in the queue", |harness| {
        harness.driver.command(join(refused)) == Ok(())
    });
    harness.run_until("life after it", |harness| harness.members[number].client.is_connected());
    assert_eq!(harness.total().io.panics, 0);
}
