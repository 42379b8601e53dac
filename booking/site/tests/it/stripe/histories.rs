//! Whole histories of payments by Stripe, drawn from seeds: whatever is answered late, twice or never, the books end as Stripe
//! has it. `BOOKA_HISTORIES` says how many are drawn.

use std::time::Duration;

use booking_core::base::{DAY_US, MINUTE_US, Micros, SECOND_US};
use booking_core::params;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use serde_json::{Value, json};

use super::server::{SECRET, Trouble};
use super::{CARD, Till, event};
use crate::harness::{App, Engine, with_app};

const HOUR_US: Micros = 60 * MINUTE_US;
/// Histories that one database sees.
const BATCH: u64 = 12;
/// Histories of an engine where nobody says how many; each waits for answers that never come.
const USUAL: u64 = 12;
/// How long: an answer that comes later is one more that came too late.
const CALL_TIME_MAX: Duration = Duration::from_millis(150);

const PLACES: [&str; 9] = [
    "POST payment_intents",
    "POST setup_intents",
    "POST customers",
    "/confirm",
    "/capture",
    "/cancel",
    "/detach",
    "GET payment_intents/",
    "DELETE customers/",
];
const TROUBLES: [Trouble; 6] = [
    Trouble::FailsAfterActing,
    Trouble::Fails,
    Trouble::SilentAfterActing,
    Trouble::Silent,
    Trouble::Late,
    Trouble::Busy,
];
const CARDS: [&str; 6] = [CARD, CARD, CARD, "pm_asks", "pm_declined", "pm_declined_later"];

struct Draw(ChaCha20Rng);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u32()).expect("32 bits") % end
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// Something goes wrong with some of the next requests.
fn disturb(till: &Till<'_>, draw: &mut Draw) {
    till.server.calm();
    for _ in 0..draw.below(3) {
        till.server.next(draw.one(&PLACES), draw.one(&TROUBLES));
    }
}

/// The bank hears the person, who may be gone before our page does.
async fn answer_bank(till: &mut Till<'_>, draw: &mut Draw, hold: &str) {
    let asking = |intent: &Value| intent["status"] == "requires_action";
    for intent in till.server.intents().into_iter().filter(asking) {
        let kept = intent["id"].as_str().is_some_and(|id| id.starts_with("seti"));
        let changes = match (draw.chance(70), kept) {
            (true, true) => json!({"status": "succeeded"}),
            (true, false) => json!({"status": "requires_capture", "amount_capturable": intent["amount"]}),
            (false, _) => {
                let error = json!({"code": "payment_intent_authentication_failure"});
                json!({"status": "requires_payment_method", "last_payment_error": error})
            }
        };
        till.server.set(&intent["id"], &changes);
        if draw.chance(50) {
            let id = format!("evt_{}", intent["id"].as_str().expect("an id"));
            till.hook(&event(&id, &intent), SECRET).await;
        }
    }
    if draw.chance(70) {
        let path = format!("/book/{hold}/confirm");
        till.desk.consumer.post(&path, &[("answer", "approve")]).await;
    }
}

async fn cancel(client: &mut crate::harness::Client, appointment: &str) {
    let path = format!("/bookings/{appointment}/cancel");
    let page = client.get(&path).await.text();
    let fields: Vec<(&str, &str)> = page
        .split("<input type=\"hidden\" name=\"")
        .skip(1)
        .filter_map(|part| {
            let (name, rest) = part.split_once("\" value=\"")?;
            Some((name, rest.split('"').next()?))
        })
        .collect();
    client.post(&path, &fields).await;
}

async fn live_through(till: &mut Till<'_>, seed: u64) {
    let app = till.desk.app;
    let mut draw = Draw(ChaCha20Rng::seed_from_u64(seed));
    let far = draw.chance(40);
    let ahead = if far { 9 * DAY_US } else { 3 * HOUR_US };
    let start = (app.now() + ahead) / (30 * MINUTE_US) * (30 * MINUTE_US);
    let hold = till.desk.hold(start).await;
    for _ in 0..3 {
        disturb(till, &mut draw);
        let card = draw.one(&CARDS);
        till.pay(&hold, card).await;
        answer_bank(till, &mut draw, &hold).await;
    }
    till.jobs(2).await;
    let found: Vec<String> = app
        .rows("SELECT id FROM appointment WHERE hold_id = $1", params![&hold])
        .await;
    if let Some(appointment) = found.first() {
        for hours in [24, 3] {
            disturb(till, &mut draw);
            app.set_now((start - hours * HOUR_US).max(app.now()));
            till.jobs(1).await;
        }
        let form = [("provider", "stripe_test"), ("method", draw.one(&CARDS))];
        let path = format!("/bookings/{appointment}/payment");
        till.desk.consumer.post(&path, &form).await;
        disturb(till, &mut draw);
        let coming = till.desk.status(appointment).await == "confirmed" && app.now() < start;
        match draw.below(4) {
            0 => cancel(&mut till.desk.consumer, appointment).await,
            1 => {}
            _ if coming => {
                let length = i64::try_from(draw.below(1_500) + 20).expect("small") * SECOND_US;
                till.desk.talk(appointment, start, length).await;
            }
            _ => {}
        }
    }
    app.set_now(app.now().max(start + 31 * MINUTE_US));
    till.jobs(2).await;
    till.server.calm();
    for _ in 0..12 {
        app.advance(4 * HOUR_US + MINUTE_US);
        booking_core::jobs::round(&till.state).await;
    }
    check(till, seed).await;
}

/// The books against what Stripe has, once nothing moves any more.
async fn check(till: &Till<'_>, seed: u64) {
    let app = till.desk.app;
    for (what, sql) in [
        (
            "unbalanced",
            "SELECT COUNT(*) FROM (SELECT tx_id FROM ledger_entry GROUP BY tx_id HAVING SUM(amount_minor) <> 0) u",
        ),
        (
            "reserved",
            "SELECT COUNT(*) FROM (SELECT account FROM ledger_entry WHERE account = 'reserved' GROUP BY account
              HAVING SUM(amount_minor) <> 0) u",
        ),
        ("pending", "SELECT COUNT(*) FROM payment_op WHERE state = 'pending'"),
        ("different", "SELECT COUNT(*) FROM money_difference"),
        (
            "above",
            "SELECT COUNT(*) FROM payment WHERE state = 'captured' AND captured_minor > authorised_minor",
        ),
    ] {
        assert_eq!(
            app.number(sql, params![]).await,
            0,
            "{what}, seed {seed}: {:#?}",
            till.server.intents()
        );
    }
    let taken: Vec<(String, i64)> = app
        .rows(
            "SELECT id, captured_minor FROM payment WHERE state = 'captured' ORDER BY id",
            params![],
        )
        .await;
    let mut there = Vec::new();
    for intent in till.server.intents() {
        assert_ne!(
            intent["status"], "requires_capture",
            "still reserved there, seed {seed}: {intent:#?}"
        );
        let kept = intent["id"].as_str().is_some_and(|id| id.starts_with("seti"));
        if kept && intent["status"] == "succeeded" {
            assert_eq!(
                intent["customer"]["deleted"], true,
                "still kept there, seed {seed}: {intent:#?}"
            );
        } else if intent["status"] == "succeeded" {
            let payment = intent["metadata"]["payment"].as_str().expect("our id").to_owned();
            there.push((payment, intent["amount_received"].as_i64().expect("an amount")));
        }
    }
    there.sort();
    assert_eq!(taken, there, "seed {seed}");
}

async fn live_through_many(engine: Engine) {
    let many = std::env::var("BOOKA_HISTORIES").ok().and_then(|text| text.parse().ok());
    let many = many.unwrap_or(USUAL);
    for first in (0..many).step_by(usize::try_from(BATCH).expect("small")) {
        with_app(engine, |app| {
            Box::pin(async move {
                let mut till = Till::open_within(app, false, CALL_TIME_MAX).await;
                let seeds = first..(first + BATCH).min(many);
                let enough = seeds.end - seeds.start >= USUAL;
                for seed in seeds {
                    let later = app.now() + 400 * DAY_US;
                    app.execute("UPDATE session SET expires_us = $1", params![later]).await;
                    live_through(&mut till, seed).await;
                }
                if enough {
                    assert_happened(app).await;
                }
            })
        })
        .await;
    }
}

/// Histories in which nothing happens would prove nothing.
async fn assert_happened(app: &App) {
    for sql in [
        "SELECT COUNT(*) FROM payment WHERE state = 'captured'",
        "SELECT COUNT(*) FROM payment WHERE state = 'released'",
        "SELECT COUNT(*) FROM payment WHERE state = 'declined'",
        "SELECT COUNT(*) FROM payment WHERE purpose = 'due'",
        "SELECT COUNT(*) FROM payment_op WHERE attempts > 1",
    ] {
        assert!(app.number(sql, params![]).await > 0, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_the_books_end_as_stripe_has_it_sqlite() {
    live_through_many(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_the_books_end_as_stripe_has_it_postgres() {
    live_through_many(Engine::Postgres).await;
}
