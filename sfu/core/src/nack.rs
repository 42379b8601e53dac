//! Finds gaps in one received stream and says which sequence numbers to ask for again, and when (RFC 4585 6.2.1).

use std::time::{Duration, Instant};

/// Gap tracker of one stream.
#[derive(Debug, Default)]
pub struct NackTracker {
    highest: Option<u64>,
}

impl NackTracker {
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes an arrival (extended sequence number, retransmitted or not).
    pub fn received(&mut self, index: u64, now: Instant) {
        unimplemented!("{index}{now:?}{:?}", self.highest)
    }

    /// Appends the sequence numbers to ask for now, ascending, and schedules their next try one `round_trip` later.
    pub fn due(&mut self, now: Instant, round_trip: Duration, out: &mut Vec<u16>) {
        unimplemented!("{now:?}{round_trip:?}{out:?}")
    }

    /// When [`Self::due`] has something to say next.
    pub fn next_due(&self) -> Option<Instant> {
        unimplemented!()
    }

    /// Packets given up or still missing since the start: what never reached us.
    pub fn lost(&self) -> u64 {
        unimplemented!()
    }
}
