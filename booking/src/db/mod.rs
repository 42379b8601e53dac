//! One database behind two engines: SQLite by default, PostgreSQL by configuration.
//!
//! Every statement is one portable text with `$1` parameters, registered by [`statements!`](crate::statements) so that a
//! test prepares all of them on both engines. Integers, text and their nulls are the only types that cross the border.

mod migrate;
mod row;

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Executor as _, Postgres, Sqlite, Transaction};

pub use migrate::MIGRATIONS;
pub use row::{Column, FromRow, Param, Row};

/// Connections that read at the same time on SQLite.
const SQLITE_READERS_MAX: u32 = 4;
/// Connections to PostgreSQL of one process.
const POSTGRES_CONNECTIONS_MAX: u32 = 8;
/// Longest wait for a connection, and on SQLite for the writer's lock; then the request fails with 503.
const ACQUIRE_WAIT: Duration = Duration::from_secs(30);
/// How long SQLite itself waits for another process that holds the file's lock.
const SQLITE_BUSY_WAIT: Duration = Duration::from_secs(5);

/// A statement with its name. Made only by [`statements!`](crate::statements).
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    pub name: &'static str,
    pub text: &'static str,
}

/// Declares statements as constants and lists them in `STATEMENTS` of the module.
#[macro_export]
macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident = $text:expr;)+) => {
        $($(#[$meta])* pub(crate) const $name: $crate::db::Sql = $crate::db::Sql { name: stringify!($name), text: $text };)+
        /// Every statement of this module, for the test that prepares them.
        pub(crate) const STATEMENTS: &[$crate::db::Sql] = &[$($name),+];
    };
}

/// The parameters of a statement, in order.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Param::from($value)),*] };
}

/// What can go wrong between us and the database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A unique key refused the row. Holds the engine's name for it, see [`DbError::is_unique`].
    #[error("a unique key refused the row: {0}")]
    Unique(String),
    #[error("the row that must be there is not")]
    MissingRow,
    #[error("the database URL must start with sqlite: or postgres:")]
    UnknownEngine,
    #[error("the migrations failed: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("the database failed in {statement}: {source}")]
    Failed {
        statement: &'static str,
        source: sqlx::Error,
    },
}

impl DbError {
    fn new(statement: &'static str, source: sqlx::Error) -> Self {
        match source.as_database_error() {
            Some(error) if error.is_unique_violation() => {
                Self::Unique(error.constraint().unwrap_or_else(|| error.message()).to_owned())
            }
            Some(_) | None => Self::Failed { statement, source },
        }
    }

    /// Whether the unique key over `table` that starts with `column` refused the row. PostgreSQL names the constraint
    /// `table_column_key`, SQLite says `table.column`.
    #[must_use]
    pub fn is_unique(&self, table: &str, column: &str) -> bool {
        match self {
            Self::Unique(name) => {
                name.starts_with(&format!("{table}_{column}")) || name.contains(&format!("{table}.{column}"))
            }
            Self::MissingRow | Self::UnknownEngine | Self::Migrate(_) | Self::Failed { .. } => false,
        }
    }
}

/// The database of this process.
#[derive(Clone)]
pub enum Db {
    /// `write` has one connection: SQLite has one writer, so we queue for it instead of failing on its lock.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
    Postgres(PgPool),
}

impl Db {
    /// Connects and migrates.
    ///
    /// # Errors
    /// When the URL is neither `sqlite:<path>` nor `postgres://…`, the database is out of reach, or a migration fails.
    pub async fn open(url: &str) -> Result<Self, DbError> {
        let failed = |source| DbError::Failed {
            statement: "connect",
            source,
        };
        let db = if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)
                .map_err(failed)?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(SQLITE_BUSY_WAIT);
            let pool = || SqlitePoolOptions::new().acquire_timeout(ACQUIRE_WAIT);
            let write = pool()
                .max_connections(1)
                .connect_with(options.clone())
                .await
                .map_err(failed)?;
            let read = pool().max_connections(SQLITE_READERS_MAX).connect_lazy_with(options);
            Self::Sqlite { read, write }
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS_MAX)
                .acquire_timeout(ACQUIRE_WAIT);
            Self::Postgres(pool.connect(url).await.map_err(failed)?)
        } else {
            return Err(DbError::UnknownEngine);
        };
        migrate::run(&db).await?;
        Ok(db)
    }

    /// Begins a transaction that only reads. Dropping it ends it.
    ///
    /// # Errors
    /// When no connection can be had.
    pub async fn read(&self) -> Result<Tx, DbError> {
        let failed = |source| DbError::Failed {
            statement: "begin read",
            source,
        };
        Ok(match self {
            Self::Sqlite { read, .. } => Tx::Sqlite(read.begin().await.map_err(failed)?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await.map_err(failed)?),
        })
    }

    /// Begins a transaction that writes. Without [`Tx::commit`] nothing is written. Nothing remote may be awaited while
    /// it is open: on SQLite everybody else waits for it.
    ///
    /// # Errors
    /// When no connection can be had.
    pub async fn write(&self) -> Result<Tx, DbError> {
        let failed = |source| DbError::Failed {
            statement: "begin write",
            source,
        };
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await.map_err(failed)?),
        })
    }

    /// Asks the engine to parse and plan a statement, with nothing executed.
    ///
    /// # Errors
    /// When the engine refuses it.
    pub async fn prepare(&self, sql: Sql) -> Result<(), DbError> {
        let failed = |source| DbError::Failed {
            statement: sql.name,
            source,
        };
        let text = sqlx::SqlSafeStr::into_sql_str(sql.text);
        match self {
            Self::Sqlite { write, .. } => write.prepare(text).await.map(|_| ()).map_err(failed),
            Self::Postgres(pool) => pool.prepare(text).await.map(|_| ()).map_err(failed),
        }
    }

    /// Closes every connection, after the transactions under way.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction on either engine.
pub enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Runs a statement and returns how many rows it changed.
    ///
    /// # Errors
    /// [`DbError::Unique`] when a unique key refuses a row (the transaction is then of no further use), else
    /// [`DbError::Failed`].
    pub async fn execute(&mut self, sql: Sql, params: Vec<Param>) -> Result<u64, DbError> {
        let changed = match self {
            Self::Sqlite(tx) => row::bind_sqlite(sql, params)
                .execute(&mut **tx)
                .await
                .map(|result| result.rows_affected()),
            Self::Postgres(tx) => row::bind_postgres(sql, params)
                .execute(&mut **tx)
                .await
                .map(|result| result.rows_affected()),
        };
        changed.map_err(|error| DbError::new(sql.name, error))
    }

    /// All rows of a statement. The caller bounds them with `LIMIT` wherever a stranger could make them many.
    ///
    /// # Errors
    /// [`DbError::Failed`], also when a row does not fit `T`.
    pub async fn all<T: FromRow>(&mut self, sql: Sql, params: Vec<Param>) -> Result<Vec<T>, DbError> {
        let failed = |error| DbError::new(sql.name, error);
        match self {
            Self::Sqlite(tx) => {
                let rows = row::bind_sqlite(sql, params)
                    .fetch_all(&mut **tx)
                    .await
                    .map_err(failed)?;
                rows.into_iter()
                    .map(|row| T::from_row(&Row::Sqlite(row)))
                    .collect::<Result<_, _>>()
                    .map_err(failed)
            }
            Self::Postgres(tx) => {
                let rows = row::bind_postgres(sql, params)
                    .fetch_all(&mut **tx)
                    .await
                    .map_err(failed)?;
                rows.into_iter()
                    .map(|row| T::from_row(&Row::Postgres(row)))
                    .collect::<Result<_, _>>()
                    .map_err(failed)
            }
        }
    }

    /// All rows of a statement as they are, for callers that learn the columns at run time.
    ///
    /// # Errors
    /// [`DbError::Failed`].
    pub async fn rows(&mut self, sql: Sql, params: Vec<Param>) -> Result<Vec<Row>, DbError> {
        let failed = |error| DbError::new(sql.name, error);
        Ok(match self {
            Self::Sqlite(tx) => {
                let rows = row::bind_sqlite(sql, params)
                    .fetch_all(&mut **tx)
                    .await
                    .map_err(failed)?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(tx) => {
                let rows = row::bind_postgres(sql, params)
                    .fetch_all(&mut **tx)
                    .await
                    .map_err(failed)?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// The first row of a statement, if there is one.
    ///
    /// # Errors
    /// As [`Tx::all`].
    pub async fn optional<T: FromRow>(&mut self, sql: Sql, params: Vec<Param>) -> Result<Option<T>, DbError> {
        let failed = |error| DbError::new(sql.name, error);
        let row = match self {
            Self::Sqlite(tx) => row::bind_sqlite(sql, params)
                .fetch_optional(&mut **tx)
                .await
                .map_err(failed)?
                .map(Row::Sqlite),
            Self::Postgres(tx) => row::bind_postgres(sql, params)
                .fetch_optional(&mut **tx)
                .await
                .map_err(failed)?
                .map(Row::Postgres),
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
    /// When the engine cannot; then nothing was written.
    pub async fn commit(self) -> Result<(), DbError> {
        let failed = |source| DbError::new("commit", source);
        match self {
            Self::Sqlite(tx) => tx.commit().await.map_err(failed),
            Self::Postgres(tx) => tx.commit().await.map_err(failed),
        }
    }
}
