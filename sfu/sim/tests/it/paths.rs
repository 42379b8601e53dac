//! Paths: restarts, and who may claim an address.

use std::net::SocketAddr;
use std::time::Duration;

use sfu_core::{Command, Counters, DisconnectReason, Event, SourceKind};
use sfu_sim::{ClientConfig, Conditions, World};

fn call(people: u32) -> World {
    let mut world = World::new(41, Conditions::PERFECT);
    for tag in 1..=people {
        world.join(ClientConfig {
            tag,
            ..ClientConfig::default()
        });
    }
    world.begin(2);
    world.run_for(Duration::from_secs(2));
    world
}

/// Both of the first two got every packet of the other, without a gap.
fn whole(world: &mut World) -> Counters {
    whole_but_for(world, 0)
}

/// As [`whole`], but for so many packets that were on their way to an address that was given up.
fn whole_but_for(world: &mut World, lost: usize) -> Counters {
    for index in 0..2 {
        world.client(index).stop_media();
    }
    world.run_for(Duration::from_millis(500));
    for (index, other) in [(0, 1), (1, 0)] {
        let received = world.client(index).check_received().expect("a whole stream");
        let sound = received.streams.iter().find(|stream| !stream.video).expect("a slot");
        let made = world.client(other).made(SourceKind::Microphone) as usize;
        assert!(
            sound.holes <= lost && made - sound.packets <= sound.holes,
            "{made} made, {sound:?}"
        );
    }
    *world.sfu().counters()
}

/// Asks for a restart of a client and returns the new credentials.
fn restart(world: &mut World, index: usize) -> (String, String) {
    let peer = world.peer(index);
    let ufrag = world.client(index).restart();
    world.command(Command::Restart { peer, ufrag });
    let Some(Event::Restarted {
        peer: of,
        ufrag,
        password,
    }) = world.events().last().cloned()
    else {
        panic!("no answer: {:?}", world.events().last());
    };
    assert_eq!(of, peer);
    (ufrag, password)
}

#[test]
fn a_restart_loses_no_packet_and_ends_the_old_credentials() {
    let mut world = call(2);
    world.record();
    world.run_for(Duration::from_secs(3));
    let old_checks: Vec<_> = world
        .take_recorded()
        .into_iter()
        .filter(|(_, bytes)| bytes[0] < 4)
        .collect();
    assert!(!old_checks.is_empty());

    // The first answer gets lost on its way to the client, which asks again; meanwhile the call goes on.
    let lost = restart(&mut world, 0);
    world.run_for(Duration::from_secs(3));
    assert_eq!(
        world.sfu().counters().stun_auth_failed,
        0,
        "the old session is good until a new one is nominated"
    );
    let (ufrag, password) = restart(&mut world, 0);
    assert_ne!(lost, (ufrag.clone(), password.clone()));
    let now = world.now();
    world.client(0).restarted(&ufrag, &password, now);
    world.run_for(Duration::from_secs(3));

    let before = *world.sfu().counters();
    for (from, mut bytes) in old_checks {
        world.inject(from, &mut bytes);
    }
    let after = *world.sfu().counters();
    assert!(after.stun_unknown_ufrag > before.stun_unknown_ufrag);
    let counters = whole(&mut world);
    assert_eq!((counters.stun_auth_failed, counters.dtls_failed), (0, 0));
}

#[test]
fn a_restart_from_another_address_moves_the_call() {
    let mut world = call(2);
    let (ufrag, password) = restart(&mut world, 0);
    let now = world.now();
    world.client(0).restarted(&ufrag, &password, now);
    world.roam(0);
    world.run_for(Duration::from_secs(2));
    whole_but_for(&mut world, 1);
}

#[test]
fn restarts_of_nobody_or_without_measure_are_not_answered() {
    let mut world = call(2);
    let before = world.events().len();
    for (peer, ufrag) in [
        (sfu_core::PeerId(77), "good".to_owned()),
        (world.peer(0), "x".repeat(257)),
    ] {
        world.command(Command::Restart { peer, ufrag });
    }
    assert_eq!(world.events().len(), before);
    whole(&mut world);
}

#[test]
fn a_forged_address_does_not_take_a_path_over() {
    let mut world = call(3);
    let victim = world.address_of(0);
    // The third client has credentials of its own, and can send in another's name.
    for _ in 0..40 {
        let now = world.now();
        world.client(2).moved(now);
        while let Some(mut bytes) = world.client(2).poll_transmit() {
            world.inject(victim, &mut bytes);
        }
        world.run_for(Duration::from_millis(100));
    }
    let counters = whole(&mut world);
    assert!(counters.stun_pair_taken >= 40, "{counters:?}");
}

/// W6.
#[test]
fn forged_packets_use_up_nothing_of_their_victim() {
    let mut world = call(2);
    let victim = world.address_of(0);
    let mut forged = world
        .client(0)
        .media_packet(SourceKind::Microphone, 100)
        .expect("connected");
    let last = forged.len() - 1;
    forged[last] ^= 1;
    // The one packet that was made but not sent leaves a hole of its own, so it is sent after all.
    let mut authentic = forged.clone();
    authentic[last] ^= 1;
    world.inject(victim, &mut authentic);
    for _ in 0..20 {
        for _ in 0..1_000 {
            world.inject(victim, &mut forged.clone());
        }
        world.run_for(Duration::from_millis(100));
    }
    let counters = whole(&mut world);
    assert_eq!(counters.rate_limited, 0, "{counters:?}");
    assert!(
        counters.srtp_auth_failed + counters.srtp_replayed >= 20_000,
        "{counters:?}"
    );
}

#[test]
fn checks_are_answered_at_a_bounded_rate() {
    let mut world = call(2);
    let own = world.address_of(0);
    let before = *world.sfu().counters();
    let now = world.now();
    for _ in 0..1_000 {
        world.client(0).moved(now);
        while let Some(mut bytes) = world.client(0).poll_transmit() {
            world.inject(own, &mut bytes);
        }
    }
    let after = *world.sfu().counters();
    let answered = after.stun_checks - before.stun_checks;
    assert!((150..=200).contains(&answered), "{answered}");
    assert!(after.rate_limited - before.rate_limited >= 800);
    world.run_for(Duration::from_secs(2));
    whole(&mut world);
}

#[test]
fn handshakes_are_looked_at_at_a_bounded_rate() {
    let mut world = call(2);
    let own = world.address_of(0);
    let before = *world.sfu().counters();
    for _ in 0..1_000 {
        // A record of application data in epoch 0.
        world.inject(own, &mut [23, 254, 253, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0]);
    }
    let after = *world.sfu().counters();
    assert!(after.rate_limited - before.rate_limited >= 790, "{after:?}");
    assert!(!world.events().iter().any(|event| matches!(
        event,
        Event::Disconnected {
            reason: DisconnectReason::Closed,
            ..
        }
    )));
    whole(&mut world);
}

#[test]
fn a_stranger_may_use_an_address_that_nobody_was_heard_from_lately() {
    let mut world = call(2);
    let address = SocketAddr::from(([198, 51, 100, 77], 7));
    let gone = world.join_from(
        ClientConfig {
            tag: 3,
            ..ClientConfig::default()
        },
        address,
    );
    world.connect_all();
    let peer = world.peer(gone);
    world.command(Command::Leave { peer });
    let next = world.join_from(
        ClientConfig {
            tag: 4,
            ..ClientConfig::default()
        },
        address,
    );
    assert!(
        world.run_until(Duration::from_secs(1), |world| world.client(next).is_connected()),
        "at once"
    );
    whole(&mut world);
}
