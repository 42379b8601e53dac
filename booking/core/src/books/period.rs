//! Stretches of time that books are kept by: civil months, quarters and years.

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::availability::midnight;
use crate::base::Micros;

/// From a moment until before another one, UTC microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: Micros,
    pub until: Micros,
}

impl Period {
    /// From the beginning of one civil day until that of another.
    #[must_use]
    pub fn of_days(zone: &TimeZone, first: Date, next: Date) -> Self {
        Self {
            from: midnight(zone, first),
            until: midnight(zone, next),
        }
    }

    /// The month that a day lies in.
    #[must_use]
    pub fn month(zone: &TimeZone, day: Date) -> Self {
        Self::of_days(zone, day.first_of_month(), day.last_of_month().saturating_add(1.day()))
    }

    /// A calendar year, which is the accounting year of most businesses (regnskapsloven § 1-7).
    #[must_use]
    pub fn year(zone: &TimeZone, year: i16) -> Self {
        let first = Date::constant(year, 1, 1);
        Self::of_days(zone, first, first.saturating_add(1.year()))
    }

    /// The four quarters of a calendar year.
    #[must_use]
    pub fn quarters(zone: &TimeZone, year: i16) -> [Self; 4] {
        [1, 4, 7, 10].map(|month| {
            let first = Date::constant(year, month, 1);
            Self::of_days(zone, first, first.saturating_add(3.months()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_follow_the_calendar_of_the_zone() {
        let oslo = TimeZone::get("Europe/Oslo").expect("a known zone");
        let november = Period::month(&oslo, Date::constant(2026, 11, 23));
        // 31 October 2026, 23:00 UTC, until 30 November, 23:00 UTC.
        assert_eq!(
            (november.from, november.until),
            (1_793_487_600_000_000, 1_796_079_600_000_000)
        );
        let year = Period::year(&oslo, 2026);
        let quarters = Period::quarters(&oslo, 2026);
        assert_eq!((year.from, year.until), (quarters[0].from, quarters[3].until));
        assert!(quarters.windows(2).all(|pair| pair[0].until == pair[1].from));
        // Summer time shortens the first quarter by an hour.
        assert_eq!(quarters[0].until - quarters[0].from, (90 * 24 - 1) * 3_600_000_000);
    }
}
