//! Times by size, in buckets that are the same for all: cheap to record, copy and add up.

use std::time::Duration;

/// Upper bounds of the buckets in microseconds; one more bucket takes what is longer.
const BOUNDS_MICROS: [u64; 14] = [
    50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 500_000, 2_000_000, 10_000_000,
];

/// How many of which length there were since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: [u64; BOUNDS_MICROS.len() + 1],
    sum: Duration,
}

impl Histogram {
    /// Records `count` times of this length.
    pub(crate) fn record(&mut self, time: Duration, count: u64) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        // What is as long as a bound belongs below it, and so does what a microsecond's rounding hides.
        let bucket = BOUNDS_MICROS.partition_point(|bound| *bound < micros);
        self.counts[bucket] += count;
        let times = u32::try_from(count).unwrap_or(u32::MAX);
        self.sum = self.sum.saturating_add(time.saturating_mul(times));
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// For each upper bound, how many were at most as long.
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        let mut sum = 0;
        let counted = BOUNDS_MICROS.into_iter().zip(self.counts);
        counted.map(move |(bound, count)| {
            sum += count;
            (Duration::from_micros(bound), sum)
        })
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_by_length_and_add_up() {
        let mut histogram = Histogram::default();
        histogram.record(Duration::from_micros(50), 3);
        histogram.record(Duration::from_micros(51), 1);
        let mut other = Histogram::default();
        other.record(Duration::from_secs(60), 2);
        histogram.add(&other);
        let cumulative: Vec<u64> = histogram.cumulative().map(|(_, count)| count).collect();
        assert_eq!((cumulative[0], cumulative[1], *cumulative.last().unwrap()), (3, 4, 4));
        assert_eq!(
            (histogram.count(), histogram.sum()),
            (6, Duration::from_micros(201) + Duration::from_secs(120))
        );
    }
}
