//! The people of a provider. A new one gets a mail with a link to get started.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use web::Notice;
use web::pages::provider_admin::{MemberRow, ProviderMembersPage};
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use super::{Member, MemberRole, owner, queries};
use crate::accounts::form::{self, Email, field};
use crate::accounts::queries::ACCOUNT_LOCK;
use crate::accounts::{Account, invite};
use crate::appointments::views::tint;
use crate::db::Tx;
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Visit};
use crate::limits::MEMBERS_PER_ORG_MAX;
use crate::pages::{html, html_with, shell};
use crate::params;
use crate::state::{AppState, Micros};

pub(super) fn router() -> Router<AppState> {
    Router::new().route(pattern::PROVIDER_MEMBERS, get(page).post(change))
}

async fn page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    Ok(html(
        &with_fields(&mut tx, &visit, Field::default(), Field::default()).await?,
    ))
}

async fn with_fields(tx: &mut Tx, visit: &Visit, name: Field, email: Field) -> AppResult<ProviderMembersPage> {
    let me = owner(&visit.actor)?;
    let members: Vec<Member> = tx.all(queries::MEMBERS, params![&me.org_id]).await?;
    let members = members
        .into_iter()
        .map(|member| MemberRow {
            is_me: member.id == me.id,
            is_owner: member.role == MemberRole::Owner,
            tint: tint(&member.account_id),
            id: member.id,
            name: member.name,
            email: member.email,
        })
        .collect();
    Ok(ProviderMembersPage {
        shell: shell(visit),
        members,
        name,
        email,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MemberForm {
    action: String,
    id: String,
    name: String,
    email: String,
}

async fn change(State(state): State<AppState>, visit: Visit, Form(form): Form<MemberForm>) -> AppResult<Response> {
    let me = owner(&visit.actor)?;
    let mut tx = state.db.write().await?;
    if form.action == "remove" {
        remove(&mut tx, &form.id, &me.org_id, visit.now).await?;
        tx.commit().await?;
        return Ok(done(Notice::MemberRemoved));
    }
    let name = form::line(&form.name, FieldError::NameMissing);
    let email = form::email(&form.email);
    let (Ok(wanted), Ok(address)) = (&name, &email) else {
        let page = with_fields(&mut tx, &visit, field(&form.name, &name), field(&form.email, &email)).await?;
        return Ok(html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    };
    state.limits.mail_by_ip.check(&visit.ip_key())?;
    if !add(&mut tx, &state, &visit, &me.org_id, wanted, address).await? {
        let taken = Field::wrong(&form.email, FieldError::MemberExists);
        let page = with_fields(&mut tx, &visit, Field::new(&form.name), taken).await?;
        return Ok(html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    tx.commit().await?;
    Ok(done(Notice::MemberAdded))
}

/// Removes a member who has no coming appointments. Changing the row also locks it, so that no hold becomes an
/// appointment meanwhile; what is held is given back, and what was reserved for it is released.
async fn remove(tx: &mut Tx, id: &str, org_id: &str, now: Micros) -> AppResult<()> {
    if tx.execute(queries::MEMBER_REMOVE, params![id, org_id]).await? == 0 {
        return Err(AppError::NotFound);
    }
    let booked: i64 = tx.one(queries::MEMBER_BOOKED, params![id, now]).await?;
    if booked > 0 {
        return Err(AppError::Conflict("the member has coming appointments"));
    }
    tx.execute(queries::MEMBER_CELLS_END, params![id]).await?;
    tx.execute(queries::MEMBER_HOLDS_END, params![id]).await?;
    Ok(())
}

fn done(notice: Notice) -> Response {
    Redirect::to(&routes::with_notice(pattern::PROVIDER_MEMBERS, notice)).into_response()
}

/// Adds the person of an address; an account is made where there is none, which only a link in a mail to that address
/// opens. `false` when the person works for a provider already.
async fn add(tx: &mut Tx, state: &AppState, visit: &Visit, org_id: &str, name: &str, email: &Email) -> AppResult<bool> {
    let members: Vec<Member> = tx.all(queries::MEMBERS, params![org_id]).await?;
    if members.len() >= MEMBERS_PER_ORG_MAX {
        return Err(AppError::Conflict("a provider has at most fifty members"));
    }
    let account: Account = invite::account_of(tx, state, visit.locale, name, email).await?;
    // Two providers may ask for the same person at once.
    tx.execute(ACCOUNT_LOCK, params![&account.id]).await?;
    let memberships: i64 = tx.one(queries::MEMBERSHIPS, params![&account.id]).await?;
    if memberships > 0 {
        return Ok(false);
    }
    let row = params![state.id(), org_id, &account.id, MemberRole::Staff.as_str(), visit.now];
    tx.execute(queries::MEMBER_INSERT, row).await?;
    let id: String = tx.one(queries::MEMBER_ID, params![org_id, &account.id]).await?;
    tx.execute(queries::MEMBER_SERVICES_INSERT, params![&id, org_id])
        .await?;
    invite::send(tx, state, &account).await?;
    Ok(true)
}
