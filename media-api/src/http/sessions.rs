//! WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): media sessions by one POST, kept by PATCH and ended by DELETE.

use axum::Router;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, any, patch, post};
use serde::Deserialize;
use signaling::media::media_size;
use signaling_protocol::message::SlotSize;

use super::body::{self, FRAGMENT, JSON, SDP, Taken};
use super::problem::Problem;
use super::{Api, Holder};
use crate::fragment::Fragment;
use crate::limits::{PUBLISHERS_MAX, SIZES_MAX};
use crate::metrics::Count;
use crate::offer;
use crate::rooms::{Direction, ParticipantId, Refusal, SessionId, id_from};

type Answer = Result<Response, Problem>;

pub(super) fn router() -> Router<Api> {
    let nothing = || any(|| async { Problem::address() });
    Router::new()
        .route("/whip", post(begin_publishing).options(endpoint_options))
        .route("/whep", post(begin_receiving).options(endpoint_options))
        .route("/whip/{session}", session_routes(Direction::Publish))
        .route("/whep/{session}", session_routes(Direction::Receive))
        .route("/whep/{session}/sizes", post(size_slots).options(sizes_options))
        .route("/whip/", nothing())
        .route("/whep/", nothing())
        .route("/whip/{session}/", nothing())
        .route("/whep/{session}/", nothing())
        .route("/whip/{session}/{*rest}", nothing())
        .route("/whep/{session}/{*rest}", nothing())
        .method_not_allowed_fallback(|| async { Problem::method() })
        .layer(middleware::from_fn(any_origin))
}

fn session_routes(direction: Direction) -> MethodRouter<Api> {
    patch(move |state, session, holder, headers, taken| {
        take_fragment(direction, state, session, holder, headers, taken)
    })
    .delete(move |state, session, holder| async move { end(direction, state, session, holder) })
    .options(session_options)
}

/// Pages of any origin may use these: what counts is the ticket, which no browser sends by itself.
async fn any_origin(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Location, ETag, Accept-Patch, Retry-After"),
    );
    response
}

fn options(methods: &'static str, takes: (header::HeaderName, &'static str)) -> Response {
    let headers = [
        (header::ALLOW, methods),
        (header::ACCESS_CONTROL_ALLOW_METHODS, methods),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, If-Match",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        takes,
    ];
    (StatusCode::OK, headers).into_response()
}

async fn endpoint_options() -> Response {
    options("OPTIONS, POST", (header::HeaderName::from_static("accept-post"), SDP))
}

async fn session_options() -> Response {
    let takes = (header::HeaderName::from_static("accept-patch"), FRAGMENT);
    options("DELETE, OPTIONS, PATCH", takes)
}

async fn sizes_options() -> Response {
    let takes = (header::HeaderName::from_static("accept-post"), JSON);
    options("OPTIONS, POST", takes)
}

async fn begin_publishing(State(state): State<Api>, holder: Holder, headers: HeaderMap, taken: Taken) -> Answer {
    begin(&state, Direction::Publish, &holder, &headers, taken, Vec::new()).await
}

async fn begin_receiving(
    State(state): State<Api>,
    holder: Holder,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    taken: Taken,
) -> Answer {
    let publishers = publishers(query.as_deref().unwrap_or_default())?;
    begin(&state, Direction::Receive, &holder, &headers, taken, publishers).await
}

/// `publisher=<participant>`, any number of times.
fn publishers(query: &str) -> Result<Vec<ParticipantId>, Problem> {
    let mut named: Vec<ParticipantId> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some(id) = pair.strip_prefix("publisher=") else {
            return Err(Problem::value("the only parameter is publisher=<participant>"));
        };
        let id = ParticipantId(id_from(id).ok_or(Refusal::NoParticipant)?);
        if !named.contains(&id) {
            named.push(id);
        }
        if named.len() > PUBLISHERS_MAX {
            return Err(Problem::value(format!("name at most {PUBLISHERS_MAX} publishers")));
        }
    }
    Ok(named)
}

async fn begin(
    state: &Api,
    direction: Direction,
    holder: &Holder,
    headers: &HeaderMap,
    taken: Taken,
    publishers: Vec<ParticipantId>,
) -> Answer {
    let inner = &state.api.inner;
    if holder.ticket.expired(inner.now_s()) {
        return Err(state.failed(holder.address, Count::TicketsBad, Problem::ticket()));
    }
    let offer = body::text(headers, SDP, taken)?;
    if !offer::is_description(&offer) {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "bad_sdp",
            "send an SDP offer: lines of a letter, `=` and a value, from `v=0` on",
        ));
    }
    if !state.addresses().post(holder.address, inner.now().mono) {
        inner.metrics.add(Count::RateLimited);
        return Err(Problem::too_many());
    }
    let (session, answer, etag) = inner
        .begin(direction, (holder.room, holder.participant), offer, publishers)
        .await?;
    let endpoint = match direction {
        Direction::Publish => "whip",
        Direction::Receive => "whep",
    };
    let headers = [
        (header::CONTENT_TYPE, SDP.to_owned()),
        (header::LOCATION, format!("/{endpoint}/{}", session.0)),
        (header::ETAG, etag),
        (header::HeaderName::from_static("accept-patch"), FRAGMENT.to_owned()),
    ];
    Ok((StatusCode::CREATED, headers, answer).into_response())
}

async fn take_fragment(
    direction: Direction,
    State(state): State<Api>,
    Path(session): Path<String>,
    holder: Holder,
    headers: HeaderMap,
    taken: Taken,
) -> Answer {
    let text = body::text(&headers, FRAGMENT, taken)?;
    let if_match = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    let if_match = if_match.ok_or_else(|| {
        Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "no_if_match",
            "send If-Match with the ETag of the last answer, or * for an ICE restart",
        )
    })?;
    let fragment = Fragment::parse(&text).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad_fragment",
            "send lines of an SDP fragment (RFC 8840 section 9)",
        )
    })?;
    let restarted = state
        .api
        .inner
        .patch(
            &SessionId(session),
            direction,
            (holder.room, holder.participant),
            if_match,
            fragment.ufrag,
        )
        .await?;
    Ok(match restarted {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(restarted) => {
            let headers = [
                (header::CONTENT_TYPE, FRAGMENT.to_owned()),
                (header::ETAG, restarted.etag),
            ];
            (StatusCode::OK, headers, restarted.fragment).into_response()
        }
    })
}

/// How large a receiver shows its slots, in pixels; zero for one that is not shown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SizesRequest {
    slots: Vec<SlotSize>,
}

async fn size_slots(
    State(state): State<Api>,
    Path(session): Path<String>,
    holder: Holder,
    headers: HeaderMap,
    taken: Taken,
) -> Answer {
    let request: SizesRequest = body::json(&headers, taken)?;
    if request.slots.len() > SIZES_MAX {
        return Err(Problem::value(format!("give the sizes of at most {SIZES_MAX} slots")));
    }
    let sizes = request.slots.into_iter().map(media_size);
    let (session, holder, sizes) = (SessionId(session), (holder.room, holder.participant), sizes.collect());
    let inner = &state.api.inner;
    inner.with(|rooms, _| rooms.size_slots(&session, holder, sizes))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn end(direction: Direction, State(state): State<Api>, Path(session): Path<String>, holder: Holder) -> Answer {
    let (session, holder) = (SessionId(session), (holder.room, holder.participant));
    let inner = &state.api.inner;
    inner.with(|rooms, now| rooms.end(now, &session, direction, holder))?;
    Ok(StatusCode::OK.into_response())
}
