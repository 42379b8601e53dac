//! A transaction on either engine, and what its results tell about the database.

use std::sync::Arc;

use sqlx::{Postgres, Sqlite, Transaction};

use super::health::{Health, Probe};
use super::{CHOICE_TABLES, DbError, FromRow, Param, Row, Sql, row};

/// A transaction on either engine.
pub enum Tx {
    Sqlite(Transaction<'static, Sqlite>, Watch),
    Postgres(Transaction<'static, Postgres>, Watch, Arc<Probe>),
}

/// What a transaction tells about the database.
pub struct Watch {
    pub(super) health: Arc<Health>,
    pub(super) writes: bool,
    /// Something was changed that only a commit makes durable.
    pub(super) changed: bool,
    /// What visitors choose from was.
    pub(super) changed_choice: bool,
    /// See [`Tx::choice_version`].
    pub(super) choice: u64,
}

impl Watch {
    fn note<T>(&self, result: Result<T, DbError>) -> Result<T, DbError> {
        if let Err(error) = &result {
            self.health.failed(error, self.writes);
        }
        result
    }

    fn note_changed(&mut self, sql: Sql, result: Result<u64, DbError>) -> Result<u64, DbError> {
        if result.as_ref().is_ok_and(|rows| *rows > 0) {
            self.changed = true;
            self.changed_choice |= table_written(sql.text).is_none_or(|table| CHOICE_TABLES.contains(&table));
        }
        self.note(result)
    }

    fn note_committed(&self, result: Result<(), DbError>) -> Result<(), DbError> {
        if result.is_ok() && self.changed {
            self.health.wrote(self.changed_choice);
            // Between two of these nothing lasts: whoever dies there has done what came before, and no more.
            tracing::trace!(name: "committed", "what was written is durable");
        }
        self.note(result)
    }
}

/// The table that a statement writes to, where that can be told from how it begins.
fn table_written(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let verbs = ["INSERT INTO ", "UPDATE ", "DELETE FROM "];
    let rest = verbs.iter().find_map(|verb| text.strip_prefix(verb))?;
    rest.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .next()
}

impl Tx {
    /// How often this process had changed what visitors choose from when the transaction began: what is read here is at
    /// least as new.
    #[must_use]
    pub fn choice_version(&self) -> u64 {
        match self {
            Self::Sqlite(_, watch) | Self::Postgres(_, watch, _) => watch.choice,
        }
    }

    /// Lets PostgreSQL look rows up by their keys until the end of the transaction, wherever there is an index: for statements
    /// about many rows of many more, where its guess of how many decides between a look and a read of the whole table.
    /// SQLite does so in any case.
    ///
    /// # Errors
    /// [`DbError::Failed`].
    pub async fn prefer_indexes(&mut self) -> Result<(), DbError> {
        const SETTINGS: &str =
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";
        match self {
            Self::Sqlite(..) => Ok(()),
            Self::Postgres(tx, watch, probe) => {
                let done = probe.guard(sqlx::raw_sql(SETTINGS).execute(&mut **tx)).await;
                watch.note(done.map(drop).map_err(|error| DbError::new("prefer indexes", error)))
            }
        }
    }

    /// Runs a statement and returns how many rows it changed.
    ///
    /// # Errors
    /// [`DbError::Unique`] when a unique key refuses a row (the transaction is then of no further use), else
    /// [`DbError::Failed`].
    pub async fn execute(&mut self, sql: Sql, params: Vec<Param>) -> Result<u64, DbError> {
        let failed = |error| DbError::new(sql.name, error);
        match self {
            Self::Sqlite(tx, watch) => {
                let done = row::bind_sqlite(sql, params).execute(&mut **tx).await;
                watch.note_changed(sql, done.map(|done| done.rows_affected()).map_err(failed))
            }
            Self::Postgres(tx, watch, probe) => {
                let done = probe.guard(row::bind_postgres(sql, params).execute(&mut **tx)).await;
                watch.note_changed(sql, done.map(|done| done.rows_affected()).map_err(failed))
            }
        }
    }

    /// All rows of a statement. The caller bounds them with `LIMIT` wherever a stranger could make them many.
    ///
    /// # Errors
    /// [`DbError::Failed`], also when a row does not fit `T`.
    pub async fn all<T: FromRow>(&mut self, sql: Sql, params: Vec<Param>) -> Result<Vec<T>, DbError> {
        let rows = self.rows(sql, params).await?;
        let plain = rows.iter().map(T::from_row).collect::<Result<_, _>>();
        plain.map_err(|error| DbError::new(sql.name, error))
    }

    /// All rows of a statement as they are, for callers that learn the columns at run time.
    ///
    /// # Errors
    /// [`DbError::Failed`].
    pub async fn rows(&mut self, sql: Sql, params: Vec<Param>) -> Result<Vec<Row>, DbError> {
        let failed = |error| DbError::new(sql.name, error);
        match self {
            Self::Sqlite(tx, watch) => {
                let found = row::bind_sqlite(sql, params).fetch_all(&mut **tx).await;
                watch.note(
                    found
                        .map(|rows| rows.into_iter().map(Row::Sqlite).collect())
                        .map_err(failed),
                )
            }
            Self::Postgres(tx, watch, probe) => {
                let found = probe.guard(row::bind_postgres(sql, params).fetch_all(&mut **tx)).await;
                watch.note(
                    found
                        .map(|rows| rows.into_iter().map(Row::Postgres).collect())
                        .map_err(failed),
                )
            }
        }
    }

    /// The first row of a statement, if there is one.
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub async fn optional<T: FromRow>(&mut self, sql: Sql, params: Vec<Param>) -> Result<Option<T>, DbError> {
        let failed = |error| DbError::new(sql.name, error);
        let row = match self {
            Self::Sqlite(tx, watch) => {
                let found = row::bind_sqlite(sql, params).fetch_optional(&mut **tx).await;
                watch.note(found.map(|row| row.map(Row::Sqlite)).map_err(failed))?
            }
            Self::Postgres(tx, watch, probe) => {
                let found = probe
                    .guard(row::bind_postgres(sql, params).fetch_optional(&mut **tx))
                    .await;
                watch.note(found.map(|row| row.map(Row::Postgres)).map_err(failed))?
            }
        };
        row.map(|row| T::from_row(&row)).transpose().map_err(failed)
    }

    /// The first row of a statement that always has one.
    ///
    /// # Errors
    /// [`DbError::MissingRow`] when there is none; else as [`Tx::all`].
    pub async fn one<T: FromRow>(&mut self, sql: Sql, params: Vec<Param>) -> Result<T, DbError> {
        self.optional(sql, params).await?.ok_or(DbError::MissingRow)
    }

    /// Makes everything since the beginning durable.
    ///
    /// # Errors
    /// When the engine cannot; then nothing was written, or with PostgreSQL gone at that moment, nobody knows.
    pub async fn commit(self) -> Result<(), DbError> {
        let failed = |source| DbError::new("commit", source);
        match self {
            Self::Sqlite(tx, watch) => watch.note_committed(tx.commit().await.map_err(failed)),
            Self::Postgres(tx, watch, probe) => watch.note_committed(probe.guard(tx.commit()).await.map_err(failed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_that_is_written_is_the_one_that_the_statement_names_first() {
        let check = |text, expect| assert_eq!(table_written(text), expect, "{text}");
        check("UPDATE hold SET state = $2 WHERE id = $1", Some("hold"));
        check("INSERT INTO hold_draft (hold_id) VALUES ($1)", Some("hold_draft"));
        check("DELETE FROM reservation", Some("reservation"));
        check(
            "\n        DELETE FROM session WHERE id IN (SELECT id FROM org)",
            Some("session"),
        );
        check("ALTER TABLE org RENAME TO org_gone", None);
        check("WITH c AS (SELECT 1) DELETE FROM org", None);
    }
}
