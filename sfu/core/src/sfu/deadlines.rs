//! When each peer wants to be looked at: a heap with one entry a peer, so that a thousand peers cost those few whose
//! time has come, and nothing the others.

use std::time::Instant;

/// Not in the heap.
const ABSENT: u32 = u32::MAX;

/// The deadlines by place, the earliest first.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    heap: Vec<(Instant, u32)>,
    /// Where in the heap each place is.
    positions: Vec<u32>,
}

impl Deadlines {
    /// The earliest deadline and whose it is.
    pub(crate) fn first(&self) -> Option<(Instant, usize)> {
        self.heap.first().map(|(at, place)| (*at, *place as usize))
    }

    /// Sets the deadline of a place.
    pub(crate) fn set(&mut self, place: usize, at: Instant) {
        if place >= self.positions.len() {
            self.positions.resize(place + 1, ABSENT);
        }
        let mut position = self.positions[place] as usize;
        if self.positions[place] == ABSENT {
            position = self.heap.len();
            self.heap.push((at, u32::try_from(place).expect("peers are bounded")));
        }
        self.heap[position].0 = at;
        self.settle(position);
    }

    /// Sets the deadline of a place unless it has an earlier one. What is only put off costs nothing that way: the
    /// earlier deadline comes, and finds that it is not time yet.
    pub(crate) fn pull(&mut self, place: usize, at: Instant) {
        let position = self.positions.get(place).filter(|position| **position != ABSENT);
        if position.is_none_or(|position| at < self.heap[*position as usize].0) {
            self.set(place, at);
        }
    }

    pub(crate) fn remove(&mut self, place: usize) {
        let Some(position) = self.positions.get_mut(place) else {
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
        self.note(position);
    }

    fn swap(&mut self, from: usize, to: usize) -> usize {
        self.heap.swap(from, to);
        self.note(from);
        to
    }

    fn note(&mut self, position: usize) {
        let place = self.heap[position].1 as usize;
        self.positions[place] = u32::try_from(position).expect("peers are bounded");
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
        Set(usize, u64),
        Pull(usize, u64),
        Remove(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..20_usize, 0..100_u64).prop_map(|(place, at)| Step::Set(place, at)),
            (0..20_usize, 0..100_u64).prop_map(|(place, at)| Step::Pull(place, at)),
            (0..20_usize).prop_map(Step::Remove),
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
                    Step::Set(place, at) => {
                        deadlines.set(place, start + Duration::from_millis(at));
                        model.insert(place, at);
                    }
                    Step::Pull(place, at) => {
                        deadlines.pull(place, start + Duration::from_millis(at));
                        model.entry(place).and_modify(|before| *before = at.min(*before)).or_insert(at);
                    }
                    Step::Remove(place) => {
                        deadlines.remove(place);
                        model.remove(&place);
                    }
                }
                let earliest = model.values().min().map(|at| start + Duration::from_millis(*at));
                prop_assert_eq!(deadlines.first().map(|(at, _)| at), earliest);
                prop_assert_eq!(deadlines.heap.len(), model.len());
            }
            while let Some((at, place)) = deadlines.first() {
                prop_assert_eq!(model.remove(&place), Some(at.duration_since(start).as_millis() as u64));
                deadlines.remove(place);
            }
            prop_assert!(model.is_empty());
        }
    }
}
