//! The yearly report of a platform about its sellers: what each was paid, and for how many activities, by quarter. It has what
//! the OECD's Model Reporting Rules for Digital Platforms, section III, ask for; Norway follows them (Prop. 91 L (2024–2025)
//! chapter 1). The tax office takes it in a form of its own, which these figures are typed or converted into.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use texts::{Locale, t};

use super::tax::{self, SellerTax};
use super::{Period, sheet};
use crate::base::Base;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::{is_test_payment, params, statements};

statements! {
    /// from, until: what came in for each business less what was paid back, what was kept of it, and for how many appointments
    PAID_TO_SELLERS = concat!("SELECT t.org_id, t.currency,
            CAST(SUM(CASE WHEN t.kind LIKE 'commission%' THEN 0 ELSE e.amount_minor END) AS BIGINT) AS paid_minor,
            CAST(SUM(CASE WHEN t.kind LIKE 'commission%' THEN -e.amount_minor ELSE 0 END) AS BIGINT) AS fees_minor,
            COUNT(DISTINCT CASE WHEN t.kind IN ('captured', 'invoice_paid') THEN t.appointment_id END) AS activities,
            CAST(SUM(CASE WHEN ", is_test_payment!("p"), " THEN 1 ELSE 0 END) AS BIGINT) AS tests
        FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id AND e.account IN ('psp_clearing', 'seller_clearing', 'bank')
            LEFT JOIN payment p ON p.id = t.payment_id
        WHERE t.kind IN ('captured', 'refunded', 'refund_returned', 'invoice_paid', 'invoice_paid_back', 'commission', 'commission_refunded',
            'commission_returned') AND t.created_us >= $1 AND t.created_us < $2
        GROUP BY t.org_id, t.currency");
    /// Businesses that can be booked, or that had postings from the one moment until the other.
    SELLERS_OF_YEAR = "SELECT o.id, o.name, o.orgno FROM org o
        WHERE o.status = 'active' OR EXISTS (SELECT 1 FROM ledger_tx t WHERE t.org_id = o.id AND t.created_us >= $1 AND t.created_us < $2)
        ORDER BY o.name, o.id";
}

const COLUMNS: [&str; 18] = [
    "csv-business",
    "csv-orgno",
    "csv-seller-kind",
    "csv-legal-name",
    "csv-tin",
    "csv-birth-date",
    "csv-address",
    "csv-postcode",
    "csv-town",
    "csv-country",
    "csv-bank-account",
    "csv-year",
    "csv-quarter",
    "csv-consideration",
    "csv-fee",
    "csv-activities",
    "csv-currency",
    "csv-note",
];

/// What a seller got in a quarter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quarter {
    /// What customers paid, less what they got back, minor units.
    pub paid_minor: i64,
    /// What the operator kept of it.
    pub fees_minor: i64,
    /// Calls that were paid for.
    pub activities: i64,
    /// Some of it was paid without money, by a provider for tests.
    pub has_test: bool,
}

/// A seller's year in one currency.
#[derive(Debug, Clone, PartialEq)]
pub struct SellerYear {
    pub org_id: String,
    pub name: String,
    pub orgno: String,
    pub tax: Option<SellerTax>,
    /// Empty for a seller that was paid nothing.
    pub currency: String,
    pub quarters: [Quarter; 4],
}

impl SellerYear {
    /// The sum of the year.
    #[must_use]
    pub fn total(&self) -> Quarter {
        let mut sum = Quarter::default();
        for quarter in &self.quarters {
            sum.paid_minor = sum.paid_minor.saturating_add(quarter.paid_minor);
            sum.fees_minor = sum.fees_minor.saturating_add(quarter.fees_minor);
            sum.activities = sum.activities.saturating_add(quarter.activities);
            sum.has_test |= quarter.has_test;
        }
        sum
    }

    /// Whether it was paid anything, so that it is reported.
    #[must_use]
    pub fn is_reported(&self) -> bool {
        self.quarters.iter().any(|quarter| *quarter != Quarter::default())
    }
}

struct PaidRow {
    org_id: String,
    currency: String,
    quarter: Quarter,
}

impl FromRow for PaidRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            org_id: row.get("org_id")?,
            currency: row.get("currency")?,
            quarter: Quarter {
                paid_minor: row.get("paid_minor")?,
                fees_minor: row.get("fees_minor")?,
                activities: row.get("activities")?,
                has_test: row.get::<i64>("tests")? > 0,
            },
        })
    }
}

/// Every seller of a year: those that were paid something, by currency, and those that could have been.
///
/// # Errors
/// When the database fails.
pub async fn report(tx: &mut Tx, zone: &TimeZone, year: i16) -> Result<Vec<SellerYear>, DbError> {
    let mut paid: BTreeMap<String, BTreeMap<String, [Quarter; 4]>> = BTreeMap::new();
    for (index, period) in Period::quarters(zone, year).into_iter().enumerate() {
        let rows: Vec<PaidRow> = tx.all(PAID_TO_SELLERS, params![period.from, period.until]).await?;
        for row in rows {
            let of_seller = paid.entry(row.org_id).or_default().entry(row.currency).or_default();
            of_seller[index] = row.quarter;
        }
    }
    let whole = Period::year(zone, year);
    let sellers: Vec<(String, String, String)> = tx.all(SELLERS_OF_YEAR, params![whole.from, whole.until]).await?;
    let mut report = Vec::with_capacity(sellers.len());
    for (org_id, name, orgno) in sellers {
        let tax = tax::find(tx, &org_id).await?;
        let mut currencies = paid.remove(&org_id).unwrap_or_default();
        if currencies.is_empty() {
            currencies.insert(String::new(), <[Quarter; 4]>::default());
        }
        report.extend(currencies.into_iter().map(|(currency, quarters)| SellerYear {
            org_id: org_id.clone(),
            name: name.clone(),
            orgno: orgno.clone(),
            tax: tax.clone(),
            currency,
            quarters,
        }));
    }
    Ok(report)
}

/// The report as CSV, a line for each seller and quarter; sellers that were paid nothing are left out.
///
/// # Errors
/// When the database fails.
pub async fn write_sheet(base: &Base, zone: &TimeZone, year: i16, locale: Locale) -> Result<Vec<u8>, DbError> {
    let report = report(&mut base.db.read().await?, zone, year).await?;
    let mut bytes = sheet::begin(&COLUMNS.map(|key| t(locale, key, &[])));
    let rows = report.iter().filter(|seller| seller.is_reported());
    bytes.extend(sheet::lines(rows.flat_map(|seller| lines_of(seller, year, locale))));
    Ok(bytes)
}

fn lines_of(seller: &SellerYear, year: i16, locale: Locale) -> Vec<Vec<String>> {
    let mut who = vec![sheet::text(&seller.name), seller.orgno.clone()];
    match &seller.tax {
        Some(tax) => {
            let kind = if tax.is_person == 1 {
                "seller-person"
            } else {
                "seller-company"
            };
            who.push(t(locale, kind, &[]));
            let texts = [
                &tax.legal_name,
                &tax.tin,
                &tax.birth_date,
                &tax.address,
                &tax.postcode,
                &tax.town,
                &tax.country,
                &tax.bank_account,
            ];
            who.extend(texts.map(|text| sheet::text(text)));
        }
        None => who.extend(vec![String::new(); 9]),
    }
    let line = |(index, quarter): (usize, &Quarter)| {
        let mut line = who.clone();
        line.extend([
            year.to_string(),
            (index + 1).to_string(),
            sheet::amount(quarter.paid_minor, &seller.currency),
            sheet::amount(quarter.fees_minor, &seller.currency),
            quarter.activities.to_string(),
            seller.currency.clone(),
            if quarter.has_test { "TEST" } else { "" }.to_owned(),
        ]);
        line
    };
    seller.quarters.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::ledger::{LedgerAccount, Posting};

    /// The statement names what it adds up; a renamed kind or account would make it add up nothing.
    #[test]
    fn the_statement_speaks_of_kinds_and_accounts_that_are_there() {
        for word in [
            "captured",
            "refunded",
            "refund_returned",
            "commission",
            "commission_refunded",
            "commission_returned",
        ] {
            assert!(PAID_TO_SELLERS.text.contains(&format!("'{word}'")) && Posting::KINDS.contains(&word));
        }
        for held in [LedgerAccount::PspClearing, LedgerAccount::SellerClearing] {
            assert!(PAID_TO_SELLERS.text.contains(&format!("'{}'", held.name())));
        }
    }
}
