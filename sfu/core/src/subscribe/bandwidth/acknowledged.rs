//! How much arrives: the bytes that a client says it got, over a sliding window of its own clock.

/// Parts of the window, so that it slides.
const PARTS: usize = 10;
const PART_TICKS: i64 = 200;
/// Parts that must be covered before anything is known.
const PARTS_MIN: i64 = 2;
/// Parts that are the recent past, the one being filled included.
const PARTS_RECENT: i64 = 5;
const TICKS_PER_SECOND: f64 = 4_000.0;

/// Bytes in the parts of the last half second.
#[derive(Debug, Default)]
pub(super) struct Acknowledged {
    parts: [u32; PARTS],
    /// The first part that counts: the one behind that in which it began.
    first: Option<i64>,
    newest: i64,
}

impl Acknowledged {
    /// Counts a packet that arrived at this tick (250 us) of the client's clock.
    pub(super) fn add(&mut self, ticks: i64, bytes: u16) {
        let part = ticks.div_euclid(PART_TICKS);
        let window = PARTS as i64;
        if self.first.is_none() || part >= self.newest + window || part + 4 * window < self.newest {
            *self = Self {
                parts: [0; PARTS],
                first: Some(part + 1),
                newest: part,
            };
        }
        if part + window <= self.newest {
            return;
        }
        for passed in self.newest + 1..=part {
            self.parts[index_of(passed)] = 0;
        }
        self.newest = self.newest.max(part);
        self.parts[index_of(part)] += u32::from(bytes);
    }

    /// Bits a second; `None` while too little is known. The part that is being filled does not count.
    pub(super) fn bps(&self) -> Option<f64> {
        self.bps_of(PARTS as i64)
    }

    /// The same of the last fifth of a second only.
    pub(super) fn recent_bps(&self) -> Option<f64> {
        self.bps_of(PARTS_RECENT)
    }

    fn bps_of(&self, window: i64) -> Option<f64> {
        let oldest = self.first?.max(self.newest - window + 1);
        let parts = self.newest - oldest;
        if parts < PARTS_MIN {
            return None;
        }
        let bytes: u64 = (oldest..self.newest)
            .map(|part| u64::from(self.parts[index_of(part)]))
            .sum();
        Some(bytes as f64 * 8.0 * TICKS_PER_SECOND / (parts * PART_TICKS) as f64)
    }
}

fn index_of(part: i64) -> usize {
    usize::try_from(part.rem_euclid(PARTS as i64)).expect("below the number of parts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_the_last_half_second() {
        let mut acknowledged = Acknowledged::default();
        assert_eq!(acknowledged.bps(), None);
        // 1000 bytes every 10 ms: 800 kbit/s.
        let mut ticks = -500;
        let mut send = |every: i64, count: i64, acknowledged: &mut Acknowledged| {
            for _ in 0..count {
                ticks += every;
                acknowledged.add(ticks, 1_000);
            }
        };
        send(40, 100, &mut acknowledged);
        let near = |bps: Option<f64>, expected: f64| bps.is_some_and(|bps| (bps - expected).abs() < expected / 20.0);
        assert!(near(acknowledged.bps(), 800_000.0), "{:?}", acknowledged.bps());
        send(80, 100, &mut acknowledged);
        assert!(near(acknowledged.bps(), 400_000.0), "{:?}", acknowledged.bps());
        // After a pause the time before does not count.
        send(40_000, 1, &mut acknowledged);
        assert_eq!(acknowledged.bps(), None);
        send(40, 40, &mut acknowledged);
        assert!(near(acknowledged.bps(), 800_000.0), "{:?}", acknowledged.bps());
        // Neither does a clock that jumps stop it.
        acknowledged.add(i64::MIN / 2, 1_000);
        assert_eq!(acknowledged.bps(), None);
    }
}
