//! Counters of signaling. Names are fixed, so the labels of whoever exports them are bounded.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted, always upward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    ConnectionsOpened,
    ConnectionsClosed,
    ConnectionsRefusedFull,
    OriginsRefused,
    Messages,
    MessagesBad,
    MessagesRateLimited,
    MessagesTooBig,
    HellosBad,
    HellosLate,
    TicketsBad,
    TicketsReused,
    GrantsRefused,
    SeatsTaken,
    SeatsTakenOver,
    SeatsAdmitted,
    ReadersTooSlow,
    SocketsSilent,
    OffersAnswered,
    OffersRefused,
    RoomsOpened,
    RoomsClosed,
    RoomsFailed,
    CallsEnded,
    RecordsWritten,
    RecordsFailed,
    RecordsLost,
    Checkpoints,
    CheckpointsFailed,
}

/// Every [`Count`] with its name for export, in the order of the enum.
const NAMES: [(Count, &str); 29] = [
    (Count::ConnectionsOpened, "connections_opened"),
    (Count::ConnectionsClosed, "connections_closed"),
    (Count::ConnectionsRefusedFull, "connections_refused_full"),
    (Count::OriginsRefused, "origins_refused"),
    (Count::Messages, "messages"),
    (Count::MessagesBad, "messages_bad"),
    (Count::MessagesRateLimited, "messages_rate_limited"),
    (Count::MessagesTooBig, "messages_too_big"),
    (Count::HellosBad, "hellos_bad"),
    (Count::HellosLate, "hellos_late"),
    (Count::TicketsBad, "tickets_bad"),
    (Count::TicketsReused, "tickets_reused"),
    (Count::GrantsRefused, "grants_refused"),
    (Count::SeatsTaken, "seats_taken"),
    (Count::SeatsTakenOver, "seats_taken_over"),
    (Count::SeatsAdmitted, "seats_admitted"),
    (Count::ReadersTooSlow, "readers_too_slow"),
    (Count::SocketsSilent, "sockets_silent"),
    (Count::OffersAnswered, "offers_answered"),
    (Count::OffersRefused, "offers_refused"),
    (Count::RoomsOpened, "rooms_opened"),
    (Count::RoomsClosed, "rooms_closed"),
    (Count::RoomsFailed, "rooms_failed"),
    (Count::CallsEnded, "calls_ended"),
    (Count::RecordsWritten, "records_written"),
    (Count::RecordsFailed, "records_failed"),
    (Count::RecordsLost, "records_lost"),
    (Count::Checkpoints, "checkpoints"),
    (Count::CheckpointsFailed, "checkpoints_failed"),
];

/// The counters of one hub.
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
