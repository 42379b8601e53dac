//! The estimate of what one peer's path carries, from its transport-wide feedback: delay first, loss second, probes to
//! find more. Time is a parameter; nothing is allocated after the start.

/// Microseconds modulo 2^32.
fn low_bits(micros: u64) -> u32 {
    u32::try_from(micros & u64::from(u32::MAX)).expect("masked to 32 bits")
}

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use super::ENVELOPE_BYTES;
use super::acknowledged::Acknowledged;
use super::delay::{DelayTrend, Usage};
use super::feedback::{Feedback, Malformed};
use super::history::{History, low};
use super::loss::LossLimit;
use super::probe::Prober;
use super::queue::QueueDelay;
use super::rate::RateControl;
use crate::limits;
use crate::prefetch::prefetch;

/// Before anything is known, in bits a second.
const START_BPS: f64 = 600_000.0;
/// Below this share of the estimate less is sent than could be.
const LIMITED_BELOW: f64 = 0.75;
/// Without feedback for this long the path was gone: the first feedback after it says nothing about queues.
const OUTAGE: Duration = Duration::from_millis(700);
/// Probes go for this multiple of the estimate, the first ones for more, and no further than this beyond what is wanted.
const PROBE_FACTOR: f64 = 2.0;
const FIRST_PROBE_FACTOR: f64 = 3.0;
const PROBE_BEYOND: f64 = 1.25;
/// An estimate of this multiple of what is wanted is enough: what a probe goes for, less the tenth by which it may err.
const ENOUGH: f64 = PROBE_BEYOND / 1.1;
/// A probe that finds this much more than the estimate is a success.
const FOUND_MORE: f64 = 1.03;
/// The beginning is over after this at the latest.
const SETTLES_WITHIN: Duration = Duration::from_millis(1_500);
/// What is wanted is measured over about a second, and is too little before.
const WANTED_KNOWN_AFTER: Duration = Duration::from_secs(1);
/// No probe for this long after overuse.
const CALM: Duration = Duration::from_millis(800);

/// A queue of less is left alone.
const QUEUE_ALLOWED: Duration = Duration::from_millis(60);
/// A queue of more shows how much the path carries: what arrives through it.
const QUEUE_TELLS: Duration = Duration::from_millis(120);
/// Above this share of what is sent everything arrives, as far as the measurement can tell.
const ARRIVES_ABOVE: f64 = 0.9;
/// Above this delay a queue is no receiver that was late for a moment: what is sent is too much.
const QUEUE_STANDS: Duration = Duration::from_millis(250);
/// For how long what is sent may seem not to arrive: reports come in bursts.
const ARRIVED_KEPT: Duration = Duration::from_secs(1);
/// With a queue of more than [`QUEUE_ALLOWED`] the path is full when the queue grows by this share of the time.
const FULL_ABOVE: f64 = 0.15;
/// The share of the path that packets sent again may take, and at least this in bits a second; and the time for which
/// what is not used is kept.
const REPEATED_SHARE: f64 = 0.4;
const REPEATED_BPS_MIN: f64 = 60_000.0;
const REPEATED_KEPT: Duration = Duration::from_millis(300);
/// A standing queue should drain within about this time; at most this share of the rate is kept free for it.
const DRAINS_WITHIN: Duration = Duration::from_secs(1);
const DRAIN_MAX: f64 = 0.5;
/// Numbers called lost by one feedback that are remembered; more are an outage.
const LOST_MAX: usize = 32;

/// Congestion control towards one peer.
#[derive(Debug)]
pub(crate) struct Estimator {
    start: Instant,
    history: History,
    trend: DelayTrend,
    queue: QueueDelay,
    acknowledged: Acknowledged,
    /// The same of what was sent, by our own clock.
    sent: Acknowledged,
    /// When all that was sent arrived for the last time.
    whole_at: Option<Instant>,
    loss: LossLimit,
    rate: RateControl,
    prober: Prober,
    reference: Option<i64>,
    /// The highest number that a feedback spoke of.
    newest_reported: u64,
    feedback_at: Option<Instant>,
    /// What would be sent if the path carried anything, in bits a second.
    wanted_bps: f64,
    /// A probe has come to an end.
    probed: bool,
    /// Bytes that may be sent again, and up to when they were earned.
    repeatable: f64,
    repeatable_at: Instant,
    /// Packets that feedback called lost, and those that it called arrived, since the start.
    reported_in_all: (u64, u64),
    /// Numbers that the last feedback called lost, at most [`LOST_MAX`].
    lost_lately: Vec<u16>,
    informed_at: Option<Instant>,
    /// The path is known well enough to go by.
    settled: bool,
}

impl Estimator {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            start: now,
            history: History::new(),
            trend: DelayTrend::new(),
            queue: QueueDelay::default(),
            acknowledged: Acknowledged::default(),
            sent: Acknowledged::default(),
            whole_at: None,
            loss: LossLimit::new(),
            rate: RateControl::new(START_BPS),
            prober: Prober::new(),
            reference: None,
            newest_reported: 0,
            feedback_at: None,
            wanted_bps: 0.0,
            probed: false,
            repeatable: 0.0,
            repeatable_at: now,
            reported_in_all: (0, 0),
            lost_lately: Vec::new(),
            informed_at: None,
            settled: false,
        }
    }

    /// Packets that feedback called lost, and those that it called arrived, since the start.
    pub(crate) fn reported_in_all(&self) -> (u64, u64) {
        self.reported_in_all
    }

    /// The number of the packet sent last.
    pub(crate) fn newest(&self) -> u16 {
        self.history.newest()
    }

    /// Numbers that the last feedback was the first to call lost.
    pub(crate) fn lost_lately(&self) -> &[u16] {
        &self.lost_lately
    }

    /// In bits a second, headers of IP and UDP included. Before the first feedback it is a guess.
    pub(crate) fn bps(&self) -> u64 {
        let bps = self.path_bps() * (1.0 - self.draining());
        // Lossless: clamped to positive limits far below 2^53.
        bps.clamp(limits::ESTIMATE_BPS_MIN as f64, limits::ESTIMATE_BPS_MAX as f64) as u64
    }

    /// What the path carries beyond what is sent, in bits a second; zero before the estimate is more than a guess.
    pub(crate) fn spare_bps(&self) -> u64 {
        let sent = self.sent.bps().filter(|_| self.settled);
        sent.map_or(0, |sent| self.bps().saturating_sub(sent as u64))
    }

    /// Whether all that is sent arrives: then only delay made the estimate fall, and it may be no queue at all. The delay
    /// of a client short of processor time looks like a queue, but one that loses and keeps back nothing.
    pub(crate) fn all_arrives(&self, now: Instant) -> bool {
        self.whole_at
            .is_some_and(|at| now.saturating_duration_since(at) < ARRIVED_KEPT)
    }

    /// What the path carries in the long run.
    fn path_bps(&self) -> f64 {
        self.rate.bps().min(self.loss.limit_bps())
    }

    /// The share of the path that the queue takes to drain, while what is sent would not let it.
    fn draining(&self) -> f64 {
        let queue = self.queue.delay().saturating_sub(QUEUE_ALLOWED).as_secs_f64();
        (queue / DRAINS_WITHIN.as_secs_f64()).min(DRAIN_MAX)
    }

    /// The estimate is more than a guess: the first probes are over, or the path has shown its limit before.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled
    }

    /// Prefetches what [`Estimator::send`] reads.
    pub(crate) fn prefetch(&self) {
        prefetch(&self.start);
        prefetch(&self.history);
        prefetch(&self.sent);
        self.prober.prefetch();
    }

    /// Prefetches where the next packet is recorded, once what [`Estimator::prefetch`] asked for is here.
    pub(crate) fn prefetch_history(&self) {
        self.history.prefetch();
    }

    /// Whether a packet of `len` bytes may be sent again now. Repeats of what a full queue dropped would keep it full: they
    /// are bounded while a queue stands, and while so much is lost that a queue too short to be seen must drop it.
    pub(crate) fn may_repeat(&mut self, len: usize, now: Instant) -> bool {
        let bytes_a_second = (REPEATED_SHARE * self.path_bps()).max(REPEATED_BPS_MIN) / 8.0;
        let since = now.saturating_duration_since(self.repeatable_at).as_secs_f64();
        let most = bytes_a_second * REPEATED_KEPT.as_secs_f64();
        self.repeatable_at = now;
        self.repeatable = (self.repeatable + since * bytes_a_second).clamp(-most, most);
        let full = self.queue.delay() >= QUEUE_TELLS || self.loss.limit_bps().is_finite();
        let may = self.repeatable > 0.0 || !full;
        if may {
            self.repeatable -= (len + ENVELOPE_BYTES) as f64;
        }
        may
    }

    /// Records a packet of `len` bytes of UDP payload that is sent now; its transport-wide number.
    pub(crate) fn record_sent(&mut self, len: usize, now: Instant) -> u16 {
        let probe = self.prober.sending(len as u64);
        let micros = self.micros_since_start(now);
        let bytes = u16::try_from(len + ENVELOPE_BYTES).unwrap_or(u16::MAX);
        self.sent
            .add(i64::try_from(micros / 250).unwrap_or(i64::MAX / 2), bytes);
        self.history.send(low_bits(micros), bytes, probe)
    }

    /// In 64 bits: dividing the 128 of `Duration::as_micros` would cost more than the rest of a packet's record.
    fn micros_since_start(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.start);
        since.as_secs().wrapping_mul(1_000_000) + u64::from(since.subsec_micros())
    }

    /// Takes one feedback packet whole.
    pub(crate) fn feedback(&mut self, packet: &[u8], round_trip: Duration, now: Instant) -> Result<(), Malformed> {
        let feedback = Feedback::parse(packet)?;
        let reference = feedback.reference(self.reference);
        let base = self.history.unroll(feedback.base);
        let silent = self
            .feedback_at
            .is_some_and(|at| now.saturating_duration_since(at) > OUTAGE);
        if silent {
            self.trend.reset();
            self.loss.forget();
        }
        let (mut lost, mut arrived) = (0, 0);
        let reported_before = self.newest_reported;
        let mut newest_reported = reported_before;
        let Self {
            history,
            trend,
            queue,
            acknowledged,
            prober,
            lost_lately,
            ..
        } = self;
        lost_lately.clear();
        let oldest = history.oldest();
        let read = feedback.each(reference, |offset, ticks| {
            let number = base + offset;
            if number < oldest {
                return;
            }
            let Some(sent) = history.get_mut(number) else { return };
            let new = number > reported_before;
            newest_reported = newest_reported.max(number);
            let Some(ticks) = ticks else {
                if new {
                    lost += 1;
                    record_lost(lost_lately, number);
                    if sent.probe > 0 {
                        prober.lost(sent.probe);
                    }
                }
                return;
            };
            if std::mem::replace(&mut sent.counted, true) {
                return;
            }
            arrived += 1;
            acknowledged.add(ticks, sent.bytes);
            trend.arrived(sent.at, ticks);
            queue.arrived(sent.at, ticks);
            if sent.probe > 0 && new {
                prober.arrived(sent.probe, sent.at, ticks, sent.bytes);
            }
        });
        self.newest_reported = newest_reported;
        self.reported_in_all.0 += u64::from(lost);
        self.reported_in_all.1 += u64::from(arrived);
        read?;
        if arrived == 0 && lost == 0 {
            return Ok(());
        }
        self.reference = Some(reference);
        self.feedback_at = Some(now);
        if silent {
            // The times that came after the silence are the first of a new beginning.
            self.trend.reset();
            (lost, arrived) = (0, 0);
        }
        self.queue.conclude();
        self.conclude(lost, arrived, round_trip, now);
        Ok(())
    }

    /// What arrives in bits a second, when a queue stands and far less arrives than is sent: then the path carries no
    /// more, and there is no need to wait for what the trend says.
    fn full_at(&self) -> Option<f64> {
        let full = self.queue.delay() > QUEUE_TELLS && self.queue.growth() > FULL_ABOVE;
        self.acknowledged.recent_bps().filter(|_| full)
    }

    fn conclude(&mut self, lost: u32, arrived: u32, round_trip: Duration, now: Instant) {
        let before = self.bps() as f64;
        let acknowledged = self.acknowledged.bps();
        let (usage, arrives) = match self.full_at() {
            Some(arrives) => (Usage::Over, Some(arrives)),
            None => (self.trend.usage(), acknowledged),
        };
        let sent = self.sent.bps();
        let whole = sent
            .zip(acknowledged)
            .is_some_and(|(sent, arrives)| arrives > ARRIVES_ABOVE * sent);
        if whole && !self.loss.limit_bps().is_finite() && self.queue.delay() < QUEUE_STANDS {
            self.whole_at = Some(now);
        }
        // Far less was sent than the path carries, or it carries what it was sent: what arrives says little about it.
        let limited = self.full_at().is_none()
            && sent.is_none_or(|sent| {
                sent < LIMITED_BELOW * self.rate.bps() || arrives.is_some_and(|arrives| arrives > ARRIVES_ABOVE * sent)
            });
        self.rate.update(usage, arrives, limited, round_trip, now);
        let feedback_delay = round_trip + self.queue.delay();
        let fell = self
            .loss
            .on_feedback((lost, arrived), (before, acknowledged), feedback_delay, now);
        if let Some((target, found)) = self.prober.result() {
            self.probe_result(target, found, now);
        }
        self.settle(acknowledged, lost, now);
        let after = self.bps() as f64;
        if self.trend.usage() == Usage::Over || fell {
            self.prober.pause(CALM, now);
            if after < 0.7 * before {
                // Such a fall may be over as fast as it came.
                self.prober.hasten(CALM, now);
            }
        }
    }

    /// At the beginning everything is sent as wanted: either that gets through, or the path shows its limit.
    fn settle(&mut self, acknowledged: Option<f64>, lost: u32, now: Instant) {
        if self.settled {
            return;
        }
        let informed_at = *self.informed_at.get_or_insert(now);
        let bps = self.rate.bps();
        if let Some(arrives) = acknowledged.filter(|arrives| *arrives > bps && lost == 0)
            && self.trend.usage() == Usage::Normal
        {
            self.rate.set(arrives, now);
        }
        if let Some(arrives) = acknowledged.filter(|_| self.queue.delay() > QUEUE_TELLS) {
            self.rate.limit(arrives, now);
        }
        let limited = self.rate.decreased_at().is_some() || self.loss.limit_bps().is_finite();
        let informed = now.saturating_duration_since(informed_at);
        let late = informed > SETTLES_WITHIN;
        let enough =
            informed > WANTED_KNOWN_AFTER && self.wanted_bps > 0.0 && self.bps() as f64 >= self.wanted_bps * ENOUGH;
        self.settled = limited || late || enough;
    }

    fn probe_result(&mut self, target: f64, found: f64, now: Instant) {
        let bps = self.bps() as f64;
        let first = !std::mem::replace(&mut self.probed, true);
        let more = found > bps * FOUND_MORE && self.trend.usage() != Usage::Over;
        let less = first && found > 0.0 && found < bps && found < 0.8 * target;
        if more || less {
            self.rate.set(found, now);
        }
        if more {
            self.loss.proven(found);
        }
        self.settled |= !more;
        self.prober.finish(more.then_some(found), now);
    }

    /// What would be sent if the path carried anything, in bits a second.
    pub(crate) fn set_wanted_bps(&mut self, wanted_bps: u64) {
        self.wanted_bps = wanted_bps as f64;
    }

    /// A picture that was just asked for got no room: probes soon whether there is some.
    pub(crate) fn probe_soon(&mut self, now: Instant) {
        self.prober.bring_forward(now);
    }

    fn wants_more(&self) -> bool {
        self.feedback_at.is_some() && self.wanted_bps > 0.0 && self.wanted_bps * ENOUGH > self.bps() as f64
    }

    /// When [`Estimator::probe_bytes_due`] has something.
    pub(crate) fn due_at(&self, now: Instant) -> Option<Instant> {
        if let Some(at) = self.prober.due_at() {
            return Some(at);
        }
        self.wants_more().then(|| self.prober.begins_at().unwrap_or(now))
    }

    /// Bytes to be sent now for a probe, beside the media. Begins a probe when there is reason to.
    pub(crate) fn probe_bytes_due(&mut self, now: Instant) -> Option<u64> {
        if self.wants_more() && self.prober.may_begin(now) && self.trend.usage() != Usage::Over {
            let bps = self.bps() as f64;
            let factor = if self.probed { PROBE_FACTOR } else { FIRST_PROBE_FACTOR };
            let target = (bps * factor).min(self.wanted_bps * PROBE_BEYOND);
            self.prober.begin(target.min(limits::ESTIMATE_BPS_MAX as f64), now);
        }
        self.prober.probe_bytes_due(now)
    }
}

/// Remembers a number that feedback called lost.
fn record_lost(lost_lately: &mut Vec<u16>, number: u64) {
    if lost_lately.len() < LOST_MAX {
        lost_lately.push(low(number));
    }
}
