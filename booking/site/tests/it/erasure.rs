//! What is left of a person who booked, talked, paid and then deleted the account.

use std::collections::BTreeSet;

use booking_core::base::db::Param;
use booking_core::base::{DAY_US, MINUTE_US};
use booking_core::params;
use booking_core::privacy::erase::erase_account;
use booking_core::privacy::registry::{Erasure, TABLES, Table, owned};

use crate::desk::{ACCEPTED, booked, submit_payment, talk};
use crate::harness::{App, Client, Engine};
use crate::on_both;
use crate::registry::{everybody_at_once, fill_every_column};
use crate::walk::{PASSWORD, Provider, add_service, consumer, hold, provider, tomorrow};

/// What the person wrote; nobody else's row holds any of it.
const NAME: &str = "Marit Kjennetegn";
const PHONE: &str = "+4798765432";
const ABOUT: &str = "Katten har spist en kjennetegnet trådsnelle";

/// Somebody who has booked, talked and paid through the real pages and the call's own records.
async fn customer(app: &App) -> (Client, Client, String) {
    let mut clinic = provider(app, "kari").await;
    let mut marit = consumer(app, "marit").await;
    let appointment = book_talk_and_pay(app, &mut clinic, &mut marit).await;
    (marit, clinic.client, appointment)
}

/// The steps of it, for Marit, who is signed in.
pub(crate) async fn book_talk_and_pay(app: &App, clinic: &mut Provider, marit: &mut Client) -> String {
    let details = [("name", NAME), ("phone", PHONE), ("place", "Bergen"), ("locale", "nb")];
    marit.post("/account", &details).await.expect(303);
    let page = hold(marit, &clinic.service, tomorrow(app, 0)).await;
    marit.post(&page, &[("about", ABOUT)]).await.expect(303);
    let id = page.trim_start_matches("/book/").to_owned();
    let appointment = booked(&submit_payment(marit, &id, ACCEPTED).await);
    // The provider finds on the page what the mail does not say.
    let seen = clinic
        .client
        .get(&format!("/bookings/{appointment}"))
        .await
        .expect(200)
        .text();
    for part in [ABOUT, PHONE, "marit@example.no"] {
        assert!(seen.contains(part), "no {part} in {seen}");
    }
    let own = marit.get(&format!("/bookings/{appointment}")).await.expect(200).text();
    assert!(!own.contains("tel:"), "one's own number is nobody's contact");
    talk(app, &appointment, tomorrow(app, 0), 12 * MINUTE_US).await;
    booking_core::jobs::round(&app.state).await;
    appointment
}

/// Every table of the schema with its columns of text.
async fn text_columns(app: &App) -> Vec<(String, String)> {
    let text = match app.engine {
        Engine::Sqlite => {
            "SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p
            WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '_sqlx_%' AND p.type = 'TEXT'"
        }
        Engine::Postgres => {
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name NOT LIKE '_sqlx_%' AND data_type = 'text'"
        }
    };
    app.rows(text, params![]).await
}

/// Columns of the whole database that hold `part`.
pub(crate) async fn found_in(app: &App, part: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (table, column) in text_columns(app).await {
        let text = format!("SELECT COUNT(*) FROM {table} WHERE {column} LIKE $1");
        let text: &'static str = Box::leak(text.into_boxed_str());
        if app.number(text, params![format!("%{part}%")]).await > 0 {
            found.insert(format!("{table}.{column}"));
        }
    }
    found
}

on_both! {
    /// trial C1, S56: the mails to the provider and the provider's export were left.
    async fn nothing_of_a_person_is_left_but_what_the_law_wants_on_receipts(app: App) {
        let (mut marit, mut clinic, appointment) = customer(app).await;
        let to_clinic = crate::walk::mails(app, "kari@example.no").await;
        assert!(!to_clinic.is_empty());
        for (kind, body) in &to_clinic {
            for part in [ABOUT, PHONE, "marit@example.no"] {
                assert!(!body.contains(part), "{part} in the mail {kind}: mail that was sent cannot be taken back");
            }
        }
        let delete = [("action", "delete"), ("password", PASSWORD)];
        marit.post("/account/delete", &delete).await.expect(303);
        app.advance(7 * DAY_US);
        assert_eq!(booking_core::privacy::erase_due(&app.state).await, Ok(1));
        let receipt = BTreeSet::from(["document.content".to_owned()]);
        assert_eq!(found_in(app, NAME).await, receipt);
        for part in ["marit@example.no", PHONE, "kjennetegnet"] {
            assert_eq!(found_in(app, part).await, BTreeSet::new(), "{part}");
        }
        let export = clinic.get("/account/export").await.expect(200).text();
        let outbox = clinic.get(&format!("/bookings/{appointment}")).await.expect(200).text();
        for text in [export, outbox] {
            for part in [NAME, "marit@example.no", PHONE, "kjennetegnet"] {
                assert!(!text.contains(part), "{part} in {text}");
            }
        }
    }
}

/// Makes so many more of every row of a table; what is named gets a number appended.
async fn multiply(app: &App, name: &str, times: i64, numbered: &[&str]) {
    let table = TABLES
        .iter()
        .find(|table| table.name == name)
        .expect("it is registered");
    let personal = table.personal.iter().map(|column| column.name);
    let columns: Vec<&str> = personal.chain(table.plain.iter().copied()).collect();
    let values: Vec<String> = columns
        .iter()
        .map(|column| match numbered.contains(column) {
            true => format!("x.{column} || '-' || n.i"),
            false => format!("x.{column}"),
        })
        .collect();
    let text = format!(
        "INSERT INTO {name} ({}) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {times})
            SELECT {} FROM {name} x, n",
        columns.join(", "),
        values.join(", ")
    );
    app.execute(Box::leak(text.into_boxed_str()), params![]).await;
}

on_both! {
    /// The page announced 700 and 500 were cancelled, in one transaction that everybody waited for.
    async fn all_appointments_of_who_leaves_are_cancelled_batch_by_batch(app: App) {
        let mut clinic = provider(app, "kari").await;
        let free = add_service(&mut clinic.client, app, "Gratis råd", &[("kind", "free")]).await;
        let mut ola = consumer(app, "ola").await;
        let page = hold(&mut ola, &free, tomorrow(app, 0)).await;
        ola.post(&page, &[("about", ABOUT)]).await.expect(303);
        booked(&ola.post(&format!("{page}/payment"), &[("withdrawal", "yes")]).await);
        multiply(app, "hold", 249, &["id"]).await;
        multiply(app, "appointment", 249, &["id", "hold_id"]).await;
        multiply(app, "seat", 249, &["id", "appointment_id"]).await;
        let open = async || app.number("SELECT COUNT(*) FROM appointment WHERE status = 'confirmed'", params![]).await;
        assert_eq!(open().await, 250);
        let delete = [("action", "delete"), ("password", PASSWORD)];
        clinic.client.get("/account/delete").await.expect(200).expect_text("250 timer");
        clinic.client.post("/account/delete", &delete).await.expect(303);
        assert_eq!(open().await, 150, "the soonest at once");
        // Who stays after all keeps what was not cancelled yet, and nobody is told anything else.
        clinic.client.post("/account/delete", &[("action", "undo")]).await.expect(303);
        booking_core::jobs::round(&app.state).await;
        assert_eq!(open().await, 150);
        clinic.client.post("/account/delete", &delete).await.expect(303);
        assert_eq!(open().await, 50);
        booking_core::jobs::round(&app.state).await;
        assert_eq!(open().await, 0);
        let told = "SELECT COUNT(*) FROM outbox WHERE kind = 'cancelled' AND recipient = 'ola@example.no'";
        assert_eq!(app.number(told, params![]).await, 250);
        app.advance(7 * DAY_US);
        assert_eq!(booking_core::privacy::erase_due(&app.state).await, Ok(1));
    }
}

/// Personal columns that stay after the erasure, of rows that do not stay whole; and which do.
fn kept(table: &Table) -> (BTreeSet<&'static str>, &'static str) {
    match table.erasure {
        Erasure::Deleted(_) => (BTreeSet::new(), ""),
        Erasure::Cleared { kept, spared, .. } => (kept.iter().copied().collect(), spared),
        Erasure::Kept => (table.personal.iter().map(|column| column.name).collect(), ""),
    }
}

/// Keys of the rows of a table that fulfil a condition, and in which the column says something.
async fn filled(app: &App, table: &Table, column: &str, condition: &str, params: Vec<Param>) -> BTreeSet<String> {
    let key: Vec<String> = table.key.iter().map(|key| format!("CAST({key} AS TEXT)")).collect();
    let text = format!(
        "SELECT {} FROM {} WHERE ({condition}) AND {column} IS NOT NULL AND CAST({column} AS TEXT) <> ''",
        key.join(" || '/' || "),
        table.name
    );
    app.rows(Box::leak(text.into_boxed_str()), params)
        .await
        .into_iter()
        .collect()
}

on_both! {
    /// trial C1: the registry says of every column what becomes of it, and that is what happens. Rows are found again by their
    /// keys: whose they were is among what the erasure takes.
    async fn every_registered_column_ends_as_the_registry_says(app: App) {
        let (mut me, account) = everybody_at_once(app).await;
        me.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        fill_every_column(app, &account).await;
        // What sold this year is told to the tax office.
        let sold = "INSERT INTO ledger_tx (id, posting_key, kind, org_id, currency, created_us)
            SELECT 'sold-' || org_id, 'sold-' || org_id, 'captured', org_id, 'NOK', $1 FROM seller_tax";
        app.execute(sold, params![app.now()]).await;
        let mut before = Vec::new();
        for table in owned() {
            let (kept, spared) = kept(table);
            for column in table.personal {
                let all = filled(app, table, column.name, table.owner, params![&account]).await;
                assert!(!all.is_empty(), "{}.{} says nothing before", table.name, column.name);
                let whole = match spared {
                    "" => BTreeSet::new(),
                    spared => filled(app, table, column.name, &format!("({}) AND {spared}", table.owner), params![&account]).await,
                };
                let stays = if kept.contains(column.name) { all.clone() } else { whole };
                before.push((table, column.name, all, stays));
            }
        }
        app.advance(7 * DAY_US);
        // Without the sweeping, which takes some of it at that time in any case.
        assert_eq!(erase_account(&app.state, &account).await, Ok(true));
        for (table, column, all, stays) in before {
            let left = filled(app, table, column, "1 = 1", params![]).await;
            let left: BTreeSet<String> = left.intersection(&all).cloned().collect();
            assert_eq!(left, stays, "{}.{column}", table.name);
        }
    }
}
