//! The registry of personal columns against the schema, and the export against what we know.

use std::collections::BTreeSet;

use booking_core::base::DAY_US;
use booking_core::base::db::MIGRATIONS;
use booking_core::params;
use booking_core::privacy::registry::{Kind, TABLES, Table, owned};
use serde_json::Value;

use crate::desk::{ACCEPTED, Desk, METERED, open};
use crate::disputes::{PIXEL, hand_in};
use crate::erasure::book_talk_and_pay;
use crate::harness::{App, Client, Engine};
use crate::on_both;
use crate::walk::{PASSWORD, consumer, provider};

/// What a migration ends the line of a further column with that says nothing about a person.
const NOT_PERSONAL: &str = "-- not personal";

/// The columns of tables without a person's rows that a migration says are not personal.
fn columns_said_not_personal(migration: &str) -> Vec<(String, String)> {
    let nobodys = |name: &str| TABLES.iter().any(|table| table.name == name && table.owner.is_empty());
    let column = |line: &str| {
        let (table, rest) = line.strip_prefix("ALTER TABLE ")?.split_once(" ADD COLUMN ")?;
        let (name, _) = rest.split_once(' ')?;
        (line.ends_with(NOT_PERSONAL) && nobodys(table)).then(|| (table.to_owned(), name.to_owned()))
    };
    migration.lines().filter_map(column).collect()
}

#[test]
fn a_migration_speaks_for_tables_without_a_persons_rows_alone() {
    let check = |line: &str, expect: &[(&str, &str)]| {
        let found = columns_said_not_personal(line);
        let found: Vec<_> = found
            .iter()
            .map(|(table, column)| (table.as_str(), column.as_str()))
            .collect();
        assert_eq!(found, expect, "{line}");
    };
    check(
        "ALTER TABLE service ADD COLUMN level INTEGER; -- not personal",
        &[("service", "level")],
    );
    check("ALTER TABLE service ADD COLUMN level INTEGER;", &[]);
    check("ALTER TABLE account ADD COLUMN level INTEGER; -- not personal", &[]);
    check("ALTER TABLE service DROP COLUMN level; -- not personal", &[]);
}

on_both! {
    async fn every_column_is_personal_or_said_not_to_be(app: App) {
        let text = match app.engine {
            Engine::Sqlite => "SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p
                WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '_sqlx_%'",
            Engine::Postgres => "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns
                WHERE table_schema = 'public' AND table_name NOT LIKE '_sqlx_%'",
        };
        let migrated: BTreeSet<(String, String)> = app.rows(text, params![]).await.into_iter().collect();
        let mut registered = BTreeSet::new();
        for table in TABLES {
            let personal = table.personal.iter().map(|column| column.name);
            for column in personal.chain(table.plain.iter().copied()) {
                assert!(registered.insert((table.name.to_owned(), column.to_owned())), "{}.{column} twice", table.name);
            }
        }
        for step in MIGRATIONS {
            let text = match app.engine {
                Engine::Sqlite => step.sqlite,
                Engine::Postgres => step.postgres,
            };
            for said in columns_said_not_personal(text) {
                assert!(registered.insert(said.clone()), "{said:?} twice");
            }
        }
        let missing: Vec<_> = migrated.difference(&registered).collect();
        let gone: Vec<_> = registered.difference(&migrated).collect();
        assert!(
            missing.is_empty() && gone.is_empty(),
            "neither in the registry nor marked `{NOT_PERSONAL}` in a migration: {missing:?}; not in the schema: {gone:?}"
        );
    }
}

/// Somebody who is customer, provider, invited, leaving and operator, with rows in every registered table. Returns the
/// browser and the account.
pub(crate) async fn everybody_at_once(app: &App) -> (Client, String) {
    let mut clinic = provider(app, "kari").await;
    let mut me = provider(app, "marit").await.client;
    let appointment = book_talk_and_pay(app, &mut clinic, &mut me).await;
    disagree(&mut me, &appointment).await;
    me.post(
        "/provider/hours",
        &[("action", "close"), ("date", "2026-12-24"), ("reason", "Jul")],
    )
    .await
    .expect(303);
    let invite = [("action", "add"), ("email", "marit@example.no")];
    clinic.client.post("/provider/members", &invite).await.expect(303);
    app.client()
        .post("/reset", &[("email", "marit@example.no")])
        .await
        .expect(200);
    let address = [("email", "ny@example.no"), ("password", PASSWORD)];
    me.post("/account/email", &address).await.expect(200);
    let account: String = app
        .rows(
            "SELECT id FROM account WHERE email_norm = 'marit@example.no'",
            params![],
        )
        .await
        .pop()
        .expect("one");
    let (consumer, provider): (String, String) = app
        .rows(
            "SELECT c.id, p.id FROM seat c JOIN seat p ON p.appointment_id = c.appointment_id AND p.role = 'provider'
             WHERE c.account_id = $1 AND c.role = 'consumer'",
            params![&account],
        )
        .await
        .pop()
        .expect("both have seats");
    insert_what_takes_more(app, &account, &consumer, &provider).await;
    keep_books(&mut me).await;
    (me, account)
}

/// Opens a dispute, hands a file in, and takes it back.
async fn disagree(me: &mut Client, appointment: &str) {
    let page = format!("/bookings/{appointment}/dispute");
    let complaint = [("action", "open"), ("body", "Lyden var borte i ti minutter.")];
    me.post(&page, &complaint).await.expect(303);
    let files = format!("{page}/files");
    hand_in(me, &files, None, "bilde.png", PIXEL).await.expect(303);
    me.post(&page, &[("action", "withdraw")]).await.expect(303);
}

/// What takes another program, another day or another role to come about.
async fn insert_what_takes_more(app: &App, account: &str, consumer: &str, provider: &str) {
    for (text, row) in [
        (
            "INSERT INTO registration (id, token_hash, visitor_hash, email, email_norm, password_hash, name, phone, location, locale,
                legal_version, notice_hash, terms_hash, next_path, created_us, expires_us)
             VALUES ('r', 'r', '', 'marit@example.no', 'marit@example.no', 'argon2id', 'Marit', '+4712345678', 'Bergen', 'nb', '1', '', '', '/', 1, 2)",
            params![],
        ),
        (
            "INSERT INTO hold_draft (hold_id, about, has_account, name, email, phone, place)
             SELECT MIN(h.id), 'Katten', 0, 'Marit', 'marit@example.no', '+4712345678', 'Bergen' FROM hold h WHERE h.account_id = $1",
            params![account],
        ),
        (
            "INSERT INTO refund (id, payment_id, currency, amount_minor, reason, state, asked_by, created_us, updated_us)
             SELECT 'rf', MIN(p.id), 'NOK', 1, 'Kulanse', 'waiting', '', 1, 1 FROM payment p JOIN hold h ON h.id = p.hold_id
             WHERE h.account_id = $1",
            params![account],
        ),
        (
            "INSERT INTO busy_block (id, member_id, start_us, end_us) SELECT 'b', m.id, 1, 2 FROM member m WHERE m.account_id = $1",
            params![account],
        ),
        (
            "INSERT INTO operator_record (id, at_us, operator_id, action, subject, reason) VALUES ('o', 1, $1, 'mail_seen', '', 'Ringte')",
            params![account],
        ),
        (
            "INSERT INTO operator_look (record_id, account_id, at_us, action, reason) VALUES ('o', $1, 1, 'mail_seen', 'Ringte')",
            params![account],
        ),
        (
            "INSERT INTO call_quality (call_id, seat_id, direction, source, from_seat_id, at_us, bitrate_bps, lost_permille, jitter_us, score_centi)
             SELECT s.appointment_id, s.id, 'received', 'camera', $2, 5, 1, 2, 3, 4 FROM seat s WHERE s.id = $1",
            params![consumer, provider],
        ),
        (
            "INSERT INTO call_extension (id, call_id, number, state, currency, amount_minor, cap_minor, asked_by, text_hash, locale, asked_us)
             SELECT 'x', s.appointment_id, 0, 'declined', 'NOK', 1, 1, s.account_id, 'h', 'nb', 1 FROM seat s WHERE s.id = $1",
            params![consumer],
        ),
    ] {
        assert_eq!(app.execute(text, row).await, 1, "{text}");
    }
    insert_invoice(app, account).await;
    keep_for_a_while(app, account).await;
}

/// An invoice with a payment and a reminder: here people pay by card.
async fn insert_invoice(app: &App, account: &str) {
    for (text, row) in [
        (
            "INSERT INTO invoice (payment_id, appointment_id, org_id, document_id, kid, account, currency, total_minor, open_minor, issued_us, due_us)
             SELECT p.id, d.appointment_id, d.org_id, d.id, '19', '12345678903', 'NOK', 1, 0, 1, 2
             FROM payment p JOIN document d ON d.appointment_id = p.appointment_id
             WHERE d.id = (SELECT MIN(e.id) FROM document e JOIN appointment a ON a.id = e.appointment_id WHERE a.consumer_id = $1)",
            params![account],
        ),
        (
            "INSERT INTO invoice_payment (id, payment_id, amount_minor, paid_on, noted_by, noted_us)
             SELECT 'ip', i.payment_id, 1, '2026-12-01', $1, 1 FROM invoice i",
            params![account],
        ),
        (
            "INSERT INTO invoice_reminder (payment_id, number, sent_us, due_us, fee_minor) SELECT i.payment_id, 1, 1, 2, 0 FROM invoice i",
            params![],
        ),
    ] {
        assert_eq!(app.execute(text, row).await, 1, "{text}");
    }
}

/// The tax details of the business, and a file of its books.
async fn keep_books(me: &mut Client) {
    me.post("/provider/tax", &crate::books::TAX).await.expect(303);
    me.post("/provider/time", &[]).await.expect(200);
}

/// A hold of the operator's that was lifted.
async fn keep_for_a_while(app: &App, account: &str) {
    let text =
        "INSERT INTO retention_hold (id, account_id, reason, placed_us, lifted_us) VALUES ('h', $1, 'Klage', 1, 2)";
    assert_eq!(app.execute(text, params![account]).await, 1);
    pay_out(app, account).await;
}

/// A file for the bank that the person made as an operator, and what it pays the person's own business.
async fn pay_out(app: &App, account: &str) {
    let file = "INSERT INTO payout_file (id, currency, made_by, made_us) VALUES ('pf', 'NOK', $1, 1)";
    assert_eq!(app.execute(file, params![account]).await, 1);
    let payout = "INSERT INTO payout (id, file_id, org_id, currency, amount_minor, account, name, created_us)
        SELECT 'po', 'pf', m.org_id, 'NOK', 1, '86011117947', 'Marit', 1 FROM member m WHERE m.account_id = $1 AND m.role = 'owner'";
    assert_eq!(app.execute(payout, params![account]).await, 1);
}

/// Puts something into every registered column of the account's rows, of which every table has some: a marker into texts,
/// a number where there was none.
pub(crate) async fn fill_every_column(app: &App, account: &str) {
    // What the database forbids to everybody is done here to see where the columns end.
    let thaw = match app.engine {
        Engine::Sqlite => "DROP TRIGGER document_is_final",
        Engine::Postgres => "DROP TRIGGER document_is_final ON document",
    };
    app.execute(thaw, params![]).await;
    for table in owned() {
        let rows = format!("SELECT COUNT(*) FROM {} WHERE {}", table.name, table.owner);
        let rows = app.number(Box::leak(rows.into_boxed_str()), params![account]).await;
        assert!(rows > 0, "no row of {}", table.name);
        for column in table.personal {
            let (value, only) = match column.kind.is_text() {
                true if column.name == "day" || column.name == "currency" => continue,
                true => (format!("'marker-{}-{}'", table.name, column.name), String::new()),
                false => ("1795420800000000".to_owned(), format!(" AND {} IS NULL", column.name)),
            };
            let text = format!(
                "UPDATE {} SET {} = {value} WHERE ({}){only}",
                table.name, column.name, table.owner
            );
            app.execute(Box::leak(text.into_boxed_str()), params![account]).await;
        }
    }
}

/// What a column holds in the rows of an account, as texts.
async fn values(app: &App, table: &Table, column: &str, account: &str) -> BTreeSet<String> {
    let text = format!(
        "SELECT COALESCE(CAST({column} AS TEXT), '') FROM {} WHERE {}",
        table.name, table.owner
    );
    app.rows(Box::leak(text.into_boxed_str()), params![account])
        .await
        .into_iter()
        .collect()
}

on_both! {
    /// S47: what every registered column holds is in the export, and every table is on the page.
    async fn the_export_holds_every_registered_column_and_the_page_every_table(app: App) {
        let (mut me, account) = everybody_at_once(app).await;
        fill_every_column(app, &account).await;
        let export = me.get("/account/export").await.expect(200).text();
        assert!(!export.contains("argon2id") && !export.contains("token_hash"), "secrets are not exported");
        let data: Value = serde_json::from_str(&export).expect("JSON");
        let page = me.get("/account/data").await.expect(200).text();
        for table in owned() {
            let rows = data["tables"][table.name].as_array().unwrap_or_else(|| panic!("no {}", table.name));
            for column in table.personal {
                let exported: BTreeSet<String> = rows
                    .iter()
                    .map(|row| match &row[column.name] {
                        Value::Null => String::new(),
                        Value::String(text) => text.clone(),
                        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
                    })
                    .collect();
                let stored = values(app, table, column.name, &account).await;
                assert!(!stored.contains(""), "{}.{} has no value", table.name, column.name);
                assert_eq!(exported, stored, "{}.{}", table.name, column.name);
                let marker = format!("marker-{}-{}", table.name, column.name);
                // What an operator did is told in words.
                let is_told = (table.name, column.name) == ("operator_look", "action");
                if column.kind == Kind::Text && stored.contains(&marker) && !is_told {
                    assert!(page.contains(&marker), "{marker} is not on the page");
                }
            }
        }
    }
}

on_both! {
    /// trial C5: the page was silent about what it left out, and the export ended at 10,000 rows.
    async fn c5_a_long_history_is_counted_on_the_page_and_whole_in_the_export(app: App) {
        let mut ola = consumer(app, "ola").await;
        let account: String = app.rows("SELECT id FROM account", params![]).await.pop().expect("one");
        app.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10100)
             INSERT INTO operator_record (id, at_us, operator_id, action, subject, reason)
             SELECT CAST(i AS TEXT), i, $1, 'mail_seen', '', 'Ringte' FROM n",
            params![account],
        )
        .await;
        ola.get("/account/data").await.expect(200).expect_text("Her er de 20 nyeste av 10100.");
        let export = ola.get("/account/export").await.expect(200).text();
        let data: Value = serde_json::from_str(&export).expect("JSON");
        let records = data["tables"]["operator_record"].as_array().expect("rows");
        let times: BTreeSet<i64> = records.iter().filter_map(|row| row["at_us"].as_i64()).collect();
        assert_eq!((records.len(), times.len()), (10_100, 10_100));
    }
}

on_both! {
    /// trial C5, F13: who is looked at can see it, with the reason.
    async fn c5_a_person_sees_when_operators_looked(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        desk.consumer.get("/account/data").await.expect(200).expect_text("Ingen i driften har åpnet noe om deg.");
        let mail: Vec<String> = app.rows("SELECT id FROM outbox WHERE recipient = 'c@example.no'", params![]).await;
        desk.operator.post(&format!("/operator/outbox/{}", mail[0]), &[("reason", "Fikk ikke lenken")]).await.expect(200);
        open(&mut desk.operator, &format!("/operator/appointments/{appointment}")).await;
        let find = [("action", "find"), ("q", "c@example.no"), ("reason", "Glemte passordet")];
        desk.operator.post("/operator/people", &find).await.expect(200);
        let about_consumer = ["Leste en e-post: Fikk ikke lenken", "Åpnet en bestilling: Ringte", "Søkte etter personer: Glemte passordet"];
        let about_provider = ["Åpnet en bestilling: Ringte"];
        // The mail is swept after ninety days, and the look is not.
        for days in [0, 100, 729] {
            app.set_now(crate::harness::START_US + days * DAY_US);
            app.execute("UPDATE session SET expires_us = $1", params![app.now() + DAY_US]).await;
            booking_core::jobs::round(&app.state).await;
            let mails = app.number("SELECT COUNT(*) FROM outbox WHERE id = $1", params![&mail[0]]).await;
            assert_eq!(mails, i64::from(days < 90));
            let consumer = desk.consumer.get("/account/data").await.expect(200).text();
            let provider = desk.provider.get("/account/data").await.expect(200).text();
            let export = desk.consumer.get("/account/export").await.expect(200).text();
            assert!(export.contains("Fikk ikke lenken") && export.contains("Glemte passordet"), "{export}");
            for (page, parts) in [(&consumer, about_consumer.as_slice()), (&provider, &about_provider)] {
                for part in parts {
                    assert!(page.contains(part), "no {part} after {days} days in {page}");
                }
            }
            assert!(!provider.contains("Glemte passordet"), "{provider}");
        }
        let other = desk.stranger.get("/account/data").await.expect(200).text();
        assert!(!other.contains("Fikk ikke lenken") && !other.contains("Ringte"), "{other}");
        app.set_now(crate::harness::START_US + 731 * DAY_US);
        booking_core::jobs::round(&app.state).await;
        assert_eq!(app.number("SELECT COUNT(*) FROM operator_look", params![]).await, 0);
    }
}
