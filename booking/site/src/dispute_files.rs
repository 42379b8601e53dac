//! A file that was handed in, for both sides of a dispute and for operators.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use web::routes::pattern;

use crate::error::AppResult;
use crate::extract::{Path, Visit};
use crate::operator::disputes;
use booking_core::AppState;
use booking_core::base::Fault;
use booking_core::disputes::evidence;
use booking_core::usecases::disputing;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route(pattern::DISPUTE_FILE, get(file))
}

/// A file for those who may read the dispute; operators have said why they look.
async fn file(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let file = evidence::load(&mut tx, &id).await?.ok_or(Fault::NotFound)?;
    let party = disputing::load_party(&mut tx, &visit.actor, &file.appointment_id).await;
    drop(tx);
    match party {
        Ok(_) => {}
        Err(Fault::NotFound) => {
            if let Some(elsewhere) = disputes::may_read(&state, &visit, &file).await? {
                return Ok(elsewhere);
            }
        }
        Err(fault) => return Err(fault.into()),
    }
    let bytes = evidence::load_bytes(&state, &file).await?;
    // The name that it had elsewhere stays on the page: in a header it could say anything.
    let tail = &file.id[file.id.len().saturating_sub(8)..];
    let disposition = format!("attachment; filename=\"booka-{tail}.{}\"", file.kind.extension());
    let headers = [
        (header::CONTENT_TYPE, file.kind.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, bytes).into_response())
}
