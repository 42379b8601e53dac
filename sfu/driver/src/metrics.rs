//! What the shards did, copied out of them now and then, never read from the packet path.

use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant};

use sfu_core::Counters;

use crate::histogram::Histogram;

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
    /// Copies of headers that found the queue of their reader full.
    captures_unread,
    /// Panics of the core that were caught.
    panics,
    /// Wake-ups that took so long that media was held up.
    stalls,
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
    /// Datagrams and frames sent a second, lately.
    pub packets_per_second: u64,
    /// How long packets were in the process: from the return of the call that brought them to the end of the call
    /// that took away what came of them. One for each datagram and frame that came in.
    pub forward_delay: Histogram,
    /// From the command to join until DTLS was up.
    pub joins: Histogram,
    /// How long the shard has not been heard of; below a second while it is well. Not added up: the longest.
    pub silent_for: Duration,
}

impl ShardMetrics {
    /// Adds the numbers of another shard.
    pub fn add(&mut self, other: &Self) {
        self.core.add(&other.core);
        self.io.add(&other.io);
        self.rooms += other.rooms;
        self.peers += other.peers;
        self.connections += other.connections;
        self.packets_per_second += other.packets_per_second;
        self.forward_delay.add(&other.forward_delay);
        self.joins.add(&other.joins);
        self.silent_for = self.silent_for.max(other.silent_for);
    }
}

/// Where a shard leaves its state for readers.
#[derive(Debug)]
pub(crate) struct MetricsBoard(Mutex<(ShardMetrics, Instant)>);

impl MetricsBoard {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Mutex::new((ShardMetrics::default(), now)))
    }

    /// Publishes the state, unless a reader holds the lock: a shard does not wait. False if it was not published.
    pub(crate) fn publish(&self, metrics: ShardMetrics, now: Instant) -> bool {
        match self.0.try_lock() {
            Ok(mut board) => {
                *board = (metrics, now);
                true
            }
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => false,
        }
    }

    pub(crate) fn read(&self, now: Instant) -> ShardMetrics {
        let (metrics, left_at) = *self.0.lock().expect("nobody panics while holding it");
        ShardMetrics {
            silent_for: now.saturating_duration_since(left_at),
            ..metrics
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_that_leaves_nothing_is_silent() {
        let start = Instant::now();
        let board = MetricsBoard::new(start);
        let state = ShardMetrics {
            peers: 3,
            ..ShardMetrics::default()
        };
        assert!(board.publish(state, start));
        let later = start + Duration::from_secs(5);
        let read = board.read(later);
        assert_eq!((read.peers, read.silent_for), (3, Duration::from_secs(5)));
        let mut total = read;
        total.add(&board.read(start));
        assert_eq!((total.peers, total.silent_for), (6, Duration::from_secs(5)));
    }
}
