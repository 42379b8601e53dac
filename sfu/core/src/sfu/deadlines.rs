//! The next deadline of each peer: a heap with one entry a peer, so that a thousand peers cost those few whose
//! time has come, and nothing the others.

use std::time::Instant;

use crate::handles::PeerIndex;

/// Not in the heap.
const ABSENT: u32 = u32::MAX;

/// The deadlines of peers, the earliest first.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    heap: Vec<(Instant, PeerIndex)>,
    /// Position of each peer in the heap, by its index.
    positions: Vec<u32>,
}

impl Deadlines {
    /// The earliest deadline and whose it is.
    pub(crate) fn first(&self) -> Option<(Instant, PeerIndex)> {
        self.heap.first().copied()
    }

    /// Sets the deadline of a peer.
    pub(crate) fn set(&mut self, peer: PeerIndex, at: Instant) {
        let index = peer.get();
        if index >= self.positions.len() {
            self.positions.resize(index + 1, ABSENT);
        }
        let mut position = self.positions[index] as usize;
        if self.positions[index] == ABSENT {
            position = self.heap.len();
            self.heap.push((at, peer));
        }
        self.heap[position].0 = at;
        self.settle(position);
    }

    /// Sets the deadline of a peer unless it has an earlier one. What is only put off costs nothing that way: the
    /// earlier deadline comes, and finds that it is not time yet.
    pub(crate) fn pull(&mut self, peer: PeerIndex, at: Instant) {
        let position = self.positions.get(peer.get()).filter(|position| **position != ABSENT);
        if position.is_none_or(|position| at < self.heap[*position as usize].0) {
            self.set(peer, at);
        }
    }

    pub(crate) fn remove(&mut self, peer: PeerIndex) {
        let Some(position) = self.positions.get_mut(peer.get()) else {
            return;
        };
        let position = std::mem::replace(position, ABSENT);
        if position == ABSENT {
            return;
        }
        self.heap.swap_remove(position as usize);
        self.settle(position as usize);
    }

    /// Moves what is at a position to where it belongs.
    fn settle(&mut self, mut position: usize) {
        if position >= self.heap.len() {
            return;
        }
        while position > 0 && self.heap[position].0 < self.heap[(position - 1) / 2].0 {
            position = self.swap(position, (position - 1) / 2);
        }
        loop {
            let children = (2 * position + 1)..(2 * position + 3).min(self.heap.len());
            match children.min_by_key(|child| self.heap[*child].0) {
                Some(child) if self.heap[child].0 < self.heap[position].0 => position = self.swap(position, child),
                Some(_) | None => break,
            }
        }
        self.record_position(position);
    }

    fn swap(&mut self, from: usize, to: usize) -> usize {
        self.heap.swap(from, to);
        self.record_position(from);
        to
    }

    fn record_position(&mut self, position: usize) {
        let (_, peer) = self.heap[position];
        self.positions[peer.get()] = u32::try_from(position).expect("peers are bounded");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Set(PeerIndex, u64),
        Pull(PeerIndex, u64),
        Remove(PeerIndex),
    }

    fn step() -> impl Strategy<Value = Step> {
        let peer = || (0..20_usize).prop_map(PeerIndex::new);
        prop_oneof![
            (peer(), 0..100_u64).prop_map(|(peer, at)| Step::Set(peer, at)),
            (peer(), 0..100_u64).prop_map(|(peer, at)| Step::Pull(peer, at)),
            peer().prop_map(Step::Remove),
        ]
    }

    proptest! {
        #[test]
        fn the_earliest_is_first(steps in prop::collection::vec(step(), 0..200)) {
            let start = Instant::now();
            let mut deadlines = Deadlines::default();
            let mut model = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Set(peer, at) => {
                        deadlines.set(peer, start + Duration::from_millis(at));
                        model.insert(peer, at);
                    }
                    Step::Pull(peer, at) => {
                        deadlines.pull(peer, start + Duration::from_millis(at));
                        model.entry(peer).and_modify(|before| *before = at.min(*before)).or_insert(at);
                    }
                    Step::Remove(peer) => {
                        deadlines.remove(peer);
                        model.remove(&peer);
                    }
                }
                let earliest = model.values().min().map(|at| start + Duration::from_millis(*at));
                prop_assert_eq!(deadlines.first().map(|(at, _)| at), earliest);
                prop_assert_eq!(deadlines.heap.len(), model.len());
            }
            while let Some((at, peer)) = deadlines.first() {
                prop_assert_eq!(model.remove(&peer), Some(at.duration_since(start).as_millis() as u64));
                deadlines.remove(peer);
            }
            prop_assert!(model.is_empty());
        }
    }
}
