//! The call page's frame, the tickets that its script asks for, and the device check.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use signaling_protocol::message::Presence;
use signaling_protocol::{Refusal, Role, Ticket};
use web::pages::call::{CallFacts, CallPage, DeviceCheckPage};
use web::routes::{self, pattern};

use crate::error::{AppError, AppResult};
use crate::extract::{Path, Query, Visit};
use crate::form;
use crate::pages;
use booking_core::AppState;
use booking_core::appointments::{self, Appointment, role_as_str};
use booking_core::base::actor::Actor;
use booking_core::base::{Fault, SECOND_US};
use booking_core::calls::{may_enter, queries};

/// How long a ticket is good, seconds: long enough for a slow network, and too short to be passed around.
const TICKET_LIFE_S: i64 = 60;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::CALL, get(call))
        .route(pattern::CALL_TICKET, post(ticket))
        .route(pattern::CALL_OTHER, get(other))
        .route(pattern::DEVICE_CHECK, get(device_check))
}

/// A ticket for the script of the call page.
#[derive(Debug, Serialize)]
pub struct TicketAnswer {
    pub ticket: String,
    /// Unix seconds.
    pub expires_at_s: i64,
}

/// Signs a ticket for the actor's own seat in a call.
///
/// # Errors
/// [`AppError::NotFound`] for those who have no seat in it; [`AppError::Conflict`] when the room is not open or the call
/// is over.
pub async fn issue_ticket(state: &AppState, actor: &Actor, call: &str) -> AppResult<TicketAnswer> {
    let account = actor.signed_in()?;
    let now = state.now();
    let mut tx = state.db.read().await?;
    let appointment = appointments::load(&mut tx, actor, call).await?;
    let seat = queries::seat_of_account(&mut tx, call, &account.id)
        .await?
        .ok_or(AppError::NotFound)?;
    drop(tx);
    may_enter(&seat, appointment.status, now).map_err(|refusal| match refusal {
        Refusal::Unknown => AppError::NotFound,
        Refusal::NotOpen => AppError::Conflict("not_open"),
        Refusal::Ended => AppError::Conflict("ended"),
        Refusal::Cancelled => AppError::Conflict("cancelled"),
        Refusal::SignedOut => AppError::SignInFirst,
        Refusal::Unavailable => AppError::Busy,
    })?;
    let role = if seat.role == role_as_str(Role::Provider) {
        Role::Provider
    } else {
        Role::Consumer
    };
    let expires_at_s = now / SECOND_US + TICKET_LIFE_S;
    let nonce = URL_SAFE_NO_PAD.encode(state.random.bytes::<16>());
    let ticket = Ticket {
        call: seat.call,
        seat: seat.seat,
        role,
        expires_at_s,
        nonce,
        session: account.session_id.clone(),
    };
    Ok(TicketAnswer {
        ticket: state.ticket_key.sign(&ticket),
        expires_at_s,
    })
}

/// The script's answer, always JSON: `{"ticket": …, "expires_at_s": …}` or `{"error": "not_open"}`.
async fn ticket(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> Response {
    match issue_ticket(&state, &visit.actor, &id).await {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => {
            let (status, code) = match &error {
                AppError::Conflict(reason) => (StatusCode::CONFLICT, *reason),
                AppError::NotFound
                | AppError::BadRequest(_)
                | AppError::WrongMethod
                | AppError::TooLarge
                | AppError::Forbidden(_)
                | AppError::SignInFirst
                | AppError::Leaving
                | AppError::TooManyBooked
                | AppError::TooManyWithProvider
                | AppError::TooMany { .. }
                | AppError::Busy
                | AppError::Internal(_) => (error.status(), error.code()),
            };
            if let AppError::Internal(text) = &error {
                tracing::error!(error = text, "no ticket could be made");
            }
            (status, Json(serde_json::json!({ "error": code }))).into_response()
        }
    }
}

/// Where the other side is.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Other {
    Away,
    /// The customer, in the waiting room.
    Waiting,
    /// In the room.
    Here,
}

/// Asked by a page that has not gone in yet: whoever chooses a camera should know that somebody waits for them.
async fn other(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    visit.actor.signed_in()?;
    let appointment = appointments::load(&mut state.db.read().await?, &visit.actor, &id).await?;
    let is_provider = appointment.seat.role == Role::Provider;
    let live = state.live_calls.get().and_then(|live| live.find(&id));
    let others = live
        .iter()
        .flat_map(|live| &live.seats)
        .filter(|seat| (seat.role == Role::Provider) != is_provider);
    let other = others.fold(Other::Away, |known, seat| match known {
        Other::Here => Other::Here,
        Other::Away | Other::Waiting if seat.presence == Presence::Lobby && seat.here => Other::Waiting,
        Other::Away | Other::Waiting if seat.presence == Presence::Connected => Other::Here,
        Other::Away | Other::Waiting => known,
    });
    Ok(Json(serde_json::json!({ "other": other })).into_response())
}

/// The frame of the call. Before the room opens and after the end, the booking's page says what there is to say.
async fn call(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let appointment = match appointments::load(&mut tx, &visit.actor, &id).await {
        Ok(appointment) => appointment,
        // A colleague may take the appointment over first.
        Err(Fault::NotFound) => {
            let theirs = appointments::load_of_colleague(&mut tx, &visit.actor, &id).await?;
            return Ok(Redirect::to(&routes::booking(&theirs.id)).into_response());
        }
        Err(fault) => return Err(fault.into()),
    };
    drop(tx);
    if !appointment.can_join(visit.now) {
        return Ok(Redirect::to(&routes::booking(&appointment.id)).into_response());
    }
    let shell = pages::shell_in(&visit, &appointment.time_zone);
    Ok(pages::html(&CallPage::new(shell, facts(appointment)?)))
}

fn facts(appointment: Appointment) -> AppResult<CallFacts> {
    let (consumer, provider) = (appointment.consumer.name.clone(), appointment.provider.name.clone());
    let (name, other_name, business, back_url) = match appointment.seat.role {
        Role::Consumer => (
            consumer,
            provider,
            Some(appointment.org_name.clone()),
            routes::booking(&appointment.id),
        ),
        Role::Provider => (provider, consumer, None, pattern::PROVIDER.to_owned()),
    };
    Ok(CallFacts {
        role: role_as_str(appointment.seat.role).to_owned(),
        name,
        other_name,
        business,
        opens_at: appointment.opens_us(),
        starts_at: appointment.start_us,
        ends_at: appointment.end_us,
        price: serde_json::to_value(&appointment.price).map_err(|error| AppError::internal(&error))?,
        after_url: routes::booking(&appointment.id),
        back_url,
        title: appointment.title,
        call: appointment.id,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CheckQuery {
    return_to: String,
}

async fn device_check(visit: Visit, Query(query): Query<CheckQuery>) -> Response {
    let back = form::safe_path(&query.return_to, pattern::BOOKINGS);
    pages::html(&DeviceCheckPage::new(pages::shell(&visit), back))
}
