//! The people of a provider.

use texts::routes;

use super::{ProviderRefusal, orgs};
use crate::accounts::{self, AccountMail, account_mail};
use crate::base::actor::MemberRole;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::{Base, Fault, Micros, Result, outbox};
use crate::{params, statements};

statements! {
    /// id, org, account, role, now
    INSERT = "INSERT INTO member (id, org_id, account_id, role, title, created_us) VALUES ($1, $2, $3, $4, '', $5)
        ON CONFLICT (account_id, org_id) DO UPDATE SET active = 1";
    /// org, account
    ID_OF = "SELECT id FROM member WHERE org_id = $1 AND account_id = $2";
    /// org
    OF_ORG = "SELECT m.id, m.account_id, m.role, a.name, a.email FROM member m JOIN account a ON a.id = m.account_id
        WHERE m.org_id = $1 AND m.active = 1 ORDER BY m.created_us, m.id LIMIT 50";
    /// org, normalised e-mail
    WITH_EMAIL = "SELECT COUNT(*) FROM member m JOIN account a ON a.id = m.account_id
        WHERE m.org_id = $1 AND a.email_norm = $2 AND m.active = 1";
    /// org: those whom a customer may meet
    NAMES_MET = "SELECT a.name FROM member m JOIN account a ON a.id = m.account_id
        WHERE m.org_id = $1 AND m.active = 1 AND a.deletion_asked_us IS NULL ORDER BY m.created_us, m.id LIMIT 50";
    /// account
    MEMBERSHIPS = "SELECT COUNT(*) FROM member WHERE account_id = $1 AND active = 1";
    /// member, org
    REMOVE = "UPDATE member SET active = 0 WHERE id = $1 AND org_id = $2 AND role = 'staff'";
    /// member, org
    PROMOTE = "UPDATE member SET role = 'owner' WHERE id = $1 AND org_id = $2 AND active = 1 AND role = 'staff'";
    /// account: the providers that have no other owner who stays
    OWNED_ALONE = "SELECT m.org_id FROM member m WHERE m.account_id = $1 AND m.role = 'owner' AND m.active = 1
        AND NOT EXISTS (SELECT 1 FROM member o JOIN account a ON a.id = o.account_id WHERE o.org_id = m.org_id
            AND o.account_id <> m.account_id AND o.role = 'owner' AND o.active = 1 AND a.deletion_asked_us IS NULL
            AND a.erased_us IS NULL) LIMIT 50";
    /// org: the staff who stay, whoever has been there longest first
    STAFF_WHO_STAY = "SELECT m.id, m.account_id, m.role, a.name, a.email FROM member m JOIN account a ON a.id = m.account_id
        WHERE m.org_id = $1 AND m.role = 'staff' AND m.active = 1 AND a.deletion_asked_us IS NULL AND a.erased_us IS NULL
        ORDER BY m.created_us, m.id LIMIT 1";
    /// member: gives back the slots that are held with a member who leaves
    CELLS_END = "DELETE FROM reservation WHERE hold_id IN (SELECT id FROM hold WHERE member_id = $1 AND state = 'held')";
    /// member
    HOLDS_END = "UPDATE hold SET state = 'cancelled', network_hash = '' WHERE member_id = $1 AND state = 'held'";
    /// member, now
    BOOKED = "SELECT COUNT(*) FROM appointment WHERE member_id = $1 AND end_us > $2 AND status IN ('confirmed', 'in_call')";
    /// member, org: the member offers every service
    SERVICES_INSERT = "INSERT INTO service_member (service_id, member_id)
        SELECT id, CAST($1 AS TEXT) FROM service WHERE org_id = $2 AND removed_us IS NULL
        ON CONFLICT (service_id, member_id) DO NOTHING";
}

/// A person of a provider.
#[derive(Debug, Clone)]
pub struct Member {
    pub id: String,
    pub account_id: String,
    pub role: MemberRole,
    pub name: String,
    pub email: String,
}

impl FromRow for Member {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            account_id: row.get("account_id")?,
            role: row.parse("role")?,
            name: row.get("name")?,
            email: row.get("email")?,
        })
    }
}

/// The members of a provider, the first one first.
///
/// # Errors
/// When the database fails.
pub async fn of_org(tx: &mut Tx, org_id: &str) -> Result<Vec<Member>, DbError> {
    tx.all(OF_ORG, params![org_id]).await
}

/// The names of those whom a customer may meet.
///
/// # Errors
/// When the database fails.
pub async fn names_met(tx: &mut Tx, org_id: &str) -> Result<Vec<String>, DbError> {
    tx.all(NAMES_MET, params![org_id]).await
}

/// Whether somebody with that address works for the provider.
///
/// # Errors
/// When the database fails.
pub async fn has_email(tx: &mut Tx, org_id: &str, email_norm: &str) -> Result<bool, DbError> {
    Ok(tx.one::<i64>(WITH_EMAIL, params![org_id, email_norm]).await? > 0)
}

/// Makes an account a member, and returns the member's id.
///
/// # Errors
/// [`ProviderRefusal::WorksElsewhere`] when the person works for a provider already.
pub async fn add(
    tx: &mut Tx,
    base: &Base,
    org_id: &str,
    account_id: &str,
    role: MemberRole,
    now: Micros,
) -> Result<String, ProviderRefusal> {
    // Two providers may take the same person at once, and a sign-up may be sent twice.
    accounts::lock(tx, account_id).await?;
    if tx.one::<i64>(MEMBERSHIPS, params![account_id]).await? > 0 {
        return Err(ProviderRefusal::WorksElsewhere);
    }
    tx.execute(INSERT, params![base.id(), org_id, account_id, role.as_str(), now])
        .await?;
    Ok(tx.one(ID_OF, params![org_id, account_id]).await?)
}

/// Lets a member offer every service of the provider.
pub(super) async fn offer_every_service(tx: &mut Tx, org_id: &str, id: &str) -> Result<(), DbError> {
    tx.execute(SERVICES_INSERT, params![id, org_id]).await.map(drop)
}

/// Makes a member an owner, too.
///
/// # Errors
/// [`Fault::NotFound`] for owners, and for members of somebody else's.
pub async fn promote(tx: &mut Tx, id: &str, org_id: &str) -> Result<()> {
    match tx.execute(PROMOTE, params![id, org_id]).await? {
        0 => Err(Fault::NotFound),
        _ => Ok(()),
    }
}

/// Who becomes an owner when the account goes, for each provider that would have none: of the staff who stay, whoever has
/// been there longest.
///
/// # Errors
/// When the database fails.
pub async fn heirs(tx: &mut Tx, account_id: &str) -> Result<Vec<(String, Member)>, DbError> {
    let mut heirs = Vec::new();
    for org in tx.all::<String>(OWNED_ALONE, params![account_id]).await? {
        let heir: Option<Member> = tx.optional(STAFF_WHO_STAY, params![&org]).await?;
        heirs.extend(heir.map(|heir| (org, heir)));
    }
    Ok(heirs)
}

/// Before an account goes: no provider is left without an owner while somebody works there. The heirs are told.
///
/// # Errors
/// When the database fails.
pub async fn pass_ownership_on(tx: &mut Tx, base: &Base, account_id: &str) -> Result<()> {
    for (org, heir) in heirs(tx, account_id).await? {
        promote(tx, &heir.id, &org).await?;
        let recipient = accounts::load(tx, &heir.account_id).await?.recipient();
        let mail = AccountMail::OwnerNow {
            link: base.link(routes::pattern::PROVIDER_PROFILE),
            org: orgs::name(tx, &org).await?,
        };
        outbox::enqueue(base, tx, &account_mail(recipient, &base.id(), &mail)).await?;
    }
    Ok(())
}

/// Removes a member who has no coming appointments. Changing the row also locks it, so that no hold becomes an
/// appointment meanwhile; held slots are given back, and the money reserved for them is released.
///
/// # Errors
/// [`ProviderRefusal::MemberBooked`]; [`Fault::NotFound`] for owners, and for members of somebody else's.
pub async fn remove(tx: &mut Tx, id: &str, org_id: &str, now: Micros) -> Result<(), ProviderRefusal> {
    if tx.execute(REMOVE, params![id, org_id]).await? == 0 {
        return Err(Fault::NotFound.into());
    }
    if tx.one::<i64>(BOOKED, params![id, now]).await? > 0 {
        return Err(ProviderRefusal::MemberBooked);
    }
    tx.execute(CELLS_END, params![id]).await?;
    tx.execute(HOLDS_END, params![id]).await?;
    Ok(())
}
