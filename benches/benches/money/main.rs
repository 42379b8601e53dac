//! How long money takes: from the end of a call to its receipt, a hundred calls that end in the same second, and comparing many
//! payments with their provider while people book. The jobs run as in a server, with the test payment provider.
//!
//! `cargo bench -p benches --bench money -- 100000`: so many payments; on PostgreSQL where `BOOKA_TEST_POSTGRES` names a server.

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

use booking_core::base::{DAY_US, MINUTE_US, Micros, SECOND_US};
use booking_core::calls;
use booking_core::{AppState, jobs, params};
use signaling_protocol::{SegmentEnd, SegmentKey};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use booking::write;
use engines::{Stand, measure_on_each};

/// Payments without an argument.
const PAYMENTS: i64 = 100_000;
/// Calls that end one after the other, and at once.
const ALONE: usize = 21;
const AT_ONCE: usize = 100;
/// People of the business, who are all in a call at once.
const MEMBERS: i64 = 100;
/// How long ago the calls were whose payments are compared: within the thirty days in which that is done.
const AGO_US: Micros = 10 * DAY_US;
/// How long people book with nothing else going on.
const BOOKING: Duration = Duration::from_secs(10);
/// Between two looks for a receipt.
const LOOK: Duration = Duration::from_millis(5);

fn main() -> io::Result<()> {
    let wanted = std::env::args().find_map(|argument| argument.parse().ok());
    let payments: i64 = wanted.unwrap_or(PAYMENTS);
    let lines = measure_on_each("money", |stand| measure(stand, payments))?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "| engine | call end to receipt s, p50 and worst of {ALONE} | {AT_ONCE} at once s | {payments} payments compared s \
         | booking ms, p50 and p99, alone | meanwhile |\n|---|---:|---:|---:|---:|---:|\n{}",
        lines.join("\n")
    )
}

/// Somebody new books what costs something, and pays. Returns the appointment.
async fn book_paid(desk: &mut people::Desk, service: &str, start: Micros) -> String {
    let person = format!("new{}", desk.next);
    desk.sign_in(&person).await;
    let payment = "withdrawal=yes&provider=test&method=accepted";
    let appointment = desk.book(&person, (service, start), payment).await;
    desk.next += 1;
    appointment
}

async fn measure(stand: Stand, payments: i64) -> String {
    let state = &stand.state;
    fill::fill_business(state, MEMBERS).await;
    offer_paid(&stand).await;
    let mut desk = people::open(state);
    let quarter = 15 * MINUTE_US;
    let first = (state.now() + 2 * 60 * MINUTE_US) / quarter * quarter;
    let mut one_by_one = Vec::new();
    for _ in 0..ALONE {
        one_by_one.push(book_paid(&mut desk, "paid", first).await);
    }
    let second = first + quarter;
    let mut at_once = Vec::new();
    for _ in 0..AT_ONCE {
        at_once.push(book_paid(&mut desk, "paid", second).await);
    }
    stand.advance(first - state.now());
    let jobs = Jobs::begin(state);
    let mut alone = Vec::new();
    for (number, call) in one_by_one.iter().enumerate() {
        talk(&stand, call, first).await;
        alone.push(end_together(&stand, std::slice::from_ref(call), number + 1).await);
    }
    alone.sort_by(f64::total_cmp);
    stand.advance(second - state.now());
    for call in &at_once {
        talk(&stand, call, second).await;
    }
    let together = end_together(&stand, &at_once, ALONE + AT_ONCE).await;
    jobs.end().await;
    let (compared, quiet, meanwhile) = compare(&stand, &mut desk, payments).await;
    format!(
        "| {} | {:.2} and {:.2} | {together:.2} | {compared:.1} | {quiet} | {meanwhile} |",
        stand.engine,
        alone[ALONE / 2],
        alone[ALONE - 1]
    )
}

/// The jobs of a server.
struct Jobs {
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Jobs {
    fn begin(state: &AppState) -> Self {
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            // Whoever drops the other end wants them stopped as well.
            let _ = stopped.await;
        };
        Self {
            stop,
            running: tokio::spawn(jobs::run(state.clone(), shutdown)),
        }
    }

    async fn end(self) {
        drop(self.stop);
        self.running.await.expect("the jobs end");
    }
}

async fn offer_paid(stand: &Stand) {
    let service =
        "INSERT INTO service (id, org_id, title, description, duration_min, buffer_before_min, buffer_after_min,
             step_min, notice_min, window_days, open_max, price_terms, created_us)
         VALUES ('paid', 'large', 'Video', '', 15, 0, 0, 15, 0, 90, 30, $1, 1)";
    let price =
        r#"{"currency":"NOK","model":"per_minute","rate_minor":1500,"increment_s":60,"free_s":0,"cap_minor":45000}"#;
    write(&stand.state, service, params![price]).await;
    let registered = "INSERT INTO org_vat (id, org_id, registered, from_us, stated_us) VALUES ('v', 'large', 1, 0, 1)";
    write(&stand.state, registered, params![]).await;
    let members = "INSERT INTO service_member (service_id, member_id) SELECT 'paid', m.id FROM member m";
    write(&stand.state, members, params![]).await;
}

/// Both come and talk for five minutes from the start on.
async fn talk(stand: &Stand, call: &str, start: Micros) {
    let state = &stand.state;
    let seats: Vec<String> = stand
        .rows(
            "SELECT id FROM seat WHERE appointment_id = $1 ORDER BY role",
            params![call],
        )
        .await;
    let [consumer, provider]: [String; 2] = seats.try_into().expect("two seats");
    for seat in [&consumer, &provider] {
        let arrived = calls::record_arrival(state, call, seat, start - 5 * SECOND_US, false).await;
        arrived.expect("it is written");
    }
    let admitted = calls::record_admission(state, call, &consumer, start).await;
    admitted.expect("it is written");
    for seat in [consumer, provider] {
        let key = SegmentKey {
            call: call.to_owned(),
            seat,
            seq: 0,
        };
        calls::open_segment(state, "main", &key, start)
            .await
            .expect("it is written");
        let end = start + 5 * MINUTE_US;
        let closed = calls::close_segment(state, &key, end, SegmentEnd::Left).await;
        closed.expect("it is written");
    }
}

/// Ends these calls; returns after how many seconds there are so many receipts.
async fn end_together(stand: &Stand, calls: &[String], receipts: usize) -> f64 {
    let receipts = i64::try_from(receipts).expect("small");
    let begun = Instant::now();
    for call in calls {
        let ended = calls::record_call_end(&stand.state, call, stand.state.now()).await;
        ended.expect("it is written");
    }
    let all = "SELECT COUNT(*) FROM document WHERE kind = 'receipt'";
    while stand.rows::<i64>(all, params![]).await != [receipts] {
        tokio::time::sleep(LOOK).await;
    }
    begun.elapsed().as_secs_f64()
}

/// Lets the jobs compare the payments of that many calls. Returns the seconds, and what booking took before and meanwhile.
async fn compare(stand: &Stand, desk: &mut people::Desk, payments: i64) -> (f64, people::Bookings, people::Bookings) {
    let state = &stand.state;
    fill::fill(state, &stand.folder, payments, AGO_US).await;
    let psp = "INSERT INTO test_psp_payment (reference, merchant_payment, behaviour, currency, amount_minor, keeps, status, captured_minor)
        SELECT p.reference, p.id, 'accepted', 'NOK', p.amount_minor, 0, 'captured', p.captured_minor FROM payment p
        WHERE p.id LIKE '01900000-0000-7000-8ccc-%'";
    write(state, psp, params![]).await;
    write(state, "ANALYZE", params![]).await;
    let quiet = desk.book_until(Instant::now() + BOOKING, &AtomicBool::new(false)).await;
    let done = AtomicBool::new(false);
    let left = "SELECT COUNT(*) FROM payment WHERE id LIKE '01900000-0000-7000-8ccc-%' AND compared_us = 0";
    let begun = Instant::now();
    let jobs = Jobs::begin(state);
    let compared = async {
        while stand.rows::<i64>(left, params![]).await != [0] {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        done.store(true, Ordering::SeqCst);
        begun.elapsed().as_secs_f64()
    };
    let booking = desk.book_until(Instant::now() + Duration::from_secs(3_600), &done);
    let (took, meanwhile) = tokio::join!(compared, booking);
    jobs.end().await;
    let differences: Vec<i64> = stand.rows("SELECT COUNT(*) FROM money_difference", params![]).await;
    assert_eq!(differences, [0], "the provider says what the books say");
    (took, quiet, meanwhile)
}
