//! What loss says: nothing below a few percent, since radio loses packets without a queue; above, that a queue is full
//! (draft-ietf-rmcat-gcc-02 section 6, from whose constants those marked differ).

use std::time::{Duration, Instant};

/// The share lost is taken of at least this time and this many packets.
const INTERVAL: Duration = Duration::from_millis(400);
const PACKETS_MIN: u32 = 20;
/// Shares that let it rise and make it fall. The draft stops rising from 2 % on; mobile networks lose that much for ever.
const RISES_BELOW: f64 = 0.04;
const FALLS_ABOVE: f64 = 0.10;
/// It does not fall below this share of what arrives. Ours: the draft falls on, however much gets through.
const ARRIVING_SHARE: f64 = 0.85;
/// How much it rises at each step.
const RISE: f64 = 1.06;

/// A limit by loss.
#[derive(Debug)]
pub(super) struct LossLimit {
    limit_bps: f64,
    lost: u32,
    arrived: u32,
    since: Option<Instant>,
    fell_until: Option<Instant>,
}

impl LossLimit {
    pub(super) fn new() -> Self {
        Self {
            limit_bps: f64::INFINITY,
            lost: 0,
            arrived: 0,
            since: None,
            fell_until: None,
        }
    }

    pub(super) fn limit_bps(&self) -> f64 {
        self.limit_bps
    }

    /// A probe has shown that this much gets through.
    pub(super) fn proven(&mut self, bps: f64) {
        self.limit_bps = self.limit_bps.max(bps);
    }

    /// Takes what one feedback says of packets lost and arrived, while at most `estimate_bps` was sent and
    /// `acknowledged_bps` arrived; true when the limit fell. After a fall, feedback on packets sent before it goes on for
    /// `feedback_delay`.
    pub(super) fn on_feedback(
        &mut self,
        (lost, arrived): (u32, u32),
        (estimate_bps, acknowledged_bps): (f64, Option<f64>),
        feedback_delay: Duration,
        now: Instant,
    ) -> bool {
        if self.fell_until.is_some_and(|until| now < until) {
            return false;
        }
        self.lost += lost;
        self.arrived += arrived;
        let since = *self.since.get_or_insert(now);
        if now.saturating_duration_since(since) < INTERVAL || self.lost + self.arrived < PACKETS_MIN {
            return false;
        }
        let share = f64::from(self.lost) / f64::from(self.lost + self.arrived);
        (self.lost, self.arrived, self.since) = (0, 0, Some(now));
        if share > FALLS_ABOVE {
            // What arrives in spite of the loss does get through.
            let floor = acknowledged_bps.map_or(0.0, |bps| ARRIVING_SHARE * bps);
            let fallen = (self.limit_bps.min(estimate_bps) * (1.0 - 0.5 * share)).max(floor);
            self.limit_bps = self.limit_bps.min(fallen);
            self.fell_until = Some(now + feedback_delay);
            return true;
        }
        if share < RISES_BELOW {
            self.limit_bps *= RISE;
        }
        // Far above what is sent it limits nothing, and would take long to come down.
        if self.limit_bps > estimate_bps * 3.0 {
            self.limit_bps = f64::INFINITY;
        }
        false
    }

    /// Forgets what was counted: an outage says nothing about what gets through after it.
    pub(super) fn forget(&mut self) {
        (self.lost, self.arrived, self.since) = (0, 0, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limit after some seconds of 1 Mbit/s at this many lost of a hundred.
    fn limit_after(lost: u32, seconds: u64) -> f64 {
        let start = Instant::now();
        let mut limit = LossLimit::new();
        for step in 0..seconds * 10 {
            let now = start + Duration::from_millis(step * 100);
            let estimate = limit.limit_bps().min(1_000_000.0);
            limit.on_feedback((lost, 100 - lost), (estimate, None), Duration::ZERO, now);
        }
        limit.limit_bps()
    }

    #[test]
    fn little_loss_limits_nothing_and_much_does() {
        assert!(limit_after(2, 60) > 1_000_000.0);
        assert!(limit_after(8, 60) > 1_000_000.0);
        assert!(limit_after(20, 3) < 700_000.0, "{}", limit_after(20, 3));
    }

    #[test]
    fn rises_again_when_the_loss_is_over() {
        let start = Instant::now();
        let mut limit = LossLimit::new();
        let at = |ms| start + Duration::from_millis(ms);
        limit.on_feedback((0, 30), (1_000_000.0, None), Duration::ZERO, start);
        assert!(limit.on_feedback((50, 50), (1_000_000.0, None), Duration::ZERO, at(500)));
        let low = limit.limit_bps();
        for step in 2..22 {
            limit.on_feedback((0, 50), (low, None), Duration::ZERO, at(step * 500));
        }
        assert!(limit.limit_bps() > 2.0 * low);
    }
}
