//! When a slot that was lowered may be given a better layer again. Each change of the encoding costs a keyframe, and one that
//! does not last costs two: each rise in vain doubles the wait before the next.

use std::time::{Duration, Instant};

/// After a slot was lowered it rises no earlier than this.
const HOLD: Duration = Duration::from_secs(1);
/// The longest wait.
const HOLD_MAX: Duration = Duration::from_secs(4);
/// A rise was in vain when another encoding is given within this again.
const LASTS: Duration = Duration::from_secs(10);

/// Rises of one slot.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rises {
    rose_at: Option<Instant>,
    /// Rises in vain, one after another.
    in_vain: u32,
    after: Option<Instant>,
}

impl Rises {
    /// The slot was given a better encoding.
    pub(crate) fn rose(&mut self, now: Instant) {
        self.rose_at = Some(now);
    }

    /// The slot was given a lesser layer, or none; of `another` encoding.
    pub(crate) fn fell(&mut self, another: bool, now: Instant) {
        let mut hold = HOLD;
        if another {
            if let Some(rose_at) = self.rose_at.take() {
                let lasted = now.saturating_duration_since(rose_at) >= LASTS;
                self.in_vain = if lasted { 0 } else { self.in_vain + 1 };
            }
            hold = HOLD.saturating_mul(1 << self.in_vain.min(10)).min(HOLD_MAX);
        }
        self.after = Some(now + hold);
    }

    /// A better layer may be given now.
    pub(crate) fn allows(&self, now: Instant) -> bool {
        self.after.is_none_or(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_rises_in_vain_waits_twice_as_long() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut rises = Rises::default();
        assert!(rises.allows(start));
        rises.fell(true, at(10_000));
        assert!(!rises.allows(at(10_999)) && rises.allows(at(11_000)), "nothing rose");
        rises.rose(at(11_000));
        rises.fell(true, at(13_000));
        assert!(!rises.allows(at(14_999)) && rises.allows(at(15_000)));
        // Fewer pictures of the same encoding cost no keyframe.
        rises.fell(false, at(14_000));
        assert!(!rises.allows(at(14_999)) && rises.allows(at(15_000)));
        for from in [20_000, 40_000, 60_000, 80_000] {
            rises.rose(at(from));
            rises.fell(true, at(from + 1_000));
        }
        assert!(
            !rises.allows(at(84_999)) && rises.allows(at(85_000)),
            "the longest wait"
        );
        rises.rose(at(100_000));
        rises.fell(true, at(110_000));
        assert!(rises.allows(at(111_000)), "that rise lasted");
    }
}
