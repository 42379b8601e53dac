//! Coming in, and restarts, over paths that lose packets.

use std::time::Duration;

use sfu_core::{Command, Event, MediaKind};
use sfu_sim::{ClientConfig, Conditions, World};

/// 5 % each way, 60 ms there and back.
const LOSSY: Conditions = Conditions {
    lost: 50,
    duplicated: 0,
    delay: Duration::from_millis(30),
    jitter: Duration::from_millis(5),
};

fn two(seed: u64) -> World {
    let mut world = World::new(seed, LOSSY);
    for tag in 1..=2 {
        world.join(ClientConfig {
            tag,
            seed,
            ..ClientConfig::default()
        });
    }
    world
}

/// Checks and handshake take four round trips, so that a third of the joins lose nothing. What is lost is sent again after
/// 1 s by DTLS, and after 3 s what is lost twice.
#[test]
fn who_comes_in_over_a_lossy_path_is_connected_soon() {
    let mut took = Vec::new();
    for seed in 0..50 {
        let mut world = two(seed);
        let start = world.now();
        let connected = world.run_until(Duration::from_secs(14), |world| {
            (0..2).all(|index| world.client(index).is_connected())
        });
        assert!(connected, "seed {seed}");
        took.push(world.now() - start);
    }
    took.sort_unstable();
    assert!(took[25] <= Duration::from_millis(1_500), "{took:?}");
    assert!(took[49] <= Duration::from_millis(4_500), "{took:?}");
}

#[test]
fn a_restart_over_a_lossy_path_goes_on_soon() {
    for seed in 0..20 {
        let mut world = two(seed);
        world.begin(2);
        world.run_for(Duration::from_secs(2));
        let peer = world.peer(0);
        let ufrag = world.client(0).restart();
        world.command(Command::Restart { peer, ufrag });
        let Some(Event::Restarted { ufrag, password, .. }) = world.events().last().cloned() else {
            panic!("seed {seed}: no answer");
        };
        let now = world.now();
        world.client(0).restarted(&ufrag, &password, now);
        world.roam(0);
        world.run_for(Duration::from_secs(2));
        // From here on everybody hears the other again: nine tenths of 200 frames cross both paths.
        let count = |world: &mut World| {
            [0, 1].map(|index| {
                let mid = world.slot_mids(index, MediaKind::Audio).remove(0);
                world.client(index).heard(&mid).map_or(0, |heard| heard.frames)
            })
        };
        let before = count(&mut world);
        world.run_for(Duration::from_secs(4));
        let after = count(&mut world);
        for (after, before) in after.iter().zip(before) {
            assert!(after - before >= 150, "seed {seed}: {before} to {after} in 4 s");
        }
    }
}
