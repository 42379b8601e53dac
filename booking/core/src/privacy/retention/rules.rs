//! How old what may leave must be. Everything here is a function of the time that it is handed.

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use crate::base::config::Retention;
use crate::base::{DAY_US, DEFAULT_ZONE, Micros};

/// How long what hangs on nothing is kept: holds that came to nothing, hooks, mails.
pub const LOOSE_US: Micros = 90 * DAY_US;
/// From the end of the relationship to the erasure of what is known about somebody.
pub const AFTER_END_US: Micros = 90 * DAY_US;
/// Before the end of the relationship: the second warning.
const SECOND_WARNING_DAYS: i64 = 15;
/// The first one.
const FIRST_WARNING_MONTHS: i64 = 2;

fn zone_of(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

fn moment(now: Micros, zone: TimeZone) -> Zoned {
    Timestamp::from_microsecond(now)
        .expect("moments of ours are within jiff's range")
        .to_zoned(zone)
}

/// Records from before this moment may leave at `now`: their accounting year, the calendar year in the seller's `zone`, ended
/// `years` whole years ago (bokføringsloven § 13).
#[must_use]
pub fn accounting_cut(now: Micros, zone: &str, years: i64) -> Micros {
    let zone = zone_of(zone);
    let year = i64::from(moment(now, zone.clone()).year()) - years;
    let year = i16::try_from(year).expect("a year less some is a year");
    let first = date(year, 1, 1).to_zoned(zone).expect("every zone has that midnight");
    first.timestamp().as_microsecond()
}

/// Who was here last at one of these moments or before is warned, warned again, or taken to have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InactiveSince {
    pub first_warning: Micros,
    pub second_warning: Micros,
    pub end: Micros,
}

impl InactiveSince {
    /// At `now`, as the operator's terms have it.
    #[must_use]
    pub fn at(now: Micros, terms: Retention) -> Self {
        let now = moment(now, zone_of(DEFAULT_ZONE));
        let before = |span: Span| now.saturating_sub(span).timestamp().as_microsecond();
        let months = terms.inactive_months;
        Self {
            first_warning: before(Span::new().months(months - FIRST_WARNING_MONTHS)),
            second_warning: before(Span::new().months(months - 1).days(SECOND_WARNING_DAYS)),
            end: before(Span::new().months(months)),
        }
    }
}

/// When who was here last at `seen` counts as having left, for mails that say so.
#[must_use]
pub fn end_of_relationship(seen: Micros, terms: Retention) -> Micros {
    let seen = moment(seen, zone_of(DEFAULT_ZONE));
    let end = seen.saturating_add(Span::new().months(terms.inactive_months));
    end.timestamp().as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Micros {
        text.parse::<Timestamp>().expect("a moment").as_microsecond()
    }

    #[test]
    fn the_accounting_year_ends_at_midnight_where_the_seller_is() {
        let cut = |now: Micros, zone: &str, years| accounting_cut(now, zone, years);
        // Five years after the end of 2026 in Oslo, to the microsecond.
        let end = at("2031-12-31T23:00:00Z");
        assert_eq!(cut(end - 1, "Europe/Oslo", 5), at("2025-12-31T23:00:00Z"));
        assert_eq!(cut(end, "Europe/Oslo", 5), at("2026-12-31T23:00:00Z"));
        // London's year ends an hour later.
        assert_eq!(cut(end, "Europe/London", 5), at("2026-01-01T00:00:00Z"));
        // Where a country wants ten years.
        assert_eq!(cut(end, "Europe/Oslo", 10), at("2021-12-31T23:00:00Z"));
        assert_eq!(
            cut(end, "Nowhere/Town", 5),
            at("2026-01-01T00:00:00Z"),
            "UTC for want of better"
        );
    }

    #[test]
    fn warnings_come_at_twenty_two_and_twenty_three_and_a_half_months() {
        let since = InactiveSince::at(at("2028-12-15T12:00:00Z"), Retention::default());
        let expected = InactiveSince {
            first_warning: at("2027-02-15T12:00:00Z"),
            second_warning: at("2026-12-31T12:00:00Z"),
            end: at("2026-12-15T12:00:00Z"),
        };
        assert_eq!(since, expected);
        assert_eq!(
            end_of_relationship(at("2026-12-15T12:00:00Z"), Retention::default()),
            at("2028-12-15T12:00:00Z")
        );
    }
}
