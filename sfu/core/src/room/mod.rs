//! Who is here: the peers of a core by place and by id, and the rooms they are in.

pub(crate) mod peer;
mod ranking;

use std::collections::HashMap;

use crate::event::{PeerId, RoomId};
use peer::Peer;
use ranking::Ranking;

/// All peers. A place is used again only after its peer is gone and every reference to it cleared.
#[derive(Default)]
pub(crate) struct Peers {
    places: Vec<Option<Box<Peer>>>,
    free: Vec<usize>,
    by_id: HashMap<PeerId, usize>,
}

impl Peers {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn find(&self, id: PeerId) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    pub(crate) fn get(&self, place: usize) -> Option<&Peer> {
        self.places.get(place)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut Peer> {
        self.places.get_mut(place)?.as_deref_mut()
    }

    /// The place that the next peer will have.
    pub(crate) fn next_place(&self) -> usize {
        self.free.last().copied().unwrap_or(self.places.len())
    }

    pub(crate) fn insert(&mut self, peer: Peer) -> usize {
        let place = self.next_place();
        self.free.pop();
        if place == self.places.len() {
            self.places.push(None);
        }
        self.by_id.insert(peer.id, place);
        self.places[place] = Some(Box::new(peer));
        place
    }

    pub(crate) fn remove(&mut self, place: usize) -> Option<Box<Peer>> {
        let peer = self.places.get_mut(place)?.take()?;
        self.by_id.remove(&peer.id);
        self.free.push(place);
        Some(peer)
    }
}

/// A room with at least one peer.
#[derive(Debug, Default)]
struct Room {
    /// Places.
    members: Vec<usize>,
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

    pub(crate) fn members(&self, room: RoomId) -> &[usize] {
        self.rooms.get(&room).map_or(&[], |room| room.members.as_slice())
    }

    pub(crate) fn contains(&self, room: RoomId) -> bool {
        self.rooms.contains_key(&room)
    }

    pub(crate) fn enter(&mut self, room: RoomId, place: usize) {
        self.rooms.entry(room).or_default().members.push(place);
    }

    pub(crate) fn leave(&mut self, room: RoomId, place: usize) {
        if let Some(found) = self.rooms.get_mut(&room) {
            found.members.retain(|member| *member != place);
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
