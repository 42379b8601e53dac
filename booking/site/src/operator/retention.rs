//! What leaves by age: its report, the button that lets it begin, and what is kept back.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use web::Notice;
use web::pages::operator_retention::{
    DeletionRow, HoldRow, KeptRow, OperatorRetentionPage, RetentionReport, RetentionRow, StandingRun,
};
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use crate::error::{AppError, AppResult};
use crate::extract::{Form, Visit};
use crate::form::{self, field};
use crate::pages;
use booking_core::AppState;
use booking_core::appointments;
use booking_core::base::Fault;
use booking_core::base::audit::{Action, Line};
use booking_core::privacy::retention::failures;
use booking_core::privacy::retention::holds::{self, LegalHold, Subject};
use booking_core::privacy::retention::report::{self, Report};
use booking_core::privacy::retention::run::Tally;

/// Runs and holds on the page.
const RUNS_SHOWN: i64 = 20;
const HOLDS_SHOWN: i64 = 200;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RetentionForm {
    action: String,
    subject: String,
    reason: String,
    id: String,
}

pub(super) async fn page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    visit.actor.operator()?;
    Ok(pages::html(&blank(&state, &visit).await?))
}

pub(super) async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    Form(typed): Form<RetentionForm>,
) -> AppResult<Response> {
    match typed.action.as_str() {
        "approve" => approve(&state, &visit, true).await,
        "stop" => approve(&state, &visit, false).await,
        "keep" => keep(&state, &visit, &typed).await,
        "lift" => lift(&state, &visit, &typed.id).await,
        _ => {
            visit.actor.operator()?;
            Err(AppError::BadRequest("no such action"))
        }
    }
}

async fn approve(state: &AppState, visit: &Visit, may_delete: bool) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let mut tx = state.db.write().await?;
    let before = report::approved(&mut tx).await?;
    if before.is_some() != may_delete {
        report::approve(&mut tx, may_delete.then_some(visit.now)).await?;
        let action = match may_delete {
            true => Action::RetentionApproved,
            false => Action::RetentionStopped,
        };
        let line = Line {
            operator: Some(&operator.id),
            action,
            subject: "",
            reason: "",
        };
        line.write(&mut tx, state, &[]).await?;
    }
    tx.commit().await?;
    saved()
}

async fn keep(state: &AppState, visit: &Visit, typed: &RetentionForm) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let reason = form::line(&typed.reason, FieldError::LookReasonMissing);
    let mut tx = state.db.write().await?;
    let found = holds::find(&mut tx, &typed.subject).await?;
    let mut subject = found.ok_or(FieldError::KeepSubjectUnknown);
    if let (Ok(found), Ok(reason)) = (&subject, &reason) {
        match holds::place(&mut tx, state, found, reason).await? {
            Some(id) => {
                let people = holds::people(&mut tx, &id).await?;
                let line = Line {
                    operator: Some(&operator.id),
                    action: Action::HoldPlaced,
                    subject: &id,
                    reason,
                };
                line.write(&mut tx, state, &people).await?;
                tx.commit().await?;
                return saved();
            }
            None => subject = Err(FieldError::KeepTooLate),
        }
    }
    drop(tx);
    let mut page = blank(state, visit).await?;
    page.subject = field(&typed.subject, &subject);
    page.reason = field(&typed.reason, &reason);
    Ok(pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, &page))
}

async fn lift(state: &AppState, visit: &Visit, id: &str) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let mut tx = state.db.write().await?;
    if !holds::lift(&mut tx, id, visit.now).await? {
        return Err(Fault::NotFound.into());
    }
    let people = holds::people(&mut tx, id).await?;
    let line = Line {
        operator: Some(&operator.id),
        action: Action::HoldLifted,
        subject: id,
        reason: "",
    };
    line.write(&mut tx, state, &people).await?;
    tx.commit().await?;
    saved()
}

fn saved() -> AppResult<Response> {
    let next = routes::with_notice(pattern::OPERATOR_RETENTION, Notice::Saved);
    Ok(Redirect::to(&next).into_response())
}

async fn blank(state: &AppState, visit: &Visit) -> AppResult<OperatorRetentionPage> {
    let mut tx = state.db.read().await?;
    let report = report::newest_dry(&mut tx).await?;
    Ok(OperatorRetentionPage {
        shell: pages::shell(visit),
        accounting_years: state.config.retention.accounting_years,
        approved_at: report::approved(&mut tx).await?,
        standing: failures::standing(&mut tx).await?.map(|failure| StandingRun {
            since: failure.since,
            words: failure.words,
        }),
        report: report.map(|report| RetentionReport {
            as_of: report.as_of,
            rows: rows(&report.tally),
            kept: kept(report.tally),
        }),
        deletions: report::newest_real(&mut tx, RUNS_SHOWN)
            .await?
            .iter()
            .map(deletion)
            .collect(),
        holds: holds::open(&mut tx, HOLDS_SHOWN).await?.into_iter().map(hold).collect(),
        subject: Field::default(),
        reason: Field::default(),
    })
}

fn rows(tally: &Tally) -> Vec<RetentionRow> {
    let row = |(table, line): (&String, &booking_core::privacy::retention::run::Line)| RetentionRow {
        table: table.clone(),
        rows: line.rows,
        oldest: line.oldest,
        newest: line.newest,
    };
    tally.lines.iter().map(row).collect()
}

fn kept(tally: Tally) -> Vec<KeptRow> {
    let row = |(reason, appointments)| KeptRow { reason, appointments };
    tally.kept.into_iter().map(row).collect()
}

fn deletion(report: &Report) -> DeletionRow {
    DeletionRow {
        started_at: report.started_at,
        ended_at: report.ended_at,
        as_of: report.as_of,
        appointments: report.tally.lines.get("appointment").map_or(0, |line| line.rows),
        rows: report.tally.lines.values().map(|line| line.rows).sum(),
    }
}

fn hold(hold: LegalHold) -> HoldRow {
    let appointment = match hold.subject {
        Subject::Appointment(id) => id,
        Subject::Account(_) => String::new(),
    };
    HoldRow {
        id: hold.id,
        email: hold.email,
        reference: match appointment.is_empty() {
            true => String::new(),
            false => appointments::reference(&appointment),
        },
        appointment,
        reason: hold.reason,
        placed_at: hold.placed_at,
    }
}
