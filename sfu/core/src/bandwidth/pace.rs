//! Spreads what exceeds the estimate at once, a keyframe above all, over a little time. Below the estimate nothing
//! waits.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::layers::TrackRef;
use crate::limits;

/// What may leave at once, as time at the estimated rate and as bytes at least: a frame of an even stream.
const BURST: Duration = Duration::from_millis(50);
const BURST_BYTES_MIN: f64 = 8_000.0;
/// Multiple of the estimate at which the rest leaves.
const FACTOR: f64 = 2.0;
/// What waits leaves within this time, however much it is.
const WAIT_MAX: Duration = Duration::from_millis(250);
/// Between two looks at what waits.
const STEP: Duration = Duration::from_millis(5);

/// A packet that waits, by its place in its publisher's ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) slot: usize,
    pub(crate) track: TrackRef,
    pub(crate) stream: u32,
    pub(crate) encoding: usize,
    pub(crate) index: u64,
    pub(crate) newest: bool,
    pub(crate) bytes: usize,
}

/// The queue of one peer.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    queue: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// Bytes that may leave now; negative after what could not wait.
    credit: f64,
    /// Bytes a second that empty the queue in time.
    least: f64,
    at: Option<Instant>,
    bps: f64,
    next_at: Option<Instant>,
}

impl Pacer {
    /// The rate to keep, in bits a second.
    pub(crate) fn set_rate(&mut self, bps: u64) {
        self.bps = bps as f64;
    }

    fn earn(&mut self, now: Instant) {
        let burst = (self.bps / 8.0 * BURST.as_secs_f64()).max(BURST_BYTES_MIN);
        let Some(at) = self.at.replace(now) else {
            self.credit = burst;
            return;
        };
        let rate = (FACTOR * self.bps / 8.0).max(self.least);
        let seconds = now.saturating_duration_since(at).as_secs_f64();
        self.credit = (self.credit + rate * seconds).clamp(-burst, burst);
    }

    /// Counts what leaves without asking.
    pub(crate) fn sent(&mut self, bytes: usize, now: Instant) {
        if self.bps > 0.0 {
            self.earn(now);
            self.credit -= bytes as f64;
        }
    }

    /// True when a packet of this peer has to wait.
    pub(crate) fn holds(&mut self, now: Instant) -> bool {
        if self.bps <= 0.0 {
            return false;
        }
        self.earn(now);
        !self.queue.is_empty() || self.credit <= 0.0
    }

    /// Lets a packet wait; false when too many do.
    pub(crate) fn wait(&mut self, packet: Waiting, now: Instant) -> bool {
        if self.queue.len() >= limits::PACED_PACKETS_MAX {
            return false;
        }
        self.waiting_bytes += packet.bytes;
        self.least = self.least.max(self.waiting_bytes as f64 / WAIT_MAX.as_secs_f64());
        self.queue.push_back(packet);
        self.next_at.get_or_insert(now + STEP);
        true
    }

    /// When [`Pacer::release`] is to be asked.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        self.next_at
    }

    /// The next packet that may leave now. Ask until there is none.
    pub(crate) fn release(&mut self, now: Instant) -> Option<Waiting> {
        if self.next_at.is_none_or(|at| at > now) {
            return None;
        }
        self.earn(now);
        let packet = if self.credit > 0.0 {
            self.queue.pop_front()
        } else {
            None
        };
        if let Some(packet) = packet {
            self.waiting_bytes -= packet.bytes;
        } else if self.queue.is_empty() {
            self.next_at = None;
            self.least = 0.0;
        } else {
            self.next_at = Some(now + STEP);
        }
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(index: u64) -> Waiting {
        Waiting {
            slot: 0,
            track: TrackRef { peer: 0, track: 0 },
            stream: 1,
            encoding: 0,
            index,
            newest: true,
            bytes: 1_000,
        }
    }

    /// Offers frames of so many packets every 40 ms; how many packets had to wait, and the longest wait.
    fn offer(bps: u64, frames: &[u64]) -> (usize, Duration) {
        let start = Instant::now();
        let mut pacer = Pacer::default();
        pacer.set_rate(bps);
        let mut waiting = VecDeque::new();
        let (mut waited, mut longest) = (0, Duration::ZERO);
        for millis in 0..frames.len() as u64 * 40 + 1_000 {
            let now = start + Duration::from_millis(millis);
            while let Some(packet) = pacer.release(now) {
                pacer.sent(packet.bytes, now);
                let (index, at) = waiting.pop_front().expect("something waits");
                assert_eq!(packet.index, index, "the order is kept");
                longest = longest.max(now - at);
            }
            let frame = usize::try_from(millis / 40).unwrap();
            let count = if millis % 40 == 0 {
                frames.get(frame).copied().unwrap_or(0)
            } else {
                0
            };
            for number in 0..count {
                let index = millis * 1_000 + number;
                if pacer.holds(now) {
                    assert!(pacer.wait(packet(index), now));
                    waiting.push_back((index, now));
                    waited += 1;
                } else {
                    pacer.sent(1_000, now);
                }
            }
        }
        assert!(waiting.is_empty() && pacer.due_at().is_none(), "nothing is left behind");
        (waited, longest)
    }

    #[test]
    fn an_even_stream_below_the_estimate_waits_for_nobody() {
        // 5 packets of 1000 bytes every 40 ms are 1 Mbit/s.
        assert_eq!(offer(1_100_000, &[5; 50]), (0, Duration::ZERO));
    }

    #[test]
    fn a_keyframe_is_spread_and_a_flood_leaves_in_time() {
        let (waited, longest) = offer(1_100_000, &[5, 5, 60, 5, 5, 5, 5, 5]);
        assert!(waited > 40, "{waited}");
        assert!(
            (Duration::from_millis(100)..Duration::from_millis(300)).contains(&longest),
            "{longest:?}"
        );
        let (waited, longest) = offer(100_000, &[400]);
        assert!(
            waited > 300 && longest < Duration::from_millis(700),
            "{waited} {longest:?}"
        );
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        assert_eq!(offer(0, &[400]), (0, Duration::ZERO));
    }
}
