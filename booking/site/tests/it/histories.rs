//! Whole histories of payments drawn from seeds, by card and by invoice: what people do, what the payment provider loses or
//! says twice, and where the process dies. Whatever happens, the books end right. `BOOKA_HISTORIES` says how many are drawn, or
//! as `120..125` which.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use booking_core::AppState;
use booking_core::base::{DAY_US, MINUTE_US, Micros, SECOND_US};
use booking_core::billing::provider::Hint;
use booking_core::params;
use booking_core::usecases;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use tokio::sync::Notify;

use crate::commission::set_rule;
use crate::desk::{
    ACCEPTED, CAPTURE_FAILS, CAPTURE_FAILS_ONCE, DECLINED, DECLINED_LATER, Desk, FIXED, METERED, NEEDS_CONFIRMATION,
    NO_FUNDS, talk,
};
use crate::harness::{App, Engine, with_app};
use crate::invoice::invoicing;
use crate::killed::{until_killed, watch_commits};
use crate::unreliable::{Fault, failing_with_invoices};

const HOUR_US: Micros = 60 * MINUTE_US;
/// Histories that one database sees; the time of each begins where the one before ended.
const BATCH: u64 = 6;
/// Histories of an engine where nobody says how many.
const USUAL: u64 = 60;
/// Histories after which it is said how far it is.
const TOLD_EVERY: u64 = 300;

/// What happens once it is booked.
#[derive(Debug, Clone, Copy)]
enum Course {
    Talk(Micros),
    ConsumerCancels,
    ProviderCancels,
    NobodyComes,
}

/// A history: everything in it follows from its seed.
struct Draw {
    rng: ChaCha20Rng,
    /// How often the process died.
    deaths: u32,
}

impl Draw {
    fn below(&mut self, end: u32) -> u32 {
        self.rng.next_u32() % end
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    fn card(&mut self) -> &'static str {
        match self.below(20) {
            0 => DECLINED,
            1 => NO_FUNDS,
            2..=4 => NEEDS_CONFIRMATION,
            5 | 6 => CAPTURE_FAILS_ONCE,
            7 => CAPTURE_FAILS,
            8..=10 => DECLINED_LATER,
            _ => ACCEPTED,
        }
    }

    /// Name of the provider and what the page's fields bring.
    fn way(&mut self) -> (&'static str, &'static str) {
        match self.below(4) {
            0 => ("invoice", ""),
            _ => ("test", self.card()),
        }
    }

    fn course(&mut self) -> Course {
        match self.below(10) {
            0 => Course::ConsumerCancels,
            1 => Course::ProviderCancels,
            2 => Course::NobodyComes,
            _ => Course::Talk(i64::from(self.below(29 * 60) + 1) * SECOND_US),
        }
    }

    /// About every third call of the next ones goes wrong.
    fn faults(&mut self) -> Vec<Option<Fault>> {
        (0..8)
            .map(|_| match self.below(12) {
                0 => Some(Fault::LoseRequest),
                1 => Some(Fault::LoseAnswer),
                2 => Some(Fault::FailBefore),
                3 => Some(Fault::FailAfterActing),
                _ => None,
            })
            .collect()
    }
}

/// A round of the jobs with a provider that fails as drawn, which may die anywhere.
async fn jobs(calm: &AppState, draw: &mut Draw) {
    let state = failing_with_invoices(calm, &draw.faults());
    if draw.chance(40) {
        let commits = draw.below(16) + 1;
        let lived = until_killed(commits, booking_core::jobs::round(&state)).await;
        draw.deaths += u32::from(lived.is_none());
    } else {
        booking_core::jobs::round(&state).await;
    }
}

/// Tries to pay for a hold, as often as a patient person does; in between everything may go wrong.
async fn try_to_pay(app: &App, calm: &AppState, draw: &mut Draw, hold: &str) {
    for _ in 0..4 {
        let state = failing_with_invoices(calm, &draw.faults());
        let way = draw.way();
        let commits = if draw.chance(30) { draw.below(10) + 1 } else { u32::MAX };
        let lived = until_killed(commits, pay_once(&state, hold, way, draw.chance(70))).await;
        draw.deaths += u32::from(lived.is_none());
        if draw.chance(50) {
            jobs(calm, draw).await;
        }
        app.advance(i64::from(draw.below(90)) * SECOND_US);
    }
}

async fn pay_once(state: &AppState, hold: &str, way: (&str, &str), approves: bool) {
    let mut tx = state.db.read().await.expect("a connection");
    let loaded = booking_core::appointments::load_hold_any(&mut tx, hold)
        .await
        .expect("the hold is there");
    drop(tx);
    // What is refused, because the slot is gone or the answer is out, is a part of life.
    let paid = usecases::pay_for_hold(state, &loaded, "c", way).await;
    if matches!(paid, Ok(usecases::CheckoutOutcome::NeedsConfirmation)) {
        let _ = usecases::answer_confirmation(state, &loaded, "c", approves).await;
    }
}

/// Sends the hidden fields of a form back with nothing changed.
async fn submit_as_shown(client: &mut crate::harness::Client, path: &str) {
    let answer = client.get(path).await;
    if answer.status != 200 {
        return;
    }
    let page = answer.text();
    let mut fields = Vec::new();
    for part in page.split("<input type=\"hidden\" name=\"").skip(1) {
        let Some((name, rest)) = part.split_once("\" value=\"") else {
            continue;
        };
        let value = rest.split('"').next().unwrap_or_default();
        fields.push((name.to_owned(), value.to_owned()));
    }
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    client.post(path, &fields).await;
}

/// Money back at the provider's own console, learned of by a hook or by the reconciler.
async fn refund_at_console(app: &App, draw: &mut Draw, appointment: &str) {
    let rows: Vec<(String, String, i64)> = app
        .rows(
            "SELECT id, reference, captured_minor FROM payment WHERE appointment_id = $1 AND psp = 'test' AND state IN ('captured', 'refunded')",
            params![appointment],
        )
        .await;
    let console =
        booking_adapters::test_provider::TestProvider::new(app.state.db.clone(), app.state.random.clone(), [0; 32]);
    for (payment, reference, captured) in rows {
        let minor = i64::from(draw.below(u32::try_from(captured).unwrap_or(1).max(1))) + 1;
        let amount = booking_core::base::money::Money::new(minor, booking_core::base::money::Currency::NOK);
        let key = format!("console-{payment}-{}", draw.below(1_000));
        // More than there is comes back as a refusal.
        let _ = console.refund_at_console(&key, &reference, amount).await;
        if draw.chance(50) {
            let hint = Hint {
                id: key,
                payment: Some(payment),
            };
            usecases::note_hint(&app.state, "test", &hint)
                .await
                .expect("it is written");
        }
    }
}

/// What comes in for an invoice, as an operator notes it: too much, too little, or what is owed; and what goes back.
async fn note_invoice_money(app: &App, desk: &mut Desk<'_>, draw: &mut Draw, appointment: &str) {
    let sql = "SELECT payment_id, open_minor FROM invoice WHERE appointment_id = $1";
    for _ in 0..draw.below(3) {
        let open: Vec<(String, i64)> = app.rows(sql, params![appointment]).await;
        for (payment, open_minor) in open {
            let (action, minor) = match open_minor {
                ..=-1 => ("paid_back", -open_minor),
                _ => ("paid", open_minor + i64::from(draw.below(3)) * 100 - 100),
            };
            let amount = format!("{}.{:02}", minor.max(0) / 100, minor.max(0) % 100);
            let day = jiff::Timestamp::from_microsecond(app.now())
                .expect("a moment")
                .strftime("%F")
                .to_string();
            let form = [
                ("action", action),
                ("id", payment.as_str()),
                ("amount", amount.as_str()),
                ("day", day.as_str()),
            ];
            desk.operator.post("/operator/invoices", &form).await;
        }
    }
    if draw.chance(40) {
        let minor = draw.below(20_000) + 1;
        let amount = format!("{}.{:02}", minor / 100, minor % 100);
        let form = [("amount", amount.as_str()), ("reason", "Kulanse"), ("known", "0")];
        desk.provider
            .post(&format!("/bookings/{appointment}/refund"), &form)
            .await;
    }
}

/// One history, from the first click until nothing moves any more. Returns how often the process died in it.
async fn live_through(app: &App, calm: &AppState, desk: &mut Desk<'_>, seed: u64) -> u32 {
    let mut draw = Draw {
        rng: ChaCha20Rng::seed_from_u64(seed),
        deaths: 0,
    };
    let far = draw.chance(35);
    let ahead = if far {
        8 * DAY_US + i64::from(draw.below(6)) * DAY_US
    } else {
        3 * HOUR_US
    };
    let half_hour = 30 * MINUTE_US;
    let start = (app.now() + ahead) / half_hour * half_hour;
    let hold = desk.hold(start).await;
    if seed.is_multiple_of(2) {
        let form = [("action", "promo"), ("promo", "tiende")];
        desk.consumer
            .post(&format!("/book/{hold}/payment"), &form)
            .await
            .expect(303);
    }
    try_to_pay(app, calm, &mut draw, &hold).await;
    for _ in 0..3 {
        jobs(calm, &mut draw).await;
        app.advance(2 * MINUTE_US);
    }
    let found: Vec<String> = app
        .rows("SELECT id FROM appointment WHERE hold_id = $1", params![&hold])
        .await;
    if let Some(appointment) = found.first() {
        let course = draw.course();
        if far {
            for hours in [25, 24, 12, 2] {
                app.set_now((start - hours * HOUR_US).max(app.now()));
                jobs(calm, &mut draw).await;
            }
            if draw.chance(60) {
                let path = format!("/bookings/{appointment}/payment");
                let (provider, method) = draw.way();
                let form = [("provider", provider), ("method", method)];
                desk.consumer.post(&path, &form).await;
            }
        }
        take_course(app, desk, &mut draw, (appointment, start), course).await;
    }
    app.set_now(app.now().max(start + 31 * MINUTE_US));
    for _ in 0..3 {
        jobs(calm, &mut draw).await;
        app.advance(i64::from(draw.below(60)) * MINUTE_US);
    }
    if let Some(appointment) = found.first() {
        if draw.chance(40) {
            refund_at_console(app, &mut draw, appointment).await;
        }
        note_invoice_money(app, desk, &mut draw, appointment).await;
        if draw.chance(20) {
            let (provider, method) = draw.way();
            let form = [("provider", provider), ("method", method)];
            desk.consumer
                .post(&format!("/bookings/{appointment}/payment"), &form)
                .await;
        }
    }
    // All is well again, and everything comes to its end.
    for _ in 0..14 {
        booking_core::jobs::round(calm).await;
        app.advance(4 * HOUR_US + MINUTE_US);
    }
    check(app, seed).await;
    draw.deaths
}

async fn take_course(
    app: &App,
    desk: &mut Desk<'_>,
    draw: &mut Draw,
    (appointment, start): (&str, Micros),
    course: Course,
) {
    let path = format!("/bookings/{appointment}/cancel");
    match course {
        Course::ConsumerCancels => submit_as_shown(&mut desk.consumer, &path).await,
        Course::ProviderCancels => submit_as_shown(&mut desk.provider, &path).await,
        Course::NobodyComes => {}
        Course::Talk(length) => {
            let coming = desk.status(appointment).await == "confirmed";
            if coming && app.now() < start {
                talk(app, appointment, start, length).await;
                if draw.chance(30) {
                    // The charge is on record, and the process dies before it asks for the money.
                    let _ = usecases::finalise_call(&app.state, appointment).await;
                }
            }
        }
    }
}

/// What must be true once nothing moves any more. Each question counts what breaks the rule.
async fn check(app: &App, seed: u64) {
    let rules = [
        ("a transaction does not sum to zero",
         "SELECT COUNT(*) FROM (SELECT tx_id FROM ledger_entry GROUP BY tx_id HAVING SUM(amount_minor) <> 0) u"),
        ("something is still reserved in the books",
         "SELECT COUNT(*) FROM (SELECT account FROM ledger_entry WHERE account IN ('reserved', 'reserved_contra')
              GROUP BY account HAVING SUM(amount_minor) <> 0) u"),
        ("more was captured than reserved", "SELECT COUNT(*) FROM payment WHERE state = 'captured' AND captured_minor > authorised_minor"),
        ("more was paid back than taken", "SELECT COUNT(*) FROM payment WHERE refunded_minor > captured_minor"),
        ("more was taken than charged",
         "SELECT COUNT(*) FROM charge h WHERE h.amount_minor < (SELECT COALESCE(SUM(p.captured_minor), 0) FROM payment p
              WHERE p.appointment_id = h.call_id AND p.state IN ('captured', 'refunded'))"),
        ("something was taken that nobody charged",
         "SELECT COUNT(*) FROM payment p WHERE p.state IN ('captured', 'refunded')
              AND NOT EXISTS (SELECT 1 FROM charge h WHERE h.call_id = p.appointment_id)"),
        ("a call to the provider is still pending", "SELECT COUNT(*) FROM payment_op WHERE state = 'pending'"),
        ("a payment is still on its way",
         "SELECT COUNT(*) FROM payment WHERE state IN ('authorising', 'authorised', 'capturing', 'releasing', 'saved')"),
        ("something is still reserved or kept at the provider",
         "SELECT COUNT(*) FROM test_psp_payment o JOIN payment p ON p.id = o.merchant_payment
              WHERE o.status IN ('authorised', 'kept') AND p.state <> 'capture_failed'"),
        ("the provider took something else",
         "SELECT COUNT(*) FROM test_psp_payment o JOIN payment p ON p.id = o.merchant_payment
              WHERE o.status = 'captured' AND (p.state NOT IN ('captured', 'refunded') OR p.captured_minor <> o.captured_minor)"),
        ("the provider paid something else back",
         "SELECT COUNT(*) FROM payment p WHERE p.psp = 'test' AND p.refunded_minor <> (SELECT COALESCE(SUM(r.amount_minor), 0)
              FROM test_psp_refund r WHERE r.payment = p.reference AND r.status = 'done')"),
        ("a capture has no receipt or several",
         "SELECT COUNT(*) FROM charge h WHERE h.amount_minor > 0 AND
              (SELECT COUNT(*) FROM payment p WHERE p.appointment_id = h.call_id AND p.state IN ('captured', 'refunded'))
              <> (SELECT COUNT(*) FROM document d WHERE d.appointment_id = h.call_id AND d.kind IN ('receipt', 'invoice'))"),
        ("an invoice says something else than the books",
         "SELECT COUNT(*) FROM invoice i JOIN charge h ON h.call_id = i.appointment_id WHERE i.open_minor <>
              (SELECT SUM(e.amount_minor) FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id
                  WHERE t.appointment_id = i.appointment_id AND e.account = 'consumer_receivable')
              - h.amount_minor + (SELECT SUM(p.captured_minor) FROM payment p
                  WHERE p.appointment_id = h.call_id AND p.state IN ('captured', 'refunded'))"),
        ("a series of documents has a gap",
         "SELECT COUNT(*) FROM (SELECT org_id, kind, year FROM document GROUP BY org_id, kind, year
              HAVING COUNT(*) <> MAX(number) OR MIN(number) <> 1) u"),
        ("the operator kept something else than was agreed",
         "SELECT COUNT(*) FROM (SELECT x.kept, CASE WHEN x.paid < (x.paid * 1000 + 5000) / 10000 + 500 THEN x.paid
                  ELSE (x.paid * 1000 + 5000) / 10000 + 500 END AS agreed, x.paid FROM (
              SELECT CAST(COALESCE((SELECT SUM(p.captured_minor) FROM payment p WHERE p.appointment_id = a.id
                      AND p.state IN ('captured', 'refunded')), 0) AS BIGINT) AS paid,
                  CAST(COALESCE((SELECT SUM(e.amount_minor) FROM payment p JOIN ledger_tx t ON t.payment_id = p.id AND t.kind = 'commission'
                      JOIN ledger_entry e ON e.tx_id = t.id AND e.account IN ('commission', 'commission_vat')
                      WHERE p.appointment_id = a.id), 0) AS BIGINT) AS kept FROM appointment a
              WHERE NOT EXISTS (SELECT 1 FROM payment i WHERE i.appointment_id = a.id AND i.psp = 'invoice')) x) y
              WHERE y.kept <> CASE WHEN y.paid = 0 THEN 0 ELSE y.agreed END"),
        ("commission is left of what was paid back in full",
         "SELECT COUNT(*) FROM payment p WHERE p.captured_minor > 0 AND p.refunded_minor = p.captured_minor
              AND (SELECT COALESCE(SUM(e.amount_minor), 0) FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id
                  AND e.account IN ('commission', 'commission_vat') WHERE t.payment_id = p.id) <> 0"),
        ("the provider says something else", "SELECT COUNT(*) FROM money_difference"),
        ("an appointment never ended", "SELECT COUNT(*) FROM appointment WHERE status IN ('confirmed', 'in_call')"),
    ];
    for (what, sql) in rules {
        let broken = app.number(sql, params![]).await;
        assert!(broken == 0, "{what}, seed {seed}:\n{}", tell(app).await);
    }
}

/// The latest payments and the calls about them, for whoever looks for the fault.
async fn tell(app: &App) -> String {
    let payments = "SELECT p.id || ' ' || p.purpose || ' ' || p.method_token || ' ' || p.state || ' '
            || CAST(p.authorised_minor AS TEXT) || ' ' || CAST(p.captured_minor AS TEXT) || ' '
            || COALESCE((SELECT o.status FROM test_psp_payment o WHERE o.reference = p.reference), 'unknown there') || ' '
            || COALESCE((SELECT a.status FROM appointment a WHERE a.id = p.appointment_id), 'no appointment')
        FROM payment p ORDER BY p.created_us DESC, p.id DESC LIMIT 6";
    let calls = "SELECT o.payment_id || ' ' || o.kind || ' ' || o.state || ' ' || CAST(o.attempts AS TEXT) || ' ' || COALESCE(o.error, '')
        FROM payment_op o ORDER BY o.created_us DESC, o.id DESC LIMIT 12";
    let rows: Vec<String> = app.rows(payments, params![]).await;
    let calls: Vec<String> = app.rows(calls, params![]).await;
    [rows, calls].concat().join("\n")
}

/// The histories that are asked for.
fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("BOOKA_HISTORIES") else {
        return 0..USUAL;
    };
    let number = |text: &str| {
        text.trim()
            .parse()
            .expect("BOOKA_HISTORIES is a number, or two as in 120..125")
    };
    match text.split_once("..") {
        Some((first, end)) => number(first)..number(end),
        None => 0..number(&text),
    }
}

/// What a batch came to, all with ids and times: what it is, how it ended, the rest. Whether anything happened can be told
/// from it, and whether the same happens again.
const ROWS: [&str; 5] = [
    "SELECT 'payment ' || state || ' ' || id || ' ' || purpose || ' ' || CAST(captured_minor AS TEXT) || ' '
         || CAST(refunded_minor AS TEXT) || ' ' || CAST(updated_us AS TEXT) FROM payment ORDER BY id",
    "SELECT kind || ' ' || state || ' ' || id || ' ' || CAST(attempts AS TEXT) || ' '
         || CAST(COALESCE(done_us, 0) AS TEXT) FROM payment_op ORDER BY id",
    "SELECT 'document ' || kind || ' ' || id || ' ' || cause || ' ' || sha256 FROM document ORDER BY id",
    "SELECT 'posting ' || kind || ' ' || id || ' ' || posting_key || ' ' || CAST(created_us AS TEXT) FROM ledger_tx ORDER BY id",
    "SELECT 'appointment ' || status || ' ' || id FROM appointment ORDER BY id",
];

/// Has whoever waits for the answer to another's call look again at once: whoever made it is dead, and a second of real time
/// tells nothing.
async fn look_again(answered: Arc<Notify>) {
    loop {
        answered.notify_waiters();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Lives through histories one after the other in one database, on a single thread, so that their seeds say all.
async fn live_through_batch(engine: Engine, seeds: Range<u64>) -> Vec<String> {
    let _watching = watch_commits();
    let outcome = Arc::new(Mutex::new(Vec::new()));
    let rows = Arc::clone(&outcome);
    with_app(engine, |app| {
        Box::pin(async move {
            let mut desk = Desk::open(app, METERED).await;
            let calm = invoicing(app, true);
            let there = app.client_of(calm.clone());
            desk.consumer = desk.consumer.at(&there);
            desk.provider = desk.provider.at(&there);
            desk.operator = desk.operator.at(&there);
            desk.offer("fixed", FIXED).await;
            set_rule(&mut desk, "", "10", "5").await;
            let code = [("action", "add"), ("code", "tiende"), ("percent", "10")];
            desk.provider.post("/provider/promo", &code).await.expect(303);
            let looking = tokio::spawn(look_again(Arc::clone(&app.state.provider_answered)));
            let mut found = Vec::new();
            for seed in seeds {
                app.execute("UPDATE session SET expires_us = $1", params![app.now() + 400 * DAY_US])
                    .await;
                desk.choose(if seed % 3 == 0 { "fixed" } else { "service" });
                let deaths = live_through(app, &calm, &mut desk, seed).await;
                found.extend((0..deaths).map(|number| format!("process died {seed} {number}")));
            }
            for sql in ROWS {
                found.extend(app.rows::<String>(sql, params![]).await);
            }
            looking.abort();
            *rows.lock().expect("nobody panics while holding it") = found;
        })
    })
    .await;
    std::mem::take(&mut *outcome.lock().expect("nobody panics while holding it"))
}

async fn live_through_many(engine: Engine) {
    let seeds = seeds();
    let mut happened = BTreeMap::<String, u64>::new();
    let mut told = seeds.start;
    // Batches begin where they always begin, so that one seed can be asked for again.
    for first in (seeds.start / BATCH * BATCH..seeds.end).step_by(usize::try_from(BATCH).expect("small")) {
        let end = (first + BATCH).min(seeds.end);
        for row in live_through_batch(engine, first..end).await {
            let what: Vec<&str> = row.splitn(3, ' ').take(2).collect();
            *happened.entry(what.join(" ")).or_default() += 1;
        }
        if end - told >= TOLD_EVERY {
            told = end;
            // Past the test harness, which would keep it to itself.
            writeln!(std::io::stdout(), "{engine:?}: histories until {end} of {}", seeds.end).expect("output is open");
        }
    }
    if seeds.end - seeds.start >= USUAL && !happened.is_empty() {
        for what in HAPPENS {
            assert!(happened.contains_key(what), "{what}, among {happened:#?}");
        }
    }
}

/// Without these, histories would prove nothing.
const HAPPENS: [&str; 8] = [
    "process died",
    "capture failed",
    "payment captured",
    "payment declined",
    "payment refunded",
    "payment released",
    "document receipt",
    "document credit_note",
];

#[tokio::test]
async fn whatever_happens_the_books_end_right_sqlite() {
    live_through_many(Engine::Sqlite).await;
}

#[tokio::test]
async fn whatever_happens_the_books_end_right_postgres() {
    live_through_many(Engine::Postgres).await;
}

/// A machine that stalls for seconds lets a real limit pass (of a connection, say), which no seed draws: then it is asked again.
const LIVES: usize = 4;

async fn live_through_again(engine: Engine) {
    let mut once = live_through_batch(engine, 0..3).await;
    for life in 1..LIVES {
        let again = live_through_batch(engine, 0..3).await;
        if once == again {
            return;
        }
        assert!(life + 1 < LIVES, "no life is as the one before: {once:#?}, {again:#?}");
        once = again;
    }
}

#[tokio::test]
async fn a_seed_says_all_that_happens_sqlite() {
    live_through_again(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_seed_says_all_that_happens_postgres() {
    live_through_again(Engine::Postgres).await;
}
