//! Moments as UTC microseconds, the clock that tells them, and the grain of bookable time.

use std::sync::Arc;

/// UTC microseconds since 1970.
pub type Micros = i64;

pub const SECOND_US: Micros = 1_000_000;
pub const MINUTE_US: Micros = 60 * SECOND_US;
pub const HOUR_US: Micros = 60 * MINUTE_US;
pub const DAY_US: Micros = 24 * HOUR_US;

/// The grain of bookable time: starts, durations and buffers are multiples of it.
pub const CELL_US: Micros = 5 * MINUTE_US;
/// Zone of pages and mails that show times of nobody's in particular.
pub const DEFAULT_ZONE: &str = "Europe/Oslo";

type Reading = dyn Fn() -> Micros + Send + Sync;

/// Asks what time it is. A parameter, so that tests decide it.
#[derive(Clone)]
pub struct Clock {
    wall: Arc<Reading>,
    steady: Arc<Reading>,
}

impl Clock {
    /// The time of day, which may be set forward and back, and a time that only runs.
    #[must_use]
    pub fn new(
        wall: impl Fn() -> Micros + Send + Sync + 'static,
        steady: impl Fn() -> Micros + Send + Sync + 'static,
    ) -> Self {
        Self {
            wall: Arc::new(wall),
            steady: Arc::new(steady),
        }
    }

    /// The machine's clocks.
    #[must_use]
    pub fn system() -> Self {
        let begin = std::time::Instant::now();
        Self::new(
            || jiff::Timestamp::now().as_microsecond(),
            move || Micros::try_from(begin.elapsed().as_micros()).unwrap_or(Micros::MAX),
        )
    }

    /// The time of day: what people see and what is on record.
    #[must_use]
    pub fn now(&self) -> Micros {
        (self.wall)()
    }

    /// Time since some moment of this process, for how long something lasts: nobody sets this clock.
    #[must_use]
    pub fn steady(&self) -> Micros {
        (self.steady)()
    }
}
