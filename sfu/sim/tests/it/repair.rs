//! What is seen over paths that lose packets: a lost packet costs a moment, not a picture that stands still.

use std::time::Duration;

use sfu_core::Counters;
use sfu_sim::{ClientConfig, Conditions, Profile, Scene, World, score};

/// As [`watch_by`], by a viewer who asks for what it lost.
fn watch(lossy: usize, profile: Profile, seed: u64) -> (Duration, Duration, Counters) {
    watch_by(true, lossy, profile, seed)
}

/// Of a minute: time frozen, longest time between two pictures, and what the core did. The publisher's or the viewer's
/// access is `profile`, everything else is well. The viewer `requests` what it lost, or only tells of arrivals.
fn watch_by(requests: bool, lossy: usize, profile: Profile, seed: u64) -> (Duration, Duration, Counters) {
    let mut world = World::new(seed, Conditions::PERFECT);
    for tag in 1..=2 {
        world.join(ClientConfig {
            tag,
            requests,
            ..ClientConfig::default()
        });
    }
    world.attach(lossy, profile);
    world.connect_all();
    world.show_everybody();
    for index in 0..2 {
        world.admit(index, true);
    }
    let now = world.now();
    world.client(0).start_media(now);
    world.run_for(profile.length());
    world.client(1).check_received().expect("a stream that can be decoded");
    let seen = world.client(1).seen("3").expect("a picture").clone();
    let gaps = seen.frames.windows(2).map(|pair| pair[1] - pair[0]);
    (seen.frozen(), gaps.max().unwrap_or_default(), *world.sfu().counters())
}

/// A minute in which an access loses five percent, and the picture never stands still for long.
fn watch_smoothly(lossy: usize, seed: u64) -> Counters {
    let (frozen, longest, counters) = watch(lossy, Profile::Loss5Rtt60, seed);
    assert!(
        frozen < Duration::from_millis(600),
        "{seed}: frozen for {frozen:?} of a minute"
    );
    assert!(
        longest < Duration::from_millis(400),
        "{seed}: {longest:?} between two pictures"
    );
    counters
}

#[test]
fn a_viewer_who_loses_packets_sees_them_in_time() {
    for seed in 1..=3 {
        let counters = watch_smoothly(1, seed);
        assert!(counters.repeated > 500, "{seed}: {}", counters.repeated);
    }
}

#[test]
fn a_path_that_loses_nothing_gets_nothing_twice() {
    let (frozen, _, counters) = watch(1, Profile::Steady, 1);
    assert_eq!(
        (frozen, counters.repeated, counters.retransmitted),
        (Duration::ZERO, 0, 0)
    );
}

#[test]
fn a_publisher_who_loses_packets_is_seen_in_time() {
    for seed in 1..=3 {
        let counters = watch_smoothly(0, seed);
        // Asked twice, a model client answers twice; nothing is asked for that came.
        assert!(counters.rtp_duplicate < 300, "{seed}: {}", counters.rtp_duplicate);
    }
}

#[test]
fn what_feedback_calls_lost_is_sent_again_unasked() {
    for seed in 1..=3 {
        let (_, _, counters) = watch_by(false, 1, Profile::Loss5Rtt60, seed);
        let asked_by_feedback = counters.retransmitted - counters.repeated;
        // Of some 3,000 packets of pictures 5 % get lost, a third of them ends of pictures, which went twice already.
        assert!((50..250).contains(&asked_by_feedback), "{seed}: {asked_by_feedback}");
    }
}

#[test]
fn no_voice_breaks_off_for_longer_than_60_ms_where_packets_get_lost() {
    for seed in 1..=20 {
        for profile in [Profile::Loss2, Profile::Loss5Rtt60] {
            let row = score(Scene::Call, profile, seed);
            assert!(row.longest_audio_gap <= Duration::from_millis(60), "{seed}: {row}");
        }
    }
}

#[test]
fn a_keyframe_of_a_better_encoding_does_not_stand_before_the_voice() {
    for seed in 1..=5 {
        let row = score(Scene::Call, Profile::Steady, seed);
        assert!(row.longest_audio_gap <= Duration::from_millis(60), "{seed}: {row}");
    }
}
