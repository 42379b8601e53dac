//! What sender and receiver reports are made of: reception counts, clocks and round trips (RFC 3550 6.4, A.3, A.8).

use std::time::{Duration, Instant};

use crate::rtcp::{Report, SenderReport};
use crate::track::Arrival;

/// NTP time at the start of a core. Only differences matter, so it need not be the true time; it is far from zero and
/// from the wrap in 2036, and it spares the core a wall clock.
const NTP_AT_START: u64 = 3_900_000_000 << 32;

/// Turns the core's instants into 64-bit NTP timestamps (32.32 fixed point).
#[derive(Debug, Clone, Copy)]
pub(crate) struct NtpClock {
    start: Instant,
}

impl NtpClock {
    pub(crate) fn new(start: Instant) -> Self {
        Self { start }
    }

    pub(crate) fn ntp(self, at: Instant) -> u64 {
        NTP_AT_START.wrapping_add(to_fixed(at.saturating_duration_since(self.start)))
    }

    /// Round trip from a report block (RFC 3550 6.4.1), `None` where it answers no report of ours or is absurd.
    pub(crate) fn round_trip(self, report: &Report, now: Instant) -> Option<Duration> {
        if report.last_sr == 0 {
            return None;
        }
        let ticks = middle(self.ntp(now))
            .wrapping_sub(report.last_sr)
            .wrapping_sub(report.delay_since_sr);
        let round_trip = Duration::from_nanos(u64::from(ticks) * 1_000_000_000 / 65_536);
        (round_trip < Duration::from_secs(60)).then_some(round_trip)
    }
}

/// Seconds in 32.32 fixed point.
fn to_fixed(duration: Duration) -> u64 {
    (duration.as_secs() << 32) + (u64::from(duration.subsec_nanos()) << 32) / 1_000_000_000
}

/// The middle 32 bits of an NTP timestamp.
fn middle(ntp: u64) -> u32 {
    u32::try_from((ntp >> 16) & 0xffff_ffff).expect("masked to 32 bits")
}

/// What a stream's last sender report said, and when it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SenderClock {
    pub(crate) ntp: u64,
    pub(crate) rtp_timestamp: u32,
    pub(crate) arrived_at: Instant,
}

/// The distance from a publisher's NTP clock to ours. One for all its streams, so that they stay in step.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PublisherClock {
    offset: Option<i64>,
}

impl PublisherClock {
    /// Learns from a report that was stamped `theirs` and came at `ours`. The shortest transit is nearest to the
    /// truth; rising slowly follows drift.
    pub(crate) fn learn(&mut self, theirs: u64, ours: u64) {
        let seen = ours.wrapping_sub(theirs).cast_signed();
        self.offset = Some(match self.offset {
            // Saturating, since the publisher may claim any time.
            Some(offset) if seen > offset => offset.saturating_add(seen.saturating_sub(offset) / 64),
            Some(_) | None => seen,
        });
    }

    /// A sender report for a slot, as of `now`: the publisher's own pair of times, moved to our clock and to the
    /// slot's timestamps.
    pub(crate) fn translate(
        self,
        sender: &SenderClock,
        clock_rate: u32,
        now_ntp: u64,
        slot_timestamp: impl Fn(u32) -> u32,
    ) -> Option<(u64, u32)> {
        let ours = sender.ntp.wrapping_add_signed(self.offset?);
        // Signed, since a report may have been stamped a little ahead of the smoothed clock.
        let since = i128::from(now_ntp.wrapping_sub(ours).cast_signed());
        let ticks = (since * i128::from(clock_rate)) >> 32;
        let ticks = u32::try_from(ticks.rem_euclid(1 << 32)).expect("reduced modulo 2^32");
        Some((now_ntp, slot_timestamp(sender.rtp_timestamp).wrapping_add(ticks)))
    }
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

/// Ticks of an RTP clock as a time.
pub(crate) fn ticks(count: u64, clock_rate: u32) -> Duration {
    // The publisher's own numbers: absurd ones must not overflow.
    Duration::from_micros(count.min(u64::from(u32::MAX)) * 1_000_000 / u64::from(clock_rate))
}

/// What a slot has sent, for its sender reports.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SentCounts {
    pub(crate) packets: u32,
    pub(crate) octets: u32,
    /// With those sent again.
    pub(crate) packets_in_all: u64,
    pub(crate) bytes_in_all: u64,
}

impl SentCounts {
    /// Notes a packet that was sent again, on its own stream.
    pub(crate) fn repeated(&mut self, payload_len: usize) {
        self.packets_in_all += 1;
        self.bytes_in_all += payload_len as u64;
    }

    pub(crate) fn sent(&mut self, payload_len: usize) {
        self.repeated(payload_len);
        self.packets = self.packets.wrapping_add(1);
        // The field of the report is 32 bits and wraps (RFC 3550 6.4.1); a payload is far below that.
        self.octets = self.octets.wrapping_add(u32::try_from(payload_len).unwrap_or(u32::MAX));
    }

    pub(crate) fn report(self, ssrc: u32, (ntp, rtp_timestamp): (u64, u32)) -> SenderReport {
        SenderReport {
            ssrc,
            ntp,
            rtp_timestamp,
            packets: self.packets,
            octets: self.octets,
        }
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

    #[test]
    fn round_trip_is_what_is_left_of_the_time_since_the_report() {
        let start = Instant::now();
        let clock = NtpClock::new(start);
        let report = Report {
            last_sr: middle(clock.ntp(start + Duration::from_secs(2))),
            delay_since_sr: 65_536 / 2,
            ..Report::default()
        };
        let round_trip = clock.round_trip(&report, start + Duration::from_millis(2_540)).unwrap();
        assert!(
            round_trip.abs_diff(Duration::from_millis(40)) < Duration::from_millis(1),
            "{round_trip:?}"
        );
        assert_eq!(clock.round_trip(&Report::default(), start), None);
        let absurd = Report { last_sr: 1, ..report };
        assert_eq!(clock.round_trip(&absurd, start), None);
    }

    #[test]
    fn absurd_clocks_do_no_harm() {
        let mut clock = PublisherClock::default();
        for theirs in [0, u64::MAX, 1 << 63, (1 << 63) - 1, 0, 1, u64::MAX / 3] {
            for ours in [0, 1 << 63, u64::MAX] {
                clock.learn(theirs, ours);
                let sender = SenderClock {
                    ntp: theirs,
                    rtp_timestamp: u32::MAX,
                    arrived_at: Instant::now(),
                };
                assert!(clock.translate(&sender, 90_000, ours, |timestamp| timestamp).is_some());
            }
        }
    }

    #[test]
    fn a_report_is_carried_to_our_clock_and_the_slots_timestamps() {
        let clock = NtpClock::new(Instant::now());
        let start = clock.start;
        let mut publisher = PublisherClock::default();
        let theirs = 1_000u64 << 32;
        publisher.learn(theirs, clock.ntp(start));
        let sender = SenderClock {
            ntp: theirs,
            rtp_timestamp: 5_000,
            arrived_at: start,
        };
        let now = clock.ntp(start + Duration::from_millis(500));
        let (ntp, timestamp) = publisher
            .translate(&sender, 48_000, now, |timestamp| timestamp + 7)
            .unwrap();
        assert_eq!(ntp, now);
        assert!(timestamp.abs_diff(5_007 + 24_000) <= 1);
    }
}
