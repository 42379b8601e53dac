//! Whoever the call socket or the media API turns away is in the security log, as whoever the pages turn away is.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use booking_core::base::Networks;
use booking_core::base::actor::network_of;
use booking_core::base::security::{self, SecurityEvent};
use booking_site::extract::client_ip;

/// Notes what these routes refuse: they know of no accounts and no log of ours. `forbidden` is what 403 means there.
pub(crate) fn noted(routes: Router, proxies: &Networks, forbidden: SecurityEvent) -> Router {
    routes.layer(middleware::from_fn_with_state((proxies.clone(), forbidden), note))
}

async fn note(State((proxies, forbidden)): State<(Networks, SecurityEvent)>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let network = network_of(client_ip(&parts, &proxies));
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let response = next.run(Request::from_parts(parts, body)).await;
    let event = match response.status() {
        StatusCode::UNAUTHORIZED => SecurityEvent::KeyRefused,
        StatusCode::FORBIDDEN => forbidden,
        StatusCode::TOO_MANY_REQUESTS => SecurityEvent::LimitReached,
        _ => return response,
    };
    let route = route.as_ref().map_or("(none)", MatchedPath::as_str);
    security::note_refused(event, route, &network);
    response
}
