//! Who may send what: handshakes before a check, SSRCs of another track, and more SSRCs than there may be.

use std::time::Duration;

use sfu_core::{Counters, Event, SourceKind};
use sfu_sim::{Client, ClientConfig, Conditions, World};

fn call(declare_ssrcs: bool) -> World {
    let config = ClientConfig {
        declare_ssrcs,
        ..ClientConfig::default()
    };
    let mut world = World::call(53, Conditions::PERFECT, [config.clone(), config]);
    world.run_for(Duration::from_secs(1));
    world
}

/// What the second client's slots got is whole, and from the first client's own sources.
fn whole(world: &mut World, video: bool) -> Counters {
    world.run_for(Duration::from_secs(1));
    let received = world.client(1).check_received().expect("a whole stream");
    let stream = received
        .streams
        .iter()
        .find(|stream| stream.video == video)
        .expect("a slot");
    let wanted = if video {
        SourceKind::Camera
    } else {
        SourceKind::Microphone
    };
    assert_eq!(stream.sources, [(1, wanted)]);
    assert!(stream.packets > 60 && stream.holes == 0, "{stream:?}");
    *world.sfu().counters()
}

/// W1.
#[test]
fn a_handshake_before_any_check_begins_nothing() {
    let mut world = World::new(54, Conditions::PERFECT);
    world.record();
    let victim = world.join(ClientConfig::default());
    world.connect_all();
    let handshake: Vec<_> = world
        .take_recorded()
        .into_iter()
        .filter(|(_, bytes)| bytes[0] == 22)
        .collect();
    assert!(handshake.len() >= 2, "the flights of the client");
    let late = world.join(ClientConfig {
        tag: 2,
        ..ClientConfig::default()
    });
    // Overheard or made up, and there before the client of the address has said a word.
    let before = *world.sfu().counters();
    let address = world.address_of(late);
    let count = handshake.len() as u64;
    for (_, mut bytes) in handshake {
        world.inject(address, &mut bytes);
    }
    let after = *world.sfu().counters();
    assert_eq!((after.unvalidated - before.unvalidated, after.dtls_failed), (count, 0));
    world.connect_all();
    assert!(world.client(victim).is_connected());
}

/// W7.
#[test]
fn a_track_cannot_speak_for_another() {
    for declared in [true, false] {
        let mut world = call(declared);
        let before = *world.sfu().counters();
        let address = world.address_of(0);
        // The camera's SSRC with the microphone's mid (extension 4) and payload type.
        for _ in 0..50 {
            let forged = world.client(0).raw_media(
                SourceKind::Camera,
                111,
                Some((0xbede, &[0x40, b'0', 0, 0])),
                &[1; 40],
                false,
            );
            world.inject(address, &mut forged.expect("connected"));
            world.run_for(Duration::from_millis(5));
        }
        let after = whole(&mut world, false);
        assert_eq!(
            after.unknown_payload_type - before.unknown_payload_type,
            50,
            "declared: {declared}"
        );
    }
}

/// W7.
#[test]
fn a_peer_has_so_many_ssrcs_and_no_more() {
    let mut world = call(false);
    let address = world.address_of(0);
    let renew = |world: &mut World, times: usize| {
        for _ in 0..times {
            world.client(0).renew_ssrc(SourceKind::Microphone);
            let packet = world.client(0).media_packet(SourceKind::Microphone, 80);
            world.inject(address, &mut packet.expect("connected"));
        }
        world.run_for(Duration::from_millis(100));
        *world.sfu().counters()
    };
    // Those that belong to nothing make room for one another.
    let counters = renew(&mut world, 200);
    assert_eq!(counters.srtp_too_many_ssrcs, 0, "{counters:?}");
    assert!(counters.unknown_ssrc >= 190, "{counters:?}");
    // But none is forgotten, and so many are given up at most.
    for _ in 0..22 {
        renew(&mut world, 200);
    }
    // The camera is as before.
    let counters = whole(&mut world, true);
    assert!(counters.srtp_too_many_ssrcs >= 300, "{counters:?}");
}

/// W2.
#[test]
fn a_wrong_password_is_ignored_and_ends_nothing() {
    let mut world = call(true);
    // The same seed makes the same fragment, but the password is only overheard in part.
    let now = world.now();
    let mut stranger = Client::new(ClientConfig::default(), now);
    let answer = world.events().iter().find_map(|event| {
        if let Event::Joined { joined, .. } = event {
            Some(joined.clone())
        } else {
            None
        }
    });
    let joined = answer.expect("somebody has joined");
    stranger
        .accept(&joined.answer.replace("a=ice-pwd:", "a=ice-pwd:x"), &joined.slots, now)
        .unwrap();
    let before = *world.sfu().counters();
    world.run_with_stranger(&mut stranger, "203.0.113.50:9".parse().unwrap(), Duration::from_secs(1));
    let after = whole(&mut world, false);
    assert!(after.stun_auth_failed > before.stun_auth_failed && !stranger.is_connected());
}
