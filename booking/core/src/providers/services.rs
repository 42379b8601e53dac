//! Services: what a provider offers, and under which terms. What is booked keeps the terms it was booked under.
//!
//! A new field of a service is a column in a migration, then here a field of [`ServiceDetails`] with its place in
//! [`ServiceDetails::from_row`], in [`ServiceDetails::values`] and in the three column lists.

use signaling_protocol::PriceTerms;

use super::ProviderRefusal;
use crate::base::charge::can_be_sold;
use crate::base::db::{DbError, FromRow, Param, Row, Tx};
use crate::base::limits::SERVICES_PER_ORG_MAX;
use crate::base::{Base, Fault, Micros, Result};
use crate::{params, statements};

/// Starts are offered at least this often, minutes.
const STEP_MIN_MAX: i64 = 30;

/// The columns that a [`Service`] is read from.
macro_rules! service_select {
    ($rest:literal) => {
        concat!(
            "SELECT id, title, description, duration_min, buffer_after_min, notice_min, window_days, open_max, price_terms, active
            FROM service ",
            $rest
        )
    };
}

statements! {
    /// org
    OF_ORG = service_select!("WHERE org_id = $1 AND removed_us IS NULL ORDER BY created_us, id LIMIT 50");
    /// id, org
    OWN = service_select!("WHERE id = $1 AND org_id = $2 AND removed_us IS NULL");
    /// id, org, step, now, then the values of the details
    INSERT = "INSERT INTO service (id, org_id, step_min, created_us, buffer_before_min,
            title, description, duration_min, buffer_after_min, notice_min, window_days, open_max, price_terms,
            active)
        VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    /// id, org, step, then the values of the details
    UPDATE = "UPDATE service SET step_min = $3, title = $4, description = $5, duration_min = $6, buffer_after_min = $7,
            notice_min = $8, window_days = $9, open_max = $10, price_terms = $11, active = $12
        WHERE id = $1 AND org_id = $2 AND removed_us IS NULL";
    /// id, org, now
    REMOVE = "UPDATE service SET active = 0, removed_us = $3 WHERE id = $1 AND org_id = $2 AND removed_us IS NULL";
    /// service, org: every active member offers it
    MEMBERS_INSERT = "INSERT INTO service_member (service_id, member_id)
        SELECT CAST($1 AS TEXT), id FROM member WHERE org_id = $2 AND active = 1 ON CONFLICT (service_id, member_id) DO NOTHING";
}

/// What a provider decides about a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceDetails {
    pub title: String,
    pub description: String,
    pub duration_min: i64,
    pub buffer_after_min: i64,
    /// Shortest time between booking and start.
    pub notice_min: i64,
    /// How many days ahead may be booked.
    pub window_days: i64,
    /// Coming appointments that one customer may have with the provider.
    pub open_max: i64,
    pub price: PriceTerms,
    pub active: bool,
}

/// A service as it is stored.
#[derive(Debug, Clone)]
pub struct Service {
    pub id: String,
    pub details: ServiceDetails,
}

impl Service {
    /// Whether it can be booked: a priced service needs somebody who takes the money.
    #[must_use]
    pub fn is_offered(&self, takes_payments: bool) -> bool {
        self.details.active && can_be_sold(&self.details.price, takes_payments)
    }
}

impl ServiceDetails {
    /// The parameters of insert and update, in the order of their columns.
    fn values(&self) -> Vec<Param> {
        let price = serde_json::to_string(&self.price).expect("price terms are plain strings and numbers");
        params![
            &self.title,
            &self.description,
            self.duration_min,
            self.buffer_after_min,
            self.notice_min,
            self.window_days,
            self.open_max,
            price,
            self.active,
        ]
    }

    /// Distance between possible starts.
    fn step_min(&self) -> i64 {
        self.duration_min.min(STEP_MIN_MAX)
    }
}

impl FromRow for ServiceDetails {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            title: row.get("title")?,
            description: row.get("description")?,
            duration_min: row.get("duration_min")?,
            buffer_after_min: row.get("buffer_after_min")?,
            notice_min: row.get("notice_min")?,
            window_days: row.get("window_days")?,
            open_max: row.get("open_max")?,
            price: row.json("price_terms")?,
            active: row.flag("active")?,
        })
    }
}

impl FromRow for Service {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            details: ServiceDetails::from_row(row)?,
        })
    }
}

/// The services of a provider, in the order in which they were made.
///
/// # Errors
/// When the database fails.
pub async fn of_org(tx: &mut Tx, org_id: &str) -> Result<Vec<Service>, DbError> {
    tx.all(OF_ORG, params![org_id]).await
}

/// A service of a provider.
///
/// # Errors
/// [`Fault::NotFound`] for a service of somebody else's.
pub async fn load_own(tx: &mut Tx, org_id: &str, id: &str) -> Result<Service> {
    tx.optional(OWN, params![id, org_id]).await?.ok_or(Fault::NotFound)
}

/// Adds a service that every member offers.
///
/// # Errors
/// [`ProviderRefusal::TooManyServices`].
pub async fn add(tx: &mut Tx, base: &Base, org_id: &str, details: &ServiceDetails) -> Result<(), ProviderRefusal> {
    if of_org(tx, org_id).await?.len() >= SERVICES_PER_ORG_MAX {
        return Err(ProviderRefusal::TooManyServices);
    }
    let id = base.id();
    let mut row = params![&id, org_id, details.step_min(), base.now()];
    row.extend(details.values());
    tx.execute(INSERT, row).await?;
    tx.execute(MEMBERS_INSERT, params![&id, org_id]).await?;
    Ok(())
}

/// Saves what was changed about a service.
///
/// # Errors
/// [`Fault::NotFound`] for a service of somebody else's.
pub async fn save(tx: &mut Tx, org_id: &str, id: &str, details: &ServiceDetails) -> Result<()> {
    let mut row = params![id, org_id, details.step_min()];
    row.extend(details.values());
    changed_one(tx.execute(UPDATE, row).await?)
}

/// Takes a service off for good.
///
/// # Errors
/// [`Fault::NotFound`] for a service of somebody else's.
pub async fn remove(tx: &mut Tx, org_id: &str, id: &str, now: Micros) -> Result<()> {
    changed_one(tx.execute(REMOVE, params![id, org_id, now]).await?)
}

fn changed_one(rows: u64) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(Fault::NotFound) }
}
