//! What the shards did, copied out of them now and then, never read from the packet path.

use std::sync::{Mutex, TryLockError};

use sfu_core::Counters;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What the sockets of one shard did since the start; the numbers only grow.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct IoCounters {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl IoCounters {
            /// Name and value of every counter, in a fixed order.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }

            fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counters! {
    /// Datagrams taken from the sockets.
    datagrams_received,
    /// Datagrams cut or without an address; dropped.
    datagrams_unusable,
    /// Failed receive calls.
    receive_errors,
    /// Datagrams given to the kernel.
    datagrams_sent,
    /// Send calls.
    send_calls,
    /// Messages that carried several datagrams (UDP_SEGMENT).
    segmented_messages,
    /// Datagrams that the kernel refused for good, such as to an unreachable address.
    send_errors,
    /// Datagrams dropped since the socket's buffer was full.
    send_dropped,
    /// Segmented messages that the kernel refused and that went out one by one.
    segmentation_refused,
    /// Connections taken (ICE-TCP).
    connections_accepted,
    /// Connections refused, or closed for a newer one, since there are too many.
    connections_refused,
    /// Connections closed since nothing authentic came, at all or any more.
    connections_idle,
    /// Connections closed for what they sent: a frame that is too long, or no check before everything else.
    connections_bad,
    /// Frames taken from connections.
    frames_received,
    /// Frames written to connections.
    frames_sent,
    /// Frames dropped since their connection is slow or gone.
    frames_dropped,
    /// Panics of the core that were caught.
    panics,
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
    /// Connections now (ICE-TCP).
    pub connections: usize,
}

impl ShardMetrics {
    /// Adds the numbers of another shard.
    pub fn add(&mut self, other: &Self) {
        self.core.add(&other.core);
        self.io.add(&other.io);
        self.rooms += other.rooms;
        self.peers += other.peers;
        self.connections += other.connections;
    }
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
