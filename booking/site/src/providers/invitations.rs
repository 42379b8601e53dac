//! Asking somebody to work for a provider. Only the address is asked for, and nothing looks whether it has an account:
//! the provider gets the same answer for every address. Who is asked decides, after signing in with that address.

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
use booking_core::accounts::queries::{ACCOUNT_BY_ID, ACCOUNT_LOCK};
use booking_core::accounts::{Account, AccountMail, account_mail};
use booking_core::base::actor::{MemberRole, SignedIn};
use booking_core::base::db::{FromRow, Row, RowError, Tx};
use booking_core::base::fields::Email;
use booking_core::base::limits::MEMBERS_PER_ORG_MAX;
use booking_core::base::outbox::{self, Recipient};
use booking_core::base::{DAY_US, Micros, token_hash};
use booking_core::params;
use booking_core::providers::{Member, queries};

/// How long an invitation waits for an answer. One that is declined keeps its address from being asked again as long.
pub(super) const INVITATION_LIFE_US: Micros = 14 * DAY_US;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::INVITATION, get(page).post(decline_by_mail))
        .route(pattern::ACCOUNT_INVITATIONS, get(own_page).post(answer))
}

/// An invitation that has not run out.
pub(super) struct Invitation {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) created_us: Micros,
    pub(super) declined_us: Option<Micros>,
    expires_us: Micros,
    org_id: String,
    org_name: String,
    town: String,
}

impl FromRow for Invitation {
    fn from_row(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            id: row.get("id")?,
            email: row.get("email")?,
            created_us: row.get("created_us")?,
            declined_us: row.get("declined_us")?,
            expires_us: row.get("expires_us")?,
            org_id: row.get("org_id")?,
            org_name: row.get("org_name")?,
            town: row.get("town")?,
        })
    }
}

/// Invites an address to a provider. Whoever was asked already, or said no, gets no second mail; whoever gets many from
/// many providers gets no more for a while. The caller learns of neither.
pub(super) async fn invite(tx: &mut Tx, state: &AppState, visit: &Visit, org_id: &str, email: &Email) -> AppResult<()> {
    let members: Vec<Member> = tx.all(queries::MEMBERS, params![org_id]).await?;
    let open: Vec<Invitation> = tx.all(queries::INVITATIONS_OF_ORG, params![org_id, visit.now]).await?;
    if members.len() + open.len() >= MEMBERS_PER_ORG_MAX {
        return Err(AppError::Conflict("a provider has at most fifty members"));
    }
    let token = state.random.token();
    let id = state.id();
    let row = params![
        &id,
        token.hash(),
        org_id,
        &email.text,
        &email.norm,
        visit.now,
        visit.now + INVITATION_LIFE_US
    ];
    let is_new = tx.execute(queries::INVITATION_INSERT, row).await? == 1;
    if !is_new || state.limits.invitation_by_email.check(&email.norm).is_err() {
        return Ok(());
    }
    let org: String = tx.one(queries::ORG_NAME, params![org_id]).await?;
    let to = Recipient {
        account_id: None,
        name: String::new(),
        address: email.text.clone(),
        locale: visit.locale,
    };
    let link = state.link(&routes::invitation(token.secret()));
    let message = account_mail(to, &id, &AccountMail::Invitation { link, org });
    outbox::enqueue(state, tx, &message).await?;
    Ok(())
}

/// Shows who asks. It takes the link of the mail to decline, and signing in with the address to accept.
async fn page(State(state): State<AppState>, visit: Visit, Path(token): Path<String>) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    let found: Option<Invitation> = tx
        .optional(queries::INVITATION_FIND, params![token_hash(&token), visit.now])
        .await?;
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
    let found: Option<Invitation> = tx
        .optional(queries::INVITATION_FIND, params![token_hash(&token), visit.now])
        .await?;
    let Some(invitation) = found else {
        return Ok(html_with(StatusCode::UNPROCESSABLE_ENTITY, &gone(&visit)));
    };
    tx.execute(queries::INVITATION_DECLINE, params![invitation.id, visit.now])
        .await?;
    tx.commit().await?;
    let home = routes::with_notice(pattern::HOME, Notice::InvitationDeclined);
    Ok(Redirect::to(&home).into_response())
}

/// The invitations that wait for the signed-in person, by the address that the account has shown to be its own.
async fn of_person(tx: &mut Tx, who: &SignedIn, now: Micros) -> AppResult<Vec<Invitation>> {
    let norm: String = tx
        .optional(queries::EMAIL_NORM, params![&who.id])
        .await?
        .ok_or(AppError::NotFound)?;
    Ok(tx.all(queries::INVITATIONS_OF_PERSON, params![norm, now]).await?)
}

async fn own_page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let invitations = of_person(&mut tx, who, visit.now).await?;
    let works_for: Option<String> = match &who.member {
        Some(member) => tx.optional(queries::ORG_NAME, params![&member.org_id]).await?,
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
        super::members::remove(&mut tx, &member.id, &member.org_id, visit.now).await?;
        tx.commit().await?;
        return Ok(back(Notice::MembershipEnded));
    }
    let mine = of_person(&mut tx, who, visit.now).await?;
    let invitation = mine.into_iter().find(|invitation| invitation.id == form.id);
    let invitation = invitation.ok_or(AppError::NotFound)?;
    match form.action.as_str() {
        "accept" => {
            accept(&mut tx, &state, who, &invitation, visit.now).await?;
            tx.commit().await?;
            let start = routes::with_notice(pattern::PROVIDER_HOURS, Notice::InvitationAccepted);
            Ok(Redirect::to(&start).into_response())
        }
        "decline" => {
            tx.execute(queries::INVITATION_DECLINE, params![invitation.id, visit.now])
                .await?;
            tx.commit().await?;
            Ok(back(Notice::InvitationDeclined))
        }
        _ => Err(AppError::BadRequest("no such answer")),
    }
}

fn back(notice: Notice) -> Response {
    Redirect::to(&routes::with_notice(pattern::ACCOUNT_INVITATIONS, notice)).into_response()
}

/// Makes the person a member who offers every service of the provider.
async fn accept(tx: &mut Tx, state: &AppState, who: &SignedIn, invitation: &Invitation, now: Micros) -> AppResult<()> {
    // Two invitations may be accepted at once.
    tx.execute(ACCOUNT_LOCK, params![&who.id]).await?;
    let memberships: i64 = tx.one(queries::MEMBERSHIPS, params![&who.id]).await?;
    if memberships > 0 {
        return Err(AppError::Conflict("the person works for a provider already"));
    }
    let account: Option<Account> = tx.optional(ACCOUNT_BY_ID, params![&who.id]).await?;
    if account.is_none_or(|account| account.deletion_asked_us.is_some()) {
        return Err(AppError::Conflict("the account is to be deleted"));
    }
    let org_id = &invitation.org_id;
    let row = params![state.id(), org_id, &who.id, MemberRole::Staff.as_str(), now];
    tx.execute(queries::MEMBER_INSERT, row).await?;
    let id: String = tx.one(queries::MEMBER_ID, params![org_id, &who.id]).await?;
    tx.execute(queries::MEMBER_SERVICES_INSERT, params![&id, org_id])
        .await?;
    tx.execute(queries::INVITATION_END, params![&invitation.id]).await?;
    Ok(())
}
