//! My account: another e-mail address, another password.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use web::Notice;
use web::pages::account::{AccountEmailChangePage, AccountEmailPage, AccountPasswordPage};
use web::pages::auth::{CheckMailPage, MailPurpose};
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use crate::error::AppResult;
use crate::extract::{Form, Path, Visit};
use crate::form::{self, field};
use crate::pages::{html, html_with, shell};
use booking_core::AppState;
use booking_core::accounts::{self, Account, credentials, sign_in};

const WRONG: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::ACCOUNT_EMAIL, get(email_page).post(email_post))
        .route(pattern::ACCOUNT_EMAIL_CHANGE, get(change_page).post(change_post))
        .route(pattern::ACCOUNT_PASSWORD, get(password_page).post(password_post))
}

/// The row of the signed-in account.
async fn own(state: &AppState, visit: &Visit) -> AppResult<Account> {
    let who = visit.actor.signed_in()?;
    Ok(accounts::load(&mut state.db.read().await?, &who.id).await?)
}

async fn email_page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let account = own(&state, &visit).await?;
    Ok(html(
        &email_with(&state, &visit, account, Field::default(), None).await?,
    ))
}

async fn email_with(
    state: &AppState,
    visit: &Visit,
    account: Account,
    email: Field,
    password: Option<FieldError>,
) -> AppResult<AccountEmailPage> {
    let mut tx = state.db.read().await?;
    let waiting = credentials::waiting_change(&mut tx, &account.id, visit.now).await?;
    Ok(AccountEmailPage {
        shell: shell(visit),
        current: account.email,
        waiting: waiting.map(|new| new.email),
        email,
        password,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EmailForm {
    email: String,
    password: String,
}

async fn email_post(State(state): State<AppState>, visit: Visit, Form(form): Form<EmailForm>) -> AppResult<Response> {
    let account = own(&state, &visit).await?;
    let checked = form::email(&form.email);
    let password = present_password(&state, &visit, &account, &form.password).await?;
    let (Ok(email), None) = (&checked, password) else {
        let typed = field(&form.email, &checked);
        let page = email_with(&state, &visit, account, typed, password).await?;
        return Ok(html_with(WRONG, &page));
    };
    credentials::ask_for_email(&state, &visit, &account, email).await?;
    Ok(html(&CheckMailPage {
        shell: shell(&visit),
        email: email.text.clone(),
        purpose: MailPurpose::NewAddress,
    }))
}

/// What is wrong with the password that is asked for again, if anything.
async fn present_password(
    state: &AppState,
    visit: &Visit,
    account: &Account,
    typed: &str,
) -> AppResult<Option<FieldError>> {
    if typed.is_empty() {
        return Ok(Some(FieldError::PasswordMissing));
    }
    let fits = sign_in::check_password(state, visit, &account.email, typed)
        .await?
        .is_some();
    Ok((!fits).then_some(FieldError::PasswordWrong))
}

/// Shows a button: mail scanners that follow links change nothing, and only the account that asked gets it.
async fn change_page(State(state): State<AppState>, visit: Visit, Path(token): Path<String>) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let new = credentials::find_change(&mut tx, &who.id, &token, visit.now).await?;
    Ok(html(&AccountEmailChangePage {
        shell: shell(&visit),
        token,
        email: new.map(|new| new.email),
    }))
}

async fn change_post(State(state): State<AppState>, visit: Visit, Path(token): Path<String>) -> AppResult<Response> {
    let account = own(&state, &visit).await?;
    let mut tx = state.db.write().await?;
    let changed = credentials::change_email(&mut tx, &state, &visit, &account, &token).await?;
    tx.commit().await?;
    if changed.is_none() {
        let page = AccountEmailChangePage {
            shell: shell(&visit),
            token,
            email: None,
        };
        return Ok(html_with(WRONG, &page));
    }
    Ok(Redirect::to(&routes::with_notice(pattern::ACCOUNT, Notice::EmailChanged)).into_response())
}

async fn password_page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    Ok(html(&AccountPasswordPage {
        shell: shell(&visit),
        email: own(&state, &visit).await?.email,
        password: None,
        new_password: None,
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    password: String,
    new_password: String,
}

async fn password_post(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Form<PasswordForm>,
) -> AppResult<Response> {
    let account = own(&state, &visit).await?;
    let new_password = form::password(&form.new_password, &account.email).err();
    let password = present_password(&state, &visit, &account, &form.password).await?;
    if new_password.is_some() || password.is_some() {
        let page = AccountPasswordPage {
            shell: shell(&visit),
            email: account.email,
            password,
            new_password,
        };
        return Ok(html_with(WRONG, &page));
    }
    credentials::change_password(&state, &visit, &account, form.new_password).await?;
    Ok(Redirect::to(&routes::with_notice(pattern::ACCOUNT, Notice::PasswordChanged)).into_response())
}
