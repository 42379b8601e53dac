//! The pages of the booking side: handlers and what they show, one file or folder a feature.
//!
//! [`router`] is the whole of it. Here, and nowhere else in booking, HTTP and HTML are known; rules and records are
//! `booking-core`'s.

mod accounts;
mod appointments;
mod books;
mod calls;
mod commission;
mod crawlers;
mod dispute_files;
mod disputes;
mod documents;
mod error;
mod extension;
pub mod extract;
mod form;
mod operator;
mod pages;
mod payments;
mod policy;
mod promo;
mod providers;
mod refunds;
mod search;
mod seller_view;

use std::future::ready;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware;
use axum::response::Response;
use booking_core::AppState;
use booking_core::base::limits::FORM_BYTES_MAX;

pub use calls::{TicketAnswer, issue_ticket};
pub use error::{AppError, AppResult};

/// What every answer tells browsers: a page of ours loads nothing from elsewhere and runs no inline script or style; other
/// sites neither frame it nor learn its addresses. An answer that says something else about that keeps it.
///
/// # Panics
/// When the public address is not plain ASCII, which the configuration has checked.
#[must_use]
pub fn security_headers(public_url: &str) -> Vec<(HeaderName, HeaderValue)> {
    let policy = policy::content_policy(public_url, &[]);
    let value = |text: &str| HeaderValue::from_str(text).expect("the public address was checked to be plain ASCII");
    let mut headers = vec![
        (header::CONTENT_SECURITY_POLICY, value(&policy)),
        (header::X_CONTENT_TYPE_OPTIONS, value("nosniff")),
        // `no-referrer` would make browsers send `Origin: null` with our own forms.
        (header::REFERRER_POLICY, value("same-origin")),
        (
            HeaderName::from_static("permissions-policy"),
            value("camera=(self), microphone=(self), display-capture=(self), geolocation=()"),
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            value("same-origin"),
        ),
    ];
    if public_url.starts_with("https://") {
        headers.push((header::STRICT_TRANSPORT_SECURITY, value("max-age=31536000")));
    }
    headers
}

/// Every page and form of the booking side.
pub fn router(state: AppState) -> Router {
    let features = pages::router()
        .merge(accounts::router())
        .merge(appointments::router())
        .merge(payments::router())
        .merge(books::router())
        .merge(calls::router())
        .merge(commission::router())
        .merge(extension::router())
        .merge(crawlers::router())
        .merge(disputes::router())
        .merge(dispute_files::router())
        .merge(documents::router())
        .merge(operator::router())
        .merge(promo::router())
        .merge(providers::router())
        .merge(search::router());
    let public_url = state.config.public_url.clone();
    let headers: Arc<[_]> = security_headers(&public_url).into();
    features
        .fallback(|| async { error::AppError::NotFound })
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn_with_state(state.clone(), extract::guard))
        .layer(middleware::from_fn_with_state(state.clone(), error::render))
        .layer(middleware::map_response(move |response| {
            ready(add_headers(&headers, &public_url, response))
        }))
        .with_state(state)
}

fn add_headers(headers: &[(HeaderName, HeaderValue)], public_url: &str, mut response: Response) -> Response {
    response.headers_mut().extend(headers.iter().cloned());
    policy::open(public_url, &mut response);
    // Pages show what belongs to one person; no cache between us and them may keep it.
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
