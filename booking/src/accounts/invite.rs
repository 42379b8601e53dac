//! Accounts that somebody else asks for: a provider for its members. Only the mail to the address opens them.

use web::{Locale, routes};

use super::form::Email;
use super::register::{NewAccount, create_account};
use super::tokens::{self, Purpose};
use super::{Account, queries};
use crate::db::Tx;
use crate::error::{AppError, AppResult};
use crate::mail::{self, AccountMail};
use crate::params;
use crate::state::AppState;

/// The account of an address, made without a password where there is none.
pub(crate) async fn account_of(
    tx: &mut Tx,
    state: &AppState,
    locale: Locale,
    name: &str,
    email: &Email,
) -> AppResult<Account> {
    if let Some(account) = tx.optional(queries::ACCOUNT_BY_EMAIL, params![&email.norm]).await? {
        return Ok(account);
    }
    let new = NewAccount {
        email: &email.text,
        name,
        phone: "",
        location: "",
        locale,
        password_hash: None,
        is_operator: false,
    };
    let id = create_account(tx, state, &new).await?;
    tx.optional(queries::ACCOUNT_BY_ID, params![id])
        .await?
        .ok_or(AppError::NotFound)
}

/// Sends the link by which a password is set.
pub(crate) async fn send(tx: &mut Tx, state: &AppState, account: &Account) -> AppResult<()> {
    let token = tokens::issue(tx, state, Purpose::Reset, Some(&account.id), "").await?;
    let link = state.link(&routes::reset_token(token.secret()));
    let message = mail::account_mail(account.recipient(), &state.id(), &AccountMail::Reset { link });
    mail::enqueue(state, tx, &message).await?;
    Ok(())
}
