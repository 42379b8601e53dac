//! Signing in by password, and what the booking form shares with the sign-in page.

use super::{Account, device, queries};
use crate::base::Base;
use crate::base::Result;
use crate::base::actor::Requester;
use crate::base::fields;
use crate::base::limits::{self, Sender};
use crate::base::security::{self, SecurityEvent};
use crate::params;

/// Checks an address and a password. `None` says that they do not fit, and not why; finding out takes the same work
/// whether or not the address has an account.
///
/// Failures count for the address and the network they come from. A browser in which the account was signed in before
/// has tries of its own, so that nobody locks the owner out.
///
/// # Errors
/// [`crate::base::Fault::TooMany`] after too many tries.
pub async fn check_password(state: &Base, visit: &Requester, email: &str, password: &str) -> Result<Option<Account>> {
    let norm = fields::email_norm(email);
    let mut tx = state.db.read().await?;
    let account: Option<Account> = tx.optional(queries::ACCOUNT_BY_EMAIL, params![&norm]).await?;
    drop(tx);
    let bucket = match device::sender(state, visit, account.as_ref().map(|account| account.id.as_str())) {
        Sender::Known(browser) => browser,
        Sender::Stranger { client, network } => {
            state.limits.sign_in_by_ip.check(&client)?;
            format!("{network} {norm}")
        }
    };
    state.limits.failed_sign_in.check(&bucket)?;
    let stored = account.as_ref().and_then(|account| account.password_hash.clone());
    let typed: String = password.chars().take(*limits::PASSWORD_CHARS.end() + 1).collect();
    let fits = state.hasher.verify(stored, typed).await?;
    if fits {
        state.limits.failed_sign_in.forget(&bucket);
    } else {
        let whose = account.as_ref().map_or("", |account| &account.id);
        security::note(SecurityEvent::SignInFailed, whose, visit);
    }
    Ok(account.filter(|_| fits))
}
