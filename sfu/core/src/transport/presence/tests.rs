//! Presence by hand, and the law by drawn schedules: what is not counted is not forwarded.

use proptest::prelude::*;

use super::*;

const TICK: Duration = Duration::from_millis(20);

/// A client that is sent media every tick while its gate is open, and what was counted of it and forwarded to it.
struct Watched {
    base: Instant,
    now: Instant,
    presence: Presence,
    /// Ticks at which something was forwarded.
    forwarded: Vec<Instant>,
    /// Spans of presence that ended.
    counted: Vec<(Instant, Instant)>,
    since: Option<Instant>,
    lost: usize,
}

impl Watched {
    fn new() -> Self {
        let base = Instant::now();
        Self {
            base,
            now: base,
            presence: Presence::new(base),
            forwarded: Vec::new(),
            counted: Vec::new(),
            since: Some(base),
            lost: 0,
        }
    }

    fn tick(&mut self, heard: bool, acknowledges: bool) {
        self.now += TICK;
        if heard {
            self.presence.heard(self.now);
            if acknowledges {
                self.presence.acknowledged(self.now);
            }
        }
        self.presence.pass_time(self.now);
        for change in self.presence.take_changes() {
            match change {
                Change::Absent { until } => {
                    let since = self.since.take().expect("it was present");
                    assert!(since <= until && until <= self.now);
                    self.counted.push((since, until));
                }
                Change::Present { at } => assert!(self.since.replace(at).is_none() && at <= self.now),
                Change::PathLost => self.lost += 1,
            }
        }
        assert_eq!(self.presence.is_absent(), self.since.is_none());
        if self.presence.is_open() {
            self.presence.sent(self.now);
            self.forwarded.push(self.now);
        }
    }

    /// For `seconds`, packets come every `period`, and so many of them acknowledge something: every n-th, or none.
    fn run(&mut self, seconds: u64, period: Duration, acknowledge_every: Option<u32>) {
        let (start, mut packets, mut next) = (self.now, 0, self.now + TICK);
        while self.now < start + Duration::from_secs(seconds) {
            let heard = self.now + TICK >= next;
            let acknowledges = heard && acknowledge_every.is_some_and(|every| packets % every == 0);
            if heard {
                packets += 1;
                next += period;
            }
            self.tick(heard, acknowledges);
        }
    }

    fn spans(&self) -> Vec<(Instant, Instant)> {
        let open = self.since.map(|since| (since, self.presence.until()));
        self.counted.iter().copied().chain(open).collect()
    }

    fn counted(&self) -> Duration {
        self.spans().iter().map(|(since, until)| *until - *since).sum()
    }

    /// What was forwarded outside of every span that is counted.
    fn free(&self) -> Duration {
        let spans = self.spans();
        let outside = |at: &&Instant| !spans.iter().any(|(since, until)| since <= *at && *at <= until);
        TICK * u32::try_from(self.forwarded.iter().filter(outside).count()).expect("few")
    }

    fn forwarded(&self) -> Duration {
        TICK * u32::try_from(self.forwarded.len()).expect("few")
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

#[test]
fn who_talks_and_reports_is_present_all_the_time() {
    // Audio that is reported on every five seconds, pictures every second, and transport-wide feedback.
    for (period, every) in [(20, 250), (1_000, 1), (60, 1), (5_000, 1)] {
        let mut watched = Watched::new();
        watched.run(300, Duration::from_millis(period), Some(every));
        assert_eq!((watched.counted.len(), watched.lost), (0, 0), "{period}");
        assert!(seconds(watched.counted()) > 294.0, "{:?}", watched.counted());
        assert!(seconds(watched.forwarded()) > 299.9);
    }
}

/// Trial F2: one packet every 22 seconds.
#[test]
fn who_keeps_silent_hears_nothing_that_is_not_counted() {
    let mut watched = Watched::new();
    watched.run(94, Duration::from_secs(22), Some(1));
    assert!(seconds(watched.forwarded()) < 18.3, "{:?}", watched.forwarded());
    // Nor does any other rhythm help for long.
    for millis in [10_100, 2_100, 3_000, 5_000, 11_000, 15_000, 29_000] {
        let mut watched = Watched::new();
        watched.run(600, Duration::from_millis(millis), Some(1));
        let free = seconds(watched.free());
        assert!(free < 20.0 + 600.0 / 29.0, "every {millis} ms: {free} s free");
        let counted = seconds(watched.counted());
        assert!(
            millis > 10_000 || counted > 580.0,
            "every {millis} ms: {counted} s counted"
        );
    }
}

#[test]
fn a_report_in_time_for_each_try_gains_little() {
    for ticks in [505, 550, 595] {
        let mut watched = Watched::new();
        for _ in 0..60 {
            (0..ticks).for_each(|_| watched.tick(true, false));
            watched.tick(true, true);
        }
        let elapsed = seconds(watched.now - watched.base);
        let free = seconds(watched.free());
        assert!(free < 40.0 + 0.1 * elapsed, "{free} s free of {elapsed}");
    }
}

/// A viewer that sends checks every 2.5 s and reports every five, and is cut off for 12 s.
#[test]
fn who_reports_seldom_is_trusted_as_long_as_it_takes() {
    let mut watched = Watched::new();
    watched.run(60, Duration::from_millis(2_500), Some(2));
    for outage in 1..=2 {
        watched.run(12, Duration::from_secs(1_000), None);
        assert_eq!(watched.counted.len(), outage);
        let (forwarded, counted) = (watched.forwarded(), watched.counted());
        watched.run(60, Duration::from_millis(2_500), Some(2));
        assert!(seconds(watched.forwarded() - forwarded) > 57.0);
        assert!(seconds(watched.counted() - counted) > 50.0);
    }
    assert_eq!(watched.lost, 0);
}

/// Who was cut off so often that nothing is left to trust is counted, which earns it back, whether its gate shuts or not.
#[test]
fn trust_comes_back_while_it_is_counted() {
    let mut watched = Watched::new();
    watched.run(10, Duration::from_millis(2_500), Some(2));
    for _ in 0..8 {
        watched.run(12, Duration::from_secs(1_000), None);
        watched.tick(true, true);
    }
    watched.run(120, Duration::from_millis(2_500), Some(2));
    let forwarded = watched.forwarded();
    watched.run(120, Duration::from_millis(2_500), Some(2));
    assert!(seconds(watched.forwarded() - forwarded) > 119.0);
}

#[test]
fn a_new_path_is_tried_at_once_but_not_every_time() {
    let mut watched = Watched::new();
    watched.run(50, TICK, None);
    let mut tries = 0;
    for _ in 0..20 {
        watched.presence.path_changed(watched.now);
        watched.tick(true, false);
        tries += usize::from(watched.presence.is_open());
        watched.run(3, TICK, None);
    }
    assert!((4..=6).contains(&tries), "{tries}");
}

/// Trial B1: who withholds reports, or does not get what is sent.
#[test]
fn what_is_not_acknowledged_is_not_sent_for_long_and_not_counted() {
    let mut watched = Watched::new();
    watched.run(20, TICK, Some(5));
    let before = (watched.forwarded(), watched.counted());
    watched.run(64, TICK, None);
    let after = (watched.forwarded(), watched.counted());
    assert!(seconds(after.1 - before.1) < 0.2, "{:?}", after.1 - before.1);
    // Ten seconds, and tries of two after pauses of 0, 4, 8 and 16.
    assert!(seconds(after.0 - before.0) < 20.2, "{:?}", after.0 - before.0);
    assert!(watched.lost >= 1);
    // The first report after a try brings everything back.
    watched.run(35, TICK, Some(5));
    assert!(
        seconds(watched.counted() - after.1) > 0.9,
        "{:?}",
        watched.counted() - after.1
    );
    assert!(watched.presence.is_open() && !watched.presence.is_absent());
}

#[test]
fn nothing_sent_is_not_unacknowledged() {
    let mut presence = Presence::new(Instant::now());
    let base = presence.until();
    for second in 1..100 {
        presence.heard(base + Duration::from_secs(second));
    }
    assert_eq!(presence.until(), base + Duration::from_secs(99));
    assert!(presence.take_changes().is_empty());
}

#[test]
fn an_outage_of_both_ways_is_silence_and_over_with_the_next_packet() {
    for outage in [6, 9, 12, 25] {
        let mut watched = Watched::new();
        watched.run(10, TICK, Some(5));
        watched.run(outage, Duration::from_secs(1_000), None);
        let back = watched.now;
        watched.run(1, TICK, Some(5));
        let first = watched.forwarded.iter().find(|at| **at >= back);
        assert!(*first.expect("it goes on") <= back + TICK);
        assert_eq!(watched.lost, 0, "an outage of {outage} s is not a lost path");
        assert_eq!(watched.counted.len(), usize::from(outage > 10));
    }
}

fn phases() -> impl Strategy<Value = Vec<(u64, u64, Option<u32>)>> {
    let acknowledge = prop_oneof![Just(None), (1u32..60).prop_map(Some)];
    let period = prop_oneof![20u64..200, 200u64..3_000, 3_000u64..30_000];
    proptest::collection::vec((1u64..40, period, acknowledge), 1..12)
}

proptest! {
    /// Whatever a client does, it gets thirty seconds on trust, one of twelve of the time in tries, and a part of what it is
    /// counted for; the rest of what it gets is counted.
    #[test]
    fn what_is_not_counted_is_not_forwarded(phases in phases()) {
        let mut watched = Watched::new();
        for (length, period, acknowledge) in phases {
            watched.run(length, Duration::from_millis(period), acknowledge);
        }
        let elapsed = watched.now - watched.base;
        let most = 30.0 + seconds(elapsed) / 12.0 + 0.15 * seconds(watched.counted());
        prop_assert!(seconds(watched.free()) <= most, "{:?} free of {elapsed:?}", watched.free());
        prop_assert!(watched.counted() <= elapsed);
    }
}
