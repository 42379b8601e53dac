//! Documents and their number series.

use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::{columns, params, statements};

/// Columns of a [`Document`].
macro_rules! document_select {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, year, number, sha256, path, unstored, issued_us FROM document ",
            $rest
        )
    };
}

columns! {
    /// A document that is issued.
    pub struct NewDocument<'a> as document_columns {
        id: &'a str,
        org_id: &'a str,
        appointment_id: &'a str,
        kind: &'a str,
        year: i64,
        number: i64,
        locale: &'a str,
        content: &'a str,
        total_minor: i64,
        currency: &'a str,
        sha256: &'a str,
        path: &'a str,
        unstored: &'a str,
        issued_us: Micros,
    }
}

statements! {
    START_SERIES = "INSERT INTO document_series (org_id, kind, year, next_number) VALUES ($1, $2, $3, 1)
                    ON CONFLICT (org_id, kind, year) DO NOTHING";
    /// Takes a number. The row stays locked until the end of the transaction, so the next one waits.
    TAKE_NUMBER = "UPDATE document_series SET next_number = next_number + 1
                   WHERE org_id = $1 AND kind = $2 AND year = $3 RETURNING next_number - 1";
    ADD = concat!("INSERT INTO document (", document_columns!(names), ")
        VALUES (", document_columns!(binds from 1), ")");
    OF_APPOINTMENT = document_select!("WHERE appointment_id = $1 AND kind = $2");
    UNSTORED = document_select!("WHERE unstored IS NOT NULL ORDER BY issued_us, id LIMIT $1");
    STORED = "UPDATE document SET unstored = NULL WHERE id = $1";
    SELLER = "SELECT o.name, o.orgno, o.address, o.postcode, o.town FROM org o WHERE o.id = $1";
}

/// A document that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub id: String,
    pub year: i64,
    pub number: i64,
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
            year: row.get("year")?,
            number: row.get("number")?,
            sha256: row.get("sha256")?,
            path: row.get("path")?,
            unstored: row.get("unstored")?,
            issued_at: row.get("issued_us")?,
        })
    }
}

/// Who sells, as it stands on the document.
pub struct Seller {
    pub name: String,
    pub orgno: String,
    pub address: String,
    pub town: String,
}

impl FromRow for Seller {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.get("name")?,
            orgno: row.get("orgno")?,
            address: row.get("address")?,
            town: format!("{} {}", row.get::<String>("postcode")?, row.get::<String>("town")?)
                .trim()
                .to_owned(),
        })
    }
}

/// The next number of a series; gone back when the transaction does.
pub async fn take_number(tx: &mut Tx, org: &str, kind: &str, year: i64) -> Result<i64, DbError> {
    tx.execute(START_SERIES, params![org, kind, year]).await?;
    tx.one(TAKE_NUMBER, params![org, kind, year]).await
}

pub async fn add_document(tx: &mut Tx, new: NewDocument<'_>) -> Result<(), DbError> {
    tx.execute(ADD, new.into_params()).await.map(drop)
}

pub async fn of_appointment(tx: &mut Tx, appointment: &str, kind: &str) -> Result<Option<Document>, DbError> {
    tx.optional(OF_APPOINTMENT, params![appointment, kind]).await
}

pub async fn unstored(tx: &mut Tx, at_most: i64) -> Result<Vec<Document>, DbError> {
    tx.all(UNSTORED, params![at_most]).await
}

pub async fn stored(tx: &mut Tx, id: &str) -> Result<(), DbError> {
    tx.execute(STORED, params![id]).await.map(drop)
}

pub async fn seller(tx: &mut Tx, org: &str) -> Result<Seller, DbError> {
    tx.one(SELLER, params![org]).await
}
