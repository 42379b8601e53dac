//! Invoices on record: what is open of each, what came in for it, and the reminders that went out.

use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::money::{Currency, Money};
use crate::{params, statements};

/// Columns of an [`Invoice`].
macro_rules! invoice_select {
    ($rest:literal) => {
        concat!(
            "SELECT i.payment_id, i.appointment_id, i.org_id, o.name AS org_name, i.document_id, d.year, d.number, i.kid, i.account,
                i.currency, i.total_minor, i.open_minor, i.issued_us, i.due_us, i.reminders
            FROM invoice i JOIN document d ON d.id = i.document_id JOIN org o ON o.id = i.org_id ",
            $rest
        )
    };
}

statements! {
    /// payment, appointment, org, document, KID, account, currency, total, now, due
    ADD = "INSERT INTO invoice (payment_id, appointment_id, org_id, document_id, kid, account, currency, total_minor, open_minor,
               issued_us, due_us)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10) ON CONFLICT (payment_id) DO NOTHING";
    OF_PAYMENT = invoice_select!("WHERE i.payment_id = $1");
    OF_KID = invoice_select!("WHERE i.kid = $1");
    /// limit: what is to be paid or paid back, the longest due first
    OPEN = invoice_select!("WHERE i.open_minor <> 0 ORDER BY i.due_us, i.payment_id LIMIT $1");
    /// payment: what was credited is in the payment
    COUNT_OPEN = "UPDATE invoice SET open_minor = total_minor
            - COALESCE((SELECT p.refunded_minor FROM payment p WHERE p.id = invoice.payment_id), 0)
            + COALESCE((SELECT CAST(SUM(r.fee_minor) AS BIGINT) FROM invoice_reminder r WHERE r.payment_id = invoice.payment_id), 0)
            - COALESCE((SELECT CAST(SUM(m.amount_minor) AS BIGINT) FROM invoice_payment m WHERE m.payment_id = invoice.payment_id), 0)
        WHERE payment_id = $1";
    /// id, payment, amount, day, line of the bank, who, now
    ADD_PAYMENT = "INSERT INTO invoice_payment (id, payment_id, amount_minor, paid_on, bank_line, noted_by, noted_us)
                   VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (bank_line) DO NOTHING";
    /// now, wait before the first reminder, most reminders, limit; whoever was erased has no address any more
    TO_REMIND = "SELECT i.payment_id FROM invoice i JOIN appointment a ON a.id = i.appointment_id JOIN account c ON c.id = a.consumer_id
                 WHERE i.open_minor <> 0 AND i.open_minor > 0 AND i.reminders < $3 AND c.erased_us IS NULL
                   AND i.due_us <= $1 AND i.due_us + CASE WHEN i.reminders = 0 THEN CAST($2 AS BIGINT) ELSE 0 END <= $1
                 ORDER BY i.due_us, i.payment_id LIMIT $4";
    ADD_REMINDER = "INSERT INTO invoice_reminder (payment_id, number, sent_us, due_us, fee_minor) VALUES ($1, $2, $3, $4, $5)
                    ON CONFLICT (payment_id, number) DO NOTHING";
    /// payment, number, due
    REMINDED = "UPDATE invoice SET reminders = $2, due_us = $3 WHERE payment_id = $1";
    FEES = "SELECT CAST(COALESCE(SUM(fee_minor), 0) AS BIGINT) FROM invoice_reminder WHERE payment_id = $1";
    IS_NOTED = "SELECT COUNT(*) FROM invoice_payment WHERE bank_line = $1";
    SELLER_NUMBER = "SELECT number FROM invoice_seller WHERE org_id = $1";
    /// org: taken once and kept
    TAKE_SELLER_NUMBER = "INSERT INTO invoice_seller (org_id, number) SELECT $1, COALESCE(MAX(s.number), 0) + 1 FROM invoice_seller s";
}

/// An invoice as it stands. Amounts are minor units of its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    pub payment_id: String,
    pub appointment_id: String,
    pub org_id: String,
    pub org_name: String,
    pub document_id: String,
    pub year: i64,
    pub number: i64,
    pub kid: String,
    /// The account that the money goes to, eleven digits.
    pub account: String,
    pub total: Money,
    /// What is to be paid still, fees of reminders included; negative where money is to be paid back.
    pub open_minor: i64,
    pub issued_at: Micros,
    /// The end of the last day for paying.
    pub due_at: Micros,
    /// How many reminders went out.
    pub reminders: i64,
}

impl Invoice {
    /// Whether the last reminder brought no money either, so that it is for collection.
    #[must_use]
    pub fn is_for_collection(&self, now: Micros) -> bool {
        self.open_minor > 0 && self.reminders >= super::invoice::REMINDERS_MAX && self.due_at <= now
    }
}

impl FromRow for Invoice {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let currency = Currency::parse(&row.get::<String>("currency")?).map_err(|e| sqlx::Error::Decode(e.into()))?;
        Ok(Self {
            payment_id: row.get("payment_id")?,
            appointment_id: row.get("appointment_id")?,
            org_id: row.get("org_id")?,
            org_name: row.get("org_name")?,
            document_id: row.get("document_id")?,
            year: row.get("year")?,
            number: row.get("number")?,
            kid: row.get("kid")?,
            account: row.get("account")?,
            total: Money::new(row.get("total_minor")?, currency),
            open_minor: row.get("open_minor")?,
            issued_at: row.get("issued_us")?,
            due_at: row.get("due_us")?,
            reminders: row.get("reminders")?,
        })
    }
}

/// An invoice that was issued.
pub struct NewInvoice<'a> {
    pub payment_id: &'a str,
    pub appointment_id: &'a str,
    pub org_id: &'a str,
    pub document_id: &'a str,
    pub kid: &'a str,
    pub account: &'a str,
    pub total: Money,
    pub issued_at: Micros,
    pub due_at: Micros,
}

/// Puts an invoice on record; one that is there already stays.
///
/// # Errors
/// When the database fails.
pub async fn add(tx: &mut Tx, new: &NewInvoice<'_>) -> Result<(), DbError> {
    let row = params![
        new.payment_id,
        new.appointment_id,
        new.org_id,
        new.document_id,
        new.kid,
        new.account,
        new.total.currency.as_str(),
        new.total.minor,
        new.issued_at,
        new.due_at,
    ];
    tx.execute(ADD, row).await.map(drop)
}

/// The invoice of a payment.
///
/// # Errors
/// When the database fails.
pub async fn of_payment(tx: &mut Tx, payment: &str) -> Result<Option<Invoice>, DbError> {
    tx.optional(OF_PAYMENT, params![payment]).await
}

/// The invoice with that reference.
///
/// # Errors
/// When the database fails.
pub async fn of_kid(tx: &mut Tx, kid: &str) -> Result<Option<Invoice>, DbError> {
    tx.optional(OF_KID, params![kid]).await
}

/// Invoices of which something is to be paid or paid back, the longest due first.
///
/// # Errors
/// When the database fails.
pub async fn open(tx: &mut Tx, at_most: i64) -> Result<Vec<Invoice>, DbError> {
    tx.all(OPEN, params![at_most]).await
}

/// Counts anew what is open of an invoice, after something of it has changed.
///
/// # Errors
/// When the database fails.
pub async fn count_open(tx: &mut Tx, payment: &str) -> Result<(), DbError> {
    tx.execute(COUNT_OPEN, params![payment]).await.map(drop)
}

/// Money that came in for an invoice, or was paid back of it.
pub struct NewInvoicePayment<'a> {
    pub id: &'a str,
    pub payment_id: &'a str,
    /// Negative where it was paid back.
    pub amount_minor: i64,
    /// ISO date.
    pub paid_on: &'a str,
    /// Names the line of the bank's file.
    pub bank_line: Option<&'a str>,
    /// Account id.
    pub noted_by: &'a str,
}

/// Notes a payment; `false` when that line of the bank was noted before.
///
/// # Errors
/// When the database fails.
pub async fn add_payment(tx: &mut Tx, new: &NewInvoicePayment<'_>, now: Micros) -> Result<bool, DbError> {
    let row = params![
        new.id,
        new.payment_id,
        new.amount_minor,
        new.paid_on,
        new.bank_line,
        new.noted_by,
        now,
    ];
    Ok(tx.execute(ADD_PAYMENT, row).await? == 1)
}

/// Invoices that are to be reminded of, the longest due first: `wait` is what the first reminder waits after the due date.
///
/// # Errors
/// When the database fails.
pub async fn to_remind(
    tx: &mut Tx,
    now: Micros,
    wait: Micros,
    (reminders_max, at_most): (i64, i64),
) -> Result<Vec<String>, DbError> {
    tx.all(TO_REMIND, params![now, wait, reminders_max, at_most]).await
}

/// A reminder that goes out.
pub struct Reminder<'a> {
    pub payment_id: &'a str,
    /// From 1.
    pub number: i64,
    pub sent_at: Micros,
    /// The end of the last day for paying.
    pub due_at: Micros,
    pub fee_minor: i64,
}

/// Puts a reminder on record, with its fee and its deadline; `false` when it is there already.
///
/// # Errors
/// When the database fails.
pub async fn add_reminder(tx: &mut Tx, new: &Reminder<'_>) -> Result<bool, DbError> {
    let row = params![new.payment_id, new.number, new.sent_at, new.due_at, new.fee_minor];
    if tx.execute(ADD_REMINDER, row).await? == 0 {
        return Ok(false);
    }
    tx.execute(REMINDED, params![new.payment_id, new.number, new.due_at])
        .await?;
    count_open(tx, new.payment_id).await?;
    Ok(true)
}

/// What the reminders of an invoice cost so far.
///
/// # Errors
/// When the database fails.
pub async fn fees_minor(tx: &mut Tx, payment: &str) -> Result<i64, DbError> {
    tx.one(FEES, params![payment]).await
}

/// Whether a line of the bank was noted.
///
/// # Errors
/// When the database fails.
pub async fn is_noted(tx: &mut Tx, bank_line: &str) -> Result<bool, DbError> {
    Ok(tx.one::<i64>(IS_NOTED, params![bank_line]).await? > 0)
}

/// The number of a business in the references of its invoices, which it gets with its first one.
///
/// # Errors
/// When the database fails; two first invoices at once are one error, and a repetition.
pub async fn seller_number(tx: &mut Tx, org: &str) -> Result<i64, DbError> {
    if let Some(number) = tx.optional(SELLER_NUMBER, params![org]).await? {
        return Ok(number);
    }
    tx.execute(TAKE_SELLER_NUMBER, params![org]).await?;
    tx.one(SELLER_NUMBER, params![org]).await
}
