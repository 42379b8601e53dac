//! Finds gaps in one received stream and says which sequence numbers to ask for again, and when (RFC 4585 6.2.1).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Gaps remembered at once; the oldest is given up for a newer one.
const MISSING_MAX: usize = 256;
/// A jump by more than this is a restart, not a loss: nothing is asked for.
const GAP_MAX: u64 = 256;
/// Times one packet is asked for, each time by two requests.
const TRIES_MAX: u8 = 6;
/// A packet is given up when it is this much older than its discovery: playout has passed it.
const AGE_MAX: Duration = Duration::from_secs(1);
/// Reordered packets usually come within this time, so the first request waits for it.
const REORDER_WAIT: Duration = Duration::from_millis(5);
/// Retries are at least this far apart, however short the round trip.
const RETRY_MIN: Duration = Duration::from_millis(20);
/// A request is repeated so long after it, if no answer can have come yet: it may itself be lost, and is small. Whoever
/// answers gets the second while the answer is on its way, and answers once.
const REPEAT_AFTER: Duration = Duration::from_millis(20);
/// Longer than usual by this much, an answer is taken to be lost.
const LATE: Duration = Duration::from_millis(10);

/// Gap tracker of one stream.
#[derive(Debug, Default)]
pub struct NackTracker {
    highest: Option<u64>,
    /// Ascending by index.
    missing: VecDeque<Missing>,
    given_up: u64,
    /// The packet after the highest, while something says that it may be lost.
    suspect: Option<Missing>,
    /// From a request to its answer, smoothed.
    answer_time: Option<Duration>,
}

#[derive(Debug, Clone, Copy)]
struct Missing {
    index: u64,
    found: Instant,
    next_request: Instant,
    asked_at: Instant,
    tries: u8,
    /// The last try was one request so far.
    once: bool,
}

impl Missing {
    fn new(index: u64, now: Instant) -> Self {
        Self {
            index,
            found: now,
            next_request: now + REORDER_WAIT,
            asked_at: now,
            tries: 0,
            once: false,
        }
    }

    /// For a suspect, which gets one try of two requests: a request of it is still to come.
    fn is_unasked(&self) -> bool {
        self.tries == 0 || self.once
    }

    /// Notes that it is asked for now, and sets when to ask again; an answer takes `wait`.
    fn ask(&mut self, now: Instant, wait: Duration) {
        if self.once {
            self.once = false;
            self.next_request = now.max(self.asked_at + wait);
            return;
        }
        self.tries += 1;
        self.asked_at = now;
        self.once = wait >= 2 * REPEAT_AFTER;
        self.next_request = now + if self.once { REPEAT_AFTER } else { wait };
    }
}

impl NackTracker {
    /// A tracker that starts with the first packet it is told of. All memory is taken here.
    #[must_use]
    pub fn new() -> Self {
        Self {
            highest: None,
            missing: VecDeque::with_capacity(MISSING_MAX),
            given_up: 0,
            suspect: None,
            answer_time: None,
        }
    }

    /// Notes an arrival (extended sequence number of the original stream); `answer` if it is a retransmission. True when
    /// it had been missing.
    pub fn received(&mut self, index: u64, answer: bool, now: Instant) -> bool {
        let Some(highest) = self.highest else {
            self.highest = Some(index);
            return false;
        };
        if index <= highest {
            let position = self.missing.binary_search_by_key(&index, |missing| missing.index);
            let found = position.ok().and_then(|position| self.missing.remove(position));
            if let Some(missing) = found.filter(|_| answer) {
                self.answered(&missing, now);
            }
            return found.is_some();
        }
        let gap = index - highest - 1;
        let suspect = self.suspect.take();
        if gap > GAP_MAX {
            self.given_up += self.missing.len() as u64;
            self.missing.clear();
        } else {
            for index in highest + 1..index {
                let known = suspect.filter(|suspect| suspect.index == index);
                self.record_missing(known.unwrap_or(Missing::new(index, now)));
            }
        }
        if let Some(suspect) = suspect.filter(|suspect| answer && suspect.index == index) {
            self.answered(&suspect, now);
        }
        self.highest = Some(index);
        false
    }

    /// Learns from an answer how long one takes. After several tries nobody knows which was answered.
    fn answered(&mut self, missing: &Missing, now: Instant) {
        if missing.tries == 1 {
            let took = now.saturating_duration_since(missing.asked_at);
            self.answer_time = Some(self.answer_time.map_or(took, |before| (before * 3 + took) / 4));
        }
    }

    /// Something of the same publisher was lost that no gap explains: perhaps the packet after the highest, which is then
    /// asked for, once. Whoever did not send it yet takes no notice.
    pub(crate) fn suspect(&mut self, now: Instant) {
        if let (Some(highest), None) = (self.highest, self.suspect) {
            self.suspect = Some(Missing::new(highest + 1, now));
        }
    }

    /// Notes an arrival whose gaps nobody cares about: nothing from before it is asked for.
    pub fn pass(&mut self, index: u64) {
        self.missing.clear();
        self.suspect = None;
        self.highest = self.highest.max(Some(index));
    }

    fn record_missing(&mut self, missing: Missing) {
        if self.missing.len() == MISSING_MAX {
            self.missing.pop_front();
            self.given_up += 1;
        }
        self.missing.push_back(missing);
    }

    /// Appends the sequence numbers to ask for now, ascending, and schedules their next try for when an answer is late: by
    /// the answers before it, else by `round_trip`.
    pub fn due(&mut self, now: Instant, round_trip: Duration, out: &mut Vec<u16>) {
        let wait = self.answer_time.map_or(round_trip, |time| time + LATE).max(RETRY_MIN);
        let before = self.missing.len();
        self.missing.retain_mut(|missing| {
            if now < missing.next_request {
                return true;
            }
            let tried = missing.tries == TRIES_MAX && !missing.once;
            if tried || now.saturating_duration_since(missing.found) >= AGE_MAX {
                return false;
            }
            missing.ask(now, wait);
            out.push(low(missing.index));
            true
        });
        if let Some(suspect) = self
            .suspect
            .as_mut()
            .filter(|one| one.is_unasked() && one.next_request <= now)
        {
            suspect.ask(now, wait);
            out.push(low(suspect.index));
        }
        self.given_up += (before - self.missing.len()) as u64;
    }

    /// When [`Self::due`] has something to do next.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        let suspect = self.suspect.iter().filter(|suspect| suspect.is_unasked());
        self.missing
            .iter()
            .chain(suspect)
            .map(|missing| missing.next_request)
            .min()
    }

    /// Packets given up or still missing since the start: what never reached us.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.given_up + self.missing.len() as u64
    }
}

fn low(index: u64) -> u16 {
    u16::try_from(index & 0xffff).expect("masked to 16 bits")
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
                self.tracker
                    .received(*index, false, self.start + Duration::from_millis(at_ms));
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
        assert_eq!(bench.due(24), [0_u16; 0]);
        assert_eq!(bench.due(25), [65_535, 0, 1], "the request may be lost");
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
        assert_eq!(asked, 2 * usize::from(TRIES_MAX));
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
    fn the_next_try_is_when_the_answer_is_late() {
        let mut bench = Bench::new();
        bench.receive(0, &[1, 3]);
        assert_eq!(bench.due(5), [2]);
        let at = |ms| bench.start + Duration::from_millis(ms);
        let (late, answered) = (at(40), at(65));
        assert!(bench.tracker.received(2, true, answered));
        bench.receive(70, &[5]);
        bench.tracker.received(4, false, late);
        bench.receive(100, &[7]);
        assert_eq!((bench.due(105), bench.due(125)), (vec![6], vec![6]));
        assert_eq!(bench.due(174), [0_u16; 0], "answers take 60 ms");
        assert_eq!(bench.due(175), [6]);
    }

    #[test]
    fn a_near_publisher_is_asked_once_a_try() {
        let mut bench = Bench::new();
        bench.receive(0, &[1, 3]);
        assert_eq!(bench.due(5), [2]);
        let answered = bench.start + Duration::from_millis(8);
        bench.tracker.received(2, true, answered);
        bench.receive(20, &[5]);
        let asked = (20..100).filter(|ms| !bench.due(*ms).is_empty()).collect::<Vec<_>>();
        assert_eq!(asked, [25, 45, 65, 85]);
    }

    #[test]
    fn a_suspect_is_asked_for_once_and_counts_only_when_it_is_missing() {
        let mut bench = Bench::new();
        let suspect = |bench: &mut Bench, at_ms| bench.tracker.suspect(bench.start + Duration::from_millis(at_ms));
        suspect(&mut bench, 0);
        assert_eq!(bench.tracker.next_due(), None, "nothing came yet");
        bench.receive(0, &[7]);
        suspect(&mut bench, 10);
        suspect(&mut bench, 12);
        assert_eq!(bench.tracker.next_due(), Some(bench.start + Duration::from_millis(15)));
        assert_eq!((bench.due(15), bench.due(35)), (vec![8], vec![8]));
        assert_eq!((bench.due(900), bench.tracker.next_due()), (vec![], None));
        assert_eq!(bench.tracker.lost(), 0);
        // It was sent and is lost: what was asked already is not asked again before its time.
        bench.receive(1_000, &[9]);
        suspect(&mut bench, 1_010);
        assert_eq!(bench.due(1_015), [10], "what was missing for long is given up");
        bench.receive(1_020, &[11]);
        assert_eq!((bench.due(1_030), bench.due(1_035)), (vec![], vec![10]));
        assert_eq!((bench.due(1_114), bench.due(1_115)), (vec![], vec![10]));
        // It comes by itself.
        suspect(&mut bench, 1_200);
        bench.receive(1_203, &[12, 13]);
        assert_eq!(bench.tracker.suspect.map(|one| one.index), None);
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
