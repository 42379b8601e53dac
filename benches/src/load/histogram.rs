//! Times in buckets of about 3 %: cheap to note, and two states can be subtracted.

use std::time::Duration;

/// Buckets of one power of two.
const STEPS: u64 = 32;
/// Powers of two above the first `STEPS` microseconds; the last bucket holds everything longer (about an hour).
const POWERS: usize = 27;

/// Counts by duration, in microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u64>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; STEPS as usize * (POWERS + 1)],
        }
    }
}

impl Histogram {
    pub fn record(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let last = self.counts.len() - 1;
        self.counts[bucket(micros).min(last)] += 1;
    }

    /// How many times were noted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The time that `share` (0 to 1) of all do not exceed, by the upper end of its bucket; `None` when there are none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let wanted = (self.count() as f64 * share).ceil().max(1.0);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen as f64 >= wanted {
                return Some(Duration::from_micros(upper_end(bucket as u64)));
            }
        }
        None
    }

    pub fn add(&mut self, other: &Self) {
        self.counts
            .iter_mut()
            .zip(&other.counts)
            .for_each(|(sum, more)| *sum += more);
    }

    /// What came after `earlier`, a former state of this histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let counts = self.counts.iter().zip(&earlier.counts);
        Self {
            counts: counts.map(|(now, then)| now - then).collect(),
        }
    }
}

fn bucket(micros: u64) -> usize {
    if micros < STEPS {
        return micros as usize;
    }
    let power = micros.ilog2() - STEPS.ilog2();
    (u64::from(power) * STEPS + (micros >> power)) as usize
}

/// The largest number of microseconds of a bucket.
fn upper_end(bucket: u64) -> u64 {
    if bucket < 2 * STEPS {
        return bucket;
    }
    let power = bucket / STEPS - 1;
    ((STEPS + bucket % STEPS + 1) << power) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_the_time_and_is_narrow() {
        for micros in (0..5_000).chain([10_000, 65_535, 65_536, 1_000_000, 60_000_000]) {
            let end = upper_end(bucket(micros) as u64);
            assert!(
                end >= micros && end as f64 <= micros as f64 * 1.04,
                "{micros} is in a bucket that ends at {end}"
            );
        }
    }

    #[test]
    fn quantiles_are_of_what_was_noted_since() {
        let mut times = Histogram::default();
        assert_eq!(times.quantile(0.5), None);
        times.record(Duration::from_secs(1));
        let earlier = times.clone();
        for micros in 1..=20 {
            times.record(Duration::from_micros(micros));
        }
        let later = times.since(&earlier);
        assert_eq!(later.count(), 20);
        assert_eq!(later.quantile(0.5), Some(Duration::from_micros(10)));
        assert_eq!(later.quantile(1.0), Some(Duration::from_micros(20)));
    }
}
