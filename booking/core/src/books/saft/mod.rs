//! SAF-T Financial, the Norwegian standard audit file (bokføringsforskriften § 7-8): the books of one seller in one year and
//! currency, by the schema of [`VERSION`] that Skatteetaten publishes.

mod chart;
pub(crate) mod customers;
mod entries;
mod head;
mod writer;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use texts::Locale;

use self::chart::BookAccount;
use self::customers::CustomerCursor;
pub(super) use self::writer::Xml;
use super::postings::{Cursor, Part, Tax};
use super::{Period, Seller, find_seller, tax};
use crate::availability::date_in;
use crate::availability::load::zone_named;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::money::Currency;
use crate::base::{Base, Fault, Micros, Result};
use crate::{is_booked, is_test_payment, params, statements};

/// Version of the schema; it stands in the file, too.
pub const VERSION: &str = "1.30";
const NAMESPACE: &str = "urn:StandardAuditFile-Taxation-Financial:NO";

/// SQL: entries of the books of the business `$1` in the currency `$2`, with the charge that says which tax is in them.
macro_rules! booked_entries {
    () => {
        concat!(
            "FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id AND ",
            is_booked!("e"),
            " LEFT JOIN payment p ON p.id = t.payment_id
            LEFT JOIN charge h ON h.call_id = COALESCE(t.appointment_id, p.appointment_id)
            WHERE t.org_id = $1 AND t.currency = $2"
        )
    };
}

statements! {
    /// org, currency, from, until
    SUMS_OF_SELLER = concat!("SELECT e.account, h.vat_code, h.vat_bp, CAST(SUM(e.amount_minor) AS BIGINT) AS after_minor,
            CAST(SUM(CASE WHEN t.created_us < $3 THEN e.amount_minor ELSE 0 END) AS BIGINT) AS before_minor ", booked_entries!(), "
            AND t.created_us < $4 GROUP BY e.account, h.vat_code, h.vat_bp
        UNION ALL SELECT c.account, NULL, CAST(NULL AS BIGINT), c.amount_minor, c.amount_minor FROM ledger_carried c
            WHERE c.org_id = $1 AND c.currency = $2");
    /// org, currency, from, until
    TOTALS_OF_SELLER = concat!("SELECT COUNT(DISTINCT t.id), CAST(COALESCE(SUM(CASE WHEN e.amount_minor > 0 THEN e.amount_minor ELSE 0 END), 0) AS BIGINT),
            CAST(COALESCE(SUM(CASE WHEN ", is_test_payment!("p"), " THEN 1 ELSE 0 END), 0) AS BIGINT) ", booked_entries!(), "
            AND t.created_us >= $3 AND t.created_us < $4");
}

/// How many transactions a file has, and what their debits come to: so much as their credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Totals {
    transactions: i64,
    debit_minor: i64,
}

/// Accounts before the period and after it.
type Accounts = BTreeMap<BookAccount, (i64, i64)>;

enum Stage {
    Head,
    Customers(CustomerCursor),
    Entries(Cursor),
    Done,
}

/// A file that is being made.
pub struct AuditFile {
    seller: Seller,
    tax: Option<tax::SellerTax>,
    is_registered: bool,
    zone: TimeZone,
    period: Period,
    currency: Currency,
    locale: Locale,
    accounts: Accounts,
    /// Of sales in the period.
    taxes: Vec<Tax>,
    totals: Totals,
    written: Totals,
    has_test: bool,
    stage: Stage,
    now: Micros,
}

impl AuditFile {
    /// Opens the books of a business for a year; what is posted after now is not in the file.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is no such business. [`Fault::Conflict`] when it has no number to name it by, or the
    /// currency has more decimals than the schema takes.
    pub async fn open(base: &Base, org: &str, year: i16, currency: &str, locale: Locale) -> Result<Self> {
        let now = base.now();
        let mut tx = base.db.read().await?;
        let seller = find_seller(&mut tx, org).await?.ok_or(Fault::NotFound)?;
        let tax = tax::find(&mut tx, org).await?;
        if seller.orgno.is_empty() && tax.is_none() {
            return Err(Fault::Conflict("the business has no number to be named by"));
        }
        let currency = Currency::parse(currency).map_err(|_| Fault::BadRequest("not a currency"))?;
        if currency.exponent() > 2 {
            return Err(Fault::Conflict("the schema takes amounts of two decimals"));
        }
        let zone = zone_named(&seller.time_zone);
        let whole = Period::year(&zone, year);
        let period = Period {
            from: whole.from,
            until: whole.until.min(now.saturating_add(1)).max(whole.from),
        };
        let (accounts, taxes) = load_accounts(&mut tx, org, currency, period).await?;
        let (totals, has_test) = load_totals(&mut tx, org, currency, period).await?;
        let at = period.until.saturating_sub(1);
        let is_registered = crate::providers::vat::is_registered(&mut tx, org, at).await?;
        Ok(Self {
            seller,
            tax,
            is_registered,
            zone,
            period,
            currency,
            locale,
            accounts,
            taxes,
            totals,
            written: Totals::default(),
            has_test,
            stage: Stage::Head,
            now,
        })
    }

    /// The name that the tax office wants files to have: kind, number of the business, and when it was made.
    #[must_use]
    pub fn file_name(&self) -> String {
        let local = jiff::Timestamp::from_microsecond(self.now).unwrap_or_default();
        let made = self.zone.to_datetime(local).strftime("%Y%m%d%H%M%S").to_string();
        format!("SAF-T Financial_{}_{made}.xml", self.number())
    }

    /// By which number the business is known.
    fn number(&self) -> &str {
        match &self.tax {
            Some(tax) if self.seller.orgno.is_empty() => &tax.tin,
            Some(_) | None => &self.seller.orgno,
        }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// When the database fails, or the books changed while they were read: then the file is not whole.
    pub async fn next_chunk(&mut self, base: &Base) -> Result<Option<Vec<u8>>> {
        let mut xml = Xml::default();
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Head => {
                self.write_head(&mut xml);
                self.stage = Stage::Customers(CustomerCursor::default());
            }
            Stage::Customers(cursor) => match self.write_customers(base, &mut xml, cursor).await? {
                Some(next) => self.stage = Stage::Customers(next),
                None => {
                    self.write_tax_table(&mut xml);
                    self.begin_entries(&mut xml);
                    self.stage = Stage::Entries(Cursor::at(self.period));
                }
            },
            Stage::Entries(cursor) => match self.write_entries(base, &mut xml, cursor).await? {
                Some(next) => self.stage = Stage::Entries(next),
                None => self.end(&mut xml)?,
            },
            Stage::Done => return Ok(None),
        }
        Ok(Some(xml.into_bytes()))
    }

    /// The end of the file, which says at its beginning how much is in it.
    fn end(&self, xml: &mut Xml) -> Result<()> {
        if self.written != self.totals {
            return Err(Fault::Internal(format!(
                "the books changed while they were written: {:?} instead of {:?}",
                self.written, self.totals
            )));
        }
        xml.close("Journal");
        xml.close("GeneralLedgerEntries");
        xml.close("AuditFile");
        Ok(())
    }

    /// An amount as the schema wants it, without its sign.
    fn amount(&self, minor: i64) -> String {
        let digits = super::sheet::decimal(minor, self.currency.exponent(), '.');
        digits.trim_start_matches('-').to_owned()
    }

    fn day(&self, at: Micros) -> String {
        date_in(&self.zone, at).to_string()
    }
}

struct SumRow {
    part: Part,
    tax: Tax,
    before_minor: i64,
    after_minor: i64,
}

impl FromRow for SumRow {
    fn from_row(row: &Row) -> std::result::Result<Self, sqlx::Error> {
        let account = super::postings::account_named(&row.get::<String>("account")?)?;
        Ok(Self {
            part: Part::of(account),
            tax: Tax::from_row(row)?,
            before_minor: row.get("before_minor")?,
            after_minor: row.get("after_minor")?,
        })
    }
}

/// The accounts before and after the period. What was sold in the years before is equity by then, so that sales begin at zero.
async fn load_accounts(
    tx: &mut Tx,
    org: &str,
    currency: Currency,
    period: Period,
) -> Result<(Accounts, Vec<Tax>), DbError> {
    let row = params![org, currency.as_str(), period.from, period.until];
    let sums: Vec<SumRow> = tx.all(SUMS_OF_SELLER, row).await?;
    let (mut accounts, mut taxes) = (Accounts::new(), Vec::new());
    for sum in sums {
        let Some(account) = BookAccount::of(sum.part, sum.tax) else {
            continue;
        };
        let standing = accounts.entry(account).or_default();
        if account.is_of_the_year() {
            if account.is_of_sales() && sum.after_minor != sum.before_minor {
                taxes.push(sum.tax);
            }
            standing.1 += sum.after_minor - sum.before_minor;
            let equity = accounts.entry(BookAccount::Equity).or_default();
            equity.0 += sum.before_minor;
            equity.1 += sum.before_minor;
        } else {
            standing.0 += sum.before_minor;
            standing.1 += sum.after_minor;
        }
    }
    accounts.retain(|account, standing| *account != BookAccount::Equity || *standing != (0, 0));
    Ok((accounts, taxes))
}

async fn load_totals(tx: &mut Tx, org: &str, currency: Currency, period: Period) -> Result<(Totals, bool), DbError> {
    let row = params![org, currency.as_str(), period.from, period.until];
    let (transactions, debit_minor, test): (i64, i64, i64) = tx.one(TOTALS_OF_SELLER, row).await?;
    let totals = Totals {
        transactions,
        debit_minor,
    };
    Ok((totals, test > 0))
}
