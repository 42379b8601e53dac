//! A token bucket, which every limit of a rate is made of.

use std::time::{Duration, Instant};

/// Lets a burst pass at once and then one more each `refill`.
#[derive(Debug)]
pub struct Bucket {
    /// Tokens there are now.
    level: u32,
    burst: u32,
    /// Time in which one token comes.
    refill: Duration,
    filled_at: Instant,
}

impl Bucket {
    /// A full bucket. `refill` is not zero.
    #[must_use]
    pub fn new(burst: u32, refill: Duration, now: Instant) -> Self {
        Self {
            level: burst,
            burst,
            refill,
            filled_at: now,
        }
    }

    /// Takes one token; false when there is none.
    pub fn take(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.level.checked_sub(1).inspect(|left| self.level = *left).is_some()
    }

    /// Whether nothing was taken lately, so that a new bucket would be the same.
    pub fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.level == self.burst
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled_at).as_nanos() / self.refill.as_nanos();
        let fresh = u32::try_from(passed).unwrap_or(u32::MAX);
        self.level = self.level.saturating_add(fresh);
        if self.level >= self.burst {
            self.level = self.burst;
            self.filled_at = now;
        } else {
            self.filled_at += self.refill * fresh;
        }
    }
}
