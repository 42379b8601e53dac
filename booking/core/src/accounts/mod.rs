//! Accounts: registration, sign-in, sessions, one-time links.

pub mod credentials;
pub mod device;
mod mails;
mod operators;
pub(crate) mod queries;
pub mod register;
pub mod reset;
pub mod sessions;
pub mod sign_in;
pub mod tokens;

use texts::{Locale, routes};

use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::outbox::Recipient;
use crate::base::{Base, Micros};
use crate::base::{Fault, Result};
use crate::params;

pub use mails::{AccountMail, account_mail};
pub use operators::{
    OperatorInput, OperatorRefusal, make_operator, operator_link_purpose, operator_setup_link, operators,
};
pub use tokens::Purpose;

/// An account's own row.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: String,
    pub name: String,
    pub email: String,
    pub phone: String,
    pub location: String,
    pub locale: Locale,
    pub password_hash: Option<String>,
    pub deletion_asked_us: Option<Micros>,
}

impl FromRow for Account {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            email: row.get("email")?,
            phone: row.get("phone")?,
            location: row.get("location")?,
            locale: Locale::from_tag(&row.get::<String>("locale")?).unwrap_or_default(),
            password_hash: row.get("password_hash")?,
            deletion_asked_us: row.get("deletion_asked_us")?,
        })
    }
}

impl Account {
    pub fn recipient(&self) -> Recipient {
        Recipient {
            account_id: Some(self.id.clone()),
            name: self.name.clone(),
            address: self.email.clone(),
            locale: self.locale,
        }
    }
}

/// Remembers the language for mails.
pub async fn set_locale(state: &Base, account_id: &str, locale: Locale) -> Result<()> {
    let mut tx = state.db.write().await?;
    tx.execute(queries::ACCOUNT_LOCALE, params![account_id, locale.tag()])
        .await?;
    tx.commit().await?;
    Ok(())
}

/// A one-time link that signs in as an account, good for a day: path and token, to be put behind the public address.
///
/// # Errors
/// When the database fails.
pub async fn login_link(tx: &mut Tx, state: &Base, account_id: &str, next_path: &str) -> Result<String> {
    let token = tokens::issue(tx, state, Purpose::Login, Some(account_id), next_path).await?;
    Ok(state.link(&routes::login_link(token.secret())))
}

/// An account.
///
/// # Errors
/// [`Fault::NotFound`] when it was erased, or never was.
pub async fn load(tx: &mut Tx, id: &str) -> Result<Account> {
    tx.optional(queries::ACCOUNT_BY_ID, params![id])
        .await?
        .ok_or(Fault::NotFound)
}

/// The account of a normalised address.
///
/// # Errors
/// When the database fails.
pub async fn find_by_email(tx: &mut Tx, email_norm: &str) -> Result<Option<Account>, DbError> {
    tx.optional(queries::ACCOUNT_BY_EMAIL, params![email_norm]).await
}

/// The address of an account as accounts are found by it.
///
/// # Errors
/// [`Fault::NotFound`] when it was erased.
pub async fn email_norm(tx: &mut Tx, id: &str) -> Result<String> {
    tx.optional(queries::EMAIL_NORM, params![id])
        .await?
        .ok_or(Fault::NotFound)
}

/// Locks an account's row until the end of the transaction.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: &str) -> Result<(), DbError> {
    tx.execute(queries::ACCOUNT_LOCK, params![id]).await.map(drop)
}

/// What people may correct about themselves.
#[derive(Debug, Clone)]
pub struct Correction<'a> {
    pub name: &'a str,
    pub phone: &'a str,
    pub location: &'a str,
    pub locale: Locale,
}

/// Corrects what an account says about its person.
///
/// # Errors
/// When the database fails.
pub async fn correct(tx: &mut Tx, id: &str, new: &Correction<'_>) -> Result<(), DbError> {
    let row = params![id, new.name, new.phone, new.location, new.locale.tag()];
    tx.execute(queries::ACCOUNT_CORRECT, row).await.map(drop)
}
