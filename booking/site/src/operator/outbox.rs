//! The outbox: a list that names people by their initials, and a mail in full for whoever says why, on record.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use web::Notice;
use web::pages::operator_mails::{Letter, MailState, OperatorMailPage, OperatorOutboxPage, OutboxRow};
use web::pages::{Field, FieldError};
use web::routes;

use super::{PAGE_SIZE, live, looks, missing_row, page_number, people};
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Path, Query, Visit};
use crate::form::{self, field};
use crate::pages;
use booking_core::AppState;
use booking_core::base::Fault;
use booking_core::base::audit::{self, Action};
use booking_core::base::outbox::queries::{self, ListedMail, OutboxMail};
use booking_core::base::outbox::{self, OutboxState};
use booking_core::operator::advice;
use booking_core::operator::queries::people_of_mail;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListQuery {
    page: String,
}

pub(super) async fn list(
    State(state): State<AppState>,
    visit: Visit,
    Query(query): Query<ListQuery>,
) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    looks::record(&state, operator, Action::OutboxSeen, "", "", &[]).await?;
    Ok(pages::html(
        &stretch(&state, &visit, "", page_number(&query.page)).await?,
    ))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SearchForm {
    q: String,
    reason: String,
    page: String,
}

/// A search names people: it is sent as a form, since addresses stay in histories and logs, and is on record before its
/// result is shown.
pub(super) async fn search(
    State(state): State<AppState>,
    visit: Visit,
    Form(typed): Form<SearchForm>,
) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let reason = form::line(&typed.reason, FieldError::LookReasonMissing);
    let q = people::term(&typed.q);
    let (Ok(reason), None) = (&reason, q.error) else {
        let mut page = stretch(&state, &visit, "", 1).await?;
        page.q = q;
        page.reason = field(&typed.reason, &reason);
        return Ok(pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    };
    looks::record(&state, operator, Action::OutboxSearched, "", reason, &[]).await?;
    let mut page = stretch(&state, &visit, &q.value, page_number(&typed.page)).await?;
    page.q = q;
    page.reason = Field::new(reason.clone());
    page.is_search = true;
    Ok(pages::html(&page))
}

/// One page of the mails that match, newest first; every mail matches nothing.
async fn stretch(state: &AppState, visit: &Visit, q: &str, page: u32) -> AppResult<OperatorOutboxPage> {
    let offset = i64::from(page - 1) * i64::from(PAGE_SIZE);
    let (mails, total) = queries::list(&mut state.db.read().await?, q, i64::from(PAGE_SIZE), offset).await?;
    let total = u64::try_from(total).unwrap_or(0);
    let held_up = advice::held_up_mail(state).await?;
    Ok(OperatorOutboxPage {
        shell: pages::shell(visit),
        held_up: held_up.map(|advice| missing_row(&advice, visit.locale)),
        mails: mails.into_iter().map(|mail| listed(state, mail)).collect(),
        q: Field::default(),
        reason: Field::default(),
        is_search: false,
        total,
        page,
        pages: u32::try_from(total.div_ceil(u64::from(PAGE_SIZE)))
            .unwrap_or(u32::MAX)
            .max(1),
    })
}

fn listed(state: &AppState, mail: ListedMail) -> OutboxRow {
    OutboxRow {
        to: masked(&mail),
        id: mail.id,
        at: mail.created_at,
        kind: mail.kind,
        state: shown_state(state, mail.state),
    }
}

/// Initials and business of an account; of an address without one, its first letter and its domain.
fn masked(mail: &ListedMail) -> String {
    let initials = live::initials(&mail.name);
    match (initials.is_empty(), mail.business.is_empty()) {
        (false, true) => initials,
        (false, false) => format!("{initials} ({})", mail.business),
        (true, _) => {
            let (local, domain) = mail.recipient.rsplit_once('@').unwrap_or((&mail.recipient, ""));
            let first: String = local.chars().take(1).collect();
            format!("{first}…@{domain}")
        }
    }
}

fn shown_state(state: &AppState, mail: OutboxState) -> MailState {
    match mail {
        OutboxState::Queued if state.mailer.is_none() => MailState::Kept,
        OutboxState::Queued => MailState::Waiting,
        OutboxState::Sent => MailState::Sent,
        OutboxState::Failed => MailState::Failed,
    }
}

/// Asks why, and shows nothing of the mail but what the list does.
pub(super) async fn page(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    visit.actor.operator()?;
    let mail = find(&state, &id).await?;
    Ok(pages::html(&OperatorMailPage {
        shell: pages::shell(&visit),
        can_resend: can_resend(mail.state),
        mail,
        reason: Field::default(),
        letter: None,
    }))
}

/// Whether the mail could leave, and has not.
fn can_resend(mail: MailState) -> bool {
    match mail {
        MailState::Waiting | MailState::Failed => true,
        // Without a mail server, or with the mail gone, there is nothing to do.
        MailState::Kept | MailState::Sent => false,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MailForm {
    /// `resend`, or nothing: read.
    action: String,
    reason: String,
}

pub(super) async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(typed): Form<MailForm>,
) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let mail = find(&state, &id).await?;
    if typed.action == "resend" {
        return resend(&state, &operator.id, &mail)
            .await
            .map(IntoResponse::into_response);
    }
    let reason = form::line(&typed.reason, FieldError::LookReasonMissing);
    let mut page = OperatorMailPage {
        shell: pages::shell(&visit),
        can_resend: can_resend(mail.state),
        mail,
        reason: field(&typed.reason, &reason),
        letter: None,
    };
    let Ok(reason) = reason else {
        return Ok(pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    };
    let mut tx = state.db.read().await?;
    let full: Option<OutboxMail> = queries::get(&mut tx, &id).await?;
    let full = full.ok_or(AppError::NotFound)?;
    let people = people_of_mail(&mut tx, &id).await?;
    drop(tx);
    looks::record(&state, operator, Action::MailSeen, &id, &reason, &people).await?;
    page.letter = Some(Letter {
        to: full.recipient,
        subject: full.subject,
        attachments: full.ics.iter().map(|_| "booka.ics".to_owned()).collect(),
        body: full.body,
        error: full.error,
    });
    Ok(pages::html(&page))
}

/// Queues the mail anew, on record.
async fn resend(state: &AppState, operator: &str, mail: &OutboxRow) -> AppResult<Redirect> {
    let mut tx = state.db.write().await?;
    if !can_resend(mail.state) || !outbox::resend(state, &mut tx, &mail.id).await? {
        return Err(Fault::Conflict("the mail has left, or cannot leave").into());
    }
    audit::write(&mut tx, state, Some(operator), Action::MailResent, &mail.id, "").await?;
    tx.commit().await?;
    let page = routes::operator_outbox_mail(&mail.id);
    Ok(Redirect::to(&routes::with_notice(&page, Notice::MailResent)))
}

async fn find(state: &AppState, id: &str) -> AppResult<OutboxRow> {
    let mail = queries::listed(&mut state.db.read().await?, id).await?;
    Ok(listed(state, mail.ok_or(AppError::NotFound)?))
}
