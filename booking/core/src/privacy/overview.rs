//! The page "my data": every registered table in which a person has rows, in words, and who can see what.

use texts::{Locale, format, t};

use super::record_words::record_in_words;
use super::registry::{Column, Kind, Table, owned, unreadable};
use crate::base::db::{DbError, FromRow, Row, RowError, Tx};
use crate::base::{DEFAULT_ZONE, Micros, Result};
use crate::{params, statements};

/// Rows of one table on the page; how many there are in all is said, and the download has them.
pub const ROWS_SHOWN: i64 = 20;

statements! {
    /// account: the providers who were booked
    READERS = "SELECT DISTINCT o.name FROM appointment a JOIN org o ON o.id = a.org_id WHERE a.consumer_id = $1 ORDER BY o.name LIMIT 500";
    /// account, limit: what operators looked at that is about the person
    LOOKS = "SELECT at_us, action, reason FROM operator_look WHERE account_id = $1 ORDER BY at_us DESC, record_id DESC LIMIT $2";
}

/// A table's worth of what we know about a person, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSection {
    pub title: String,
    /// Why we have it.
    pub reason: String,
    /// How many rows there are; more than there are records when the page shows only the newest.
    pub total: i64,
    /// The newest first.
    pub records: Vec<Vec<DataRow>>,
}

/// One thing that we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRow {
    pub label: String,
    pub value: String,
}

/// Somebody who can see some of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataReader {
    pub who: String,
    pub what: String,
}

/// One look of an operator at something about the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataLook {
    pub at: Micros,
    /// The name in the record, for example `mail_seen`.
    pub action: String,
    pub reason: String,
}

impl FromRow for DataLook {
    fn from_row(row: &Row) -> std::result::Result<Self, RowError> {
        Ok(Self {
            at: row.get("at_us")?,
            action: row.get("action")?,
            reason: row.get("reason")?,
        })
    }
}

/// What we know about a person, in words.
///
/// # Errors
/// When the database fails.
pub async fn sections(tx: &mut Tx, account_id: &str, locale: Locale) -> Result<Vec<DataSection>> {
    let mut sections = Vec::new();
    // Looks have a list of their own.
    for table in owned().filter(|table| table.name != "operator_look") {
        let found = tx.rows(table.newest, params![account_id, ROWS_SHOWN]).await?;
        if found.is_empty() {
            continue;
        }
        let mut records = Vec::with_capacity(found.len());
        for row in &found {
            records.push(as_words(table, row, account_id, locale).map_err(|source| unreadable(table, source))?);
        }
        let (title, why) = words(table.name);
        sections.push(DataSection {
            title: t(locale, title, &[]),
            reason: t(locale, why, &[]),
            total: tx.one(table.count, params![account_id]).await?,
            records,
        });
    }
    Ok(sections)
}

fn as_words(table: &Table, row: &Row, account_id: &str, locale: Locale) -> std::result::Result<Vec<DataRow>, RowError> {
    let has_currency = table.personal.iter().any(|column| column.name == "currency");
    let currency = if has_currency {
        row.get::<Option<String>>("currency")?
    } else {
        None
    };
    let mut words = Vec::new();
    for column in table.personal {
        let value = if column.kind.is_text() {
            row.get::<Option<String>>(column.name)?
                .filter(|text| !text.is_empty())
                .map(|text| text_in_words(locale, account_id, *column, text))
        } else {
            row.get::<Option<i64>>(column.name)?
                .map(|number| number_in_words(locale, *column, number, currency.as_deref()))
        };
        if let Some(value) = value {
            words.push(DataRow {
                label: t(locale, label(column.name), &[]),
                value,
            });
        }
    }
    Ok(words)
}

fn text_in_words(locale: Locale, account_id: &str, column: Column, text: String) -> String {
    if column.kind == Kind::Long {
        return t(locale, "registry-in-download", &[]);
    }
    record_in_words(locale, account_id, column.name, text)
}

fn number_in_words(locale: Locale, column: Column, number: i64, currency: Option<&str>) -> String {
    match column.kind {
        Kind::Time => format::short_with_year(locale, number, DEFAULT_ZONE),
        Kind::Span => format::duration_exact(locale, number / 1000),
        Kind::Money => format::money_exact(locale, number, currency.unwrap_or("NOK")),
        Kind::Clock => format!("{:02}:{:02}", number / 60, number % 60),
        Kind::Weekday => format::weekday_name(locale, u8::try_from(number).unwrap_or(1)).to_owned(),
        Kind::Degrees => format!("{}.{:06}", number / 1_000_000, (number % 1_000_000).abs()),
        Kind::Text | Kind::Long | Kind::Int => number.to_string(),
    }
}

/// Who can see some of it: the providers who were booked, and the operator.
///
/// # Errors
/// When the database fails.
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

/// When operators looked at something about the person, and why, newest first.
///
/// # Errors
/// When the database fails.
pub async fn looks(tx: &mut Tx, account_id: &str) -> Result<Vec<DataLook>, DbError> {
    tx.all(LOOKS, params![account_id, ROWS_SHOWN]).await
}

/// Keys of the title of a table and of why we have it. One that is not named here is shown by its own name.
fn words(table: &'static str) -> (&'static str, &'static str) {
    match table {
        "account" => ("registry-account", "registry-account-why"),
        "registration" => ("registry-registration", "registry-registration-why"),
        "session" => ("registry-session", "registry-session-why"),
        "account_activity" => ("registry-activity", "registry-activity-why"),
        "account_token" => ("registry-token", "registry-token-why"),
        "email_change" => ("registry-email-change", "registry-email-change-why"),
        "acceptance" => ("registry-acceptance", "registry-acceptance-why"),
        "org" => ("registry-org", "registry-org-why"),
        "member" => ("registry-member", "registry-member-why"),
        "invitation" => ("registry-invitation", "registry-invitation-why"),
        "weekly_rule" => ("registry-hours", "registry-hours-why"),
        "day_override" => ("registry-days", "registry-days-why"),
        "busy_block" => ("registry-busy", "registry-busy-why"),
        "hold" => ("registry-hold", "registry-hold-why"),
        "hold_draft" => ("registry-draft", "registry-draft-why"),
        "appointment" => ("registry-appointment", "registry-appointment-why"),
        "appointment_event" => ("registry-event", "registry-event-why"),
        "seat" => ("registry-seat", "registry-seat-why"),
        "outbox" => ("registry-outbox", "registry-outbox-why"),
        "call_attendance" => ("registry-attendance", "registry-attendance-why"),
        "call_segment" => ("registry-call", "registry-call-why"),
        "call_quality" => ("registry-quality", "registry-quality-why"),
        "charge" => ("registry-charge", "registry-charge-why"),
        "payment" => ("registry-payment", "registry-payment-why"),
        "refund" => ("registry-refund", "registry-refund-why"),
        "document" => ("registry-document", "registry-document-why"),
        "invoice" => ("registry-invoice", "registry-invoice-why"),
        "invoice_payment" => ("registry-invoice-payment", "registry-invoice-payment-why"),
        "invoice_reminder" => ("registry-invoice-reminder", "registry-invoice-reminder-why"),
        "dispute" => ("registry-disputes", "registry-disputes-why"),
        "dispute_entry" => ("registry-dispute-entries", "registry-dispute-entries-why"),
        "dispute_file" => ("registry-dispute-files", "registry-dispute-files-why"),
        "document_mandate" => ("registry-mandate", "registry-mandate-why"),
        "call_extension" => ("registry-extension", "registry-extension-why"),
        "withdrawal_request" => ("registry-withdrawal", "registry-withdrawal-why"),
        "operator_look" => ("registry-looks", "registry-looks-why"),
        "retention_hold" => ("registry-kept-back", "registry-kept-back-why"),
        "payout" => ("registry-payout", "registry-payout-why"),
        "payout_file" => ("registry-payout-file", "registry-payout-file-why"),
        "seller_tax" => ("registry-seller-tax", "registry-seller-tax-why"),
        "book_export" => ("registry-book-export", "registry-book-export-why"),
        "operator_record" => ("registry-operated", "registry-operated-why"),
        other => (other, ""),
    }
}

/// Keys of the names of columns.
const LABELS: &[(&str, &str)] = &[
    ("name", "registry-col-name"),
    ("email", "registry-col-email"),
    ("recipient", "registry-col-email"),
    ("contact_email", "registry-col-email"),
    ("phone", "registry-col-phone"),
    ("location", "registry-col-place"),
    ("town", "registry-col-place"),
    ("place", "registry-col-place"),
    ("locale", "registry-col-language"),
    ("created_us", "registry-col-created"),
    ("email_verified_us", "registry-col-verified"),
    ("deletion_asked_us", "registry-col-deletion-asked"),
    ("legal_version", "registry-col-version"),
    ("version", "registry-col-version"),
    ("user_agent", "registry-col-device"),
    ("ip_prefix", "registry-col-network"),
    ("last_seen_us", "registry-col-last-seen"),
    ("expires_us", "registry-col-expires"),
    ("seen_us", "registry-col-last-seen"),
    ("placed_us", "registry-col-placed"),
    ("lifted_us", "registry-col-lifted"),
    ("purpose", "registry-col-purpose"),
    ("used_us", "registry-col-used"),
    ("kind", "registry-col-kind"),
    ("text_hash", "registry-col-hash"),
    ("accepted_us", "registry-col-accepted"),
    ("withdrawn_us", "registry-col-withdrawn"),
    ("asked_us", "registry-col-at"),
    ("orgno", "registry-col-orgno"),
    ("headline", "registry-col-headline"),
    ("description", "registry-col-description"),
    ("address", "registry-col-address"),
    ("postcode", "registry-col-postcode"),
    ("office_postcode", "registry-col-postcode"),
    ("office_town", "registry-col-place"),
    ("office_country", "label-country"),
    ("lat_e6", "registry-col-latitude"),
    ("lon_e6", "registry-col-longitude"),
    ("title", "registry-col-title"),
    ("declined_us", "registry-col-declined"),
    ("weekday", "registry-col-weekday"),
    ("start_min", "registry-col-starts"),
    ("start_us", "registry-col-starts"),
    ("end_min", "registry-col-ends"),
    ("end_us", "registry-col-ends"),
    ("day", "registry-col-day"),
    ("reason", "registry-col-why"),
    ("about", "registry-col-about"),
    ("buyer_org_name", "registry-col-buyer-org"),
    ("buyer_orgno", "registry-col-orgno"),
    ("time_zone", "registry-col-zone"),
    ("price_terms", "registry-col-terms"),
    ("policy", "registry-col-policy"),
    ("status", "registry-col-status"),
    ("actor", "registry-col-actor"),
    ("at_us", "registry-col-at"),
    ("data", "registry-col-details"),
    ("role", "registry-col-role"),
    ("subject", "registry-col-subject"),
    ("body", "registry-col-body"),
    ("ics", "registry-col-calendar"),
    ("sent_us", "registry-col-sent"),
    ("arrived_us", "registry-col-arrived"),
    ("admitted_us", "registry-col-admitted"),
    ("left_us", "registry-col-left"),
    ("started_us", "registry-col-joined"),
    ("ended_us", "registry-col-ended"),
    ("end_reason", "registry-col-end-reason"),
    ("direction", "registry-col-direction"),
    ("source", "registry-col-source"),
    ("bitrate_bps", "registry-col-bitrate"),
    ("lost_permille", "registry-col-lost"),
    ("jitter_us", "registry-col-jitter"),
    ("score_centi", "registry-col-score"),
    ("outcome", "registry-col-outcome"),
    ("billable_us", "registry-col-billable"),
    ("amount_minor", "registry-col-amount"),
    ("vat_minor", "registry-col-vat"),
    ("currency", "registry-col-currency"),
    ("side", "col-opened-by"),
    ("offer_minor", "col-offer"),
    ("refund_minor", "col-decided-amount"),
    ("opened_us", "registry-col-opened"),
    ("answered_us", "registry-col-answered"),
    ("closed_us", "col-ended"),
    ("size_bytes", "registry-col-size"),
    ("psp", "registry-col-psp"),
    ("state", "registry-col-state"),
    ("method_brand", "registry-col-card"),
    ("method_last4", "registry-col-card-digits"),
    ("authorised_minor", "registry-col-authorised"),
    ("captured_minor", "registry-col-captured"),
    ("refunded_minor", "registry-col-refunded"),
    ("decline_reason", "registry-col-declined-why"),
    ("reference", "registry-col-reference"),
    ("content", "registry-col-content"),
    ("total_minor", "registry-col-total"),
    ("year", "registry-col-year"),
    ("number", "registry-col-number"),
    ("issued_us", "registry-col-issued"),
    ("action", "registry-col-action"),
    ("legal_name", "label-legal-name"),
    ("tin", "label-tin"),
    ("birth_date", "label-birth-date"),
    ("country", "label-country"),
    ("bank_account", "label-bank-account"),
    ("account", "label-bank-account"),
    ("made_us", "registry-col-created"),
    ("downloaded_us", "registry-col-downloaded"),
    ("cancelled_us", "registry-col-cancelled"),
    ("stated_us", "registry-col-stated"),
    ("period", "registry-col-period"),
    ("kid", "document-kid"),
    ("open_minor", "invoice-open"),
    ("due_us", "document-due"),
    ("reminders", "registry-invoice-reminder"),
    ("paid_on", "registry-col-paid-on"),
    ("noted_us", "registry-col-noted"),
    ("fee_minor", "registry-col-fee"),
];

/// Key of the name of a column. One that is not listed is shown by its own name.
fn label(column: &'static str) -> &'static str {
    LABELS
        .iter()
        .find(|(name, _)| *name == column)
        .map_or(column, |(_, key)| *key)
}

#[cfg(test)]
mod tests {
    use texts::text::has;

    use super::*;

    /// trial C5: the page showed eight tables of twenty-one.
    #[test]
    fn c5_every_registered_table_and_column_has_words_in_both_languages() {
        for table in owned() {
            let (title, why) = words(table.name);
            for locale in Locale::ALL {
                assert!(
                    has(locale, title) && has(locale, why),
                    "no words for the table {}",
                    table.name
                );
                for column in table.personal {
                    assert!(
                        has(locale, label(column.name)),
                        "no words for {}.{}",
                        table.name,
                        column.name
                    );
                }
            }
        }
    }

    #[test]
    fn numbers_are_shown_as_what_they_are() {
        fn check(name: &'static str, kind: Kind, number: i64, expect: &str) {
            let column = Column { name, kind };
            assert_eq!(
                number_in_words(Locale::Nb, column, number, Some("NOK")),
                expect,
                "{name}"
            );
        }
        check("amount_minor", Kind::Money, 7_650, "76,50\u{a0}kr");
        check("start_min", Kind::Clock, 8 * 60 + 5, "08:05");
        check("end_min", Kind::Clock, 24 * 60, "24:00");
        check("weekday", Kind::Weekday, 1, "mandag");
        check("lat_e6", Kind::Degrees, 60_392_050, "60.392050");
        check("billable_us", Kind::Span, 61_500_000, "1\u{a0}min 1,5\u{a0}s");
        check("number", Kind::Int, 7, "7");
    }
}
