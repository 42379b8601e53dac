//! Getting in, and one's own account.

pub(crate) mod cookies;
mod credentials;
mod my;
mod pages;

use axum::Router;
use booking_core::AppState;

pub(crate) fn router() -> Router<AppState> {
    pages::router().merge(my::router()).merge(credentials::router())
}
