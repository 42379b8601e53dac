//! The page about people: a search that needs a reason and is on record before its result is shown, who the operators
//! are, and what they looked at.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use web::Notice;
use web::pages::operator::{LookRow, OperatorPeoplePage, OperatorRow, PersonRow};
use web::pages::provider_admin::Broken;
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use super::looks;
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Visit};
use crate::form::{self, field};
use crate::pages;
use booking_core::AppState;
use booking_core::accounts::{AccountMail, account_mail};
use booking_core::appointments::{self, LetDowns};
use booking_core::base::audit::{self, Action};
use booking_core::base::db::Tx;
use booking_core::base::limits;
use booking_core::base::outbox::{self, Recipient};
use booking_core::operator::links;
use booking_core::operator::people::{self, Person};

/// Lines of the record on the page.
const LOOKS_SHOWN: i64 = 50;
/// Fewer letters find everybody.
const TERM_CHARS_MIN: usize = 3;

const WRONG: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PeopleForm {
    action: String,
    q: String,
    reason: String,
    email: String,
}

pub(super) async fn page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    visit.actor.operator()?;
    Ok(pages::html(&blank(&state, &visit).await?))
}

pub(super) async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    Form(typed): Form<PeopleForm>,
) -> AppResult<Response> {
    match typed.action.as_str() {
        "find" => find(&state, &visit, &typed).await,
        "invite" => invite(&state, &visit, &typed).await,
        _ => {
            visit.actor.operator()?;
            Err(AppError::BadRequest("no such action"))
        }
    }
}

async fn find(state: &AppState, visit: &Visit, typed: &PeopleForm) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let reason = form::line(&typed.reason, FieldError::LookReasonMissing);
    let mut page = blank(state, visit).await?;
    page.reason = field(&typed.reason, &reason);
    page.q = term(&typed.q);
    let (Ok(reason), None) = (&reason, page.q.error) else {
        return Ok(pages::html_with(WRONG, &page));
    };
    let found = people::find(&mut state.db.read().await?, &page.q.value).await?;
    let ids: Vec<String> = found.iter().map(|person| person.id.clone()).collect();
    looks::record(state, operator, Action::PeopleSearched, "", reason, &ids).await?;
    let mut tx = state.db.read().await?;
    let mut rows = Vec::with_capacity(found.len());
    for person in found {
        let let_downs = appointments::let_downs_of(&mut tx, &person.org_id, visit.now).await?;
        rows.push(row(person, &let_downs));
    }
    page.found = Some(rows);
    page.looks = newest_looks(&mut tx).await?;
    Ok(pages::html(&page))
}

/// What is searched for: long enough not to find everybody.
pub(super) fn term(typed: &str) -> Field {
    let q: String = typed.trim().chars().take(limits::LINE_CHARS_MAX).collect();
    if q.chars().count() < TERM_CHARS_MIN {
        Field::wrong(q, FieldError::TermTooShort)
    } else {
        Field::new(q)
    }
}

fn row(person: Person, let_downs: &[LetDowns]) -> PersonRow {
    PersonRow {
        let_downs: Broken {
            cancelled: let_downs.iter().map(|member| member.cancelled).sum(),
            missed: let_downs.iter().map(|member| member.missed).sum(),
        },
        id: person.id,
        name: person.name,
        email: person.email,
        phone: person.phone,
        business: person.business,
        is_operator: person.is_operator,
        since: person.since,
    }
}

/// Mails a link that makes one more operator. The address may have an account or not: the form behind the link asks.
async fn invite(state: &AppState, visit: &Visit, typed: &PeopleForm) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let email = match form::email(&typed.email) {
        Ok(email) => email,
        Err(error) => {
            let mut page = blank(state, visit).await?;
            page.email = Field::wrong(typed.email.trim(), error);
            return Ok(pages::html_with(WRONG, &page));
        }
    };
    let mut tx = state.db.write().await?;
    let link = links::further(&mut tx, state).await?;
    let recipient = Recipient {
        account_id: None,
        name: String::new(),
        address: email.text,
        locale: visit.locale,
    };
    let message = account_mail(recipient, &state.id(), &AccountMail::OperatorInvited { link });
    outbox::enqueue(state, &mut tx, &message).await?;
    audit::write(&mut tx, state, Some(&operator.id), Action::OperatorInvited, "", "").await?;
    tx.commit().await?;
    let next = routes::with_notice(pattern::OPERATOR_PEOPLE, Notice::OperatorInvited);
    Ok(Redirect::to(&next).into_response())
}

async fn blank(state: &AppState, visit: &Visit) -> AppResult<OperatorPeoplePage> {
    let mut tx = state.db.read().await?;
    let operators = people::operators(&mut tx).await?;
    Ok(OperatorPeoplePage {
        shell: pages::shell(visit),
        q: Field::default(),
        reason: Field::default(),
        email: Field::default(),
        found: None,
        operators: operators
            .into_iter()
            .map(|(name, email, since)| OperatorRow { name, email, since })
            .collect(),
        looks: newest_looks(&mut tx).await?,
    })
}

async fn newest_looks(tx: &mut Tx) -> AppResult<Vec<LookRow>> {
    let lines = audit::newest(tx, LOOKS_SHOWN).await?;
    Ok(lines
        .into_iter()
        .map(|line| LookRow {
            at: line.at,
            operator: line.operator,
            action: line.action,
            reason: line.reason,
        })
        .collect())
}
