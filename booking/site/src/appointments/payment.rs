//! Paying anew for an appointment whose card was declined, before it or after.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use booking_core::AppState;
use booking_core::appointments::{self, Appointment};
use booking_core::billing::provider::Question;
use booking_core::billing::sellers;
use booking_core::usecases::{self, Mending, MendingRefusal};
use serde::Deserialize;
use signaling_protocol::Role;
use web::pages::FieldError;
use web::pages::pay::{AppointmentPaymentPage, PayAnew};
use web::routes;

use super::views::appointment_view;
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Path, Visit};
use crate::pages;
use crate::payments::{fields, problem_of};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PayAnewForm {
    provider: String,
    method: String,
    answer: String,
}

/// The consumer's own appointment; the provider's side does not pay for it.
async fn load(state: &AppState, visit: &Visit, id: &str) -> AppResult<Appointment> {
    visit.actor.signed_in()?;
    let found = appointments::load(&mut state.db.read().await?, &visit.actor, id).await?;
    match found.seat.role {
        Role::Consumer => Ok(found),
        Role::Provider => Err(AppError::NotFound),
    }
}

pub(super) async fn page(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    let found = load(&state, &visit, &id).await?;
    let standing = usecases::mending_of(&mut state.db.read().await?, &found, visit.now).await?;
    show(&state, &visit, &found, standing, None).await
}

pub(super) async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<PayAnewForm>,
) -> AppResult<Response> {
    let found = load(&state, &visit, &id).await?;
    if form.answer == "leave" {
        let standing = usecases::leave_mending(&state, &found).await?;
        return show(&state, &visit, &found, standing, None).await;
    }
    if !form.answer.is_empty() {
        let standing = usecases::answer_mending(&state, &found, form.answer == "approve").await?;
        return show(&state, &visit, &found, standing, None).await;
    }
    state.limits.hold_by_ip.check(&visit.ip_key())?;
    match usecases::pay_anew(&state, &found, (&form.provider, &form.method)).await {
        Ok(standing) => show(&state, &visit, &found, standing, None).await,
        Err(MendingRefusal::Method(_)) => {
            let standing = usecases::mending_of(&mut state.db.read().await?, &found, visit.now).await?;
            show(&state, &visit, &found, standing, Some(FieldError::MethodMissing)).await
        }
        Err(MendingRefusal::Fault(fault)) => Err(fault.into()),
    }
}

/// The form, the bank's question, or back to the appointment where nothing is missing.
async fn show(
    state: &AppState,
    visit: &Visit,
    found: &Appointment,
    standing: Mending,
    error: Option<FieldError>,
) -> AppResult<Response> {
    let owed = found.status.is_over();
    let most = found.price.most_minor();
    let mut problem = None;
    let (amount_minor, pay) = match standing {
        Mending::NotNeeded => return Ok(Redirect::to(&routes::booking(&found.id)).into_response()),
        Mending::Pay { amount, why } => {
            problem = why.map(problem_of);
            let payable = sellers::payable_by(&mut state.db.read().await?, &state.payments, &found.org_id).await?;
            let mut fields = fields::pay_fields(&payable, "");
            fields.error = error;
            fields.keeps_card = payable
                .first()
                .is_some_and(|first| usecases::mending_keeps_card(first.provider.as_ref(), found, visit.now));
            (amount.minor, PayAnew::Form(fields))
        }
        Mending::Unknown => (most, PayAnew::Unknown),
        Mending::NeedsConfirmation(payment) => match usecases::question_of(state, &payment).await? {
            Some(Question::Redirect(address)) => return Ok(Redirect::to(&address).into_response()),
            Some(Question::TestBank) => (payment.amount.minor, PayAnew::TestBank),
            Some(Question::Script { fields, secret }) => {
                (payment.amount.minor, PayAnew::Bank(fields::script_of(fields, secret)))
            }
            None => (payment.amount.minor, PayAnew::Unknown),
        },
    };
    let mut tx = state.db.read().await?;
    let page = AppointmentPaymentPage {
        shell: pages::shell_in(visit, &found.time_zone),
        appointment: appointment_view(&mut tx, &visit.actor, found, visit.now).await?,
        amount_minor,
        currency: found.price.currency.clone(),
        until: (!owed).then_some(usecases::mend_until(found, visit.now)),
        problem,
        state: pay,
    };
    let status = if error.is_some() || page.problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let script = match &page.state {
        PayAnew::Form(fields) => fields.script.as_ref(),
        PayAnew::Bank(script) => Some(script),
        PayAnew::TestBank | PayAnew::Unknown => None,
    };
    Ok(fields::with_script(pages::html_with(status, &page), script))
}
