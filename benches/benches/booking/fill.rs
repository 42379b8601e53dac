//! Finished appointments of long ago, with every record that a paid call leaves behind.

use std::path::Path;

use booking_core::base::Micros;
use booking_core::{AppState, params};

use super::booking::write;

/// Customers whose appointments they are.
const CUSTOMERS: i64 = 1_000;
/// Appointments of one statement.
const BATCH: i64 = 20_000;

/// A number as the end of an id that is as long as a UUID and sorts like one, the oldest first.
macro_rules! id {
    ($kind:literal) => {
        concat!("'01900000-0000-7000-8", $kind, "-' || CAST(100000000000 + n.i AS TEXT)")
    };
    ($kind:literal, $times:literal) => {
        concat!(
            "'01900000-0000-7000-8",
            $kind,
            "-' || CAST(100000000000 + n.i * ",
            $times,
            " + k.j AS TEXT)"
        )
    };
}

/// `INSERT … SELECT … FROM n, k`, where `n.i` goes from `$1` to `$2` and `k.j` from 0 to before `times`.
macro_rules! for_each {
    ($into:literal, times $times:literal, $select:expr) => {
        concat!(
            "INSERT INTO ",
            $into,
            " WITH RECURSIVE n(i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT n.i + 1 FROM n WHERE n.i < $2),
                k(j) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT k.j + 1 FROM k WHERE k.j + 1 < ",
            $times,
            ")
              SELECT ",
            $select,
            " FROM n, k"
        )
    };
}

/// What an appointment consists of; `$3` is its time.
const DATED: &[&str] = &[
    for_each!("hold (id, visitor_hash, account_id, contact_email, org_id, service_id, member_id, start_us, end_us, cell_first, cell_end,
            time_zone, title, price_terms, policy, about, state, created_us, expires_us, network_hash)", times 1,
        concat!(id!("abc"), ", '', 'old' || CAST(n.i % 1000 AS TEXT), '', 'large', 'large', 'large0', $3, $3, 0, 0,
            'Europe/Oslo', 'Videotime', '{\"currency\":\"NOK\"}', '{}', '', 'confirmed', $3, $3, ''")),
    for_each!("withdrawal_request (hold_id, account_id, version, text_hash, locale, accepted_us)", times 1,
        concat!(id!("abc"), ", 'old' || CAST(n.i % 1000 AS TEXT), '1', 'hash', 'nb', $3")),
    for_each!("appointment (id, hold_id, org_id, service_id, member_id, consumer_id, start_us, end_us, time_zone, title,
            price_terms, policy, about, status, created_us)", times 1,
        concat!(id!("aaa"), ", ", id!("abc"), ", 'large', 'large', 'large0', 'old' || CAST(n.i % 1000 AS TEXT), $3, $3,
            'Europe/Oslo', 'Videotime', '{\"currency\":\"NOK\"}', '{}', 'Hunden halter', 'completed', $3")),
    for_each!("appointment_event (appointment_id, seq, kind, actor, at_us, data)", times 7,
        concat!(id!("aaa"), ", k.j, 'booked', 'system', $3, '{}'")),
    for_each!("call (id, opens_us, starts_us, ends_us, ended_us, created_us)", times 1,
        concat!(id!("aaa"), ", $3, $3, $3, $3, $3")),
    for_each!("call_attendance (call_id, seat_id, arrived_us, admitted_us)", times 2,
        concat!(id!("aaa"), ", ", id!("bbb", 2), ", $3, $3")),
    for_each!("call_segment (call_id, seat_id, seq, node, started_us, last_seen_us, ended_us, end_reason)", times 2,
        concat!(id!("aaa"), ", ", id!("bbb", 2), ", 0, 'main', $3, $3, $3, 'left'")),
    for_each!("charge (call_id, outcome, billable_us, amount_minor, vat_bp, vat_minor, currency, created_us)", times 1,
        concat!(id!("aaa"), ", 'held', 1, 12500, 2500, 2500, 'NOK', $3")),
    for_each!("payment (id, hold_id, attempt, appointment_id, psp, method_token, method_brand, method_last4, currency, amount_minor,
            state, authorised_minor, captured_minor, reference, created_us, updated_us)", times 1,
        concat!(id!("ccc"), ", ", id!("abc"), ", 0, ", id!("aaa"), ", 'test', 'accepted', 'TEST Visa', '4242', 'NOK', 45000,
            'captured', 45000, 12500, 'test_' || CAST(n.i AS TEXT), $3, $3")),
    for_each!("payment_op (id, payment_id, kind, seq, amount_minor, state, next_try_us, created_us, done_us)", times 2,
        concat!(id!("ddd", 2), ", ", id!("ccc"), ", CASE k.j WHEN 0 THEN 'authorise' ELSE 'capture' END, 0, 1, 'done', 0, $3, $3")),
    for_each!("ledger_tx (id, posting_key, kind, org_id, appointment_id, payment_id, currency, created_us)", times 3,
        concat!(id!("eee", 3), ", ", id!("eee", 3), ", 'charged', 'large', CASE k.j WHEN 0 THEN NULL ELSE ", id!("aaa"), " END, ",
            id!("ccc"), ", 'NOK', $3")),
    for_each!("document (id, org_id, appointment_id, kind, year, number, locale, content, total_minor, currency, sha256, path, unstored,
            issued_us, seller_id, cause, vat_minor)", times 1,
        concat!(id!("fff"), ", 'large', ", id!("aaa"), ", 'receipt', 2019, n.i, 'nb', '{\"number\":\"2019-1\"}', 12500, 'NOK', 'hash',
            'documents/' || CAST(100000000000 + n.i AS TEXT) || '.pdf', NULL, $3, 'large', 'large:' || CAST(n.i AS TEXT), 2500")),
];

/// The same without a time of its own, in their place among the others: after the one of that number.
const UNDATED: &[(usize, &str)] = &[
    (
        0,
        for_each!("reservation (member_id, cell, hold_id)", times 3, concat!("'large0', -1 - n.i * 3 - k.j, ", id!("abc"))),
    ),
    (
        2,
        for_each!("seat (id, appointment_id, role, account_id)", times 2,
        concat!(id!("bbb", 2), ", ", id!("aaa"), ", CASE k.j WHEN 0 THEN 'consumer' ELSE 'provider' END,
            CASE k.j WHEN 0 THEN 'old' || CAST(n.i % 1000 AS TEXT) ELSE 'large0' END")),
    ),
    (
        10,
        for_each!("ledger_entry (tx_id, line, account, amount_minor)", times 9,
        concat!("'01900000-0000-7000-8eee-' || CAST(100000000000 + n.i * 3 + k.j / 3 AS TEXT), k.j % 3, 'psp_clearing',
            CASE k.j % 3 WHEN 0 THEN 2 ELSE -1 END")),
    ),
];

/// A business that is open day and night, with so many members and a free service of a quarter of an hour.
pub(crate) async fn fill_business(state: &AppState, members: i64) {
    for statement in [
        "INSERT INTO org (id, slug, name, orgno, category, headline, description, address, postcode, town,
             lat_e6, lon_e6, email, phone, time_zone, status, folded, created_us)
         VALUES ('large', 'large', 'Large', '', 'vet', '', '', '', '', 'Bergen', 60390000, 5320000, '', '',
             'Europe/Oslo', 'active', 'large', 1)",
        "INSERT INTO service (id, org_id, title, description, duration_min, buffer_before_min, buffer_after_min,
             step_min, notice_min, window_days, open_max, price_terms, created_us)
         VALUES ('large', 'large', 'Video', '', 15, 0, 0, 15, 0, 90, 30, '{\"currency\":\"NOK\",\"model\":\"free\"}', 1)",
    ] {
        write(state, statement, params![]).await;
    }
    for member in 0..members {
        fill_member(state, &format!("large{member}")).await;
    }
}

/// Fills the database and the folder of files with appointments of so long ago.
pub(crate) async fn fill(state: &AppState, folder: &Path, appointments: i64, ago: Micros) {
    for number in 0..CUSTOMERS {
        fill_account(state, &format!("old{number}")).await;
    }
    let documents = folder.join("documents");
    std::fs::create_dir_all(&documents).expect("the folder takes a folder");
    let at = state.now() - ago;
    let mut from = 0;
    while from < appointments {
        let to = (from + BATCH).min(appointments) - 1;
        for (number, dated) in DATED.iter().enumerate() {
            write(state, dated, params![from, to, at]).await;
            for (_, undated) in UNDATED.iter().filter(|(after, _)| *after == number) {
                write(state, undated, params![from, to]).await;
            }
        }
        for number in from..=to {
            let file = documents.join(format!("{}.pdf", 100_000_000_000 + number));
            std::fs::write(file, b"%PDF").expect("the folder takes a file");
        }
        from = to + 1;
    }
}

pub(crate) async fn fill_account(state: &AppState, id: &str) {
    let account =
        "INSERT INTO account (id, email, email_norm, email_verified_us, name, phone, location, locale, is_operator,
             created_us)
         VALUES ($1, $1, $1, 1, 'Kari Nordli', '', '', 'nb', 0, 1)";
    write(state, account, params![id]).await;
}

async fn fill_member(state: &AppState, id: &str) {
    fill_account(state, id).await;
    for statement in [
        "INSERT INTO member (id, org_id, account_id, role, title, created_us) VALUES ($1, 'large', $1, 'staff', '', 1)",
        "INSERT INTO service_member (service_id, member_id) VALUES ('large', $1)",
        "INSERT INTO weekly_rule (member_id, weekday, start_min, end_min)
         WITH RECURSIVE d (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM d WHERE n < 7) SELECT $1, n, 0, 1440 FROM d",
    ] {
        write(state, statement, params![id]).await;
    }
}
