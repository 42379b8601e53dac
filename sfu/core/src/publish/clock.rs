//! Clocks of sender reports, ours and the publishers', and round trips (RFC 3550 6.4).

use std::time::{Duration, Instant};

use crate::wire::rtcp::Report;

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
pub(crate) fn to_fixed(duration: Duration) -> u64 {
    (duration.as_secs() << 32) + (u64::from(duration.subsec_nanos()) << 32) / 1_000_000_000
}

/// The middle 32 bits of an NTP timestamp.
pub(crate) fn middle(ntp: u64) -> u32 {
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

/// Ticks of an RTP clock as a time.
pub(crate) fn ticks(count: u64, clock_rate: u32) -> Duration {
    // The publisher's own numbers: absurd ones must not overflow.
    Duration::from_micros(count.min(u64::from(u32::MAX)) * 1_000_000 / u64::from(clock_rate))
}

#[cfg(test)]
mod tests {
    use super::*;

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
