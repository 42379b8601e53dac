//! Where hooks of the payment providers arrive: stored before they are answered, and believed in nothing.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use booking_core::AppState;
use booking_core::billing::provider::HookError;
use booking_core::usecases;

use crate::error::{AppError, AppResult};
use crate::extract::Path;

/// For machines only, so it is not among the addresses of the pages.
pub(super) const HOOKS: &str = "/hooks/payments/{psp}";

pub(super) async fn receive(
    State(state): State<AppState>,
    Path(psp): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> AppResult<StatusCode> {
    let provider = state.payments.find(&psp).ok_or(AppError::NotFound)?;
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let hint = provider
        .read_hook(&header, &body, state.now())
        .map_err(|error| match error {
            HookError::NotSigned => AppError::Forbidden("the hook is not signed"),
            HookError::Unreadable => AppError::BadRequest("the hook cannot be read"),
        })?;
    usecases::note_hint(&state, &psp, &hint).await?;
    let account = provider
        .seller_accounts()
        .and_then(|accounts| accounts.read_hook(&body));
    if let Some(account) = account {
        usecases::note_account_news(&state, &psp, &account).await?;
    }
    state.payments_wanted.notify_one();
    Ok(StatusCode::NO_CONTENT)
}
