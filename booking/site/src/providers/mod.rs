//! The pages of providers: the public one, and their own.

mod agenda;
mod hours;
mod invitations;
mod members;
mod own;
mod payments;
mod policy_form;
mod public;
pub(crate) mod seller;
mod service_form;
mod services;
mod vat;

use axum::Router;
use axum::routing::get;
use booking_core::AppState;
use web::routes::pattern;

pub(crate) fn router() -> Router<AppState> {
    public::router()
        .merge(own::router())
        .route(pattern::PROVIDER_APPOINTMENTS, get(agenda::page))
        .merge(services::router())
        .merge(hours::router())
        .merge(members::router())
        .merge(payments::router())
        .merge(seller::router())
        .merge(invitations::router())
}
