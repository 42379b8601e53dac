//! What leaves by age, and what booking costs meanwhile: years of finished appointments on either engine, the report of them,
//! and their deletion, while people book through the real pages.
//!
//! `cargo bench -p benches --bench retention -- 100000`; on PostgreSQL where `BOOKA_TEST_POSTGRES` names a server.

mod book;
mod fill;

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use booking_adapters::files::local_folder;
use booking_adapters::test_provider::TestProvider;
use booking_core::base::config::Retention;
use booking_core::base::db::{Param, Sql};
use booking_core::base::{Base, Clock, DAY_US, Micros, Networks, Random};
use booking_core::billing::Payments;
use booking_core::privacy::retention::{report, run};
use booking_core::{AppState, BookingConfig, params};

use book::Bookings;

/// Appointments without an argument.
const APPOINTMENTS: i64 = 100_000;
/// How long people book with nothing else going on.
const ALONE: Duration = Duration::from_secs(10);

/// What one engine came to.
struct Measured {
    engine: &'static str,
    report_s: f64,
    deletion_s: f64,
    rows: i64,
    alone: Bookings,
    meanwhile: Bookings,
}

fn main() -> io::Result<()> {
    let wanted = std::env::args().find_map(|argument| argument.parse().ok());
    let appointments = wanted.unwrap_or(APPOINTMENTS);
    let folder = std::env::temp_dir().join(format!("booka_retention_{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "| {appointments} appointments | rows | report s | deletion s | us an appointment | booking ms, p50 and p99, alone | meanwhile |\n\
         |---|---:|---:|---:|---:|---:|---:|"
    )?;
    let sqlite = format!("sqlite:{}", folder.join("booka.sqlite").display());
    let mut urls = vec![("SQLite", sqlite)];
    let server = std::env::var("BOOKA_TEST_POSTGRES").ok();
    let database = format!("booka_retention_{}", std::process::id());
    if let Some(server) = &server {
        runtime.block_on(admin(server, format!("CREATE DATABASE {database}")));
        urls.push(("PostgreSQL", format!("{server}{database}")));
    }
    for (engine, url) in urls {
        let measured = runtime.block_on(measure(engine, &url, &folder, appointments));
        let each_us = measured.deletion_s * 1e6 / appointments.max(1) as f64;
        writeln!(
            out,
            "| {} | {} | {:.1} | {:.1} | {each_us:.0} | {} | {} |",
            measured.engine, measured.rows, measured.report_s, measured.deletion_s, measured.alone, measured.meanwhile
        )?;
    }
    if let Some(server) = &server {
        runtime.block_on(admin(server, format!("DROP DATABASE {database} WITH (FORCE)")));
    }
    std::fs::remove_dir_all(&folder)
}

async fn measure(engine: &'static str, url: &str, folder: &Path, appointments: i64) -> Measured {
    let later = Arc::new(AtomicI64::new(0));
    let state = open(url, folder, &later).await;
    fill::fill(&state, folder, appointments).await;
    write(&state, "ANALYZE", params![]).await;
    write(&state, "UPDATE retention_switch SET approved_us = 1", params![]).await;
    let mut desk = book::open(&state);
    let alone = desk.book_until(Instant::now() + ALONE, &AtomicBool::new(false)).await;
    let begun = Instant::now();
    step(&state, "dry").await;
    let report_s = begun.elapsed().as_secs_f64();
    later.fetch_add(DAY_US, Ordering::SeqCst);
    let done = Arc::new(AtomicBool::new(false));
    let deletion = tokio::spawn({
        let (state, done) = (state.clone(), Arc::clone(&done));
        async move {
            let begun = Instant::now();
            step(&state, "real").await;
            done.store(true, Ordering::SeqCst);
            begun.elapsed().as_secs_f64()
        }
    });
    let meanwhile = desk
        .book_until(Instant::now() + Duration::from_secs(3_600), &done)
        .await;
    let deletion_s = deletion.await.expect("it ends");
    let mut tx = state.db.read().await.expect("a connection");
    let runs = report::newest_real(&mut tx, 1).await.expect("it reads");
    let lines = &runs[0].tally.lines;
    assert_eq!(
        lines["appointment"].rows, appointments,
        "everything that is old enough is gone"
    );
    let rows = lines.values().map(|line| line.rows).sum();
    drop(tx);
    state.db.close().await;
    Measured {
        engine,
        report_s,
        deletion_s,
        rows,
        alone,
        meanwhile,
    }
}

/// Steps as the job does, without the second between them, until a run of that kind has ended.
async fn step(state: &AppState, kind: &'static str) {
    let ended = "SELECT COUNT(*) FROM retention_run WHERE kind = $1 AND ended_us IS NOT NULL";
    loop {
        run::step(state).await.expect("it steps");
        let mut tx = state.db.read().await.expect("a connection");
        let count: i64 = tx
            .one(
                Sql {
                    name: "bench",
                    text: ended,
                },
                params![kind],
            )
            .await
            .expect("it counts");
        if count > 0 {
            return;
        }
    }
}

async fn open(url: &str, folder: &Path, later: &Arc<AtomicI64>) -> AppState {
    let config = BookingConfig {
        node: "bench".to_owned(),
        database_url: url.to_owned(),
        data_dir: folder.to_owned(),
        public_url: "http://localhost:8080".to_owned(),
        trusted_proxies: Networks::default(),
        ticket_secret: [7; 32],
        mail_from: "Booka <post@booka.example>".to_owned(),
        refund_alone: BookingConfig::usual_refund_alone(),
        dispute_days: BookingConfig::DISPUTE_DAYS,
        platform: Default::default(),
        controller: web::pages::legal::Controller::default(),
        retention: Retention::default(),
    };
    let system = Clock::system();
    let wall = {
        let (system, later) = (system.clone(), Arc::clone(later));
        move || -> Micros { system.now() + later.load(Ordering::SeqCst) }
    };
    let clock = Clock::new(wall, move || system.steady());
    let files = local_folder(folder).expect("the folder can be used");
    let base = Base::open(config, clock, Random::system(), Arc::new(files), None);
    let base = base.await.expect("the database opens");
    let payments = TestProvider::new(base.db.clone(), Random::system(), base.config.hook_secret());
    AppState::new(base, Payments::new(vec![Arc::new(payments)]))
}

async fn write(state: &AppState, text: &'static str, params: Vec<Param>) {
    let mut tx = state.db.write().await.expect("a connection");
    tx.execute(Sql { name: "bench", text }, params)
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    tx.commit().await.expect("it commits");
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
