//! How long a shard's work takes, and how much of it there is: recorded once a wake-up, never for a packet.

use std::time::{Duration, Instant};

use crate::histogram::Histogram;
use crate::metrics::IoCounters;

/// A wake-up that takes longer has held up media, and is counted and, now and then, logged.
const STALL: Duration = Duration::from_millis(100);
/// Least time between two logged stalls.
const STALL_LOG_INTERVAL: Duration = Duration::from_secs(60);
/// Over which the packets a second are counted.
const RATE_INTERVAL: Duration = Duration::from_secs(1);
/// What is known of a shard's times.
pub(super) struct Times {
    pub(super) forward_delay: Histogram,
    pub(super) joins: Histogram,
    pub(super) packets_per_second: u64,
    /// Packets sent when their rate was last measured.
    counted: (u64, Instant),
    stall_logged_at: Option<Instant>,
}

impl Times {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            forward_delay: Histogram::default(),
            joins: Histogram::default(),
            packets_per_second: 0,
            counted: (0, now),
            stall_logged_at: None,
        }
    }

    /// Records the end of a wake-up that took in `packets` packets.
    pub(super) fn woke(&mut self, shard: usize, packets_in: u64, took: Duration, now: Instant, io: &mut IoCounters) {
        if packets_in > 0 {
            self.forward_delay.record(took, packets_in);
        }
        if took < STALL {
            return;
        }
        io.stalls += 1;
        if self.stall_logged_at.is_none_or(|at| now >= at + STALL_LOG_INTERVAL) {
            self.stall_logged_at = Some(now);
            tracing::warn!(
                shard,
                ?took,
                stalls = io.stalls,
                "a wake-up of a media thread took long"
            );
        }
    }

    pub(super) fn count_rate(&mut self, sent: u64, now: Instant) {
        let (before, at) = self.counted;
        let elapsed = now.saturating_duration_since(at);
        if elapsed >= RATE_INTERVAL {
            let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
            self.packets_per_second = (sent - before).saturating_mul(1_000) / millis;
            self.counted = (sent, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_up_media_is_a_stall() {
        let now = Instant::now();
        let mut times = Times::new(now);
        let mut io = IoCounters::default();
        let short = STALL - Duration::from_micros(1);
        times.woke(0, 10, short, now, &mut io);
        times.woke(0, 0, short, now, &mut io);
        assert_eq!(
            (io.stalls, times.forward_delay.count(), times.forward_delay.sum()),
            (0, 10, short * 10)
        );
        times.woke(0, 0, STALL, now, &mut io);
        times.woke(0, 1, STALL, now, &mut io);
        assert_eq!((io.stalls, times.forward_delay.count()), (2, 11));
        assert_eq!(times.stall_logged_at, Some(now));
        times.woke(0, 1, STALL, now + STALL_LOG_INTERVAL / 2, &mut io);
        assert_eq!(times.stall_logged_at, Some(now), "logged now and then only");
    }

    #[test]
    fn packets_are_counted_by_the_second() {
        let start = Instant::now();
        let mut times = Times::new(start);
        times.count_rate(400, start + RATE_INTERVAL / 2);
        assert_eq!(times.packets_per_second, 0);
        times.count_rate(900, start + RATE_INTERVAL * 3);
        assert_eq!(times.packets_per_second, 300);
        times.count_rate(900, start + RATE_INTERVAL * 4);
        assert_eq!(times.packets_per_second, 0);
    }
}
