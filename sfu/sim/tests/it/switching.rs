//! Slots that change what they carry stay one stream; publishers are not asked for more keyframes than need be.

use std::time::Duration;

use sfu_core::{Source, SourceKind};
use sfu_sim::{ClientConfig, Conditions, World};

/// One who watches and two who send.
fn audience() -> World {
    let mut world = World::new(21, Conditions::PERFECT);
    world.join(ClientConfig {
        tag: 1,
        sources: Vec::new(),
        audio_slots: 1,
        video_slots: 2,
        ..ClientConfig::default()
    });
    for tag in 2..=3 {
        world.join(ClientConfig {
            tag,
            declare_ssrcs: tag == 2,
            ..ClientConfig::default()
        });
    }
    world.connect_all();
    for index in 0..3 {
        world.admit(index, true);
        let now = world.now();
        world.client(index).start_media(now);
    }
    world
}

fn camera(world: &World, index: usize) -> Source {
    Source {
        peer: world.peer(index),
        kind: SourceKind::Camera,
    }
}

fn microphone(world: &World, index: usize) -> Source {
    Source {
        peer: world.peer(index),
        kind: SourceKind::Microphone,
    }
}

#[test]
fn a_slot_without_the_codec_of_its_source_waits() {
    let takes_h264 = ClientConfig {
        h264_slots: true,
        ..ClientConfig::default()
    };
    let mut world = World::call(22, Conditions::PERFECT, [ClientConfig::default(), takes_h264]);
    world.run_for(Duration::from_secs(5));
    let packets = |world: &mut World, index: usize| -> Vec<usize> {
        let received = world.client(index).check_received().unwrap();
        received.streams.iter().map(|stream| stream.packets).collect()
    };
    let (one, two) = (packets(&mut world, 0), packets(&mut world, 1));
    assert!(one.iter().all(|packets| *packets > 150), "{one:?}");
    assert!(two[0] > 150 && two[1] == 0, "{two:?}");
    assert!(world.sfu().counters().codec_not_negotiated > 100);
    // Asking for keyframes would not help.
    let asked = world.client(0).check_received().unwrap().keyframe_requests;
    assert!(asked <= 3, "{asked}");
}

#[test]
fn twenty_switches_are_one_continuous_stream() {
    let mut world = audience();
    for round in 0..20 {
        let shown = 1 + round % 2;
        let (sound, picture) = (microphone(&world, shown), camera(&world, shown));
        world.show(0, &[sound, picture]);
        world.run_for(Duration::from_millis(1_100));
    }
    let received = world.client(0).check_received().unwrap();
    for stream in received.streams.iter().filter(|stream| stream.packets > 0) {
        assert_eq!((stream.sources.len(), stream.holes), (20, 0), "{stream:?}");
        let kinds: Vec<u32> = stream.sources.iter().map(|(tag, _)| *tag).collect();
        assert_eq!(kinds, [2, 3].repeat(10));
    }
    assert!(received.streams.iter().map(|stream| stream.packets).sum::<usize>() > 1_500);
}

#[test]
fn a_slot_that_was_empty_for_long_continues_its_clock() {
    let mut world = audience();
    let picture = camera(&world, 1);
    world.show(0, &[picture]);
    world.run_for(Duration::from_secs(2));
    world.show(0, &[]);
    world.run_for(Duration::from_secs(30));
    let picture = camera(&world, 2);
    world.show(0, &[picture]);
    world.run_for(Duration::from_secs(2));
    let received = world.client(0).check_received().unwrap();
    let video = received.streams.iter().find(|stream| stream.packets > 0).unwrap();
    assert_eq!(video.sources, [(2, SourceKind::Camera), (3, SourceKind::Camera)]);
}

/// W12.
#[test]
fn keyframes_are_asked_for_sparingly_however_many_want_one() {
    let mut world = audience();
    for tag in 4..=9 {
        let index = world.join(ClientConfig {
            tag,
            sources: Vec::new(),
            ..ClientConfig::default()
        });
        world.admit(index, true);
    }
    world.connect_all();
    for index in (3..9).chain([0]) {
        let picture = camera(&world, 1);
        world.show(index, &[picture]);
    }
    world.run_for(Duration::from_secs(1));
    let before = world.client(1).check_received().unwrap().keyframe_requests;
    // Seven subscribers ask every 20 ms for ten seconds.
    for _ in 0..500 {
        for index in (3..9).chain([0]) {
            world.client(index).request_keyframes();
        }
        world.run_for(Duration::from_millis(20));
    }
    let asked = world.client(1).check_received().unwrap().keyframe_requests - before;
    assert!((10..=21).contains(&asked), "{asked} requests in 10 s");
    for index in 3..9 {
        let received = world.client(index).check_received().unwrap();
        assert!(
            received
                .streams
                .iter()
                .any(|stream| stream.video && stream.packets > 400),
            "{received:?}"
        );
    }
}

#[test]
fn one_who_asks_all_the_time_does_not_make_the_picture_worse_for_others() {
    let mut world = audience();
    let picture = camera(&world, 1);
    world.show(0, &[picture]);
    world.run_for(Duration::from_secs(1));
    let before = world.client(1).check_received().unwrap().keyframe_requests;
    for _ in 0..1_000 {
        world.client(0).request_keyframes();
        world.run_for(Duration::from_millis(20));
    }
    let asked = world.client(1).check_received().unwrap().keyframe_requests - before;
    // Four at first, and one every two seconds.
    assert!((8..=14).contains(&asked), "{asked} requests in 20 s");
}

#[test]
fn no_keyframe_is_asked_for_a_slot_without_source() {
    let mut world = audience();
    world.run_for(Duration::from_secs(1));
    let before = world.client(1).check_received().unwrap().keyframe_requests;
    for _ in 0..20 {
        world.client(0).request_keyframes();
        world.run_for(Duration::from_millis(100));
    }
    assert_eq!(world.client(1).check_received().unwrap().keyframe_requests, before);
}

#[test]
fn a_source_may_begin_a_new_ssrc_and_the_slot_stays_one_stream() {
    let mut world = audience();
    // The second publisher does not declare its SSRCs, so a new one is learnt by its mid.
    let (sound, picture) = (microphone(&world, 2), camera(&world, 2));
    world.show(0, &[sound, picture]);
    for _ in 0..4 {
        world.run_for(Duration::from_secs(1));
        world.client(2).renew_ssrc(SourceKind::Camera);
    }
    world.run_for(Duration::from_secs(1));
    let received = world.client(0).check_received().unwrap();
    let video = received
        .streams
        .iter()
        .find(|stream| stream.video && stream.packets > 0)
        .unwrap();
    assert!(video.packets > 200 && video.holes == 0, "{video:?}");
    let packets = video.packets;
    // It may not do so all the time; when it stops, the last one counts.
    for _ in 0..20 {
        world.client(2).renew_ssrc(SourceKind::Camera);
        world.run_for(Duration::from_millis(50));
    }
    assert!(world.sfu().counters().unknown_ssrc > 20);
    world.run_for(Duration::from_secs(2));
    let received = world.client(0).check_received().unwrap();
    let last = received
        .streams
        .iter()
        .find(|stream| stream.video && stream.packets > 0);
    assert!(last.is_some_and(|last| last.packets > packets + 80), "{last:?}");
}
