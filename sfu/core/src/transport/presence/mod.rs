//! Whether a client is with us: heard lately, and what it was sent arrives there. It decides the gate and what is counted,
//! so that neither can say something else than the other.
//!
//! A client is present until the last moment at which it was heard and nothing that it was sent waited for its first
//! acknowledgement (the circuit breakers of RFC 8083 4.1 and 4.2, with billing in mind). Where two such moments lie at most
//! [`SILENCE_MAX`] apart, the time between them is presence, too. After more than that it is absent: nothing is forwarded
//! any more, and nothing was counted since. What was forwarded before that showed is for free, and for good only in so far
//! as the client was counted for long enough.

use std::time::{Duration, Instant};

use crate::limits::SILENCE_MAX;

/// Least time for which a client is sent media on trust, whatever it had for free before. Above what lies between two
/// reports of a client that sees pictures (RFC 4585 3.6.1: a second, spread by half).
const TRUST_MIN: Duration = Duration::from_secs(2);
/// Seconds of presence that earn a second of trust.
const EARNED_BY: u32 = 10;
/// A client that was heard for so long without acknowledging anything is deaf, not silent.
const DEAF_AFTER: Duration = Duration::from_secs(2);
/// Then its path is reported as lost: there may be another one. Reports on sound alone come every five seconds, spread by
/// half (RFC 3550 6.2).
const PATH_LOST_AFTER: Duration = Duration::from_secs(8);
/// Silence between two packets counts for at most this towards that: an outage ends with the second packet.
const DEAF_GAP_MAX: Duration = Duration::from_secs(3);
/// For how long a deaf client is tried again.
const TRY: Duration = Duration::from_secs(2);
/// Wait before the first such try, doubled with each.
const TRY_PAUSE_MIN: Duration = Duration::from_secs(4);
const TRY_PAUSE_MAX: Duration = Duration::from_secs(60);

/// What changed, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was there until `until` and not after.
    Absent { until: Instant },
    /// It is there again.
    Present { at: Instant },
    /// It is heard, but does not hear: its path should be sought anew.
    PathLost,
}

/// What may be forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    /// Shut until it is heard.
    Silent,
    /// Shut until it acknowledges something, or is tried again.
    Deaf,
    /// Open to see whether it acknowledges.
    Trying {
        until: Instant,
    },
}

/// Presence of one connected client.
#[derive(Debug)]
pub(crate) struct Presence {
    heard_at: Instant,
    /// Since when something that was sent waits for the first acknowledgement.
    unacknowledged_since: Option<Instant>,
    /// How long it was heard since then.
    deaf_for: Duration,
    /// It was present until then at least.
    until: Instant,
    absent: bool,
    gate: Gate,
    /// For how long it may be sent what is not counted in the end.
    trust: Duration,
    try_at: Instant,
    try_pause: Duration,
    path_lost: bool,
    changes: Vec<Change>,
}

impl Presence {
    /// Of a client that just proved itself.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            heard_at: now,
            unacknowledged_since: None,
            deaf_for: Duration::ZERO,
            until: now,
            absent: false,
            gate: Gate::Open,
            trust: SILENCE_MAX,
            try_at: now,
            try_pause: TRY_PAUSE_MIN,
            path_lost: false,
            changes: Vec::new(),
        }
    }

    /// An authenticated packet came.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.pass_time(now);
        if let Some(since) = self.unacknowledged_since {
            let gap = now.saturating_duration_since(since.max(self.heard_at));
            self.deaf_for += gap.min(DEAF_GAP_MAX);
        }
        self.heard_at = now;
        if self.deaf_for >= PATH_LOST_AFTER && !self.path_lost {
            self.path_lost = true;
            self.changes.push(Change::PathLost);
        }
        match self.gate {
            Gate::Open => self.prove(self.unacknowledged_since.map_or(now, |since| since.min(now))),
            Gate::Silent => {
                self.gate = Gate::Open;
                self.prove(now);
            }
            Gate::Deaf if now >= self.try_at => self.gate = Gate::Trying { until: now + TRY },
            Gate::Deaf | Gate::Trying { .. } => {}
        }
    }

    /// The client says that something which it was sent has come; it was heard by that.
    pub(crate) fn acknowledged(&mut self, now: Instant) {
        self.forget_unacknowledged();
        self.gate = Gate::Open;
        self.prove(now);
    }

    /// Media was sent to it.
    #[inline]
    pub(crate) fn sent(&mut self, now: Instant) {
        if self.unacknowledged_since.is_none() {
            self.unacknowledged_since = Some(now);
        }
    }

    /// Whether media may cross.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.gate, Gate::Open | Gate::Trying { .. })
    }

    /// The last moment at which it was there for certain.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    pub(crate) fn is_absent(&self) -> bool {
        self.absent
    }

    /// Takes the changes that time alone makes.
    pub(crate) fn pass_time(&mut self, now: Instant) {
        let unproved = now.saturating_duration_since(self.until);
        match self.gate {
            Gate::Open if unproved > self.trusted() => self.shut(now),
            Gate::Trying { until } if now >= until => {
                self.gate = Gate::Deaf;
                self.try_at = now + self.try_pause;
                self.try_pause = (self.try_pause * 2).min(TRY_PAUSE_MAX);
                self.changes.push(Change::PathLost);
            }
            Gate::Open | Gate::Silent | Gate::Deaf | Gate::Trying { .. } => {}
        }
        if unproved > SILENCE_MAX && !self.absent {
            self.absent = true;
            self.changes.push(Change::Absent { until: self.until });
        }
    }

    /// When [`Self::pass_time`] has something to do.
    pub(crate) fn due_at(&self, now: Instant) -> Option<Instant> {
        if !self.changes.is_empty() {
            return Some(now);
        }
        // Just after the last moment at which all is well.
        let after = |limit: Duration| self.until + limit + Duration::from_micros(1);
        let shut = match self.gate {
            Gate::Open => Some(after(self.trusted())),
            Gate::Trying { until } => Some(until),
            Gate::Silent | Gate::Deaf => None,
        };
        let absent = (!self.absent).then(|| after(SILENCE_MAX));
        shut.into_iter().chain(absent).min()
    }

    /// What changed since the last call.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    fn trusted(&self) -> Duration {
        self.trust.clamp(TRUST_MIN, SILENCE_MAX)
    }

    fn shut(&mut self, now: Instant) {
        let unproved = now.saturating_duration_since(self.until);
        self.trust = self.trust.saturating_sub(unproved);
        if self.deaf_for >= DEAF_AFTER.min(unproved / 2) {
            self.gate = Gate::Deaf;
        } else {
            self.gate = Gate::Silent;
            // Given up: that it is heard again says enough.
            self.forget_unacknowledged();
        }
    }

    fn forget_unacknowledged(&mut self) {
        self.unacknowledged_since = None;
        self.deaf_for = Duration::ZERO;
        self.path_lost = false;
    }

    /// It was there at `at`, and since the last such moment unless that is too long ago.
    fn prove(&mut self, at: Instant) {
        if self.absent {
            self.absent = false;
            self.changes.push(Change::Present { at });
        } else {
            let counted = at.saturating_duration_since(self.until);
            self.trust = (self.trust + counted / EARNED_BY).min(SILENCE_MAX);
            if self.trust == SILENCE_MAX {
                self.try_pause = TRY_PAUSE_MIN;
            }
        }
        self.until = self.until.max(at);
    }
}

#[cfg(test)]
mod tests;
