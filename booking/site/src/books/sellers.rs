//! The yearly report of the platform about its sellers.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use web::pages::books::{OperatorSellersPage, SellerQuarter, SellerRow};
use web::pages::{Field, FieldError};

use super::{files, year_of};
use crate::error::AppResult;
use crate::extract::{Form, Query, Visit};
use crate::form::{self, field};
use crate::operator::looks;
use crate::pages;
use booking_core::AppState;
use booking_core::availability::date_in;
use booking_core::availability::load::zone_named;
use booking_core::base::DEFAULT_ZONE;
use booking_core::base::audit::Action;
use booking_core::books::exports::{self, Export, ExportKind};
use booking_core::books::sellers::{self, Quarter, SellerYear};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct YearForm {
    year: String,
    reason: String,
}

pub(super) async fn page(
    State(state): State<AppState>,
    visit: Visit,
    Query(query): Query<YearForm>,
) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    looks::record(&state, operator, Action::SellersSeen, "", "", &[]).await?;
    Ok(pages::html(&report_page(&state, &visit, &query.year).await?))
}

async fn report_page(state: &AppState, visit: &Visit, typed: &str) -> AppResult<OperatorSellersPage> {
    let zone = zone_named(DEFAULT_ZONE);
    let year = year_of(typed, &zone, visit.now);
    let report = sellers::report(&mut state.db.read().await?, &zone, year).await?;
    let lacking = report.iter().filter(|seller| seller.tax.is_none());
    let names: BTreeSet<(&str, &str)> = lacking
        .map(|seller| (seller.name.as_str(), seller.org_id.as_str()))
        .collect();
    Ok(OperatorSellersPage {
        shell: pages::shell(visit),
        year,
        this_year: date_in(&zone, visit.now).year(),
        lacking: names.into_iter().map(|(name, _)| name.to_owned()).collect(),
        has_test: report.iter().any(|seller| seller.total().has_test),
        is_empty: report.is_empty(),
        rows: report.iter().filter(|seller| seller.is_reported()).map(row).collect(),
        reason: Field::default(),
    })
}

fn row(seller: &SellerYear) -> SellerRow {
    let quarter = |quarter: Quarter| SellerQuarter {
        paid_minor: quarter.paid_minor,
        fees_minor: quarter.fees_minor,
        activities: quarter.activities,
    };
    SellerRow {
        name: seller.name.clone(),
        orgno: seller.orgno.clone(),
        has_tax: seller.tax.is_some(),
        currency: seller.currency.clone(),
        quarters: seller.quarters.map(quarter),
        total: quarter(seller.total()),
    }
}

pub(super) async fn file(
    State(state): State<AppState>,
    visit: Visit,
    Form(typed): Form<YearForm>,
) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let reason = form::line(&typed.reason, FieldError::LookReasonMissing);
    let Ok(reason) = &reason else {
        let mut page = report_page(&state, &visit, &typed.year).await?;
        page.reason = field(&typed.reason, &reason);
        return Ok(pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    };
    let zone = zone_named(DEFAULT_ZONE);
    let year = year_of(&typed.year, &zone, visit.now);
    let export = Export {
        org: None,
        account: &operator.id,
        kind: ExportKind::Sellers,
        period: &year.to_string(),
    };
    exports::record_operators(&state, export, reason).await?;
    let bytes = sellers::write_sheet(&state, &zone, year, visit.locale).await?;
    Ok(files::sheet(&format!("booka-sellers-{year}.csv"), bytes))
}
