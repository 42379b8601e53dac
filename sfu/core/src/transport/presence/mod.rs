//! Whether a client is with us: heard lately, and what it was sent arrives there. It decides the gate and what is counted,
//! so that neither can say something else than the other.
//!
//! A client is present until the last moment at which it was heard and nothing that it was sent waited for its first
//! acknowledgement (the circuit breakers of RFC 8083 4.1 and 4.2, with billing in mind). Where two such moments lie at most
//! [`SILENCE_MAX`] apart, the time between them is presence, too. After more than that it is absent: nothing is forwarded
//! any more, and nothing was counted since. What was forwarded before that showed is for free. So that nobody lives on it,
//! it is taken from a credit, which being counted earns back.

use std::time::{Duration, Instant};

use crate::limits::SILENCE_MAX;

/// The most that a client may get for free in a row: one outage that anybody is trusted through, and as much again in which
/// it is trusted for as long as its reports usually lie apart.
const CREDIT_MAX: Duration = Duration::from_secs(20);
/// Seconds of presence that earn a second of credit.
const COUNTED_FOR_ONE: u32 = 10;
/// Seconds of absence that earn one: enough for a client that reports at once to show that it is back.
const ABSENT_FOR_ONE: u32 = 30;
/// Least time between two reports that a client is trusted for. Above what lies between those of a client that sees pictures
/// (RFC 4585 3.6.1: a second, spread by half).
const USUAL_MIN: Duration = Duration::from_secs(2);
/// In such a time of presence the longest time between two reports that was seen is forgotten.
const USUAL_KEPT: u32 = 60;
/// A client that was heard for so long without acknowledging anything has lost its path: there may be another one. Reports
/// on sound alone come every five seconds, spread by half (RFC 3550 6.2).
const PATH_LOST_AFTER: Duration = Duration::from_secs(8);
/// Silence between two packets counts for at most this towards that: an outage ends with the second packet.
const DEAF_GAP_MAX: Duration = Duration::from_secs(3);
/// Whose gate is shut and who was silent for longer was not deaf, but away. A client that is there repeats its consent at
/// least this often (RFC 7675 5.1).
const AWAY_AFTER: Duration = Duration::from_secs(6);
/// For how long a deaf client is tried again at least.
const TRY: Duration = Duration::from_secs(2);
/// Wait before the first such try, doubled with each.
const TRY_PAUSE_MIN: Duration = Duration::from_secs(4);
const TRY_PAUSE_MAX: Duration = Duration::from_secs(60);
/// So often a new path is tried at once, until the credit is whole again.
const NEW_PATHS_MAX: u8 = 4;

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
    /// Present.
    Open,
    /// Present, but not trusted any further; shut until it is heard after a silence, or acknowledges what it was sent.
    Spent { since: Instant },
    /// Absent, and shut: until it is heard after a silence, or acknowledges something, or is tried again.
    Absent,
    /// Absent, and open to see whether it acknowledges.
    Trying { since: Instant, until: Instant },
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
    gate: Gate,
    /// For how long it may be sent what is not counted in the end.
    credit: Duration,
    /// The longest time between two moments of presence that was seen lately.
    usual: Duration,
    try_at: Instant,
    try_pause: Duration,
    new_paths: u8,
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
            gate: Gate::Open,
            credit: CREDIT_MAX,
            usual: Duration::ZERO,
            try_at: now,
            try_pause: TRY_PAUSE_MIN,
            new_paths: NEW_PATHS_MAX,
            path_lost: false,
            changes: Vec::new(),
        }
    }

    /// An authenticated packet came.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.pass_time(now);
        let silent_for = now.saturating_duration_since(self.heard_at);
        if self.gate != Gate::Open && silent_for > AWAY_AFTER {
            self.forget_unacknowledged();
        }
        if let Some(since) = self.unacknowledged_since {
            let gap = now.saturating_duration_since(since.max(self.heard_at));
            self.deaf_for += gap.min(DEAF_GAP_MAX);
        }
        self.heard_at = now;
        if self.deaf_for >= PATH_LOST_AFTER && !self.path_lost {
            self.path_lost = true;
            self.changes.push(Change::PathLost);
        }
        match (self.gate, self.unacknowledged_since) {
            (Gate::Open | Gate::Spent { .. }, since) => self.prove(since.map_or(now, |since| since.min(now)), now),
            (Gate::Absent | Gate::Trying { .. }, None) => self.prove(now, now),
            (Gate::Absent, Some(_)) if now >= self.try_at => self.begin_try(now),
            (Gate::Absent | Gate::Trying { .. }, Some(_)) => {}
        }
    }

    /// The client says that something which it was sent has come; it was heard by that.
    pub(crate) fn acknowledged(&mut self, now: Instant) {
        self.forget_unacknowledged();
        self.prove(now, now);
    }

    /// What is sent to it goes another way from now on, which may well lead to it: then no try waits for its time.
    pub(crate) fn path_changed(&mut self, now: Instant) {
        (self.deaf_for, self.path_lost) = (Duration::ZERO, false);
        if self.gate == Gate::Absent && self.new_paths > 0 {
            self.new_paths -= 1;
            (self.try_at, self.try_pause) = (now, TRY_PAUSE_MIN);
        }
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
        matches!(self.gate, Gate::Absent | Gate::Trying { .. })
    }

    /// Takes the changes that time alone makes.
    pub(crate) fn pass_time(&mut self, now: Instant) {
        let unproved = now.saturating_duration_since(self.until);
        if self.gate == Gate::Open && unproved > self.trusted() {
            self.gate = Gate::Spent { since: now };
        }
        match self.gate {
            Gate::Spent { since } if unproved > SILENCE_MAX => {
                self.spend(since.saturating_duration_since(self.until));
                self.gate = Gate::Absent;
                self.changes.push(Change::Absent { until: self.until });
            }
            Gate::Trying { since, until } if now >= until => {
                self.spend(now.saturating_duration_since(since));
                self.gate = Gate::Absent;
                self.changes.push(Change::PathLost);
            }
            Gate::Open | Gate::Spent { .. } | Gate::Absent | Gate::Trying { .. } => {}
        }
    }

    /// When [`Self::pass_time`] has something to do.
    pub(crate) fn due_at(&self, now: Instant) -> Option<Instant> {
        if !self.changes.is_empty() {
            return Some(now);
        }
        // Just after the last moment at which all is well.
        let after = |limit: Duration| self.until + limit + Duration::from_micros(1);
        match self.gate {
            Gate::Open => Some(after(self.trusted())),
            Gate::Spent { .. } => Some(after(SILENCE_MAX)),
            Gate::Trying { until, .. } => Some(until),
            Gate::Absent => None,
        }
    }

    /// What changed since the last call.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// For how long it is sent media without being proved to be there. The first half of the credit is for anybody; of the
    /// second one it gets what it needs until it reports, as usual.
    fn trusted(&self) -> Duration {
        let usual = (self.usual * 3 / 2).clamp(USUAL_MIN, SILENCE_MAX);
        let anybodys = self.credit.saturating_sub(CREDIT_MAX - SILENCE_MAX);
        self.credit.min(anybodys.max(usual))
    }

    fn spend(&mut self, forwarded: Duration) {
        self.credit = self.credit.saturating_sub(forwarded);
    }

    fn earn(&mut self, earned: Duration) {
        self.credit = (self.credit + earned).min(CREDIT_MAX);
        if self.credit == CREDIT_MAX {
            (self.try_pause, self.new_paths) = (TRY_PAUSE_MIN, NEW_PATHS_MAX);
        }
    }

    fn begin_try(&mut self, now: Instant) {
        let until = now + self.trusted().max(TRY);
        self.gate = Gate::Trying { since: now, until };
        // Also when it comes to something: or else a report just in time would make every try one for free.
        self.try_at = until + self.try_pause;
        self.try_pause = (self.try_pause * 2).min(TRY_PAUSE_MAX);
    }

    fn forget_unacknowledged(&mut self) {
        self.unacknowledged_since = None;
        self.deaf_for = Duration::ZERO;
        self.path_lost = false;
    }

    /// It was there at `at`, and since the last such moment unless that is too long ago.
    fn prove(&mut self, at: Instant, now: Instant) {
        let since_last = at.saturating_duration_since(self.until);
        if let Gate::Trying { since, .. } = self.gate {
            self.spend(now.saturating_duration_since(since));
        }
        if self.is_absent() {
            self.changes.push(Change::Present { at });
            self.earn(since_last / ABSENT_FOR_ONE);
            self.gate = Gate::Open;
        } else {
            self.usual = since_last.max(self.usual.saturating_sub(since_last / USUAL_KEPT));
            self.earn(since_last / COUNTED_FOR_ONE);
        }
        self.until = self.until.max(at);
        if matches!(self.gate, Gate::Spent { .. }) && now.saturating_duration_since(self.until) <= self.trusted() {
            self.gate = Gate::Open;
        }
    }
}

#[cfg(test)]
mod tests;
