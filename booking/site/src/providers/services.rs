//! The provider's services: list, new, edit, remove. What is booked keeps the terms it was booked under.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use web::Notice;
use web::pages::FieldError;
use web::pages::provider_admin::{ProviderServicesPage, ServiceRow};
use web::routes::{self, pattern};

use super::service_form::{ServiceForm, fresh};
use crate::error::AppResult;
use crate::extract::{Form, Path, Visit};
use crate::pages::{html, html_with, shell};
use booking_core::AppState;
use booking_core::billing::sellers;
use booking_core::providers::{SetupStep, own_org, owner, seller, services};
use booking_core::search::index_provider;
use booking_core::usecases::{self, missing_to_publish};

/// Stands for a service that is being made.
const NEW: &str = "new";

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::PROVIDER_SERVICES, get(list))
        .route(pattern::PROVIDER_SERVICE, get(page).post(save))
}

async fn list(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let mut tx = state.db.read().await?;
    let services = services::of_org(&mut tx, &member.org_id)
        .await?
        .into_iter()
        .map(|service| ServiceRow {
            price: service.details.price_terms,
            id: service.id,
            title: service.details.title,
            duration_min: u32::try_from(service.details.duration_min).unwrap_or(0),
            active: service.details.active,
        })
        .collect();
    let sells = sellers::sells(&mut tx, &state.payments, &member.org_id).await?;
    let opens_account = usecases::seller_provider(&state).is_some();
    let seller_missing = !seller::is_whole(&mut tx, &member.org_id).await?;
    Ok(html(&ProviderServicesPage {
        shell: shell(&visit),
        payments_off: !sells && !opens_account,
        account: opens_account.then_some(sells),
        seller_missing: sells && seller_missing,
        services,
    }))
}

async fn page(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let mut tx = state.db.read().await?;
    let payments = sellers::sells(&mut tx, &state.payments, &member.org_id).await?;
    let (form, existing) = match id.as_str() {
        NEW => (ServiceForm::fresh(payments), None),
        id => {
            let service = services::load_own(&mut tx, &member.org_id, id).await?;
            (ServiceForm::of(&service.details), Some(id))
        }
    };
    let mut page = form.page(payments, &visit, existing, false);
    page.seller_missing = payments && !seller::is_whole(&mut tx, &member.org_id).await?;
    Ok(html(&page))
}

async fn save(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<ServiceForm>,
) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let existing = (id != NEW).then_some(id.as_str());
    let mut tx = state.db.write().await?;
    if let (Some(id), "remove") = (existing, form.typed("action")) {
        services::remove(&mut tx, &member.org_id, id, visit.now).await?;
        index_provider(&mut tx, &member.org_id).await?;
        tx.commit().await?;
        let list = routes::with_notice(pattern::PROVIDER_SERVICES, Notice::ServiceRemoved);
        return Ok(Redirect::to(&list).into_response());
    }
    let payments = sellers::sells(&mut tx, &state.payments, &member.org_id).await?;
    let stored = match existing {
        Some(id) => services::load_own(&mut tx, &member.org_id, id).await?.details,
        None => fresh(),
    };
    let Ok(details) = form.check(payments, &stored) else {
        return Ok(html_with(
            StatusCode::UNPROCESSABLE_ENTITY,
            &form.page(payments, &visit, existing, true),
        ));
    };
    let org = own_org(&mut tx, member).await?;
    if let Some(step) = missing_to_publish(&mut tx, &org, &details).await? {
        let mut page = form.page(payments, &visit, existing, true);
        page.seller_missing = step == SetupStep::Seller;
        page.active.error = Some(if page.seller_missing {
            FieldError::SellerMissing
        } else {
            FieldError::MandateMissing
        });
        return Ok(html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    match existing {
        Some(id) => services::save(&mut tx, &member.org_id, id, &details).await?,
        None => services::add(&mut tx, &state, &member.org_id, &details).await?,
    }
    index_provider(&mut tx, &member.org_id).await?;
    tx.commit().await?;
    Ok(Redirect::to(&routes::with_notice(pattern::PROVIDER_SERVICES, Notice::Saved)).into_response())
}
