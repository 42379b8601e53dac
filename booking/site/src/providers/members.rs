//! The people of a provider, and those who are invited.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use web::Notice;
use web::pages::provider_admin::{Broken, InvitedRow, MemberRow, ProviderMembersPage};
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use crate::appointments::views::tint;
use crate::error::AppResult;
use crate::extract::{Form, Visit};
use crate::form::{self, field};
use crate::pages::{html, html_with, shell};
use booking_core::AppState;
use booking_core::appointments;
use booking_core::base::actor::MemberRole;
use booking_core::base::db::Tx;
use booking_core::providers::{invitations, members, owner};

pub(super) fn router() -> Router<AppState> {
    Router::new().route(pattern::PROVIDER_MEMBERS, get(page).post(change))
}

async fn page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    Ok(html(&with_field(&mut tx, &visit, Field::default()).await?))
}

async fn with_field(tx: &mut Tx, visit: &Visit, email: Field) -> AppResult<ProviderMembersPage> {
    let me = owner(&visit.actor)?;
    let let_downs = appointments::let_downs_of(tx, &me.org_id, visit.now).await?;
    let broken = |member: &str| {
        let found = let_downs.iter().find(|of| of.member_id == member);
        found.map_or_else(Broken::default, |of| Broken {
            cancelled: of.cancelled,
            missed: of.missed,
        })
    };
    let members = members::of_org(tx, &me.org_id)
        .await?
        .into_iter()
        .map(|member| MemberRow {
            let_downs: broken(&member.id),
            is_me: member.id == me.id,
            is_owner: member.role == MemberRole::Owner,
            tint: tint(&member.account_id),
            id: member.id,
            name: member.name,
            email: member.email,
        })
        .collect();
    let invited = invitations::of_org(tx, &me.org_id, visit.now)
        .await?
        .into_iter()
        .map(|invitation| InvitedRow {
            id: invitation.id,
            email: invitation.email,
            sent_at: invitation.created_us,
            declined: invitation.declined_us.is_some(),
        })
        .collect();
    Ok(ProviderMembersPage {
        shell: shell(visit),
        members,
        invited,
        email,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MemberForm {
    action: String,
    id: String,
    email: String,
}

async fn change(State(state): State<AppState>, visit: Visit, Form(form): Form<MemberForm>) -> AppResult<Response> {
    let me = owner(&visit.actor)?;
    let mut tx = state.db.write().await?;
    if form.action == "remove" {
        members::remove(&mut tx, &form.id, &me.org_id, visit.now).await?;
        tx.commit().await?;
        return Ok(done(Notice::MemberRemoved));
    }
    if form.action == "promote" {
        members::promote(&mut tx, &form.id, &me.org_id).await?;
        tx.commit().await?;
        return Ok(done(Notice::MemberPromoted));
    }
    if form.action == "withdraw" {
        invitations::withdraw(&mut tx, &me.org_id, &form.id).await?;
        tx.commit().await?;
        return Ok(done(Notice::InvitationWithdrawn));
    }
    let email = form::email(&form.email);
    let Ok(address) = &email else {
        let page = with_field(&mut tx, &visit, field(&form.email, &email)).await?;
        return Ok(html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    };
    if members::has_email(&mut tx, &me.org_id, &address.norm).await? {
        let page = with_field(&mut tx, &visit, Field::wrong(&form.email, FieldError::MemberExists)).await?;
        return Ok(html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    state.limits.mail_by_ip.check(&visit.ip_key())?;
    state.limits.invitation_by_org.check(&me.org_id)?;
    invitations::invite(&mut tx, &state, &visit, &me.org_id, address).await?;
    tx.commit().await?;
    Ok(done(Notice::MemberInvited))
}

fn done(notice: Notice) -> Response {
    Redirect::to(&routes::with_notice(pattern::PROVIDER_MEMBERS, notice)).into_response()
}
