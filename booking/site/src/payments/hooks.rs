//! Where hooks of the payment provider arrive: stored before they are answered, and believed in nothing.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use booking_core::AppState;
use booking_core::base::SECOND_US;
use booking_core::billing::hooks::is_signed;
use booking_core::usecases;
use serde::Deserialize;

use crate::error::{AppError, AppResult};
use crate::extract::Path;

/// For machines only, so it is not among the addresses of the pages.
pub(super) const HOOKS: &str = "/hooks/payments/{psp}";
const SIGNATURE: &str = "booka-signature";
/// Longest id that is looked at, bytes.
const ID_BYTES_MAX: usize = 100;

#[derive(Debug, Deserialize)]
struct Hook {
    id: String,
    payment: String,
}

pub(super) async fn receive(
    State(state): State<AppState>,
    Path(psp): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> AppResult<StatusCode> {
    if psp != state.payments.name() {
        return Err(AppError::NotFound);
    }
    let signature = headers
        .get(SIGNATURE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    if !is_signed(&state.config.hook_secret(), signature, &body, state.now() / SECOND_US) {
        return Err(AppError::Forbidden("the hook is not signed"));
    }
    let hook: Hook = serde_json::from_slice(&body).map_err(|_| AppError::BadRequest("the hook cannot be read"))?;
    if hook.id.is_empty() || hook.id.len().max(hook.payment.len()) > ID_BYTES_MAX {
        return Err(AppError::BadRequest("the hook has no id"));
    }
    let text = String::from_utf8_lossy(&body);
    usecases::note_hint(&state, &hook.id, &hook.payment, &text).await?;
    state.jobs_wanted.notify_one();
    Ok(StatusCode::NO_CONTENT)
}
