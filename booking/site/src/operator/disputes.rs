//! The operators' side of disputes: what waits and since when, the record of the call beside what was said, and the decision.

use axum::extract::State;
use axum::extract::multipart::Multipart;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use web::Notice;
use web::pages::dispute::{DisputeRow, OperatorDisputePage, OperatorDisputesPage};
use web::pages::{Field, FieldError, PriceBox, PriceState};
use web::routes;

use super::live;
use super::looks::{self, Opened};
use super::{course, ledger, payments, segments};
use crate::appointments::timeline::timeline;
use crate::disputes::{self, Kept, status_of};
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Path, Visit};
use crate::form::field;
use crate::pages;
use crate::payments::view;
use booking_core::AppState;
use booking_core::appointments::{self, Appointment};
use booking_core::base::Fault;
use booking_core::base::amount::read_amount;
use booking_core::base::audit::Action;
use booking_core::base::db::Tx;
use booking_core::disputes::evidence::Evidence;
use booking_core::disputes::queries::{self, ListedDispute};
use booking_core::usecases::disputing::{self, DisputeRefusal};
use booking_core::{billing, calls, usecases};

/// Rows of each list.
const SHOWN_MAX: i64 = 200;

/// What waits, since when, and what is over.
pub(super) async fn list(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    looks::record(&state, operator, Action::DisputesSeen, "", "", &[]).await?;
    let mut tx = state.db.read().await?;
    let row = |dispute: ListedDispute| DisputeRow {
        reference: appointments::reference(&dispute.appointment_id),
        id: dispute.appointment_id,
        provider: dispute.org_name,
        service_title: dispute.title,
        status: status_of(dispute.state),
        opened_by_consumer: dispute.side == booking_core::disputes::Side::Consumer,
        amount_minor: dispute.amount_minor,
        held_minor: dispute.held_minor,
        currency: dispute.currency,
        opened_at: dispute.opened_at,
        last_at: dispute.last_at.unwrap_or(dispute.opened_at),
    };
    let open = queries::open(&mut tx, SHOWN_MAX).await?;
    let closed = queries::closed(&mut tx, SHOWN_MAX).await?;
    Ok(pages::html(&OperatorDisputesPage {
        shell: pages::shell(&visit),
        open: open.into_iter().map(row).collect(),
        closed: closed.into_iter().map(row).collect(),
    }))
}

/// A dispute beside the record of its call; the page of the appointment asks why first.
pub(super) async fn page(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    match open(&state, &visit, &id).await? {
        Opening::Page(form) => Ok(pages::html(&*form)),
        Opening::Asks(page) => Ok(page),
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct DecisionFields {
    action: String,
    known: String,
    amount: String,
    reason: String,
    source: String,
    statement: String,
}

pub(super) async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(typed): Form<DecisionFields>,
) -> AppResult<Response> {
    let mut form = match open(&state, &visit, &id).await? {
        Opening::Page(form) => form,
        Opening::Asks(page) => return Ok(page),
    };
    let (actor, known) = (&visit.actor, disputes::known(&typed.known));
    let done = match typed.action.as_str() {
        "decide" => {
            let left_minor = form.dispute.left_minor;
            let reason = usecases::read_refund_reason(&typed.reason);
            let mut amount = read_decided(&typed.amount, &form.dispute.currency);
            if reason.is_err() {
                amount = amount.and_then(|minor| disputes::at_most(left_minor, minor));
            }
            form.amount = field(&typed.amount, &amount);
            form.reason = field(&typed.reason, &reason);
            let (Ok(amount), Ok(reason)) = (amount, reason) else {
                return Ok(again(&form));
            };
            disputing::decide(&state, actor, &id, known, (amount, &reason))
                .await
                .map(disputes::notice_of)
        }
        "statement" => {
            let (source, body) = (
                disputing::read_source(&typed.source),
                disputing::read_body(&typed.statement),
            );
            form.source = field(&typed.source, &source);
            form.statement = field(&typed.statement, &body);
            let (Ok(source), Ok(body)) = (source, body) else {
                return Ok(again(&form));
            };
            let said = disputing::add_statement(&state, actor, &id, known, (&source, &body)).await;
            said.map(|()| Notice::DisputeSaid)
        }
        _ => return Err(AppError::BadRequest("no such action")),
    };
    match done {
        Ok(notice) => Ok(to_page(&id, notice)),
        Err(DisputeRefusal::TooMuch) => {
            form.amount.error = Some(FieldError::RefundTooMuch);
            Ok(again(&form))
        }
        Err(DisputeRefusal::Changed | DisputeRefusal::Exists | DisputeRefusal::NotNow) => {
            form.changed = true;
            Ok(pages::html_with(StatusCode::CONFLICT, &*form))
        }
        Err(DisputeRefusal::TooManyFiles) => Err(AppError::Conflict("too many files")),
        Err(DisputeRefusal::Fault(fault)) => Err(fault.into()),
    }
}

/// Hands in a file of a third party.
pub(crate) async fn hand_in(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    parts: Option<Multipart>,
) -> AppResult<Response> {
    let mut form = match open(&state, &visit, &id).await? {
        Opening::Page(form) => form,
        Opening::Asks(page) => return Ok(page),
    };
    if !form.dispute.status.is_open() {
        return Err(AppError::Conflict("no dispute is open"));
    }
    state.limits.upload_by_account.check(visit.actor.account_id())?;
    let upload = disputes::read_upload(parts.ok_or(AppError::BadRequest("no form with a file"))?).await?;
    let source = disputing::read_source(&upload.source);
    form.file_source = field(&upload.source, &source);
    let Ok(source) = source else { return Ok(again(&form)) };
    match disputes::keep(&state, &visit, &id, upload, Some(&source)).await? {
        Kept::Yes => Ok(to_page(&id, Notice::DisputeFileKept)),
        Kept::No(status, error) => {
            form.file = Some(error);
            Ok(pages::html_with(status, &*form))
        }
    }
}

/// Whether an operator may open a file now, which goes on record; else where to say why first.
///
/// # Errors
/// [`AppError::NotFound`] for everybody who is no operator, or is on one of the sides.
pub(crate) async fn may_read(state: &AppState, visit: &Visit, file: &Evidence) -> AppResult<Option<Response>> {
    let operator = visit.actor.operator()?;
    let id = &file.appointment_id;
    let appointment = disputing::load_for_operator(&mut state.db.read().await?, &visit.actor, id).await?;
    let reason = looks::reason_given(state, operator, Opened::Appointment, &appointment, visit.now).await?;
    let Some(reason) = reason else {
        return Ok(Some(Redirect::to(&routes::operator_appointment(id)).into_response()));
    };
    looks::record_of(state, operator, Action::DisputeFileSeen, &appointment, &reason).await?;
    Ok(None)
}

/// The page of a dispute, or the one that asks why it is looked at.
enum Opening {
    Page(Box<OperatorDisputePage>),
    Asks(Response),
}

async fn open(state: &AppState, visit: &Visit, id: &str) -> AppResult<Opening> {
    let operator = visit.actor.operator()?;
    let mut tx = state.db.read().await?;
    let appointment = disputing::load_for_operator(&mut tx, &visit.actor, id).await?;
    let dispute = queries::of_appointment(&mut tx, id)
        .await?
        .pop()
        .ok_or(Fault::NotFound)?;
    drop(tx);
    if looks::reason_given(state, operator, Opened::Appointment, &appointment, visit.now)
        .await?
        .is_none()
    {
        let page = looks::ask(visit, Opened::Appointment, &appointment, Field::default());
        return Ok(Opening::Asks(pages::html(&page)));
    }
    let mut tx = state.db.read().await?;
    let view = disputes::view_of(&mut tx, visit, &appointment, &dispute, None).await?;
    let form = page_of(state, &mut tx, visit, &appointment, view).await?;
    Ok(Opening::Page(Box::new(form)))
}

async fn page_of(
    state: &AppState,
    tx: &mut Tx,
    visit: &Visit,
    appointment: &Appointment,
    dispute: web::pages::dispute::DisputeView,
) -> AppResult<OperatorDisputePage> {
    let money = billing::money_of(tx, &appointment.id).await?;
    let billable = calls::load_billable(tx, &appointment.id).await?;
    let events = appointments::events(tx, &appointment.id).await?;
    let standing = usecases::refund_standing(tx, appointment).await?;
    let price = view::appointment_price(appointment, &money, visit.now);
    let cancellation = &appointment.policy.cancellation;
    Ok(OperatorDisputePage {
        shell: pages::shell_in(visit, &appointment.time_zone),
        head: disputes::head_of(appointment, live::initials(&appointment.consumer.name)),
        dispute,
        booked_at: appointment.created_us,
        shown: PriceBox {
            vat: view::vat(appointment.vat_bp(), appointment.price.most_minor()),
            cancel: cancellation.terms(&appointment.price, appointment.start_us, appointment.created_us),
            state: PriceState::Estimate,
            refunded: None,
            ..price.clone()
        },
        price,
        timeline: timeline(&events, billable),
        segments: segments(tx, appointment).await?,
        quality: course(tx, appointment).await?,
        payments: payments(tx, appointment).await?,
        ledger: ledger(tx, &appointment.id).await?,
        alone_minor: state.config.refund_alone_minor(standing.currency),
        changed: false,
        amount: Field::default(),
        reason: Field::default(),
        source: Field::default(),
        statement: Field::default(),
        file_source: Field::default(),
        file: None,
    })
}

/// What is to be paid back: an amount, or a nought for nothing.
fn read_decided(typed: &str, currency: &str) -> Result<i64, FieldError> {
    let currency = booking_core::base::money::Currency::parse(currency).map_err(|_| FieldError::AmountUnreadable)?;
    match typed.trim() {
        "0" | "0,00" | "0.00" | "0,-" => Ok(0),
        amount => read_amount(amount, currency),
    }
}

fn to_page(id: &str, notice: Notice) -> Response {
    let page = routes::operator_appointment_dispute(id);
    Redirect::to(&routes::with_notice(&page, notice)).into_response()
}

fn again(form: &OperatorDisputePage) -> Response {
    pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, form)
}
