//! Which of a source's encodings is better: the line of the offer says so for some clients from the smallest up, for others
//! from the largest down (RFC 8853 5.2 has the preferred one first), and for many nothing at all.

use std::cmp::Ordering;

use super::{Encoding, Track};

/// Where rates decide, one must be so much higher than another to change ranks with it: they go up and down.
const CLEARLY: f64 = 1.5;
/// Of the encodings that did not come yet each is taken to be so many times as large as the one before it in the line.
const STEP: f64 = 4.0;

impl Track {
    /// The index of the encoding of this rank; without simulcast there is one.
    pub(super) fn ranked(&self, rank: usize) -> usize {
        let encoding_index = self.encodings.iter().position(|one| usize::from(one.rank) == rank);
        encoding_index.unwrap_or(0)
    }

    /// Ranks the encodings by the size of their pictures, those of one size by their rates; by their rates alone as long as one
    /// that comes does not say its size. True when that changed anything.
    pub(super) fn rank(&mut self) -> bool {
        let begun: Vec<&Encoding> = self.encodings.iter().filter(|one| one.stream.is_some()).collect();
        let sized = begun.iter().all(|one| one.size.is_some());
        let key = |one: &Encoding| {
            let (width, height) = one.size.filter(|_| sized).unwrap_or_default();
            let pixels = f64::from(width) * f64::from(height);
            let value = if sized { pixels } else { one.last_bps as f64 };
            (one.stream.is_some() && value > 0.0).then_some(value)
        };
        let known: Vec<Option<f64>> = self.encodings.iter().map(key).collect();
        let Some(keys) = complete(&known) else { return false };
        let rates: Vec<f64> = self.encodings.iter().map(|one| one.last_bps as f64).collect();
        let exceeds = |one: usize, other: usize| {
            let faster = rates[other] > 0.0 && rates[one] > rates[other] * CLEARLY;
            match keys[one].total_cmp(&keys[other]) {
                Ordering::Greater => sized || keys[one] > keys[other] * CLEARLY,
                Ordering::Equal => sized && faster,
                Ordering::Less => false,
            }
        };
        let mut order: Vec<usize> = (0..keys.len()).map(|rank| self.ranked(rank)).collect();
        // A few, nearly in order: each moves up past those that are clearly larger.
        for end in 1..order.len() {
            for at in (1..=end).rev() {
                if !exceeds(order[at - 1], order[at]) {
                    break;
                }
                order.swap(at - 1, at);
            }
        }
        let mut changed = false;
        for (rank, encoding_index) in (0u8..).zip(order) {
            changed |= std::mem::replace(&mut self.encodings[encoding_index].rank, rank) != rank;
        }
        changed
    }
}

/// Fills in what is not known, by the direction of what is; `None` when fewer than two are known.
fn complete(known: &[Option<f64>]) -> Option<Vec<f64>> {
    let there: Vec<(usize, f64)> = known
        .iter()
        .enumerate()
        .filter_map(|(encoding_index, key)| Some((encoding_index, (*key)?)))
        .collect();
    let (first, last) = (there.first()?, there.last()?);
    if first.0 == last.0 {
        return None;
    }
    let step = if first.1 > last.1 { 1.0 / STEP } else { STEP };
    let filled = known.iter().enumerate().map(|(encoding_index, key)| {
        key.unwrap_or_else(|| {
            let near = there.iter().min_by_key(|(other, _)| other.abs_diff(encoding_index));
            let (other, key) = near.copied().unwrap_or(*first);
            let away = i32::try_from(encoding_index).unwrap_or(0) - i32::try_from(other).unwrap_or(0);
            key * step.powi(away)
        })
    });
    Some(filled.collect())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::event::{MediaKind, SourceKind};
    use crate::wire::sdp::{Codecs, Rid};

    type Size = Option<(u16, u16)>;

    /// A camera of which these encodings come, with their sizes and rates; one without a rate does not come.
    fn camera(encodings: &[(Size, u64)]) -> Track {
        let rids: Vec<Rid> = (0..encodings.len())
            .map(|encoding_index| Rid(encoding_index.to_string()))
            .collect();
        let mut track = Track::new(SourceKind::Camera, "0".into(), Codecs::default(), &rids, None);
        for (encoding_index, (size, bps)) in encodings.iter().enumerate() {
            let one = &mut track.encodings[encoding_index];
            (one.size, one.last_bps) = (*size, *bps);
            if *bps > 0 {
                one.begin_stream(1, MediaKind::Video, &Codecs::default(), &mut 0, Instant::now());
            }
        }
        track
    }

    fn check(encodings: &[(Size, u64)], expected: &[u8]) {
        let mut track = camera(encodings);
        let changed = track.rank();
        let ranks: Vec<u8> = track.encodings.iter().map(|one| one.rank).collect();
        assert_eq!(ranks, expected, "{encodings:?}");
        assert_eq!(changed, !ranks.is_sorted());
        assert!(!track.rank(), "and stays so");
    }

    /// Trial D2: the largest first, as RFC 8853 and OBS have it.
    #[test]
    fn encodings_are_ranked_by_what_they_are() {
        let [h, m, l] = [(1_280, 720), (640, 360), (320, 180)].map(Some);
        check(&[(h, 900), (m, 500), (l, 100)], &[2, 1, 0]);
        check(&[(l, 100), (m, 500), (h, 900)], &[0, 1, 2]);
        check(&[(m, 500), (h, 900), (l, 100)], &[1, 2, 0]);
        let q = Some((160, 90));
        check(&[(h, 900), (m, 500), (l, 100), (q, 50)], &[3, 2, 1, 0]);
        // By rate as long as one of them does not say its size, and then only if it is clear.
        check(&[(None, 900), (m, 500), (l, 100)], &[2, 1, 0]);
        check(&[(None, 900), (None, 700), (None, 100)], &[1, 2, 0]);
        check(&[(None, 500), (None, 490), (None, 480)], &[0, 1, 2]);
        // Of one size the faster one is better.
        check(&[(h, 2_500), (h, 300)], &[1, 0]);
        check(&[(h, 300), (h, 2_500)], &[0, 1]);
        check(&[(h, 2_500), (h, 300), (l, 100)], &[2, 1, 0]);
        check(&[(h, 500), (h, 490)], &[0, 1]);
        // What did not come yet goes on as those beside it, and one alone says nothing.
        check(&[(h, 900), (m, 500), (None, 0)], &[2, 1, 0]);
        check(&[(None, 0), (m, 500), (l, 100)], &[2, 1, 0]);
        check(&[(None, 0), (m, 500), (h, 900)], &[0, 1, 2]);
        check(&[(h, 900), (None, 0), (None, 0)], &[0, 1, 2]);
    }

    #[test]
    fn of_one_size_a_slot_gets_the_best() {
        let [h, l] = [(1_280, 720), (320, 180)].map(Some);
        let mut track = camera(&[(h, 2_500), (h, 300), (l, 100)]);
        track.rank();
        let encoding = |height| track.encoding_for(track.layer_for(Some((16 * height / 9, height))).unwrap());
        assert_eq!([180, 181, 720, 1_080].map(encoding), [2, 0, 0, 0]);
    }

    /// One stream has spatial layers and no ranks: each size gets the smallest layer that fills it.
    #[test]
    fn spatial_layers_of_one_stream_are_told_by_their_place() {
        let mut track = camera(&[]);
        assert!(track.encodings[0].record_spatial(2), "three layers of up to 720 lines");
        let layer = |height: u16| {
            track
                .layer_for(Some((16 * height / 9, height)))
                .map(|layer| layer.spatial)
        };
        assert_eq!([180, 181, 360, 720].map(layer), [0, 1, 1, 2].map(Some));
        assert_eq!(layer(721), Some(u8::MAX));
    }
}
