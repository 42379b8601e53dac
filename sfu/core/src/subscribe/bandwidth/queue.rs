//! How long packets wait on the path: the delay of the last ones above the least that was seen lately. The client's clock
//! has any offset to ours, and both may wrap.

use std::time::Duration;

/// The least delay is that of the last one to two of these windows, in microseconds of our clock. A queue that stands for
/// longer counts as the path.
const WINDOW_MICROS: u32 = 10_000_000;
/// Interval at which the growth of the delay is measured.
const MEASURE_MICROS: u32 = 250_000;
const TICK_MICROS: i64 = 250;

/// Delay of one path.
#[derive(Debug, Default)]
pub(super) struct QueueDelay {
    /// The least of this window and of the one before, in microseconds.
    least: Option<(u32, u32)>,
    /// When the last packet with feedback was sent.
    newest: u32,
    /// When this window began.
    since: u32,
    /// The least of the packets in the feedback at hand.
    last: Option<u32>,
    delay: Duration,
    /// The last two measurements of the delay, the newer first: when the packet was sent, in microseconds, and its delay.
    measured: [(u32, Duration); 2],
}

impl QueueDelay {
    /// Takes a packet sent at this microsecond (modulo 2^32) that arrived at this tick of the client's clock.
    pub(super) fn arrived(&mut self, sent: u32, ticks: i64) {
        let arrived = ticks.wrapping_mul(TICK_MICROS).rem_euclid(1 << 32);
        let arrived = u32::try_from(arrived).expect("below 2^32");
        let delay = arrived.wrapping_sub(sent);
        self.newest = sent;
        self.last = Some(self.last.map_or(delay, |last| lesser(last, delay)));
        self.least = Some(match self.least {
            None => {
                self.since = sent;
                (delay, delay)
            }
            // What was sent before the window began is no reason to end it.
            Some((now, _)) if (WINDOW_MICROS..u32::MAX / 2).contains(&sent.wrapping_sub(self.since)) => {
                self.since = sent;
                (delay, now)
            }
            Some((now, before)) => (lesser(now, delay), before),
        });
    }

    /// Ends a feedback whose packets were all given: how long they waited at least.
    pub(super) fn conclude(&mut self) {
        if let (Some(last), Some((now, before))) = (self.last.take(), self.least) {
            let waited = last.wrapping_sub(lesser(now, before));
            self.delay = Duration::from_micros(u64::from(waited));
            if self.newest.wrapping_sub(self.measured[0].0) >= MEASURE_MICROS {
                self.measured = [(self.newest, self.delay), self.measured[0]];
            }
        }
    }

    /// How much it grew in a quarter to half of a second, as a share of that time: the excess of what is sent over what arrives.
    pub(super) fn growth(&self) -> f64 {
        let (at, before) = self.measured[1];
        let micros = self.newest.wrapping_sub(at);
        self.delay.saturating_sub(before).as_secs_f64() * 1e6 / f64::from(micros.max(MEASURE_MICROS))
    }

    pub(super) fn delay(&self) -> Duration {
        self.delay
    }
}

/// The lesser of two that are not far apart, on a circle.
fn lesser(one: u32, two: u32) -> u32 {
    if one.wrapping_sub(two) > u32::MAX / 2 { one } else { two }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The delay found after packets every 20 ms from `start` on, each given as ticks above the least.
    fn delay_after(queue: &mut QueueDelay, start: u32, offset: i64, waits: &[i64]) -> u128 {
        for (number, wait) in (0u32..).zip(waits) {
            let sent = start.wrapping_add(number * 20_000);
            let ticks = i64::from(number * 80) + offset + wait;
            queue.arrived(sent, ticks);
        }
        queue.conclude();
        queue.delay().as_millis()
    }

    #[test]
    fn is_what_lies_above_the_least_whatever_the_clocks_say() {
        for (start, offset) in [(0, 0), (u32::MAX - 30_000, -70_000), (5_000_000, (1 << 40) + 3)] {
            let mut queue = QueueDelay::default();
            assert_eq!(delay_after(&mut queue, start, offset, &[40, 20, 30]), 0);
            // The next three begin 60 ms later.
            let later = start.wrapping_add(60_000);
            assert_eq!(delay_after(&mut queue, later, offset + 240, &[440, 420, 460]), 100);
            assert_eq!(delay_after(&mut queue, later, offset + 240, &[20, 20, 20]), 0);
        }
    }

    #[test]
    fn what_stands_for_long_counts_as_the_path() {
        let mut queue = QueueDelay::default();
        assert_eq!(delay_after(&mut queue, 0, 0, &[0]), 0);
        let standing = vec![400; 400];
        assert_eq!(delay_after(&mut queue, 0, 0, &standing), 100);
        let after = vec![400; 700];
        assert_eq!(delay_after(&mut queue, 8_000_000, 32_000, &after), 0);
    }
}
