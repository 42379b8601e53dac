//! Bodies of requests: of the type that is asked for, whole, and readable.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::limits::BODY_BYTES_MAX;

pub(super) const SDP: &str = "application/sdp";
pub(super) const JSON: &str = "application/json";
pub(super) const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// What an extractor made of a body.
pub(super) type Taken = Result<Bytes, BytesRejection>;

/// A body of JSON: 415 for another type, 413 when too long, 400 for what is no JSON, 422 for JSON of another shape.
pub(super) fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Taken) -> Result<T, Problem> {
    let body = of_type(headers, JSON, body)?;
    serde_json::from_slice(&body).map_err(|error| {
        if error.is_data() {
            Problem::value(error.to_string())
        } else {
            Problem::new(StatusCode::BAD_REQUEST, "bad_json", error.to_string())
        }
    })
}

/// A body of text.
pub(super) fn text(headers: &HeaderMap, media_type: &'static str, body: Taken) -> Result<String, Problem> {
    let body = of_type(headers, media_type, body)?;
    String::from_utf8(body.into()).map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "bad_text", "send text in UTF-8"))
}

fn of_type(headers: &HeaderMap, media_type: &'static str, body: Taken) -> Result<Bytes, Problem> {
    if !is_media_type(headers.get(header::CONTENT_TYPE), media_type) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "bad_type",
            format!("send `Content-Type: {media_type}`"),
        ));
    }
    body.map_err(|error| {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_long",
                format!("send at most {BODY_BYTES_MAX} bytes"),
            )
        } else {
            Problem::new(StatusCode::BAD_REQUEST, "cut_short", "the body did not come whole")
        }
    })
}

/// Whether a `Content-Type` is this one, whatever its parameters.
fn is_media_type(value: Option<&HeaderValue>, expected: &str) -> bool {
    value
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .is_some_and(|text| text.trim().eq_ignore_ascii_case(expected))
}
