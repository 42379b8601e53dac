//! When a publisher is asked for a keyframe: at once if it was not asked lately, else as soon as that is over.

use std::time::{Duration, Instant};

use crate::limits;
use crate::packet::bit;

/// An unanswered request is repeated after this long: it, or the keyframe, may be lost.
const REPEAT_AFTER: Duration = Duration::from_secs(1);

/// Requests for one track. However many subscribers ask, the publisher hears at most one an interval.
#[derive(Debug, Default)]
pub(crate) struct KeyframeRequests {
    /// Of which encodings, by bits.
    wanted: u8,
    asked_at: Option<Instant>,
    answered: bool,
    /// Requests made, as the codec control messages count them.
    number: u8,
}

impl KeyframeRequests {
    /// Somebody needs a keyframe of this encoding.
    pub(crate) fn request(&mut self, encoding: usize) {
        // A keyframe that came after the last request does not serve a later need.
        if self.wanted == 0 {
            self.answered = true;
        }
        self.wanted |= bit(encoding);
    }

    /// A keyframe of this encoding is to come.
    pub(crate) fn wants(&self, encoding: usize) -> bool {
        self.wanted & bit(encoding) != 0
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
        self.number = self.number.wrapping_add(1);
        self.wanted
    }

    /// The number of the newest request (RFC 5104 4.3.1.1).
    pub(crate) fn number(&self) -> u8 {
        self.number
    }
}

/// What one slot's client may still ask for: who cannot decode, or does not want to, must not make its publisher code
/// keyframes for everybody all the time.
#[derive(Debug, Default)]
pub(crate) struct KeyframeCredit {
    used: u8,
    /// When the oldest of those used is earned back.
    earned_at: Option<Instant>,
}

impl KeyframeCredit {
    /// False when it is used up.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        while let Some(at) = self.earned_at.filter(|at| *at <= now) {
            self.used -= 1;
            self.earned_at = (self.used > 0).then_some(at + limits::KEYFRAME_CREDIT_INTERVAL);
        }
        if self.used == limits::KEYFRAME_CREDIT_MAX {
            return false;
        }
        self.used += 1;
        self.earned_at.get_or_insert(now + limits::KEYFRAME_CREDIT_INTERVAL);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_asks_all_the_time_is_heard_now_and_then() {
        let start = Instant::now();
        let mut credit = KeyframeCredit::default();
        let mut heard = |from_ms: u64, until_ms: u64| {
            let times = (from_ms..until_ms).step_by(50);
            times
                .filter(|ms| credit.take(start + Duration::from_millis(*ms)))
                .count()
        };
        assert_eq!(heard(0, 2_000), 4);
        assert_eq!(heard(2_000, 12_000), 5);
        assert_eq!(heard(60_000, 62_000), 4, "who was silent may ask as at first");
    }

    #[test]
    fn asks_once_repeats_and_throttles() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut requests = KeyframeRequests::default();
        assert_eq!(requests.take_due(at(0)), 0);
        requests.request(0);
        assert_eq!(requests.take_due(at(0)), 1);
        requests.request(0);
        assert_eq!(requests.take_due(at(600)), 0, "still waiting for the answer");
        assert_eq!(requests.take_due(at(1_000)), 1, "repeated when none came");
        requests.arrived(0);
        assert_eq!(requests.take_due(at(5_000)), 0);
        requests.request(0);
        assert_eq!(requests.take_due(at(5_000)), 1);
        requests.arrived(0);
        requests.request(0);
        assert_eq!(requests.take_due(at(5_100)), 0, "too soon after the last");
        assert_eq!(requests.due_at(at(5_100)), Some(at(5_500)));
        assert_eq!(requests.take_due(at(5_500)), 1);
    }
}
