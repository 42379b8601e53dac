//! Accounts: registration, sign-in, sessions, one's own data, deletion.

mod erase;
pub(crate) mod form;
mod my;
mod pages;
pub mod password;
pub(crate) mod queries;
pub(crate) mod register;
pub mod registry;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod tokens;

use axum::Router;
use web::{Locale, routes};

use crate::db::{FromRow, Row, Tx};
use crate::error::AppResult;
use crate::mail::Recipient;
use crate::params;
use crate::state::{AppState, Micros};

pub use erase::{UNDO_US, erase_due};
pub use tokens::Purpose;

/// An account's own row.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) location: String,
    pub(crate) locale: Locale,
    pub(crate) password_hash: Option<String>,
    pub(crate) deletion_asked_us: Option<Micros>,
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
    pub(crate) fn recipient(&self) -> Recipient {
        Recipient {
            account_id: Some(self.id.clone()),
            name: self.name.clone(),
            address: self.email.clone(),
            locale: self.locale,
        }
    }
}

pub(crate) fn router() -> Router<AppState> {
    pages::router().merge(my::router())
}

/// Remembers the language for mails.
pub(crate) async fn set_locale(state: &AppState, account_id: &str, locale: Locale) -> AppResult<()> {
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
pub async fn login_link(tx: &mut Tx, state: &AppState, account_id: &str, next_path: &str) -> AppResult<String> {
    let token = tokens::issue(tx, state, Purpose::Login, Some(account_id), next_path).await?;
    Ok(state.link(&routes::login_link(token.secret())))
}

/// The link by which the first operator is made; `None` once there is one. Every call makes a new link, good for a week,
/// and links made before stay good: whoever sees them all is at the console of the server.
///
/// # Errors
/// When the database fails.
pub async fn operator_setup_link(state: &AppState) -> AppResult<Option<String>> {
    let mut tx = state.db.write().await?;
    let operators: i64 = tx.one(queries::OPERATORS, params![]).await?;
    if operators > 0 {
        return Ok(None);
    }
    let token = tokens::issue(&mut tx, state, Purpose::OperatorSetup, None, routes::pattern::OPERATOR).await?;
    tx.commit().await?;
    Ok(Some(state.link(&routes::operator_setup(token.secret()))))
}
