//! Calls of two on networks of every quality.

use std::time::Duration;

use sfu_core::SourceKind;
use sfu_sim::{ClientConfig, Conditions, World};

#[test]
fn two_see_and_hear_each_other_on_a_perfect_network() {
    let mut world = World::new(1, Conditions::PERFECT);
    world.join(ClientConfig {
        tag: 1,
        ..ClientConfig::default()
    });
    world.join(ClientConfig {
        tag: 2,
        ..ClientConfig::default()
    });
    world.connect_all();
    world.show_everybody();
    for index in 0..2 {
        world.admit(index, true);
        let now = world.now();
        world.client(index).start_media(now);
    }
    world.run_for(Duration::from_secs(10));
    for (index, other) in [(0, 2), (1, 1)] {
        let received = world.client(index).check_received().unwrap();
        let [audio, video] = received.streams.as_slice() else {
            panic!("two slots")
        };
        assert_eq!(
            (audio.sources.as_slice(), audio.holes),
            ([(other, SourceKind::Microphone)].as_slice(), 0)
        );
        assert_eq!(
            (video.sources.as_slice(), video.holes),
            ([(other, SourceKind::Camera)].as_slice(), 0)
        );
        assert!(audio.packets >= 490, "{audio:?}");
        let made = world.client(other as usize - 1).made(SourceKind::Camera);
        assert!(
            video.packets > 400 && video.packets <= made as usize,
            "{video:?} of {made}"
        );
        assert!(
            received.sender_reports >= 10 && received.allowed_bps > 2_000_000,
            "{received:?}"
        );
    }
}
