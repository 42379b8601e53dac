//! Reports of retention as the operator reads them.

use std::collections::BTreeMap;

use super::run::{Kind, Line, Tally};
use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::{params, statements};

statements! {
    APPROVED = "SELECT approved_us FROM retention_switch WHERE id = 1";
    /// id, since when the job may delete
    APPROVE = "UPDATE retention_switch SET approved_us = $1, version = version + 1 WHERE id = 1";
    NEWEST_DRY = "SELECT id, kind, as_of_us, accounting_years, started_us, ended_us FROM retention_run
        WHERE kind = 'dry' AND ended_us IS NOT NULL ORDER BY as_of_us DESC LIMIT 1";
    NEWEST_REAL = "SELECT id, kind, as_of_us, accounting_years, started_us, ended_us FROM retention_run
        WHERE kind = 'real' ORDER BY as_of_us DESC LIMIT $1";
    LINES = "SELECT table_name, entries, oldest_us, newest_us FROM retention_line WHERE run_id = $1 ORDER BY table_name";
    KEPT = "SELECT reason, appointments FROM retention_kept WHERE run_id = $1 ORDER BY reason";
}

/// A run as it is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub id: String,
    pub kind: Kind,
    /// Ages were counted from this moment.
    pub as_of: Micros,
    pub accounting_years: i64,
    pub started_at: Micros,
    /// None while it goes on.
    pub ended_at: Option<Micros>,
    pub tally: Tally,
}

impl FromRow for Report {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.parse("kind")?,
            as_of: row.get("as_of_us")?,
            accounting_years: row.get("accounting_years")?,
            started_at: row.get("started_us")?,
            ended_at: row.get("ended_us")?,
            tally: Tally::default(),
        })
    }
}

struct NamedLine(String, Line);

impl FromRow for NamedLine {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let line = Line {
            rows: row.get("entries")?,
            oldest: row.get("oldest_us")?,
            newest: row.get("newest_us")?,
        };
        Ok(Self(row.get("table_name")?, line))
    }
}

/// Since when the job may delete; `None` while it only reports.
///
/// # Errors
/// When the database fails.
pub async fn approved(tx: &mut Tx) -> Result<Option<Micros>, DbError> {
    tx.one(APPROVED, params![]).await
}

/// Lets the job delete what reports of a day ago have, or only report again.
///
/// # Errors
/// When the database fails.
pub async fn approve(tx: &mut Tx, since: Option<Micros>) -> Result<(), DbError> {
    tx.execute(APPROVE, params![since]).await.map(drop)
}

/// The newest finished report of what would be deleted.
///
/// # Errors
/// When the database fails.
pub async fn newest_dry(tx: &mut Tx) -> Result<Option<Report>, DbError> {
    let Some(mut report) = tx.optional::<Report>(NEWEST_DRY, params![]).await? else {
        return Ok(None);
    };
    report.tally = tally(tx, &report.id).await?;
    Ok(Some(report))
}

/// The newest runs that deleted something, one under way included.
///
/// # Errors
/// When the database fails.
pub async fn newest_real(tx: &mut Tx, at_most: i64) -> Result<Vec<Report>, DbError> {
    let mut reports: Vec<Report> = tx.all(NEWEST_REAL, params![at_most]).await?;
    for report in &mut reports {
        report.tally = tally(tx, &report.id).await?;
    }
    Ok(reports)
}

async fn tally(tx: &mut Tx, run: &str) -> Result<Tally, DbError> {
    let lines: Vec<NamedLine> = tx.all(LINES, params![run]).await?;
    let kept: Vec<(String, i64)> = tx.all(KEPT, params![run]).await?;
    Ok(Tally {
        lines: lines.into_iter().map(|NamedLine(table, line)| (table, line)).collect(),
        kept: kept.into_iter().collect::<BTreeMap<_, _>>(),
    })
}
