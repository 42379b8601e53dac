//! Sets of time spans: their union, and how much of two sets overlaps.

use crate::authority::UtcMicros;

/// A set of moments as sorted, disjoint, half-open spans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intervals {
    spans: Vec<(UtcMicros, UtcMicros)>,
}

impl Intervals {
    /// Adds `start..end`; an empty or backward span adds nothing.
    pub fn insert(&mut self, start: UtcMicros, end: UtcMicros) {
        if end <= start {
            return;
        }
        let first = self.spans.partition_point(|span| span.1 < start);
        let last = self.spans.partition_point(|span| span.0 <= end);
        let merged = self.spans[first..last].iter().fold((start, end), |merged, span| {
            (merged.0.min(span.0), merged.1.max(span.1))
        });
        self.spans.splice(first..last, [merged]);
    }

    /// Length of the set, microseconds.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.spans.iter().map(|span| span.1 - span.0).sum()
    }

    /// Length of what both sets share, microseconds.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> i64 {
        let (mut left, mut right) = (self.spans.iter().peekable(), other.spans.iter().peekable());
        let mut shared = 0;
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            shared += (a.1.min(b.1) - a.0.max(b.0)).max(0);
            if a.1 <= b.1 {
                left.next();
            } else {
                right.next();
            }
        }
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(spans: &[(i64, i64)]) -> Intervals {
        let mut set = Intervals::default();
        for &(start, end) in spans {
            set.insert(start, end);
        }
        set
    }

    /// The same by brute force: one flag a microsecond.
    fn flags(spans: &[(i64, i64)]) -> Vec<bool> {
        (0..100)
            .map(|at| spans.iter().any(|&(start, end)| start <= at && at < end))
            .collect()
    }

    fn count(flags: impl Iterator<Item = bool>) -> i64 {
        flags.map(i64::from).sum()
    }

    fn spans() -> impl Strategy<Value = Vec<(i64, i64)>> {
        proptest::collection::vec((0i64..100, 0i64..100), 0..12)
    }

    proptest! {
        #[test]
        fn union_and_overlap_are_those_of_the_moments(a in spans(), b in spans()) {
            prop_assert_eq!(set(&a).total(), count(flags(&a).into_iter()));
            let both = count(flags(&a).into_iter().zip(flags(&b)).map(|(x, y)| x && y));
            prop_assert_eq!(set(&a).overlap(&set(&b)), both);
            prop_assert_eq!(set(&b).overlap(&set(&a)), both);
        }

        #[test]
        fn order_does_not_matter(mut a in spans()) {
            let forward = set(&a);
            a.reverse();
            prop_assert_eq!(set(&a), forward);
        }

        #[test]
        fn overlap_is_additive_over_disjoint_parts(a in spans(), b in spans(), cut in 0i64..100) {
            let clip = |low: i64, high: i64| -> Vec<(i64, i64)> {
                a.iter().map(|&(start, end)| (start.max(low), end.min(high))).collect()
            };
            let whole = set(&a).overlap(&set(&b));
            let parts = set(&clip(0, cut)).overlap(&set(&b)) + set(&clip(cut, 100)).overlap(&set(&b));
            prop_assert_eq!(whole, parts);
        }
    }
}
