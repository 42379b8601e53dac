//! The business's own account at the payment provider, where sellers are paid directly.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use web::pages::provider_payments::{ProviderPaymentsPage, SellerStanding};
use web::routes::pattern;

use crate::error::{AppError, AppResult};
use crate::extract::Visit;
use crate::pages::{html, shell};
use booking_core::AppState;
use booking_core::billing::sellers::SellerState;
use booking_core::providers::owner;
use booking_core::usecases::{self, SellerRefusal};

pub(super) fn router() -> Router<AppState> {
    Router::new().route(pattern::PROVIDER_PAYMENTS, get(page).post(open))
}

async fn page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let standing = match usecases::look_at_account(&state, &member.org_id).await {
        Ok(standing) => shown(standing),
        Err(refusal) => refused(refusal)?,
    };
    Ok(html(&ProviderPaymentsPage {
        shell: shell(&visit),
        standing,
    }))
}

/// The provider's own address goes onto a page as a link: what a form leads to stays here, as the content policy wants.
async fn open(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    visit.actor.is_staying()?;
    state.limits.hold_by_ip.check(&visit.ip_key())?;
    let back = state.link(pattern::PROVIDER_PAYMENTS);
    let standing = match usecases::open_account(&state, &member.org_id, &back).await {
        Ok(link) => SellerStanding::Link(link),
        Err(refusal) => refused(refusal)?,
    };
    Ok(html(&ProviderPaymentsPage {
        shell: shell(&visit),
        standing,
    }))
}

fn shown(state: Option<SellerState>) -> SellerStanding {
    match state {
        None => SellerStanding::None,
        Some(SellerState::Begun) => SellerStanding::Begun,
        Some(SellerState::Checked) => SellerStanding::Checked,
        Some(SellerState::Ready) => SellerStanding::Ready,
        Some(SellerState::Closed) => SellerStanding::Closed,
    }
}

fn refused(refusal: SellerRefusal) -> AppResult<SellerStanding> {
    match refusal {
        SellerRefusal::NotOffered => Err(AppError::NotFound),
        SellerRefusal::Unavailable(error) => {
            tracing::warn!(%error, "a seller's account was not opened");
            Ok(SellerStanding::Unavailable)
        }
        SellerRefusal::Fault(fault) => Err(fault.into()),
    }
}
