//! Looks at a database without changing anything: no file, no table, no mode.

use std::path::Path;
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::{DbError, MIGRATIONS};

/// The steps that a database has; none where it has never been ours.
const STEPS: &str = "SELECT version FROM _sqlx_migrations ORDER BY version";

/// What is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inspected {
    /// No file yet; the first start makes it.
    Missing,
    /// A file with nothing in it.
    EmptyFile,
    /// It answers, and nothing of ours is in it yet.
    Unused,
    /// So many steps of the schema are to be made at the next start.
    Behind(usize),
    Current,
    /// A newer program was here.
    Newer,
}

/// Looks at the database behind a URL.
///
/// # Errors
/// When it cannot be opened or read.
pub async fn inspect(url: &str) -> Result<Inspected, DbError> {
    let failed = |source| DbError::Failed {
        statement: "inspect",
        source,
    };
    let steps = if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url).map_err(failed)?;
        let file = options.get_filename().to_owned();
        match std::fs::metadata(&file) {
            Err(_) => return Ok(Inspected::Missing),
            Ok(about) if about.len() == 0 => return Ok(Inspected::EmptyFile),
            Ok(_) => {}
        }
        // With nothing beside the file nobody has it open, and opening it would make those files.
        let alone = !beside(&file, "-wal").exists() || !beside(&file, "-shm").exists();
        let options = options.create_if_missing(false).read_only(true).immutable(alone);
        let mut connection = options.connect().await.map_err(failed)?;
        let steps = sqlx::query_scalar::<_, i64>(STEPS).fetch_all(&mut connection).await;
        connection.close().await.map_err(failed)?;
        steps
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        let options = PgConnectOptions::from_str(url).map_err(failed)?;
        let mut connection = options.connect().await.map_err(failed)?;
        let steps = sqlx::query_scalar::<_, i64>(STEPS).fetch_all(&mut connection).await;
        connection.close().await.map_err(failed)?;
        steps
    } else {
        return Err(DbError::UnknownEngine);
    };
    match steps {
        Ok(steps) => Ok(compare(&steps)),
        Err(sqlx::Error::Database(error)) if is_no_table(&*error) => Ok(Inspected::Unused),
        Err(error) => Err(failed(error)),
    }
}

fn beside(file: &Path, end: &str) -> std::path::PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(end);
    path.into()
}

/// SQLite has one code for every statement that it does not understand; this one names one table only.
fn is_no_table(error: &dyn sqlx::error::DatabaseError) -> bool {
    const UNDEFINED_TABLE: &str = "42P01";
    const SQLITE_ERROR: &str = "1";
    matches!(error.code().as_deref(), Some(UNDEFINED_TABLE | SQLITE_ERROR))
}

fn compare(steps: &[i64]) -> Inspected {
    let known: Vec<i64> = MIGRATIONS
        .iter()
        .filter_map(|step| step.name[..4].parse().ok())
        .collect();
    if steps.iter().any(|step| !known.contains(step)) {
        return Inspected::Newer;
    }
    match known.len() - steps.len() {
        0 => Inspected::Current,
        missing => Inspected::Behind(missing),
    }
}
