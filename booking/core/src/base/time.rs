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

/// Asks what time it is. A parameter, so that tests decide it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Micros + Send + Sync>);

impl Clock {
    #[must_use]
    pub fn new(now: impl Fn() -> Micros + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|| jiff::Timestamp::now().as_microsecond())
    }

    #[must_use]
    pub fn now(&self) -> Micros {
        (self.0)()
    }
}
