//! Documents as downloads, for those who may read them, and where an appointment's receipt is.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use web::routes::{self, pattern};

use crate::error::AppResult;
use crate::extract::{Path, Visit};
use booking_core::AppState;
use booking_core::appointments;
use booking_core::base::Fault;
use booking_core::documents::{self, load_bytes};

/// The routes of this feature.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::DOCUMENT, get(document))
        .route(pattern::BOOKING_RECEIPT, get(receipt))
}

async fn document(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<impl IntoResponse> {
    visit.actor.signed_in()?;
    let document = documents::load(&mut state.db.read().await?, &visit.actor, &id).await?;
    let bytes = load_bytes(&state, &document).await?;
    let kind = document.kind.word().replace('_', "-");
    let disposition = format!("inline; filename=\"booka-{kind}-{}.pdf\"", document.name());
    Ok((
        [
            (header::CONTENT_TYPE, "application/pdf".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        bytes,
    ))
}

/// The address that mails name, which is known before there is a receipt: it leads to the newest one.
async fn receipt(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Redirect> {
    visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let appointment = appointments::load_with_receipt(&mut tx, &visit.actor, &id).await?;
    let receipt = documents::receipt_of(&mut tx, &appointment.id).await?;
    let receipt = receipt.ok_or(Fault::NotFound)?;
    Ok(Redirect::to(&routes::document(&receipt.id)))
}
