//! Paying back, for owners and operators alike: what the form shows, how it is read, and what comes of it.

use axum::http::StatusCode;
use serde::Deserialize;
use web::Notice;
use web::pages::refund::{RefundForm, RefundLine, RefundRow, RefundStatus};
use web::pages::{Field, FieldError};

use crate::error::{AppError, AppResult};
use crate::extract::Visit;
use crate::form::field;
use booking_core::AppState;
use booking_core::accounts;
use booking_core::appointments::{self, Appointment};
use booking_core::base::Fault;
use booking_core::base::amount::read_amount;
use booking_core::base::db::Tx;
use booking_core::billing::{Payment, Refund, RefundState};
use booking_core::disputes::queries;
use booking_core::usecases::{
    self, RefundAsked, RefundRefusal, RefundRequest, RefundSide, RefundStanding, ask_of, may_decide,
};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RefundFields {
    /// `approve` or `decline` with the `id` of what waits; else money is asked for.
    pub(crate) action: String,
    pub(crate) id: String,
    amount: String,
    reason: String,
    known: String,
}

/// What came of a form.
pub(crate) enum Answer {
    /// On to the page, with a sentence.
    Done(Notice),
    /// The form again, with what is wrong with it.
    Again(StatusCode, Box<RefundForm>),
}

/// Where a page that pays back stands.
pub(crate) struct Place<'a> {
    pub(crate) side: RefundSide,
    pub(crate) appointment: &'a Appointment,
    /// The customer as the page names it.
    pub(crate) consumer: String,
    pub(crate) path: String,
    pub(crate) back: String,
}

/// The form as it is opened: all that is left.
pub(crate) async fn blank(state: &AppState, visit: &Visit, place: &Place<'_>) -> AppResult<RefundForm> {
    let mut tx = state.db.read().await?;
    let standing = usecases::refund_standing(&mut tx, place.appointment).await?;
    form_of(state, &mut tx, visit, place, &standing).await
}

/// Does what the form says.
pub(crate) async fn submit(
    state: &AppState,
    visit: &Visit,
    place: &Place<'_>,
    typed: &RefundFields,
) -> AppResult<Answer> {
    if let Some(approves) = decision(&typed.action) {
        return decide(state, visit, place.side, &typed.id, approves)
            .await
            .map(Answer::Done);
    }
    let mut form = blank(state, visit, place).await?;
    let currency = usecases::refund_standing(&mut state.db.read().await?, place.appointment)
        .await?
        .currency;
    let mut amount = read_amount(&typed.amount, currency);
    let reason = usecases::read_refund_reason(&typed.reason);
    if let (Ok(amount_minor), Ok(reason)) = (amount, &reason) {
        let request = RefundRequest {
            appointment: &place.appointment.id,
            amount_minor,
            reason,
            // A form without it is as good as one that is too old.
            known: typed.known.parse().unwrap_or(usize::MAX),
        };
        match usecases::ask_refund(state, &visit.actor, place.side, &request).await {
            Ok(RefundAsked::Sent) => return Ok(Answer::Done(Notice::RefundSent)),
            Ok(RefundAsked::Waits) => return Ok(Answer::Done(Notice::RefundWaits)),
            Err(RefundRefusal::TooMuch) => amount = Err(FieldError::RefundTooMuch),
            Err(RefundRefusal::Changed | RefundRefusal::Disputed) => form.changed = true,
            Err(refusal) => return Err(refused(refusal)),
        }
    } else if amount.is_ok_and(|amount_minor| amount_minor > form.left_minor) {
        amount = Err(FieldError::RefundTooMuch);
    }
    form.amount = field(&typed.amount, &amount);
    form.reason = field(&typed.reason, &reason);
    let status = match form.changed {
        true => StatusCode::CONFLICT,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok(Answer::Again(status, Box::new(form)))
}

/// Whether a button about what waits was pressed, and which.
pub(crate) fn decision(action: &str) -> Option<bool> {
    match action {
        "approve" => Some(true),
        "decline" => Some(false),
        _ => None,
    }
}

/// The second person's word, or that of whoever asked and takes it back.
pub(crate) async fn decide(
    state: &AppState,
    visit: &Visit,
    side: RefundSide,
    id: &str,
    approves: bool,
) -> AppResult<Notice> {
    usecases::decide_refund(state, &visit.actor, side, id, approves)
        .await
        .map_err(refused)?;
    Ok(if approves {
        Notice::RefundSent
    } else {
        Notice::RefundDeclined
    })
}

fn refused(refusal: RefundRefusal) -> AppError {
    match refusal {
        RefundRefusal::SamePerson => AppError::Conflict("who asked for a refund does not approve it"),
        RefundRefusal::Decided => AppError::Conflict("the refund was decided already"),
        RefundRefusal::TooMuch => AppError::Conflict("less is left than is to be paid back"),
        RefundRefusal::Disputed => AppError::Conflict("a dispute is open"),
        RefundRefusal::Changed => AppError::Conflict("the refunds have changed"),
        RefundRefusal::Fault(fault) => fault.into(),
    }
}

async fn form_of(
    state: &AppState,
    tx: &mut Tx,
    visit: &Visit,
    place: &Place<'_>,
    standing: &RefundStanding,
) -> AppResult<RefundForm> {
    let appointment = place.appointment;
    Ok(RefundForm {
        path: place.path.clone(),
        back: place.back.clone(),
        reference: appointments::reference(&appointment.id),
        consumer: place.consumer.clone(),
        provider: appointment.org_name.clone(),
        service_title: appointment.title.clone(),
        starts_at: appointment.start_us,
        ends_at: appointment.end_us,
        currency: standing.currency.as_str().to_owned(),
        paid_minor: standing.captured_minor(),
        back_minor: standing.sum(|state| state == RefundState::Done),
        on_its_way_minor: standing.sum(|state| matches!(state, RefundState::Asked | RefundState::Pending)),
        waiting_minor: standing.sum(|state| state == RefundState::Waiting),
        left_minor: standing.left_minor(),
        alone_minor: state.config.refund_alone_minor(standing.currency),
        is_test: standing.payments.iter().any(Payment::is_test),
        refunds: rows(tx, visit, place, standing).await?,
        known: standing.refunds.len(),
        disputed: queries::open_of(tx, &appointment.id).await?.is_some(),
        changed: false,
        amount: Field::default(),
        reason: Field::default(),
    })
}

/// One row for each act of asking, newest first.
async fn rows(tx: &mut Tx, visit: &Visit, place: &Place<'_>, standing: &RefundStanding) -> AppResult<Vec<RefundRow>> {
    let mut rows: Vec<RefundRow> = Vec::new();
    for refund in &standing.refunds {
        let line = line_of(refund);
        let same = rows
            .iter_mut()
            .find(|row| row.id == ask_of(refund) && row.line.status == line.status);
        if let Some(row) = same {
            row.line.amount_minor += line.amount_minor;
            continue;
        }
        rows.push(RefundRow {
            id: ask_of(refund).to_owned(),
            asked_by: name_of(tx, &refund.asked_by).await?,
            can_take_back: refund.state == RefundState::Waiting && refund.asked_by == visit.actor.account_id(),
            can_decide: may_decide(tx, &visit.actor, place.side, place.appointment, refund).await?,
            line,
        });
    }
    rows.reverse();
    Ok(rows)
}

/// Who asked; a dash for somebody who is gone, and nothing where nobody of ours did.
async fn name_of(tx: &mut Tx, account: &str) -> AppResult<String> {
    if account.is_empty() {
        return Ok(String::new());
    }
    match accounts::load(tx, account).await {
        Ok(account) => Ok(account.name),
        Err(Fault::NotFound) => Ok("–".to_owned()),
        Err(fault) => Err(fault.into()),
    }
}

fn line_of(refund: &Refund) -> RefundLine {
    RefundLine {
        at: refund.created_at,
        amount_minor: refund.amount.minor,
        currency: refund.amount.currency.as_str().to_owned(),
        reason: refund.reason.clone(),
        status: match refund.state {
            RefundState::Waiting => RefundStatus::Waiting,
            RefundState::Declined => RefundStatus::Declined,
            RefundState::Asked | RefundState::Pending => RefundStatus::OnItsWay,
            RefundState::Done => RefundStatus::Done,
            RefundState::Failed => RefundStatus::Failed,
        },
    }
}

/// What both sides of an appointment read of its refunds. What waits for a second person is promised to nobody.
pub(crate) fn lines(refunds: &[Refund]) -> Vec<RefundLine> {
    refunds
        .iter()
        .filter(|refund| !matches!(refund.state, RefundState::Waiting | RefundState::Declined))
        .map(line_of)
        .collect()
}
