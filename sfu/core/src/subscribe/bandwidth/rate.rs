//! The rate that follows from what the delay says: up slowly, down at once to below what arrived
//! (draft-ietf-rmcat-gcc-02 section 5.5). In libwebrtc: `AimdRateControl`, whose constants these are unless they say more.

use std::time::{Duration, Instant};

use super::delay::Usage;

/// What is left of the arriving rate after overuse.
const DECREASE: f64 = 0.85;
/// What arrives is taken for at least this share of the rate. Ours: one short measurement must not take most of the
/// pictures away.
const DECREASE_MOST: f64 = 0.5;
/// Between two decreases while less is sent than could be. Ours: what arrives then says little about the path.
const LIMITED_PAUSE: Duration = Duration::from_secs(2);
/// Growth a second far from the capacity last found.
const INCREASE: f64 = 1.08;
/// The estimate stays below this multiple of what arrives, since more was not tried.
const HEADROOM: f64 = 1.5;
/// Bits of a packet: near the capacity it grows by about one of them a round trip.
const PACKET_BITS: f64 = 9_600.0;
const INCREASE_MIN_BPS: f64 = 4_000.0;
/// The capacity found moves this much with each overuse.
const CAPACITY_SMOOTHING: f64 = 0.05;

/// State of the rate control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Hold,
    Increase,
}

/// Where overuse was met: mean and variance in kbit/s, the variance over the mean.
#[derive(Debug, Clone, Copy, Default)]
struct Capacity {
    mean: Option<f64>,
    deviation: f64,
}

impl Capacity {
    fn bounds(self) -> Option<(f64, f64)> {
        let mean = self.mean?;
        let spread = 3.0 * (self.deviation * mean).sqrt();
        Some(((mean - spread).max(0.0), mean + spread))
    }

    fn met(&mut self, bps: f64) {
        let kbps = bps / 1_000.0;
        let mean = self.mean.map_or(kbps, |mean| {
            (1.0 - CAPACITY_SMOOTHING) * mean + CAPACITY_SMOOTHING * kbps
        });
        let error = (mean - kbps) * (mean - kbps) / mean.max(1.0);
        let deviation = (1.0 - CAPACITY_SMOOTHING) * self.deviation.max(0.4) + CAPACITY_SMOOTHING * error;
        self.deviation = deviation.clamp(0.4, 2.5);
        self.mean = Some(mean);
    }
}

/// Additive increase, multiplicative decrease.
#[derive(Debug)]
pub(super) struct RateControl {
    bps: f64,
    mode: Mode,
    capacity: Capacity,
    changed_at: Option<Instant>,
    decreased_at: Option<Instant>,
}

impl RateControl {
    pub(super) fn new(bps: f64) -> Self {
        Self {
            bps,
            mode: Mode::Increase,
            capacity: Capacity::default(),
            changed_at: None,
            decreased_at: None,
        }
    }

    pub(super) fn bps(&self) -> f64 {
        self.bps
    }

    pub(super) fn decreased_at(&self) -> Option<Instant> {
        self.decreased_at
    }

    /// A probe has shown this rate.
    pub(super) fn set(&mut self, bps: f64, now: Instant) {
        self.bps = bps;
        self.changed_at = Some(now);
        if self.capacity.bounds().is_some_and(|(_, high)| bps / 1_000.0 > high) {
            self.capacity = Capacity::default();
        }
    }

    /// The path is full: it carries `arrives` bits a second.
    pub(super) fn limit(&mut self, arrives: f64, now: Instant) {
        self.capacity.met(arrives);
        self.bps = self.bps.min(DECREASE * arrives);
        self.mode = Mode::Hold;
        (self.changed_at, self.decreased_at) = (Some(now), Some(now));
    }

    /// Takes what the delay says now. `acknowledged` is what arrives in bits a second; `limited` says that less was sent
    /// than could be.
    pub(super) fn update(
        &mut self,
        usage: Usage,
        acknowledged: Option<f64>,
        limited: bool,
        round_trip: Duration,
        now: Instant,
    ) {
        let since = now.saturating_duration_since(self.changed_at.unwrap_or(now));
        match usage {
            Usage::Over => self.decrease(acknowledged, limited, round_trip, now),
            Usage::Under => self.mode = Mode::Hold,
            Usage::Normal if self.mode == Mode::Hold => {
                self.mode = Mode::Increase;
                self.changed_at = Some(now);
            }
            Usage::Normal => {
                self.changed_at = Some(now);
                if !limited {
                    self.increase(acknowledged, since.min(Duration::from_secs(1)), round_trip);
                }
            }
        }
    }

    fn increase(&mut self, acknowledged: Option<f64>, since: Duration, round_trip: Duration) {
        let seconds = since.as_secs_f64();
        let arrives = acknowledged.unwrap_or(self.bps);
        if self.capacity.bounds().is_some_and(|(_, high)| arrives / 1_000.0 > high) {
            self.capacity = Capacity::default();
        }
        let near = self
            .capacity
            .bounds()
            .is_some_and(|(low, high)| (low..=high).contains(&(self.bps / 1_000.0)));
        let grown = if near {
            let response = (round_trip + Duration::from_millis(100)).as_secs_f64();
            self.bps + (PACKET_BITS / response).max(INCREASE_MIN_BPS) * seconds
        } else {
            self.bps * INCREASE.powf(seconds)
        };
        let most = acknowledged.map_or(grown, |arrives| arrives * HEADROOM + 10_000.0);
        self.bps = self.bps.max(grown.min(most));
    }

    fn decrease(&mut self, acknowledged: Option<f64>, limited: bool, round_trip: Duration, now: Instant) {
        // The queue needs time to show what the last decrease did, unless far less arrives than is sent.
        let pause = if limited {
            LIMITED_PAUSE
        } else {
            round_trip + Duration::from_millis(100)
        };
        let lately = self
            .decreased_at
            .is_some_and(|at| now.saturating_duration_since(at) < pause);
        let far = acknowledged.is_some_and(|arrives| arrives < 0.5 * self.bps);
        if lately && (limited || !far) {
            return;
        }
        if limited {
            // What arrives says nothing about the path when little is sent, and the queue may be another's.
            self.bps *= DECREASE;
            self.mode = Mode::Hold;
            self.changed_at = Some(now);
            self.decreased_at = Some(now);
            return;
        }
        // What arrives may be little because little was sent.
        let arrives = acknowledged.map_or(self.bps, |arrives| arrives.max(DECREASE_MOST * self.bps));
        let mut decreased = DECREASE * arrives;
        if decreased > self.bps
            && let Some(mean) = self.capacity.mean
        {
            decreased = DECREASE * mean * 1_000.0;
        }
        if self.capacity.bounds().is_some_and(|(low, _)| arrives / 1_000.0 < low) {
            self.capacity = Capacity::default();
        }
        self.capacity.met(arrives);
        self.bps = self.bps.min(decreased);
        self.mode = Mode::Hold;
        self.changed_at = Some(now);
        self.decreased_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(50);

    /// A rate of 1 Mbit/s and steps of time for it.
    struct Path {
        rate: RateControl,
        now: Instant,
    }

    impl Path {
        fn new() -> Self {
            let (rate, now) = (RateControl::new(1_000_000.0), Instant::now());
            Self { rate, now }
        }

        /// The rate in kbit/s after another `millis`, given what arrives in kbit/s.
        fn rate_after(&mut self, millis: u64, usage: Usage, arrives: f64, limited: bool) -> f64 {
            self.now += Duration::from_millis(millis);
            self.rate
                .update(usage, Some(arrives * 1_000.0), limited, ROUND_TRIP, self.now);
            self.rate.bps() / 1_000.0
        }

        /// The same after some seconds of which nothing bad is said.
        fn calm(&mut self, seconds: u64, arrives: f64, limited: bool) -> f64 {
            let rates = (0..seconds * 10).map(|_| self.rate_after(100, Usage::Normal, arrives, limited));
            rates.last().expect("at least a second")
        }
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 0.01 * expected, "{found} is not {expected}");
    }

    #[test]
    fn overuse_takes_it_below_what_arrives() {
        near(Path::new().rate_after(0, Usage::Over, 800.0, false), 680.0);
        // So little arrives that little was sent.
        near(Path::new().rate_after(0, Usage::Over, 100.0, false), 425.0);
        // More arrives than was thought possible: it does not rise for that.
        assert!(Path::new().rate_after(0, Usage::Over, 2_000.0, false) <= 1_000.0);
    }

    #[test]
    fn a_decrease_is_given_time_to_work_unless_far_less_arrives() {
        let mut path = Path::new();
        path.rate_after(0, Usage::Over, 800.0, false);
        near(path.rate_after(140, Usage::Over, 600.0, false), 680.0);
        near(path.rate_after(20, Usage::Over, 600.0, false), 510.0);
        near(path.rate_after(20, Usage::Over, 200.0, false), 0.85 * 255.0);
    }

    #[test]
    fn of_little_that_is_sent_not_what_arrives_counts() {
        let mut path = Path::new();
        near(path.rate_after(0, Usage::Over, 10.0, true), 850.0);
        near(path.rate_after(1_990, Usage::Over, 10.0, true), 850.0);
        near(path.rate_after(20, Usage::Over, 10.0, true), 722.5);
    }

    #[test]
    fn grows_by_a_share_far_from_the_limit_and_by_packets_near_it() {
        near(Path::new().calm(10, 1_500.0, false), 1_000.0 * 1.08f64.powf(9.9));
        let mut path = Path::new();
        path.rate_after(0, Usage::Over, 1_000.0, false);
        path.rate.set(990_000.0, path.now);
        path.rate_after(100, Usage::Normal, 990.0, false);
        // A packet of 9,600 bits in 150 ms.
        near(path.calm(1, 990.0, false), 990.0 + 64.0);
        // More arrives than the limit was: it is another path.
        path.rate.set(990_000.0, path.now);
        near(path.calm(1, 1_500.0, false), 990.0 * 1.08);
        // So it is where far less does.
        path.rate_after(0, Usage::Over, 1_000.0, false);
        path.rate_after(1_000, Usage::Over, 600.0, false);
        let bounds = path.rate.capacity.bounds();
        assert!(
            bounds.is_some_and(|(low, high)| low > 500.0 && high < 700.0),
            "{bounds:?}"
        );
    }

    #[test]
    fn does_not_grow_unseen() {
        near(Path::new().calm(10, 1_000.0, true), 1_000.0);
        near(Path::new().calm(30, 1_000.0, false), 1_510.0);
        // What arrives became less without overuse.
        near(Path::new().calm(1, 100.0, false), 1_000.0);
        // A pause says nothing about the time in it.
        let mut path = Path::new();
        path.rate_after(100, Usage::Normal, 1_000.0, false);
        near(path.rate_after(60_000, Usage::Normal, 1_000.0, false), 1_080.0);
    }

    #[test]
    fn waits_while_a_queue_empties() {
        let mut path = Path::new();
        path.rate_after(100, Usage::Normal, 1_000.0, false);
        near(path.rate_after(1_000, Usage::Under, 1_000.0, false), 1_000.0);
        // Nor for the time in which it did.
        near(path.rate_after(100, Usage::Normal, 1_000.0, false), 1_000.0);
        near(path.rate_after(1_000, Usage::Normal, 1_000.0, false), 1_080.0);
    }

    #[test]
    fn grows_for_the_time_since_it_began_to() {
        let mut path = Path::new();
        path.rate_after(0, Usage::Under, 1_000.0, false);
        path.rate_after(900, Usage::Normal, 1_000.0, false);
        near(
            path.rate_after(500, Usage::Normal, 1_000.0, false),
            1_000.0 * 1.08f64.powf(0.5),
        );
    }

    #[test]
    fn a_full_path_is_remembered_until_a_probe_finds_far_more() {
        let mut path = Path::new();
        path.rate.limit(500_000.0, path.now);
        near(path.rate.bps() / 1_000.0, 425.0);
        assert_eq!(path.rate.decreased_at(), Some(path.now));
        assert!(path.rate.capacity.bounds().is_some());
        path.rate.set(505_000.0, path.now);
        assert!(path.rate.capacity.bounds().is_some());
        path.rate.set(800_000.0, path.now);
        assert!(path.rate.capacity.bounds().is_none());
        near(path.rate.bps() / 1_000.0, 800.0);
        // What arrives at a full path does not raise it.
        path.rate.limit(2_000_000.0, path.now);
        near(path.rate.bps() / 1_000.0, 800.0);
    }
}
