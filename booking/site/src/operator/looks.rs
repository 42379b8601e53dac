//! Why an operator opens an appointment or a call: asked before anything is shown, and on record with it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use web::pages::operator::OperatorLookPage;
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use super::live;
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Path, Visit};
use crate::form::{self, field};
use crate::pages;
use booking_core::AppState;
use booking_core::appointments::{self, Appointment};
use booking_core::base::actor::SignedIn;
use booking_core::base::audit::{self, Action, Line};
use booking_core::base::{HOUR_US, Micros};
use booking_core::documents::{self, Document};

/// How long whoever has said why is not asked again about the same appointment: pages are reloaded, and lead to each other.
const LOOK_US: Micros = HOUR_US;

/// What of an appointment is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    Appointment,
    /// While it is under way.
    Call,
}

impl Opened {
    fn action(self) -> Action {
        match self {
            Self::Appointment => Action::AppointmentSeen,
            Self::Call => Action::CallSeen,
        }
    }

    fn path(self, id: &str) -> String {
        match self {
            Self::Appointment => routes::operator_appointment(id),
            Self::Call => routes::operator_call(id),
        }
    }

    fn list(self) -> &'static str {
        match self {
            Self::Appointment => pattern::OPERATOR_APPOINTMENTS,
            Self::Call => pattern::OPERATOR,
        }
    }
}

/// Puts a look on record before anything of it is shown.
pub(crate) async fn record(
    state: &AppState,
    operator: &SignedIn,
    action: Action,
    subject: &str,
    reason: &str,
    people: &[String],
) -> AppResult<()> {
    let line = Line {
        operator: Some(&operator.id),
        action,
        subject,
        reason,
    };
    Ok(audit::look(state, &line, people).await?)
}

/// As [`record`], of an appointment or its call: both sides see it.
pub(super) async fn record_of(
    state: &AppState,
    operator: &SignedIn,
    action: Action,
    appointment: &Appointment,
    reason: &str,
) -> AppResult<()> {
    let people = [&appointment.consumer, &appointment.provider].map(|person| person.account_id.clone());
    record(state, operator, action, &appointment.id, reason, &people).await
}

/// Why the operator has opened it, or its other page, in the last hour; what is opened for the same reason goes on record
/// now. `None` when that is still to be asked.
pub(super) async fn reason_given(
    state: &AppState,
    operator: &SignedIn,
    opened: Opened,
    appointment: &Appointment,
    now: Micros,
) -> AppResult<Option<String>> {
    let mut tx = state.db.read().await?;
    let last = audit::last_look(&mut tx, &operator.id, &appointment.id, now - LOOK_US).await?;
    drop(tx);
    let Some((action, reason)) = last else {
        return Ok(None);
    };
    if action != opened.action().name() {
        record_of(state, operator, opened.action(), appointment, &reason).await?;
    }
    Ok(Some(reason))
}

/// The page that asks why.
pub(super) fn ask(visit: &Visit, opened: Opened, appointment: &Appointment, reason: Field) -> OperatorLookPage {
    OperatorLookPage {
        shell: pages::shell_in(visit, &appointment.time_zone),
        path: opened.path(&appointment.id),
        list: opened.list(),
        is_call: opened == Opened::Call,
        reference: appointments::reference(&appointment.id),
        provider: appointment.org_name.clone(),
        consumer: live::initials(&appointment.consumer.name),
        starts_at: appointment.start_us,
        ends_at: appointment.end_us,
        reason,
    }
}

/// What comes of an operator's wish to read a document.
pub(crate) enum DocumentLook {
    Read(Box<Document>),
    /// Why the appointment is opened is to be said first, on this page.
    AskWhy(String),
}

/// A document for an operator: it goes on record, for the reason that its appointment was opened for, and both sides see it. One
/// that belongs to no appointment has nobody's name on it but a business's.
///
/// # Errors
/// [`AppError::NotFound`] for everybody else, and where there is no such document.
pub(crate) async fn read_document(state: &AppState, visit: &Visit, id: &str) -> AppResult<DocumentLook> {
    let operator = visit.actor.operator()?;
    let mut tx = state.db.read().await?;
    let document = documents::load_any(&mut tx, id).await?;
    let Some(appointment) = &document.appointment_id else {
        drop(tx);
        record(state, operator, Action::DocumentSeen, id, "", &[]).await?;
        return Ok(DocumentLook::Read(Box::new(document)));
    };
    let last = audit::last_look(&mut tx, &operator.id, appointment, visit.now - LOOK_US).await?;
    let Some((_, reason)) = last else {
        return Ok(DocumentLook::AskWhy(routes::operator_appointment(appointment)));
    };
    let appointment = appointments::load_any(&mut tx, appointment).await?;
    drop(tx);
    let people = [&appointment.consumer, &appointment.provider].map(|person| person.account_id.clone());
    record(state, operator, Action::DocumentSeen, id, &reason, &people).await?;
    Ok(DocumentLook::Read(Box::new(document)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LookForm {
    reason: String,
}

pub(super) async fn open_appointment(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(typed): Form<LookForm>,
) -> AppResult<Response> {
    open(&state, &visit, Opened::Appointment, &id, &typed).await
}

pub(super) async fn open_call(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(typed): Form<LookForm>,
) -> AppResult<Response> {
    visit.actor.operator()?;
    let live = state.live_calls.get().ok_or(AppError::NotFound)?;
    live.find(&id).ok_or(AppError::NotFound)?;
    open(&state, &visit, Opened::Call, &id, &typed).await
}

async fn open(state: &AppState, visit: &Visit, opened: Opened, id: &str, typed: &LookForm) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let appointment = appointments::load_any(&mut state.db.read().await?, id).await?;
    let reason = form::line(&typed.reason, FieldError::LookReasonMissing);
    let Ok(reason) = reason else {
        let page = ask(visit, opened, &appointment, field(&typed.reason, &reason));
        return Ok(pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    };
    record_of(state, operator, opened.action(), &appointment, &reason).await?;
    Ok(Redirect::to(&opened.path(id)).into_response())
}
