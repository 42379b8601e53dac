//! Which shard a room lives on: the one with the least to do when its first peer comes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use sfu_core::{PeerId, RoomId};

/// Packets a second that a peer is taken for beside what is measured: it may have come just now, or speak up soon.
const PACKETS_PER_PEER: u64 = 100;

/// Where every room and peer is. Used for commands and goodbyes, never for packets.
#[derive(Debug)]
pub(crate) struct Placement(Mutex<Places>);

#[derive(Debug)]
struct Places {
    peers: HashMap<PeerId, (RoomId, usize)>,
    /// Shard and number of peers.
    rooms: HashMap<RoomId, (usize, usize)>,
    /// Peers of each shard.
    load: Vec<usize>,
}

impl Placement {
    pub(crate) fn new(shards: usize) -> Self {
        Self(Mutex::new(Places {
            peers: HashMap::new(),
            rooms: HashMap::new(),
            load: vec![0; shards],
        }))
    }

    /// The shard for a new peer; `None` when the peer is placed already. `packets_per_second` says how much a shard
    /// sends at the moment.
    pub(crate) fn place(&self, room: RoomId, peer: PeerId, packets_per_second: impl Fn(usize) -> u64) -> Option<usize> {
        let mut places = self.places();
        if places.peers.contains_key(&peer) {
            return None;
        }
        let lightest = (0..places.load.len())
            .min_by_key(|shard| packets_per_second(*shard) + PACKETS_PER_PEER * places.load[*shard] as u64)
            .expect("at least one shard");
        let (shard, peers) = places.rooms.entry(room).or_insert((lightest, 0));
        *peers += 1;
        let shard = *shard;
        places.load[shard] += 1;
        places.peers.insert(peer, (room, shard));
        Some(shard)
    }

    /// Forgets a peer, and its room with the last one.
    pub(crate) fn remove(&self, peer: PeerId) {
        let mut places = self.places();
        let Some((room, shard)) = places.peers.remove(&peer) else {
            return;
        };
        places.load[shard] -= 1;
        if let Some((_, peers)) = places.rooms.get_mut(&room) {
            *peers -= 1;
            if *peers == 0 {
                places.rooms.remove(&room);
            }
        }
    }

    pub(crate) fn shard_of_peer(&self, peer: PeerId) -> Option<usize> {
        self.places().peers.get(&peer).map(|(_, shard)| *shard)
    }

    pub(crate) fn shard_of_room(&self, room: RoomId) -> Option<usize> {
        self.places().rooms.get(&room).map(|(shard, _)| *shard)
    }

    pub(crate) fn rooms_of(&self, shard: usize) -> Vec<RoomId> {
        self.places()
            .rooms
            .iter()
            .filter(|(_, (place, _))| *place == shard)
            .map(|(room, _)| *room)
            .collect()
    }

    pub(crate) fn peers_of(&self, shard: usize) -> Vec<PeerId> {
        self.places()
            .peers
            .iter()
            .filter(|(_, (_, place))| *place == shard)
            .map(|(peer, _)| *peer)
            .collect()
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_stay_together_and_spread_by_load() {
        let placement = Placement::new(2);
        let place = |room, peer| placement.place(RoomId(room), PeerId(peer), |_| 0);
        assert_eq!(
            [place(1, 1), place(1, 2), place(2, 3), place(1, 4), place(3, 5)],
            [0, 0, 1, 0, 1].map(Some)
        );
        assert_eq!(place(2, 5), None, "a peer has one place");
        assert_eq!(placement.shard_of_peer(PeerId(4)), Some(0));
        assert_eq!(placement.shard_of_room(RoomId(2)), Some(1));
        for peer in [1, 2, 4] {
            placement.remove(PeerId(peer));
        }
        placement.remove(PeerId(4));
        assert_eq!(
            (placement.shard_of_peer(PeerId(4)), placement.shard_of_room(RoomId(1))),
            (None, None)
        );
        assert_eq!(place(4, 6), Some(0), "the emptied shard is the lightest");
        assert_eq!(
            (placement.rooms_of(0), placement.peers_of(0)),
            (vec![RoomId(4)], vec![PeerId(6)])
        );
    }

    #[test]
    fn what_is_sent_weighs_more_than_who_is_there() {
        let placement = Placement::new(2);
        let place = |room, peer, sends: [u64; 2]| placement.place(RoomId(room), PeerId(peer), |shard| sends[shard]);
        assert_eq!(place(1, 1, [5_000, 0]), Some(1), "one busy room");
        assert_eq!(place(2, 2, [5_000, 100]), Some(1));
        assert_eq!(place(3, 3, [5_000, 6_000]), Some(0));
        assert_eq!(place(1, 4, [0, 90_000]), Some(1), "a room stays where it is");
    }
}
