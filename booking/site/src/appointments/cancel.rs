//! Cancelling a booked appointment, by its terms or by right of withdrawal. The page says what it costs, and nobody is charged
//! more than the page said.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use signaling_protocol::Role;
use web::Notice;
use web::pages::appointment::{AppointmentCancelPage, AppointmentWithdrawPage};
use web::routes;

use super::views::appointment_view;
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Path, Visit};
use crate::pages::{html, html_with, shell_in};
use booking_core::AppState;
use booking_core::appointments::{self, Appointment, Status};
use booking_core::base::db::Tx;
use booking_core::providers;
use booking_core::usecases::{self, CancelGround, CancelOutcome};
use booking_core::{billing, calls};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CancelForm {
    /// Minor units, as the page showed them; nothing was shown where it is not sent.
    fee: i64,
}

pub(super) async fn page(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let found = appointments::load(&mut tx, &visit.actor, &id).await?;
    if !calls::can_cancel(&mut tx, &found, visit.now).await? {
        return Ok(Redirect::to(&routes::booking(&id)).into_response());
    }
    Ok(html(&cancel_page(&state, &mut tx, &visit, &found, false).await?))
}

/// `changed`: it came to cost more since the page was shown.
async fn cancel_page(
    state: &AppState,
    tx: &mut Tx,
    visit: &Visit,
    found: &Appointment,
    changed: bool,
) -> AppResult<AppointmentCancelPage> {
    let money = billing::money_of(tx, &found.id).await?;
    let fee_minor = match found.seat.role {
        Role::Consumer => found.cancel_fee_minor(visit.now),
        Role::Provider => 0,
    };
    Ok(AppointmentCancelPage {
        shell: shell_in(visit, &found.time_zone),
        appointment: appointment_view(state, tx, &visit.actor, found, visit.now).await?,
        fee_minor,
        released_minor: (money.reserved_minor - fee_minor).max(0),
        changed,
    })
}

pub(super) async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<CancelForm>,
) -> AppResult<Response> {
    visit.actor.signed_in()?;
    let mut tx = state.db.write().await?;
    let found = appointments::load(&mut tx, &visit.actor, &id).await?;
    if found.status != Status::Cancelled && !calls::can_cancel(&mut tx, &found, visit.now).await? {
        return Err(AppError::Conflict("the appointment is under way or over"));
    }
    let ground = CancelGround::Terms { shown_minor: form.fee };
    cancel(&state, tx, &visit, &found, ground).await
}

/// Cancels, unless that was done before, and leads to the appointment.
async fn cancel(
    state: &AppState,
    mut tx: Tx,
    visit: &Visit,
    found: &Appointment,
    ground: CancelGround,
) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    let target = routes::with_notice(&routes::booking(&found.id), Notice::AppointmentCancelled);
    if found.status == Status::Cancelled {
        return Ok(Redirect::to(&target).into_response());
    }
    match usecases::cancel_appointment(&mut tx, state, &found.id, &who.id, ground, visit.now).await? {
        CancelOutcome::Cancelled(ops) => {
            tx.commit().await?;
            // Whoever waits in the lobby must not wait for nobody.
            state.end_calls(std::slice::from_ref(&found.id));
            usecases::run_operations(state, &ops).await;
            Ok(Redirect::to(&target).into_response())
        }
        CancelOutcome::CostsMore(_) => {
            let page = cancel_page(state, &mut tx, visit, found, true).await?;
            Ok(html_with(StatusCode::CONFLICT, &page))
        }
    }
}

pub(super) async fn withdraw_page(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let found = load_consumers(&mut tx, &visit, &id).await?;
    let Some(until) = found.withdrawal_until().filter(|_| found.can_withdraw(visit.now)) else {
        return Ok(Redirect::to(&routes::booking(&id)).into_response());
    };
    let page = AppointmentWithdrawPage {
        shell: shell_in(&visit, &found.time_zone),
        appointment: appointment_view(&state, &mut tx, &visit.actor, &found, visit.now).await?,
        until,
        ordered_at: found.created_us,
        seller_name: found.org_name.clone(),
        seller_email: providers::contact_email(&mut tx, &found.org_id).await?,
        consumer_name: who.name.clone(),
    };
    Ok(html(&page))
}

pub(super) async fn withdraw(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
) -> AppResult<Response> {
    visit.actor.signed_in()?;
    let mut tx = state.db.write().await?;
    let found = load_consumers(&mut tx, &visit, &id).await?;
    if found.status != Status::Cancelled && !found.can_withdraw(visit.now) {
        return Err(AppError::Conflict("the right of withdrawal has ended"));
    }
    cancel(&state, tx, &visit, &found, CancelGround::Withdrawal).await
}

/// The appointment of its consumer; the provider has no right of withdrawal to use.
async fn load_consumers(tx: &mut Tx, visit: &Visit, id: &str) -> AppResult<Appointment> {
    let found = appointments::load(tx, &visit.actor, id).await?;
    match found.seat.role {
        Role::Consumer => Ok(found),
        Role::Provider => Err(AppError::NotFound),
    }
}
