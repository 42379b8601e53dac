//! Setting a new password by a link in a mail, when the old one is forgotten.

use texts::routes::{self, pattern};

use super::tokens::{self, Purpose};
use super::{AccountMail, account_mail, credentials, device, find_by_email, queries};
use crate::base::actor::Requester;
use crate::base::db::{DbError, Tx};
use crate::base::fields::Email;
use crate::base::limits::MailWish;
use crate::base::outbox::{self, Recipient};
use crate::base::security::{self, SecurityEvent};
use crate::base::{Base, Micros, Result};
use crate::params;

/// Mails a link to the address. Without an account it says so by mail, and takes as long: the answer to the browser tells
/// nothing.
///
/// # Errors
/// [`crate::base::Fault::TooMany`] when too many mails were asked for.
pub async fn mail_reset_link(state: &Base, visit: &Requester, email: &Email) -> Result<()> {
    let mut tx = state.db.read().await?;
    let account = find_by_email(&mut tx, &email.norm).await?;
    drop(tx);
    let account_id = account.as_ref().map(|account| account.id.as_str());
    let sender = device::sender(state, visit, account_id);
    state.limits.check_mail(MailWish::Reset, &email.norm, &sender)?;
    // Without an account the same is written, and a link that opens nothing.
    let mut tx = state.db.write().await?;
    let token = tokens::issue(&mut tx, state, Purpose::Reset, account_id, "").await?;
    let message = match &account {
        Some(account) => {
            let link = state.link(&routes::reset_token(token.secret()));
            account_mail(account.recipient(), &state.id(), &AccountMail::Reset { link })
        }
        None => {
            let to = Recipient {
                account_id: None,
                name: String::new(),
                address: email.text.clone(),
                locale: visit.locale,
            };
            let link = state.link(pattern::REGISTER);
            account_mail(to, &state.id(), &AccountMail::NoAccount { link })
        }
    };
    outbox::enqueue(state, &mut tx, &message).await?;
    tx.commit().await?;
    security::note(SecurityEvent::ResetAsked, account_id.unwrap_or_default(), visit);
    Ok(())
}

/// Whose password a link resets; `None` when the link is good no more.
///
/// # Errors
/// When the database fails.
pub async fn find_reset_address(tx: &mut Tx, secret: &str, now: Micros) -> Result<Option<String>, DbError> {
    let found = tokens::find(tx, Purpose::Reset, secret, now).await?;
    Ok(found.map(|found| found.email.unwrap_or_default()))
}

/// Sets a new password by a link, and ends every session and link of the account. `false` when the
/// link is good no more.
///
/// # Errors
/// [`crate::base::Fault::Busy`] when too many passwords are being hashed.
pub async fn reset_password(state: &Base, visit: &Requester, secret: &str, password: String) -> Result<bool> {
    let hash = state.hasher.hash(&state.random, password).await?;
    let mut tx = state.db.write().await?;
    let found = tokens::take(&mut tx, Purpose::Reset, secret, visit.now).await?;
    let Some(account_id) = found.and_then(|found| found.account_id) else {
        return Ok(false);
    };
    tx.execute(queries::ACCOUNT_PASSWORD, params![&account_id, hash])
        .await?;
    tx.execute(queries::SESSION_END_ALL, params![&account_id]).await?;
    credentials::end_links(&mut tx, &account_id).await?;
    tx.commit().await?;
    security::note(SecurityEvent::PasswordReset, &account_id, visit);
    Ok(true)
}
