//! What leaves by age: accounting records with their appointments, people who do not come any more, and what is kept from
//! leaving.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::base::db::{DbError, Sql};
use booking_core::base::{DAY_US, Micros};
use booking_core::params;
use booking_core::privacy::retention::cases::PARTS;
use booking_core::privacy::retention::marks::{HOW_TO_MARK, Keep, mark_of};
use booking_core::privacy::retention::run::{self, Tally};

use crate::erasure::book_talk_and_pay;
use crate::harness::{App, Client, Engine};
use crate::on_both;
use crate::walk::{PASSWORD, consumer, provider, sign_in};

/// 31 December 2031, 24:00 in Oslo: five years after the end of 2026.
const FIVE_YEARS_ON: Micros = 1_956_524_400_000_000;

/// The first operator, through the link of the server.
async fn operator(app: &App) -> Client {
    let link = booking_core::accounts::operator_setup_link(&app.state)
        .await
        .expect("it works")
        .expect("none yet");
    let mut client = app.client();
    let form = [("name", "Drift"), ("email", "drift@example.no"), ("password", PASSWORD)];
    client
        .post(link.strip_prefix("http://localhost:8080").expect("ours"), &form)
        .await
        .expect(303);
    client
}

async fn jobs(app: &App) {
    booking_core::jobs::round(&app.state).await;
}

async fn report(app: &App) -> Tally {
    run::dry_run(&app.state).await.expect("it counts")
}

/// Rows by table.
fn rows(tally: &Tally) -> BTreeMap<String, i64> {
    tally
        .lines
        .iter()
        .map(|(table, line)| (table.clone(), line.rows))
        .collect()
}

async fn count(app: &App, table: &str) -> i64 {
    let text = format!("SELECT COUNT(*) FROM {table}");
    app.number(Box::leak(text.into_boxed_str()), params![]).await
}

on_both! {
    async fn s50_accounting_records_leave_five_years_after_their_year(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut marit = consumer(app, "marit").await;
        book_talk_and_pay(app, &mut clinic, &mut marit).await;
        jobs(app).await;
        app.set_now(FIVE_YEARS_ON - 1);
        assert_eq!(rows(&report(app).await).get("document"), None);
        app.set_now(FIVE_YEARS_ON);
        let found = report(app).await;
        assert_eq!(rows(&found).get("document"), Some(&1), "{found:?}");
    }
}
