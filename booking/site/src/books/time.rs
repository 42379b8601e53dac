//! The time report of a business.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use web::pages::books::{ProviderTimePage, TimeLine};
use web::routes::{self, pattern};

use super::{files, month_nav, month_of};
use crate::error::AppResult;
use crate::extract::{Form, Query, Visit};
use crate::pages;
use booking_core::AppState;
use booking_core::availability::load::zone_named;
use booking_core::books::exports::{self, Export, ExportKind};
use booking_core::books::{Period, time};
use booking_core::providers::{own_org, owner};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MonthForm {
    month: String,
}

pub(super) async fn page(
    State(state): State<AppState>,
    visit: Visit,
    Query(query): Query<MonthForm>,
) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let mut tx = state.db.read().await?;
    let org = own_org(&mut tx, member).await?;
    let zone = zone_named(&org.time_zone);
    let first = month_of(&query.month, &zone, visit.now);
    let period = Period::month(&zone, first);
    let rows = time::report(&mut tx, &org.id, &zone, period).await?;
    let unsettled = time::count_unsettled(&mut tx, &org.id, period).await?;
    Ok(pages::html(&ProviderTimePage {
        shell: pages::shell_in(&visit, &org.time_zone),
        month: month_nav(pattern::PROVIDER_TIME, first, &zone, visit.now),
        rows: rows
            .into_iter()
            .map(|row| TimeLine {
                day: row.day,
                member: row.member,
                consumer: row.consumer,
                calls: row.calls,
                billable_ms: row.billable / 1000,
            })
            .collect(),
        unsettled: u32::try_from(unsettled).unwrap_or(u32::MAX),
    }))
}

pub(super) async fn file(
    State(state): State<AppState>,
    visit: Visit,
    Form(typed): Form<MonthForm>,
) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let org = own_org(&mut state.db.read().await?, member).await?;
    let zone = zone_named(&org.time_zone);
    let first = month_of(&typed.month, &zone, visit.now);
    let name = routes::month_name(first);
    let export = Export {
        org: Some(&org.id),
        account: visit.actor.account_id(),
        kind: ExportKind::Time,
        period: &name,
    };
    exports::record_own(&state, export).await?;
    let bytes = time::write_sheet(&state, &org.id, &zone, Period::month(&zone, first), visit.locale).await?;
    Ok(files::sheet(&format!("booka-time-{name}.csv"), bytes))
}
