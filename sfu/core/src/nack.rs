//! Finds gaps in one received stream and says which sequence numbers to ask for again, and when (RFC 4585 6.2.1).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Gaps remembered at once; the oldest is given up for a newer one.
const MISSING_MAX: usize = 256;
/// A jump by more than this is a restart, not a loss: nothing is asked for.
const GAP_MAX: u64 = 256;
/// Times one packet is asked for.
const TRIES_MAX: u8 = 6;
/// A packet is given up when it is this much older than its discovery: playout has passed it.
const AGE_MAX: Duration = Duration::from_secs(1);
/// Reordered packets usually come within this time, so the first request waits for it.
const REORDER_WAIT: Duration = Duration::from_millis(5);
/// Retries are at least this far apart, however short the round trip.
const RETRY_MIN: Duration = Duration::from_millis(20);

/// Gap tracker of one stream.
#[derive(Debug, Default)]
pub struct NackTracker {
    highest: Option<u64>,
    /// Ascending by index.
    missing: VecDeque<Missing>,
    given_up: u64,
}

#[derive(Debug, Clone, Copy)]
struct Missing {
    index: u64,
    found: Instant,
    next_try: Instant,
    tries: u8,
}

impl NackTracker {
    /// A tracker that starts with the first packet it is told of. All memory is taken here.
    #[must_use]
    pub fn new() -> Self {
        Self {
            highest: None,
            missing: VecDeque::with_capacity(MISSING_MAX),
            given_up: 0,
        }
    }

    /// Notes an arrival (extended sequence number of the original stream, whether retransmitted or not). True when it
    /// had been missing.
    pub fn received(&mut self, index: u64, now: Instant) -> bool {
        let Some(highest) = self.highest else {
            self.highest = Some(index);
            return false;
        };
        if index <= highest {
            return match self.missing.binary_search_by_key(&index, |missing| missing.index) {
                Ok(place) => self.missing.remove(place).is_some(),
                Err(_) => false,
            };
        }
        let gap = index - highest - 1;
        if gap > GAP_MAX {
            self.given_up += self.missing.len() as u64;
            self.missing.clear();
        } else {
            for index in highest + 1..index {
                self.note_missing(index, now);
            }
        }
        self.highest = Some(index);
        false
    }

    /// Notes an arrival whose gaps nobody cares about: nothing from before it is asked for.
    pub fn pass(&mut self, index: u64) {
        self.missing.clear();
        self.highest = self.highest.max(Some(index));
    }

    fn note_missing(&mut self, index: u64, now: Instant) {
        if self.missing.len() == MISSING_MAX {
            self.missing.pop_front();
            self.given_up += 1;
        }
        self.missing.push_back(Missing {
            index,
            found: now,
            next_try: now + REORDER_WAIT,
            tries: 0,
        });
    }

    /// Appends the sequence numbers to ask for now, ascending, and schedules their next try one `round_trip` later.
    pub fn due(&mut self, now: Instant, round_trip: Duration, out: &mut Vec<u16>) {
        let before = self.missing.len();
        self.missing.retain_mut(|missing| {
            if now < missing.next_try {
                return true;
            }
            if missing.tries == TRIES_MAX || now.saturating_duration_since(missing.found) >= AGE_MAX {
                return false;
            }
            missing.tries += 1;
            missing.next_try = now + round_trip.max(RETRY_MIN);
            out.push(u16::try_from(missing.index & 0xffff).expect("masked to 16 bits"));
            true
        });
        self.given_up += (before - self.missing.len()) as u64;
    }

    /// When [`Self::due`] has something to do next.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.missing.iter().map(|missing| missing.next_try).min()
    }

    /// Packets given up or still missing since the start: what never reached us.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.given_up + self.missing.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(100);

    struct Bench {
        tracker: NackTracker,
        start: Instant,
    }

    impl Bench {
        fn new() -> Self {
            Self {
                tracker: NackTracker::new(),
                start: Instant::now(),
            }
        }

        fn receive(&mut self, at_ms: u64, indices: &[u64]) {
            for index in indices {
                self.tracker.received(*index, self.start + Duration::from_millis(at_ms));
            }
        }

        fn due(&mut self, at_ms: u64) -> Vec<u16> {
            let mut out = Vec::new();
            self.tracker
                .due(self.start + Duration::from_millis(at_ms), ROUND_TRIP, &mut out);
            out
        }
    }

    #[test]
    fn gaps_are_asked_for_once_a_round_trip() {
        let mut bench = Bench::new();
        bench.receive(0, &[65_534, 65_538]);
        assert_eq!(bench.due(0), [0_u16; 0], "reordering gets its chance");
        assert_eq!(bench.due(5), [65_535, 0, 1]);
        assert_eq!(bench.due(104), [0_u16; 0]);
        bench.receive(104, &[65_536]);
        assert_eq!(bench.due(105), [65_535, 1]);
        assert_eq!(bench.tracker.lost(), 2);
    }

    #[test]
    fn reordered_packets_cost_no_request() {
        let mut bench = Bench::new();
        bench.receive(0, &[1, 3, 2]);
        assert_eq!(bench.due(500), [0_u16; 0]);
        assert_eq!((bench.tracker.lost(), bench.tracker.next_due()), (0, None));
    }

    #[test]
    fn what_does_not_come_is_given_up() {
        let mut bench = Bench::new();
        bench.receive(0, &[1, 3]);
        let asked = (0..100).filter(|step| !bench.due(step * 20).is_empty()).count();
        assert_eq!(asked, usize::from(TRIES_MAX));
        assert_eq!((bench.tracker.lost(), bench.tracker.next_due()), (1, None));
    }

    #[test]
    fn what_nobody_cares_about_is_not_asked_for() {
        let mut bench = Bench::new();
        bench.receive(0, &[1, 3]);
        bench.tracker.pass(6);
        bench.receive(10, &[9]);
        assert_eq!(bench.due(500), [7, 8]);
    }

    #[test]
    fn a_restart_asks_for_nothing() {
        let mut bench = Bench::new();
        bench.receive(0, &[1, 1000]);
        assert_eq!(bench.due(500), [0_u16; 0]);
    }

    proptest! {
        #[test]
        fn memory_is_bounded_and_requests_are_only_for_missing_packets(
            jumps in proptest::collection::vec(1..300_u64, 1..60)
        ) {
            let mut bench = Bench::new();
            let mut index = 0;
            let mut seen = std::collections::HashSet::new();
            for (step, jump) in jumps.iter().enumerate() {
                index += jump;
                seen.insert((index & 0xffff) as u16);
                bench.receive(step as u64, &[index]);
                prop_assert!(bench.tracker.missing.len() <= MISSING_MAX);
                for asked in bench.due(step as u64) {
                    prop_assert!(!seen.contains(&asked));
                }
            }
        }
    }
}
