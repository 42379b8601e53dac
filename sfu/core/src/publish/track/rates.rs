//! What each layer of one encoding costs, measured over about a second.

use std::time::{Duration, Instant};

use crate::packet::Layer;

/// Parts of the window, so that it slides.
const PARTS: usize = 8;
const PART: Duration = Duration::from_millis(128);
/// Layers told apart in each dimension; those above count as the highest.
const SPATIAL: usize = 3;
const TEMPORAL: usize = 4;

/// Bytes by layer in the parts of a sliding window.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    parts: [[[u32; TEMPORAL]; SPATIAL]; PARTS],
    /// Beginning of everything, and of the window unless that is younger; set by the first packet.
    since: Option<Instant>,
    /// Number of the newest part since the beginning.
    part: u64,
    /// Number of the first part that counts: nothing came for a whole window before it.
    first: u64,
}

impl Rates {
    /// Counts a packet.
    pub(crate) fn add(&mut self, bytes: usize, layer: Layer, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let part = part_of(since, now);
        if part >= self.part + PARTS as u64 {
            self.parts = Default::default();
            self.first = part;
        } else {
            for passed in self.part + 1..=part {
                self.parts[index_of(passed)] = Default::default();
            }
        }
        self.part = self.part.max(part);
        let spatial = usize::from(layer.spatial).min(SPATIAL - 1);
        let temporal = usize::from(layer.temporal).min(TEMPORAL - 1);
        let sum = &mut self.parts[index_of(part)][spatial][temporal];
        *sum = sum.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// Something came within the window.
    pub(crate) fn arrives(&self, now: Instant) -> bool {
        self.since
            .is_some_and(|since| part_of(since, now) < self.part + PARTS as u64)
    }

    /// Names every layer that came within the window, ascending, with the bits a second of it and all that it needs:
    /// those with neither number higher.
    pub(crate) fn each(&self, now: Instant, mut name: impl FnMut(Layer, u64)) {
        let Some(since) = self.since.filter(|_| self.arrives(now)) else {
            return;
        };
        let current = part_of(since, now);
        let oldest = (current + 1).saturating_sub(PARTS as u64);
        let start = PART * u32::try_from(oldest.max(self.first)).unwrap_or(u32::MAX);
        let micros = now.saturating_duration_since(since + start).max(PART).as_micros();
        let mut sums = [[0u64; TEMPORAL]; SPATIAL];
        for part in oldest..=self.part.min(current) {
            for (sums, bytes) in sums.iter_mut().zip(&self.parts[index_of(part)]) {
                for (sum, bytes) in sums.iter_mut().zip(bytes) {
                    *sum += u64::from(*bytes);
                }
            }
        }
        for (spatial, own) in (0u8..).zip(sums) {
            for (temporal, bytes) in (0u8..).zip(own) {
                if bytes > 0 {
                    let needed = sums.iter().take(usize::from(spatial) + 1);
                    let needed = needed.flat_map(|sums| sums.iter().take(usize::from(temporal) + 1));
                    let bits = u128::from(needed.sum::<u64>()) * 8;
                    let bps = u64::try_from(bits * 1_000_000 / micros).unwrap_or(u64::MAX);
                    name(Layer { spatial, temporal }, bps);
                }
            }
        }
    }
}

fn part_of(since: Instant, now: Instant) -> u64 {
    let parts = now.saturating_duration_since(since).as_millis() / PART.as_millis();
    u64::try_from(parts).unwrap_or(u64::MAX / 2)
}

fn index_of(part: u64) -> usize {
    usize::try_from(part % PARTS as u64).expect("below the number of parts")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(spatial: u8, temporal: u8) -> Layer {
        Layer { spatial, temporal }
    }

    fn all(rates: &Rates, now: Instant) -> Vec<(Layer, u64)> {
        let mut out = Vec::new();
        rates.each(now, |layer, bps| out.push((layer, bps)));
        out
    }

    #[test]
    fn sums_what_a_layer_needs_and_forgets_what_is_old() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut rates = Rates::default();
        assert!(all(&rates, start).is_empty() && !rates.arrives(start));
        // Every 20 ms 500 bytes of the base and 250 above it: 200 and 300 kbit/s.
        for step in 0..200 {
            rates.add(500, layer(0, 0), at(step * 20));
            rates.add(250, layer(0, 1), at(step * 20));
        }
        let seen = all(&rates, at(3_990));
        let near = |bps: u64, expected: u64| bps.abs_diff(expected) * 20 < expected;
        assert!(
            matches!(seen[..], [(base, one), (upper, two)]
                if base == layer(0, 0) && upper == layer(0, 1) && near(one, 200_000) && near(two, 300_000)),
            "{seen:?}"
        );
        assert!(rates.arrives(at(4_500)) && !rates.arrives(at(5_200)));
        assert!(all(&rates, at(5_200)).is_empty());
        // After a pause the rate is that of the time since.
        for step in 0..10 {
            rates.add(500, layer(0, 0), at(9_000 + step * 20));
        }
        let seen = all(&rates, at(9_200));
        assert!(
            matches!(seen[..], [(_, bps)] if near(bps, 200_000) || bps > 150_000),
            "{seen:?}"
        );
    }

    #[test]
    fn a_spatial_layer_needs_those_below() {
        let start = Instant::now();
        let mut rates = Rates::default();
        rates.add(1_000, layer(0, 0), start);
        rates.add(2_000, layer(1, 0), start);
        rates.add(4_000, layer(1, 1), start);
        let seen: Vec<_> = all(&rates, start)
            .into_iter()
            .map(|(layer, bps)| (layer, bps * 128 / 8_000))
            .collect();
        assert_eq!(seen, [(layer(0, 0), 1_000), (layer(1, 0), 3_000), (layer(1, 1), 7_000)]);
    }
}
