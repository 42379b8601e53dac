//! Paying back by an operator, and the page of what of the money waits.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use web::pages::refund::{
    DifferenceRow, DifferenceWord, OperatorRefundPage, OperatorRefundsPage, RefundForm, StuckRow, WaitingRefundRow,
};
use web::pages::{Field, RecordWord};
use web::routes::{self, pattern};

use super::live;
use super::looks::{self, Opened};
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Path, Visit};
use crate::pages;
use crate::refunds::{self, Answer, Place, RefundFields};
use booking_core::AppState;
use booking_core::appointments::{self, Appointment};
use booking_core::base::audit::Action;
use booking_core::billing::differences::{self, Difference, DifferenceKind};
use booking_core::operator::money::{self, ListedRefund, StuckCall};
use booking_core::usecases::{self, RefundSide};

/// Differences on the page.
const DIFFERENCES_SHOWN: i64 = 200;

async fn load(state: &AppState, visit: &Visit, id: &str) -> AppResult<Appointment> {
    let mut tx = state.db.read().await?;
    Ok(usecases::load_refundable(&mut tx, &visit.actor, RefundSide::Operator, id).await?)
}

fn place(appointment: &Appointment) -> Place<'_> {
    Place {
        side: RefundSide::Operator,
        consumer: live::initials(&appointment.consumer.name),
        path: routes::operator_appointment_refund(&appointment.id),
        back: routes::operator_appointment(&appointment.id),
        appointment,
    }
}

fn show(visit: &Visit, appointment: &Appointment, form: RefundForm) -> OperatorRefundPage {
    OperatorRefundPage {
        shell: pages::shell_in(visit, &appointment.time_zone),
        form,
    }
}

/// The form of an appointment; its page asks why first.
pub(super) async fn form(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let appointment = load(&state, &visit, &id).await?;
    if looks::reason_given(&state, operator, Opened::Appointment, &appointment, visit.now)
        .await?
        .is_none()
    {
        let page = looks::ask(&visit, Opened::Appointment, &appointment, Field::default());
        return Ok(pages::html(&page));
    }
    let form = refunds::blank(&state, &visit, &place(&appointment)).await?;
    Ok(pages::html(&show(&visit, &appointment, form)))
}

/// Pays back. The reason that is typed is one for looking, too, where the page was open for so long that it is asked again.
pub(super) async fn submit_form(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(typed): Form<RefundFields>,
) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let appointment = load(&state, &visit, &id).await?;
    let answer = refunds::submit(&state, &visit, &place(&appointment), &typed).await?;
    let looked = looks::reason_given(&state, operator, Opened::Appointment, &appointment, visit.now).await?;
    match answer {
        Answer::Done(notice) => {
            let page = routes::operator_appointment_refund(&id);
            Ok(Redirect::to(&routes::with_notice(&page, notice)).into_response())
        }
        Answer::Again(status, form) => {
            let form = *form;
            if looked.is_none() {
                let Ok(reason) = usecases::read_refund_reason(&form.reason.value) else {
                    let page = looks::ask(&visit, Opened::Appointment, &appointment, form.reason);
                    return Ok(pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
                };
                looks::record_of(&state, operator, Action::AppointmentSeen, &appointment, &reason).await?;
            }
            Ok(pages::html_with(status, &show(&visit, &appointment, form)))
        }
    }
}

/// What of the money waits for an operator.
pub(super) async fn list(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    looks::record(&state, operator, Action::RefundsSeen, "", "", &[]).await?;
    let mut tx = state.db.read().await?;
    let mut waiting: Vec<WaitingRefundRow> = Vec::new();
    for refund in money::waiting_refunds(&mut tx).await? {
        let ask = refund.id.split(':').next().unwrap_or_default().to_owned();
        match waiting.iter_mut().find(|row| row.id == ask) {
            Some(row) => row.amount_minor += refund.amount_minor,
            None => waiting.push(WaitingRefundRow {
                id: ask,
                ..row_of(refund, &operator.id)
            }),
        }
    }
    let failed = money::failed_refunds(&mut tx, visit.now).await?;
    let differences = differences::list(&mut tx, DIFFERENCES_SHOWN).await?;
    let stuck = money::stuck_calls(&mut tx, visit.now).await?;
    Ok(pages::html(&OperatorRefundsPage {
        shell: pages::shell(&visit),
        waiting,
        failed: failed.into_iter().map(|refund| row_of(refund, &operator.id)).collect(),
        differences: differences.into_iter().map(difference).collect(),
        stuck: stuck.into_iter().map(stuck_row).collect(),
    }))
}

/// The second person's word, or that of whoever asked and takes it back.
pub(super) async fn decide(
    State(state): State<AppState>,
    visit: Visit,
    Form(typed): Form<RefundFields>,
) -> AppResult<Response> {
    visit.actor.operator()?;
    let approves = refunds::decision(&typed.action).ok_or(AppError::BadRequest("no such action"))?;
    let notice = refunds::decide(&state, &visit, RefundSide::Operator, &typed.id, approves).await?;
    Ok(Redirect::to(&routes::with_notice(pattern::OPERATOR_REFUNDS, notice)).into_response())
}

fn row_of(refund: ListedRefund, viewer: &str) -> WaitingRefundRow {
    WaitingRefundRow {
        reference: appointments::reference(&refund.appointment_id),
        can_decide: refund.asked_by != viewer,
        id: refund.id,
        appointment: refund.appointment_id,
        provider: refund.org_name,
        amount_minor: refund.amount_minor,
        currency: refund.currency,
        reason: refund.reason,
        asked_by: refund.asked_by_name,
        at: refund.updated_at,
    }
}

fn difference(difference: Difference) -> DifferenceRow {
    let appointment = difference.appointment_id.unwrap_or_default();
    DifferenceRow {
        payment: difference.payment_id,
        reference: reference_of(&appointment),
        appointment,
        psp: difference.psp,
        word: match difference.kind {
            DifferenceKind::NotThere => DifferenceWord::NotThere,
            DifferenceKind::Status => DifferenceWord::Status,
            DifferenceKind::Amount => DifferenceWord::Amount,
            DifferenceKind::NoProvider => DifferenceWord::NoProvider,
        },
        ours: difference.ours,
        theirs: difference.theirs,
        found_at: difference.found_at,
        seen_at: difference.seen_at,
    }
}

fn stuck_row(call: StuckCall) -> StuckRow {
    let appointment = call.appointment_id.unwrap_or_default();
    StuckRow {
        operation: RecordWord::operation(&call.kind),
        reference: reference_of(&appointment),
        appointment,
        psp: call.psp,
        amount_minor: call.amount_minor,
        currency: call.currency,
        attempts: call.attempts,
        error: call.error,
        since: call.created_at,
        next_at: call.next_try_at,
    }
}

fn reference_of(appointment: &str) -> String {
    match appointment.is_empty() {
        true => String::new(),
        false => appointments::reference(appointment),
    }
}
