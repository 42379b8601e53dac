//! What leaves by age: accounting records with their appointments, through a door that opens for nothing younger; and what
//! operators keep back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use booking_core::AppState;
use booking_core::base::config::Retention;
use booking_core::base::db::Sql;
use booking_core::base::vat::VatCode;
use booking_core::base::{Base, DAY_US, MINUTE_US, Micros};
use booking_core::documents::{self, DocumentKind, Paper, PaperLine, Party, VatLine};
use booking_core::params;
use booking_core::privacy::registry::TABLES;
use booking_core::privacy::retention::cases::PARTS;
use booking_core::privacy::retention::marks::HOW_TO_MARK;
use booking_core::privacy::retention::run::{self, Tally};

use crate::desk::{ACCEPTED, DECLINED, booked, submit_payment, talk};
use crate::erasure::book_talk_and_pay;
use crate::harness::{App, Client, Engine};
use crate::on_both;
use crate::walk::{PASSWORD, Provider, consumer, hold, provider, sign_in, tomorrow};

/// The beginning of 2032 in Oslo: five years after the end of the accounting year 2026.
const FIVE_YEARS_ON: Micros = 1_956_524_400_000_000;
const PAGE: &str = "/operator/retention";

/// The first operator, through the link of the server.
pub(crate) async fn operator(app: &App) -> Client {
    let link = booking_core::accounts::operator_setup_link(&app.state).await;
    let link = link.expect("it works").expect("none yet");
    let mut client = app.client();
    let form = [("name", "Drift"), ("email", "drift@example.no"), ("password", PASSWORD)];
    let path = link.strip_prefix("http://localhost:8080").expect("ours");
    client.post(path, &form).await.expect(303);
    client
}

async fn jobs(app: &App) {
    booking_core::jobs::round(&app.state).await;
}

async fn report(app: &App) -> Tally {
    run::dry_run(&app.state).await.expect("it counts")
}

/// Rows by table.
fn rows(tally: &Tally) -> BTreeMap<&str, i64> {
    tally
        .lines
        .iter()
        .map(|(table, line)| (table.as_str(), line.rows))
        .collect()
}

async fn count(app: &App, table: &str) -> i64 {
    let text = format!("SELECT COUNT(*) FROM {table}");
    app.number(Box::leak(text.into_boxed_str()), params![]).await
}

/// What is on record of the newest run of a kind: rows by table.
async fn recorded(app: &App, kind: &str) -> BTreeMap<String, i64> {
    let lines: Vec<(String, i64)> = app
        .rows(
            "SELECT l.table_name, l.entries FROM retention_line l JOIN retention_run r ON r.id = l.run_id
             WHERE r.id = (SELECT n.id FROM retention_run n WHERE n.kind = $1 ORDER BY n.as_of_us DESC LIMIT 1)",
            params![kind],
        )
        .await;
    lines.into_iter().collect()
}

/// Documents of appointments. A business also gets a statement of each month, as soon as the jobs run in the next one.
const SOLD: &str = "document WHERE kind <> 'payout_statement'";

/// Names of the files of documents in the store, but for statements.
async fn files(app: &App) -> BTreeSet<String> {
    let statements = "SELECT path FROM document WHERE kind = 'payout_statement'";
    let statements: Vec<String> = app.rows(statements, params![]).await;
    let folder = app.state.config.data_dir.join("documents");
    let entries = std::fs::read_dir(folder).expect("documents were stored");
    let names = entries.map(|entry| entry.expect("readable").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names
        .filter(|name| !statements.iter().any(|path| path.ends_with(name.as_str())))
        .collect()
}

/// Books and pays at so many minutes after tomorrow's ten, with a card that is declined first, talks, and lets the jobs settle it.
async fn book_again(app: &App, clinic: &Provider, who: &mut Client, minutes: i64) -> String {
    let start = tomorrow(app, minutes);
    let page = hold(who, &clinic.service, start).await;
    who.post(&page, &[("about", "Hunden halter")]).await.expect(303);
    let id = page.trim_start_matches("/book/").to_owned();
    submit_payment(who, &id, DECLINED).await.expect(422);
    let appointment = booked(&submit_payment(who, &id, ACCEPTED).await);
    talk(app, &appointment, start, 12 * MINUTE_US).await;
    jobs(app).await;
    jobs(app).await;
    appointment
}

/// Two years of one customer: a finished appointment of 2026 after a declined card, and one of 2027.
async fn two_years(app: &App) -> (Provider, Client, [String; 2]) {
    let mut clinic = provider(app, "kari").await;
    let mut marit = consumer(app, "marit").await;
    let first = book_again(app, &clinic, &mut marit, 0).await;
    app.advance(60 * DAY_US);
    sign_in(&mut clinic.client, "kari").await;
    sign_in(&mut marit, "marit").await;
    let start = app.now() - app.now() % DAY_US + DAY_US + 9 * 60 * MINUTE_US;
    let page = hold(&mut marit, &clinic.service, start).await;
    marit.post(&page, &[("about", "Igjen")]).await.expect(303);
    let second = booked(&submit_payment(&mut marit, page.trim_start_matches("/book/"), ACCEPTED).await);
    talk(app, &second, start, 12 * MINUTE_US).await;
    jobs(app).await;
    jobs(app).await;
    (clinic, marit, [first, second])
}

on_both! {
    /// S50: to the microsecond, where the seller is.
    async fn s50_accounting_records_leave_five_years_after_the_end_of_their_year(app: App) {
        two_years(app).await;
        app.set_now(FIVE_YEARS_ON - 1);
        assert_eq!(rows(&report(app).await).get("document"), None);
        app.set_now(FIVE_YEARS_ON);
        let found = report(app).await;
        let expected = BTreeMap::from([
            ("appointment", 1), ("appointment_event", 7), ("call", 1), ("call_attendance", 2), ("call_segment", 2),
            ("charge", 1), ("document", 1), ("hold", 1), ("ledger_entry", 9), ("ledger_tx", 3), ("payment", 2), ("outbox", 3), ("reservation", 3),
            ("payment_op", 3), ("seat", 2), ("withdrawal_request", 1),
        ]);
        assert_eq!(rows(&found), expected);
        let line = found.lines["document"];
        assert!(line.oldest == line.newest && line.oldest.is_some_and(|at| at < 1_798_758_000_000_000), "{line:?}");
        // A country that wants ten years.
        let longer = longer(&app.state, 10);
        assert_eq!(run::dry_run(&longer).await.expect("it counts").lines.get("document"), None);
    }
}

fn longer(state: &AppState, accounting_years: i64) -> AppState {
    let mut config = (*state.config).clone();
    config.retention = Retention {
        accounting_years,
        ..config.retention
    };
    let base = Base {
        config: Arc::new(config),
        ..state.base.clone()
    };
    AppState { base, ..state.clone() }
}

on_both! {
    /// S50, S46: what was reported a day before is deleted and nothing else, with its files; the rest is whole.
    async fn s50_what_a_report_had_is_deleted_a_day_later(app: App) {
        let mut drift = operator(app).await;
        let (_, mut marit, [first, second]) = two_years(app).await;
        let before = files(app).await;
        assert_eq!(before.len(), 2);
        app.set_now(FIVE_YEARS_ON);
        jobs(app).await;
        let reported = recorded(app, "dry").await;
        assert_eq!(reported.get("document"), Some(&1), "{reported:?}");
        // Without the operator's word nothing is deleted, however old the report.
        app.advance(3 * DAY_US);
        jobs(app).await;
        assert_eq!(count(app, SOLD).await, 2);
        drift.ip = [198, 51, 100, 7];
        sign_in(&mut drift, "drift").await;
        drift.get("/operator").await.expect(200).expect_text("ingen har satt i gang slettingen");
        drift.get(PAGE).await.expect(200).expect_text("Posteringer i hovedboken").expect_text("Ingenting slettes ennå.");
        let notice = app.client().get("/notice").await.expect(200).text();
        let notice: Vec<&str> = notice.split_whitespace().collect();
        let promise = "5 år etter slutten av året de hører til, fordi bokføringsloven krever det, og så slettes de";
        assert!(notice.join(" ").contains(promise), "{notice:?}");
        drift.post(PAGE, &[("action", "approve")]).await.expect(303);
        drift.get(PAGE).await.expect(200).expect_text("Det slettes hver dag");
        let front = drift.get("/operator").await.expect(200).text();
        assert!(!front.contains("ingen har satt i gang slettingen"), "{front}");
        assert_eq!(count(app, SOLD).await, 2, "the page itself deletes nothing");
        jobs(app).await;
        assert_eq!(recorded(app, "real").await, reported);
        for table in [SOLD, "appointment", "charge", "call"] {
            assert_eq!(count(app, table).await, 1, "{table}");
        }
        let left: Vec<String> = app.rows("SELECT id FROM appointment", params![]).await;
        assert_eq!(left, std::slice::from_ref(&second));
        let sums: Vec<i64> = app.rows("SELECT CAST(SUM(amount_minor) AS BIGINT) FROM ledger_entry GROUP BY tx_id", params![]).await;
        assert!(sums.len() == 3 && sums.iter().all(|sum| *sum == 0), "{sums:?}");
        let after = files(app).await;
        assert!(after.len() == 1 && after.is_subset(&before), "{after:?}");
        assert_eq!((count(app, "retention_file").await, count(app, "retention_door").await), (0, 0));
        sign_in(&mut marit, "marit").await;
        marit.get(&format!("/bookings/{first}")).await.expect(404);
        crate::desk::receipt(&mut marit, &second).await;
        drift.get(PAGE).await.expect(200).expect_text("Ferdig");
        // Done is done: the next days find nothing.
        app.advance(2 * DAY_US);
        jobs(app).await;
        assert_eq!(count(app, SOLD).await, 1);
    }
}

on_both! {
    /// S50: whoever looks at the report every day has a day to say no.
    async fn s50_no_report_is_carried_out_before_it_is_a_day_old(app: App) {
        let mut drift = operator(app).await;
        drift.post(PAGE, &[("action", "approve")]).await.expect(303);
        two_years(app).await;
        app.set_now(FIVE_YEARS_ON);
        jobs(app).await;
        app.advance(DAY_US - 1);
        jobs(app).await;
        assert_eq!(count(app, SOLD).await, 2);
        app.advance(1);
        jobs(app).await;
        assert_eq!(count(app, SOLD).await, 1);
        drift.ip = [198, 51, 100, 8];
        sign_in(&mut drift, "drift").await;
        drift.post(PAGE, &[("action", "stop")]).await.expect(303);
        drift.get(PAGE).await.expect(200).expect_text("Ingenting slettes ennå.");
        app.set_now(FIVE_YEARS_ON + 400 * DAY_US);
        jobs(app).await;
        app.advance(2 * DAY_US);
        jobs(app).await;
        assert_eq!(count(app, SOLD).await, 1, "the appointment of 2027 is reported and stays");
    }
}

/// What the database says to a statement within a transaction that begins with others.
async fn refused(app: &App, before: &[&'static str], text: &'static str) -> String {
    let mut tx = app.state.db.write().await.expect("a connection");
    for text in before {
        tx.execute(Sql { name: "test", text }, params![])
            .await
            .expect("it runs");
    }
    match tx.execute(Sql { name: "test", text }, params![]).await {
        Ok(_) => tx
            .commit()
            .await
            .map_or_else(|error| format!("{error:?}"), |()| "done".to_owned()),
        Err(error) => format!("{error:?}"),
    }
}

on_both! {
    /// S50: the ledger and the measured time are deleted by nobody else, and not before their time by the job.
    async fn s50_the_door_opens_for_nothing_young(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut marit = consumer(app, "marit").await;
        book_talk_and_pay(app, &mut clinic, &mut marit).await;
        let oldest = app.number("SELECT MIN(created_us) FROM ledger_tx", params![]).await;
        let door = |cut: i64| -> &'static str {
            Box::leak(format!("INSERT INTO retention_door (id, cut_us, shut) VALUES (1, {cut}, 2)").into_boxed_str())
        };
        let (wide, narrow) = (door(i64::MAX), door(oldest));
        let entries_gone = [wide, ENTRIES, SHUT];
        for (before, deletion, why) in [
            (&[][..], ENTRIES, "append-only"),
            (&[narrow], ENTRIES, "append-only"),
            (&entries_gone, TRANSACTIONS, "append-only"),
            (&[wide, ENTRIES, SHUT, narrow], TRANSACTIONS, "append-only"),
            (&[], SEGMENTS, "never deleted"),
            (&[narrow], SEGMENTS, "never deleted"),
            (&[wide], "UPDATE ledger_tx SET kind = 'charged'", "append-only"),
            (&[wide], "UPDATE ledger_entry SET line = line", "append-only"),
            // A door that is left open, and one that is open already.
            (&[wide], SEGMENTS, "commit"),
            (&[wide], narrow, "nique"),
        ] {
            let answer = refused(app, before, deletion).await;
            assert!(answer.contains(why), "{before:?} {deletion}: {answer}");
        }
        assert_eq!((count(app, "ledger_entry").await, count(app, "call_segment").await), (9, 2));
        assert_eq!(refused(app, &[wide, ENTRIES, TRANSACTIONS, SEGMENTS], SHUT).await, "done");
        assert_eq!((count(app, "ledger_entry").await, count(app, "call_segment").await), (0, 0));
    }
}

const ENTRIES: &str = "DELETE FROM ledger_entry";
const TRANSACTIONS: &str = "DELETE FROM ledger_tx";
const SEGMENTS: &str = "DELETE FROM call_segment";
const SHUT: &str = "DELETE FROM retention_door";

/// Every key of the schema: table, column, and the table that it refers to.
async fn keys(app: &App) -> Vec<(String, String, String)> {
    let text = match app.engine {
        Engine::Sqlite => {
            "SELECT m.name, f.\"from\", f.\"table\" FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'"
        }
        Engine::Postgres => {
            "SELECT CAST(c.conrelid::regclass AS TEXT), CAST(a.attname AS TEXT), CAST(c.confrelid::regclass AS TEXT)
             FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE c.contype = 'f'"
        }
    };
    app.rows(text, params![]).await
}

/// Tables and columns that an index begins with.
async fn indexed(app: &App) -> BTreeSet<(String, String)> {
    let text = match app.engine {
        Engine::Sqlite => {
            "SELECT m.name, i.name FROM sqlite_master m, pragma_index_list(m.name) l, pragma_index_info(l.name) i
             WHERE m.type = 'table' AND i.seqno = 0 AND l.partial = 0"
        }
        Engine::Postgres => {
            "SELECT CAST(x.indrelid::regclass AS TEXT), CAST(a.attname AS TEXT) FROM pg_index x
             JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0] WHERE x.indpred IS NULL"
        }
    };
    app.rows(text, params![]).await.into_iter().collect()
}

on_both! {
    /// A table that somebody adds and that hangs on a case is in the list, before what it hangs on, and is found by an index.
    async fn every_key_into_a_case_is_known_to_the_job(app: App) {
        let order: Vec<&str> = PARTS.iter().map(|part| part.table).chain(["hold"]).collect();
        let indexed = indexed(app).await;
        let mut findings = Vec::new();
        for (table, column, target) in keys(app).await {
            // What is deleted last must come after the last of its children.
            let Some(parent) = order.iter().rposition(|name| *name == target) else { continue };
            match order.iter().rposition(|name| *name == table) {
                None => findings.push(format!("{table}.{column} references {target}, and {table} is in no case: {HOW_TO_MARK}")),
                Some(child) if child > parent => findings.push(format!("{table} must stand before {target} in PARTS")),
                Some(_) => {}
            }
            if !indexed.contains(&(table.clone(), column.clone())) {
                findings.push(format!("no index begins with {table}.{column}: every deletion from {target} reads all of {table}"));
            }
        }
        assert!(findings.is_empty(), "{}", findings.join("\n"));
        assert!(order.len() > 15, "the keys were looked for: {order:?}");
    }
}

on_both! {
    /// S46: reservation history is deleted by the person, by the policy, and not while an operator keeps it.
    async fn s46_history_leaves_by_the_person_and_by_the_policy(app: App) {
        let mut drift = operator(app).await;
        let (_, mut marit, [first, _]) = two_years(app).await;
        let about = "SELECT COUNT(*) FROM appointment WHERE about <> ''";
        assert_eq!(app.number(about, params![]).await, 2);
        drift.ip = [198, 51, 100, 9];
        sign_in(&mut drift, "drift").await;
        let wrong = [("action", "keep"), ("subject", "nobody@example.no"), ("reason", "Klage 12")];
        drift.post(PAGE, &wrong).await.expect(422).expect_text("Skriv e-posten til en konto");
        let keep = [("action", "keep"), ("subject", "marit@example.no"), ("reason", "Klage 12")];
        drift.post(PAGE, &keep).await.expect(303);
        marit.get("/account/data").await.expect(200).expect_text("Klage 12").expect_text("Holdt noe tilbake fra sletting");
        marit.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        app.advance(8 * DAY_US);
        jobs(app).await;
        assert_eq!(app.number(about, params![]).await, 2, "a case goes on");
        let page = drift.get(PAGE).await.expect(200).expect_text("marit@example.no").expect_text("Klage 12").text();
        let id = page.split("name=\"id\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a hold");
        drift.post(PAGE, &[("action", "lift"), ("id", id)]).await.expect(303);
        drift.post(PAGE, &[("action", "lift"), ("id", id)]).await.expect(404);
        jobs(app).await;
        assert_eq!(app.number(about, params![]).await, 0, "what she wrote is gone");
        drift.get(&format!("/operator/appointments/{first}")).await.expect(200);
        app.set_now(FIVE_YEARS_ON);
        assert_eq!(report(app).await.lines["appointment"].rows, 1);
    }
}

on_both! {
    /// S50: what an operator keeps is reported and stays, and a report from while it was kept does not take it afterwards.
    async fn s50_what_is_kept_back_stays_and_is_reported(app: App) {
        let mut drift = operator(app).await;
        drift.post(PAGE, &[("action", "approve")]).await.expect(303);
        let (.., [first, _]) = two_years(app).await;
        app.set_now(FIVE_YEARS_ON - DAY_US);
        drift.ip = [198, 51, 100, 10];
        sign_in(&mut drift, "drift").await;
        let subject = format!("http://localhost:8080/operator/appointments/{first}");
        drift.post(PAGE, &[("action", "keep"), ("subject", &subject), ("reason", "Sak 7")]).await.expect(303);
        app.set_now(FIVE_YEARS_ON);
        jobs(app).await;
        drift.get(PAGE).await.expect(200).expect_text("1 time, fordi noen i driften holder den tilbake").expect_text("Sak 7");
        assert_eq!(recorded(app, "dry").await.get("document"), None);
        let id: String = app.rows("SELECT id FROM retention_hold", params![]).await.remove(0);
        drift.post(PAGE, &[("action", "lift"), ("id", &id)]).await.expect(303);
        app.advance(DAY_US);
        jobs(app).await;
        assert_eq!(count(app, SOLD).await, 2, "the report of yesterday had none of it");
        assert_eq!(recorded(app, "dry").await.get("document"), Some(&1));
        app.advance(DAY_US);
        jobs(app).await;
        assert_eq!((count(app, SOLD).await, count(app, "retention_hold").await), (1, 0));
    }
}

on_both! {
    /// S50: a payment without an appointment has its own five years.
    async fn s50_payments_that_nothing_came_of_leave_too(app: App) {
        let clinic = provider(app, "kari").await;
        let mut ola = consumer(app, "ola").await;
        let page = hold(&mut ola, &clinic.service, tomorrow(app, 0)).await;
        ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
        submit_payment(&mut ola, page.trim_start_matches("/book/"), DECLINED).await.expect(422);
        app.advance(DAY_US);
        jobs(app).await;
        app.set_now(FIVE_YEARS_ON - 1);
        assert_eq!(rows(&report(app).await).get("payment"), None);
        app.set_now(FIVE_YEARS_ON);
        assert_eq!(rows(&report(app).await), BTreeMap::from([("payment", 1), ("payment_op", 1)]));
        app.execute("UPDATE retention_switch SET approved_us = 1", params![]).await;
        jobs(app).await;
        app.advance(DAY_US);
        jobs(app).await;
        assert_eq!((count(app, "payment").await, count(app, "hold").await), (0, 1));
        // The hold is free to leave by the next report.
        app.advance(DAY_US);
        jobs(app).await;
        assert_eq!((count(app, "hold").await, count(app, "withdrawal_request").await), (0, 0));
    }
}

/// So many more of every row of a table. A value that is named is made from the row `x` and the number `n.i`.
async fn copy_rows(app: &App, name: &str, times: i64, values: &[(&str, &str)]) {
    let table = TABLES
        .iter()
        .find(|table| table.name == name)
        .expect("it is registered");
    let personal = table.personal.iter().map(|column| column.name);
    let columns: Vec<&str> = personal.chain(table.plain.iter().copied()).collect();
    let values: Vec<String> = columns
        .iter()
        .map(|column| match values.iter().find(|(name, _)| name == column) {
            Some((_, value)) => (*value).to_owned(),
            None => format!("x.{column}"),
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

/// Sixty finished appointments with a receipt each, and its file.
async fn sixty(app: &App) {
    let mut clinic = provider(app, "kari").await;
    let mut marit = consumer(app, "marit").await;
    book_talk_and_pay(app, &mut clinic, &mut marit).await;
    jobs(app).await;
    let id = ("id", "x.id || '-' || n.i");
    copy_rows(app, "hold", 59, &[id]).await;
    copy_rows(app, "appointment", 59, &[id, ("hold_id", "x.hold_id || '-' || n.i")]).await;
    let document = [
        id,
        ("appointment_id", "x.appointment_id || '-' || n.i"),
        ("number", "x.number + n.i"),
        ("cause", "x.cause || '-' || n.i"),
        // The payment is the first one's, and leaves with it.
        ("payment_id", "CAST(NULL AS TEXT)"),
        ("path", "REPLACE(x.path, '.pdf', '-' || n.i || '.pdf')"),
    ];
    copy_rows(app, "document", 59, &document).await;
    let paths: Vec<String> = app.rows("SELECT path FROM document ORDER BY path", params![]).await;
    let folder = &app.state.config.data_dir;
    let issued = paths
        .iter()
        .find(|path| folder.join(path).exists())
        .expect("one was issued");
    for path in paths.iter().filter(|path| *path != issued) {
        std::fs::copy(folder.join(issued), folder.join(path)).expect("the folder is ours");
    }
}

on_both! {
    /// S50: a run that is stopped between two of its stretches, or between a file and its row, goes on where it was.
    async fn s50_a_run_that_is_stopped_goes_on(app: App) {
        let mut drift = operator(app).await;
        drift.post(PAGE, &[("action", "approve")]).await.expect(303);
        sixty(app).await;
        app.set_now(FIVE_YEARS_ON);
        jobs(app).await;
        let reported = recorded(app, "dry").await;
        assert_eq!((reported["document"], reported["hold"], files(app).await.len()), (60, 60, 60));
        // The store refuses one file: as little as a process that dies there do the others of its stretch lose their rows.
        let fortieth: (String, String) = app
            .rows("SELECT path, appointment_id FROM document ORDER BY appointment_id LIMIT 1 OFFSET 39", params![])
            .await
            .remove(0);
        let stuck = app.state.config.data_dir.join(&fortieth.0);
        std::fs::remove_file(&stuck).expect("it is there");
        std::fs::create_dir_all(stuck.join("full")).expect("the folder is ours");
        app.advance(DAY_US);
        jobs(app).await;
        let left = count(app, SOLD).await;
        assert!((21..60).contains(&left), "{left}");
        assert_eq!(count(app, "appointment").await, left);
        assert!(count(app, "retention_file").await > 0, "what is on its way is on record");
        // What is on its way can no longer be kept back.
        drift.ip = [198, 51, 100, 11];
        sign_in(&mut drift, "drift").await;
        let keep = [("action", "keep"), ("subject", fortieth.1.as_str()), ("reason", "Sak 8")];
        drift.post(PAGE, &keep).await.expect(422).expect_text("Dette blir slettet akkurat nå");
        drift.get(PAGE).await.expect(200).expect_text("Pågår");
        std::fs::remove_dir_all(&stuck).expect("the folder is ours");
        jobs(app).await;
        assert_eq!(recorded(app, "real").await, reported);
        assert_eq!((count(app, SOLD).await, count(app, "retention_file").await, files(app).await.len()), (0, 0, 0));
    }
}

/// What the platform takes of a business, as it is issued for a month.
fn commission() -> Paper {
    Paper {
        kind: DocumentKind::CommissionInvoice,
        number: String::new(),
        issued_at: 0,
        locale: web::Locale::Nb,
        time_zone: "Europe/Oslo".to_owned(),
        currency: "NOK".to_owned(),
        facts: Vec::new(),
        seller: Party::default(),
        buyer: Party::default(),
        lines: vec![PaperLine {
            text: vec!["Provisjon".to_owned()],
            amount_minor: 1_250,
        }],
        vat: vec![VatLine {
            code: VatCode::Standard,
            rate_bp: 2_500,
            net_minor: 1_000,
            vat_minor: 250,
            gross_minor: 1_250,
        }],
        payment_heading: String::new(),
        payment: Vec::new(),
        notes: Vec::new(),
        test: true,
    }
}

on_both! {
    /// S50: a document that hangs on no appointment has its five years, too, and its file goes with it.
    async fn s50_documents_of_no_appointment_leave_too(app: App) {
        provider(app, "kari").await;
        let org: String = app.rows("SELECT id FROM org", params![]).await.remove(0);
        for cause in ["commission:2026-11", "commission:2026-12"] {
            let mut tx = app.state.db.write().await.expect("a connection");
            let new = documents::New {
                org_id: &org,
                appointment_id: None,
                payment_id: None,
                cause,
                refers_to: None,
                paper: commission(),
            };
            documents::issue_document(&app.state, &mut tx, new).await.expect("it adds up");
            tx.commit().await.expect("it commits");
            app.advance(60 * DAY_US);
        }
        jobs(app).await;
        assert_eq!(files(app).await.len(), 2);
        app.execute("UPDATE retention_switch SET approved_us = 1", params![]).await;
        app.set_now(FIVE_YEARS_ON - 1);
        assert_eq!(rows(&report(app).await).get("document"), None);
        app.set_now(FIVE_YEARS_ON);
        jobs(app).await;
        assert_eq!(recorded(app, "dry").await.get("document"), Some(&1));
        app.advance(DAY_US);
        jobs(app).await;
        assert_eq!((count(app, SOLD).await, files(app).await.len()), (1, 1));
        let left: Vec<String> = app.rows("SELECT cause FROM document", params![]).await;
        assert_eq!(left, ["commission:2026-12"]);
    }
}
