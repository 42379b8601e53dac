//! The receipt as a download, for those with a seat in the appointment and for the owner of the business.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use web::routes::pattern;

use crate::error::AppResult;
use crate::extract::{Path, Visit};
use booking_core::AppState;
use booking_core::appointments;
use booking_core::documents::receipt_bytes;

/// The routes of this feature.
pub(crate) fn router() -> Router<AppState> {
    Router::new().route(pattern::BOOKING_RECEIPT, get(receipt))
}

async fn receipt(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<impl IntoResponse> {
    visit.actor.signed_in()?;
    let appointment = appointments::load_with_receipt(&mut state.db.read().await?, &visit.actor, &id).await?;
    let (document, bytes) = receipt_bytes(&state, &appointment.id).await?;
    let disposition = format!("inline; filename=\"booka-{}.pdf\"", document.name());
    Ok((
        [
            (header::CONTENT_TYPE, "application/pdf".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        bytes,
    ))
}
