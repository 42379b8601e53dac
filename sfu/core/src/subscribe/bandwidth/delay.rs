//! Whether a queue builds up on the path: the trend of the delay from packet group to packet group against a threshold
//! that adapts (draft-ietf-rmcat-gcc-02 sections 5.1 to 5.4; Carlucci et al., "Analysis and design of the Google
//! congestion control for web real-time communication", 2016). In libwebrtc: `TrendlineEstimator` and `InterArrival`, whose
//! constants these are.

use std::collections::VecDeque;

/// Packets sent within this time are one group, in microseconds.
const GROUP_MICROS: u32 = 5_000;
/// A group that arrives this soon after the one before waited in the same queue, in milliseconds.
const BURST_MS: f64 = 5.0;
/// Groups further apart than this say nothing about each other's delay, in milliseconds.
const JUMP_MS: f64 = 3_000.0;
/// Groups of which the trend is taken.
const GROUPS: usize = 20;
/// How much of the smoothed delay stays with each group.
const SMOOTHING: f64 = 0.9;
/// Makes a slope comparable with the threshold: few groups say less than many.
const GAIN: f64 = 4.0;
const COUNT_MAX: f64 = 60.0;
/// The threshold in milliseconds, and how fast it follows the trend up and down.
const THRESHOLD: f64 = 12.5;
const THRESHOLD_MIN: f64 = 6.0;
const THRESHOLD_MAX: f64 = 600.0;
const THRESHOLD_UP: f64 = 0.008_7;
const THRESHOLD_DOWN: f64 = 0.039;
/// A trend this far above the threshold is a jump, which the threshold does not follow.
const THRESHOLD_JUMP: f64 = 15.0;
/// The trend is above the threshold for longer than this before it counts, in milliseconds.
const OVERUSE_MS: f64 = 10.0;

/// What the trend says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Usage {
    #[default]
    Normal,
    /// A queue builds up.
    Over,
    /// A queue empties.
    Under,
}

/// Packets that were sent together.
#[derive(Debug, Clone, Copy)]
struct Group {
    first_sent: u32,
    last_sent: u32,
    first_arrived: i64,
    last_arrived: i64,
}

/// Delay variation of one path.
#[derive(Debug)]
pub(super) struct DelayTrend {
    current: Option<Group>,
    before: Option<Group>,
    /// Arrival and smoothed delay of the last groups, in milliseconds.
    points: VecDeque<(f64, f64)>,
    origin: i64,
    count: f64,
    accumulated: f64,
    smoothed: f64,
    threshold: f64,
    threshold_at: Option<f64>,
    over_ms: Option<f64>,
    over_count: u32,
    slope_before: f64,
    usage: Usage,
}

impl DelayTrend {
    pub(super) fn new() -> Self {
        Self {
            current: None,
            before: None,
            points: VecDeque::with_capacity(GROUPS + 1),
            origin: 0,
            count: 0.0,
            accumulated: 0.0,
            smoothed: 0.0,
            threshold: THRESHOLD,
            threshold_at: None,
            over_ms: None,
            over_count: 0,
            slope_before: 0.0,
            usage: Usage::Normal,
        }
    }

    pub(super) fn usage(&self) -> Usage {
        self.usage
    }

    /// Forgets the past, since the path has changed.
    pub(super) fn reset(&mut self) {
        let threshold = self.threshold;
        *self = Self {
            threshold,
            ..Self::new()
        };
    }

    /// Takes a packet sent at this microsecond (modulo 2^32) that arrived at this tick (250 us) of the client's clock;
    /// in the order of sending.
    pub(super) fn arrived(&mut self, sent: u32, ticks: i64) {
        let Some(group) = &mut self.current else {
            self.origin = ticks;
            self.current = Some(Group::new(sent, ticks));
            return;
        };
        if sent.wrapping_sub(group.first_sent) > u32::MAX / 2 {
            // Sent before the group: it says nothing any more.
            return;
        }
        if group.takes(sent, ticks) {
            group.last_sent = sent;
            group.last_arrived = group.last_arrived.max(ticks);
            return;
        }
        let group = *group;
        if let Some(before) = self.before {
            let sent_ms = f64::from(group.last_sent.wrapping_sub(before.last_sent)) / 1_000.0;
            let arrived_ms = millis(group.last_arrived - before.last_arrived);
            if (arrived_ms - sent_ms).abs() > JUMP_MS || arrived_ms < -JUMP_MS {
                self.reset();
                self.origin = ticks;
                self.current = Some(Group::new(sent, ticks));
                return;
            }
            if arrived_ms >= 0.0 {
                self.update(arrived_ms - sent_ms, sent_ms, millis(group.last_arrived - self.origin));
            }
        }
        self.before = Some(group);
        self.current = Some(Group::new(sent, ticks));
    }

    /// One more group: its change of delay, the time since the group before was sent, and its arrival, in milliseconds.
    fn update(&mut self, change: f64, sent_ms: f64, arrival: f64) {
        self.count = (self.count + 1.0).min(1_000.0);
        self.accumulated += change;
        self.smoothed = SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * self.accumulated;
        self.points.push_back((arrival, self.smoothed));
        if self.points.len() > GROUPS {
            self.points.pop_front();
        }
        let slope = if self.points.len() == GROUPS {
            slope(&self.points).unwrap_or(self.slope_before)
        } else {
            self.slope_before
        };
        self.detect(slope, sent_ms, arrival);
    }

    fn detect(&mut self, slope: f64, sent_ms: f64, arrival: f64) {
        if self.count < 2.0 {
            return;
        }
        let trend = self.count.min(COUNT_MAX) * slope * GAIN;
        if trend > self.threshold {
            let over = self.over_ms.map_or(sent_ms / 2.0, |over| over + sent_ms);
            self.over_ms = Some(over);
            self.over_count += 1;
            if over > OVERUSE_MS && self.over_count > 1 && slope >= self.slope_before {
                self.over_ms = Some(0.0);
                self.over_count = 0;
                self.usage = Usage::Over;
            }
        } else {
            self.over_ms = None;
            self.over_count = 0;
            self.usage = if trend < -self.threshold {
                Usage::Under
            } else {
                Usage::Normal
            };
        }
        self.slope_before = slope;
        self.adapt(trend, arrival);
    }

    fn adapt(&mut self, trend: f64, arrival: f64) {
        let since = arrival - self.threshold_at.replace(arrival).unwrap_or(arrival);
        let distance = trend.abs() - self.threshold;
        if distance > THRESHOLD_JUMP {
            return;
        }
        let speed = if distance < 0.0 { THRESHOLD_DOWN } else { THRESHOLD_UP };
        let threshold = self.threshold + speed * distance * since.clamp(0.0, 100.0);
        self.threshold = threshold.clamp(THRESHOLD_MIN, THRESHOLD_MAX);
    }
}

impl Group {
    fn new(sent: u32, ticks: i64) -> Self {
        Self {
            first_sent: sent,
            last_sent: sent,
            first_arrived: ticks,
            last_arrived: ticks,
        }
    }

    fn takes(&self, sent: u32, ticks: i64) -> bool {
        if sent.wrapping_sub(self.first_sent) <= GROUP_MICROS {
            return true;
        }
        // Sent apart but arriving together: they met in a queue, which the gaps between them say nothing about.
        let sent_ms = f64::from(sent.wrapping_sub(self.last_sent)) / 1_000.0;
        let arrived_ms = millis(ticks - self.last_arrived);
        arrived_ms <= BURST_MS && arrived_ms < sent_ms && millis(ticks - self.first_arrived) < 100.0
    }
}

fn millis(ticks: i64) -> f64 {
    ticks as f64 / 4.0
}

/// Slope of the line through the points by least squares; `None` when all have one arrival.
fn slope(points: &VecDeque<(f64, f64)>) -> Option<f64> {
    let count = points.len() as f64;
    let (mut sum_x, mut sum_y) = (0.0, 0.0);
    for (x, y) in points {
        sum_x += x;
        sum_y += y;
    }
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (mut above, mut below) = (0.0, 0.0);
    for (x, y) in points {
        above += (x - mean_x) * (y - mean_y);
        below += (x - mean_x) * (x - mean_x);
    }
    (below > 0.0).then(|| above / below)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups every 20 ms, each delayed by the given ticks more than the one before; the usages seen.
    fn seen(trend: &mut DelayTrend, start: u32, groups: u32, growth: i64) -> Vec<Usage> {
        let mut usages = Vec::new();
        for group in 0..groups {
            let sent = start + group * 20_000;
            trend.arrived(sent, i64::from(sent / 250) + 4_000 + i64::from(group) * growth);
            usages.push(trend.usage());
        }
        usages
    }

    #[test]
    fn a_growing_delay_is_overuse_and_a_falling_one_underuse() {
        let mut trend = DelayTrend::new();
        assert!(seen(&mut trend, 0, 100, 0).iter().all(|usage| *usage == Usage::Normal));
        let growing = seen(&mut trend, 2_000_000, 60, 16);
        let first = growing.iter().position(|usage| *usage == Usage::Over);
        assert!(first.is_some_and(|first| first < 25), "{first:?}");
        let mut falling = DelayTrend::new();
        assert!(seen(&mut falling, 0, 60, -16).contains(&Usage::Under));
    }

    #[test]
    fn jitter_is_no_trend() {
        let mut trend = DelayTrend::new();
        for group in 0..3_000u32 {
            // Evenly from 0 to 10 ms, without a pattern that repeats soon.
            let jitter = i64::from(group.wrapping_mul(2_654_435_761) >> 16) % 40;
            trend.arrived(group * 20_000, i64::from(group) * 80 + jitter);
            assert_ne!(trend.usage(), Usage::Over, "group {group}");
        }
    }

    #[test]
    fn a_clock_that_jumps_begins_anew() {
        let mut trend = DelayTrend::new();
        seen(&mut trend, 0, 60, 16);
        trend.arrived(1_300_000, 50_000);
        trend.arrived(1_320_000, -50_000);
        trend.arrived(1_340_000, i64::MAX / 1_000);
        trend.arrived(1_360_000, 0);
        let calm = seen(&mut trend, 2_000_000, 50, 0);
        assert!(calm[5..].iter().all(|usage| *usage == Usage::Normal), "{calm:?}");
    }
}
