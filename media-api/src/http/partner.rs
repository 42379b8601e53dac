//! Rooms, tickets and participants, for holders of a partner key.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sfu_core::{DisconnectReason, HandshakeFailure, PeerStats, RoomId};
use signaling::media::{media_source, message_source};
use signaling_protocol::ticket::MEDIA_TICKET_LIFE_S_MAX;
use signaling_protocol::{MediaTicket, message};

use super::body::{self, Taken};
use super::problem::Problem;
use super::{Api, Partner};
use crate::limits::{NAME_CHARS_MAX, PARTICIPANTS_MAX, TICKET_LIFE_S};
use crate::metrics::Count;
use crate::rooms::{
    NewParticipant, NewRoom, ParticipantId, ParticipantView, Refusal, RoomView, SessionView, id_from, id_text,
};
use crate::service::random_id;

type Answer = Result<Response, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomRequest {
    name: Option<String>,
    participants_max: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TicketRequest {
    name: String,
    publish: bool,
    subscribe: bool,
    expires_in_s: Option<i64>,
}

#[derive(Serialize)]
struct TicketAnswer {
    ticket: String,
    participant: String,
    expires_at: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MuteRequest {
    source: message::SourceKind,
    muted: bool,
}

fn checked_name(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(Problem::value(format!(
            "a name has at most {NAME_CHARS_MAX} characters and no line breaks"
        )));
    }
    Ok(name.to_owned())
}

fn room_id(text: &str) -> Result<RoomId, Problem> {
    id_from(text).map(RoomId).ok_or_else(|| Refusal::NoRoom.into())
}

fn participant_id(text: &str) -> Result<ParticipantId, Problem> {
    let id = id_from(text).map(ParticipantId);
    id.ok_or_else(|| Refusal::NoParticipant.into())
}

/// `POST /api/v1/rooms`
pub(super) async fn open(
    State(state): State<Api>,
    Partner(owner): Partner,
    headers: HeaderMap,
    taken: Taken,
) -> Answer {
    let request: RoomRequest = body::json(&headers, taken)?;
    let participants_max = request.participants_max.unwrap_or(PARTICIPANTS_MAX);
    if !(1..=PARTICIPANTS_MAX).contains(&participants_max) {
        return Err(Problem::value(format!("participants_max is 1 to {PARTICIPANTS_MAX}")));
    }
    let new = NewRoom {
        name: request.name.as_deref().map(checked_name).transpose()?,
        participants_max,
    };
    let inner = &state.api.inner;
    let room = inner.with(|rooms, now| rooms.open(now, owner, RoomId(random_id()), new))?;
    inner.metrics.add(Count::RoomsOpened);
    let location = format!("/api/v1/rooms/{}", id_text(room.room.0));
    let answer = (
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Json(room_json(&room)),
    );
    Ok(answer.into_response())
}

/// `GET /api/v1/rooms`
pub(super) async fn list(State(state): State<Api>, Partner(owner): Partner) -> Answer {
    let rooms = state.api.inner.with(|rooms, _| rooms.list(owner));
    let rooms: Vec<_> = rooms.iter().map(room_json).collect();
    Ok(Json(json!({ "rooms": rooms })).into_response())
}

/// `GET /api/v1/rooms/{room}`
pub(super) async fn show(State(state): State<Api>, Partner(owner): Partner, Path(room): Path<String>) -> Answer {
    let room = room_id(&room)?;
    let (room, participants) = state.api.inner.with(|rooms, _| rooms.show(owner, room))?;
    let mut answer = room_json(&room);
    answer["participants"] = participants.iter().map(participant_json).collect();
    Ok(Json(answer).into_response())
}

/// `DELETE /api/v1/rooms/{room}`
pub(super) async fn close(State(state): State<Api>, Partner(owner): Partner, Path(room): Path<String>) -> Answer {
    let room = room_id(&room)?;
    state.api.inner.with(|rooms, _| rooms.close(owner, room))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /api/v1/rooms/{room}/tickets`
pub(super) async fn invite(
    State(state): State<Api>,
    Partner(owner): Partner,
    Path(room): Path<String>,
    headers: HeaderMap,
    taken: Taken,
) -> Answer {
    let room = room_id(&room)?;
    let request: TicketRequest = body::json(&headers, taken)?;
    if !request.publish && !request.subscribe {
        return Err(Problem::value("a ticket permits publish, subscribe or both"));
    }
    let life_s = request.expires_in_s.unwrap_or(TICKET_LIFE_S);
    if !(1..=MEDIA_TICKET_LIFE_S_MAX).contains(&life_s) {
        return Err(Problem::value(format!(
            "expires_in_s is 1 to {MEDIA_TICKET_LIFE_S_MAX}"
        )));
    }
    let inner = &state.api.inner;
    let participant = ParticipantId(random_id());
    let new = NewParticipant {
        name: checked_name(&request.name)?,
        publish: request.publish,
        subscribe: request.subscribe,
        expires_at_s: inner.now_s() + life_s,
    };
    let ticket = MediaTicket {
        room: id_text(room.0),
        participant: participant.to_string(),
        publish: new.publish,
        subscribe: new.subscribe,
        expires_at_s: new.expires_at_s,
    };
    inner.with(|rooms, now| rooms.invite(now, owner, room, participant, new))?;
    inner.metrics.add(Count::TicketsIssued);
    let answer = TicketAnswer {
        ticket: inner.key.sign_media(&ticket),
        participant: ticket.participant,
        expires_at: ticket.expires_at_s,
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// `POST /api/v1/rooms/{room}/participants/{participant}/mute`
pub(super) async fn mute(
    State(state): State<Api>,
    Partner(owner): Partner,
    Path((room, participant)): Path<(String, String)>,
    headers: HeaderMap,
    taken: Taken,
) -> Answer {
    let (room, participant) = (room_id(&room)?, participant_id(&participant)?);
    let request: MuteRequest = body::json(&headers, taken)?;
    let kind = media_source(request.source);
    state
        .api
        .inner
        .with(|rooms, _| rooms.mute(owner, room, participant, kind, request.muted))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /api/v1/rooms/{room}/participants/{participant}`
pub(super) async fn remove(
    State(state): State<Api>,
    Partner(owner): Partner,
    Path((room, participant)): Path<(String, String)>,
) -> Answer {
    let (room, participant) = (room_id(&room)?, participant_id(&participant)?);
    state
        .api
        .inner
        .with(|rooms, now| rooms.remove(now, owner, room, participant))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn room_json(room: &RoomView) -> Value {
    json!({
        "room": id_text(room.room.0),
        "name": room.name,
        "participants_max": room.participants_max,
        "created_at": room.created_at_s,
        "present": room.present,
    })
}

fn participant_json(view: &ParticipantView) -> Value {
    let sources: Vec<_> = view
        .sources
        .iter()
        .map(|(kind, muted)| json!({ "source": message_source(*kind), "muted": muted }))
        .collect();
    let sessions = [&view.publishing, &view.receiving];
    json!({
        "participant": view.participant.to_string(),
        "name": view.name,
        "publishes": view.publishing.is_some(),
        "subscribes": view.receiving.is_some(),
        "connected": sessions.iter().copied().flatten().any(|session| session.connected),
        "sources": sources,
        "stats": {
            "publishing": view.publishing.as_ref().and_then(session_json),
            "receiving": view.receiving.as_ref().and_then(session_json),
        },
        "ended": {
            "publishing": view.publishing_ended.map(end_word),
            "receiving": view.receiving_ended.map(end_word),
        },
    })
}

/// Why a session ended, as `docs/media-api.md` says it.
fn end_word(reason: DisconnectReason) -> &'static str {
    match reason {
        DisconnectReason::Closed => "closed",
        DisconnectReason::ConsentExpired => "not_heard",
        DisconnectReason::HandshakeFailed(HandshakeFailure::NoPath) => "no_path",
        DisconnectReason::HandshakeFailed(HandshakeFailure::TimedOut) => "handshake_timed_out",
        DisconnectReason::HandshakeFailed(HandshakeFailure::OtherCertificate) => "other_certificate",
        DisconnectReason::HandshakeFailed(HandshakeFailure::UnusableCertificate) => "unusable_certificate",
        DisconnectReason::HandshakeFailed(HandshakeFailure::Refused) => "handshake_refused",
        DisconnectReason::Removed | DisconnectReason::RoomFailed => "server",
    }
}

fn session_json(view: &SessionView) -> Option<Value> {
    let PeerStats {
        packets_in,
        bytes_in,
        packets_out,
        bytes_out,
        packets_lost_in,
        packets_lost_out,
        nacks_in,
        nacks_out,
        keyframe_requests_in,
        keyframe_requests_out,
        over_rate_in,
        codec_not_taken_in,
        codec_not_taken_out,
        round_trip,
        estimate_bps,
    } = view.stats?;
    Some(json!({
        "packets_in": packets_in,
        "bytes_in": bytes_in,
        "packets_out": packets_out,
        "bytes_out": bytes_out,
        "packets_lost_in": packets_lost_in,
        "packets_lost_out": packets_lost_out,
        "nacks_in": nacks_in,
        "nacks_out": nacks_out,
        "keyframe_requests_in": keyframe_requests_in,
        "keyframe_requests_out": keyframe_requests_out,
        "packets_over_rate": over_rate_in,
        "packets_codec_not_taken": codec_not_taken_in + codec_not_taken_out,
        "round_trip_ms": round_trip.map(|time| time.as_secs_f64() * 1_000.0),
        "estimate_bps": estimate_bps,
        "pictures_withheld": view.pictures_withheld,
    }))
}
