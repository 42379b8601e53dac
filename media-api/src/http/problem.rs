//! Refusals as problem details (RFC 9457): a code for programs, and for people what to do next.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::limits::RETRY_AFTER;
use crate::rooms::Refusal;

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
        }
    }

    pub(super) fn key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "bad_key",
            "send a partner key as `Authorization: Bearer …`; the operator makes one by `booka api-key`",
        )
    }

    pub(super) fn ticket() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "bad_ticket",
            "send a ticket of the room as `Authorization: Bearer …`, and ask for a new one when it has expired",
        )
    }

    pub(super) fn too_many() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "too many requests from this address; wait as long as Retry-After says",
        )
    }

    pub(super) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "bad_method",
            "this address takes other methods; they are in Allow",
        )
    }

    pub(super) fn address() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "no_address",
            "there is nothing at this address; mind slashes at its end: media goes to /whip and comes from /whep",
        )
    }

    /// A value in a request that is out of its range.
    pub(super) fn value(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_value", detail)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match &refusal {
            Refusal::NoRoom => (StatusCode::NOT_FOUND, "no_room"),
            Refusal::NoParticipant => (StatusCode::NOT_FOUND, "no_participant"),
            Refusal::NoSession => (StatusCode::NOT_FOUND, "no_session"),
            Refusal::RoomsFull => (StatusCode::SERVICE_UNAVAILABLE, "rooms_full"),
            Refusal::TicketsFull => (StatusCode::SERVICE_UNAVAILABLE, "tickets_full"),
            Refusal::RoomFull => (StatusCode::SERVICE_UNAVAILABLE, "room_full"),
            Refusal::SessionsFull => (StatusCode::SERVICE_UNAVAILABLE, "server_full"),
            Refusal::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
            Refusal::MediaSilent => (StatusCode::SERVICE_UNAVAILABLE, "media_silent"),
            Refusal::Removed => (StatusCode::FORBIDDEN, "removed"),
            Refusal::NotPermitted => (StatusCode::FORBIDDEN, "not_permitted"),
            Refusal::TicketTooBusy => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Refusal::NotPublished => (StatusCode::CONFLICT, "not_published"),
            Refusal::RestartUnderWay => (StatusCode::CONFLICT, "restart_under_way"),
            Refusal::EtagDiffers => (StatusCode::PRECONDITION_FAILED, "etag_differs"),
            Refusal::NoUfrag
            | Refusal::NothingToPublish
            | Refusal::TooMuchToPublish
            | Refusal::LineRejected(_)
            | Refusal::BadOffer(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_offer"),
        };
        Self::new(status, code, refusal.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(
            self.status,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
        ) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER.as_secs()));
        }
        response
    }
}
