//! The peers of a core, by index and by id, and their rooms.

pub(crate) mod peer;
mod ranking;

use std::collections::HashMap;
use std::ops::{Index, IndexMut};

use crate::event::{PeerId, RoomId};
use crate::handles::{PeerIndex, SlotRef, TrackRef};
use crate::publish::track::Track;
use crate::subscribe::slot::Slot;
use peer::Peer;
use ranking::Ranking;

/// All peers. An index is used again only after its peer is gone and every handle to it cleared.
#[derive(Default)]
pub(crate) struct Peers {
    table: Vec<Option<Box<Peer>>>,
    free: Vec<PeerIndex>,
    by_id: HashMap<PeerId, PeerIndex>,
}

impl Peers {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn find(&self, id: PeerId) -> Option<PeerIndex> {
        self.by_id.get(&id).copied()
    }

    /// A peer that may be gone. Where it cannot be, index the table.
    pub(crate) fn get(&self, peer: PeerIndex) -> Option<&Peer> {
        self.table.get(peer.get())?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, peer: PeerIndex) -> Option<&mut Peer> {
        self.table.get_mut(peer.get())?.as_deref_mut()
    }

    pub(crate) fn slot(&self, slot: SlotRef) -> &Slot {
        &self[slot.peer].slots[slot.slot]
    }

    pub(crate) fn slot_mut(&mut self, slot: SlotRef) -> &mut Slot {
        &mut self[slot.peer].slots[slot.slot]
    }

    pub(crate) fn track(&self, track: TrackRef) -> &Track {
        &self[track.peer].tracks[track.track]
    }

    pub(crate) fn track_mut(&mut self, track: TrackRef) -> &mut Track {
        &mut self[track.peer].tracks[track.track]
    }

    /// What a slot carries, and whose it is.
    pub(crate) fn carried(&self, slot: SlotRef) -> Option<(&Peer, &Track)> {
        let track = self.slot(slot).selection.track()?;
        Some((&self[track.peer], self.track(track)))
    }

    /// The index that the next peer will have.
    pub(crate) fn next_index(&self) -> PeerIndex {
        let fresh = || PeerIndex::new(self.table.len());
        self.free.last().copied().unwrap_or_else(fresh)
    }

    pub(crate) fn insert(&mut self, peer: Peer) -> PeerIndex {
        let index = self.next_index();
        self.free.pop();
        if index.get() == self.table.len() {
            self.table.push(None);
        }
        self.by_id.insert(peer.id, index);
        self.table[index.get()] = Some(Box::new(peer));
        index
    }

    pub(crate) fn remove(&mut self, peer: PeerIndex) -> Option<Box<Peer>> {
        let removed = self.table.get_mut(peer.get())?.take()?;
        self.by_id.remove(&removed.id);
        self.free.push(peer);
        Some(removed)
    }
}

impl Index<PeerIndex> for Peers {
    type Output = Peer;

    fn index(&self, peer: PeerIndex) -> &Peer {
        self.get(peer).expect("a peer that leaves takes its handles along")
    }
}

impl IndexMut<PeerIndex> for Peers {
    fn index_mut(&mut self, peer: PeerIndex) -> &mut Peer {
        self.get_mut(peer).expect("a peer that leaves takes its handles along")
    }
}

/// A room with at least one peer.
#[derive(Debug, Default)]
struct Room {
    members: Vec<PeerIndex>,
    ranking: Ranking,
}

/// Rooms with at least one peer.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    rooms: HashMap<RoomId, Room>,
}

impl Rooms {
    pub(crate) fn len(&self) -> usize {
        self.rooms.len()
    }

    pub(crate) fn members(&self, room: RoomId) -> &[PeerIndex] {
        self.rooms.get(&room).map_or(&[], |room| room.members.as_slice())
    }

    pub(crate) fn contains(&self, room: RoomId) -> bool {
        self.rooms.contains_key(&room)
    }

    pub(crate) fn add_member(&mut self, room: RoomId, peer: PeerIndex) {
        self.rooms.entry(room).or_default().members.push(peer);
    }

    pub(crate) fn remove_member(&mut self, room: RoomId, peer: PeerIndex) {
        if let Some(found) = self.rooms.get_mut(&room) {
            found.members.retain(|member| *member != peer);
            if found.members.is_empty() {
                self.rooms.remove(&room);
            }
        }
    }

    pub(crate) fn ranking(&self, room: RoomId) -> Option<&Ranking> {
        self.rooms.get(&room).map(|room| &room.ranking)
    }

    pub(crate) fn ranking_mut(&mut self, room: RoomId) -> Option<&mut Ranking> {
        self.rooms.get_mut(&room).map(|room| &mut room.ranking)
    }
}
