//! The one registry of personal columns: it drives the export, the page "my data", the erasure, and a test that fails when
//! a migration adds a column that is not listed here. A further column of a table without a person's rows need not be
//! listed where its line in the migration ends in `-- not personal`.

use serde_json::{Map, Value, json};

use crate::base::Result;
use crate::base::db::{DbError, Row, Sql, Tx};
use crate::params;

/// What a personal column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A text for machines, or a long one: the page leaves it to the download.
    Long,
    /// A number as it is.
    Int,
    /// UTC microseconds.
    Time,
    /// Microseconds that something lasted.
    Span,
    /// Minor units of the row's currency.
    Money,
    /// Minutes since midnight.
    Clock,
    /// Monday is 1.
    Weekday,
    /// Millionths of a degree.
    Degrees,
}

impl Kind {
    /// Whether the database holds it as a text.
    #[must_use]
    pub fn is_text(self) -> bool {
        match self {
            Self::Text | Self::Long => true,
            Self::Int | Self::Time | Self::Span | Self::Money | Self::Clock | Self::Weekday | Self::Degrees => false,
        }
    }
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
    /// They stay without what they say about the person, except for the columns named; those that fulfil the condition stay
    /// whole.
    Cleared {
        statement: Sql,
        kept: &'static [&'static str],
        /// On the row, with the account as `$1`; empty where none stays whole.
        spared: &'static str,
    },
    /// They stay as they are: payments, receipts and the time that was measured for them, for as long as the law wants.
    Kept,
}

/// A table: which rows are a person's, which columns are about the person, and which are not (ids, secrets, figures).
#[derive(Debug, Clone, Copy)]
pub struct Table {
    pub name: &'static str,
    /// Condition on the rows of the account `$1`; empty where no row is anybody's.
    pub owner: &'static str,
    /// What its rows are told apart and sorted by.
    pub key: &'static [&'static str],
    /// Rows of the account `$1` from the oldest on, `$2` of them after the first `$3`.
    pub oldest: Sql,
    /// The newest `$2` rows of the account `$1`.
    pub newest: Sql,
    pub count: Sql,
    pub personal: &'static [Column],
    pub plain: &'static [&'static str],
    pub erasure: Erasure,
}

macro_rules! table {
    ($name:literal, $owner:literal, by [$first:ident $(, $key:ident)*], [$($column:ident: $kind:ident),+ $(,)?], [$($plain:ident),* $(,)?],
        $ending:ident $(($set:literal, keeping [$($kept:ident),*] $(, sparing $spared:literal)?))?) => {
        Table {
            name: $name,
            owner: $owner,
            key: &[stringify!($first) $(, stringify!($key))*],
            oldest: Sql {
                name: concat!("EXPORT_", $name),
                text: concat!("SELECT ", $(stringify!($column), ", ",)+ "1 FROM ", $name, " WHERE ", $owner,
                    " ORDER BY ", stringify!($first), $(", ", stringify!($key),)* " LIMIT $2 OFFSET $3"),
            },
            newest: Sql {
                name: concat!("NEWEST_", $name),
                text: concat!("SELECT ", $(stringify!($column), ", ",)+ "1 FROM ", $name, " WHERE ", $owner,
                    " ORDER BY ", stringify!($first), " DESC" $(, ", ", stringify!($key), " DESC")*, " LIMIT $2"),
            },
            count: Sql {
                name: concat!("COUNT_", $name),
                text: concat!("SELECT COUNT(*) FROM ", $name, " WHERE ", $owner),
            },
            personal: &[$(Column { name: stringify!($column), kind: Kind::$kind }),+],
            plain: &[$(stringify!($plain)),*],
            erasure: erasure!($ending, $name, $owner $(, $set, [$($kept),*] $(, $spared)?)?),
        }
    };
    ($name:literal, not personal, [$($plain:ident),* $(,)?]) => {
        Table {
            name: $name,
            owner: "",
            key: &[],
            oldest: Sql { name: "", text: "" },
            newest: Sql { name: "", text: "" },
            count: Sql { name: "", text: "" },
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
    (cleared, $name:literal, $owner:literal, $set:literal, [$($kept:ident),*] $(, $spared:literal)?) => {
        Erasure::Cleared {
            statement: Sql {
                name: concat!("ERASE_", $name),
                text: concat!("UPDATE ", $name, " SET ", $set, " WHERE (", $owner, ")" $(, " AND NOT ", $spared)?),
            },
            kept: &[$(stringify!($kept)),*],
            spared: concat!("" $(, $spared)?),
        }
    };
    (kept, $name:literal, $owner:literal) => {
        Erasure::Kept
    };
}

/// Rows that the export reads at a time.
const STRETCH: i64 = 2_000;

/// Every table of the schema.
pub const TABLES: &[Table] = &[
    table!("account", "id = $1", by [id],
        [name: Text, email: Text, phone: Text, location: Text, locale: Text, created_us: Time, email_verified_us: Time,
            deletion_asked_us: Time],
        [id, email_norm, password_hash, is_operator, erased_us],
        cleared("email = '', email_norm = 'erased:' || id, password_hash = NULL, name = '', phone = '', location = '', is_operator = 0",
            keeping [locale, created_us, email_verified_us, deletion_asked_us])),
    table!("registration", "email_norm = (SELECT a.email_norm FROM account a WHERE a.id = $1)", by [created_us, id],
        [email: Text, name: Text, phone: Text, location: Text, locale: Text, legal_version: Text, created_us: Time],
        [id, token_hash, visitor_hash, email_norm, password_hash, notice_hash, terms_hash, hold_id, next_path, expires_us],
        deleted),
    table!("session", "account_id = $1", by [created_us, id],
        [user_agent: Text, ip_prefix: Text, created_us: Time, last_seen_us: Time, expires_us: Time],
        [id, token_hash, account_id],
        deleted),
    table!("account_activity", "account_id = $1", by [account_id], [seen_us: Time, left_us: Time],
        [account_id, warned, warned_us, asked_us],
        deleted),
    table!("account_token", "account_id = $1", by [created_us, id],
        [purpose: Text, created_us: Time, used_us: Time],
        [id, token_hash, account_id, next_path, expires_us],
        deleted),
    table!("email_change", "account_id = $1", by [created_us, id], [email: Text, created_us: Time, expires_us: Time],
        [id, token_hash, account_id, email_norm],
        deleted),
    table!("acceptance", "account_id = $1", by [accepted_us, id],
        [kind: Text, version: Text, text_hash: Text, locale: Text, accepted_us: Time],
        [id, account_id],
        kept),
    table!("org", "id IN (SELECT m.org_id FROM member m WHERE m.account_id = $1 AND m.role = 'owner')", by [created_us, id],
        [name: Text, orgno: Text, headline: Text, description: Text, address: Text, postcode: Text, town: Text, email: Text,
            phone: Text, legal_name: Text, office_postcode: Text, office_town: Text, office_country: Text, lat_e6: Degrees, lon_e6: Degrees,
            created_us: Time],
        [id, slug, category, time_zone, status, resume_status, folded, legal_form],
        cleared("headline = '', description = '', address = '', postcode = '', email = '', phone = '', folded = '', legal_name = '',
            office_postcode = '', office_town = ''",
            keeping [name, orgno, town, office_country, lat_e6, lon_e6, created_us],
            // What a business says is the other owners', too.
            sparing "EXISTS (SELECT 1 FROM member o JOIN account c ON c.id = o.account_id WHERE o.org_id = org.id
                AND o.account_id <> $1 AND o.role = 'owner' AND o.active = 1 AND c.erased_us IS NULL)")),
    table!("org_vat", not personal, [id, org_id, registered, from_us, stated_us]),
    table!("member", "account_id = $1", by [created_us, id], [title: Text, created_us: Time], [id, org_id, account_id, role, active, version],
        cleared("title = '', active = 0", keeping [created_us])),
    table!("invitation", "email_norm = (SELECT a.email_norm FROM account a WHERE a.id = $1)", by [created_us, id],
        [email: Text, created_us: Time, expires_us: Time, declined_us: Time], [id, token_hash, org_id, email_norm],
        deleted),
    table!("weekly_rule", "member_id IN (SELECT m.id FROM member m WHERE m.account_id = $1)", by [member_id, weekday, start_min],
        [weekday: Weekday, start_min: Clock, end_min: Clock], [member_id],
        deleted),
    table!("day_override", "member_id IN (SELECT m.id FROM member m WHERE m.account_id = $1)", by [day, member_id, start_min],
        [day: Text, start_min: Clock, end_min: Clock, reason: Text], [member_id],
        deleted),
    table!("busy_block", "member_id IN (SELECT m.id FROM member m WHERE m.account_id = $1)", by [start_us, id],
        [start_us: Time, end_us: Time], [id, member_id],
        deleted),
    table!("hold", "account_id = $1", by [created_us, id],
        [contact_email: Text, title: Text, about: Text, buyer_org_name: Text, buyer_orgno: Text, start_us: Time, end_us: Time, created_us: Time],
        [id, visitor_hash, network_hash, account_id, org_id, service_id, member_id, cell_first, cell_end, time_zone, price_terms, policy,
            state, extended, expires_us, promo_id],
        cleared("visitor_hash = '', network_hash = '', contact_email = '', about = '', buyer_org_name = '', buyer_orgno = ''",
            keeping [title, start_us, end_us, created_us])),
    table!("hold_draft", "hold_id IN (SELECT h.id FROM hold h WHERE h.account_id = $1)", by [hold_id],
        [about: Text, name: Text, email: Text, phone: Text, place: Text, buyer_org_name: Text, buyer_orgno: Text], [hold_id, has_account],
        deleted),
    table!("appointment", "consumer_id = $1", by [created_us, id],
        [title: Text, about: Text, buyer_org_name: Text, buyer_orgno: Text, start_us: Time, end_us: Time, time_zone: Text, price_terms: Long, policy: Long, status: Text,
            created_us: Time],
        [id, hold_id, org_id, service_id, member_id, consumer_id, version, commission],
        cleared("about = '', buyer_org_name = '', buyer_orgno = ''", keeping [title, start_us, end_us, time_zone, price_terms, policy, status, created_us])),
    table!("appointment_event", "appointment_id IN (SELECT a.id FROM appointment a WHERE a.consumer_id = $1)", by [at_us, appointment_id, seq],
        [kind: Text, actor: Text, at_us: Time, data: Long], [appointment_id, seq],
        kept),
    table!("seat", "account_id = $1", by [id], [role: Text], [id, appointment_id, account_id],
        kept),
    table!("outbox", "account_id = $1 OR recipient = (SELECT a.email FROM account a WHERE a.id = $1)", by [created_us, id],
        [recipient: Text, locale: Text, subject: Text, body: Long, ics: Long, created_us: Time, sent_us: Time],
        [id, message_key, kind, account_id, appointment_id, state, attempts, next_try_us, error],
        deleted),
    table!("call_attendance", "seat_id IN (SELECT s.id FROM seat s WHERE s.account_id = $1)", by [arrived_us, call_id, seat_id],
        [arrived_us: Time, admitted_us: Time, left_us: Time], [call_id, seat_id],
        kept),
    table!("call_segment", "seat_id IN (SELECT s.id FROM seat s WHERE s.account_id = $1)", by [started_us, call_id, seat_id, seq],
        [started_us: Time, last_seen_us: Time, ended_us: Time, end_reason: Text], [call_id, seat_id, seq, node],
        kept),
    table!("call_quality", "seat_id IN (SELECT s.id FROM seat s WHERE s.account_id = $1)", by [at_us, call_id, seat_id, direction, source, from_seat_id],
        [direction: Text, source: Text, at_us: Time, bitrate_bps: Int, lost_permille: Int, jitter_us: Span, score_centi: Int],
        [call_id, seat_id, from_seat_id, spatial, temporal, wanted_spatial, wanted_temporal],
        deleted),
    table!("charge", "call_id IN (SELECT a.id FROM appointment a WHERE a.consumer_id = $1)", by [created_us, call_id],
        [outcome: Text, billable_us: Span, amount_minor: Money, vat_minor: Money, currency: Text, created_us: Time],
        [call_id, vat_code, vat_bp],
        kept),
    table!("payment", "appointment_id IN (SELECT a.id FROM appointment a WHERE a.consumer_id = $1)
            OR (appointment_id IS NULL AND hold_id IN (SELECT h.id FROM hold h WHERE h.account_id = $1))", by [created_us, id],
        [psp: Text, method_brand: Text, method_last4: Text, currency: Text, amount_minor: Money, authorised_minor: Money,
            captured_minor: Money, refunded_minor: Money, decline_reason: Text, reference: Text, created_us: Time],
        [id, hold_id, attempt, appointment_id, method_token, state, version, updated_us, purpose, kept_from, seller_account,
            compared_us],
        cleared("method_token = '', method_brand = '', method_last4 = '', decline_reason = NULL",
            keeping [psp, currency, amount_minor, authorised_minor, captured_minor, refunded_minor, reference, created_us],
            // What was booked is on receipts and in the books.
            sparing "appointment_id IS NOT NULL")),
    table!("refund", "payment_id IN (SELECT p.id FROM payment p JOIN appointment a ON a.id = p.appointment_id
            WHERE a.consumer_id = $1)", by [created_us, id],
        [amount_minor: Money, currency: Text, reason: Text, state: Text, created_us: Time],
        [id, payment_id, asked_by, approved_by, reference, updated_us],
        kept),
    table!("document", "appointment_id IN (SELECT a.id FROM appointment a WHERE a.consumer_id = $1)", by [issued_us, id],
        [content: Long, total_minor: Money, vat_minor: Money, currency: Text, locale: Text, year: Int, number: Int, issued_us: Time],
        [id, org_id, seller_id, appointment_id, payment_id, kind, cause, refers_to, sha256, path, unstored],
        kept),
    table!("invoice", "appointment_id IN (SELECT a.id FROM appointment a WHERE a.consumer_id = $1)", by [issued_us, payment_id],
        [kid: Text, total_minor: Money, open_minor: Money, currency: Text, issued_us: Time, due_us: Time, reminders: Int],
        [payment_id, appointment_id, org_id, document_id, account],
        kept),
    table!("invoice_payment", "payment_id IN (SELECT p.id FROM payment p JOIN appointment a ON a.id = p.appointment_id
            WHERE a.consumer_id = $1)", by [noted_us, id],
        [amount_minor: Money, paid_on: Text, noted_us: Time],
        [id, payment_id, bank_line, noted_by],
        kept),
    table!("invoice_reminder", "payment_id IN (SELECT p.id FROM payment p JOIN appointment a ON a.id = p.appointment_id
            WHERE a.consumer_id = $1)", by [sent_us, payment_id],
        [number: Int, sent_us: Time, due_us: Time, fee_minor: Money],
        [payment_id],
        kept),
    // Its sides are people whom it binds; a person's own words go with the account, which stays while a dispute is open.
    table!("dispute", "opened_by = $1 OR appointment_id IN (SELECT a.id FROM appointment a WHERE a.consumer_id = $1)", by [opened_us, id],
        [side: Text, state: Text, currency: Text, offer_minor: Money, refund_minor: Money, opened_us: Time, answered_us: Time,
            closed_us: Time],
        [id, appointment_id, opened_by, offered_by, decided_by, refund_id],
        kept),
    table!("dispute_entry", "account_id = $1", by [at_us, id],
        [kind: Text, source: Text, body: Text, amount_minor: Money, at_us: Time],
        [id, dispute_id, appointment_id, side, account_id],
        cleared("source = '', body = ''", keeping [kind, amount_minor, at_us])),
    table!("dispute_file", "account_id = $1", by [at_us, id],
        [source: Text, name: Text, size_bytes: Int, at_us: Time],
        [id, dispute_id, appointment_id, side, account_id, media_type, given_sha256, sha256, path],
        deleted),
    table!("document_mandate", "account_id = $1", by [accepted_us, id],
        [version: Text, text_hash: Text, locale: Text, accepted_us: Time, withdrawn_us: Time], [id, org_id, account_id, withdrawn_by],
        kept),
    table!("withdrawal_request", "account_id = $1", by [accepted_us, hold_id],
        [version: Text, text_hash: Text, locale: Text, accepted_us: Time], [hold_id, account_id],
        kept),
    table!("call_extension", "asked_by = $1", by [asked_us, id],
        [amount_minor: Money, currency: Text, state: Text, text_hash: Text, locale: Text, asked_us: Time],
        [id, call_id, number, cap_minor, asked_by, answered_by, answered_us, payment_id, ended_us],
        kept),
    table!("operator_record", "operator_id = $1", by [at_us, id], [at_us: Time, action: Text, reason: Text], [id, operator_id, subject],
        kept),
    table!("operator_look", "account_id = $1", by [at_us, record_id], [at_us: Time, action: Text, reason: Text], [record_id, account_id],
        deleted),
    table!("retention_hold", "account_id = $1 OR appointment_id IN (SELECT a.id FROM appointment a WHERE a.consumer_id = $1)",
        by [placed_us, id], [reason: Text, placed_us: Time, lifted_us: Time], [id, account_id, appointment_id],
        deleted),
    table!("seller_tax", "org_id IN (SELECT m.org_id FROM member m WHERE m.account_id = $1 AND m.role = 'owner')", by [org_id],
        [legal_name: Text, tin: Text, birth_date: Text, address: Text, postcode: Text, town: Text, country: Text, bank_account: Text,
            stated_us: Time],
        [org_id, is_person],
        kept),
    table!("book_export", "account_id = $1", by [at_us, id], [at_us: Time, kind: Text, period: Text, reason: Text],
        [id, org_id, account_id, by_operator],
        kept),
    table!("payout", "org_id IN (SELECT m.org_id FROM member m WHERE m.account_id = $1 AND m.role = 'owner')", by [created_us, id],
        [amount_minor: Money, currency: Text, account: Text, name: Text, created_us: Time],
        [id, file_id, org_id],
        kept),
    table!("payout_file", "made_by = $1", by [made_us, id],
        [currency: Text, made_us: Time, downloaded_us: Time, sent_us: Time, cancelled_us: Time],
        [id, made_by],
        kept),
    table!("promo_code", not personal, [id, owner, code, percent_bp, fixed_minor, currency, min_price_minor, from_us, until_us, uses_max,
        per_person_max, stopped_us, version, created_us]),
    table!("promo_service", not personal, [promo_id, service_id]),
    table!("commission_rule", not personal, [id, org_id, category, ends, percent_bp, fixed_minor, currency, from_us, stated_us]),
    table!("commission_invoiced", not personal, [org_id, currency, is_test, until_us]),
    table!("month_closed", not personal, [kind, month, closed_us]),
    table!("payout_switch", not personal, [id, version]),
    table!("place", not personal, [id, name, municipality, county, lat_e6, lon_e6, weight]),
    table!("place_name", not personal, [folded, place_id]),
    table!("postcode", not personal, [code, place_id, lat_e6, lon_e6]),
    table!("seller_account", not personal, [org_id, psp, reference, state, created_us, checked_us]),
    table!("service", not personal, [id, org_id, title, description, duration_min, buffer_before_min, buffer_after_min,
        step_min, notice_min, window_days, open_max, price_terms, vat_code, cancel_policy, active, created_us,
        removed_us]),
    table!("service_member", not personal, [service_id, member_id]),
    table!("reservation", not personal, [member_id, cell, hold_id]),
    table!("call", not personal, [id, opens_us, starts_us, ends_us, ended_us, version, created_us]),
    table!("payment_op", not personal, [id, payment_id, kind, seq, amount_minor, state, attempts, next_try_us, created_us,
        done_us, error, key_number, refund_id, commission_minor]),
    table!("psp_event", not personal, [id, psp, payment_id, received_us, processed_us, attempts, next_try_us]),
    table!("ledger_tx", not personal, [id, posting_key, kind, org_id, appointment_id, payment_id, currency, created_us]),
    table!("ledger_carried", not personal, [org_id, currency, account, amount_minor]),
    table!("ledger_entry", not personal, [tx_id, line, account, amount_minor]),
    table!("money_difference", not personal, [payment_id, kind, ours, theirs, found_us, seen_us]),
    table!("test_psp_refund", not personal, [reference, payment, merchant_refund, amount_minor, status]),
    table!("test_psp_payment", not personal, [reference, merchant_payment, behaviour, currency, amount_minor, keeps, status,
        captured_minor, captures_refused]),
    table!("test_psp_request", not personal, [request_key, request, answer]),
    table!("invoice_seller", not personal, [org_id, number]),
    table!("document_series", not personal, [seller_id, kind, year, next_number]),
    table!("job_lease", not personal, [name, owner, until_us]),
    table!("retention_door", not personal, [id, cut_us, shut]),
    table!("retention_run", not personal, [id, kind, basis_id, as_of_us, accounting_years, stage, position, last_case, started_us, ended_us, failed_us, failure]),
    table!("retention_line", not personal, [run_id, table_name, entries, oldest_us, newest_us]),
    table!("retention_kept", not personal, [run_id, reason, appointments]),
    table!("retention_file", not personal, [path, appointment_id]),
    table!("file_removal", not personal, [path, since_us]),
    table!("retention_switch", not personal, [id, approved_us, version]),
];

/// The statements of export and erasure, for the test that prepares them.
pub fn registered_statements() -> impl Iterator<Item = Sql> {
    let owned = TABLES.iter().filter(|table| !table.owner.is_empty());
    owned.flat_map(|table| {
        [table.oldest, table.newest, table.count]
            .into_iter()
            .chain(erasing(table))
    })
}

fn erasing(table: &Table) -> Option<Sql> {
    match table.erasure {
        Erasure::Deleted(statement) | Erasure::Cleared { statement, .. } => Some(statement),
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

/// The tables in which somebody has rows.
pub fn owned() -> impl Iterator<Item = &'static Table> {
    TABLES.iter().filter(|table| !table.owner.is_empty())
}

/// Everything that is linked to an account, by table, as JSON. Rows are read a stretch at a time, so that a long history
/// takes no more memory than its text.
///
/// # Errors
/// When the database fails.
pub async fn export(tx: &mut Tx, account_id: &str) -> Result<String> {
    let mut text = format!("{{\"account\":{},\"tables\":{{", json!(account_id));
    for (index, table) in owned().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&format!("\n{}:[", json!(table.name)));
        let mut written = 0;
        loop {
            let rows = tx.rows(table.oldest, params![account_id, STRETCH, written]).await?;
            for row in &rows {
                let object = as_json(table, row).map_err(|source| unreadable(table, source))?;
                text.push_str(if written == 0 { "\n" } else { ",\n" });
                text.push_str(&object.to_string());
                written += 1;
            }
            if i64::try_from(rows.len()).unwrap_or(i64::MAX) < STRETCH {
                break;
            }
        }
        text.push(']');
    }
    text.push_str("}}\n");
    Ok(text)
}

pub(super) fn unreadable(table: &Table, source: sqlx::Error) -> DbError {
    DbError::Failed {
        statement: table.oldest.name,
        source,
    }
}

fn as_json(table: &Table, row: &Row) -> Result<Value, sqlx::Error> {
    let mut object = Map::new();
    for column in table.personal {
        let value = if column.kind.is_text() {
            json!(row.get::<Option<String>>(column.name)?)
        } else {
            json!(row.get::<Option<i64>>(column.name)?)
        };
        object.insert(column.name.to_owned(), value);
    }
    Ok(Value::Object(object))
}
