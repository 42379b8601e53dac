//! The one registry of personal columns: it drives the export, the page "my data", the erasure, and a test that fails when
//! a migration adds a column that is not listed here.

use serde_json::{Map, Value, json};
use texts::{Locale, format, t};

use crate::base::DEFAULT_ZONE;
use crate::base::Result;
use crate::base::db::{DbError, Row, Sql, Tx};
use crate::{params, statements};

/// A table's worth of what we know about a person, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSection {
    pub title: String,
    /// Why we have it.
    pub reason: String,
    pub rows: Vec<DataRow>,
}

/// One thing that we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRow {
    pub label: String,
    pub value: String,
}

/// Who else can see some of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataReader {
    pub who: String,
    pub what: String,
}

/// What a personal column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A number, or a time in UTC microseconds where the name ends in `_us`.
    Int,
}

/// A personal column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
}

/// What becomes of a person's rows when the account is erased.
#[derive(Debug, Clone, Copy)]
pub enum Erasure {
    /// They go.
    Deleted(Sql),
    /// They stay without what they say about the person, except for the columns named.
    Cleared(Sql, &'static [&'static str]),
    /// They stay as they are: payments, receipts and the time that was measured for them, for as long as the law wants.
    Kept,
}

/// A table: which rows are a person's, which columns are about the person, and which are not (ids, secrets, figures).
#[derive(Debug, Clone, Copy)]
pub struct Table {
    pub name: &'static str,
    /// Condition on the rows of the account `$1`; empty where no row is anybody's.
    pub owner: &'static str,
    pub select: Sql,
    pub personal: &'static [Column],
    pub plain: &'static [&'static str],
    pub erasure: Erasure,
}

macro_rules! table {
    ($name:literal, $owner:literal, [$($column:ident: $kind:ident),+ $(,)?], [$($plain:ident),* $(,)?],
        $ending:ident $(($set:literal, keeping [$($kept:ident),*]))?) => {
        Table {
            name: $name,
            owner: $owner,
            select: Sql {
                name: concat!("EXPORT_", $name),
                text: concat!("SELECT ", $(stringify!($column), ", ",)+ "1 FROM ", $name, " WHERE ", $owner, " LIMIT 10000"),
            },
            personal: &[$(Column { name: stringify!($column), kind: Kind::$kind }),+],
            plain: &[$(stringify!($plain)),*],
            erasure: erasure!($ending, $name, $owner $(, $set, [$($kept),*])?),
        }
    };
    ($name:literal, not personal, [$($plain:ident),* $(,)?]) => {
        Table {
            name: $name,
            owner: "",
            select: Sql { name: "", text: "" },
            personal: &[],
            plain: &[$(stringify!($plain)),*],
            erasure: Erasure::Kept,
        }
    };
}

macro_rules! erasure {
    (deleted, $name:literal, $owner:literal) => {
        Erasure::Deleted(Sql {
            name: concat!("ERASE_", $name),
            text: concat!("DELETE FROM ", $name, " WHERE ", $owner),
        })
    };
    (cleared, $name:literal, $owner:literal, $set:literal, [$($kept:ident),*]) => {
        Erasure::Cleared(
            Sql {
                name: concat!("ERASE_", $name),
                text: concat!("UPDATE ", $name, " SET ", $set, " WHERE ", $owner),
            },
            &[$(stringify!($kept)),*],
        )
    };
    (kept, $name:literal, $owner:literal) => {
        Erasure::Kept
    };
}

/// Every table of the schema.
pub const TABLES: &[Table] = &[
    table!("account", "id = $1",
        [name: Text, email: Text, phone: Text, location: Text, locale: Text, created_us: Int, email_verified_us: Int,
            deletion_asked_us: Int],
        [id, email_norm, password_hash, is_operator, erased_us],
        cleared("email = '', email_norm = 'erased:' || id, password_hash = NULL, name = '', phone = '', location = '', is_operator = 0",
            keeping [locale, created_us, email_verified_us, deletion_asked_us])),
    table!("registration", "email_norm = (SELECT a.email_norm FROM account a WHERE a.id = $1)",
        [email: Text, name: Text, phone: Text, location: Text, locale: Text, legal_version: Text, created_us: Int],
        [id, token_hash, visitor_hash, email_norm, password_hash, notice_hash, terms_hash, hold_id, next_path, expires_us],
        deleted),
    table!("session", "account_id = $1",
        [user_agent: Text, ip_prefix: Text, created_us: Int, last_seen_us: Int, expires_us: Int],
        [id, token_hash, account_id],
        deleted),
    table!("account_token", "account_id = $1",
        [purpose: Text, created_us: Int, used_us: Int],
        [id, token_hash, account_id, next_path, expires_us],
        deleted),
    table!("acceptance", "account_id = $1",
        [kind: Text, version: Text, text_hash: Text, locale: Text, accepted_us: Int],
        [id, account_id],
        deleted),
    table!("org", "id IN (SELECT m.org_id FROM member m WHERE m.account_id = $1 AND m.role = 'owner')",
        [name: Text, orgno: Text, headline: Text, description: Text, address: Text, postcode: Text, town: Text, email: Text,
            phone: Text, lat_e6: Int, lon_e6: Int, created_us: Int],
        [id, slug, category, time_zone, status, resume_status, folded],
        cleared("headline = '', description = '', address = '', postcode = '', email = '', phone = '', folded = ''",
            keeping [name, orgno, town, lat_e6, lon_e6, created_us])),
    table!("org_vat", not personal, [id, org_id, registered, from_us, stated_us]),
    table!("member", "account_id = $1", [title: Text, created_us: Int], [id, org_id, account_id, role, active, version],
        cleared("title = '', active = 0", keeping [created_us])),
    table!("invitation", "email_norm = (SELECT a.email_norm FROM account a WHERE a.id = $1)",
        [email: Text, created_us: Int, expires_us: Int, declined_us: Int], [id, token_hash, org_id, email_norm],
        deleted),
    table!("weekly_rule", "member_id IN (SELECT m.id FROM member m WHERE m.account_id = $1)",
        [weekday: Int, start_min: Int, end_min: Int], [member_id],
        deleted),
    table!("day_override", "member_id IN (SELECT m.id FROM member m WHERE m.account_id = $1)",
        [day: Text, start_min: Int, end_min: Int, reason: Text], [member_id],
        deleted),
    table!("busy_block", "member_id IN (SELECT m.id FROM member m WHERE m.account_id = $1)",
        [start_us: Int, end_us: Int], [id, member_id],
        deleted),
    table!("hold", "account_id = $1",
        [contact_email: Text, title: Text, about: Text, start_us: Int, end_us: Int, created_us: Int],
        [id, visitor_hash, network_hash, account_id, org_id, service_id, member_id, cell_first, cell_end, time_zone, price_terms, policy,
            state, extended, expires_us],
        cleared("visitor_hash = '', network_hash = '', contact_email = '', about = ''", keeping [title, start_us, end_us, created_us])),
    table!("hold_draft", "hold_id IN (SELECT h.id FROM hold h WHERE h.account_id = $1)",
        [about: Text, name: Text, email: Text, phone: Text, place: Text], [hold_id, has_account],
        deleted),
    table!("appointment", "consumer_id = $1",
        [title: Text, about: Text, start_us: Int, end_us: Int, time_zone: Text, price_terms: Text, policy: Text, status: Text,
            created_us: Int],
        [id, hold_id, org_id, service_id, member_id, consumer_id, version],
        cleared("about = ''", keeping [title, start_us, end_us, time_zone, price_terms, policy, status, created_us])),
    table!("appointment_event", "appointment_id IN (SELECT a.id FROM appointment a WHERE a.consumer_id = $1)",
        [kind: Text, actor: Text, at_us: Int, data: Text], [appointment_id, seq],
        kept),
    table!("seat", "account_id = $1", [role: Text], [id, appointment_id, account_id],
        kept),
    table!("outbox", "account_id = $1 OR recipient = (SELECT a.email FROM account a WHERE a.id = $1)",
        [recipient: Text, locale: Text, subject: Text, body: Text, ics: Text, created_us: Int, sent_us: Int],
        [id, message_key, kind, account_id, appointment_id, state, attempts, next_try_us, error],
        deleted),
    table!("call_attendance", "seat_id IN (SELECT s.id FROM seat s WHERE s.account_id = $1)",
        [arrived_us: Int, admitted_us: Int, left_us: Int], [call_id, seat_id],
        kept),
    table!("call_segment", "seat_id IN (SELECT s.id FROM seat s WHERE s.account_id = $1)",
        [started_us: Int, last_seen_us: Int, ended_us: Int, end_reason: Text], [call_id, seat_id, seq, node],
        kept),
    table!("call_quality", "seat_id IN (SELECT s.id FROM seat s WHERE s.account_id = $1)",
        [direction: Text, source: Text, at_us: Int, bitrate_bps: Int, lost_permille: Int, jitter_us: Int, score_centi: Int],
        [call_id, seat_id, from_seat_id, spatial, temporal, wanted_spatial, wanted_temporal],
        deleted),
    table!("charge", "call_id IN (SELECT a.id FROM appointment a WHERE a.consumer_id = $1)",
        [outcome: Text, billable_us: Int, amount_minor: Int, vat_minor: Int, currency: Text, created_us: Int],
        [call_id, vat_bp],
        kept),
    table!("payment", "appointment_id IN (SELECT a.id FROM appointment a WHERE a.consumer_id = $1)",
        [psp: Text, method_brand: Text, method_last4: Text, currency: Text, amount_minor: Int, authorised_minor: Int,
            captured_minor: Int, refunded_minor: Int, decline_reason: Text, reference: Text, created_us: Int],
        [id, hold_id, attempt, appointment_id, method_token, state, version, updated_us],
        kept),
    table!("document", "appointment_id IN (SELECT a.id FROM appointment a WHERE a.consumer_id = $1)",
        [content: Text, total_minor: Int, currency: Text, locale: Text, year: Int, number: Int, issued_us: Int],
        [id, org_id, appointment_id, kind, sha256, path, unstored],
        kept),
    table!("withdrawal_request", "account_id = $1",
        [version: Text, text_hash: Text, locale: Text, accepted_us: Int], [hold_id, account_id],
        kept),
    table!("operator_record", "operator_id = $1", [at_us: Int, action: Text, reason: Text], [id, operator_id, subject],
        kept),
    table!("place", not personal, [id, name, municipality, county, lat_e6, lon_e6, weight]),
    table!("place_name", not personal, [folded, place_id]),
    table!("postcode", not personal, [code, place_id, lat_e6, lon_e6]),
    table!("service", not personal, [id, org_id, title, description, duration_min, buffer_before_min, buffer_after_min,
        step_min, notice_min, window_days, open_max, price_terms, active, created_us, removed_us]),
    table!("service_member", not personal, [service_id, member_id]),
    table!("reservation", not personal, [member_id, cell, hold_id]),
    table!("call", not personal, [id, opens_us, starts_us, ends_us, ended_us, version, created_us]),
    table!("payment_op", not personal, [id, payment_id, kind, seq, amount_minor, state, attempts, next_try_us, created_us,
        done_us, error]),
    table!("psp_event", not personal, [id, psp, payment_id, body, received_us, processed_us]),
    table!("ledger_tx", not personal, [id, posting_key, kind, org_id, appointment_id, payment_id, currency, created_us]),
    table!("ledger_entry", not personal, [tx_id, line, account, amount_minor]),
    table!("test_psp_card", not personal, [token, behaviour, created_us]),
    table!("test_psp_payment", not personal, [reference, merchant_payment, behaviour, currency, amount_minor, status,
        captured_minor, refunded_minor, captures_refused]),
    table!("test_psp_request", not personal, [request_key, request, answer]),
    table!("document_series", not personal, [org_id, kind, year, next_number]),
    table!("job_lease", not personal, [name, owner, until_us]),
];

statements! {
    /// account: the providers who were booked
    READERS = "SELECT DISTINCT o.name FROM appointment a JOIN org o ON o.id = a.org_id WHERE a.consumer_id = $1 ORDER BY o.name LIMIT 500";
}

/// The statements of export and erasure, for the test that prepares them.
pub fn registered_statements() -> impl Iterator<Item = Sql> {
    let owned = TABLES.iter().filter(|table| !table.owner.is_empty());
    owned.flat_map(|table| std::iter::once(table.select).chain(erasing(table)))
}

fn erasing(table: &Table) -> Option<Sql> {
    match table.erasure {
        Erasure::Deleted(statement) | Erasure::Cleared(statement, _) => Some(statement),
        Erasure::Kept => None,
    }
}

/// Takes out of every table what it says about an account. The account itself is the last, because the others are found
/// by it.
pub(super) async fn erase(tx: &mut Tx, account_id: &str) -> Result<(), DbError> {
    for statement in TABLES.iter().rev().filter_map(erasing) {
        tx.execute(statement, params![account_id]).await?;
    }
    Ok(())
}

/// Everything that is linked to an account, by table.
///
/// # Errors
/// When the database fails.
pub async fn export(tx: &mut Tx, account_id: &str) -> Result<Value> {
    let mut data = Map::new();
    for table in TABLES.iter().filter(|table| !table.owner.is_empty()) {
        let rows = tx.rows(table.select, params![account_id]).await?;
        let rows: Result<Vec<Value>, sqlx::Error> = rows.iter().map(|row| as_json(table, row)).collect();
        let rows = rows.map_err(|source| DbError::Failed {
            statement: table.select.name,
            source,
        })?;
        data.insert(table.name.to_owned(), Value::Array(rows));
    }
    Ok(json!({ "account": account_id, "tables": data }))
}

fn as_json(table: &Table, row: &Row) -> Result<Value, sqlx::Error> {
    let mut object = Map::new();
    for column in table.personal {
        let value = match column.kind {
            Kind::Text => json!(row.get::<Option<String>>(column.name)?),
            Kind::Int => json!(row.get::<Option<i64>>(column.name)?),
        };
        object.insert(column.name.to_owned(), value);
    }
    Ok(Value::Object(object))
}

/// The tables that the page shows, with their titles and why we have them.
const SECTIONS: [(&str, &str, &str); 8] = [
    ("account", "registry-account", "registry-account-why"),
    ("appointment", "registry-appointment", "registry-appointment-why"),
    ("payment", "registry-payment", "registry-payment-why"),
    ("call_segment", "registry-call", "registry-call-why"),
    ("session", "registry-session", "registry-session-why"),
    ("acceptance", "registry-acceptance", "registry-acceptance-why"),
    ("outbox", "registry-outbox", "registry-outbox-why"),
    ("org", "registry-org", "registry-org-why"),
];

/// Text key of a column that the page shows; the export has the others too.
fn label_key(column: &str) -> Option<&'static str> {
    Some(match column {
        "name" => "registry-name",
        "email" | "recipient" => "registry-email",
        "phone" => "registry-phone",
        "location" | "town" => "registry-place",
        "locale" => "registry-language",
        "created_us" => "registry-created",
        "title" => "registry-title",
        "about" => "registry-about",
        "start_us" => "registry-starts",
        "end_us" => "registry-ends",
        "user_agent" => "registry-device",
        "ip_prefix" => "registry-network",
        "last_seen_us" => "registry-last-seen",
        "kind" => "registry-document",
        "version" => "registry-version",
        "accepted_us" => "registry-accepted",
        "subject" => "registry-subject",
        "sent_us" => "registry-sent",
        "method_brand" => "registry-card",
        "method_last4" => "registry-card-digits",
        "started_us" => "registry-joined",
        "ended_us" => "registry-left",
        "orgno" => "registry-orgno",
        "address" => "registry-address",
        _ => return None,
    })
}

/// What we know about a person, in words.
pub async fn sections(tx: &mut Tx, account_id: &str, locale: Locale) -> Result<Vec<DataSection>> {
    let mut sections = Vec::new();
    for (name, title, why) in SECTIONS {
        let table = TABLES
            .iter()
            .find(|table| table.name == name)
            .expect("the sections are tables");
        let found = tx.rows(table.select, params![account_id]).await?;
        let failed = |source| DbError::Failed {
            statement: table.select.name,
            source,
        };
        let mut rows = Vec::new();
        for row in &found {
            rows.extend(as_words(table, row, locale).map_err(failed)?);
        }
        if !rows.is_empty() {
            sections.push(DataSection {
                title: t(locale, title, &[]),
                reason: t(locale, why, &[]),
                rows,
            });
        }
    }
    Ok(sections)
}

fn as_words(table: &Table, row: &Row, locale: Locale) -> Result<Vec<DataRow>, sqlx::Error> {
    let mut words = Vec::new();
    for column in table.personal {
        let Some(key) = label_key(column.name) else { continue };
        let value = match column.kind {
            Kind::Text => row.get::<Option<String>>(column.name)?,
            Kind::Int if column.name.ends_with("_us") => row
                .get::<Option<i64>>(column.name)?
                .map(|at| format::short(locale, at, DEFAULT_ZONE)),
            Kind::Int => row.get::<Option<i64>>(column.name)?.map(|number| number.to_string()),
        };
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            words.push(DataRow {
                label: t(locale, key, &[]),
                value,
            });
        }
    }
    Ok(words)
}

/// Who can see some of it: the providers who were booked, and the operator.
pub async fn readers(tx: &mut Tx, account_id: &str, locale: Locale) -> Result<Vec<DataReader>> {
    let providers: Vec<String> = tx.all(READERS, params![account_id]).await?;
    let what = t(locale, "registry-reader-provider", &[]);
    let mut readers: Vec<DataReader> = providers
        .into_iter()
        .map(|who| DataReader {
            who,
            what: what.clone(),
        })
        .collect();
    readers.push(DataReader {
        who: t(locale, "registry-operator", &[]),
        what: t(locale, "registry-reader-operator", &[]),
    });
    Ok(readers)
}
