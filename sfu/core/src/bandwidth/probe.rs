//! Asks the path for more than media needs: for a moment as much is sent as would be wanted, and how fast it arrives is
//! what the path can carry.

use std::time::{Duration, Instant};

use crate::prefetch::prefetch;

/// How long a probe lasts, and how often something is sent for it.
const LENGTH: Duration = Duration::from_millis(30);
const STEP: Duration = Duration::from_millis(5);
/// A probe whose packets are not all told of by then is given up.
const TOLD_WITHIN: Duration = Duration::from_secs(1);
/// Between two probes: the shortest after one that found more, doubled with each that did not.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
const INTERVAL_MAX: Duration = Duration::from_secs(16);
const AGAIN: Duration = Duration::from_millis(50);
/// A slow probe lasts longer: until so many bits were sent, which are more than the packets that a result takes.
const BITS_MIN: f64 = 16_000.0;
/// Packets that must arrive for a result, and the share of all.
const PACKETS_MIN: u32 = 5;
const ARRIVED_MIN: f64 = 0.7;
/// A path that arrives slower than this share of what was sent is full.
const FULL_BELOW: f64 = 0.9;
/// Of the rate at which a full path delivers.
const FULL_SHARE: f64 = 0.95;

/// What arrived of a probe.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    sent: u32,
    told: u32,
    arrived: u32,
    bytes: u64,
    /// When the first and the last arrived, in ticks of 250 us, and the bytes of those that arrived first.
    first: i64,
    last: i64,
    first_bytes: u64,
    /// When the first and the last that arrived were sent, in microseconds, and the bytes of those sent last.
    first_sent: u32,
    last_sent: u32,
    last_bytes: u64,
}

impl Tally {
    fn arrived(&mut self, sent: u32, ticks: i64, bytes: u64) {
        self.arrived += 1;
        self.bytes += bytes;
        if self.arrived == 1 || ticks < self.first {
            (self.first, self.first_bytes) = (ticks, bytes);
        }
        if self.arrived == 1 {
            (self.last, self.first_sent, self.last_sent) = (ticks, sent, sent);
        }
        self.last = self.last.max(ticks);
        if sent == self.last_sent {
            self.last_bytes += bytes;
        } else {
            (self.last_sent, self.last_bytes) = (sent, bytes);
        }
    }

    /// What the path carried, in bits a second.
    fn bps(&self) -> Option<f64> {
        if self.arrived < PACKETS_MIN || f64::from(self.arrived) < ARRIVED_MIN * f64::from(self.sent) {
            return None;
        }
        let sent_seconds = f64::from(self.last_sent.wrapping_sub(self.first_sent)) / 1e6;
        let arrived_seconds = (self.last - self.first) as f64 / 4_000.0;
        if !(0.005..1.0).contains(&sent_seconds) || !(0.0..1.0).contains(&arrived_seconds) {
            return None;
        }
        let sent_bps = (self.bytes - self.last_bytes) as f64 * 8.0 / sent_seconds;
        // What arrives all at once shows no limit.
        let arrived_bps = (self.bytes - self.first_bytes) as f64 * 8.0 / arrived_seconds.max(sent_seconds / 2.0);
        Some(if arrived_bps < FULL_BELOW * sent_bps {
            FULL_SHARE * arrived_bps
        } else {
            sent_bps.min(arrived_bps)
        })
    }
}

/// A probe.
#[derive(Debug)]
struct Running {
    number: u8,
    target_bps: f64,
    started: Instant,
    next_at: Instant,
    sent_bytes: u64,
    /// Nothing more is sent for it.
    sent: bool,
    tally: Tally,
}

/// Probes of one path, one at a time.
#[derive(Debug)]
pub(super) struct Prober {
    running: Option<Running>,
    last_number: u8,
    interval: Duration,
    /// None begins before.
    not_before: Option<Instant>,
}

impl Prober {
    pub(super) fn new() -> Self {
        Self {
            running: None,
            last_number: 0,
            interval: INTERVAL_MIN,
            not_before: None,
        }
    }

    /// A probe may begin now.
    pub(super) fn may_begin(&self, now: Instant) -> bool {
        self.running.is_none() && self.not_before.is_none_or(|at| at <= now)
    }

    /// When one may begin, if none runs.
    pub(super) fn begins_at(&self) -> Option<Instant> {
        self.not_before.filter(|_| self.running.is_none())
    }

    pub(super) fn begin(&mut self, target_bps: f64, now: Instant) {
        self.last_number = self.last_number % 200 + 1;
        self.not_before = Some(now + self.interval);
        self.running = Some(Running {
            number: self.last_number,
            target_bps,
            started: now,
            next_at: now,
            sent_bytes: 0,
            sent: false,
            tally: Tally::default(),
        });
    }

    /// None is begun for this long at least.
    pub(super) fn pause(&mut self, pause: Duration, now: Instant) {
        self.not_before = Some(self.not_before.map_or(now + pause, |at| at.max(now + pause)));
    }

    /// The path has changed, so that the failures before say little: the next begins after this long.
    pub(super) fn hasten(&mut self, pause: Duration, now: Instant) {
        self.interval = INTERVAL_MIN;
        self.not_before = Some(now + pause);
    }

    /// When something is to be sent, or a probe is given up.
    pub(super) fn due_at(&self) -> Option<Instant> {
        let running = self.running.as_ref()?;
        Some(if running.sent {
            running.started + TOLD_WITHIN
        } else {
            running.next_at
        })
    }

    /// Bytes to be sent for the probe now, beside what media sends.
    pub(super) fn owed(&mut self, now: Instant) -> Option<u64> {
        let running = self.running.as_mut()?;
        if running.sent {
            if now >= running.started + TOLD_WITHIN {
                self.finish(None, now);
            }
            return None;
        }
        if now < running.next_at {
            return None;
        }
        running.next_at = now + STEP;
        let elapsed = now.saturating_duration_since(running.started);
        let length = LENGTH.as_secs_f64().max(BITS_MIN / running.target_bps);
        let elapsed = elapsed.as_secs_f64();
        if elapsed >= length {
            running.sent = true;
        }
        let due = (running.target_bps / 8.0) * (elapsed.min(length) + STEP.as_secs_f64());
        Some((due as u64).saturating_sub(running.sent_bytes)).filter(|bytes| *bytes > 0)
    }

    /// Asks for what [`Prober::sending`] looks at.
    pub(super) fn prefetch(&self) {
        prefetch(&self.running);
    }

    /// Notes a packet that is being sent; the number of the probe that it is part of, zero for none.
    pub(super) fn sending(&mut self, bytes: u64) -> u8 {
        let Some(running) = self.running.as_mut().filter(|running| !running.sent) else {
            return 0;
        };
        running.sent_bytes += bytes;
        running.tally.sent += 1;
        running.number
    }

    pub(super) fn arrived(&mut self, number: u8, sent: u32, ticks: i64, bytes: u16) {
        if let Some(running) = self.running.as_mut().filter(|running| running.number == number) {
            running.tally.told += 1;
            running.tally.arrived(sent, ticks, u64::from(bytes));
        }
    }

    pub(super) fn lost(&mut self, number: u8) {
        if let Some(running) = self.running.as_mut().filter(|running| running.number == number) {
            running.tally.told += 1;
        }
    }

    /// The result of a probe of which everything is told: its target and what the path carried.
    pub(super) fn result(&mut self) -> Option<(f64, f64)> {
        let running = self.running.as_ref()?;
        if !running.sent || running.tally.told < running.tally.sent {
            return None;
        }
        Some((running.target_bps, running.tally.bps().unwrap_or(0.0)))
    }

    /// Ends the probe, with what was found if that is more than was known.
    pub(super) fn finish(&mut self, found_more: Option<f64>, now: Instant) {
        self.running = None;
        if found_more.is_some() {
            self.interval = INTERVAL_MIN;
            self.not_before = Some(now + AGAIN);
        } else {
            self.not_before = Some(now + self.interval);
            self.interval = (self.interval * 2).min(INTERVAL_MAX);
        }
    }
}
