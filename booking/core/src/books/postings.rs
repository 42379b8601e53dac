//! The postings of a business as its books show them, each with the appointment and the document that it is about.

use signaling_protocol::PriceTerms;
use texts::{Locale, t};

use super::Period;
use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::vat::VatCode;
use crate::billing::ledger::LedgerAccount;
use crate::billing::provider::is_test_provider;
use crate::documents::DocumentKind;
use crate::{documents, params, statements};

/// SQL: whether an entry `$alias` is one of the books, and not a memo of what is only reserved.
#[macro_export]
macro_rules! is_booked {
    ($alias:literal) => {
        concat!($alias, ".account NOT IN ('reserved', 'reserved_contra')")
    };
}

/// SQL: whether no money moved in a payment `$alias`; see [`is_test_provider`].
#[macro_export]
macro_rules! is_test_payment {
    ($alias:literal) => {
        concat!(
            "(",
            $alias,
            ".psp = 'test' OR ",
            $alias,
            ".psp LIKE '%!_test' ESCAPE '!')"
        )
    };
}

/// SQL: the transactions of the business `$1` in the currency `$2` (all of them, where it is empty) after the moment `$3`
/// with the id `$5`, until before `$4`, that have an entry of the books.
macro_rules! booked_tx {
    () => {
        concat!(
            "FROM ledger_tx x WHERE x.org_id = $1 AND ($2 = '' OR x.currency = $2) AND x.created_us < $4
                AND (x.created_us, x.id) > ($3, $5)
                AND EXISTS (SELECT 1 FROM ledger_entry y WHERE y.tx_id = x.id AND ",
            is_booked!("y"),
            ")"
        )
    };
}

/// SQL: the cause of the document `y` of a posting `t`: a refund has its credit note, a refund that came back the receipt that
/// takes the note back, and everything else what the customer got first. A posting is keyed by the refund it is about.
macro_rules! cause_of_posting {
    ($document:literal, $posting:literal) => {
        concat!(
            "CASE ",
            $posting,
            ".kind WHEN 'refunded' THEN 'refund:' || SUBSTR(",
            $posting,
            ".posting_key, 10)
                WHEN 'credited' THEN 'refund:' || SUBSTR(",
            $posting,
            ".posting_key, 10)
                WHEN 'refund_returned' THEN 'returned:' || SUBSTR(",
            $posting,
            ".posting_key, 17) ELSE ",
            $document,
            ".cause END"
        )
    };
}

statements! {
    /// org, currency or nothing, from, until, after this id, limit, offset
    POSTED = concat!("SELECT t.id, t.kind, t.created_us, t.currency, e.account, e.amount_minor,
            a.id AS appointment_id, a.title, a.start_us, a.end_us, a.time_zone, a.price_terms, a.consumer_id, c.name AS consumer_name,
            w.name AS member_name, h.billable_us, h.vat_code, h.vat_bp, p.psp, p.method_brand, p.method_last4,
            d.kind AS document_kind, d.year, d.number, d.content
        FROM (SELECT x.id, x.kind, x.posting_key, x.created_us, x.currency, x.appointment_id, x.payment_id ", booked_tx!(), "
            ORDER BY x.created_us, x.id LIMIT $6 OFFSET $7) t
        JOIN ledger_entry e ON e.tx_id = t.id AND ", is_booked!("e"), "
        LEFT JOIN payment p ON p.id = COALESCE(t.payment_id, (SELECT q.id FROM payment q
            WHERE q.appointment_id = t.appointment_id ORDER BY q.captured_minor DESC, q.attempt DESC, q.id LIMIT 1))
        LEFT JOIN appointment a ON a.id = COALESCE(t.appointment_id, p.appointment_id)
        LEFT JOIN account c ON c.id = a.consumer_id
        LEFT JOIN member m ON m.id = a.member_id LEFT JOIN account w ON w.id = m.account_id
        LEFT JOIN charge h ON h.call_id = a.id
        LEFT JOIN document d ON d.id = (SELECT y.id FROM document y WHERE y.appointment_id = a.id AND y.seller_id = y.org_id
            AND y.cause = ", cause_of_posting!("y", "t"), " ORDER BY y.issued_us, y.id LIMIT 1)
        ORDER BY t.created_us, t.id, e.line");
    /// from, until: whether payments without money are among the postings
    HAS_TEST = concat!("SELECT COUNT(*) FROM (SELECT t.id FROM ledger_tx t JOIN payment p ON p.id = t.payment_id
        WHERE t.created_us >= $1 AND t.created_us < $2 AND ", is_test_payment!("p"), " LIMIT 1) AS found");
    /// As [`POSTED`] up to the id
    POSTED_COUNT = concat!("SELECT COUNT(*) ", booked_tx!());
}

/// What an account is to the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Reserved and not taken: no part of its books.
    Memo,
    /// What consumers owe it.
    Owed,
    /// What came in and the operator, or its payment provider, holds for it.
    Held,
    /// What it sold, without tax.
    Sales,
    /// The tax in it.
    Vat,
    /// What it took for reminders of invoices.
    Fees,
    /// What the operator kept of it, without tax.
    Commission,
    /// The tax in that.
    CommissionVat,
    /// What was paid out to its bank.
    PaidOut,
}

impl Part {
    #[must_use]
    pub fn of(account: LedgerAccount) -> Self {
        match account {
            LedgerAccount::Reserved | LedgerAccount::ReservedContra => Self::Memo,
            LedgerAccount::ConsumerReceivable => Self::Owed,
            LedgerAccount::PspClearing
            | LedgerAccount::SellerClearing
            | LedgerAccount::TestClearing
            | LedgerAccount::Bank => Self::Held,
            LedgerAccount::ProviderPayable => Self::Sales,
            LedgerAccount::ProviderVat => Self::Vat,
            LedgerAccount::Commission => Self::Commission,
            LedgerAccount::CommissionVat => Self::CommissionVat,
            LedgerAccount::ProviderBank => Self::PaidOut,
            LedgerAccount::ReminderFees => Self::Fees,
        }
    }
}

/// An account by its name in the database.
pub(super) fn account_named(name: &str) -> Result<LedgerAccount, sqlx::Error> {
    let found = LedgerAccount::ALL.into_iter().find(|account| account.name() == name);
    found.ok_or_else(|| sqlx::Error::Decode(format!("an unknown account of the ledger: {name}").into()))
}

/// One transaction of the books.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    pub id: String,
    pub kind: String,
    pub at: Micros,
    pub currency: String,
    /// Without the memo accounts; they sum to zero.
    pub entries: Vec<(LedgerAccount, i64)>,
    pub about: Option<About>,
    pub method: Option<Method>,
}

/// The appointment that a transaction is about.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    pub appointment_id: String,
    pub title: String,
    pub starts_at: Micros,
    pub ends_at: Micros,
    pub time_zone: String,
    pub price: PriceTerms,
    pub consumer_id: String,
    /// As on the document, where there is one; empty where nobody knows it any more.
    pub consumer: String,
    pub member: String,
    /// Once the call is settled.
    pub billable: Option<Micros>,
    /// How the sale is taxed: as it was settled.
    pub tax: Tax,
    /// Kind and number, `2026-000001`.
    pub document: Option<(DocumentKind, String)>,
}

/// The treatment of a sale and its rate on that day, basis points of the net amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tax {
    pub code: VatCode,
    pub bp: u32,
}

impl Tax {
    /// What has no charge has no tax.
    pub(super) const NONE: Self = Self {
        code: VatCode::Unregistered,
        bp: 0,
    };

    /// From the columns `vat_code` and `vat_bp`, which are null without a charge.
    pub(super) fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let Some(word) = row.get::<Option<String>>("vat_code")? else {
            return Ok(Self::NONE);
        };
        let code = word
            .parse()
            .map_err(|_| sqlx::Error::Decode(format!("an unknown tax: {word}").into()))?;
        let bp = row.get::<Option<i64>>("vat_bp")?.unwrap_or(0);
        Ok(Self {
            code,
            bp: u32::try_from(bp).map_err(|error| sqlx::Error::Decode(error.into()))?,
        })
    }
}

impl About {
    /// `Kvittering 2026-000001`, since each kind of document has its own series.
    #[must_use]
    pub fn document_words(&self, locale: Locale) -> Option<String> {
        let (kind, number) = self.document.as_ref()?;
        Some(format!("{} {number}", t(locale, kind.key(), &[])))
    }
}

/// By what a customer paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    pub psp: String,
    pub brand: String,
    pub last4: String,
}

impl Method {
    /// Whether no money moved.
    #[must_use]
    pub fn is_test(&self) -> bool {
        is_test_provider(&self.psp)
    }

    /// `Visa **** 4242`, `TEST Visa **** 4242`, `invoice`
    #[must_use]
    pub fn words(&self) -> String {
        let card = match (self.brand.is_empty(), self.last4.is_empty()) {
            (true, _) => self.psp.clone(),
            (false, true) => self.brand.clone(),
            (false, false) => format!("{} **** {}", self.brand, self.last4),
        };
        if self.is_test() && !card.starts_with("TEST") {
            format!("TEST {card}")
        } else {
            card
        }
    }
}

impl Posted {
    /// What the entries of one part come to, debits positive.
    #[must_use]
    pub fn minor(&self, part: Part) -> i64 {
        let of_part = self.entries.iter().filter(|(account, _)| Part::of(*account) == part);
        of_part.fold(0, |sum, (_, minor)| sum.saturating_add(*minor))
    }

    /// What the business earned by it without tax: what it sold, and fees of reminders.
    #[must_use]
    pub fn net_minor(&self) -> i64 {
        let fees = self.minor(Part::Fees).saturating_neg();
        self.minor(Part::Sales).saturating_neg().saturating_add(fees)
    }

    /// Whether no money moved.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.method.as_ref().is_some_and(Method::is_test)
    }
}

/// Where reading goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    at: Micros,
    id: String,
}

impl Cursor {
    /// At the beginning of a period.
    #[must_use]
    pub fn at(period: Period) -> Self {
        Self {
            at: period.from,
            id: String::new(),
        }
    }

    /// After what was read last.
    pub fn advance(&mut self, read: &[Posted]) {
        if let Some(last) = read.last() {
            (self.at, self.id) = (last.at, last.id.clone());
        }
    }
}

/// Which transactions: those of a business, in one currency or, where it is empty, in all.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    pub org: &'a str,
    pub currency: &'a str,
    pub until: Micros,
}

/// Transactions in their order, at most `limit` of those after the cursor, the first `skip` left out.
///
/// # Errors
/// When the database fails.
pub async fn read(
    tx: &mut Tx,
    what: Selection<'_>,
    cursor: &Cursor,
    (limit, skip): (i64, i64),
) -> Result<Vec<Posted>, DbError> {
    let row = params![what.org, what.currency, cursor.at, what.until, &cursor.id, limit, skip];
    let rows: Vec<EntryRow> = tx.all(POSTED, row).await?;
    let mut posted: Vec<Posted> = Vec::new();
    for row in rows {
        match posted.last_mut().filter(|last| last.id == row.posted.id) {
            Some(last) => last.entries.push(row.entry),
            None => posted.push(Posted {
                entries: vec![row.entry],
                ..row.posted
            }),
        }
    }
    Ok(posted)
}

/// How many transactions there are after the cursor.
///
/// # Errors
/// When the database fails.
pub async fn count(tx: &mut Tx, what: Selection<'_>, cursor: &Cursor) -> Result<i64, DbError> {
    let row = params![what.org, what.currency, cursor.at, what.until, &cursor.id];
    tx.one(POSTED_COUNT, row).await
}

/// Whether payments in which no money moved are among the postings of a period.
///
/// # Errors
/// When the database fails.
pub async fn has_test(tx: &mut Tx, period: Period) -> Result<bool, DbError> {
    let found: i64 = tx.one(HAS_TEST, params![period.from, period.until]).await?;
    Ok(found > 0)
}

/// The buyer's name on a document, by its frozen content; none where it has no such word.
pub(super) fn buyer_on(content: Option<&str>) -> Option<String> {
    let content: serde_json::Value = serde_json::from_str(content?).ok()?;
    // Documents of every age are read.
    let name = content.pointer("/buyer/name").or_else(|| content.get("buyer_name"))?;
    name.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

struct EntryRow {
    posted: Posted,
    entry: (LedgerAccount, i64),
}

impl FromRow for EntryRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let psp: Option<String> = row.get("psp")?;
        let method = match psp {
            Some(psp) => Some(Method {
                psp,
                brand: row.get("method_brand")?,
                last4: row.get("method_last4")?,
            }),
            None => None,
        };
        Ok(Self {
            posted: Posted {
                id: row.get("id")?,
                kind: row.get("kind")?,
                at: row.get("created_us")?,
                currency: row.get("currency")?,
                entries: Vec::new(),
                about: about_of(row)?,
                method,
            },
            entry: (account_named(&row.get::<String>("account")?)?, row.get("amount_minor")?),
        })
    }
}

fn about_of(row: &Row) -> Result<Option<About>, sqlx::Error> {
    let Some(appointment_id) = row.get::<Option<String>>("appointment_id")? else {
        return Ok(None);
    };
    let year: Option<i64> = row.get("year")?;
    let document = match year {
        Some(year) => Some((
            row.parse("document_kind")?,
            documents::number_name(year, row.get("number")?),
        )),
        None => None,
    };
    let content: Option<String> = row.get("content")?;
    let on_document = buyer_on(content.as_deref());
    Ok(Some(About {
        appointment_id,
        title: row.get("title")?,
        starts_at: row.get("start_us")?,
        ends_at: row.get("end_us")?,
        time_zone: row.get("time_zone")?,
        price: row.json("price_terms")?,
        consumer_id: row.get("consumer_id")?,
        consumer: match on_document {
            Some(name) => name,
            None => row.get("consumer_name")?,
        },
        member: row.get("member_name")?,
        billable: row.get("billable_us")?,
        tax: Tax::from_row(row)?,
        document,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::provider::TEST_PROVIDER;

    /// What the statements leave out is what is no part of the books.
    #[test]
    fn only_memo_accounts_are_left_out() {
        for account in LedgerAccount::ALL {
            let left_out = is_booked!("e").contains(&format!("'{}'", account.name()));
            assert_eq!(left_out, Part::of(account) == Part::Memo, "{account:?}");
        }
    }

    #[test]
    fn methods_say_when_no_money_moved() {
        let check = |psp: &str, brand: &str, last4: &str, expect: &str| {
            let method = Method {
                psp: psp.to_owned(),
                brand: brand.to_owned(),
                last4: last4.to_owned(),
            };
            assert_eq!(method.words(), expect);
        };
        check("stripe", "Visa", "4242", "Visa **** 4242");
        check(TEST_PROVIDER, "Visa", "4242", "TEST Visa **** 4242");
        check(TEST_PROVIDER, "TEST Visa", "4242", "TEST Visa **** 4242");
        check("stripe_test", "Visa", "4242", "TEST Visa **** 4242");
        check("invoice", "", "", "invoice");
    }

    #[test]
    fn a_buyer_is_read_from_what_a_document_says() {
        assert_eq!(
            buyer_on(Some(r#"{"buyer_name":"Ola","number":"1"}"#)),
            Some("Ola".to_owned())
        );
        assert_eq!(buyer_on(Some(r#"{"buyer":{"name":"Kari"}}"#)), Some("Kari".to_owned()));
        assert_eq!(buyer_on(Some(r#"{"number":"1"}"#)), None);
        assert_eq!(buyer_on(Some("no json")), None);
        assert_eq!(buyer_on(None), None);
    }
}
