//! The time report: how long a business talked, by day, member and customer, from the media server's segments. The time is
//! the one presence calculation's, [`calls::load_measured`], so that it adds up to what customers are billed by.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use texts::{Locale, t};

use super::{Period, sheet};
use crate::availability::{date_in, midnight};
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::{Base, DAY_US, Micros};
use crate::{calls, params, statements};
use jiff::ToSpan as _;

statements! {
    /// org, from, until, after this start, after this id, limit: calls that took place and are settled
    MEASURED_CALLS = "SELECT a.id, a.start_us, a.member_id, w.name AS member_name, a.consumer_id, c.name AS consumer_name
        FROM appointment a JOIN charge h ON h.call_id = a.id AND h.outcome = 'held'
        JOIN account c ON c.id = a.consumer_id JOIN member m ON m.id = a.member_id JOIN account w ON w.id = m.account_id
        WHERE a.org_id = $1 AND a.start_us >= $2 AND a.start_us < $3 AND (a.start_us, a.id) > ($4, $5)
        ORDER BY a.start_us, a.id LIMIT $6";
    /// org, from, until: calls whose time is not settled yet
    UNSETTLED_CALLS = "SELECT COUNT(*) FROM appointment a LEFT JOIN charge h ON h.call_id = a.id
        WHERE a.org_id = $1 AND a.start_us >= $2 AND a.start_us < $3 AND h.call_id IS NULL AND a.status = 'in_call'";
}

/// Calls that are read at a time.
const BATCH: i64 = 200;
const COLUMNS: [&str; 5] = ["csv-day", "csv-member", "csv-customer", "csv-calls", "csv-seconds"];

/// A day's time of one member with one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeRow {
    pub day: Date,
    pub member: String,
    /// Empty once the account is erased.
    pub consumer: String,
    /// Calls that had a part of their time on this day.
    pub calls: u32,
    pub billable: Micros,
}

/// What rows are told apart and sorted by: two people may have one name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Who {
    day: Date,
    member: String,
    consumer: String,
    ids: (String, String),
}

struct MeasuredCall {
    id: String,
    starts_at: Micros,
    member_id: String,
    member: String,
    consumer_id: String,
    consumer: String,
}

impl FromRow for MeasuredCall {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            starts_at: row.get("start_us")?,
            member_id: row.get("member_id")?,
            member: row.get("member_name")?,
            consumer_id: row.get("consumer_id")?,
            consumer: row.get("consumer_name")?,
        })
    }
}

/// How much of `from..to` lies in each civil day of the period.
fn split_by_day(zone: &TimeZone, period: Period, (from, to): (Micros, Micros)) -> Vec<(Date, Micros)> {
    let (mut at, to) = (from.max(period.from), to.min(period.until));
    let mut parts = Vec::new();
    while at < to {
        let day = date_in(zone, at);
        let next = midnight(zone, day.saturating_add(1.day()));
        let end = if next > at { next.min(to) } else { to };
        parts.push((day, end - at));
        at = end;
    }
    parts
}

/// The time of a business in a period, by day, member and customer. A call over midnight counts on both days.
///
/// # Errors
/// When the database fails.
pub async fn report(tx: &mut Tx, org: &str, zone: &TimeZone, period: Period) -> Result<Vec<TimeRow>, DbError> {
    let mut rows: BTreeMap<Who, (u32, Micros)> = BTreeMap::new();
    // A call of the day before may reach into the period, and one that begins after it may have begun with a hello before.
    let (first, last) = (period.from - DAY_US, period.until + DAY_US);
    let mut after = (first, String::new());
    loop {
        let bounds = params![org, first, last, after.0, &after.1, BATCH];
        let found: Vec<MeasuredCall> = tx.all(MEASURED_CALLS, bounds).await?;
        for call in &found {
            let measured = calls::load_measured(tx, &call.id).await?;
            let mut days: BTreeMap<Date, Micros> = BTreeMap::new();
            for span in measured.as_slice() {
                for (day, length) in split_by_day(zone, period, (span.from, span.to)) {
                    *days.entry(day).or_default() += length;
                }
            }
            for (day, length) in days {
                let key = Who {
                    day,
                    member: call.member.clone(),
                    consumer: call.consumer.clone(),
                    ids: (call.member_id.clone(), call.consumer_id.clone()),
                };
                let sum = rows.entry(key).or_default();
                sum.0 += 1;
                sum.1 += length;
            }
        }
        match found.last() {
            Some(call) if i64::try_from(found.len()) == Ok(BATCH) => after = (call.starts_at, call.id.clone()),
            Some(_) | None => break,
        }
    }
    Ok(rows
        .into_iter()
        .map(|(who, (calls, billable))| TimeRow {
            day: who.day,
            member: who.member,
            consumer: who.consumer,
            calls,
            billable,
        })
        .collect())
}

/// Calls of a period that are under way or not settled yet: their time is in no report.
///
/// # Errors
/// When the database fails.
pub async fn count_unsettled(tx: &mut Tx, org: &str, period: Period) -> Result<i64, DbError> {
    tx.one(UNSETTLED_CALLS, params![org, period.from, period.until]).await
}

/// The report as CSV.
///
/// # Errors
/// When the database fails.
pub async fn write_sheet(
    base: &Base,
    org: &str,
    zone: &TimeZone,
    period: Period,
    locale: Locale,
) -> Result<Vec<u8>, DbError> {
    let rows = report(&mut base.db.read().await?, org, zone, period).await?;
    let mut bytes = sheet::begin(&COLUMNS.map(|key| t(locale, key, &[])));
    bytes.extend(sheet::lines(rows.iter().map(|row| {
        vec![
            row.day.to_string(),
            sheet::text(&row.member),
            sheet::text(&row.consumer),
            row.calls.to_string(),
            sheet::seconds(row.billable),
        ]
    })));
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{HOUR_US, MINUTE_US};

    #[test]
    fn time_over_midnight_counts_on_both_days_and_stays_whole() {
        let oslo = TimeZone::get("Europe/Oslo").expect("a known zone");
        let day = Date::constant(2026, 11, 30);
        let month = Period::month(&oslo, day);
        let end = month.until;
        let call = (end - DAY_US - 10 * MINUTE_US, end - DAY_US + 20 * MINUTE_US);
        let expect = [(Date::constant(2026, 11, 29), 10 * MINUTE_US), (day, 20 * MINUTE_US)];
        assert_eq!(split_by_day(&oslo, month, call), expect);
        // What lies beyond the month is the next one's.
        assert_eq!(
            split_by_day(&oslo, month, (end - MINUTE_US, end + HOUR_US)),
            [(day, MINUTE_US)]
        );
        assert_eq!(split_by_day(&oslo, month, (end, end + HOUR_US)), []);
        // The long day on which summer time ends.
        let october = Period::month(&oslo, Date::constant(2026, 10, 1));
        let long = (
            midnight(&oslo, Date::constant(2026, 10, 25)),
            midnight(&oslo, Date::constant(2026, 10, 26)),
        );
        assert_eq!(
            split_by_day(&oslo, october, long),
            [(Date::constant(2026, 10, 25), 25 * HOUR_US)]
        );
    }
}
