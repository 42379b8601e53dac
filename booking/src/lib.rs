//! The booking side: accounts, providers, search, availability, appointments, billing. One folder a feature.
//!
//! [`router`] is the whole of it by HTTP; [`state::AppState::open`] makes the state it runs on.

pub mod accounts;
pub mod appointments;
pub mod availability;
pub mod billing;
pub mod calls;
pub mod config;
pub mod db;
pub mod documents;
pub mod error;
pub mod extract;
pub mod jobs;
pub mod limits;
pub mod mail;
pub mod money;
pub mod operator;
pub mod pages;
pub mod providers;
pub mod search;
pub mod seed;
pub mod state;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware;
use tower_http::set_header::SetResponseHeaderLayer;

pub use config::BookingConfig;
pub use state::AppState;

/// What a page of ours may load and do: nothing from elsewhere, no inline script or style.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// Every page and form of the booking side.
pub fn router(state: AppState) -> Router {
    let features = pages::router()
        .merge(accounts::router())
        .merge(appointments::pages::router())
        .merge(billing::pages::router())
        .merge(calls::pages::router())
        .merge(documents::pages::router())
        .merge(operator::router())
        .merge(providers::router())
        .merge(search::pages::router());
    features
        .fallback(|| async { error::AppError::NotFound })
        .layer(DefaultBodyLimit::max(limits::FORM_BYTES_MAX))
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

/// Every statement of every feature, for the test that prepares them on both engines.
#[must_use]
pub fn statements() -> Vec<db::Sql> {
    let features = [
        accounts::queries::STATEMENTS,
        accounts::registry::STATEMENTS,
        appointments::queries::STATEMENTS,
        availability::queries::STATEMENTS,
        billing::queries::STATEMENTS,
        billing::test_provider::STATEMENTS,
        calls::quality::STATEMENTS,
        calls::queries::STATEMENTS,
        documents::queries::STATEMENTS,
        jobs::STATEMENTS,
        mail::queries::STATEMENTS,
        operator::queries::STATEMENTS,
        providers::queries::STATEMENTS,
        search::queries::STATEMENTS,
        seed::queries::STATEMENTS,
    ];
    features
        .concat()
        .into_iter()
        .chain(accounts::registry::registered_statements())
        .collect()
}
