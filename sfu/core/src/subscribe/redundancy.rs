//! How many earlier frames go along with each packet of sound to one subscriber: more when its path loses more, none
//! when it loses nothing for a while. A frame costs as much as the packet itself, so a good path is spared it.

use std::time::{Duration, Instant};

use super::earlier::FRAMES_MAX;

/// Shares lost from which on one, and two, earlier frames go along.
const RAISED_FROM: [f32; FRAMES_MAX] = [0.02, 0.10];
/// Share lost up to which, for [`LOWERED_AFTER`], one frame less is tried.
const LOWERED_UP_TO: [f32; FRAMES_MAX] = [0.01, 0.06];
const LOWERED_AFTER: Duration = Duration::from_secs(8);

/// Redundancy of one subscriber.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Redundancy {
    frames: usize,
    low_since: Option<Instant>,
}

impl Redundancy {
    /// Frames that go along now.
    pub(crate) fn frames(&self) -> usize {
        self.frames
    }

    /// Takes the share (0 to 1) that the subscriber's path lost of any of its streams, since all share one path; tells how
    /// many frames to add from now on.
    pub(crate) fn reported(&mut self, lost: f32, now: Instant) -> usize {
        let wanted = RAISED_FROM.iter().filter(|from| lost >= **from).count();
        if wanted > self.frames {
            self.frames = wanted;
            self.low_since = None;
        } else if self.frames > 0 {
            if lost > LOWERED_UP_TO[self.frames - 1] {
                self.low_since = None;
            } else if now.saturating_duration_since(*self.low_since.get_or_insert(now)) >= LOWERED_AFTER {
                self.frames -= 1;
                self.low_since = Some(now);
            }
        }
        self.frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_at_once_and_falls_after_a_quiet_while() {
        let start = Instant::now();
        let mut redundancy = Redundancy::default();
        let mut check = |second: u64, lost: f32, frames: usize| {
            let at = start + Duration::from_secs(second);
            assert_eq!(redundancy.reported(lost, at), frames, "at {second}");
        };
        check(0, 0.019, 0);
        check(1, 0.02, 1);
        check(2, 0.1, 2);
        // Below ten per cent, but not enough below.
        check(20, 0.07, 2);
        check(21, 0.06, 2);
        check(28, 0.0, 2);
        check(29, 0.06, 1);
        check(30, 0.0, 1);
        check(34, 0.015, 1);
        check(35, 0.01, 1);
        check(42, 0.01, 1);
        check(43, 0.0, 0);
        check(90, 0.0, 0);
    }
}
