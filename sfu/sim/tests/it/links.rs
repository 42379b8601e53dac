//! Calls over accesses of their own.

use std::time::Duration;

use sfu_sim::{ClientConfig, Conditions, Profile, World};

/// A listener and viewer behind an access, after its whole length.
fn watch(profile: Profile) -> World {
    let mut world = World::new(5, Conditions::PERFECT);
    for tag in 1..=2 {
        world.join(ClientConfig {
            tag,
            ..ClientConfig::default()
        });
    }
    world.attach(1, profile);
    world.connect_all();
    world.show_everybody();
    for index in 0..2 {
        world.admit(index, true);
    }
    let now = world.now();
    world.client(0).start_media(now);
    world.run_for(profile.length());
    world
}

#[test]
fn a_call_goes_on_behind_every_access() {
    for profile in Profile::ALL {
        let mut world = watch(profile);
        let name = profile.name();
        world
            .client(1)
            .check_received()
            .unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        // Frames of 20 a second, from the first keyframe on.
        let seen = world.client(1).seen("3").unwrap().clone();
        assert!(seen.frames.len() > 1_050, "{name}: {}", seen.frames.len());
        let heard = world.client(1).heard("2").unwrap();
        assert!(heard.frames > 2_700, "{name}: {heard:?}");
    }
}

#[test]
fn an_outage_is_seen_and_heard() {
    let mut world = watch(Profile::Outage2s);
    let seen = world.client(1).seen("3").unwrap().clone();
    let longest = seen.freezes.iter().map(|freeze| freeze.until - freeze.from).max();
    assert!(longest > Some(Duration::from_secs(2)), "{longest:?}");
    let heard = world.client(1).heard("2").unwrap();
    assert!(heard.longest_gap > Duration::from_millis(1_900), "{heard:?}");
    let access = world.access(1).unwrap();
    assert!(access.down.stats.lost > 100, "{}", access.down.stats.lost);
}
