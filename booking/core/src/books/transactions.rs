//! The transactions of a business as CSV: what was done, when, for how long, for how much, and by what it was paid.

use signaling_protocol::PriceModel;
use texts::text::has;
use texts::{Locale, t};

use super::postings::{self, Cursor, Part, Posted, Selection};
use super::{Period, sheet};
use crate::appointments::reference;
use crate::base::Base;
use crate::base::db::DbError;

/// Transactions that are read at a time.
const BATCH: i64 = 200;

/// Keys of the names of the columns, in their order.
const COLUMNS: [&str; 24] = [
    "csv-posted",
    "csv-what",
    "csv-reference",
    "csv-document",
    "csv-service",
    "csv-customer",
    "csv-member",
    "csv-start",
    "csv-end",
    "csv-zone",
    "csv-seconds",
    "csv-price-model",
    "csv-price",
    "csv-cap",
    "csv-method",
    "csv-net",
    "csv-vat-rate",
    "csv-vat",
    "csv-gross",
    "csv-fee",
    "csv-owed",
    "csv-held",
    "csv-currency",
    "csv-transaction",
];

/// What a transaction tells, in words.
#[must_use]
pub fn kind_words(locale: Locale, kind: &str) -> String {
    let key = format!("transaction-{}", kind.replace('_', "-"));
    let key = if has(locale, &key) {
        key.as_str()
    } else {
        "record-other"
    };
    t(locale, key, &[])
}

/// A file of transactions that is being made.
pub struct TransactionSheet {
    org: String,
    period: Period,
    zone: String,
    locale: Locale,
    cursor: Option<Cursor>,
    has_begun: bool,
}

impl TransactionSheet {
    /// Of a business in a period; times of postings are shown in `zone`.
    #[must_use]
    pub fn new(org: &str, period: Period, zone: &str, locale: Locale) -> Self {
        Self {
            org: org.to_owned(),
            period,
            zone: zone.to_owned(),
            locale,
            cursor: Some(Cursor::at(period)),
            has_begun: false,
        }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// When the database fails: then the file is not whole.
    pub async fn next_chunk(&mut self, base: &Base) -> Result<Option<Vec<u8>>, DbError> {
        let mut bytes = Vec::new();
        if !self.has_begun {
            self.has_begun = true;
            bytes = sheet::begin(&COLUMNS.map(|key| t(self.locale, key, &[])));
        }
        let Some(cursor) = &mut self.cursor else {
            return Ok(None);
        };
        let what = Selection {
            org: &self.org,
            currency: "",
            until: self.period.until,
        };
        let posted = postings::read(&mut base.db.read().await?, what, cursor, (BATCH, 0)).await?;
        cursor.advance(&posted);
        if i64::try_from(posted.len()).unwrap_or(i64::MAX) < BATCH {
            self.cursor = None;
        }
        bytes.extend(sheet::lines(posted.iter().map(|one| row(one, &self.zone, self.locale))));
        Ok(Some(bytes))
    }
}

fn row(posted: &Posted, zone: &str, locale: Locale) -> Vec<String> {
    let money = |minor| sheet::amount(minor, &posted.currency);
    let net = posted.net_minor();
    let vat = posted.minor(Part::Vat).saturating_neg();
    let method = posted.method.as_ref().map(postings::Method::words).unwrap_or_default();
    let mut cells = vec![sheet::moment(posted.at, zone), kind_words(locale, &posted.kind)];
    cells.extend(about_cells(posted, locale));
    cells.extend([
        sheet::text(&method),
        money(net),
        posted
            .about
            .as_ref()
            .map_or_else(String::new, |about| sheet::seconds(i64::from(about.tax.bp) * 10_000)),
        money(vat),
        money(net.saturating_add(vat)),
        money(
            posted
                .minor(Part::Commission)
                .saturating_add(posted.minor(Part::CommissionVat)),
        ),
        money(posted.minor(Part::Owed)),
        money(posted.minor(Part::Held)),
        posted.currency.clone(),
        posted.id.clone(),
    ]);
    cells
}

/// The cells from the reference to the cap.
fn about_cells(posted: &Posted, locale: Locale) -> Vec<String> {
    let Some(about) = &posted.about else {
        return vec![String::new(); 12];
    };
    let money = |minor| sheet::amount(minor, &about.price.currency);
    let (model, price, cap) = match &about.price.model {
        PriceModel::Free => ("kind-free", money(0), String::new()),
        PriceModel::Fixed { amount_minor } => ("kind-fixed", money(*amount_minor), String::new()),
        PriceModel::PerMinute {
            rate_minor, cap_minor, ..
        } => ("kind-per-minute", money(*rate_minor), money(*cap_minor)),
    };
    vec![
        reference(&about.appointment_id),
        about.document_words(locale).unwrap_or_default(),
        sheet::text(&about.title),
        sheet::text(&about.consumer),
        sheet::text(&about.member),
        sheet::moment(about.starts_at, &about.time_zone),
        sheet::moment(about.ends_at, &about.time_zone),
        about.time_zone.clone(),
        about.billable.map(sheet::seconds).unwrap_or_default(),
        t(locale, model, &[]),
        price,
        cap,
    ]
}
