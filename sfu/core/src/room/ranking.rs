//! The microphones of a room by loudness. Somebody has to be clearly louder for a while to come before another, so that
//! slots and pictures do not jump about.

use std::time::{Duration, Instant};

use crate::event::{PeerId, Source};
use crate::limits;

/// Between two looks; so often at most does anything change.
const INTERVAL: Duration = Duration::from_millis(250);
/// Decibels by which a louder one has to be louder...
const MARGIN: f32 = 6.0;
/// ...and for how long.
const HOLD: Duration = Duration::from_millis(250);
/// Sources kept in order: one more than are carried, since no peer hears itself.
const ORDERED: usize = limits::LOUDEST + 1;
/// Decibels above silence from which a source counts as speech, and below which it no longer does.
const SPEAKS_FROM: f32 = 77.0;
const SPEAKS_UNTIL: f32 = 72.0;

#[derive(Debug, Clone, Copy)]
struct Ranked {
    source: Source,
    level: f32,
    /// Since when it is clearly louder than one before it.
    louder_since: Option<Instant>,
    speaks: bool,
}

/// The ranking of one room.
#[derive(Debug, Default)]
pub(crate) struct Ranking {
    /// Loudest first; in order only as far as [`ORDERED`].
    order: Vec<Ranked>,
    due_at: Option<Instant>,
    speakers: Vec<PeerId>,
}

/// What an update changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Changed {
    /// Which sources are carried, or in which order.
    pub(crate) loudest: bool,
    pub(crate) speakers: bool,
}

impl Ranking {
    /// True when it is time for a look; the next time is then later.
    pub(crate) fn take_turn(&mut self, now: Instant) -> bool {
        if self.due_at.is_some_and(|at| at > now) {
            return false;
        }
        self.due_at = Some(now + INTERVAL);
        true
    }

    /// Takes the level of every microphone that is heard now, each once.
    pub(crate) fn update(&mut self, levels: &[(Source, f32)], now: Instant) -> Changed {
        let before = self.front();
        self.order.retain_mut(|ranked| {
            let level = levels.iter().find(|(source, _)| *source == ranked.source);
            ranked.level = level.map_or(0.0, |(_, level)| *level);
            level.is_some()
        });
        for (source, level) in levels {
            if self.order.iter().all(|ranked| ranked.source != *source) {
                self.order.push(Ranked {
                    source: *source,
                    level: *level,
                    louder_since: None,
                    speaks: false,
                });
            }
        }
        for position in 1..self.order.len() {
            self.rise(position, now);
        }
        for ranked in &mut self.order {
            ranked.speaks = ranked.level >= if ranked.speaks { SPEAKS_UNTIL } else { SPEAKS_FROM };
        }
        Changed {
            loudest: self.front() != before,
            speakers: self.update_speakers(),
        }
    }

    /// Moves one before the first that it has long been clearly louder than.
    fn rise(&mut self, position: usize, now: Instant) {
        let ranked = self.order[position];
        let ahead = self.order[..position.min(ORDERED)].iter();
        let over = ahead.take_while(|other| other.level + MARGIN > ranked.level).count();
        if over == position.min(ORDERED) {
            self.order[position].louder_since = None;
            return;
        }
        let since = *self.order[position].louder_since.get_or_insert(now);
        if now.saturating_duration_since(since) >= HOLD {
            self.order[position].louder_since = None;
            self.order[over..=position].rotate_right(1);
        }
    }

    fn front(&self) -> [Option<Source>; ORDERED] {
        let mut front = [None; ORDERED];
        for (source, ranked) in front.iter_mut().zip(&self.order) {
            *source = Some(ranked.source);
        }
        front
    }

    fn update_speakers(&mut self) -> bool {
        let speaking = |order: &[Ranked]| -> Vec<PeerId> {
            let front = order.iter().take(ORDERED).filter(|ranked| ranked.speaks);
            front.map(|ranked| ranked.source.peer).take(limits::LOUDEST).collect()
        };
        let now = speaking(&self.order);
        let changed = now != self.speakers;
        self.speakers = now;
        changed
    }

    /// The peers that speak, loudest first.
    pub(crate) fn speakers(&self) -> &[PeerId] {
        &self.speakers
    }

    /// What a listener is to hear, loudest first: not himself.
    pub(crate) fn loudest_for(&self, listener: PeerId) -> impl Iterator<Item = Source> {
        let sources = self.order.iter().map(|ranked| ranked.source);
        sources
            .filter(move |source| source.peer != listener)
            .take(limits::LOUDEST)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::SourceKind;

    fn source(peer: u64) -> Source {
        Source {
            peer: PeerId(peer),
            kind: SourceKind::Microphone,
        }
    }

    /// Looks every 250 ms; each row is the levels of peers 1, 2, 3 and so on.
    fn run(rows: &[&[f32]]) -> Vec<(Vec<u64>, Vec<u64>)> {
        let start = Instant::now();
        let mut ranking = Ranking::default();
        let mut seen = Vec::new();
        for (look, row) in (0u32..).zip(rows) {
            let now = start + INTERVAL * look;
            assert!(ranking.take_turn(now) && !ranking.take_turn(now));
            let levels: Vec<_> = (1..)
                .map(source)
                .zip(row.iter().copied())
                .filter(|(_, level)| *level >= 0.0)
                .collect();
            ranking.update(&levels, now);
            let order = ranking.loudest_for(PeerId(0)).map(|source| source.peer.0).collect();
            seen.push((order, ranking.speakers().iter().map(|peer| peer.0).collect()));
        }
        seen
    }

    #[test]
    fn a_louder_one_comes_first_only_after_a_while() {
        let seen = run(&[
            &[90.0, 20.0],
            &[85.0, 90.0],
            &[70.0, 90.0],
            &[70.0, 90.0],
            &[70.0, 90.0],
        ]);
        let orders: Vec<_> = seen.iter().map(|(order, _)| order.as_slice()).collect();
        assert_eq!(orders, [&[1, 2], &[1, 2], &[1, 2], &[2, 1], &[2, 1]]);
        let speakers: Vec<_> = seen.iter().map(|(_, speakers)| speakers.as_slice()).collect();
        assert_eq!(speakers, [&[1][..], &[1, 2], &[2], &[2], &[2]]);
    }

    #[test]
    fn a_short_noise_displaces_nobody() {
        let quiet: &[f32] = &[80.0, 80.0, 80.0, 80.0, 80.0, 10.0];
        let noise: &[f32] = &[80.0, 80.0, 80.0, 80.0, 80.0, 120.0];
        for (order, _) in run(&[quiet, noise, quiet, noise, quiet]) {
            assert_eq!(order, [1, 2, 3, 4, 5]);
        }
        let seen = run(&[quiet, noise, noise]);
        assert_eq!(seen[2].0, [6, 1, 2, 3, 4]);
    }

    #[test]
    fn who_is_gone_makes_room_for_the_next() {
        let all: &[f32] = &[90.0, 80.0, 80.0, 80.0, 80.0, 50.0, 60.0];
        let gone: &[f32] = &[-1.0, 80.0, 80.0, 80.0, 80.0, 50.0, 60.0];
        let seen = run(&[all, all, gone]);
        // The sixth is in order too, so the louder of the quiet ones comes in.
        assert_eq!(seen[1].0, [1, 2, 3, 4, 5]);
        assert_eq!(seen[2].0, [2, 3, 4, 5, 7]);
        assert_eq!((seen[1].1.len(), &seen[2].1[..]), (5, &[2, 3, 4, 5][..]));
    }

    #[test]
    fn nobody_hears_himself() {
        let mut ranking = Ranking::default();
        let levels: Vec<_> = (1..=7).map(|peer| (source(peer), 50.0)).collect();
        let changed = ranking.update(&levels, Instant::now());
        assert!(changed.loudest && !changed.speakers);
        assert!(
            ranking
                .loudest_for(PeerId(2))
                .map(|source| source.peer.0)
                .eq([1, 3, 4, 5, 6])
        );
    }

    proptest! {
        /// Whatever the levels: each microphone stands once, and one that stays far louder is among the loudest.
        #[test]
        fn the_far_louder_one_gets_in(
            rows in prop::collection::vec(prop::collection::vec(0.0f32..100.0, 9), 1..20),
            loud in 0usize..9,
        ) {
            let rows: Vec<Vec<f32>> = rows.into_iter().map(|mut row| { row[loud] = 120.0; row }).collect();
            let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
            let seen = run(&rows);
            for (look, (order, speakers)) in seen.iter().enumerate() {
                let mut once = order.clone();
                once.sort_unstable();
                once.dedup();
                prop_assert_eq!((once.len(), speakers.len() <= limits::LOUDEST), (limits::LOUDEST, true));
                if look >= 1 {
                    prop_assert_eq!(order[0], loud as u64 + 1);
                }
            }
        }
    }
}
