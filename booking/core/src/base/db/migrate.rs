//! The migrations, embedded: twins by name for the two engines, append-only.

use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::{Db, DbError};

/// One step of the schema in both dialects.
pub struct Step {
    pub name: &'static str,
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

macro_rules! step {
    ($name:literal) => {
        Step {
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../../migrations/postgres/", $name, ".sql")),
        }
    };
}

/// A step of rows alone, which reads the same in both dialects.
macro_rules! shared_step {
    ($name:literal) => {
        Step {
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/shared/", $name, ".sql")),
            postgres: include_str!(concat!("../../../migrations/shared/", $name, ".sql")),
        }
    };
}

/// Every step in order; a test compares this list with the folders.
pub const MIGRATIONS: &[Step] = &[
    step!("0001_create_accounts"),
    step!("0002_create_providers"),
    step!("0003_create_schedules"),
    step!("0004_create_appointments"),
    step!("0005_add_service_removal"),
    step!("0010_create_outbox"),
    step!("0011_create_calls"),
    step!("0012_create_payments"),
    step!("0013_create_test_provider"),
    step!("0014_create_documents"),
    step!("0015_create_call_quality"),
    step!("0016_create_place_names"),
    shared_step!("0017_fill_places"),
    step!("0018_create_invitations"),
    step!("0019_ask_for_vat"),
    step!("0020_keep_withdrawal_requests"),
    step!("0021_create_operator_records"),
    step!("0022_bound_bookings"),
    step!("0023_add_leaving_for_good"),
    step!("0024_keep_drafts"),
    step!("0026_create_email_changes"),
    step!("0027_retry_payment_hooks"),
    step!("0029_tell_people_of_looks"),
    shared_step!("0030_forget_networks_of_holds"),
];

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

    #[test]
    fn the_list_is_what_the_folders_hold() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let files_in = |name: &str| -> Vec<String> {
            std::fs::read_dir(folder.join(name))
                .expect("the folder is there")
                .map(|entry| entry.expect("readable").file_name().into_string().expect("plain names"))
                .filter(|file| file.ends_with(".sql"))
                .collect()
        };
        let listed: Vec<String> = MIGRATIONS.iter().map(|step| format!("{}.sql", step.name)).collect();
        for engine in ["sqlite", "postgres"] {
            let mut files = files_in(engine);
            files.extend(files_in("shared"));
            files.sort();
            assert_eq!(files, listed, "{engine}");
        }
    }
}
