//! Registration: nothing of it counts until the link in the mail was followed.
//!
//! A registration is kept beside the accounts until then, so that nobody can prepare an account on another's address.
//! Whether the address has an account already is told to its owner alone, by mail.

use texts::{Locale, legal, routes};

use super::queries::{AccountRow, NewRegistration};
use super::{AccountMail, account_mail, device, queries};
use crate::base::actor::Requester;
use crate::base::db::{FromRow, Row};
use crate::base::fields::{self, Email};
use crate::base::limits::MailWish;
use crate::base::outbox::{self, Recipient};
use crate::base::{Base, DAY_US, Micros, hex, token_hash};
use crate::base::{Fault, Result};
use crate::params;

/// How long the link in the mail is good.
const REGISTRATION_LIFE_US: Micros = DAY_US;

/// What waits for its address to be verified.
pub struct Pending {
    pub id: String,
    visitor_hash: String,
    email: String,
    email_norm: String,
    password_hash: String,
    name: String,
    phone: String,
    location: String,
    locale: String,
    legal_version: String,
    notice_hash: String,
    terms_hash: String,
    hold_id: Option<String>,
    next_path: String,
    created_us: Micros,
}

impl FromRow for Pending {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            visitor_hash: row.get("visitor_hash")?,
            email: row.get("email")?,
            email_norm: row.get("email_norm")?,
            password_hash: row.get("password_hash")?,
            name: row.get("name")?,
            phone: row.get("phone")?,
            location: row.get("location")?,
            locale: row.get("locale")?,
            legal_version: row.get("legal_version")?,
            notice_hash: row.get("notice_hash")?,
            terms_hash: row.get("terms_hash")?,
            hold_id: row.get("hold_id")?,
            next_path: row.get("next_path")?,
            created_us: row.get("created_us")?,
        })
    }
}

/// A registration that can be carried out.
#[derive(Debug, Clone)]
pub struct Registration {
    pub name: String,
    pub email: Email,
    pub phone: String,
    pub place: String,
    pub password: String,
}

/// Where a registration comes from and leads to.
pub struct Continue<'a> {
    /// A held slot that waits for the account.
    pub hold_id: Option<&'a str>,
    /// Where the browser goes after verifying.
    pub next_path: &'a str,
}

/// Takes a registration and sends a mail, whether or not there is an account: both take the same work and the same
/// answer.
pub async fn register(state: &Base, visit: &Requester, new: &Registration, then: &Continue<'_>) -> Result<()> {
    let sender = device::sender(state, visit, None);
    state.limits.check_mail(MailWish::Register, &new.email.norm, &sender)?;
    let password_hash = state.hasher.hash(&state.random, new.password.clone()).await?;
    let token = state.random.token();
    let id = state.id();
    let mut tx = state.db.write().await?;
    let existing: Option<super::Account> = tx.optional(queries::ACCOUNT_BY_EMAIL, params![&new.email.norm]).await?;
    let message = if let Some(account) = existing {
        let link = state.link(&routes::login_then(then.next_path));
        account_mail(account.recipient(), &id, &AccountMail::AlreadyRegistered { link })
    } else {
        let hash = |text: &str| hex(&<sha2::Sha256 as sha2::Digest>::digest(text.as_bytes()));
        let row = NewRegistration {
            id: &id,
            token_hash: &token.hash(),
            visitor_hash: &visit.actor.visitor_hash,
            email: &new.email.text,
            email_norm: &new.email.norm,
            password_hash: &password_hash,
            name: &new.name,
            phone: &new.phone,
            location: &new.place,
            locale: visit.locale.tag(),
            legal_version: legal::LEGAL_VERSION,
            notice_hash: &hash(legal::notice_source(visit.locale)),
            terms_hash: &hash(legal::terms_source(visit.locale)),
            hold_id: then.hold_id,
            next_path: then.next_path,
            created_us: visit.now,
            expires_us: visit.now + REGISTRATION_LIFE_US,
        };
        tx.execute(queries::REGISTRATION_INSERT, row.into_params()).await?;
        let link = state.link(&routes::verify(token.secret()));
        account_mail(recipient(new, visit.locale), &id, &AccountMail::Verify { link })
    };
    outbox::enqueue(state, &mut tx, &message).await?;
    tx.commit().await?;
    Ok(())
}

fn recipient(new: &Registration, locale: Locale) -> Recipient {
    Recipient {
        account_id: None,
        name: new.name.clone(),
        address: new.email.text.clone(),
        locale,
    }
}

/// Sends the mail of this browser's own registration once more. The link of the first mail stays good: whichever arrives
/// first is followed. Says nothing about whether it did.
pub async fn resend(state: &Base, visit: &Requester, email_norm: &str) -> Result<()> {
    let sender = device::sender(state, visit, None);
    state.limits.check_mail(MailWish::Resend, email_norm, &sender)?;
    let token = state.random.token();
    let mut tx = state.db.write().await?;
    let mine = params![email_norm, &visit.actor.visitor_hash, visit.now];
    let Some(pending) = tx.optional::<Pending>(queries::REGISTRATION_OF_VISITOR, mine).await? else {
        return Ok(());
    };
    let again = params![state.id(), token.hash(), &pending.id];
    tx.execute(queries::REGISTRATION_AGAIN, again).await?;
    let to = Recipient {
        account_id: None,
        name: pending.name,
        address: pending.email,
        locale: visit.locale,
    };
    let link = state.link(&routes::verify(token.secret()));
    let message = account_mail(to, &state.id(), &AccountMail::Verify { link });
    outbox::enqueue(state, &mut tx, &message).await?;
    tx.commit().await?;
    Ok(())
}

/// The registration behind a link, while the link is good.
pub async fn find(state: &Base, secret: &str, now: Micros) -> Result<Option<Pending>> {
    let mut tx = state.db.read().await?;
    Ok(tx
        .optional(queries::REGISTRATION_FIND, params![token_hash(secret), now])
        .await?)
}

impl Pending {
    /// Whether this browser wrote the form. Another one is asked for the password: the owner of the address follows the
    /// link, but may not have chosen name and password, and must not get an account to which a stranger has the key.
    pub fn is_from(&self, visit: &Requester) -> bool {
        !self.visitor_hash.is_empty() && self.visitor_hash == visit.actor.visitor_hash
    }

    /// Whether `typed` is the password of the form.
    ///
    /// # Errors
    /// [`Fault::TooMany`] after too many tries, [`Fault::Busy`].
    pub async fn fits(&self, state: &Base, visit: &Requester, typed: &str) -> Result<bool> {
        let bucket = format!("{} {}", visit.ip_prefix(), self.id);
        state.limits.failed_sign_in.check(&bucket)?;
        state
            .hasher
            .verify(Some(self.password_hash.clone()), typed.to_owned())
            .await
    }

    pub fn email(&self) -> &str {
        &self.email
    }
}

/// Throws a registration away that the owner of the address does not know of, with the password that was chosen for it.
pub async fn discard(state: &Base, pending: &Pending) -> Result<()> {
    let mut tx = state.db.write().await?;
    tx.execute(queries::REGISTRATION_DISCARD, params![&pending.id]).await?;
    tx.commit().await?;
    Ok(())
}

/// An address that has just been verified.
pub struct Verified {
    pub account_id: String,
    /// The held slot that waited for the account.
    pub hold_id: Option<String>,
    pub next_path: String,
}

/// Makes the account of a registration, with its acceptances. The caller has checked that its author asks.
/// `None` when the link is no good any more, or the address got an account in the meantime.
pub async fn verify(
    tx: &mut crate::base::db::Tx,
    state: &Base,
    visit: &Requester,
    secret: &str,
) -> Result<Option<Verified>> {
    let found = params![token_hash(secret), visit.now];
    let Some(pending) = tx.optional::<Pending>(queries::REGISTRATION_FIND, found).await? else {
        return Ok(None);
    };
    let account_id = state.id();
    let row = AccountRow {
        id: &account_id,
        email: &pending.email,
        email_norm: &pending.email_norm,
        email_verified_us: visit.now,
        password_hash: Some(&pending.password_hash),
        name: &pending.name,
        phone: &pending.phone,
        location: &pending.location,
        locale: &pending.locale,
        is_operator: false,
        created_us: visit.now,
    };
    let made = tx.execute(queries::ACCOUNT_INSERT, row.into_params()).await?;
    tx.execute(queries::REGISTRATIONS_END, params![&pending.email_norm])
        .await?;
    if made == 0 {
        return Ok(None);
    }
    for (kind, hash) in [("notice", &pending.notice_hash), ("terms", &pending.terms_hash)] {
        let version = pending.legal_version.as_str();
        let row = params![
            state.id(),
            &account_id,
            kind,
            version,
            hash,
            &pending.locale,
            pending.created_us
        ];
        tx.execute(queries::ACCEPTANCE_INSERT, row).await?;
    }
    Ok(Some(Verified {
        account_id,
        hold_id: pending.hold_id,
        next_path: pending.next_path,
    }))
}

/// Makes an account without a registration: for the seed and the first operator.
///
/// # Errors
/// [`Fault::Conflict`] when the address has an account.
pub async fn create_account(tx: &mut crate::base::db::Tx, state: &Base, new: &NewAccount<'_>) -> Result<String> {
    let id = state.id();
    let now = state.now();
    let row = AccountRow {
        id: &id,
        email: new.email,
        email_norm: &fields::email_norm(new.email),
        email_verified_us: now,
        password_hash: new.password_hash.as_deref(),
        name: new.name,
        phone: new.phone,
        location: new.location,
        locale: new.locale.tag(),
        is_operator: new.is_operator,
        created_us: now,
    };
    if tx.execute(queries::ACCOUNT_INSERT, row.into_params()).await? == 0 {
        return Err(Fault::Conflict("the address has an account"));
    }
    Ok(id)
}

/// What [`create_account`] needs to know.
pub struct NewAccount<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub phone: &'a str,
    pub location: &'a str,
    pub locale: Locale,
    /// Without one the account is reached by one-time links and by resetting.
    pub password_hash: Option<String>,
    pub is_operator: bool,
}
