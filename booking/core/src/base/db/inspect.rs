//! Looks at a database without changing anything: no file, no table, no mode.

use std::path::Path;
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::{DbError, MIGRATIONS, Sql};

/// The steps that a database has; none where it has never been ours.
const STEPS: &str = "SELECT version FROM _sqlx_migrations ORDER BY version";

/// Reads the steps, and counts where they are all there; one text for the connections of both engines.
macro_rules! look {
    ($connection:ident, $counts:ident) => {
        async {
            let steps = sqlx::query_scalar::<_, i64>(STEPS).fetch_all(&mut $connection).await?;
            let mut found = compare(&steps);
            if let Inspected::Current(counted) = &mut found {
                for count in $counts {
                    let number = sqlx::query_scalar::<_, i64>(count.text).fetch_one(&mut $connection);
                    counted.push(number.await?);
                }
            }
            Ok(found)
        }
        .await
    };
}

/// What is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspected {
    /// No file yet; the first start makes it.
    Missing,
    /// A file with nothing in it.
    EmptyFile,
    /// It answers, and nothing of ours is in it yet.
    Unused,
    /// So many steps of the schema are to be made at the next start.
    Behind(usize),
    /// With what was counted.
    Current(Vec<i64>),
    /// A newer program was here.
    Newer,
}

/// Looks at the database behind a URL; where it is as this program knows it, `counts` are asked of it, each a statement with
/// one number and no parameter.
///
/// # Errors
/// When it cannot be opened or read.
pub async fn inspect(url: &str, counts: &[Sql]) -> Result<Inspected, DbError> {
    let failed = |source| DbError::Failed {
        statement: "inspect",
        source,
    };
    let found = if url.starts_with("sqlite:") {
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
        let found = look!(connection, counts);
        connection.close().await.map_err(failed)?;
        found
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        let options = PgConnectOptions::from_str(url).map_err(failed)?;
        let mut connection = options.connect().await.map_err(failed)?;
        let found = look!(connection, counts);
        connection.close().await.map_err(failed)?;
        found
    } else {
        return Err(DbError::UnknownEngine);
    };
    match found {
        Ok(found) => Ok(found),
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
        0 => Inspected::Current(Vec::new()),
        missing => Inspected::Behind(missing),
    }
}
