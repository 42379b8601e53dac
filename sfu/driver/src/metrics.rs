//! What the shards did, copied out of them now and then, never read from the packet path.

use std::sync::{Mutex, TryLockError};

use sfu_core::Counters;

/// What the sockets of one shard did since the start; the numbers only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IoCounters {
    /// Datagrams taken from the sockets.
    pub datagrams_received: u64,
    /// Datagrams cut or without an address; dropped.
    pub datagrams_unusable: u64,
    /// Failed receive calls.
    pub receive_errors: u64,
    /// Datagrams given to the kernel.
    pub datagrams_sent: u64,
    /// Send calls.
    pub send_calls: u64,
    /// Messages that carried several datagrams (UDP_SEGMENT).
    pub segmented_messages: u64,
    /// Datagrams that the kernel refused for good, such as to an unreachable address.
    pub send_errors: u64,
    /// Datagrams dropped since the socket's buffer was full.
    pub send_dropped: u64,
    /// Segmented messages that the kernel refused and that went out one by one.
    pub segmentation_refused: u64,
    /// Panics of the core that were caught.
    pub panics: u64,
}

impl IoCounters {
    /// Name and value of every counter, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("datagrams_received", self.datagrams_received),
            ("datagrams_unusable", self.datagrams_unusable),
            ("receive_errors", self.receive_errors),
            ("datagrams_sent", self.datagrams_sent),
            ("send_calls", self.send_calls),
            ("segmented_messages", self.segmented_messages),
            ("send_errors", self.send_errors),
            ("send_dropped", self.send_dropped),
            ("segmentation_refused", self.segmentation_refused),
            ("panics", self.panics),
        ]
        .into_iter()
    }
}

/// The state of one shard, at most a tenth of a second old while packets flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShardMetrics {
    /// What the core did and dropped.
    pub core: Counters,
    /// What the sockets did.
    pub io: IoCounters,
    /// Rooms now.
    pub rooms: usize,
    /// Peers now.
    pub peers: usize,
}

/// Where a shard leaves its state for readers.
#[derive(Debug, Default)]
pub(crate) struct MetricsBoard(Mutex<ShardMetrics>);

impl MetricsBoard {
    /// Leaves the state, unless a reader is looking just now: a shard waits for nobody. False if it was not left.
    pub(crate) fn publish(&self, metrics: ShardMetrics) -> bool {
        match self.0.try_lock() {
            Ok(mut board) => {
                *board = metrics;
                true
            }
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => false,
        }
    }

    pub(crate) fn read(&self) -> ShardMetrics {
        *self.0.lock().expect("nobody panics while holding it")
    }
}
