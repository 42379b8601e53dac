//! The migrations, embedded: twins by name for the two engines, append-only.

use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::{Db, DbError};

/// One step of the schema in both dialects.
pub struct Step {
    pub name: &'static str,
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

/// Every step in order, as `build.rs` finds them in the folders; what is in `shared` reads the same in both dialects.
pub const MIGRATIONS: &[Step] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// Brings the schema up to date. Two processes may do this at once: PostgreSQL's advisory lock and SQLite's file lock
/// let one go first.
pub(super) async fn run(db: &Db) -> Result<(), DbError> {
    let migrations = |text: fn(&Step) -> &'static str| Migrator {
        migrations: MIGRATIONS.iter().map(|step| migration(step, text(step))).collect(),
        ..Migrator::DEFAULT
    };
    match db {
        Db::Sqlite { write, .. } => migrations(|step| step.sqlite).run(write).await?,
        Db::Postgres { pool, .. } => migrations(|step| step.postgres).run(pool).await?,
    }
    Ok(())
}

fn migration(step: &Step, text: &'static str) -> Migration {
    let version = step.name[..4]
        .parse()
        .expect("a migration's name starts with four digits");
    Migration::new(
        version,
        step.name.into(),
        MigrationType::Simple,
        sqlx::SqlSafeStr::into_sql_str(text),
        false,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two steps of one number would be one step for whoever has run the first.
    #[test]
    fn every_step_has_a_number_of_its_own() {
        let numbers: Vec<i64> = MIGRATIONS
            .iter()
            .map(|step| migration(step, step.sqlite).version)
            .collect();
        assert!(numbers.len() > 20, "the folders hold steps");
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    }
}
