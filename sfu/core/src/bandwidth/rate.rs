//! The rate that follows from what the delay says: up slowly, down at once to below what arrived
//! (draft-ietf-rmcat-gcc-02 section 5.5).

use std::time::{Duration, Instant};

use super::delay::Usage;

/// What is left of the arriving rate after overuse.
const DECREASE: f64 = 0.85;
/// Of what was thought to get through before, at least this much is taken to arrive.
const DECREASE_MOST: f64 = 0.5;
/// Between two decreases while less is sent than could be.
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

    /// The path is full while so much arrives.
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
