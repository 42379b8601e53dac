//! The scores of legs: they say which way and whose source suffers, and when it is over.

use std::time::Duration;

use sfu_core::{Command, Event, LegDirection, LegStats, Mid, SlotSize, SourceKind};
use sfu_sim::{ClientConfig, Conditions, Profile, World};

const LOSSY: Conditions = Conditions {
    lost: 60,
    duplicated: 0,
    delay: Duration::from_millis(30),
    jitter: Duration::from_millis(5),
};

fn call(conditions: Conditions, redundancy: bool) -> World {
    let config = ClientConfig {
        redundancy,
        ..ClientConfig::default()
    };
    World::call(31, conditions, [config.clone(), config])
}

/// The newest legs of a client.
fn legs(world: &World, index: usize) -> Vec<LegStats> {
    let of = world.peer(index);
    let newest = world.events().iter().rev().find_map(|event| {
        let Event::Legs { peer, legs } = event else { return None };
        (*peer == of).then(|| legs.clone())
    });
    newest.expect("told every two seconds")
}

fn leg(world: &World, index: usize, direction: LegDirection, kind: SourceKind) -> LegStats {
    let mut legs = legs(world, index).into_iter();
    let found = legs.find(|leg| leg.direction == direction && leg.source.is_some_and(|source| source.kind == kind));
    found.expect("a leg")
}

fn score(world: &World, index: usize, direction: LegDirection, kind: SourceKind) -> f32 {
    leg(world, index, direction, kind).score.expect("media flows")
}

#[test]
fn every_leg_of_a_good_call_is_good() {
    let mut world = call(Conditions::PERFECT, false);
    world.run_for(Duration::from_secs(20));
    for index in 0..2 {
        let legs = legs(&world, index);
        assert_eq!(legs.len(), 4, "{legs:?}");
        for leg in legs {
            assert!(leg.score.is_some_and(|score| score > 4.3), "{leg:?}");
            assert!(leg.packets > 300 && leg.bytes > 10_000 && leg.lost == 0, "{leg:?}");
            assert_eq!(leg.layer, leg.wanted_layer, "{leg:?}");
        }
    }
    let told = world
        .events()
        .iter()
        .filter(|event| matches!(event, Event::Legs { .. }))
        .count();
    assert!((14..=24).contains(&told), "{told}");
    // A picture that is not shown is not judged.
    let mid = Mid(world.slot_mids(0, sfu_core::MediaKind::Video).remove(0));
    let hidden = SlotSize {
        mid,
        width: 0,
        height: 0,
    };
    let peer = world.peer(0);
    world.command(Command::SizeSlots {
        peer,
        sizes: vec![hidden],
    });
    world.run_for(Duration::from_secs(5));
    let hidden = leg(&world, 0, LegDirection::Receives, SourceKind::Camera);
    assert_eq!((hidden.score, hidden.wanted_layer), (None, None));
}

#[test]
fn loss_shows_redundancy_helps_and_forgiveness_is_slow() {
    let mut plain = call(LOSSY, false);
    let mut redundant = call(LOSSY, true);
    plain.run_for(Duration::from_secs(30));
    redundant.run_for(Duration::from_secs(30));
    let sound = |world: &World, direction| score(world, 1, direction, SourceKind::Microphone);
    for direction in [LegDirection::Publishes, LegDirection::Receives] {
        let (without, with) = (sound(&plain, direction), sound(&redundant, direction));
        assert!(without < 3.9, "{direction:?} {without}");
        assert!(with > without + 0.3, "{direction:?} {with} {without}");
        let leg = leg(&plain, 1, direction, SourceKind::Microphone);
        assert!(leg.lost > 20, "{leg:?}");
    }
    let suffering = sound(&plain, LegDirection::Receives);
    plain.network().conditions = Conditions::PERFECT;
    plain.run_for(Duration::from_secs(4));
    let soon = sound(&plain, LegDirection::Receives);
    plain.run_for(Duration::from_secs(60));
    let late = sound(&plain, LegDirection::Receives);
    assert!(
        soon < 4.1 && late > 4.2 && late > suffering,
        "{suffering} {soon} {late}"
    );
}

#[test]
fn the_lossy_side_is_blamed_and_not_who_listens_to_it() {
    let mut world = call(Conditions::PERFECT, false);
    world.attach(0, Profile::Loss5Rtt60);
    world.run_for(Duration::from_secs(30));
    let sound = |index, direction| score(&world, index, direction, SourceKind::Microphone);
    let (sends, receives) = (LegDirection::Publishes, LegDirection::Receives);
    for direction in [sends, receives] {
        let (lossy, clean) = (sound(0, direction), sound(1, direction));
        assert!(lossy < 4.0 && clean > 4.1, "{direction:?}: {lossy} {clean}");
    }
    // The listener misses what never reached the server all the same.
    assert!(leg(&world, 1, receives, SourceKind::Microphone).lost > 20);
}
