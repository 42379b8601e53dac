//! Sound: redundancy against loss, and the loudest of a room.

use std::time::Duration;

use sfu_core::{Command, Event, MediaKind, PeerId, SlotContent, SlotMapping, Source, SourceKind};
use sfu_sim::{ClientConfig, Conditions, World};

/// Five of a hundred lost each way, and a round trip of 60 ms.
const LOSSY: Conditions = Conditions {
    lost: 50,
    duplicated: 0,
    delay: Duration::from_millis(30),
    jitter: Duration::from_millis(5),
};

fn talker(tag: u32, redundancy: bool) -> ClientConfig {
    ClientConfig {
        tag,
        sources: vec![SourceKind::Microphone],
        audio_slots: 1,
        video_slots: 0,
        redundancy,
        ..ClientConfig::default()
    }
}

fn begin(world: &mut World, clients: usize) {
    world.connect_all();
    for index in 0..clients {
        world.admit(index, true);
        let now = world.now();
        world.client(index).start_media(now);
    }
}

fn microphone(peer: PeerId) -> Source {
    Source {
        peer,
        kind: SourceKind::Microphone,
    }
}

/// The sound that the second of two hears of the first: the longest gap, how much is missing, how much of what came was
/// redundant, and how often the core used and made redundancy.
fn heard(seed: u64, conditions: Conditions, redundancy: [bool; 2]) -> (Duration, f64, f64, (u64, u64)) {
    let mut world = World::new(seed, conditions);
    for (tag, redundancy) in (1..).zip(redundancy) {
        world.join(talker(tag, redundancy));
    }
    world.begin(2);
    world.run_for(Duration::from_secs(60));
    let counters = *world.sfu().counters();
    let mid = world.slot_mids(1, MediaKind::Audio).remove(0);
    let stream = world
        .client(1)
        .check_received()
        .expect("a whole stream")
        .streams
        .remove(0);
    let heard = world.client(1).heard(&mid).expect("an audio slot");
    assert!(heard.frames > 2_500, "{heard:?}");
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    (
        heard.longest_gap,
        share(heard.missing, heard.frames + heard.missing),
        share(stream.redundant, stream.packets),
        (counters.redundancy_used, counters.redundancy_made),
    )
}

#[test]
fn sound_with_redundancy_has_no_audible_gap_on_a_lossy_path() {
    for seed in 0..4 {
        let (gap, missing, redundant, (used, made)) = heard(seed, LOSSY, [true, true]);
        assert!(gap <= Duration::from_millis(60), "seed {seed}: {gap:?}");
        assert!(missing < 0.01, "seed {seed}: {missing}");
        assert!(
            redundant > 0.8 && used > 100 && made > 2_000,
            "seed {seed}: {redundant} {used} {made}"
        );
    }
    let (_, without, redundant, counts) = heard(0, LOSSY, [false, false]);
    assert!(
        without > 0.07 && redundant == 0.0 && counts == (0, 0),
        "{without} {redundant}"
    );
}

#[test]
fn a_publishers_redundancy_helps_who_has_none_and_a_good_path_is_spared_it() {
    // What its uplink lost is made good, for one who takes plain sound only.
    let (_, missing, redundant, (used, _)) = heard(5, LOSSY, [true, false]);
    assert!(missing < 0.065 && redundant == 0.0 && used > 100, "{missing} {used}");
    // The server makes it for who takes it, from a plain publisher.
    let (_, missing, redundant, (_, made)) = heard(6, LOSSY, [false, true]);
    assert!(
        missing < 0.065 && redundant > 0.8 && made > 2_000,
        "{missing} {redundant}"
    );
    let (gap, missing, redundant, (used, made)) = heard(7, Conditions::PERFECT, [true, true]);
    assert_eq!((gap, missing), (Duration::ZERO, 0.0));
    assert_eq!((redundant, used, made), (0.0, 0, 0));
}

#[test]
fn redundancy_ends_when_the_loss_does() {
    let mut world = World::new(8, LOSSY);
    world.join(talker(1, false));
    world.join(talker(2, true));
    world.begin(2);
    world.run_for(Duration::from_secs(10));
    assert!(world.sfu().counters().redundancy_made > 100);
    world.network().conditions = Conditions::PERFECT;
    world.run_for(Duration::from_secs(20));
    let made = world.sfu().counters().redundancy_made;
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.sfu().counters().redundancy_made, made);
    world.client(1).check_received().unwrap();
}

/// A room of so many, each with so many slots for the loudest.
fn room(clients: u32, audio_slots: usize) -> World {
    let mut world = World::new(9, Conditions::PERFECT);
    for tag in 1..=clients {
        world.join(ClientConfig {
            audio_slots,
            ..talker(tag, false)
        });
    }
    world.connect_all();
    for index in 0..clients as usize {
        let slots = world
            .slot_mids(index, MediaKind::Audio)
            .into_iter()
            .map(|mid| SlotMapping {
                mid: sfu_core::Mid(mid),
                content: SlotContent::Loudest,
            });
        let command = Command::MapSlots {
            peer: world.peer(index),
            slots: slots.collect(),
        };
        world.command(command);
    }
    begin(&mut world, clients as usize);
    world
}

/// What a peer's slots carry by what was reported of the loudest.
fn reported_loudest(world: &World, peer: PeerId) -> std::collections::BTreeMap<String, Option<PeerId>> {
    let mut slots = std::collections::BTreeMap::new();
    for event in world.events() {
        if let Event::Loudest {
            peer: of,
            slots: changed,
        } = event
            && *of == peer
        {
            slots.extend(
                changed
                    .iter()
                    .map(|(mid, source)| (mid.0.clone(), source.map(|source| source.peer))),
            );
        }
    }
    slots
}

fn speak(world: &mut World, index: usize, below_full: Option<u8>) {
    let now = world.now();
    world.client(index).speak(below_full, now);
}

#[test]
fn the_loudest_are_heard_by_everybody_else_and_keep_their_slots() {
    let mut world = room(8, 6);
    for index in 0..8 {
        speak(&mut world, index, Some(if index < 4 { 30 } else { 80 }));
    }
    world.run_for(Duration::from_secs(3));
    let peers: Vec<PeerId> = (0..8).map(|index| world.peer(index)).collect();
    for listener in 0..8 {
        let slots = reported_loudest(&world, peers[listener]);
        let carried: Vec<PeerId> = slots.values().copied().flatten().collect();
        assert_eq!(carried.len(), 5, "{slots:?}");
        for speaker in (0..4).filter(|speaker| *speaker != listener) {
            assert!(carried.contains(&peers[speaker]), "{listener} does not hear {speaker}");
        }
        assert!(!carried.contains(&peers[listener]), "{listener} hears himself");
    }
    // Somebody quiet begins to speak loudly: he comes in, and the other speakers keep their slots.
    let before = reported_loudest(&world, peers[0]);
    let events = world.events().len();
    let quiet: usize = (4..8)
        .find(|index| !before.values().any(|peer| *peer == Some(peers[*index])))
        .unwrap();
    speak(&mut world, quiet, Some(20));
    world.run_for(Duration::from_secs(2));
    let after = reported_loudest(&world, peers[0]);
    assert!(after.values().any(|peer| *peer == Some(peers[quiet])), "{after:?}");
    let changed = before.iter().filter(|(mid, peer)| after[*mid] != **peer).count();
    assert_eq!(changed, 1, "{before:?} {after:?}");
    let of_first = |event: &&Event| matches!(event, Event::Loudest { peer, .. } if *peer == peers[0]);
    assert_eq!(world.events()[events..].iter().filter(of_first).count(), 1);
    for index in 0..8 {
        world.client(index).check_received().unwrap();
    }
}

#[test]
fn a_room_is_told_who_speaks_and_a_pause_that_is_not_sent_ends_it() {
    let mut world = room(3, 2);
    speak(&mut world, 0, Some(25));
    speak(&mut world, 1, Some(90));
    speak(&mut world, 2, Some(90));
    let speakers = |world: &World| -> Vec<Vec<PeerId>> {
        let events = world.events().iter();
        events
            .filter_map(|event| {
                let Event::Speakers { peers, .. } = event else {
                    return None;
                };
                Some(peers.clone())
            })
            .collect()
    };
    world.run_for(Duration::from_secs(2));
    let (first, second) = (world.peer(0), world.peer(1));
    assert_eq!(speakers(&world), [vec![first]]);
    speak(&mut world, 0, None);
    speak(&mut world, 1, Some(25));
    world.run_for(Duration::from_secs(3));
    assert_eq!(speakers(&world).last(), Some(&vec![second]));
    assert!(speakers(&world).len() <= 4, "{:?}", speakers(&world));
    // A pause is no gap: the slots still carry who was heard, and go on when he does.
    speak(&mut world, 0, Some(25));
    world.run_for(Duration::from_secs(2));
    assert!(
        reported_loudest(&world, second)
            .values()
            .any(|peer| *peer == Some(first))
    );
    world.client(1).check_received().unwrap();
    // Who leaves is out of every slot.
    world.command(Command::Leave { peer: first });
    world.run_for(Duration::from_secs(2));
    assert!(
        !reported_loudest(&world, second)
            .values()
            .any(|peer| *peer == Some(first))
    );
}

#[test]
fn a_slot_mapped_to_a_source_carries_it_however_quiet_it_is() {
    let mut world = room(8, 2);
    let (peer, quiet) = (world.peer(0), world.peer(7));
    for index in 0..8 {
        speak(&mut world, index, Some(if index == 7 { 127 } else { 25 }));
    }
    let mid = world.slot_mids(0, MediaKind::Audio).remove(0);
    let mapping = SlotMapping {
        mid: sfu_core::Mid(mid.clone()),
        content: SlotContent::Source(microphone(quiet)),
    };
    world.command(Command::MapSlots {
        peer,
        slots: vec![mapping],
    });
    world.run_for(Duration::from_secs(3));
    let stream = world.client(0).check_received().unwrap().streams.remove(0);
    assert_eq!(stream.sources.last(), Some(&(8, SourceKind::Microphone)), "{stream:?}");
    assert!(stream.packets > 100);
}
