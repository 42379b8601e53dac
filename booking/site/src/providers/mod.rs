//! The pages of providers: the public one, and their own.

mod hours;
mod invitations;
mod members;
mod own;
mod public;
mod services;
mod vat;

use axum::Router;
use booking_core::AppState;

pub(crate) fn router() -> Router<AppState> {
    public::router()
        .merge(own::router())
        .merge(services::router())
        .merge(hours::router())
        .merge(members::router())
        .merge(invitations::router())
}
