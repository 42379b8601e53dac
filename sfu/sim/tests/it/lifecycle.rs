//! Comings and goings: handshakes, goodbyes, consent, addresses, limits, and a room that breaks.

use std::time::{Duration, Instant};

use sfu_core::{
    Command, DisconnectReason, Event, HandshakeFailure, Input, Join, JoinError, MediaKind, Mid, PeerId, RoomId,
    SlotContent, SlotMapping, Source, SourceKind,
};
use sfu_sim::{Client, ClientConfig, Conditions, World};

fn pair(conditions: Conditions) -> World {
    World::call(11, conditions, [ClientConfig::default(), ClientConfig::default()])
}

/// The end of a peer, if it came.
fn end_of(world: &World, peer: PeerId) -> Option<(DisconnectReason, Option<Instant>)> {
    world.events().iter().find_map(|event| {
        if let Event::Disconnected {
            peer: of,
            present_until,
            reason,
        } = event
            && *of == peer
        {
            Some((*reason, *present_until))
        } else {
            None
        }
    })
}

fn packets(world: &mut World, index: usize, video: bool) -> usize {
    let received = world.client(index).check_received().expect("a whole stream");
    received
        .streams
        .iter()
        .filter(|stream| stream.video == video)
        .map(|stream| stream.packets)
        .sum()
}

#[test]
fn a_goodbye_is_heard_at_once_in_both_directions() {
    let mut world = pair(Conditions::PERFECT);
    world.run_for(Duration::from_secs(1));
    let before = world.now();
    world.client(0).close();
    world.run_for(Duration::from_millis(50));
    let (reason, last) = end_of(&world, world.peer(0)).expect("an end");
    assert_eq!(reason, DisconnectReason::Closed);
    assert!(last.unwrap().duration_since(before) < Duration::from_millis(50));
    let peer = world.peer(1);
    world.command(Command::Leave { peer });
    world.run_for(Duration::from_millis(50));
    assert_eq!(end_of(&world, peer).unwrap().0, DisconnectReason::Removed);
    assert!(world.client(1).is_closed());
    assert_eq!(world.sfu().load(), (0, 0));
}

/// W4.
#[test]
fn consent_runs_out_and_the_end_is_dated_to_the_last_packet() {
    let mut world = pair(Conditions::PERFECT);
    world.run_for(Duration::from_secs(2));
    let silent_from = world.now();
    world.network().conditions.lost = 1_000;
    world.run_for(Duration::from_secs(29));
    assert_eq!(end_of(&world, world.peer(0)), None);
    world.run_for(Duration::from_secs(3));
    for index in 0..2 {
        let (reason, last) = end_of(&world, world.peer(index)).expect("an end");
        assert_eq!(reason, DisconnectReason::ConsentExpired);
        let last = last.expect("it was connected");
        assert!(last <= silent_from + Duration::from_millis(2) && last + Duration::from_millis(100) > silent_from);
    }
}

#[test]
fn presence_is_reported_every_second_and_counters_every_two() {
    let mut world = pair(Conditions::PERFECT);
    world.run_for(Duration::from_secs(10));
    let peer = world.peer(0);
    let mut alive = Vec::new();
    let mut stats = Vec::new();
    for event in world.events() {
        if let Event::Alive {
            peer: of,
            present_until,
        } = event
            && *of == peer
        {
            alive.push(*present_until);
        } else if let Event::Stats { peer: of, stats: seen } = event
            && *of == peer
        {
            stats.push(*seen);
        }
    }
    assert!((9..=11).contains(&alive.len()), "{}", alive.len());
    assert!(alive.is_sorted() && (4..=6).contains(&stats.len()), "{}", stats.len());
    let last = stats.last().unwrap();
    assert!(
        last.packets_in > 500 && last.packets_out > 500 && last.bytes_in > 100_000,
        "{last:?}"
    );
    assert_eq!((last.packets_lost_in, last.packets_lost_out), (0, 0));
    let round_trip = last.round_trip.expect("measured");
    assert!(round_trip < Duration::from_millis(10), "{round_trip:?}");
}

#[test]
fn a_handshake_that_does_not_come_is_given_up() {
    let mut world = World::new(
        5,
        Conditions {
            lost: 1_000,
            ..Conditions::PERFECT
        },
    );
    world.join(ClientConfig::default());
    world.run_for(Duration::from_millis(14_900));
    assert_eq!(end_of(&world, world.peer(0)), None);
    world.run_for(Duration::from_millis(200));
    assert_eq!(
        end_of(&world, world.peer(0)),
        Some((DisconnectReason::HandshakeFailed(HandshakeFailure::NoPath), None))
    );
}

#[test]
fn a_handshake_that_does_not_end_is_told_from_no_path() {
    let mut world = World::new(5, Conditions::PERFECT);
    let index = world.join(ClientConfig::default());
    // Its checks get through, and none of the answers.
    world.deafen(index, true);
    world.run_for(Duration::from_millis(15_100));
    assert_eq!(
        end_of(&world, world.peer(index)),
        Some((DisconnectReason::HandshakeFailed(HandshakeFailure::TimedOut), None))
    );
}

#[test]
fn a_call_goes_on_from_another_address() {
    let mut world = pair(Conditions::PERFECT);
    world.run_for(Duration::from_secs(2));
    world.roam(0);
    let before = packets(&mut world, 0, false);
    world.run_for(Duration::from_secs(2));
    assert!(packets(&mut world, 0, false) - before > 90);
    assert_eq!(end_of(&world, world.peer(0)), None);
}

#[test]
fn an_address_that_another_peer_validates_is_that_peers() {
    let mut world = pair(Conditions::PERFECT);
    world.run_for(Duration::from_secs(1));
    let taken = world.address_of(0);
    world.client(0).stop_media();
    // The old owner falls silent, but may come back for a while.
    world.network().conditions.lost = 1_000;
    world.run_for(Duration::from_secs(8));
    world.network().conditions.lost = 0;
    let index = world.join_from(
        ClientConfig {
            tag: 3,
            ..ClientConfig::default()
        },
        taken,
    );
    world.run_for(Duration::from_secs(1));
    assert!(!world.client(index).is_connected(), "it is still the other's");
    world.connect_all();
    world.admit(index, true);
    world.show(
        index,
        &[Source {
            peer: world.peer(1),
            kind: SourceKind::Microphone,
        }],
    );
    world.run_for(Duration::from_secs(1));
    assert!(packets(&mut world, index, false) > 40);
}

#[test]
fn no_media_crosses_a_gate_that_is_shut_at_either_end() {
    let mut world = pair(Conditions::PERFECT);
    world.run_for(Duration::from_secs(1));
    for shut in 0..2 {
        world.admit(shut, false);
        world.run_for(Duration::from_millis(20));
        let before = world.sfu().counters().forwarded;
        world.run_for(Duration::from_secs(2));
        assert_eq!(world.sfu().counters().forwarded, before, "gate {shut}");
        world.admit(shut, true);
        world.run_for(Duration::from_secs(2));
        let video = packets(&mut world, 0, true) + packets(&mut world, 1, true);
        assert!(world.sfu().counters().forwarded > before + 200 && video > 200);
    }
    assert!(world.sfu().counters().gate_closed > 400);
}

#[test]
fn limits_refuse_and_ids_are_not_used_twice() {
    let mut world = World::new(7, Conditions::PERFECT);
    world.join(ClientConfig::default());
    let client = Client::new(ClientConfig::default(), world.now());
    let join = |peer, room, offer: &str| {
        Command::Join(Join {
            room: RoomId(room),
            peer: PeerId(peer),
            offer: offer.to_owned(),
            sources: Vec::new(),
            counted: true,
        })
    };
    let refusal = |world: &World| {
        world.events().iter().rev().find_map(|event| {
            if let Event::Refused { error, .. } = event {
                Some(error.clone())
            } else {
                None
            }
        })
    };
    world.command(join(100, 1, &client.offer()));
    assert_eq!(
        refusal(&world),
        Some(JoinError::BadOffer("this peer has joined already".to_owned()))
    );
    for peer in 0..sfu_core::limits::PEERS_PER_ROOM_MAX as u64 {
        world.command(join(1_000 + peer, 2, &client.offer()));
    }
    assert_eq!(refusal(&world).map(|error| error == JoinError::RoomFull), Some(false));
    world.command(join(9_000, 2, &client.offer()));
    assert_eq!(refusal(&world), Some(JoinError::RoomFull));
    world.command(join(9_001, 3, "v=0\r\n"));
    assert!(matches!(refusal(&world), Some(JoinError::BadOffer(_))));
    world.command(Command::CloseRoom { room: RoomId(2) });
    assert_eq!(world.sfu().load(), (1, 1));
}

#[test]
fn a_mapping_to_what_is_not_there_empties_the_slot() {
    let mut world = pair(Conditions::PERFECT);
    world.run_for(Duration::from_secs(1));
    let peer = world.peer(0);
    let mid = Mid(world.slot_mids(0, MediaKind::Audio).remove(0));
    let strange = [
        Source {
            peer: PeerId(77),
            kind: SourceKind::Microphone,
        },
        Source {
            peer: world.peer(1),
            kind: SourceKind::Screen,
        },
        Source {
            peer: world.peer(1),
            kind: SourceKind::Camera,
        },
    ];
    for source in strange {
        let audio = Source {
            peer: world.peer(1),
            kind: SourceKind::Microphone,
        };
        for source in [audio, source] {
            let slots = vec![SlotMapping {
                mid: mid.clone(),
                content: SlotContent::Source(source),
            }];
            world.command(Command::MapSlots { peer, slots });
            world.run_for(Duration::from_millis(200));
        }
        let before = packets(&mut world, 0, false);
        world.run_for(Duration::from_secs(1));
        assert_eq!(packets(&mut world, 0, false), before, "{source:?}");
    }
    world.command(Command::MapSlots {
        peer: PeerId(12_345),
        slots: Vec::new(),
    });
    let slots = vec![SlotMapping {
        mid: Mid("no such".to_owned()),
        content: SlotContent::Nothing,
    }];
    world.command(Command::MapSlots { peer, slots });
}

#[test]
fn a_room_that_breaks_ends_alone() {
    let mut world = pair(Conditions::PERFECT);
    world.run_for(Duration::from_secs(1));
    let other = Client::new(ClientConfig::default(), world.now());
    let join = Join {
        room: RoomId(9),
        peer: PeerId(900),
        offer: other.offer(),
        sources: other.sources(),
        counted: true,
    };
    world.command(Command::Join(join));
    // Not during a handle: nothing was worked on, so no room may be blamed.
    let now = world.now();
    assert_eq!(world.sfu().fail_room(now), None);
    world.break_randomness();
    let join = Join {
        room: RoomId(9),
        peer: PeerId(901),
        offer: other.offer(),
        sources: other.sources(),
        counted: true,
    };
    let sfu = std::panic::AssertUnwindSafe(world.sfu());
    let broken = std::panic::catch_unwind(move || {
        let mut sfu = sfu;
        sfu.handle(now, Input::Command(Command::Join(join)));
    });
    assert!(broken.is_err(), "the random source is made to panic");
    assert_eq!(world.sfu().fail_room(now), Some(RoomId(9)));
    world.run_for(Duration::from_secs(1));
    assert_eq!(end_of(&world, PeerId(900)), Some((DisconnectReason::RoomFailed, None)));
    assert_eq!((world.sfu().load(), world.sfu().counters().rooms_failed), ((1, 2), 1));
    let before = packets(&mut world, 0, false);
    world.run_for(Duration::from_secs(1));
    assert!(packets(&mut world, 0, false) - before > 45, "the other room goes on");
}
