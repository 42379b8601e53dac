//! When a publisher is asked for a keyframe: at once if it was not asked lately, else as soon as that is over.

use std::time::{Duration, Instant};

use crate::limits;

/// An unanswered request is repeated after this long: it, or the keyframe, may be lost.
const REPEAT_AFTER: Duration = Duration::from_secs(1);

/// Requests for one track. However many subscribers ask, the publisher hears at most one an interval.
#[derive(Debug, Default)]
pub(crate) struct KeyframeRequests {
    wanted: bool,
    asked_at: Option<Instant>,
    answered: bool,
}

impl KeyframeRequests {
    /// Somebody needs a keyframe.
    pub(crate) fn want(&mut self) {
        // A keyframe that came after the last request does not serve a later need.
        if !self.wanted {
            self.wanted = true;
            self.answered = true;
        }
    }

    /// A keyframe began.
    pub(crate) fn arrived(&mut self) {
        self.wanted = false;
    }

    /// When to ask next.
    pub(crate) fn due_at(&self, now: Instant) -> Option<Instant> {
        if !self.wanted {
            return None;
        }
        let wait = if self.answered {
            limits::KEYFRAME_REQUEST_INTERVAL
        } else {
            REPEAT_AFTER
        };
        Some(self.asked_at.map_or(now, |at| at + wait))
    }

    /// True when the request is to be sent now.
    pub(crate) fn take_due(&mut self, now: Instant) -> bool {
        let due = self.due_at(now).is_some_and(|at| at <= now);
        if due {
            self.asked_at = Some(now);
            self.answered = false;
        }
        due
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
        assert!(!requests.take_due(at(0)));
        requests.want();
        assert!(requests.take_due(at(0)));
        requests.want();
        assert!(!requests.take_due(at(600)), "still waiting for the answer");
        assert!(requests.take_due(at(1_000)), "repeated when none came");
        requests.arrived();
        assert!(!requests.take_due(at(5_000)));
        requests.want();
        assert!(requests.take_due(at(5_000)));
        requests.arrived();
        requests.want();
        assert!(!requests.take_due(at(5_100)), "too soon after the last");
        assert_eq!(requests.due_at(at(5_100)), Some(at(5_500)));
        assert!(requests.take_due(at(5_500)));
    }
}
