//! Which shard a room lives on: the one with the least to do when its first peer comes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use sfu_core::{PeerId, RoomId};

/// Packets a second that a peer is taken for beside what is measured: it may have come just now, or speak up soon.
const PACKETS_PER_PEER: u64 = 100;

/// Where every room and peer is. Used for commands and goodbyes, never for packets.
#[derive(Debug)]
pub(crate) struct Placement(Mutex<Assignments>);

#[derive(Debug)]
struct Assignments {
    peers: HashMap<PeerId, (RoomId, usize)>,
    /// Shard and number of peers.
    rooms: HashMap<RoomId, (usize, usize)>,
    /// Peers of each shard.
    load: Vec<usize>,
}

impl Placement {
    pub(crate) fn new(shards: usize) -> Self {
        Self(Mutex::new(Assignments {
            peers: HashMap::new(),
            rooms: HashMap::new(),
            load: vec![0; shards],
        }))
    }

    /// The shard for a new peer; `None` when the peer has one already. `packets_per_second` says how much a shard
    /// sends at the moment.
    pub(crate) fn assign(
        &self,
        room: RoomId,
        peer: PeerId,
        packets_per_second: impl Fn(usize) -> u64,
    ) -> Option<usize> {
        let mut assigned = self.lock();
        if assigned.peers.contains_key(&peer) {
            return None;
        }
        let lightest = (0..assigned.load.len())
            .min_by_key(|shard| packets_per_second(*shard) + PACKETS_PER_PEER * assigned.load[*shard] as u64)
            .expect("at least one shard");
        let (shard, peers) = assigned.rooms.entry(room).or_insert((lightest, 0));
        *peers += 1;
        let shard = *shard;
        assigned.load[shard] += 1;
        assigned.peers.insert(peer, (room, shard));
        Some(shard)
    }

    /// Forgets a peer, and its room with the last one.
    pub(crate) fn remove(&self, peer: PeerId) {
        let mut assigned = self.lock();
        let Some((room, shard)) = assigned.peers.remove(&peer) else {
            return;
        };
        assigned.load[shard] -= 1;
        if let Some((_, peers)) = assigned.rooms.get_mut(&room) {
            *peers -= 1;
            if *peers == 0 {
                assigned.rooms.remove(&room);
            }
        }
    }

    pub(crate) fn shard_of_peer(&self, peer: PeerId) -> Option<usize> {
        self.lock().peers.get(&peer).map(|(_, shard)| *shard)
    }

    pub(crate) fn shard_of_room(&self, room: RoomId) -> Option<usize> {
        self.lock().rooms.get(&room).map(|(shard, _)| *shard)
    }

    pub(crate) fn rooms_of(&self, shard: usize) -> Vec<RoomId> {
        self.lock()
            .rooms
            .iter()
            .filter(|(_, (assigned, _))| *assigned == shard)
            .map(|(room, _)| *room)
            .collect()
    }

    pub(crate) fn peers_of(&self, shard: usize) -> Vec<PeerId> {
        self.lock()
            .peers
            .iter()
            .filter(|(_, (_, assigned))| *assigned == shard)
            .map(|(peer, _)| *peer)
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Assignments> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_stay_together_and_spread_by_load() {
        let placement = Placement::new(2);
        let assign = |room, peer| placement.assign(RoomId(room), PeerId(peer), |_| 0);
        assert_eq!(
            [assign(1, 1), assign(1, 2), assign(2, 3), assign(1, 4), assign(3, 5)],
            [0, 0, 1, 0, 1].map(Some)
        );
        assert_eq!(assign(2, 5), None, "a peer has one shard");
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
        assert_eq!(assign(4, 6), Some(0), "the emptied shard is the lightest");
        assert_eq!(
            (placement.rooms_of(0), placement.peers_of(0)),
            (vec![RoomId(4)], vec![PeerId(6)])
        );
    }

    #[test]
    fn what_is_sent_weighs_more_than_who_is_there() {
        let placement = Placement::new(2);
        let assign = |room, peer, sends: [u64; 2]| placement.assign(RoomId(room), PeerId(peer), |shard| sends[shard]);
        assert_eq!(assign(1, 1, [5_000, 0]), Some(1), "one busy room");
        assert_eq!(assign(2, 2, [5_000, 100]), Some(1));
        assert_eq!(assign(3, 3, [5_000, 6_000]), Some(0));
        assert_eq!(assign(1, 4, [0, 90_000]), Some(1), "a room stays where it is");
    }
}
