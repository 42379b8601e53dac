//! How much one peer may send, ask for or cost in a second: token buckets that hold one second's worth.

use std::time::{Duration, Instant};

/// Thousandths of tokens, so that a millisecond earns whole ones at any rate.
const TOKEN: u64 = 1_000;

/// A token bucket.
#[derive(Debug)]
pub(crate) struct Budget {
    per_second: u64,
    /// In thousandths.
    tokens: u64,
    /// Up to when tokens were earned.
    at: Instant,
}

impl Budget {
    /// A full bucket.
    pub(crate) fn new(per_second: u32, now: Instant) -> Self {
        let per_second = u64::from(per_second);
        Self {
            per_second,
            tokens: per_second * TOKEN,
            at: now,
        }
    }

    /// False when the bucket is empty.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let millis = u64::try_from(now.saturating_duration_since(self.at).as_millis()).unwrap_or(u64::MAX);
        if millis >= 1_000 {
            self.tokens = self.per_second * TOKEN;
            self.at = now;
        } else if millis > 0 {
            let earned = self.tokens + millis * self.per_second;
            self.tokens = earned.min(self.per_second * TOKEN);
            // Only whole milliseconds are paid out; the rest counts towards the next.
            self.at += Duration::from_millis(millis);
        }
        let enough = self.tokens >= TOKEN;
        if enough {
            self.tokens -= TOKEN;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(per_second: u32, interval: Duration, count: u32) -> u32 {
        let start = Instant::now();
        let mut budget = Budget::new(per_second, start);
        let mut burst = 0;
        while budget.take(start) {
            burst += 1;
        }
        assert_eq!(burst, per_second);
        let at = |number: u32| start + interval * number;
        (1..=count).map(|number| u32::from(budget.take(at(number)))).sum()
    }

    #[test]
    fn what_is_earned_does_not_depend_on_when_it_is_asked_for() {
        // Ten seconds each.
        assert_eq!(taken(1_000, Duration::from_micros(700), 14_285), 9_999);
        assert_eq!(taken(1_000, Duration::from_micros(1_900), 5_263), 5_263);
        assert_eq!(taken(300, Duration::from_millis(1), 10_000), 3_000);
        assert_eq!(taken(300, Duration::from_micros(10), 1_000_000), 3_000);
    }

    #[test]
    fn no_more_than_a_second_is_saved() {
        let start = Instant::now();
        let mut budget = Budget::new(10, start);
        let later = start + Duration::from_secs(1_000);
        assert_eq!((0..50).filter(|_| budget.take(later)).count(), 10);
    }
}
