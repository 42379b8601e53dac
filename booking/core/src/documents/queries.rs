//! Documents and their number series.

use super::DocumentKind;
use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::{columns, params, statements};

/// Columns of a [`Document`].
macro_rules! document_select {
    ($($rest:expr),+) => {
        concat!(
            "SELECT d.id, d.org_id, d.appointment_id, d.kind, d.refers_to, d.year, d.number, d.total_minor, d.vat_minor, d.currency,
                d.sha256, d.path, d.unstored, d.issued_us, o.name AS org_name
            FROM document d JOIN org o ON o.id = d.org_id ",
            $($rest),+
        )
    };
}

/// SQL: the documents that account `$2` may read: those of the own appointments, and all of a business for its owners. A
/// provider's seat is somebody's only while that person works for the provider.
macro_rules! readable {
    () => {
        "(EXISTS (SELECT 1 FROM appointment a JOIN seat s ON s.appointment_id = a.id JOIN member m ON m.id = a.member_id
                WHERE a.id = d.appointment_id AND s.account_id = $2 AND (s.role = 'consumer' OR m.active = 1))
            OR EXISTS (SELECT 1 FROM member m
                WHERE m.org_id = d.org_id AND m.account_id = $2 AND m.role = 'owner' AND m.active = 1))"
    };
}

columns! {
    /// A document that is issued.
    pub struct NewDocument<'a> as document_columns {
        id: &'a str,
        org_id: &'a str,
        seller_id: &'a str,
        appointment_id: Option<&'a str>,
        payment_id: Option<&'a str>,
        kind: DocumentKind,
        cause: &'a str,
        refers_to: Option<&'a str>,
        year: i64,
        number: i64,
        locale: &'a str,
        content: &'a str,
        total_minor: i64,
        vat_minor: i64,
        currency: &'a str,
        sha256: &'a str,
        path: &'a str,
        unstored: &'a str,
        issued_us: Micros,
    }
}

statements! {
    /// seller, kind, year: the row stays locked until the end of the transaction, so the next one waits.
    LOCK_SERIES = "INSERT INTO document_series (seller_id, kind, year, next_number) VALUES ($1, $2, $3, 1)
                   ON CONFLICT (seller_id, kind, year) DO UPDATE SET next_number = document_series.next_number";
    /// seller, kind, year
    TAKE_NUMBER = "UPDATE document_series SET next_number = next_number + 1
                   WHERE seller_id = $1 AND kind = $2 AND year = $3 RETURNING next_number - 1";
    ADD = concat!("INSERT INTO document (", document_columns!(names), ")
        VALUES (", document_columns!(binds from 1), ")");
    /// org, kind, cause
    OF_CAUSE = document_select!("WHERE d.org_id = $1 AND d.kind = $2 AND d.cause = $3");
    /// payment, kind
    OF_PAYMENT = document_select!("WHERE d.payment_id = $1 AND d.kind = $2 AND d.refers_to IS NULL ORDER BY d.issued_us, d.id LIMIT 1");
    /// appointment, kind: the newest that corrects no other
    OF_APPOINTMENT = document_select!("WHERE d.appointment_id = $1 AND d.kind = $2 AND d.refers_to IS NULL
        ORDER BY d.issued_us DESC, d.id DESC LIMIT 1");
    /// appointment
    ALL_OF_APPOINTMENT = document_select!("WHERE d.appointment_id = $1 ORDER BY d.issued_us, d.id");
    /// id
    ANY = document_select!("WHERE d.id = $1");
    /// id, account
    READABLE = document_select!("WHERE d.id = $1 AND ", readable!());
    /// account, limit, offset: what the account has as a customer
    OF_CONSUMER = document_select!("JOIN appointment a ON a.id = d.appointment_id
        WHERE a.consumer_id = $1 ORDER BY d.issued_us DESC, d.id DESC LIMIT $2 OFFSET $3");
    /// account
    COUNT_OF_CONSUMER = "SELECT COUNT(*) FROM document d JOIN appointment a ON a.id = d.appointment_id WHERE a.consumer_id = $1";
    /// org, from, until, limit, offset
    OF_ORG = document_select!("WHERE d.org_id = $1 AND d.issued_us >= $2 AND d.issued_us < $3
        ORDER BY d.issued_us, d.id LIMIT $4 OFFSET $5");
    /// org, the platform, limit: what the operator issued to it, newest first
    OF_PLATFORM = document_select!("WHERE d.org_id = $1 AND d.seller_id = $2 ORDER BY d.issued_us DESC, d.id DESC LIMIT $3");
    /// org, from, until
    SUMS_OF_ORG = "SELECT kind, currency, COUNT(*) AS documents, CAST(SUM(total_minor) AS BIGINT) AS total_minor,
            CAST(SUM(vat_minor) AS BIGINT) AS vat_minor
        FROM document WHERE org_id = $1 AND issued_us >= $2 AND issued_us < $3 GROUP BY kind, currency ORDER BY kind DESC, currency";
    /// appointment, kind: what its documents of the kind come to that correct no other
    SUM_OF_APPOINTMENT = "SELECT CAST(COALESCE(SUM(total_minor), 0) AS BIGINT) FROM document
                          WHERE appointment_id = $1 AND kind = $2 AND refers_to IS NULL";
    /// document: what credit notes took back of it, but for those that were taken back themselves, and the tax in that
    TAKEN_BACK = "SELECT CAST(COALESCE(SUM(d.total_minor), 0) AS BIGINT), CAST(COALESCE(SUM(d.vat_minor), 0) AS BIGINT)
                  FROM document d WHERE d.refers_to = $1 AND d.kind = 'credit_note'
                      AND NOT EXISTS (SELECT 1 FROM document r WHERE r.refers_to = d.id)";
    CONTENT = "SELECT content FROM document WHERE id = $1";
    UNSTORED = document_select!("WHERE d.unstored IS NOT NULL ORDER BY d.issued_us, d.id LIMIT $1");
    STORED = "UPDATE document SET unstored = NULL WHERE id = $1";
    /// org
    OWNER_LOCALE = "SELECT a.locale FROM member m JOIN account a ON a.id = m.account_id
        WHERE m.org_id = $1 AND m.role = 'owner' AND m.active = 1 ORDER BY m.created_us, m.id LIMIT 1";
    /// org: as it is called, where it has not said who sells
    SELLER = "SELECT o.name, o.orgno, o.postcode, o.town FROM org o WHERE o.id = $1";
}

/// A document that was issued. Amounts are minor units of its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub id: String,
    pub org_id: String,
    /// As the business is called now.
    pub org_name: String,
    pub appointment_id: Option<String>,
    pub kind: DocumentKind,
    /// The document that this one corrects.
    pub refers_to: Option<String>,
    pub year: i64,
    pub number: i64,
    pub total_minor: i64,
    pub vat_minor: i64,
    pub currency: String,
    pub sha256: String,
    pub path: String,
    /// The bytes in base64, as long as they are not in the store.
    pub unstored: Option<String>,
    pub issued_at: Micros,
}

impl Document {
    /// `2026-000001`
    #[must_use]
    pub fn name(&self) -> String {
        super::number_name(self.year, self.number)
    }
}

impl FromRow for Document {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            org_id: row.get("org_id")?,
            org_name: row.get("org_name")?,
            appointment_id: row.get("appointment_id")?,
            kind: row.parse("kind")?,
            refers_to: row.get("refers_to")?,
            year: row.get("year")?,
            number: row.get("number")?,
            total_minor: row.get("total_minor")?,
            vat_minor: row.get("vat_minor")?,
            currency: row.get("currency")?,
            sha256: row.get("sha256")?,
            path: row.get("path")?,
            unstored: row.get("unstored")?,
            issued_at: row.get("issued_us")?,
        })
    }
}

/// A business that has not said who sells: name, organisation number, postcode and town.
pub type Unstated = (String, String, String, String);

/// Locks a series until the end of the transaction; it begins with 1.
pub async fn lock_series(tx: &mut Tx, seller: &str, kind: DocumentKind, year: i64) -> Result<(), DbError> {
    tx.execute(LOCK_SERIES, params![seller, kind, year]).await.map(drop)
}

/// The next number of a locked series; gone back when the transaction does.
pub async fn take_number(tx: &mut Tx, seller: &str, kind: DocumentKind, year: i64) -> Result<i64, DbError> {
    tx.one(TAKE_NUMBER, params![seller, kind, year]).await
}

pub async fn add_document(tx: &mut Tx, new: NewDocument<'_>) -> Result<(), DbError> {
    tx.execute(ADD, new.into_params()).await.map(drop)
}

pub async fn of_cause(tx: &mut Tx, org: &str, kind: DocumentKind, cause: &str) -> Result<Option<Document>, DbError> {
    tx.optional(OF_CAUSE, params![org, kind, cause]).await
}

/// The oldest of a kind that corrects no other.
pub async fn of_payment(tx: &mut Tx, payment: &str, kind: DocumentKind) -> Result<Option<Document>, DbError> {
    tx.optional(OF_PAYMENT, params![payment, kind]).await
}

/// The newest of a kind that corrects no other.
pub async fn of_appointment(tx: &mut Tx, appointment: &str, kind: DocumentKind) -> Result<Option<Document>, DbError> {
    tx.optional(OF_APPOINTMENT, params![appointment, kind]).await
}

/// Oldest first.
pub async fn all_of_appointment(tx: &mut Tx, appointment: &str) -> Result<Vec<Document>, DbError> {
    tx.all(ALL_OF_APPOINTMENT, params![appointment]).await
}

/// A document, whoever asks.
pub async fn any(tx: &mut Tx, id: &str) -> Result<Option<Document>, DbError> {
    tx.optional(ANY, params![id]).await
}

/// A document that an account may read.
pub async fn readable(tx: &mut Tx, id: &str, account: &str) -> Result<Option<Document>, DbError> {
    tx.optional(READABLE, params![id, account]).await
}

/// What an account has as a customer, newest first, and how much there is in all.
pub async fn of_consumer(
    tx: &mut Tx,
    account: &str,
    at_most: i64,
    offset: i64,
) -> Result<(Vec<Document>, i64), DbError> {
    let rows = tx.all(OF_CONSUMER, params![account, at_most, offset]).await?;
    Ok((rows, tx.one(COUNT_OF_CONSUMER, params![account]).await?))
}

/// What the documents of a kind come to, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindSum {
    pub kind: DocumentKind,
    pub currency: String,
    pub documents: i64,
    /// Minor units, with the tax.
    pub total_minor: i64,
    pub vat_minor: i64,
}

impl FromRow for KindSum {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            kind: row.parse("kind")?,
            currency: row.get("currency")?,
            documents: row.get("documents")?,
            total_minor: row.get("total_minor")?,
            vat_minor: row.get("vat_minor")?,
        })
    }
}

/// What belongs to the books of a business from one moment until before another, oldest first. The caller has checked that
/// the books are the actor's.
pub async fn of_org(
    tx: &mut Tx,
    org: &str,
    (from, until): (Micros, Micros),
    at_most: i64,
    offset: i64,
) -> Result<Vec<Document>, DbError> {
    tx.all(OF_ORG, params![org, from, until, at_most, offset]).await
}

/// What the operator issued to a business, newest first. The caller has checked that an owner asks.
pub async fn of_platform(tx: &mut Tx, org: &str, at_most: i64) -> Result<Vec<Document>, DbError> {
    tx.all(OF_PLATFORM, params![org, super::kind::PLATFORM, at_most]).await
}

/// What it comes to by kind.
pub async fn sums_of_org(tx: &mut Tx, org: &str, (from, until): (Micros, Micros)) -> Result<Vec<KindSum>, DbError> {
    tx.all(SUMS_OF_ORG, params![org, from, until]).await
}

pub async fn sum_of_appointment(tx: &mut Tx, appointment: &str, kind: DocumentKind) -> Result<i64, DbError> {
    tx.one(SUM_OF_APPOINTMENT, params![appointment, kind]).await
}

/// What is taken back of a document: the sum, and the tax in it.
pub async fn taken_back(tx: &mut Tx, document: &str) -> Result<(i64, i64), DbError> {
    tx.one(TAKEN_BACK, params![document]).await
}

pub async fn content(tx: &mut Tx, id: &str) -> Result<String, DbError> {
    tx.one(CONTENT, params![id]).await
}

pub async fn unstored(tx: &mut Tx, at_most: i64) -> Result<Vec<Document>, DbError> {
    tx.all(UNSTORED, params![at_most]).await
}

pub async fn stored(tx: &mut Tx, id: &str) -> Result<(), DbError> {
    tx.execute(STORED, params![id]).await.map(drop)
}

pub async fn unstated_seller(tx: &mut Tx, org: &str) -> Result<Unstated, DbError> {
    tx.one(SELLER, params![org]).await
}

/// The language of a business's first owner; none once there is no owner.
pub(super) async fn owner_locale(tx: &mut Tx, org: &str) -> Result<Option<String>, DbError> {
    tx.optional(OWNER_LOCALE, params![org]).await
}
