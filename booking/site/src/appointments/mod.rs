//! From a slot to a booking, and the pages of booked appointments.

mod cancel;
mod colleague;
mod details;
mod payment;
mod refund;
pub(crate) mod timeline;
pub(crate) mod views;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use signaling_protocol::{Role, Spans};
use web::Notice;
use web::pages::appointment::{
    AppointmentAfterPage, AppointmentNewPage, AppointmentPage, AppointmentsPage, MeasuredRow,
};
use web::pages::{HoldEnd, HoldExpiredPage, HoldsFull, HoldsFullPage, SlotTakenPage};
use web::routes::{self, pattern};

use self::views::appointment_view;
use crate::accounts::cookies;
use crate::error::AppResult;
use crate::extract::{Form, Path, Query, Visit};
use crate::pages::{html, html_with, shell, shell_in};
use booking_core::AppState;
use booking_core::appointments::{self, Hold, HoldRefusal, PartyRole, SlotRequest, Status};
use booking_core::base::{Fault, MINUTE_US, Micros, SECOND_US};
use booking_core::billing::sellers;
use booking_core::calls;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::HOLDS, post(hold_slot))
        .route(pattern::BOOK, get(details::page).post(details::submit))
        .route(pattern::BOOK_DRAFT, post(details::keep))
        .route(pattern::BOOK_EXTEND, post(details::extend))
        .route(pattern::BOOK_RELEASE, post(release))
        .route(pattern::BOOKINGS, get(list))
        .route(pattern::BOOKING, get(booking))
        .route(pattern::BOOKING_CANCEL, get(cancel::page).post(cancel::submit))
        .route(
            pattern::BOOKING_WITHDRAW,
            get(cancel::withdraw_page).post(cancel::withdraw),
        )
        .route(pattern::BOOKING_PAYMENT, get(payment::page).post(payment::submit))
        .route(pattern::BOOKING_REFUND, get(refund::page).post(refund::submit))
        .route(pattern::BOOKING_TAKE_OVER, post(colleague::take_over))
        .route(pattern::BOOKING_CALENDAR, get(calendar))
}

#[derive(Debug, Deserialize)]
struct SlotForm {
    service: String,
    /// UTC microseconds.
    start: Micros,
}

/// Holds a slot for this browser. It needs no account.
async fn hold_slot(State(state): State<AppState>, mut visit: Visit, Form(form): Form<SlotForm>) -> AppResult<Response> {
    state.limits.hold_by_ip.check(&visit.ip_key())?;
    let cookie = cookies::visitor(&state, &mut visit);
    let selling = sellers::selling(&mut state.db.read().await?, &state.payments).await?;
    let wanted = SlotRequest {
        service_id: &form.service,
        start_us: form.start,
        selling: &selling,
        network: &visit.network_hash(&state.config.device_secret()),
    };
    match appointments::hold_slot(&state, &visit.actor, &wanted, visit.now).await {
        Ok(id) => Ok((cookie, Redirect::to(&routes::book(&id))).into_response()),
        Err(HoldRefusal::Taken) => show_slot_taken(&state, &visit, &form).await,
        Err(HoldRefusal::TooManyHolds) => show_holds_full(&state, &visit, &form, HoldsFull::Own).await,
        Err(HoldRefusal::NetworkFull { until }) => {
            show_holds_full(&state, &visit, &form, HoldsFull::Network { until }).await
        }
        Err(HoldRefusal::ProviderFull { until }) => {
            show_holds_full(&state, &visit, &form, HoldsFull::Provider { until }).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

async fn show_slot_taken(state: &AppState, visit: &Visit, form: &SlotForm) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    let service = appointments::load_bookable(&mut tx, &form.service).await?;
    // A time far from now is nobody's choice; looking for free times there would only cost.
    let wanted = form
        .start
        .clamp(visit.now, visit.now + 366 * booking_core::base::DAY_US);
    let nearest = views::nearest(&mut tx, &form.service, wanted, visit.now).await?;
    let page = SlotTakenPage {
        shell: shell_in(visit, &service.time_zone),
        start: wanted,
        provider_name: service.org_name,
        provider_slug: service.org_slug,
        service: form.service.clone(),
        nearest,
    };
    Ok(html_with(StatusCode::CONFLICT, &page))
}

/// The answer where somebody holds as much as one may: why, and what can be given back.
async fn show_holds_full(state: &AppState, visit: &Visit, form: &SlotForm, why: HoldsFull) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    let service = appointments::load_bookable(&mut tx, &form.service).await?;
    let page = HoldsFullPage {
        shell: shell_in(visit, &service.time_zone),
        why,
        start: form.start,
        provider_name: service.org_name,
        provider_slug: service.org_slug,
        service: form.service.clone(),
        held: views::held(&mut tx, visit).await?,
    };
    Ok(html_with(StatusCode::TOO_MANY_REQUESTS, &page))
}

/// The answer for a hold that is over: to its appointment, or what else is free.
async fn show_hold_end(state: &AppState, visit: &Visit, hold: &Hold) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    if hold.state == Status::Confirmed {
        let id = appointments::appointment_of_hold(&mut tx, hold).await?;
        return Ok(Redirect::to(&routes::booking(&id)).into_response());
    }
    // It ran out and was taken again, in this browser.
    let held = appointments::held_by(&mut tx, &visit.actor, visit.now).await?;
    let again = |other: &&Hold| other.service_id == hold.service_id && other.start_us == hold.start_us;
    if let Some(again) = held.iter().find(again) {
        return Ok(Redirect::to(&routes::book(&again.id)).into_response());
    }
    // What is free is computed for this page alone: the time may have become free this very moment.
    state.limits.search_by_ip.check(&visit.ip_key())?;
    let nearest = views::nearest(&mut tx, &hold.service_id, hold.start_us, visit.now).await?;
    let page = HoldExpiredPage {
        shell: shell_in(visit, &hold.time_zone),
        start: hold.start_us,
        provider_name: hold.org_name.clone(),
        provider_slug: hold.org_slug.clone(),
        service: hold.service_id.clone(),
        reason: shown_hold_end(appointments::find_hold_end(&mut tx, &visit.actor, hold, visit.now).await?),
        still_free: nearest.iter().any(|slot| slot.start == hold.start_us),
        nearest,
    };
    Ok(html_with(StatusCode::GONE, &page))
}

/// Why a hold keeps its time no longer, in the words of the page.
fn shown_hold_end(end: appointments::HoldEnd) -> HoldEnd {
    match end {
        appointments::HoldEnd::Begun => HoldEnd::Begun,
        appointments::HoldEnd::RanOut { held_us } => HoldEnd::RanOut {
            minutes: held_us / MINUTE_US,
        },
        appointments::HoldEnd::GivenBack => HoldEnd::GivenBack,
        appointments::HoldEnd::Replaced { hold, start_us } => HoldEnd::Replaced { hold, start: start_us },
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReturnTo {
    return_to: String,
}

async fn release(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<ReturnTo>,
) -> AppResult<Response> {
    let mut tx = state.db.write().await?;
    let hold = appointments::load_hold(&mut tx, &visit.actor, &id).await?;
    appointments::release_hold(&mut tx, &hold).await?;
    tx.commit().await?;
    let back = routes::provider_service_page(&hold.org_slug, &hold.service_id);
    let back = crate::form::safe_path(&form.return_to, &back);
    Ok(Redirect::to(&routes::with_notice(&back, Notice::HoldReleased)).into_response())
}

async fn list(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let (upcoming, past) = appointments::of_consumer(&mut tx, &visit.actor, visit.now).await?;
    let rows = |appointments: &[appointments::Appointment]| {
        appointments
            .iter()
            .map(|appointment| views::appointment_row(appointment, visit.now))
            .collect()
    };
    // One that is cancelled is done with, but not "earlier" while its time lies ahead.
    let (cancelled, past): (Vec<_>, Vec<_>) = past
        .into_iter()
        .partition(|appointment| appointment.start_us > visit.now);
    Ok(html(&AppointmentsPage {
        shell: shell(&visit),
        held: views::held(&mut tx, &visit).await?,
        upcoming: rows(&upcoming),
        cancelled: rows(&cancelled),
        past: rows(&past),
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BookingQuery {
    new: String,
}

async fn booking(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Query(query): Query<BookingQuery>,
) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let found = match appointments::load(&mut tx, &visit.actor, &id).await {
        Ok(found) => found,
        Err(Fault::NotFound) => return colleague::page(&state, &mut tx, &visit, &id).await,
        Err(fault) => return Err(fault.into()),
    };
    let appointment = appointment_view(&state, &mut tx, &visit.actor, &found, visit.now).await?;
    let shell = shell_in(&visit, &found.time_zone);
    if query.new == "1" && found.status == Status::Confirmed && found.seat.role == Role::Consumer {
        return Ok(html(&AppointmentNewPage {
            shell,
            appointment,
            email: who.email.clone(),
        }));
    }
    if found.status == Status::Completed {
        let measured = measured_rows(&calls::load_measured(&mut tx, &id).await?);
        return Ok(html(&AppointmentAfterPage {
            shell,
            appointment,
            measured,
        }));
    }
    Ok(html(&AppointmentPage { shell, appointment }))
}

/// When both were connected, each time in tenths of a second that add up to what is billed.
fn measured_rows(measured: &Spans) -> Vec<MeasuredRow> {
    let tenths = measured.rounded_lengths(SECOND_US / 10);
    let spans = measured.as_slice().iter().zip(tenths);
    spans
        .map(|(span, tenths)| MeasuredRow {
            from: span.from,
            to: span.to,
            tenths,
        })
        .collect()
}

async fn calendar(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let found = appointments::load(&mut tx, &visit.actor, &id).await?;
    let role = match found.seat.role {
        Role::Consumer => PartyRole::Consumer,
        Role::Provider => PartyRole::Provider,
    };
    let mut response = appointments::calendar_of(&state, &found, role).into_response();
    let kind = HeaderValue::from_static("text/calendar; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    let name = HeaderValue::from_static("attachment; filename=\"booka.ics\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}
