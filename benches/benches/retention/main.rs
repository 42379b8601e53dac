//! What leaves by age, and what booking costs meanwhile: years of finished appointments on either engine, the report of them,
//! and their deletion, while people book through the real pages.
//!
//! `cargo bench -p benches --bench retention -- 100000`; on PostgreSQL where `BOOKA_TEST_POSTGRES` names a server.

#[path = "../booking/mod.rs"]
mod booking;
#[path = "../booking/engines.rs"]
mod engines;
#[path = "../booking/fill.rs"]
mod fill;
#[path = "../booking/people.rs"]
mod people;

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use booking_core::base::DAY_US;
use booking_core::params;
use booking_core::privacy::retention::{report, run};

use booking::write;
use engines::{Stand, measure_on_each};

/// Appointments without an argument.
const APPOINTMENTS: i64 = 100_000;
/// How long people book with nothing else going on.
const ALONE: Duration = Duration::from_secs(10);

/// People of the business that is booked at meanwhile.
const MEMBERS: i64 = 10;
/// How long ago the appointments were.
const AGO_US: i64 = 7 * 366 * DAY_US;

fn main() -> io::Result<()> {
    let wanted = std::env::args().find_map(|argument| argument.parse().ok());
    let appointments: i64 = wanted.unwrap_or(APPOINTMENTS);
    let lines = measure_on_each("retention", |stand| measure(stand, appointments))?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "| {appointments} appointments | rows | report s | deletion s | us an appointment | booking ms, p50 and p99, alone | meanwhile |\n\
         |---|---:|---:|---:|---:|---:|---:|\n{}",
        lines.join("\n")
    )
}

async fn measure(stand: Stand, appointments: i64) -> String {
    let state = &stand.state;
    fill::fill_business(state, MEMBERS).await;
    fill::fill(state, &stand.folder, appointments, AGO_US).await;
    write(state, "ANALYZE", params![]).await;
    write(state, "UPDATE retention_switch SET approved_us = 1", params![]).await;
    let mut desk = people::open(state);
    let alone = desk.book_until(Instant::now() + ALONE, &AtomicBool::new(false)).await;
    let begun = Instant::now();
    step(&stand, "dry").await;
    let report_s = begun.elapsed().as_secs_f64();
    stand.advance(DAY_US);
    let done = AtomicBool::new(false);
    let deletion = async {
        let begun = Instant::now();
        step(&stand, "real").await;
        done.store(true, Ordering::SeqCst);
        begun.elapsed().as_secs_f64()
    };
    let booking = desk.book_until(Instant::now() + Duration::from_secs(3_600), &done);
    let (deletion_s, meanwhile) = tokio::join!(deletion, booking);
    let mut tx = state.db.read().await.expect("a connection");
    let runs = report::newest_real(&mut tx, 1).await.expect("it reads");
    let lines = &runs[0].tally.lines;
    assert_eq!(
        lines["appointment"].rows, appointments,
        "everything that is old enough is gone"
    );
    let rows: i64 = lines.values().map(|line| line.rows).sum();
    let each_us = deletion_s * 1e6 / appointments.max(1) as f64;
    format!(
        "| {} | {rows} | {report_s:.1} | {deletion_s:.1} | {each_us:.0} | {alone} | {meanwhile} |",
        stand.engine
    )
}

/// Steps as the job does, without the second between them, until a run of that kind has ended.
async fn step(stand: &Stand, kind: &'static str) {
    let ended = "SELECT COUNT(*) FROM retention_run WHERE kind = $1 AND ended_us IS NOT NULL";
    while stand.rows::<i64>(ended, params![kind]).await != [1] {
        run::step(&stand.state).await.expect("it steps");
    }
}
