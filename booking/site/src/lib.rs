//! The pages of the booking side: handlers and what they show, one file or folder a feature.
//!
//! [`router`] is the whole of it. Here, and nowhere else in booking, HTTP and HTML are known; rules and records are
//! `booking-core`'s.

mod accounts;
mod appointments;
mod calls;
mod crawlers;
mod documents;
mod error;
pub mod extract;
mod form;
mod operator;
mod pages;
mod payments;
mod providers;
mod search;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware;
use booking_core::AppState;
use booking_core::base::limits::FORM_BYTES_MAX;
use tower_http::set_header::SetResponseHeaderLayer;

pub use calls::{TicketAnswer, issue_ticket};
pub use error::{AppError, AppResult};

/// What a page of ours may load and do: nothing from elsewhere, no inline script or style.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// Every page and form of the booking side.
pub fn router(state: AppState) -> Router {
    let features = pages::router()
        .merge(accounts::router())
        .merge(appointments::router())
        .merge(payments::router())
        .merge(calls::router())
        .merge(crawlers::router())
        .merge(documents::router())
        .merge(operator::router())
        .merge(providers::router())
        .merge(search::router());
    features
        .fallback(|| async { error::AppError::NotFound })
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn_with_state(state.clone(), extract::guard))
        .layer(middleware::from_fn_with_state(state.clone(), error::render))
        .layer(default_header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        // As the server in front says it; `no-referrer` would make browsers send `Origin: null` with our own forms.
        .layer(default_header(header::REFERRER_POLICY, "same-origin"))
        .layer(default_header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(default_header(header::CACHE_CONTROL, "no-store"))
        .layer(default_header(
            HeaderName::from_static("permissions-policy"),
            "camera=(self), microphone=(self)",
        ))
        .with_state(state)
}

fn default_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
