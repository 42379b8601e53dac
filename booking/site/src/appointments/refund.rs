//! Paying back by an owner of the business.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use booking_core::AppState;
use booking_core::appointments::Appointment;
use booking_core::usecases::{self, RefundSide};
use web::pages::refund::{AppointmentRefundPage, RefundForm};
use web::routes;

use crate::error::AppResult;
use crate::extract::{Form, Path, Visit};
use crate::pages;
use crate::refunds::{self, Answer, Place, RefundFields};

async fn load(state: &AppState, visit: &Visit, id: &str) -> AppResult<Appointment> {
    visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    Ok(usecases::load_refundable(&mut tx, &visit.actor, RefundSide::Business, id).await?)
}

fn place(appointment: &Appointment) -> Place<'_> {
    Place {
        side: RefundSide::Business,
        consumer: appointment.consumer.name.clone(),
        path: routes::booking_refund(&appointment.id),
        back: routes::booking(&appointment.id),
        appointment,
    }
}

fn show(visit: &Visit, appointment: &Appointment, form: RefundForm) -> AppointmentRefundPage {
    AppointmentRefundPage {
        shell: pages::shell_in(visit, &appointment.time_zone),
        form,
    }
}

pub(super) async fn page(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    let appointment = load(&state, &visit, &id).await?;
    let form = refunds::blank(&state, &visit, &place(&appointment)).await?;
    Ok(pages::html(&show(&visit, &appointment, form)))
}

pub(super) async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(typed): Form<RefundFields>,
) -> AppResult<Response> {
    let appointment = load(&state, &visit, &id).await?;
    match refunds::submit(&state, &visit, &place(&appointment), &typed).await? {
        Answer::Done(notice) => {
            Ok(Redirect::to(&routes::with_notice(&routes::booking_refund(&id), notice)).into_response())
        }
        Answer::Again(status, form) => Ok(pages::html_with(status, &show(&visit, &appointment, *form))),
    }
}
