//! How a viewer behind each kind of access is to fare at least. The figures are of virtual time, those of the scoreboard.

use std::time::Duration;

use sfu_sim::Profile::{
    self, Bufferbloat, Competing, Loss2, Loss5Rtt60, Lte, Outage2s, Steady, StepDown, StepUp, Wifi,
};
use sfu_sim::Scene::{self, Call, Crowd};
use sfu_sim::score;

const SEEDS: [u64; 2] = [4, 7];

/// Percent of the path used at least; and at most, the queue that 95 % of packets found in milliseconds, percent of the
/// time frozen, the longest gap of sound, and after a disturbance the time until all goes on, both in milliseconds. About
/// a third worse than the worst of ten seeds, but for one of a call over `Lte`, whose sound broke off for 1.3 s.
const BOUNDS: [(Scene, Profile, [u32; 5]); 20] = [
    (Call, Steady, [59, 50, 1, 140, 0]),
    (Call, StepDown, [37, 150, 6, 160, 300]),
    (Call, StepUp, [45, 80, 6, 100, 500]),
    (Call, Loss2, [56, 40, 1, 140, 0]),
    (Call, Loss5Rtt60, [59, 40, 4, 140, 0]),
    (Call, Bufferbloat, [41, 390, 23, 320, 0]),
    (Call, Competing, [45, 280, 6, 120, 600]),
    (Call, Outage2s, [59, 50, 8, 2100, 1400]),
    (Call, Lte, [29, 820, 15, 1040, 0]),
    (Call, Wifi, [17, 20, 1, 100, 0]),
    (Crowd, Steady, [61, 180, 7, 100, 0]),
    (Crowd, StepDown, [61, 320, 9, 260, 5400]),
    (Crowd, StepUp, [56, 140, 10, 200, 3200]),
    (Crowd, Loss2, [64, 160, 8, 100, 0]),
    (Crowd, Loss5Rtt60, [58, 180, 17, 120, 0]),
    (Crowd, Bufferbloat, [57, 90, 4, 80, 0]),
    (Crowd, Competing, [60, 280, 6, 80, 3000]),
    (Crowd, Outage2s, [64, 130, 13, 2180, 1800]),
    (Crowd, Lte, [56, 500, 14, 1140, 0]),
    (Crowd, Wifi, [54, 100, 5, 100, 0]),
];

#[test]
fn pictures_and_sound_go_on_behind_every_access() {
    let mut missed = String::new();
    for (scene, profile, [used, queue_ms, frozen, gap_ms, back_ms]) in BOUNDS {
        for row in SEEDS.map(|seed| score(scene, profile, seed)) {
            let millis = |millis| Duration::from_millis(u64::from(millis));
            let good = row.utilisation >= f64::from(used)
                && row.queue_delay_p95 <= millis(queue_ms)
                && row.frozen_percent() <= f64::from(frozen)
                && row.longest_audio_gap <= millis(gap_ms)
                && row.back.unwrap_or_default() <= millis(back_ms);
            if !good {
                missed += &format!("{row}\n");
            }
        }
    }
    assert!(missed.is_empty(), "{}\n{missed}", sfu_sim::Row::HEAD);
}
