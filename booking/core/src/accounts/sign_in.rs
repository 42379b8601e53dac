//! Signing in by password, and what the booking form shares with the sign-in page.

use super::{Account, queries};
use crate::base::Base;
use crate::base::Result;
use crate::base::actor::Requester;
use crate::base::limits;
use crate::params;

/// Checks an address and a password. `None` says that they do not fit, and not why; finding out takes the same work
/// whether or not the address has an account.
///
/// # Errors
/// [`crate::base::Fault::TooMany`] after too many tries for that address, or from that client.
pub async fn check(state: &Base, visit: &Requester, email: &str, password: &str) -> Result<Option<Account>> {
    let norm = email.trim().to_lowercase();
    state.limits.sign_in_by_ip.check(&visit.ip_key())?;
    state.limits.sign_in_by_email.check(&norm)?;
    let mut tx = state.db.read().await?;
    let account: Option<Account> = tx.optional(queries::ACCOUNT_BY_EMAIL, params![norm]).await?;
    drop(tx);
    let stored = account.as_ref().and_then(|account| account.password_hash.clone());
    let typed: String = password.chars().take(*limits::PASSWORD_CHARS.end() + 1).collect();
    let fits = state.hasher.verify(stored, typed).await?;
    Ok(account.filter(|_| fits))
}
