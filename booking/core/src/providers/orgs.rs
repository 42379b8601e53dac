//! The business itself: its own row, and whether it is published.

use std::str::FromStr;

use texts::Category;

use super::{hours, mandate, seller, services};
use crate::base::actor::{Actor, MemberRole, Membership};
use crate::base::db::{DbError, FromRow, Param, Row, Tx};
use crate::base::{DEFAULT_ZONE, Fault, Micros, Result, UnknownWord};
use crate::{params, statements};

/// The columns that an [`Org`] is read from.
macro_rules! org_select {
    ($rest:literal) => {
        concat!(
            "SELECT id, slug, name, orgno, category, description, postcode, town, time_zone, status FROM org ",
            $rest
        )
    };
}

statements! {
    /// slug, org of the viewer or empty
    PUBLIC = org_select!("WHERE slug = $1 AND (status = 'active' OR id = $2)");
    /// id
    OWN = org_select!("WHERE id = $1");
    /// id, slug, e-mail, zone, now, then the values of the details
    INSERT = "INSERT INTO org (id, slug, email, time_zone, created_us, headline, address, phone, folded, status,
            name, orgno, category, description, postcode, town, lat_e6, lon_e6)
        VALUES ($1, $2, $3, $4, $5, '', '', '', '', 'draft', $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (slug) DO NOTHING";
    /// id, then the values of the details
    UPDATE = "UPDATE org SET name = $2, orgno = $3, category = $4, description = $5, postcode = $6, town = $7, lat_e6 = $8,
        lon_e6 = $9 WHERE id = $1";
    /// id, status: nobody's change of mind about leaving takes this back
    STATUS = "UPDATE org SET status = $2, resume_status = NULL WHERE id = $1";
    /// id
    CONTACT = "SELECT email FROM org WHERE id = $1";
    /// id
    NAME = "SELECT name FROM org WHERE id = $1";
}

/// Whether a provider is seen and can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrgStatus {
    /// Not published yet.
    Draft,
    Active,
    /// Taken off by the provider; what is booked stays.
    Paused,
}

impl OrgStatus {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Paused => "paused",
        }
    }
}

impl FromStr for OrgStatus {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::Draft, Self::Active, Self::Paused]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(UnknownWord)
    }
}

/// A provider as its pages need it.
#[derive(Debug, Clone)]
pub struct Org {
    pub id: String,
    pub slug: String,
    pub name: String,
    pub orgno: String,
    pub category: Category,
    pub description: String,
    /// Empty where the place was given by its name alone.
    pub postcode: String,
    pub town: String,
    pub time_zone: String,
    pub status: OrgStatus,
}

impl FromRow for Org {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            slug: row.get("slug")?,
            name: row.get("name")?,
            orgno: row.get("orgno")?,
            category: row.parse("category")?,
            description: row.get("description")?,
            postcode: row.get("postcode")?,
            town: row.get("town")?,
            time_zone: row.get("time_zone")?,
            status: row.parse("status")?,
        })
    }
}

/// What a provider says about itself.
#[derive(Debug, Clone)]
pub struct OrgDetails<'a> {
    pub name: &'a str,
    pub orgno: &'a str,
    pub category: Category,
    pub description: &'a str,
    pub postcode: &'a str,
    pub town: &'a str,
    /// Snapped to the grid that is published.
    pub lat_e6: i64,
    pub lon_e6: i64,
}

impl OrgDetails<'_> {
    /// The parameters of insert and update, in the order of their columns.
    fn values(&self) -> Vec<Param> {
        params![
            self.name,
            self.orgno,
            self.category.slug(),
            self.description,
            self.postcode,
            self.town,
            self.lat_e6,
            self.lon_e6,
        ]
    }
}

/// What stands between a provider and its first booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupStep {
    Service,
    Hours,
    /// Saying who sells, before something is sold.
    Seller,
    /// Letting the platform issue receipts, before something is sold.
    Mandate,
    Publish,
}

/// The membership of an owner.
///
/// # Errors
/// As [`Actor::member`]; [`Fault::NotFound`] for members who are not owners.
pub fn owner(actor: &Actor) -> Result<&Membership> {
    let member = actor.member()?;
    match member.role {
        MemberRole::Owner => Ok(member),
        MemberRole::Staff => Err(Fault::NotFound),
    }
}

/// The provider of a member.
///
/// # Errors
/// [`Fault::NotFound`] when it is gone.
pub async fn own_org(tx: &mut Tx, member: &Membership) -> Result<Org> {
    tx.optional(OWN, params![&member.org_id]).await?.ok_or(Fault::NotFound)
}

/// A provider by its address: published, or the viewer's own.
///
/// # Errors
/// [`Fault::NotFound`] for every other one.
pub async fn public_org(tx: &mut Tx, actor: &Actor, slug: &str) -> Result<Org> {
    let own = actor.account.as_ref().and_then(|account| account.member.as_ref());
    let own = own.map_or("", |member| member.org_id.as_str());
    tx.optional(PUBLIC, params![slug, own]).await?.ok_or(Fault::NotFound)
}

/// A provider's name.
///
/// # Errors
/// When the database fails, or there is no such provider.
pub async fn name(tx: &mut Tx, id: &str) -> Result<String, DbError> {
    tx.one(NAME, params![id]).await
}

/// Adds a provider that nobody sees before it is published; `false` when another one has the address.
///
/// # Errors
/// When the database fails.
pub async fn add(
    tx: &mut Tx,
    id: &str,
    slug: &str,
    email: &str,
    details: &OrgDetails<'_>,
    now: Micros,
) -> Result<bool, DbError> {
    let mut row = params![id, slug, email, DEFAULT_ZONE, now];
    row.extend(details.values());
    Ok(tx.execute(INSERT, row).await? == 1)
}

/// Saves what a provider says about itself.
///
/// # Errors
/// When the database fails.
pub async fn save(tx: &mut Tx, id: &str, details: &OrgDetails<'_>) -> Result<(), DbError> {
    let mut row = params![id];
    row.extend(details.values());
    tx.execute(UPDATE, row).await.map(drop)
}

/// Publishes a provider or takes it off.
///
/// # Errors
/// When the database fails.
pub async fn set_status(tx: &mut Tx, id: &str, status: OrgStatus) -> Result<(), DbError> {
    tx.execute(STATUS, params![id, status.as_str()]).await.map(drop)
}

/// What stands between a provider and its first booking.
///
/// # Errors
/// When the database fails.
pub async fn missing_steps(tx: &mut Tx, org: &Org, takes_payments: bool) -> Result<Vec<SetupStep>, DbError> {
    let mut missing = Vec::new();
    let services = services::of_org(tx, &org.id).await?;
    if !services.iter().any(|service| service.is_offered(takes_payments)) {
        missing.push(SetupStep::Service);
    }
    if hours::count_spans(tx, &org.id).await? == 0 {
        missing.push(SetupStep::Hours);
    }
    let sells = services
        .iter()
        .any(|service| service.is_offered(takes_payments) && service.details.is_priced());
    if sells && !seller::is_whole(tx, &org.id).await? {
        missing.push(SetupStep::Seller);
    }
    if sells && !mandate::has_mandate(tx, &org.id).await? {
        missing.push(SetupStep::Mandate);
    }
    if org.status != OrgStatus::Active {
        missing.push(SetupStep::Publish);
    }
    Ok(missing)
}

/// The address that a provider can be written to; empty where there is none. For those who have booked with it.
///
/// # Errors
/// When the database fails.
pub async fn contact_email(tx: &mut Tx, org_id: &str) -> Result<String, DbError> {
    Ok(tx.optional(CONTACT, params![org_id]).await?.unwrap_or_default())
}
