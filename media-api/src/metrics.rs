//! Counters of the media API. Names are fixed, so the labels of whoever exports them are bounded.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted, always upward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    RoomsOpened,
    RoomsEndedIdle,
    TicketsIssued,
    SessionsBegun,
    SessionsRefused,
    Restarts,
    RestartsUnanswered,
    KeysBad,
    TicketsBad,
    RateLimited,
}

/// Every [`Count`] with its name for export, in the order of the enum.
const NAMES: [(Count, &str); 10] = [
    (Count::RoomsOpened, "rooms_opened"),
    (Count::RoomsEndedIdle, "rooms_ended_idle"),
    (Count::TicketsIssued, "tickets_issued"),
    (Count::SessionsBegun, "sessions_begun"),
    (Count::SessionsRefused, "sessions_refused"),
    (Count::Restarts, "restarts"),
    (Count::RestartsUnanswered, "restarts_unanswered"),
    (Count::KeysBad, "keys_bad"),
    (Count::TicketsBad, "tickets_bad"),
    (Count::RateLimited, "rate_limited"),
];

/// The counters since the start.
#[derive(Debug, Default)]
pub struct Metrics {
    values: [AtomicU64; NAMES.len()],
}

impl Metrics {
    /// Counts one more.
    pub fn add(&self, count: Count) {
        self.values[count as usize].fetch_add(1, Ordering::Relaxed);
    }

    #[must_use]
    pub fn get(&self, count: Count) -> u64 {
        self.values[count as usize].load(Ordering::Relaxed)
    }

    /// Every counter by name.
    #[must_use]
    pub fn snapshot(&self) -> Vec<(&'static str, u64)> {
        NAMES.iter().map(|&(count, name)| (name, self.get(count))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_has_its_own_place_and_name() {
        let metrics = Metrics::default();
        for (at, (count, name)) in NAMES.iter().enumerate() {
            assert_eq!(*count as usize, at, "{name}");
            metrics.add(*count);
        }
        assert!(metrics.snapshot().iter().all(|(_, value)| *value == 1));
    }
}
