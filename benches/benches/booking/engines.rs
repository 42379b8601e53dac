//! The engines that a bench runs on, one after the other, and a clock that it moves.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use booking_core::AppState;
use booking_core::base::db::{FromRow, Param, Sql};
use booking_core::base::{Clock, Micros};
use tokio::runtime::Runtime;

use super::booking::{open, sqlite_in};

/// Where PostgreSQL for benches is: a URL that ends in `/`.
const POSTGRES_VARIABLE: &str = "BOOKA_TEST_POSTGRES";

/// An empty database on an engine.
pub(crate) struct Stand {
    pub(crate) engine: &'static str,
    pub(crate) state: AppState,
    pub(crate) folder: PathBuf,
    later: Arc<AtomicI64>,
}

impl Stand {
    /// Moves the clock forward.
    pub(crate) fn advance(&self, by: Micros) {
        self.later.fetch_add(by, Ordering::SeqCst);
    }

    /// Rows straight from the database.
    pub(crate) async fn rows<T: FromRow>(&self, text: &'static str, params: Vec<Param>) -> Vec<T> {
        let mut tx = self.state.db.read().await.expect("a connection");
        tx.all(Sql { name: "bench", text }, params).await.expect("it reads")
    }
}

/// Opens a database on SQLite, then one on PostgreSQL where `BOOKA_TEST_POSTGRES` names a server, and measures on each. The
/// folder is gone afterwards.
pub(crate) fn measure_on_each<F: Future<Output = String>>(
    name: &str,
    measure: impl Fn(Stand) -> F,
) -> io::Result<Vec<String>> {
    let name = format!("booka_{name}_{}", std::process::id());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = std::env::temp_dir().join(&name);
    let sqlite = folder.join("sqlite");
    std::fs::create_dir_all(&sqlite)?;
    let mut lines = vec![measure_one(
        &runtime,
        ("SQLite", &sqlite_in(&sqlite)),
        &sqlite,
        &measure,
    )];
    if let Ok(server) = std::env::var(POSTGRES_VARIABLE) {
        let postgres = folder.join("postgres");
        std::fs::create_dir_all(&postgres)?;
        runtime.block_on(admin(&server, format!("CREATE DATABASE {name}")));
        let url = format!("{server}{name}");
        lines.push(measure_one(&runtime, ("PostgreSQL", &url), &postgres, &measure));
        runtime.block_on(admin(&server, format!("DROP DATABASE {name} WITH (FORCE)")));
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(lines)
}

fn measure_one<F: Future<Output = String>>(
    runtime: &Runtime,
    (engine, url): (&'static str, &str),
    folder: &Path,
    measure: &impl Fn(Stand) -> F,
) -> String {
    let later = Arc::new(AtomicI64::new(0));
    let system = Clock::system();
    let wall = {
        let (system, later) = (system.clone(), Arc::clone(&later));
        move || -> Micros { system.now() + later.load(Ordering::SeqCst) }
    };
    let clock = Clock::new(wall, move || system.steady());
    runtime.block_on(async {
        let state = open(url, folder, clock).await;
        let folder = folder.to_owned();
        let db = state.db.clone();
        let line = measure(Stand {
            engine,
            state,
            folder,
            later,
        })
        .await;
        db.close().await;
        line
    })
}

/// Runs a statement of administration on the test server.
async fn admin(server: &str, text: String) {
    use sqlx::Connection as _;
    let url = format!("{server}postgres");
    let mut connection = sqlx::PgConnection::connect(&url).await.expect("the test server runs");
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut connection).await;
    done.expect("it may do this");
    connection.close().await.expect("it closes");
}
