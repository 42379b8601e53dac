//! Services: what a provider offers, and under which terms. What is booked keeps the terms it was booked under.
//!
//! A new field of a service is a column in a migration, and here a field of [`ServiceDetails`].

use signaling_protocol::PriceTerms;

use super::ProviderRefusal;
use crate::base::charge::can_be_sold;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::limits::SERVICES_PER_ORG_MAX;
use crate::base::policy::CancellationPolicy;
use crate::base::vat::VatCode;
use crate::base::{Base, Fault, Micros, Result};
use crate::{columns, params, statements};

/// Starts are offered at least this often, minutes.
const STEP_MIN_MAX: i64 = 30;

columns! {
    /// What a provider decides about a service.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ServiceDetails as details_columns {
        title: String,
        description: String,
        duration_min: i64,
        buffer_after_min: i64,
        /// Shortest time between booking and start.
        notice_min: i64,
        /// How many days ahead may be booked.
        window_days: i64,
        /// Coming appointments that one customer may have with the provider.
        open_max: i64,
        price_terms: PriceTerms,
        cancel_policy: CancellationPolicy,
        /// How it is taxed where the business is registered for VAT.
        vat_code: VatCode,
        active: bool,
    }
}

/// The columns that a [`Service`] is read from.
macro_rules! service_select {
    ($rest:literal) => {
        concat!("SELECT id, ", details_columns!(names), " FROM service ", $rest)
    };
}

statements! {
    /// org
    OF_ORG = service_select!("WHERE org_id = $1 AND removed_us IS NULL ORDER BY created_us, id LIMIT 50");
    /// id, org
    OWN = service_select!("WHERE id = $1 AND org_id = $2 AND removed_us IS NULL");
    /// id, org, step, now, then the values of the details
    INSERT = concat!("INSERT INTO service (id, org_id, step_min, created_us, buffer_before_min, ", details_columns!(names), ")
        VALUES ($1, $2, $3, $4, 0, ", details_columns!(binds from 5), ")");
    /// id, org, step, then the values of the details
    UPDATE = concat!("UPDATE service SET step_min = $3, (", details_columns!(names), ") = (", details_columns!(binds from 4), ")
        WHERE id = $1 AND org_id = $2 AND removed_us IS NULL");
    /// id, org, now
    REMOVE = "UPDATE service SET active = 0, removed_us = $3 WHERE id = $1 AND org_id = $2 AND removed_us IS NULL";
    /// service, org: every active member offers it
    MEMBERS_INSERT = "INSERT INTO service_member (service_id, member_id)
        SELECT CAST($1 AS TEXT), id FROM member WHERE org_id = $2 AND active = 1 ON CONFLICT (service_id, member_id) DO NOTHING";
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
        self.details.active && can_be_sold(&self.details.price_terms, takes_payments)
    }
}

impl ServiceDetails {
    /// Whether it may cost something.
    #[must_use]
    pub fn is_priced(&self) -> bool {
        self.price_terms.most_minor() > 0
    }

    /// Distance between possible starts.
    fn step_min(&self) -> i64 {
        self.duration_min.min(STEP_MIN_MAX)
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
    row.extend(details.clone().into_params());
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
    row.extend(details.clone().into_params());
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
