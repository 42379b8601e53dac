//! The API by HTTP: authentication, checks of requests, answers.

mod addresses;
mod body;
mod partner;
mod problem;
mod sessions;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::routing::{any, delete, get, post};
use sfu_core::RoomId;
use signaling::ClientAddress;
use signaling_protocol::MediaTicket;

use crate::keys::KeyHash;
use crate::limits::BODY_BYTES_MAX;
use crate::metrics::Count;
use crate::rooms::{ParticipantId, id_from};
use crate::service::MediaApi;
use addresses::Addresses;
use problem::Problem;

/// What handlers share.
#[derive(Clone)]
struct Api {
    api: MediaApi,
    addresses: Arc<Mutex<Addresses>>,
    client_address: ClientAddress,
}

impl Api {
    fn addresses(&self) -> MutexGuard<'_, Addresses> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a wrong key or ticket; an address with too many gets 429 instead of the reason.
    fn failed(&self, address: IpAddr, count: Count, problem: Problem) -> Problem {
        self.api.metrics().add(count);
        if self.addresses().failure(address, Instant::now()) {
            problem
        } else {
            self.api.metrics().add(Count::RateLimited);
            Problem::too_many()
        }
    }
}

/// `/api/v1/rooms` for partners, `/whip` and `/whep` for their participants.
pub fn router(api: MediaApi, client_address: ClientAddress) -> Router {
    let state = Api {
        api,
        addresses: Arc::default(),
        client_address,
    };
    Router::new()
        .route("/api/v1/rooms", post(partner::open).get(partner::list))
        .route("/api/v1/rooms/{room}", get(partner::show).delete(partner::close))
        .route("/api/v1/rooms/{room}/tickets", post(partner::invite))
        .route(
            "/api/v1/rooms/{room}/participants/{participant}",
            delete(partner::remove),
        )
        .route(
            "/api/v1/rooms/{room}/participants/{participant}/mute",
            post(partner::mute),
        )
        // Whoever speaks to the API gets its problems, not the site's pages.
        .route("/api/{*rest}", any(|| async { Problem::address() }))
        .method_not_allowed_fallback(|| async { Problem::method() })
        .merge(sessions::router())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(state)
}

/// The token of `Authorization: Bearer …` (RFC 6750 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// A partner with a good key.
struct Partner(KeyHash);

impl FromRequestParts<Api> for Partner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Api) -> Result<Self, Problem> {
        match bearer(&parts.headers).and_then(|key| state.api.inner.keys.find(key)) {
            Some(owner) => Ok(Self(owner)),
            None => {
                let address = (state.client_address)(parts);
                Err(state.failed(address, Count::KeysBad, Problem::key()))
            }
        }
    }
}

/// Somebody with a genuine media ticket, which may have expired: what was begun with it can still be ended.
struct Holder {
    ticket: MediaTicket,
    room: RoomId,
    participant: ParticipantId,
    address: IpAddr,
}

impl FromRequestParts<Api> for Holder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Api) -> Result<Self, Problem> {
        let address = (state.client_address)(parts);
        let read = || {
            let ticket = state.api.inner.key.verify_media(bearer(&parts.headers)?).ok()?;
            let (room, participant) = (id_from(&ticket.room)?, id_from(&ticket.participant)?);
            Some(Self {
                ticket,
                room: RoomId(room),
                participant: ParticipantId(participant),
                address,
            })
        };
        read().ok_or_else(|| state.failed(address, Count::TicketsBad, Problem::ticket()))
    }
}
