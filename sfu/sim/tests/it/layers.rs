//! Simulcast: each slot gets the encoding that its size asks for, switches go unnoticed, and nobody sends in vain.

use std::time::Duration;

use sfu_core::{Command, Event, MediaKind, Mid, SlotSize, Source, SourceKind};
use sfu_sim::{ClientConfig, Conditions, ReceivedStream, World};

const LOSSY: Conditions = Conditions {
    lost: 20,
    duplicated: 10,
    delay: Duration::from_millis(20),
    jitter: Duration::from_millis(15),
};

/// One who sends a camera in three encodings, and as many who watch.
fn audience(watchers: usize, conditions: Conditions) -> World {
    audience_of(ClientConfig::default(), watchers, conditions)
}

fn audience_of(camera: ClientConfig, watchers: usize, conditions: Conditions) -> World {
    let mut world = World::new(33, conditions);
    world.join(ClientConfig {
        tag: 1,
        sources: vec![SourceKind::Camera],
        audio_slots: 0,
        video_slots: 0,
        simulcast: true,
        temporal_layers: true,
        ..camera
    });
    for index in 0..watchers {
        world.join(ClientConfig {
            tag: 2 + u32::try_from(index).expect("a few"),
            sources: Vec::new(),
            audio_slots: 0,
            ..ClientConfig::default()
        });
    }
    world.connect_all();
    for index in 0..=watchers {
        world.admit(index, true);
    }
    let now = world.now();
    world.client(0).start_media(now);
    world
}

fn camera(world: &World) -> Source {
    Source {
        peer: world.peer(0),
        kind: SourceKind::Camera,
    }
}

fn size(world: &mut World, index: usize, height: u16) {
    let mid = world.slot_mids(index, MediaKind::Video).remove(0);
    let sizes = vec![SlotSize {
        mid: Mid(mid),
        width: height / 9 * 16,
        height,
    }];
    let peer = world.peer(index);
    world.command(Command::SizeSlots { peer, sizes });
}

fn watch(world: &mut World, index: usize, height: u16) {
    size(world, index, height);
    let camera = camera(world);
    world.show(index, &[camera]);
}

fn stream(world: &mut World, index: usize) -> ReceivedStream {
    let received = world
        .client(index)
        .check_received()
        .expect("a stream that can be decoded");
    let mut streams = received.streams.into_iter();
    streams.find(|stream| stream.video).expect("there is a video slot")
}

fn encodings(stream: &ReceivedStream) -> Vec<u8> {
    stream.layers.iter().map(|(encoding, _)| *encoding).collect()
}

/// Runs the world, the publisher doing as it is told about its encodings; says how often it was. `seen` counts the
/// events that were looked at.
fn run_obeying(world: &mut World, seen: &mut usize, duration: Duration) -> usize {
    let mut told = 0;
    let end = world.now() + duration;
    while world.now() < end {
        let news: Vec<_> = world.events()[*seen..].to_vec();
        *seen += news.len();
        for event in news {
            if let Event::Encodings { encodings, .. } = event {
                world.client(0).set_encodings(SourceKind::Camera, &encodings);
                told += 1;
            }
        }
        world.run_for(Duration::from_millis(50));
    }
    told
}

#[test]
fn three_sizes_get_three_encodings() {
    let mut world = audience(3, Conditions::PERFECT);
    for (index, height) in [(1, 180), (2, 360), (3, 720)] {
        watch(&mut world, index, height);
    }
    world.run_for(Duration::from_secs(5));
    for (index, encoding) in [(1, 0), (2, 1), (3, 2)] {
        let stream = stream(&mut world, index);
        assert_eq!(encodings(&stream).last(), Some(&encoding), "{stream:?}");
        assert_eq!((stream.layers.last().unwrap().1, stream.holes), (2, 0), "{stream:?}");
        assert!(stream.packets > 100);
    }
}

/// Trial D2: a line with the largest first does not turn everything round.
#[test]
fn the_order_of_the_line_does_not_matter() {
    let largest_first = ClientConfig {
        largest_first: true,
        ..ClientConfig::default()
    };
    let mut world = audience_of(largest_first, 4, Conditions::PERFECT);
    for (index, height) in [(1, 180), (2, 360), (3, 720)] {
        watch(&mut world, index, height);
    }
    // The last one does not say how large it shows it.
    let camera = camera(&world);
    world.show(4, &[camera]);
    world.run_for(Duration::from_secs(5));
    for (index, encoding) in [(1, 0), (2, 1), (3, 2), (4, 2)] {
        let stream = stream(&mut world, index);
        assert_eq!(encodings(&stream).last(), Some(&encoding), "{index}: {stream:?}");
        assert_eq!((stream.layers.last().unwrap().1, stream.holes), (2, 0), "{stream:?}");
        assert!(stream.packets > 100);
    }
    // And a path with room for the small one alone gets that.
    let mut remb = vec![0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0];
    remb.extend(b"REMB");
    remb.extend([1, 0, 0, 0, 0, 0, 0, 1]);
    let (exponent, mantissa) = (10u32, 300_000u32 >> 10);
    let word = exponent << 18 | mantissa;
    remb[17..20].copy_from_slice(&word.to_be_bytes()[1..]);
    let from = world.address_of(4);
    let mut bytes = world.client(4).raw_rtcp(&remb).expect("it is connected");
    world.inject(from, &mut bytes);
    world.run_for(Duration::from_secs(2));
    let stream = stream(&mut world, 4);
    assert_eq!(encodings(&stream).last(), Some(&0), "{stream:?}");
}

#[test]
fn what_is_made_small_and_large_again_rises_at_once() {
    let mut world = audience(1, Conditions::PERFECT);
    watch(&mut world, 1, 720);
    world.run_for(Duration::from_secs(5));
    // More often than rises in vain make a slot wait for the longest.
    for _ in 0..4 {
        size(&mut world, 1, 180);
        world.run_for(Duration::from_millis(300));
        size(&mut world, 1, 720);
        world.run_for(Duration::from_millis(650));
        let stream = stream(&mut world, 1);
        assert_eq!(encodings(&stream).last(), Some(&2), "{stream:?}");
    }
}

#[test]
fn changes_of_size_are_one_continuous_stream() {
    let mut world = audience(1, Conditions::PERFECT);
    watch(&mut world, 1, 180);
    world.run_for(Duration::from_secs(2));
    for round in 0..20u16 {
        size(&mut world, 1, [720, 360, 180][usize::from(round % 3)]);
        world.run_for(Duration::from_millis(1_500));
    }
    let stream = stream(&mut world, 1);
    let seen = encodings(&stream);
    assert_eq!(seen[seen.len() - 20..], [2, 1, 0].repeat(7)[..20], "{stream:?}");
    assert_eq!(stream.holes, 0);
    // Twice a second at most, however often somebody changes.
    let requests = world.client(0).check_received().unwrap().keyframe_requests;
    assert!(requests < 3 * 30, "{requests}");
}

#[test]
fn switching_survives_loss_and_reordering() {
    let mut world = audience(2, LOSSY);
    watch(&mut world, 1, 180);
    watch(&mut world, 2, 720);
    for round in 0..30u16 {
        size(&mut world, 1, [720, 360, 180][usize::from(round % 3)]);
        world.run_for(Duration::from_millis(1_000));
    }
    let stream = stream(&mut world, 1);
    assert!(stream.layers.len() >= 20, "{stream:?}");
}

#[test]
fn a_slot_that_is_not_shown_gets_nothing_until_it_is() {
    let mut world = audience(1, Conditions::PERFECT);
    watch(&mut world, 1, 360);
    world.run_for(Duration::from_secs(2));
    size(&mut world, 1, 0);
    world.run_for(Duration::from_millis(200));
    let before = stream(&mut world, 1).packets;
    world.run_for(Duration::from_secs(3));
    assert_eq!(stream(&mut world, 1).packets, before);
    size(&mut world, 1, 360);
    world.run_for(Duration::from_secs(1));
    assert!(stream(&mut world, 1).packets > before + 20);
}

#[test]
fn what_nobody_watches_is_not_sent() {
    let mut world = audience(2, Conditions::PERFECT);
    let mut seen = 0;
    let mut run = |world: &mut World, millis| run_obeying(world, &mut seen, Duration::from_millis(millis));
    watch(&mut world, 1, 180);
    watch(&mut world, 2, 720);
    run(&mut world, 8_000);
    assert_eq!(world.client(0).sent_encodings(), ["l", "h"]);
    // A short look away costs nothing.
    size(&mut world, 2, 180);
    assert_eq!(run(&mut world, 3_000), 0);
    size(&mut world, 2, 720);
    assert_eq!(run(&mut world, 8_000), 0);
    size(&mut world, 2, 180);
    assert_eq!(run(&mut world, 8_000), 1);
    assert_eq!(world.client(0).sent_encodings(), ["l"]);
    // Wanted back, it is there within a moment; until then the small one flows on.
    size(&mut world, 2, 720);
    assert_eq!(run(&mut world, 500), 1);
    assert_eq!(world.client(0).sent_encodings(), ["l", "h"]);
    let stream = stream(&mut world, 2);
    let seen = encodings(&stream);
    assert_eq!(seen[seen.len() - 5..], [2, 0, 2, 0, 2], "{stream:?}");
    assert_eq!(stream.holes, 0);
}

#[test]
fn an_encoding_that_stops_is_replaced_and_comes_back() {
    let mut world = audience(1, Conditions::PERFECT);
    watch(&mut world, 1, 720);
    world.run_for(Duration::from_secs(2));
    // As a browser does whose uplink is too narrow.
    let without_best = [("h".to_owned(), false)];
    world.client(0).set_encodings(SourceKind::Camera, &without_best);
    world.run_for(Duration::from_millis(2_500));
    assert_eq!(encodings(&stream(&mut world, 1)).last(), Some(&1));
    let with_best = [("h".to_owned(), true)];
    world.client(0).set_encodings(SourceKind::Camera, &with_best);
    world.run_for(Duration::from_millis(500));
    let stream = stream(&mut world, 1);
    assert_eq!((encodings(&stream).last(), stream.holes), (Some(&2), 0));
}

#[test]
fn a_muted_source_reaches_nobody() {
    let mut world = audience(1, Conditions::PERFECT);
    watch(&mut world, 1, 720);
    world.run_for(Duration::from_secs(2));
    let source = camera(&world);
    world.command(Command::Mute { source, muted: true });
    world.run_for(Duration::from_millis(200));
    let before = stream(&mut world, 1).packets;
    assert!(before > 50);
    world.run_for(Duration::from_secs(2));
    assert_eq!(stream(&mut world, 1).packets, before);
    world.command(Command::Mute { source, muted: false });
    world.run_for(Duration::from_secs(1));
    assert!(stream(&mut world, 1).packets > before + 20);
}

/// What its pictures turned out to be while nobody got them.
#[test]
fn what_changed_of_a_muted_source_holds_when_it_is_heard_again() {
    for by_gate in [false, true] {
        let camera_of = ClientConfig {
            low_pictures: true,
            ..ClientConfig::default()
        };
        let mut world = audience_of(camera_of, 1, Conditions::PERFECT);
        let (source, peer) = (camera(&world), world.peer(0));
        let shut = |world: &mut World, shut: bool| {
            world.command(if by_gate {
                Command::SetForwarding { peer, allowed: !shut }
            } else {
                Command::Mute { source, muted: shut }
            });
        };
        shut(&mut world, true);
        watch(&mut world, 1, 180);
        world.run_for(Duration::from_secs(1));
        shut(&mut world, false);
        world.run_for(Duration::from_secs(2));
        // The best has as many lines as the slot; before one is known, the least is taken to.
        assert_eq!(encodings(&stream(&mut world, 1)), [2]);
    }
}

#[test]
fn who_comes_a_moment_after_a_keyframe_needs_no_other() {
    let mut world = audience(30, Conditions::PERFECT);
    watch(&mut world, 1, 720);
    world.run_for(Duration::from_secs(2));
    let requests = |world: &mut World| world.client(0).check_received().unwrap().keyframe_requests;
    let before = requests(&mut world);
    // One every 30 ms, for almost a second.
    let mut waiting = 0;
    for index in 2..=30 {
        watch(&mut world, index, 720);
        world.run_for(Duration::from_millis(30));
        let stream = stream(&mut world, index);
        waiting += usize::from(stream.packets == 0);
        assert_eq!(stream.holes, 0);
    }
    assert!(waiting <= 4, "{waiting} waited for another keyframe");
    world.run_for(Duration::from_secs(1));
    for index in 2..=30 {
        assert!(stream(&mut world, index).packets > 30);
    }
    // Three encodings are asked in one request, and a request is answered for a second.
    assert!(
        requests(&mut world) - before <= 3 * 3,
        "{}",
        requests(&mut world) - before
    );
}

#[test]
fn a_publisher_that_jumps_ahead_is_seen_again() {
    let mut world = audience(1, Conditions::PERFECT);
    watch(&mut world, 1, 720);
    world.run_for(Duration::from_secs(2));
    let before = stream(&mut world, 1).packets;
    world.client(0).skip_numbers(SourceKind::Camera, 5_000);
    world.run_for(Duration::from_secs(2));
    assert!(stream(&mut world, 1).packets > before + 50);
}
