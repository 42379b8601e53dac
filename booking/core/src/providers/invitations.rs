//! Asking somebody to work for a provider. Only the address is asked for, and nothing looks whether it has an account:
//! the provider gets the same answer for every address. Who is asked decides, after signing in with that address.

use super::{ProviderRefusal, members, orgs};
use crate::accounts::{self, AccountMail, account_mail};
use crate::base::actor::{MemberRole, Requester, SignedIn};
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::fields::Email;
use crate::base::limits::MEMBERS_PER_ORG_MAX;
use crate::base::outbox::{self, Recipient};
use crate::base::{Base, DAY_US, Fault, Micros, Result, token_hash};
use crate::{params, statements};
use texts::routes;

/// How long an invitation waits for an answer. One that is declined keeps its address from being asked again as long.
const INVITATION_LIFE_US: Micros = 14 * DAY_US;

/// The columns that an [`Invitation`] is read from.
macro_rules! invitation_select {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, i.email, i.created_us, i.expires_us, i.declined_us, o.id AS org_id, o.name AS org_name, o.town
            FROM invitation i JOIN org o ON o.id = i.org_id ",
            $rest
        )
    };
}

statements! {
    /// id, hash, org, e-mail, normalised, now, expires: one that has run out is made new
    INSERT = "INSERT INTO invitation (id, token_hash, org_id, email, email_norm, created_us, expires_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (org_id, email_norm) DO UPDATE SET token_hash = $2, email = $4, created_us = $6, expires_us = $7, declined_us = NULL
        WHERE invitation.expires_us <= $6";
    /// org, now
    OF_ORG = invitation_select!("WHERE i.org_id = $1 AND i.expires_us > $2 ORDER BY i.created_us, i.id LIMIT 50");
    /// normalised e-mail, now
    OF_PERSON = invitation_select!("WHERE i.email_norm = $1 AND i.expires_us > $2 AND i.declined_us IS NULL
        ORDER BY i.created_us, i.id LIMIT 50");
    /// hash, now
    FIND = invitation_select!("WHERE i.token_hash = $1 AND i.expires_us > $2 AND i.declined_us IS NULL");
    /// id, now
    DECLINE = "UPDATE invitation SET declined_us = $2 WHERE id = $1";
    /// id
    END = "DELETE FROM invitation WHERE id = $1";
    /// id, org
    WITHDRAW = "DELETE FROM invitation WHERE id = $1 AND org_id = $2";
}

/// An invitation that has not run out.
#[derive(Debug, Clone)]
pub struct Invitation {
    pub id: String,
    pub email: String,
    pub created_us: Micros,
    pub declined_us: Option<Micros>,
    pub expires_us: Micros,
    pub org_id: String,
    pub org_name: String,
    pub town: String,
}

impl FromRow for Invitation {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            email: row.get("email")?,
            created_us: row.get("created_us")?,
            declined_us: row.get("declined_us")?,
            expires_us: row.get("expires_us")?,
            org_id: row.get("org_id")?,
            org_name: row.get("org_name")?,
            town: row.get("town")?,
        })
    }
}

/// Invites an address to a provider. Who was asked already, or said no, gets no second mail; who gets many from
/// many providers gets no more for a while. The caller learns of neither.
///
/// # Errors
/// [`ProviderRefusal::TooManyMembers`].
pub async fn invite(
    tx: &mut Tx,
    base: &Base,
    requester: &Requester,
    org_id: &str,
    email: &Email,
) -> Result<(), ProviderRefusal> {
    let open = of_org(tx, org_id, requester.now).await?;
    if members::of_org(tx, org_id).await?.len() + open.len() >= MEMBERS_PER_ORG_MAX {
        return Err(ProviderRefusal::TooManyMembers);
    }
    let token = base.random.token();
    let id = base.id();
    let row = params![
        &id,
        token.hash(),
        org_id,
        &email.text,
        &email.norm,
        requester.now,
        requester.now + INVITATION_LIFE_US
    ];
    let is_new = tx.execute(INSERT, row).await? == 1;
    if !is_new || base.limits.invitation_by_email.check(&email.norm).is_err() {
        return Ok(());
    }
    let to = Recipient {
        account_id: None,
        name: String::new(),
        address: email.text.clone(),
        locale: requester.locale,
    };
    let link = base.link(&routes::invitation(token.secret()));
    let org = orgs::name(tx, org_id).await?;
    let message = account_mail(to, &id, &AccountMail::Invitation { link, org });
    outbox::enqueue(base, tx, &message).await?;
    Ok(())
}

/// The invitations of a provider, those that were declined among them.
///
/// # Errors
/// When the database fails.
pub async fn of_org(tx: &mut Tx, org_id: &str, now: Micros) -> Result<Vec<Invitation>, DbError> {
    tx.all(OF_ORG, params![org_id, now]).await
}

/// The invitations that wait for the signed-in person, by the address that the account has shown to be its own.
///
/// # Errors
/// When the database fails.
pub async fn of_person(tx: &mut Tx, who: &SignedIn, now: Micros) -> Result<Vec<Invitation>> {
    let norm = accounts::email_norm(tx, &who.id).await?;
    Ok(tx.all(OF_PERSON, params![norm, now]).await?)
}

/// The invitation that a link in a mail leads to.
///
/// # Errors
/// When the database fails.
pub async fn find_by_link(tx: &mut Tx, secret: &str, now: Micros) -> Result<Option<Invitation>, DbError> {
    tx.optional(FIND, params![token_hash(secret), now]).await
}

/// Says no to an invitation.
///
/// # Errors
/// When the database fails.
pub async fn decline(tx: &mut Tx, invitation: &Invitation, now: Micros) -> Result<(), DbError> {
    tx.execute(DECLINE, params![&invitation.id, now]).await.map(drop)
}

/// Takes an invitation of a provider's back.
///
/// # Errors
/// [`Fault::NotFound`] for an invitation of somebody else's.
pub async fn withdraw(tx: &mut Tx, org_id: &str, id: &str) -> Result<()> {
    if tx.execute(WITHDRAW, params![id, org_id]).await? == 0 {
        return Err(Fault::NotFound);
    }
    Ok(())
}

/// Makes the person a member who offers every service of the provider.
///
/// # Errors
/// [`ProviderRefusal::WorksElsewhere`]; [`ProviderRefusal::AccountEnds`] for an account that is to be deleted.
pub async fn accept(
    tx: &mut Tx,
    base: &Base,
    who: &SignedIn,
    invitation: &Invitation,
    now: Micros,
) -> Result<(), ProviderRefusal> {
    let member = members::add(tx, base, &invitation.org_id, &who.id, MemberRole::Staff, now).await?;
    if accounts::load(tx, &who.id).await?.deletion_asked_us.is_some() {
        return Err(ProviderRefusal::AccountEnds);
    }
    members::offer_every_service(tx, &invitation.org_id, &member).await?;
    tx.execute(END, params![&invitation.id]).await?;
    Ok(())
}
