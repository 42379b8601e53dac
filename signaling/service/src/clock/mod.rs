//! The call clock: spans of verified presence, and the billable time that follows from them.
//!
//! Durations come from the monotonic clock; the wall clock is read once, when the room begins, as the anchor.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use signaling_protocol::{Role, Span, Spans};

use crate::authority::{SegmentKey, UtcMicros};
use crate::limits::STALE_AFTER;

/// One moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    pub utc: UtcMicros,
    pub mono: Instant,
}

impl Now {
    /// `at` on the wall clock, reckoned from this moment.
    #[must_use]
    pub fn utc_of(&self, at: Instant) -> UtcMicros {
        match at.checked_duration_since(self.mono) {
            Some(after) => self.utc.saturating_add(micros(after)),
            None => self.utc.saturating_sub(micros(self.mono.duration_since(at))),
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Presence of everyone in one call since this room began.
#[derive(Debug)]
pub struct CallClock {
    call: String,
    anchor: Now,
    /// Nothing after this counts.
    ends_at: UtcMicros,
    billed_before: i64,
    segments: BTreeMap<SegmentId, Segment>,
    consumers: Spans,
    providers: Spans,
}

/// Which segment of which seat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId {
    pub seat: String,
    pub seq: u32,
}

#[derive(Debug)]
struct Segment {
    role: Role,
    started_at: UtcMicros,
    seen_at: UtcMicros,
    /// Whether its beginning is on record; before that it does not count.
    recorded: bool,
    ended: bool,
}

impl Segment {
    fn span(&self) -> Span {
        Span {
            from: self.started_at,
            to: self.seen_at,
        }
    }
}

impl CallClock {
    /// A clock anchored at `anchor`, for a call that has `billed_before` microseconds on record already.
    #[must_use]
    pub fn new(call: &str, anchor: Now, ends_at: UtcMicros, billed_before: i64) -> Self {
        Self {
            call: call.to_owned(),
            anchor,
            ends_at,
            billed_before: billed_before.max(0),
            segments: BTreeMap::new(),
            consumers: Spans::default(),
            providers: Spans::default(),
        }
    }

    /// `at` on the wall clock as this room reckons it.
    #[must_use]
    pub fn utc(&self, at: Instant) -> UtcMicros {
        self.anchor.utc_of(at)
    }

    /// Names a segment for the records.
    #[must_use]
    pub fn key(&self, id: &SegmentId) -> SegmentKey {
        SegmentKey {
            call: self.call.clone(),
            seat: id.seat.clone(),
            seq: id.seq,
        }
    }

    /// Begins a segment; it counts once [`Self::recorded`] says that it is on record. Returns its beginning.
    pub fn begin(&mut self, id: SegmentId, role: Role, at: Instant) -> UtcMicros {
        let started_at = self.utc(at).min(self.ends_at);
        self.segments
            .entry(id)
            .or_insert(Segment {
                role,
                started_at,
                seen_at: started_at,
                recorded: false,
                ended: false,
            })
            .started_at
    }

    /// The beginning of a segment is on record.
    pub fn recorded(&mut self, id: &SegmentId) {
        if let Some(segment) = self.segments.get_mut(id) {
            segment.recorded = true;
        }
        self.settle(id);
    }

    /// An authenticated packet came at `at`. Times only move forward, and never past the window.
    pub fn seen(&mut self, id: &SegmentId, at: Instant) {
        let at = self.utc(at).min(self.ends_at);
        if let Some(segment) = self.segments.get_mut(id)
            && !segment.ended
        {
            segment.seen_at = segment.seen_at.max(at);
        }
    }

    /// Ends a segment at its last authenticated packet and returns that time; `None` when it is not open.
    pub fn end(&mut self, id: &SegmentId) -> Option<UtcMicros> {
        let segment = self.segments.get_mut(id).filter(|segment| !segment.ended)?;
        segment.ended = true;
        let ended_at = segment.seen_at;
        self.settle(id);
        Some(ended_at)
    }

    /// Open segments whose beginning is on record, with their last authenticated packets.
    pub fn open(&self) -> impl Iterator<Item = (SegmentKey, UtcMicros)> + '_ {
        self.segments
            .iter()
            .filter(|(_, segment)| segment.recorded && !segment.ended)
            .map(|(id, segment)| (self.key(id), segment.seen_at))
    }

    /// Overlap of consumers' and providers' recorded presence, with what was on record before, microseconds.
    #[must_use]
    pub fn billable(&self) -> i64 {
        self.billed_before.saturating_add(self.together().total())
    }

    /// When both sides were there together, since this room began.
    #[must_use]
    pub fn together(&self) -> Spans {
        let (mut consumers, mut providers) = (self.consumers.clone(), self.providers.clone());
        for segment in self.segments.values().filter(|segment| segment.recorded) {
            let side = match segment.role {
                Role::Consumer => &mut consumers,
                Role::Provider => &mut providers,
            };
            side.insert(segment.span());
        }
        consumers.overlap(&providers)
    }

    /// Whether billable time runs at `now`: both sides were heard lately.
    #[must_use]
    pub fn running(&self, now: Instant) -> bool {
        let now = self.utc(now);
        let heard = |role: Role| {
            self.segments.values().any(|segment| {
                let fresh = now.saturating_sub(segment.seen_at) < micros(STALE_AFTER);
                segment.role == role && segment.recorded && !segment.ended && fresh
            })
        };
        now < self.ends_at && heard(Role::Consumer) && heard(Role::Provider)
    }

    /// Whether somebody of the other side, who is still here, was last heard before the last of `role` went: the next word of
    /// them makes the billable time longer.
    pub fn awaits_others_of(&self, role: Role) -> bool {
        let side = match role {
            Role::Consumer => &self.consumers,
            Role::Provider => &self.providers,
        };
        let Some(gone) = side.as_slice().last().map(|span| span.to) else {
            return false;
        };
        self.segments
            .values()
            .any(|other| other.role != role && other.recorded && !other.ended && other.seen_at < gone)
    }

    /// Moves a segment that is recorded and over into the union of its side.
    fn settle(&mut self, id: &SegmentId) {
        if !self
            .segments
            .get(id)
            .is_some_and(|segment| segment.recorded && segment.ended)
        {
            return;
        }
        if let Some(segment) = self.segments.remove(id) {
            let side = match segment.role {
                Role::Consumer => &mut self.consumers,
                Role::Provider => &mut self.providers,
            };
            side.insert(segment.span());
        }
    }
}

#[cfg(test)]
mod tests;
