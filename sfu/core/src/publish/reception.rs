//! Reception counts of a stream, for receiver reports (RFC 3550 6.4, A.3, A.8).

use std::time::{Duration, Instant};

use super::clock::{SenderClock, middle, ticks, to_fixed};
use crate::wire::rtcp::Report;

/// How a packet came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    First,
    Retransmission,
}

/// Counts of one received stream.
#[derive(Debug, Default)]
pub(crate) struct Reception {
    first: Option<u64>,
    highest: u64,
    received: u64,
    recovered: u64,
    expected_before: u64,
    received_before: u64,
    /// 1/16 of a timestamp unit (RFC 3550 A.8).
    jitter: u64,
    transit: Option<u32>,
    since: Option<Instant>,
}

impl Reception {
    pub(crate) fn first(&self) -> Option<u64> {
        self.first
    }

    pub(crate) fn highest(&self) -> Option<u64> {
        self.first.map(|_| self.highest)
    }

    pub(crate) fn received(&mut self, index: u64, timestamp: u32, clock_rate: u32, arrival: Arrival, now: Instant) {
        self.highest = self.highest.max(index);
        if arrival == Arrival::Retransmission {
            self.recovered += 1;
            return;
        }
        let first = *self.first.get_or_insert(index);
        // A packet that was reordered before the very first counts from itself on.
        self.first = Some(first.min(index));
        self.received += 1;
        let since = *self.since.get_or_insert(now);
        let elapsed = now.saturating_duration_since(since).as_micros() * u128::from(clock_rate) / 1_000_000;
        let arrived = u32::try_from(elapsed % (1 << 32)).expect("below 2^32");
        let transit = arrived.wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let change = u64::from(transit.wrapping_sub(before).cast_signed().unsigned_abs());
            self.jitter = (self.jitter + change).saturating_sub((self.jitter + 8) >> 4);
        }
    }

    /// Packets from the first to the newest.
    pub(crate) fn expected(&self) -> u64 {
        self.first.map_or(0, |first| self.highest - first + 1)
    }

    /// What did not come at first.
    pub(crate) fn lost_at_first(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// Interarrival jitter (RFC 3550 6.4.1).
    pub(crate) fn jitter(&self, clock_rate: u32) -> Duration {
        ticks(self.jitter >> 4, clock_rate)
    }

    /// What never came, neither at first nor as a retransmission.
    pub(crate) fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received + self.recovered)
    }

    /// A report block, `None` before the first packet. Each call begins a new interval.
    pub(crate) fn report(&mut self, ssrc: u32, sender: Option<&SenderClock>, now: Instant) -> Option<Report> {
        self.first?;
        let expected = self.expected() - self.expected_before;
        let received = self.received - self.received_before;
        self.expected_before = self.expected();
        self.received_before = self.received;
        let lost = expected.saturating_sub(received);
        let cumulative = self.expected().saturating_sub(self.received).min(0x7f_ffff);
        let (last_sr, delay_since_sr) = sender.map_or((0, 0), |sender| {
            let delay = to_fixed(now.saturating_duration_since(sender.arrived_at)) >> 16;
            (middle(sender.ntp), u32::try_from(delay).unwrap_or(u32::MAX))
        });
        Some(Report {
            ssrc,
            fraction_lost: u8::try_from((lost * 256).checked_div(expected).unwrap_or(0)).unwrap_or(u8::MAX),
            cumulative_lost: i32::try_from(cumulative).expect("bounded by 23 bits"),
            highest_sequence: u32::try_from(self.highest & 0xffff_ffff).expect("masked to 32 bits"),
            jitter: u32::try_from(self.jitter >> 4).unwrap_or(u32::MAX),
            last_sr,
            delay_since_sr,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_in_an_interval_and_altogether() {
        let now = Instant::now();
        let mut reception = Reception::default();
        assert_eq!(reception.report(1, None, now), None);
        for index in [100, 101, 103, 102, 107] {
            reception.received(index, 0, 90_000, Arrival::First, now);
        }
        let report = reception.report(1, None, now).unwrap();
        assert_eq!(
            (report.cumulative_lost, report.fraction_lost, report.highest_sequence),
            (3, 96, 107)
        );
        reception.received(104, 0, 90_000, Arrival::Retransmission, now);
        assert_eq!(reception.lost(), 2);
        reception.received(108, 0, 90_000, Arrival::First, now);
        let report = reception.report(1, None, now).unwrap();
        assert_eq!((report.cumulative_lost, report.fraction_lost), (3, 0));
    }

    #[test]
    fn steady_arrival_has_no_jitter_and_uneven_has() {
        let start = Instant::now();
        let run = |delays: [u64; 4]| {
            let mut reception = Reception::default();
            for (number, delay) in (0u32..).zip(delays) {
                let at = start + Duration::from_millis(u64::from(number) * 20 + delay);
                reception.received(u64::from(number), number * 960, 48_000, Arrival::First, at);
            }
            reception.report(1, None, start).unwrap().jitter
        };
        assert_eq!(run([5, 5, 5, 5]), 0);
        assert!(run([0, 10, 0, 10]) > 60);
    }
}
