//! A source of one encoding: there is nothing smaller to show, so an estimate alone does not silence it.

use std::time::Duration;

use sfu_core::{Event, Source, SourceKind};
use sfu_sim::{ClientConfig, Conditions, World};

/// A camera of one encoding at 1.5 Mbit/s, and somebody who watches it, for ten seconds.
fn call(conditions: Conditions) -> World {
    let mut world = World::new(41, conditions);
    world.join(ClientConfig {
        sources: vec![SourceKind::Camera],
        audio_slots: 0,
        video_slots: 0,
        full_rate: true,
        ..ClientConfig::default()
    });
    world.join(ClientConfig {
        tag: 2,
        sources: Vec::new(),
        audio_slots: 0,
        ..ClientConfig::default()
    });
    world.connect_all();
    for index in 0..2 {
        world.admit(index, true);
    }
    let now = world.now();
    world.client(0).start_media(now);
    let camera = Source {
        peer: world.peer(0),
        kind: SourceKind::Camera,
    };
    world.show(1, &[camera]);
    world.run_for(Duration::from_secs(10));
    world
}

/// The share of what the publisher makes in such a time that does not leave for the viewer.
fn withheld(world: &mut World, duration: Duration) -> f64 {
    let before = (
        world.client(0).made(SourceKind::Camera),
        world.sfu().counters().forwarded,
    );
    world.run_for(duration);
    let made = world.client(0).made(SourceKind::Camera) - before.0;
    1.0 - (world.sfu().counters().forwarded - before.1) as f64 / f64::from(made)
}

/// How many pictures the viewer was told to be withheld, each time.
fn reported_withheld(world: &World) -> Vec<usize> {
    let viewer = world.peer(1);
    let reported = world.events().iter().filter_map(|event| {
        let Event::Withheld { peer, slots } = event else {
            return None;
        };
        (*peer == viewer).then_some(slots.len())
    });
    reported.collect()
}

/// A receiver's own limit, in units of 1,024 bits a second (draft-alvestrand-rmcat-remb 2.2).
fn limit(world: &mut World, kilobits: u32) {
    let mut remb = vec![0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0];
    remb.extend(b"REMB");
    remb.push(1);
    remb.extend(&(10u32 << 18 | kilobits).to_be_bytes()[1..]);
    remb.extend([0, 0, 0, 1]);
    let from = world.address_of(1);
    let mut bytes = world.client(1).raw_rtcp(&remb).expect("it is connected");
    world.inject(from, &mut bytes);
}

/// Trial D3: it was paused for good.
#[test]
fn one_encoding_above_the_viewers_limit_is_sent_on_while_it_arrives() {
    let mut world = call(Conditions::PERFECT);
    // Less than half of what it takes: a first picture that has room for half is kept in any case.
    limit(&mut world, 600);
    let share = withheld(&mut world, Duration::from_secs(30));
    assert!(share < 0.01, "{share} withheld");
    assert!(reported_withheld(&world).is_empty());
}

/// Trial F17: delays that come from the receiver's own scheduling look like a queue.
#[test]
fn a_receiver_without_processor_time_gets_the_picture_all_the_same() {
    let mut world = call(Conditions::PERFECT);
    let stalls = [20, 180, 40, 320, 15, 90, 240, 30, 400, 60];
    world.starve(1, stalls.into_iter().map(Duration::from_millis).collect());
    let share = withheld(&mut world, Duration::from_secs(60));
    assert!(share < 0.02, "{share} withheld");
}

/// But what a path does not carry is not forced on it.
#[test]
fn one_encoding_that_gets_lost_is_not_forced_on_a_path() {
    let mut world = call(Conditions::PERFECT);
    world.network().conditions.lost = 350;
    world.run_for(Duration::from_secs(5));
    let share = withheld(&mut world, Duration::from_secs(20));
    assert!(share > 0.3, "{share} withheld");
    // And it comes back when the loss is over, with the next probe: after many that failed that is up to 16 s away.
    world.network().conditions.lost = 0;
    world.run_for(Duration::from_secs(17));
    let share = withheld(&mut world, Duration::from_secs(10));
    assert!(share < 0.01, "{share} withheld");
    // What is withheld is told, each change once, and that it is over.
    let reported = reported_withheld(&world);
    assert!(reported.len() >= 2 && reported.len().is_multiple_of(2), "{reported:?}");
    for (change, slots) in reported.iter().enumerate() {
        assert_eq!(*slots, usize::from(change.is_multiple_of(2)), "{reported:?}");
    }
}
