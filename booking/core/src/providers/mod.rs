//! Providers: the business, its members, its services and their hours.

pub mod queries;
pub mod vat;

use std::str::FromStr;

use signaling_protocol::PriceTerms;
use texts::Category;

use crate::base::UnknownWord;
use crate::base::actor::{Actor, MemberRole, Membership};
use crate::base::charge;
use crate::base::db::{FromRow, Row, Tx};
use crate::base::{Fault, Result};
use crate::params;

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
        let category: String = row.get("category")?;
        Ok(Self {
            id: row.get("id")?,
            slug: row.get("slug")?,
            name: row.get("name")?,
            orgno: row.get("orgno")?,
            category: Category::from_slug(&category)
                .ok_or_else(|| sqlx::Error::Decode(format!("no such category: {category}").into()))?,
            description: row.get("description")?,
            postcode: row.get("postcode")?,
            town: row.get("town")?,
            time_zone: row.get("time_zone")?,
            status: row.parse("status")?,
        })
    }
}

/// A service as its pages need it.
#[derive(Debug, Clone)]
pub struct Service {
    pub id: String,
    pub title: String,
    pub description: String,
    pub duration_min: i64,
    pub buffer_after_min: i64,
    pub notice_min: i64,
    pub window_days: i64,
    pub price: PriceTerms,
    pub active: bool,
}

impl FromRow for Service {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            title: row.get("title")?,
            description: row.get("description")?,
            duration_min: row.get("duration_min")?,
            buffer_after_min: row.get("buffer_after_min")?,
            notice_min: row.get("notice_min")?,
            window_days: row.get("window_days")?,
            price: row.json("price_terms")?,
            active: row.flag("active")?,
        })
    }
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

/// What stands between a provider and its first booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupStep {
    Service,
    Hours,
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
pub async fn own_org(tx: &mut Tx, member: &Membership) -> Result<Org> {
    tx.optional(queries::ORG_OWN, params![&member.org_id])
        .await?
        .ok_or(Fault::NotFound)
}

/// What stands between a provider and its first booking.
pub async fn missing_steps(tx: &mut Tx, org: &Org, takes_payments: bool) -> Result<Vec<SetupStep>> {
    let services: Vec<Service> = tx.all(queries::SERVICES, params![&org.id]).await?;
    let rules: i64 = tx.one(queries::RULES_OF_ORG, params![&org.id]).await?;
    let mut missing = Vec::new();
    if !services
        .iter()
        .any(|service| service.active && charge::can_be_sold(&service.price, takes_payments))
    {
        missing.push(SetupStep::Service);
    }
    if rules == 0 {
        missing.push(SetupStep::Hours);
    }
    if org.status != OrgStatus::Active {
        missing.push(SetupStep::Publish);
    }
    Ok(missing)
}
