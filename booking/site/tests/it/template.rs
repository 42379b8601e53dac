//! Databases with the whole schema, copied for each app: the migrations run once, and not once for each test.

use std::path::{Path, PathBuf};

use booking_core::base::db::{Db, MIGRATIONS};
use booking_core::base::token_hash;
use tokio::sync::OnceCell;

use crate::harness::{admin, try_admin};

/// Where databases of tests are, if not in the temporary folder: `cargo xtask test` names one in memory.
const FOLDER_VARIABLE: &str = "BOOKA_TEST_FOLDER";

/// Where apps have their folders.
pub(crate) fn parent_folder() -> PathBuf {
    std::env::var_os(FOLDER_VARIABLE).map_or_else(std::env::temp_dir, PathBuf::from)
}

/// Writes a database with the schema to that path.
pub(crate) async fn copy_sqlite(path: &Path) {
    static MIGRATED: OnceCell<Vec<u8>> = OnceCell::const_new();
    let migrated = MIGRATED.get_or_init(migrate_sqlite).await;
    std::fs::write(path, migrated).expect("the folder takes a file");
}

async fn migrate_sqlite() -> Vec<u8> {
    let folder = parent_folder().join(format!("booka_template_{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder takes a folder");
    let file = folder.join("booka.sqlite");
    let db = Db::open(&format!("sqlite:{}", file.display())).await;
    // The last connection that closes leaves everything in the one file.
    db.expect("the database opens").close().await;
    let bytes = std::fs::read(&file).expect("the database is a file");
    std::fs::remove_dir_all(&folder).expect("nobody else has it");
    bytes
}

/// Makes a database with the schema on that server.
pub(crate) async fn copy_postgres(server: &str, name: &str) {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let template = TEMPLATE.get_or_init(|| migrate_postgres(server)).await;
    admin(server, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
}

/// The template has the name of what it holds, so every process that tests the same migrations shares one.
async fn migrate_postgres(server: &str) -> String {
    let schema: String = MIGRATIONS.iter().flat_map(|step| [step.name, step.postgres]).collect();
    let name = format!("booka_template_{}", &token_hash(&schema)[..16]);
    let own = format!("{name}_{}", std::process::id());
    if is_there(server, &name).await {
        return name;
    }
    admin(server, format!("CREATE DATABASE {own}")).await;
    let db = Db::open(&format!("{server}{own}")).await;
    db.expect("the database opens").close().await;
    let renamed = try_admin(server, format!("ALTER DATABASE {own} RENAME TO {name}")).await;
    if renamed.is_err() {
        // Another process was faster.
        assert!(
            is_there(server, &name).await,
            "the template cannot be renamed: {renamed:?}"
        );
        admin(server, format!("DROP DATABASE {own} WITH (FORCE)")).await;
    }
    name
}

async fn is_there(server: &str, name: &str) -> bool {
    use sqlx::Connection as _;
    let url = format!("{server}postgres");
    let mut connection = sqlx::PgConnection::connect(&url).await.expect("the test server runs");
    let found: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM pg_database WHERE datname = $1")
        .bind(name)
        .fetch_one(&mut connection)
        .await
        .expect("it may ask this");
    connection.close().await.expect("it closes");
    found > 0
}
