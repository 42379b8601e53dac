//! The books: what the ledger and the measured calls say, for the business, its accountant, the operator and the tax office.
//!
//! Nothing here moves money. Files are made a piece at a time, so that a busy year takes no more memory than a quiet one, and
//! none leaves before it is on record who took it.

pub mod balances;
pub mod bank;
pub mod carried;
pub mod exports;
pub mod months;
pub mod period;
pub mod postings;
pub mod saft;
pub mod sellers;
pub mod sheet;
pub mod tax;
pub mod time;
pub mod transactions;

use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::{params, statements};

pub use period::Period;

statements! {
    /// org
    SELLER_OF_BOOKS = "SELECT o.id, CASE WHEN o.legal_name = '' THEN o.name ELSE o.legal_name END AS name, o.orgno, o.address,
            CASE WHEN o.legal_name = '' THEN o.postcode ELSE o.office_postcode END AS postcode,
            CASE WHEN o.legal_name = '' THEN o.town ELSE o.office_town END AS town, o.phone, o.email, o.time_zone,
            COALESCE((SELECT a.name FROM member m JOIN account a ON a.id = m.account_id
                WHERE m.org_id = o.id AND m.role = 'owner' AND m.active = 1 ORDER BY m.created_us, m.id LIMIT 1), '') AS owner_name
        FROM org o WHERE o.id = $1";
    /// org
    CURRENCIES = "SELECT DISTINCT currency FROM ledger_tx WHERE org_id = $1 ORDER BY currency";
}

/// Whose books they are.
#[derive(Debug, Clone)]
pub struct Seller {
    pub id: String,
    /// In the register, where the business has said so.
    pub name: String,
    /// Empty for a business that has none.
    pub orgno: String,
    pub address: String,
    pub postcode: String,
    pub town: String,
    pub phone: String,
    pub email: String,
    pub time_zone: String,
    /// Name of the owner; empty once the account is erased.
    pub owner: String,
}

impl FromRow for Seller {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            orgno: row.get("orgno")?,
            address: row.get("address")?,
            postcode: row.get("postcode")?,
            town: row.get("town")?,
            phone: row.get("phone")?,
            email: row.get("email")?,
            time_zone: row.get("time_zone")?,
            owner: row.get("owner_name")?,
        })
    }
}

/// A business by its id; `None` where there is none. The caller has checked that the actor owns it or is an operator.
///
/// # Errors
/// When the database fails.
pub async fn find_seller(tx: &mut Tx, org: &str) -> Result<Option<Seller>, DbError> {
    tx.optional(SELLER_OF_BOOKS, params![org]).await
}

/// The currencies that a business has postings in.
///
/// # Errors
/// When the database fails.
pub async fn currencies(tx: &mut Tx, org: &str) -> Result<Vec<String>, DbError> {
    tx.all(CURRENCIES, params![org]).await
}
