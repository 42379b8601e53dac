//! One database behind two engines: SQLite by default, PostgreSQL by configuration.
//!
//! Every statement is one portable text with `$1` parameters, registered by [`statements!`](crate::statements) so that a
//! test prepares all of them on both engines. Integers, text and their nulls are the only types that cross the border.

mod columns;
mod health;
mod inspect;
mod letters;
mod migrate;
mod row;
mod transaction;

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Executor as _;
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

pub use columns::FromColumn;
use health::{Health, Probe};
pub use inspect::{Inspected, inspect};
pub use letters::pattern_within;
pub use migrate::{MIGRATIONS, Step};
pub use row::{Column, FromRow, Param, Row};
/// Why a row does not fit the type that reads it.
pub use sqlx::Error as RowError;
pub use transaction::{Tx, Watch};

/// Connections that read at the same time on SQLite.
const SQLITE_READERS_MAX: u32 = 4;
/// Connections to PostgreSQL of one process.
const POSTGRES_CONNECTIONS_MAX: u32 = 8;
/// Longest wait for a connection, and on SQLite for the writer's lock; then the request fails with 503.
const ACQUIRE_WAIT: Duration = Duration::from_secs(30);
/// How long SQLite itself waits for another process that holds the file's lock.
const SQLITE_BUSY_WAIT: Duration = Duration::from_secs(5);

/// Tables that lists of providers and their free times are read from.
pub(crate) const CHOICE_TABLES: [&str; 11] = [
    "account",
    "busy_block",
    "day_override",
    "document_mandate",
    "hold",
    "member",
    "org",
    "reservation",
    "service",
    "service_member",
    "weekly_rule",
];

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
        $($(#[$meta])* pub(crate) const $name: $crate::base::db::Sql = $crate::base::db::Sql { name: stringify!($name), text: $text };)+
        /// Every statement of this module, for the test that prepares them.
        pub(crate) const STATEMENTS: &[$crate::base::db::Sql] = &[$($name),+];
    };
}

/// The parameters of a statement, in order.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::base::db::Param::from($value)),*] };
}

/// What can go wrong between us and the database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A unique key refused the row. Holds the engine's name for the key.
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

    /// Whether the database, its disk or the way to it is at fault, so that the same may succeed later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Failed { source, .. } => health::is_unavailable(source),
            Self::Unique(_) | Self::MissingRow | Self::UnknownEngine | Self::Migrate(_) => false,
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
        health: Arc<Health>,
    },
    Postgres {
        pool: PgPool,
        probe: Arc<Probe>,
        health: Arc<Health>,
    },
}

impl Db {
    /// Connects and migrates.
    ///
    /// # Errors
    /// When the URL is neither `sqlite:<path>` nor `postgres://…`, the database is out of reach, or a migration fails.
    pub async fn open(url: &str) -> Result<Self, DbError> {
        let db = if url.starts_with("sqlite:") {
            Self::open_sqlite(url).await
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Self::open_postgres(url).await
        } else {
            return Err(DbError::UnknownEngine);
        };
        let db = db.map_err(|source| DbError::Failed {
            statement: "connect",
            source,
        })?;
        migrate::run(&db).await?;
        Ok(db)
    }

    async fn open_sqlite(url: &str) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(SQLITE_BUSY_WAIT);
        let health = Arc::new(Health::default());
        let pool = || careful(SqlitePoolOptions::new(), &health);
        Ok(Self::Sqlite {
            write: pool().max_connections(1).connect_with(options.clone()).await?,
            read: pool().max_connections(SQLITE_READERS_MAX).connect_lazy_with(options),
            health,
        })
    }

    async fn open_postgres(url: &str) -> Result<Self, sqlx::Error> {
        let options = PgConnectOptions::from_str(url)?;
        let probe = Arc::new(Probe::new(options.clone()));
        let health = Arc::new(Health::default());
        let pool = careful(PgPoolOptions::new(), &health).max_connections(POSTGRES_CONNECTIONS_MAX);
        Ok(Self::Postgres {
            pool: probe.guard(pool.connect_with(options)).await?,
            probe,
            health,
        })
    }

    /// Begins a transaction that only reads. Dropping it ends it.
    ///
    /// # Errors
    /// When no connection can be had.
    pub async fn read(&self) -> Result<Tx, DbError> {
        self.begin(false).await
    }

    /// Begins a transaction that writes. Without [`Tx::commit`] nothing is written. Nothing remote may be awaited while
    /// it is open: on SQLite everybody else waits for it.
    ///
    /// # Errors
    /// When no connection can be had.
    pub async fn write(&self) -> Result<Tx, DbError> {
        self.begin(true).await
    }

    /// How often this process has changed what visitors choose from: lists that were read before the last time may be old.
    #[must_use]
    pub fn choice_version(&self) -> u64 {
        self.health().choice()
    }

    async fn begin(&self, writes: bool) -> Result<Tx, DbError> {
        let watch = Watch {
            health: Arc::clone(self.health()),
            writes,
            changed: false,
            changed_choice: false,
            choice: self.health().choice(),
        };
        let begun = match self {
            Self::Sqlite { write, .. } if writes => {
                let begun = write.begin_with("BEGIN IMMEDIATE").await;
                begun.map(|tx| Tx::Sqlite(tx, watch))
            }
            Self::Sqlite { read, .. } => read.begin().await.map(|tx| Tx::Sqlite(tx, watch)),
            Self::Postgres { pool, probe, .. } => {
                let begun = probe.guard(pool.begin()).await;
                begun.map(|tx| Tx::Postgres(tx, watch, Arc::clone(probe)))
            }
        };
        begun.map_err(|source| {
            let error = DbError::Failed {
                statement: if writes { "begin write" } else { "begin read" },
                source,
            };
            self.health().failed(&error, writes);
            error
        })
    }

    /// Whether the last thing that was to be written could not be.
    #[must_use]
    pub fn refuses_writes(&self) -> bool {
        self.health().refuses_writes()
    }

    fn health(&self) -> &Arc<Health> {
        match self {
            Self::Sqlite { health, .. } | Self::Postgres { health, .. } => health,
        }
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
            Self::Postgres { pool, .. } => pool.prepare(text).await.map(|_| ()).map_err(failed),
        }
    }

    /// Closes every connection, after the transactions under way.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { read, write, .. } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres { pool, .. } => pool.close().await,
        }
    }
}

/// A pool that waits so long for a connection and no longer, and keeps none that may be spoilt.
fn careful<D: sqlx::Database>(options: PoolOptions<D>, health: &Arc<Health>) -> PoolOptions<D> {
    let (on_release, on_acquire) = (Arc::clone(health), Arc::clone(health));
    options
        .acquire_timeout(ACQUIRE_WAIT)
        .after_release(move |connection, about| {
            let health = Arc::clone(&on_release);
            Box::pin(async move { health.takes_back(connection, about.age).await })
        })
        .before_acquire(move |_, about| {
            let trusted = on_acquire.trusts(about.age);
            Box::pin(async move { Ok(trusted) })
        })
}
