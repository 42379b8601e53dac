//! The pages on which an invited person decides whether to work for a provider.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use web::Notice;
use web::pages::account::{AccountInvitationsPage, InvitationRow};
use web::pages::auth::InvitationPage;
use web::routes::{self, pattern};

use crate::error::{AppError, AppResult};
use crate::extract::{Form, Path, Visit};
use crate::pages::{html, html_with, shell};
use booking_core::AppState;
use booking_core::base::actor::MemberRole;
use booking_core::providers::invitations::{self, Invitation};
use booking_core::providers::{members, orgs};

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::INVITATION, get(page).post(decline_by_mail))
        .route(pattern::ACCOUNT_INVITATIONS, get(own_page).post(answer))
}

/// Shows who asks. It takes the link of the mail to decline, and signing in with the address to accept.
async fn page(State(state): State<AppState>, visit: Visit, Path(token): Path<String>) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    let found = invitations::find_by_link(&mut tx, &token, visit.now).await?;
    let page = match found {
        Some(invitation)
            if visit
                .actor
                .account
                .as_ref()
                .is_some_and(|me| me.email == invitation.email) =>
        {
            return Ok(Redirect::to(pattern::ACCOUNT_INVITATIONS).into_response());
        }
        Some(invitation) => InvitationPage {
            shell: shell(&visit),
            token,
            org_name: invitation.org_name,
            town: invitation.town,
            email: invitation.email,
            expired: false,
        },
        None => gone(&visit),
    };
    Ok(html(&page))
}

fn gone(visit: &Visit) -> InvitationPage {
    InvitationPage {
        shell: shell(visit),
        token: String::new(),
        org_name: String::new(),
        town: String::new(),
        email: String::new(),
        expired: true,
    }
}

async fn decline_by_mail(
    State(state): State<AppState>,
    visit: Visit,
    Path(token): Path<String>,
) -> AppResult<Response> {
    state.limits.sign_in_by_ip.check(&visit.ip_key())?;
    let mut tx = state.db.write().await?;
    let found = invitations::find_by_link(&mut tx, &token, visit.now).await?;
    let Some(invitation) = found else {
        return Ok(html_with(StatusCode::UNPROCESSABLE_ENTITY, &gone(&visit)));
    };
    invitations::decline(&mut tx, &invitation, visit.now).await?;
    tx.commit().await?;
    let home = routes::with_notice(pattern::HOME, Notice::InvitationDeclined);
    Ok(Redirect::to(&home).into_response())
}

async fn own_page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let invitations = invitations::of_person(&mut tx, who, visit.now).await?;
    let works_for = match &who.member {
        Some(member) => Some(orgs::name(&mut tx, &member.org_id).await?),
        None => None,
    };
    let row = |invitation: Invitation| InvitationRow {
        id: invitation.id,
        org_name: invitation.org_name,
        town: invitation.town,
        expires_at: invitation.expires_us,
    };
    Ok(html(&AccountInvitationsPage {
        shell: shell(&visit),
        invitations: invitations.into_iter().map(row).collect(),
        can_leave: who
            .member
            .as_ref()
            .is_some_and(|member| member.role == MemberRole::Staff),
        works_for,
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AnswerForm {
    action: String,
    id: String,
}

async fn answer(State(state): State<AppState>, visit: Visit, Form(form): Form<AnswerForm>) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    let mut tx = state.db.write().await?;
    if form.action == "leave" {
        let member = who.member.as_ref().ok_or(AppError::NotFound)?;
        members::remove(&mut tx, &member.id, &member.org_id, visit.now).await?;
        tx.commit().await?;
        return Ok(back(Notice::MembershipEnded));
    }
    let mine = invitations::of_person(&mut tx, who, visit.now).await?;
    let invitation = mine.into_iter().find(|invitation| invitation.id == form.id);
    let invitation = invitation.ok_or(AppError::NotFound)?;
    match form.action.as_str() {
        "accept" => {
            invitations::accept(&mut tx, &state, who, &invitation, visit.now).await?;
            tx.commit().await?;
            let start = routes::with_notice(pattern::PROVIDER_HOURS, Notice::InvitationAccepted);
            Ok(Redirect::to(&start).into_response())
        }
        "decline" => {
            invitations::decline(&mut tx, &invitation, visit.now).await?;
            tx.commit().await?;
            Ok(back(Notice::InvitationDeclined))
        }
        _ => Err(AppError::BadRequest("no such answer")),
    }
}

fn back(notice: Notice) -> Response {
    Redirect::to(&routes::with_notice(pattern::ACCOUNT_INVITATIONS, notice)).into_response()
}
