//! Providers: the business, its members, its services and their hours.

mod hours;
mod invitations;
mod members;
mod own;
mod public;
pub(crate) mod queries;
mod services;

use std::str::FromStr;

use axum::Router;
use signaling_protocol::PriceTerms;
use web::pages::provider_admin::SetupStep;
use web::pages::search::Category;

use crate::appointments::json;
use crate::db::{FromRow, Row, Tx};
use crate::error::{AppError, AppResult};
use crate::extract::{Actor, Membership};
use crate::params;
use crate::state::AppState;

/// What a member may do in its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberRole {
    /// Everything, members and publishing included.
    Owner,
    /// Own calls and hours.
    Staff,
}

impl MemberRole {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Staff => "staff",
        }
    }
}

/// The word is none of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an unknown word")]
pub struct UnknownWord;

impl FromStr for MemberRole {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "owner" => Ok(Self::Owner),
            "staff" => Ok(Self::Staff),
            _ => Err(UnknownWord),
        }
    }
}

/// Whether a provider is seen and can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrgStatus {
    /// Not published yet.
    Draft,
    Active,
    /// Taken off by the provider; what is booked stays.
    Paused,
}

impl OrgStatus {
    pub(crate) fn as_str(self) -> &'static str {
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
pub(crate) struct Org {
    pub(crate) id: String,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) orgno: String,
    pub(crate) vat_registered: bool,
    pub(crate) category: Category,
    pub(crate) description: String,
    /// Empty where the place was given by its name alone.
    pub(crate) postcode: String,
    pub(crate) town: String,
    pub(crate) time_zone: String,
    pub(crate) status: OrgStatus,
}

impl FromRow for Org {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let category: String = row.get("category")?;
        Ok(Self {
            id: row.get("id")?,
            slug: row.get("slug")?,
            name: row.get("name")?,
            orgno: row.get("orgno")?,
            vat_registered: row.flag("vat_registered")?,
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
pub(crate) struct Service {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) duration_min: i64,
    pub(crate) buffer_after_min: i64,
    pub(crate) notice_min: i64,
    pub(crate) window_days: i64,
    pub(crate) price: PriceTerms,
    pub(crate) active: bool,
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
            price: json(row, "price_terms")?,
            active: row.flag("active")?,
        })
    }
}

/// A person of a provider.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) account_id: String,
    pub(crate) role: MemberRole,
    pub(crate) name: String,
    pub(crate) email: String,
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

pub(crate) fn router() -> Router<AppState> {
    public::router()
        .merge(own::router())
        .merge(services::router())
        .merge(hours::router())
        .merge(members::router())
        .merge(invitations::router())
}

/// The membership of an owner.
///
/// # Errors
/// As [`Actor::member`]; [`AppError::NotFound`] for members who are not owners.
pub(crate) fn owner(actor: &Actor) -> AppResult<&Membership> {
    let member = actor.member()?;
    match member.role {
        MemberRole::Owner => Ok(member),
        MemberRole::Staff => Err(AppError::NotFound),
    }
}

/// The provider of a member.
async fn own_org(tx: &mut Tx, member: &Membership) -> AppResult<Org> {
    tx.optional(queries::ORG_OWN, params![&member.org_id])
        .await?
        .ok_or(AppError::NotFound)
}

/// What stands between a provider and its first booking.
async fn missing_steps(tx: &mut Tx, org: &Org) -> AppResult<Vec<SetupStep>> {
    let services: i64 = tx.one(queries::SERVICES_ACTIVE, params![&org.id]).await?;
    let rules: i64 = tx.one(queries::RULES_OF_ORG, params![&org.id]).await?;
    let mut missing = Vec::new();
    if services == 0 {
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
