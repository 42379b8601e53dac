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
use crate::extract::{Form, Path, Query, Visit};
use crate::pages;
use crate::payments::{ChoiceQuery, fields, problem_of};

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

pub(super) async fn page(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Query(choice): Query<ChoiceQuery>,
) -> AppResult<Response> {
    let found = load(&state, &visit, &id).await?;
    let mut standing = usecases::mending_of(&mut state.db.read().await?, &found, visit.now).await?;
    // Back from where the bank asked: it was answered there, and nobody has told us yet.
    if let Mending::NeedsConfirmation(payment) = &standing
        && usecases::question_of(&state, payment).await?.is_none()
    {
        standing = usecases::answer_mending(&state, &found, true).await?;
    }
    show(&state, &visit, &found, standing, &choice.by, Said::Nothing).await
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
        return show(&state, &visit, &found, standing, "", Said::Answer(None)).await;
    }
    if !form.answer.is_empty() {
        let standing = usecases::answer_mending(&state, &found, form.answer == "approve").await?;
        return show(&state, &visit, &found, standing, "", Said::Answer(None)).await;
    }
    state.limits.hold_by_ip.check(&visit.ip_key())?;
    match usecases::pay_anew(&state, &found, (&form.provider, &form.method)).await {
        Ok(standing) => show(&state, &visit, &found, standing, &form.provider, Said::Answer(None)).await,
        Err(MendingRefusal::Method(_)) => {
            let standing = usecases::mending_of(&mut state.db.read().await?, &found, visit.now).await?;
            let said = Said::Answer(Some(FieldError::MethodMissing));
            show(&state, &visit, &found, standing, &form.provider, said).await
        }
        Err(MendingRefusal::Fault(fault)) => Err(fault.into()),
    }
}

/// What the person did before the page is shown.
#[derive(Clone, Copy)]
enum Said {
    /// Opened it.
    Nothing,
    /// Sent a form, with what is wrong in it.
    Answer(Option<FieldError>),
}

impl Said {
    fn error(self) -> Option<FieldError> {
        match self {
            Self::Nothing => None,
            Self::Answer(error) => error,
        }
    }
}

/// The form, the bank's question, or back to the appointment where nothing is missing.
async fn show(
    state: &AppState,
    visit: &Visit,
    found: &Appointment,
    standing: Mending,
    by: &str,
    said: Said,
) -> AppResult<Response> {
    let owed = found.status.is_over();
    let most = found.price.most_minor();
    let mut problem = None;
    let (amount_minor, pay) = match standing {
        Mending::NotNeeded => return Ok(Redirect::to(&routes::booking(&found.id)).into_response()),
        Mending::Pay { amount, why } => {
            problem = why.map(problem_of);
            let payable = sellers::payable_by(&mut state.db.read().await?, &state.payments, &found.org_id).await?;
            let mut fields = fields::pay_fields(&payable, by, "");
            fields.error = said.error();
            fields.keeps_card = payable
                .iter()
                .find(|payable| payable.provider.name() == fields.provider)
                .is_some_and(|payable| usecases::mending_keeps_card(payable.provider.as_ref(), found, visit.now));
            (amount.minor, PayAnew::Form(fields))
        }
        Mending::Unknown => (most, PayAnew::Unknown),
        Mending::Later { amount, at } => (amount.minor, PayAnew::Later(at)),
        Mending::NeedsConfirmation(payment) => match usecases::question_of(state, &payment).await? {
            Some(Question::Redirect(address)) => (payment.amount.minor, PayAnew::Link(address)),
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
        appointment: appointment_view(state, &mut tx, &visit.actor, found, visit.now).await?,
        amount_minor,
        currency: found.price.currency.clone(),
        until: (!owed).then_some(usecases::mend_until(found, visit.now)),
        fee_minor: usecases::mending_fee_minor(&mut tx, found, visit.now).await?,
        problem,
        state: pay,
    };
    let refused = said.error().is_some() || page.problem.is_some();
    let status = match said {
        Said::Answer(_) if refused => StatusCode::UNPROCESSABLE_ENTITY,
        Said::Answer(_) | Said::Nothing => StatusCode::OK,
    };
    let script = match &page.state {
        PayAnew::Form(fields) => fields.script.as_ref(),
        PayAnew::Bank(script) => Some(script),
        PayAnew::TestBank | PayAnew::Link(_) | PayAnew::Later(_) | PayAnew::Unknown => None,
    };
    Ok(fields::with_script(pages::html_with(status, &page), script))
}
