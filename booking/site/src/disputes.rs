//! Disputes, for both sides of an appointment: the page, what is said there, and the files that are handed in.

use axum::Router;
use axum::extract::multipart::{Field as Part, Multipart};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use web::Notice;
use web::pages::dispute::{
    DisputeEntryRow, DisputeFileRow, DisputeHead, DisputeLink, DisputePage, DisputeStatus, DisputeView, DisputeWho,
    DisputeWord,
};
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use crate::error::{AppError, AppResult};
use crate::extract::{Form, Path, Visit};
use crate::form::field;
use crate::pages;
use booking_core::AppState;
use booking_core::appointments::{self, Appointment};
use booking_core::base::amount::read_amount;
use booking_core::base::db::Tx;
use booking_core::base::limits::UPLOAD_BYTES_MAX;
use booking_core::disputes::evidence::{self, BadFile, Evidence, FILE_BYTES_MAX};
use booking_core::disputes::queries;
use booking_core::disputes::{Dispute, DisputeState, Entry, EntryKind, Side, open_until};
use booking_core::usecases::disputing::{self, DisputeEnd, DisputeRefusal, Party};
use booking_core::usecases::{read_refund_reason, refund_standing};

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::BOOKING_DISPUTE, get(page).post(submit))
        .route(pattern::BOOKING_DISPUTE_FILES, post(hand_in).layer(upload_limit()))
}

/// How much a form with a file may send.
pub(crate) fn upload_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(UPLOAD_BYTES_MAX)
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct DisputeFields {
    action: String,
    known: String,
    body: String,
    amount: String,
    offer_body: String,
}

async fn page(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let party = disputing::load_party(&mut tx, &visit.actor, &id).await?;
    Ok(pages::html(&page_of(&state, &mut tx, &visit, &party).await?))
}

async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(typed): Form<DisputeFields>,
) -> AppResult<Response> {
    visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let party = disputing::load_party(&mut tx, &visit.actor, &id).await?;
    let mut form = page_of(&state, &mut tx, &visit, &party).await?;
    drop(tx);
    let (actor, known) = (&visit.actor, known(&typed.known));
    let done = match typed.action.as_str() {
        "open" | "say" => {
            let body = disputing::read_body(&typed.body);
            form.body = field(&typed.body, &body);
            let Ok(body) = body else { return Ok(again(&form)) };
            match typed.action.as_str() {
                "open" => disputing::open_dispute(&state, actor, &id, &body)
                    .await
                    .map(|()| Notice::DisputeOpened),
                _ => disputing::say(&state, actor, &id, known, &body)
                    .await
                    .map(|()| Notice::DisputeSaid),
            }
        }
        "offer" => {
            let currency = party_currency(&party)?;
            let left_minor = form.dispute.as_ref().map_or(i64::MAX, |dispute| dispute.left_minor);
            let body = read_refund_reason(&typed.offer_body);
            let mut amount = read_amount(&typed.amount, currency);
            if body.is_err() {
                amount = amount.and_then(|minor| at_most(left_minor, minor));
            }
            form.amount = field(&typed.amount, &amount);
            form.offer_body = field(&typed.offer_body, &body);
            let (Ok(amount), Ok(body)) = (amount, body) else {
                return Ok(again(&form));
            };
            disputing::offer(&state, actor, &id, known, (amount, &body))
                .await
                .map(|()| Notice::DisputeSaid)
        }
        "accept" => disputing::accept(&state, actor, &id, typed.amount.parse().unwrap_or(-1))
            .await
            .map(notice_of),
        "withdraw" => disputing::withdraw(&state, actor, &id)
            .await
            .map(|()| Notice::DisputeWithdrawn),
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
            Ok(pages::html_with(StatusCode::CONFLICT, &form))
        }
        Err(DisputeRefusal::TooManyFiles) => Err(AppError::Conflict("too many files")),
        Err(DisputeRefusal::Fault(fault)) => Err(fault.into()),
    }
}

async fn hand_in(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    parts: Option<Multipart>,
) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let party = disputing::load_party(&mut tx, &visit.actor, &id).await?;
    let mut form = page_of(&state, &mut tx, &visit, &party).await?;
    drop(tx);
    if !form.dispute.as_ref().is_some_and(|dispute| dispute.status.is_open()) {
        return Err(AppError::Conflict("no dispute is open"));
    }
    state.limits.upload_by_account.check(&who.id)?;
    let upload = read_upload(parts.ok_or(AppError::BadRequest("no form with a file"))?).await?;
    match keep(&state, &visit, &id, upload, None).await? {
        Kept::Yes => Ok(to_page(&id, Notice::DisputeFileKept)),
        Kept::No(status, error) => {
            form.file = Some(error);
            Ok(pages::html_with(status, &form))
        }
    }
}

fn to_page(id: &str, notice: Notice) -> Response {
    Redirect::to(&routes::with_notice(&routes::booking_dispute(id), notice)).into_response()
}

fn again(form: &DisputePage) -> Response {
    pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, form)
}

pub(crate) fn notice_of(end: DisputeEnd) -> Notice {
    match end {
        DisputeEnd::Decided => Notice::DisputeDecided,
        DisputeEnd::Waits => Notice::DisputeWaits,
    }
}

/// An amount that is not more than what can be paid back: told together with whatever else is wrong. Where nothing is, the
/// operation itself says so, which knows what was sent twice.
pub(crate) fn at_most(left_minor: i64, minor: i64) -> Result<i64, FieldError> {
    match minor <= left_minor {
        true => Ok(minor),
        false => Err(FieldError::RefundTooMuch),
    }
}

/// A form without it is as good as one that is too old.
pub(crate) fn known(typed: &str) -> usize {
    typed.parse().unwrap_or(usize::MAX)
}

fn party_currency(party: &Party) -> AppResult<booking_core::base::money::Currency> {
    booking_core::base::money::Currency::parse(&party.appointment.price.currency)
        .map_err(|error| AppError::internal(&error))
}

/// A form with a file as it came.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    name: String,
    bytes: Vec<u8>,
    is_too_large: bool,
    /// Whose it is, where an operator hands it in.
    pub(crate) source: String,
}

/// Reads a form with a file to its end, and keeps no more of it than a file may have: a browser that is cut off shows nothing
/// of the answer.
pub(crate) async fn read_upload(mut parts: Multipart) -> AppResult<Upload> {
    let mut upload = Upload::default();
    while let Some(part) = parts.next_field().await? {
        match part.name() {
            Some("file") => {
                upload.name = part.file_name().unwrap_or_default().to_owned();
                let (bytes, is_too_large) = read_part(part, FILE_BYTES_MAX).await?;
                (upload.bytes, upload.is_too_large) = (bytes, is_too_large);
            }
            Some("file_source") => {
                let (bytes, _) = read_part(part, 4_096).await?;
                upload.source = String::from_utf8_lossy(&bytes).into_owned();
            }
            Some(_) | None => {}
        }
    }
    Ok(upload)
}

async fn read_part(mut part: Part<'_>, bytes_max: usize) -> AppResult<(Vec<u8>, bool)> {
    let (mut bytes, mut is_too_large) = (Vec::new(), false);
    while let Some(chunk) = part.chunk().await? {
        if is_too_large || bytes.len() + chunk.len() > bytes_max {
            is_too_large = true;
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok((bytes, is_too_large))
}

/// What became of a file.
pub(crate) enum Kept {
    Yes,
    /// What is wrong with it.
    No(StatusCode, FieldError),
}

/// Checks and keeps a file.
pub(crate) async fn keep(
    state: &AppState,
    visit: &Visit,
    id: &str,
    upload: Upload,
    source: Option<&str>,
) -> AppResult<Kept> {
    let checked = match upload.is_too_large {
        true => Err(BadFile::TooLarge),
        false => evidence::check_file(upload.bytes).await,
    };
    let checked = match checked {
        Ok(checked) => checked,
        Err(bad) => {
            let (status, error) = match bad {
                BadFile::Missing => (StatusCode::UNPROCESSABLE_ENTITY, FieldError::FileMissing),
                BadFile::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, FieldError::FileTooLarge),
                BadFile::UnknownKind => (StatusCode::UNPROCESSABLE_ENTITY, FieldError::FileUnknownKind),
                BadFile::Unreadable => (StatusCode::UNPROCESSABLE_ENTITY, FieldError::FileUnreadable),
            };
            return Ok(Kept::No(status, error));
        }
    };
    let name = evidence::clean_name(&upload.name, checked.kind);
    let stored = evidence::store(state, checked).await?;
    match disputing::hand_in(state, &visit.actor, id, (&stored, &name), source).await {
        Ok(()) => Ok(Kept::Yes),
        Err(DisputeRefusal::TooManyFiles) => Ok(Kept::No(StatusCode::CONFLICT, FieldError::FilesTooMany)),
        Err(DisputeRefusal::Fault(fault)) => Err(fault.into()),
        Err(DisputeRefusal::NotNow | DisputeRefusal::Exists | DisputeRefusal::Changed | DisputeRefusal::TooMuch) => {
            Err(AppError::Conflict("no dispute is open"))
        }
    }
}

async fn page_of(state: &AppState, tx: &mut Tx, visit: &Visit, party: &Party) -> AppResult<DisputePage> {
    let appointment = &party.appointment;
    let disputes = queries::of_appointment(tx, &appointment.id).await?;
    let can_open = disputing::can_open(state, appointment, &disputes, visit.now);
    let dispute = match disputes.last() {
        Some(dispute) => Some(view_of(tx, visit, appointment, dispute, Some(party)).await?),
        None => None,
    };
    Ok(DisputePage {
        shell: pages::shell_in(visit, &appointment.time_zone),
        head: head_of(appointment, appointment.consumer.name.clone()),
        dispute,
        can_open,
        open_until: open_until(appointment.end_us, state.config.dispute_days),
        changed: false,
        body: Field::default(),
        amount: Field::default(),
        offer_body: Field::default(),
        file: None,
    })
}

pub(crate) fn head_of(appointment: &Appointment, consumer: String) -> DisputeHead {
    DisputeHead {
        id: appointment.id.clone(),
        reference: appointments::reference(&appointment.id),
        provider: appointment.org_name.clone(),
        consumer,
        service_title: appointment.title.clone(),
        starts_at: appointment.start_us,
        ends_at: appointment.end_us,
    }
}

/// A dispute as a side of it reads it, or without a side an operator.
pub(crate) async fn view_of(
    tx: &mut Tx,
    visit: &Visit,
    appointment: &Appointment,
    dispute: &Dispute,
    party: Option<&Party>,
) -> AppResult<DisputeView> {
    let me = visit.actor.account_id();
    let entries = queries::entries(tx, &dispute.id).await?;
    let files = evidence::of_dispute(tx, &dispute.id).await?;
    let is_moving = matches!(dispute.state, DisputeState::Opened | DisputeState::Answered);
    let is_side = |side: Side| party.is_some_and(|party| party.side == side);
    let was_taken = entries.iter().any(|entry| entry.kind == EntryKind::Accepted);
    // What an operator proposes is promised to nobody before a second one agrees.
    let is_shown = |entry: &&Entry| match entry.kind {
        EntryKind::Proposed => party.is_none(),
        EntryKind::Declined => party.is_none() || was_taken,
        EntryKind::Opened
        | EntryKind::Answered
        | EntryKind::Added
        | EntryKind::Offered
        | EntryKind::Accepted
        | EntryKind::Withdrawn
        | EntryKind::Statement
        | EntryKind::Decided => true,
    };
    let is_owner = party.is_some_and(|party| party.is_owner);
    let is_opener = is_side(dispute.side) && (is_owner || dispute.opened_by == me);
    let left_minor = refund_standing(tx, appointment).await?.left_minor();
    Ok(DisputeView {
        status: status_of(dispute.state),
        opened_by_consumer: dispute.side == Side::Consumer,
        opened_at: dispute.opened_at,
        currency: dispute.currency.as_str().to_owned(),
        offer_minor: dispute.offer_minor,
        refund_minor: dispute.refund_minor.filter(|_| dispute.state == DisputeState::Decided),
        known: entries.len(),
        entries: entries
            .iter()
            .filter(is_shown)
            .map(|entry| entry_row(entry, me))
            .collect(),
        files: files.iter().map(|file| file_row(file, me)).collect(),
        can_say: is_moving,
        can_offer: is_moving && is_owner && left_minor > 0,
        can_accept: is_moving && is_side(Side::Consumer) && dispute.offer_minor.is_some(),
        can_withdraw: is_moving && is_opener,
        left_minor,
    })
}

pub(crate) fn status_of(state: DisputeState) -> DisputeStatus {
    match state {
        DisputeState::Opened => DisputeStatus::Opened,
        DisputeState::Answered => DisputeStatus::Answered,
        DisputeState::Deciding => DisputeStatus::Deciding,
        DisputeState::Decided => DisputeStatus::Decided,
        DisputeState::Withdrawn => DisputeStatus::Withdrawn,
    }
}

/// What the page of an appointment shows of its dispute; nothing while there is nothing to disagree about.
pub(crate) async fn link_of(
    state: &AppState,
    tx: &mut Tx,
    appointment: &Appointment,
    now: booking_core::base::Micros,
) -> AppResult<Option<DisputeLink>> {
    let disputes = queries::of_appointment(tx, &appointment.id).await?;
    Ok(match disputes.last() {
        Some(last) => Some(DisputeLink::Is(status_of(last.state))),
        None => disputing::can_open(state, appointment, &disputes, now).then_some(DisputeLink::CanOpen),
    })
}

fn who(side: Side, account: &str, me: &str) -> DisputeWho {
    match side {
        _ if account == me => DisputeWho::You,
        Side::Consumer => DisputeWho::Consumer,
        Side::Provider => DisputeWho::Provider,
        Side::Operator => DisputeWho::Operator,
    }
}

fn entry_row(entry: &Entry, me: &str) -> DisputeEntryRow {
    DisputeEntryRow {
        at: entry.at,
        who: who(entry.side, &entry.account_id, me),
        word: match entry.kind {
            EntryKind::Opened => DisputeWord::Opened,
            EntryKind::Answered => DisputeWord::Answered,
            EntryKind::Added => DisputeWord::Added,
            EntryKind::Offered => DisputeWord::Offered,
            EntryKind::Accepted => DisputeWord::Accepted,
            EntryKind::Withdrawn => DisputeWord::Withdrawn,
            EntryKind::Statement => DisputeWord::Statement,
            EntryKind::Proposed => DisputeWord::Proposed,
            EntryKind::Decided => DisputeWord::Decided,
            EntryKind::Declined => DisputeWord::Declined,
        },
        source: entry.source.clone(),
        body: entry.body.clone(),
        amount_minor: entry.amount_minor,
    }
}

fn file_row(file: &Evidence, me: &str) -> DisputeFileRow {
    DisputeFileRow {
        id: file.id.clone(),
        at: file.at,
        who: who(file.side, &file.account_id, me),
        source: file.source.clone(),
        name: file.name.clone(),
        size_bytes: file.size_bytes,
    }
}
