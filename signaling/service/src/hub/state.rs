//! What the hub holds under its lock: rooms, peers, connections and used tickets.

use std::collections::HashMap;

use sfu_core::PeerId;
use signaling_protocol::ServerMessage;
use tokio::sync::mpsc;

use super::nonces::Nonces;
use crate::metrics::{Count, Metrics};
use crate::room::{CloseCode, ConnectionId, Record, Room};

#[derive(Default)]
pub(super) struct State {
    pub(super) rooms: HashMap<String, OpenRoom>,
    /// The room of each peer that was ever passed to the media plane and is not known to be gone.
    pub(super) peers: HashMap<PeerId, String>,
    pub(super) connections: HashMap<ConnectionId, Connection>,
    pub(super) nonces: Nonces,
    pub(super) draining: bool,
}

pub(super) struct OpenRoom {
    pub(super) room: Room,
    pub(super) records: mpsc::Sender<Record>,
}

pub(super) struct Connection {
    pub(super) outgoing: mpsc::Sender<Outgoing>,
    pub(super) call: Option<String>,
}

/// What a socket is to send.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Message(ServerMessage),
    Close(CloseCode),
}

impl State {
    /// Queues a message. A reader that is too slow loses its queue, and with it the connection.
    pub(super) fn send(&mut self, metrics: &Metrics, connection: ConnectionId, message: ServerMessage) {
        let Some(entry) = self.connections.get(&connection) else {
            return;
        };
        if let Err(mpsc::error::TrySendError::Full(_)) = entry.outgoing.try_send(Outgoing::Message(message)) {
            metrics.add(Count::ReadersTooSlow);
            self.cut_off(connection);
        }
    }

    pub(super) fn close(&mut self, connection: ConnectionId, code: CloseCode) {
        let Some(entry) = self.connections.get(&connection) else {
            return;
        };
        if let Err(mpsc::error::TrySendError::Full(_)) = entry.outgoing.try_send(Outgoing::Close(code)) {
            self.cut_off(connection);
        }
    }

    /// Drops a connection's queue: its socket sees that and closes as [`CloseCode::TooSlow`].
    fn cut_off(&mut self, connection: ConnectionId) {
        if let Some(entry) = self.connections.get_mut(&connection) {
            entry.outgoing = mpsc::channel(1).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::OUTGOING_MAX;

    #[test]
    fn a_reader_that_is_too_slow_is_cut_off_and_told_so() {
        let (mut state, metrics) = (State::default(), Metrics::default());
        let (outgoing, mut receiver) = mpsc::channel(OUTGOING_MAX);
        let id = ConnectionId(1);
        state.connections.insert(id, Connection { outgoing, call: None });
        for at in 0..=OUTGOING_MAX {
            state.send(
                &metrics,
                id,
                ServerMessage::Pong {
                    at: i64::try_from(at).expect("small"),
                },
            );
        }
        assert_eq!(metrics.get(Count::ReadersTooSlow), 1);
        let queued = std::iter::from_fn(|| receiver.try_recv().ok()).count();
        assert_eq!((queued, receiver.is_closed()), (OUTGOING_MAX, true));
    }
}
