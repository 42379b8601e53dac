//! When a publisher is asked for a keyframe: at once if it was not asked lately, else as soon as that is over.

use std::time::{Duration, Instant};

use crate::layers::bit;
use crate::limits;

/// An unanswered request is repeated after this long: it, or the keyframe, may be lost.
const REPEAT_AFTER: Duration = Duration::from_secs(1);

/// Requests for one track. However many subscribers ask, the publisher hears at most one an interval.
#[derive(Debug, Default)]
pub(crate) struct KeyframeRequests {
    /// Of which encodings, by bits.
    wanted: u8,
    asked_at: Option<Instant>,
    answered: bool,
}

impl KeyframeRequests {
    /// Somebody needs a keyframe of this encoding.
    pub(crate) fn want(&mut self, encoding: usize) {
        // A keyframe that came after the last request does not serve a later need.
        if self.wanted == 0 {
            self.answered = true;
        }
        self.wanted |= bit(encoding);
    }

    /// A keyframe of this encoding began.
    pub(crate) fn arrived(&mut self, encoding: usize) {
        self.wanted &= !bit(encoding);
    }

    /// When to ask next.
    pub(crate) fn due_at(&self, now: Instant) -> Option<Instant> {
        if self.wanted == 0 {
            return None;
        }
        let wait = if self.answered {
            limits::KEYFRAME_REQUEST_INTERVAL
        } else {
            REPEAT_AFTER
        };
        Some(self.asked_at.map_or(now, |at| at + wait))
    }

    /// The encodings of which a keyframe is to be asked for now, by bits.
    pub(crate) fn take_due(&mut self, now: Instant) -> u8 {
        if self.due_at(now).is_none_or(|at| at > now) {
            return 0;
        }
        self.asked_at = Some(now);
        self.answered = false;
        self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_once_repeats_and_throttles() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut requests = KeyframeRequests::default();
        assert_eq!(requests.take_due(at(0)), 0);
        requests.want(0);
        assert_eq!(requests.take_due(at(0)), 1);
        requests.want(0);
        assert_eq!(requests.take_due(at(600)), 0, "still waiting for the answer");
        assert_eq!(requests.take_due(at(1_000)), 1, "repeated when none came");
        requests.arrived(0);
        assert_eq!(requests.take_due(at(5_000)), 0);
        requests.want(0);
        assert_eq!(requests.take_due(at(5_000)), 1);
        requests.arrived(0);
        requests.want(0);
        assert_eq!(requests.take_due(at(5_100)), 0, "too soon after the last");
        assert_eq!(requests.due_at(at(5_100)), Some(at(5_500)));
        assert_eq!(requests.take_due(at(5_500)), 1);
    }
}
