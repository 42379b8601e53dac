//! Changing what an account is signed in by: its address and its password. Both ask for the present password; a new address
//! counts once the link that was sent to it is followed, and the old one is told.

use texts::routes;

use super::{Account, AccountMail, account_mail, device, queries};
use crate::base::actor::Requester;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::fields::Email;
use crate::base::limits::MailWish;
use crate::base::outbox::{self, Recipient};
use crate::base::security::{self, SecurityEvent};
use crate::base::{Base, DAY_US, Micros, Result, token_hash};
use crate::{params, statements};

/// How long the link in the mail is good.
const CHANGE_LIFE_US: Micros = DAY_US;

statements! {
    /// id, hash, account, e-mail, normalised, now, expires
    CHANGE_INSERT = "INSERT INTO email_change (id, token_hash, account_id, email, email_norm, created_us, expires_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// account, hash, now
    CHANGE_FIND = "SELECT email, email_norm FROM email_change WHERE account_id = $1 AND token_hash = $2 AND expires_us > $3";
    /// account, now: the newest that still waits
    CHANGE_WAITING = "SELECT email, email_norm FROM email_change WHERE account_id = $1 AND expires_us > $2
        ORDER BY created_us DESC, id DESC LIMIT 1";
    /// account
    CHANGES_END = "DELETE FROM email_change WHERE account_id = $1";
    /// now
    CHANGES_SWEEP = "DELETE FROM email_change WHERE expires_us <= $1";
    /// account, e-mail, normalised, now: nothing when somebody else has the address by now
    EMAIL_SET = "UPDATE account SET email = $2, email_norm = $3, email_verified_us = $4
        WHERE id = $1 AND erased_us IS NULL AND NOT EXISTS (SELECT 1 FROM account a WHERE a.email_norm = $3 AND a.id <> $1)";
}

/// An address that waits for its link to be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAddress {
    pub email: String,
    norm: String,
}

impl FromRow for NewAddress {
    fn from_row(row: &Row) -> std::result::Result<Self, sqlx::Error> {
        Ok(Self {
            email: row.get("email")?,
            norm: row.get("email_norm")?,
        })
    }
}

/// Asks for another address. The caller has checked the password. Who owns the new address learns by mail whether it has an
/// account; who asks does not.
///
/// # Errors
/// [`crate::base::Fault::TooMany`], or when the database fails.
pub async fn ask_for_email(state: &Base, visit: &Requester, account: &Account, email: &Email) -> Result<()> {
    let sender = device::sender(state, visit, Some(&account.id));
    state.limits.check_mail(MailWish::ChangeEmail, &email.norm, &sender)?;
    let token = state.random.token();
    let id = state.id();
    let mut tx = state.db.write().await?;
    let taken: Option<Account> = tx.optional(queries::ACCOUNT_BY_EMAIL, params![&email.norm]).await?;
    let message = if let Some(other) = taken {
        let link = state.link(routes::pattern::LOGIN);
        account_mail(other.recipient(), &id, &AccountMail::AddressAlreadyUsed { link })
    } else {
        tx.execute(CHANGES_END, params![&account.id]).await?;
        let expires = visit.now + CHANGE_LIFE_US;
        let row = params![
            &id,
            token.hash(),
            &account.id,
            &email.text,
            &email.norm,
            visit.now,
            expires
        ];
        tx.execute(CHANGE_INSERT, row).await?;
        let to = Recipient {
            account_id: Some(account.id.clone()),
            name: String::new(),
            address: email.text.clone(),
            locale: account.locale,
        };
        let link = state.link(&routes::email_change(token.secret()));
        account_mail(to, &id, &AccountMail::ConfirmAddress { link })
    };
    outbox::enqueue(state, &mut tx, &message).await?;
    tx.commit().await?;
    security::note(SecurityEvent::EmailChangeAsked, &account.id, visit);
    Ok(())
}

/// The address behind a link, for the account that asked for it and while the link is good.
///
/// # Errors
/// When the database fails.
pub async fn find_change(tx: &mut Tx, account: &str, secret: &str, now: Micros) -> Result<Option<NewAddress>, DbError> {
    tx.optional(CHANGE_FIND, params![account, token_hash(secret), now])
        .await
}

/// The address that an account waits for, if it does.
///
/// # Errors
/// When the database fails.
pub async fn waiting_change(tx: &mut Tx, account: &str, now: Micros) -> Result<Option<NewAddress>, DbError> {
    tx.optional(CHANGE_WAITING, params![account, now]).await
}

/// Makes the address behind a link the account's. Links that were sent to the old one end, and it is told. `None` when the
/// link is no good, or somebody else has the address by now.
///
/// # Errors
/// When the database fails.
pub async fn change_email(
    tx: &mut Tx,
    state: &Base,
    visit: &Requester,
    account: &Account,
    secret: &str,
) -> Result<Option<NewAddress>> {
    let Some(new) = find_change(tx, &account.id, secret, visit.now).await? else {
        return Ok(None);
    };
    let changed = tx
        .execute(EMAIL_SET, params![&account.id, &new.email, &new.norm, visit.now])
        .await?;
    tx.execute(CHANGES_END, params![&account.id]).await?;
    if changed == 0 {
        return Ok(None);
    }
    tx.execute(queries::TOKENS_END_ALL, params![&account.id]).await?;
    let told = AccountMail::AddressChanged {
        link: state.link(routes::pattern::NOTICE),
        email: new.email.clone(),
    };
    outbox::enqueue(state, tx, &account_mail(account.recipient(), &state.id(), &told)).await?;
    security::note(SecurityEvent::EmailChanged, &account.id, visit);
    Ok(Some(new))
}

/// Sets a new password. The caller has checked the present one. All other sessions end, and links that were sent before.
///
/// # Errors
/// [`crate::base::Fault::Busy`], or when the database fails.
pub async fn change_password(state: &Base, visit: &Requester, account: &Account, password: String) -> Result<()> {
    let session_id = &visit.actor.signed_in()?.session_id;
    let hash = state.hasher.hash(&state.random, password).await?;
    let mut tx = state.db.write().await?;
    tx.execute(queries::ACCOUNT_PASSWORD, params![&account.id, hash])
        .await?;
    tx.execute(queries::SESSION_END_OTHERS, params![&account.id, session_id])
        .await?;
    end_links(&mut tx, &account.id).await?;
    let told = AccountMail::PasswordChanged {
        link: state.link(routes::pattern::RESET),
    };
    outbox::enqueue(state, &mut tx, &account_mail(account.recipient(), &state.id(), &told)).await?;
    tx.commit().await?;
    security::note(SecurityEvent::PasswordChanged, &account.id, visit);
    Ok(())
}

/// Ends every link of an account that could let somebody in, or turn it to another address.
///
/// # Errors
/// When the database fails.
pub async fn end_links(tx: &mut Tx, account: &str) -> Result<(), DbError> {
    for statement in [queries::TOKENS_END_ALL, CHANGES_END] {
        tx.execute(statement, params![account]).await?;
    }
    Ok(())
}

/// Deletes what has run out.
///
/// # Errors
/// When the database fails.
pub async fn sweep(tx: &mut Tx, now: Micros) -> Result<u64, DbError> {
    tx.execute(CHANGES_SWEEP, params![now]).await
}
