//! What the hub holds under its lock: rooms, peers, connections and used tickets.

use std::collections::HashMap;

use sfu_core::{PeerId, RoomId};
use signaling_protocol::ServerMessage;
use tokio::sync::mpsc;

use super::nonces::Nonces;
use super::outbox::{Outbox, Outgoing, TooSlow};
use crate::metrics::{Count, Metrics};
use crate::room::{CloseCode, ConnectionId, Record, Room};

#[derive(Default)]
pub(super) struct State {
    pub(super) rooms: HashMap<String, OpenRoom>,
    /// The call of each room.
    pub(super) calls: HashMap<RoomId, String>,
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
    pub(super) outbox: Outbox,
    pub(super) call: Option<String>,
}

impl State {
    /// Queues a message. A reader that is too slow loses its connection: its socket closes as [`CloseCode::TooSlow`].
    pub(super) fn send(&mut self, metrics: &Metrics, connection: ConnectionId, message: ServerMessage) {
        let Some(entry) = self.connections.get(&connection) else {
            return;
        };
        if entry.outbox.push(Outgoing::Message(message)) == Err(TooSlow) {
            metrics.add(Count::ReadersTooSlow);
        }
    }

    pub(super) fn close(&mut self, connection: ConnectionId, code: CloseCode) {
        if let Some(entry) = self.connections.get(&connection) {
            // When it is full, it is cut off, which ends the connection too.
            let _ = entry.outbox.push(Outgoing::Close(code));
        }
    }

    pub(super) fn open_room(&mut self, call: String, open: OpenRoom) {
        self.calls.insert(open.room.id(), call.clone());
        self.rooms.insert(call, open);
    }

    pub(super) fn remove_room(&mut self, call: &str) -> Option<OpenRoom> {
        let open = self.rooms.remove(call)?;
        self.calls.remove(&open.room.id());
        self.peers.retain(|_, of| of != call);
        Some(open)
    }
}
