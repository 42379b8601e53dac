//! What a bottleneck carries over time, as steps.

use std::time::Duration;

/// Bits a second over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// From this time on, this many bits a second; the first from zero on, ascending.
    steps: Vec<(Duration, u64)>,
    /// After this the steps begin again.
    period: Option<Duration>,
}

impl Rate {
    #[must_use]
    pub fn constant(bps: u64) -> Self {
        Self::steps(&[(0, bps)])
    }

    /// Steps from (second, bits a second), the first at zero.
    ///
    /// # Panics
    /// When the first step is later, or the last one is zero: nothing would ever leave.
    #[must_use]
    pub fn steps(steps: &[(u64, u64)]) -> Self {
        assert!(steps.first().is_some_and(|(at, _)| *at == 0), "no rate at the start");
        assert!(steps.last().is_some_and(|(_, bps)| *bps > 0), "no rate at the end");
        Self {
            steps: steps.iter().map(|(at, bps)| (Duration::from_secs(*at), *bps)).collect(),
            period: None,
        }
    }

    /// A trace of kbit/s, one sample each `every`, which repeats.
    ///
    /// # Panics
    /// When it carries nothing at all.
    #[must_use]
    pub fn trace(every: Duration, kbps: &[u32]) -> Self {
        assert!(kbps.iter().any(|kbps| *kbps > 0), "a trace of nothing");
        let mut at = Duration::ZERO;
        let mut steps = Vec::with_capacity(kbps.len());
        for sample in kbps {
            steps.push((at, u64::from(*sample) * 1_000));
            at += every;
        }
        Self {
            steps,
            period: Some(at),
        }
    }

    /// The rate at a time and when it ends.
    fn at(&self, time: Duration) -> (u64, Option<Duration>) {
        let (round, within) = match self.period {
            None => (Duration::ZERO, time),
            Some(period) => {
                let rounds = time.as_nanos() / period.as_nanos();
                let round = period * u32::try_from(rounds).expect("a run of a sensible length");
                (round, time - round)
            }
        };
        let next = self.steps.partition_point(|(at, _)| *at <= within);
        let (_, bps) = self.steps[next - 1];
        let end = self.steps.get(next).map(|(at, _)| *at).or(self.period);
        (bps, end.map(|end| round + end))
    }

    /// When the last of `bits` has left that begin to leave at `start`.
    #[must_use]
    pub fn finish(&self, start: Duration, bits: u64) -> Duration {
        // In bits times nanoseconds a second, so that nothing is rounded before the end.
        let mut left = u128::from(bits) * 1_000_000_000;
        let mut time = start;
        loop {
            let (bps, end) = self.at(time);
            let here = end.map(|end| (end - time).as_nanos() * u128::from(bps));
            if here.is_none_or(|here| here >= left) && bps > 0 {
                let nanos = left.div_ceil(u128::from(bps));
                return time + Duration::from_nanos(u64::try_from(nanos).expect("a sensible rate"));
            }
            left -= here.expect("the last rate is above zero");
            time = end.expect("the last rate is above zero");
        }
    }

    /// Bits that can leave from one time to another.
    #[must_use]
    pub fn capacity(&self, from: Duration, to: Duration) -> u64 {
        let mut time = from;
        let mut sum = 0u128;
        while time < to {
            let (bps, end) = self.at(time);
            let end = end.map_or(to, |end| end.min(to));
            sum += (end - time).as_nanos() * u128::from(bps);
            time = end;
        }
        u64::try_from(sum / 1_000_000_000).expect("a sensible rate")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_leave_across_steps_and_rounds() {
        let rate = Rate::steps(&[(0, 1_000), (1, 0), (2, 500)]);
        let millis = |start: u64, bits| rate.finish(Duration::from_millis(start), bits).as_millis();
        assert_eq!(
            (millis(0, 500), millis(0, 1_000), millis(0, 1_001)),
            (500, 1_000, 2_002)
        );
        assert_eq!((millis(1_200, 50), millis(900, 200)), (2_100, 2_200));
        assert_eq!(rate.capacity(Duration::ZERO, Duration::from_secs(4)), 2_000);
        let trace = Rate::trace(Duration::from_millis(500), &[2, 4]);
        assert_eq!(trace.finish(Duration::ZERO, 3_000), Duration::from_secs(1));
        assert_eq!(trace.finish(Duration::from_secs(7), 3_000), Duration::from_secs(8));
        assert_eq!(
            trace.capacity(Duration::from_millis(750), Duration::from_millis(1_250)),
            1_500
        );
    }
}
