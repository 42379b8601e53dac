//! Steering a living peer: sizes of its slots, ICE restarts, and which of its encodings anybody watches.

use sfu_core::{Command, MediaKind, Mid, PeerId, SlotSize, Source};
use signaling_protocol::ServerMessage;
use signaling_protocol::message::{EncodingState, ErrorCode};

use super::Room;
use super::seat::Seat;
use super::slots::Wanted;
use super::vocabulary::{ConnectionId, Effect};
use crate::limits::RESTARTS_WAITING_MAX;
use crate::media::message_source;

impl Room {
    /// Passes the sizes of those slots on that the seat's peer has; others are of a peer before.
    pub(super) fn size_slots(&mut self, connection: ConnectionId, mut sizes: Vec<SlotSize>) {
        let holder = self.seats.values().find(|seat| seat.held_by(connection));
        let Some(peer) = holder.and_then(|seat| seat.peer.as_ref()) else {
            return;
        };
        sizes.retain(|size| peer.slots.iter().any(|slot| slot.is(&size.mid, MediaKind::Video)));
        if !sizes.is_empty() {
            self.effects
                .push(Effect::Media(Command::SizeSlots { peer: peer.id, sizes }));
        }
    }

    pub(super) fn restart(&mut self, connection: ConnectionId, id: u32, ufrag: String) {
        let going = self.going();
        let holder = self.seats.values_mut().find(|seat| seat.held_by(connection));
        let Some(peer) = holder.and_then(|seat| seat.peer.as_mut()).filter(|_| going) else {
            self.refuse(connection, ErrorCode::BadOffer, "there is no peer to restart");
            return;
        };
        if peer.restarts.len() >= RESTARTS_WAITING_MAX {
            self.refuse(connection, ErrorCode::RateLimited, "too many restarts");
            return;
        }
        peer.restarts.push_back(id);
        let peer = peer.id;
        self.effects.push(Effect::Media(Command::Restart { peer, ufrag }));
    }

    /// The media plane answers restarts in the order in which they were asked for.
    pub(super) fn restarted(&mut self, peer: PeerId, ufrag: String, password: String) {
        let Some(seat) = self.seats.values_mut().find(|seat| seat.has_peer(peer)) else {
            return;
        };
        let Some(id) = seat.peer.as_mut().and_then(|peer| peer.restarts.pop_front()) else {
            return;
        };
        if let Some(connection) = seat.connection.as_ref().map(|connection| connection.id) {
            self.send(connection, ServerMessage::Restarted { id, ufrag, password });
        }
    }

    pub(super) fn encodings(&mut self, source: Source, encodings: Vec<(String, bool)>) {
        let Some(connection) = self.connection_of(source.peer) else {
            return;
        };
        let encodings = encodings
            .into_iter()
            .map(|(rid, active)| EncodingState { rid, active })
            .collect();
        let source = message_source(source.kind);
        self.send(connection, ServerMessage::Encodings { source, encodings });
    }

    /// Whose microphones the slots for the loudest carry now.
    pub(super) fn loudest(&mut self, peer: PeerId, changes: &[(Mid, Option<Source>)]) {
        let wanted = |source: Source| {
            let seat = self.seats.values().find(|seat| seat.has_peer(source.peer))?;
            Some(Wanted {
                who: seat.id.clone(),
                source,
            })
        };
        let changes: Vec<_> = changes
            .iter()
            .map(|(mid, source)| (mid, source.and_then(wanted)))
            .collect();
        let Some(seat) = self.seats.values_mut().find(|seat| seat.has_peer(peer)) else {
            return;
        };
        let Some(own) = seat.peer.as_mut() else { return };
        let mut changed = false;
        for (mid, wanted) in changes {
            if let Some(slot) = own.slots.iter_mut().find(|slot| slot.is(mid, MediaKind::Audio)) {
                changed |= slot.set_loudest(wanted);
            }
        }
        if changed {
            self.tell_slots(peer);
        }
    }

    /// Which pictures a seat's path has no room for now.
    pub(super) fn withheld(&mut self, peer: PeerId, slots: Vec<Mid>) {
        let mut own = self.seats.values_mut().filter_map(|seat| seat.peer.as_mut());
        if let Some(own) = own.find(|own| own.id == peer) {
            own.withheld = slots;
            self.tell_slots(peer);
        }
    }

    fn tell_slots(&mut self, peer: PeerId) {
        let seat = self.seats.values().find(|seat| seat.has_peer(peer));
        if let Some(seat) = seat
            && let (Some(connection), Some(own)) = (&seat.connection, &seat.peer)
        {
            let (connection, message) = (connection.id, own.slots_message());
            self.send(connection, message);
        }
    }

    fn connection_of(&self, peer: PeerId) -> Option<ConnectionId> {
        let seat: Option<&Seat> = self.seats.values().find(|seat| seat.has_peer(peer));
        Some(seat?.connection.as_ref()?.id)
    }
}
