//! A member's hours: the week in civil times, and days that are closed.

use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::limits::RANGES_PER_MEMBER_MAX;
use crate::base::{Fault, Result};
use crate::{params, statements};

use super::ProviderRefusal;

statements! {
    /// org
    RULES_OF_ORG = "SELECT COUNT(*) FROM weekly_rule w JOIN member m ON m.id = w.member_id WHERE m.org_id = $1 AND m.active = 1";
    /// member
    WEEK = "SELECT weekday, start_min, end_min FROM weekly_rule WHERE member_id = $1 ORDER BY weekday, start_min LIMIT 200";
    /// member
    WEEK_CLEAR = "DELETE FROM weekly_rule WHERE member_id = $1";
    /// member, weekday, start, end
    WEEK_INSERT = "INSERT INTO weekly_rule (member_id, weekday, start_min, end_min) VALUES ($1, $2, $3, $4)";
    /// member, from day
    CLOSED = "SELECT day, reason FROM day_override WHERE member_id = $1 AND day >= $2 AND start_min = end_min ORDER BY day LIMIT 200";
    /// member, from day
    OVERRIDES_COUNT = "SELECT COUNT(*) FROM day_override WHERE member_id = $1 AND day >= $2";
    /// member, day
    OVERRIDE_CLEAR = "DELETE FROM day_override WHERE member_id = $1 AND day = $2";
    /// member, day, reason
    CLOSED_INSERT = "INSERT INTO day_override (member_id, day, start_min, end_min, reason) VALUES ($1, $2, 0, 0, $3)";
}

/// A span of a weekday, minutes from midnight in the provider's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeeklySpan {
    /// From 1, Monday.
    pub weekday: i64,
    pub start_min: i64,
    pub end_min: i64,
}

impl FromRow for WeeklySpan {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            weekday: row.get("weekday")?,
            start_min: row.get("start_min")?,
            end_min: row.get("end_min")?,
        })
    }
}

/// A day without hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedDay {
    /// ISO 8601.
    pub day: String,
    pub reason: String,
}

impl FromRow for ClosedDay {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            day: row.get("day")?,
            reason: row.get("reason")?,
        })
    }
}

/// A member's week, in order.
///
/// # Errors
/// When the database fails.
pub async fn load_week(tx: &mut Tx, member_id: &str) -> Result<Vec<WeeklySpan>, DbError> {
    tx.all(WEEK, params![member_id]).await
}

/// Puts a new week in place of a member's old one.
///
/// # Errors
/// When the database fails.
pub async fn save_week(tx: &mut Tx, member_id: &str, week: &[WeeklySpan]) -> Result<(), DbError> {
    tx.execute(WEEK_CLEAR, params![member_id]).await?;
    for span in week {
        let row = params![member_id, span.weekday, span.start_min, span.end_min];
        tx.execute(WEEK_INSERT, row).await?;
    }
    Ok(())
}

/// The days from `today` on that a member has closed, in order.
///
/// # Errors
/// When the database fails.
pub async fn closed_days(tx: &mut Tx, member_id: &str, today: &str) -> Result<Vec<ClosedDay>, DbError> {
    tx.all(CLOSED, params![member_id, today]).await
}

/// Closes a day. Days that are over keep no room from others: nobody sees them any more to take them back.
///
/// # Errors
/// [`ProviderRefusal::TooManyDays`].
pub async fn close_day(tx: &mut Tx, member_id: &str, closed: &ClosedDay, today: &str) -> Result<(), ProviderRefusal> {
    let overrides: i64 = tx.one(OVERRIDES_COUNT, params![member_id, today]).await?;
    if usize::try_from(overrides).unwrap_or(usize::MAX) >= RANGES_PER_MEMBER_MAX {
        return Err(ProviderRefusal::TooManyDays);
    }
    tx.execute(OVERRIDE_CLEAR, params![member_id, &closed.day]).await?;
    tx.execute(CLOSED_INSERT, params![member_id, &closed.day, &closed.reason])
        .await?;
    Ok(())
}

/// Takes the closing of a day back.
///
/// # Errors
/// [`Fault::NotFound`] when the day is not closed.
pub async fn open_day(tx: &mut Tx, member_id: &str, day: &str) -> Result<()> {
    if tx.execute(OVERRIDE_CLEAR, params![member_id, day]).await? == 0 {
        return Err(Fault::NotFound);
    }
    Ok(())
}

/// How many spans the weeks of a provider's members have.
pub(super) async fn count_spans(tx: &mut Tx, org_id: &str) -> Result<i64, DbError> {
    tx.one(RULES_OF_ORG, params![org_id]).await
}
