//! What a run of retention failed at last, for operators: it is begun again each round, and stands where it is until somebody
//! sees to it.

use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::{Base, Fault, Micros};
use crate::{params, statements};

/// So much of what went wrong is kept, characters.
const WORDS_MAX: usize = 500;

statements! {
    /// now, what went wrong: of the run that is under way, from its first failure on
    FAILED = "UPDATE retention_run SET failed_us = COALESCE(failed_us, $1), failure = $2 WHERE ended_us IS NULL";
    WENT_ON = "UPDATE retention_run SET failed_us = NULL, failure = NULL WHERE failed_us IS NOT NULL";
    FAILS = "SELECT r.id, r.failed_us, r.failure FROM retention_run r WHERE r.failed_us IS NOT NULL AND r.ended_us IS NULL
        ORDER BY r.started_us LIMIT 1";
    STANDS = "SELECT COUNT(*) FROM retention_run WHERE failed_us IS NOT NULL";
}

/// A run that stands still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub run: String,
    /// Since when.
    pub since: Micros,
    /// What the database or the store of files said.
    pub words: String,
}

impl FromRow for Failure {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            run: row.get("id")?,
            since: row.get("failed_us")?,
            words: row.get("failure")?,
        })
    }
}

/// Keeps how the last round of retention went.
///
/// # Errors
/// When the database fails.
pub async fn record(state: &Base, fault: Option<&Fault>) -> Result<(), DbError> {
    let Some(fault) = fault else {
        if state.db.read().await?.one::<i64>(STANDS, params![]).await? == 0 {
            return Ok(());
        }
        let mut tx = state.db.write().await?;
        tx.execute(WENT_ON, params![]).await?;
        return tx.commit().await;
    };
    let words: String = fault.to_string().chars().take(WORDS_MAX).collect();
    let mut tx = state.db.write().await?;
    tx.execute(FAILED, params![state.now(), words]).await?;
    tx.commit().await
}

/// The run that stands still, if one does.
///
/// # Errors
/// When the database fails.
pub async fn standing(tx: &mut Tx) -> Result<Option<Failure>, DbError> {
    tx.optional(FAILS, params![]).await
}
