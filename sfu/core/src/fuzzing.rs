//! Ways in for the fuzz targets to what is not public; of no use to anybody else.

use std::time::{Duration, Instant};

use crate::subscribe::bandwidth::Estimator;

/// Lets congestion control take one feedback packet after another, each after a byte that gives a fourth of its length.
pub fn transport_feedback(bytes: &[u8], now: Instant) {
    let mut estimator = Estimator::new(now);
    let mut rest = bytes;
    while let Some((&quarter, after)) = rest.split_first() {
        for _ in 0..8 {
            estimator.record_sent(1_000, now);
        }
        let (packet, next) = after.split_at((usize::from(quarter) * 4).min(after.len()));
        // Malformed ones are refused whole.
        let _ = estimator.feedback(packet, Duration::from_millis(50), now);
        rest = next;
    }
}
