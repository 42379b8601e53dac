//! Getting in: register, verify, sign in and out, reset, one-time links, the first operator.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use web::Notice;
use web::pages::auth::{
    CheckMailPage, LoginLinkPage, LoginPage, MailPurpose, OperatorSetupPage, RegisterPage, ResetPage, ResetTokenPage,
    VerifyPage,
};
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use super::cookies;
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Path, Query, Visit};
use crate::form::{self, RegistrationForm, RegistrationProblems, field, safe_path};
use crate::pages::{html, html_with, shell};
use booking_core::AppState;
use booking_core::accounts::register::{self, Continue, Pending};
use booking_core::accounts::tokens::{self, Purpose};
use booking_core::accounts::{
    OperatorInput, OperatorRefusal, make_operator, operator_link_purpose, reset, sessions, sign_in,
};
use booking_core::base::security::{self, SecurityEvent};
use booking_core::usecases;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::REGISTER, get(register_page).post(register_post))
        .route(pattern::VERIFY_RESEND, post(verify_resend))
        .route(pattern::VERIFY, get(verify_page).post(verify_post))
        .route(pattern::LOGIN, get(login_page).post(login_post))
        .route(pattern::LOGIN_LINK, get(login_link_page).post(login_link_post))
        .route(pattern::LOGOUT, post(logout))
        .route(pattern::RESET, get(reset_page).post(reset_post))
        .route(pattern::RESET_TOKEN, get(reset_token_page).post(reset_token_post))
        .route(
            pattern::OPERATOR_SETUP,
            get(operator_setup_page).post(operator_setup_post),
        )
}

const WRONG: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReturnTo {
    return_to: String,
}

async fn register_page(visit: Visit, Query(query): Query<ReturnTo>) -> Response {
    html(&register_with(
        &visit,
        RegistrationProblems::default(),
        &query.return_to,
    ))
}

fn register_with(visit: &Visit, problems: RegistrationProblems, return_to: &str) -> RegisterPage {
    RegisterPage {
        shell: shell(visit),
        name: problems.name,
        email: problems.email,
        phone: problems.phone,
        place: problems.place,
        password: problems.password,
        accept: problems.accept,
        return_to: safe_path(return_to, ""),
    }
}

async fn register_post(
    State(state): State<AppState>,
    mut visit: Visit,
    Form(form): Form<RegistrationForm>,
) -> AppResult<Response> {
    let registration = match form.check() {
        Ok(registration) => registration,
        Err(problems) => return Ok(html_with(WRONG, &register_with(&visit, *problems, &form.return_to))),
    };
    let cookie = cookies::visitor(&state, &mut visit);
    let next_path = safe_path(&form.return_to, pattern::HOME);
    let then = Continue {
        hold_id: None,
        next_path: &next_path,
    };
    register::register(&state, &visit, &registration, &then).await?;
    let page = CheckMailPage {
        shell: shell(&visit),
        email: registration.email.text,
        purpose: MailPurpose::Verify,
    };
    Ok((cookie, html(&page)).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EmailForm {
    email: String,
    return_to: String,
}

async fn verify_resend(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Form<EmailForm>,
) -> AppResult<Response> {
    let email = form::email(&form.email).map_err(|_| AppError::BadRequest("no address"))?;
    register::resend(&state, &visit, &email.norm).await?;
    if form.return_to.is_empty() {
        let page = CheckMailPage {
            shell: shell(&visit),
            email: email.text,
            purpose: MailPurpose::Verify,
        };
        return Ok(html(&page));
    }
    let back = safe_path(&form.return_to, pattern::HOME);
    Ok(Redirect::to(&routes::with_notice(&back, Notice::VerifyMailSent)).into_response())
}

/// Shows a button: mail scanners that follow links verify nothing.
async fn verify_page(State(state): State<AppState>, visit: Visit, Path(token): Path<String>) -> AppResult<Response> {
    let pending = register::find(&state, &token, visit.now).await?;
    Ok(html(&verify_with(&visit, token, pending.as_ref(), None)))
}

fn verify_with(visit: &Visit, token: String, pending: Option<&Pending>, password: Option<FieldError>) -> VerifyPage {
    VerifyPage {
        shell: shell(visit),
        token,
        expired: pending.is_none(),
        email: pending.map_or_else(String::new, |pending| pending.email().to_owned()),
        ask_password: pending.is_some_and(|pending| !pending.is_from(visit)),
        password,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct VerifyForm {
    password: String,
    action: String,
}

async fn verify_post(
    State(state): State<AppState>,
    visit: Visit,
    Path(token): Path<String>,
    Form(form): Form<VerifyForm>,
) -> AppResult<Response> {
    state.limits.sign_in_by_ip.check(&visit.ip_key())?;
    let pending = register::find(&state, &token, visit.now).await?;
    let wrong = |token, pending: Option<&Pending>, password| {
        Ok(html_with(WRONG, &verify_with(&visit, token, pending, password)))
    };
    let Some(pending) = pending else {
        return wrong(token, None, None);
    };
    if form.action == "discard" {
        register::discard(&state, &pending).await?;
        let next = routes::with_notice(pattern::REGISTER, Notice::RegistrationDiscarded);
        return Ok(Redirect::to(&next).into_response());
    }
    if !pending.is_from(&visit) {
        if form.password.is_empty() {
            return wrong(token, Some(&pending), Some(FieldError::PasswordMissing));
        }
        if !pending.fits(&state, &visit, &form.password).await? {
            return wrong(token, Some(&pending), Some(FieldError::PasswordWrong));
        }
    }
    let mut tx = state.db.write().await?;
    let Some(verified) = usecases::verify_address(&mut tx, &state, &visit, &token).await? else {
        tx.commit().await?;
        return wrong(token, None, None);
    };
    let headers = cookies::begin(&mut tx, &state, &visit, &verified.account_id).await?;
    tx.commit().await?;
    let next = routes::with_notice(&verified.next_path, Notice::EmailVerified);
    Ok((headers, Redirect::to(&next)).into_response())
}

async fn login_page(visit: Visit, Query(query): Query<ReturnTo>) -> Response {
    let return_to = safe_path(&query.return_to, "");
    html(&LoginPage {
        shell: shell(&visit),
        email: Field::default(),
        password: None,
        return_to,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LoginForm {
    email: String,
    password: String,
    return_to: String,
}

async fn login_post(State(state): State<AppState>, visit: Visit, Form(form): Form<LoginForm>) -> AppResult<Response> {
    let Some(account) = sign_in::check_password(&state, &visit, &form.email, &form.password).await? else {
        let page = LoginPage {
            shell: shell(&visit),
            email: Field::wrong(form.email.trim(), FieldError::SignInFailed),
            password: None,
            return_to: safe_path(&form.return_to, ""),
        };
        return Ok(html_with(WRONG, &page));
    };
    let headers = cookies::begin_now(&state, &visit, &account.id).await?;
    Ok((headers, Redirect::to(&safe_path(&form.return_to, pattern::HOME))).into_response())
}

async fn logout(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    if let Some(account) = &visit.actor.account {
        let mut tx = state.db.write().await?;
        sessions::sign_out(&mut tx, account).await?;
        tx.commit().await?;
        security::note(SecurityEvent::SignedOut, &account.id, &visit);
    }
    let home = routes::with_notice(pattern::HOME, Notice::SignedOut);
    Ok((cookies::forget(&state), Redirect::to(&home)).into_response())
}

async fn reset_page(visit: Visit) -> Response {
    html(&ResetPage {
        shell: shell(&visit),
        email: Field::default(),
    })
}

/// Answers the same whether or not there is an account.
async fn reset_post(State(state): State<AppState>, visit: Visit, Form(form): Form<EmailForm>) -> AppResult<Response> {
    let checked = form::email(&form.email);
    let email = match checked {
        Ok(email) => email,
        Err(_) => {
            let page = ResetPage {
                shell: shell(&visit),
                email: field(&form.email, &checked),
            };
            return Ok(html_with(WRONG, &page));
        }
    };
    reset::mail_reset_link(&state, &visit, &email).await?;
    Ok(html(&CheckMailPage {
        shell: shell(&visit),
        email: email.text,
        purpose: MailPurpose::Reset,
    }))
}

async fn reset_token_page(
    State(state): State<AppState>,
    visit: Visit,
    Path(token): Path<String>,
) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    let email = reset::find_reset_address(&mut tx, &token, visit.now).await?;
    Ok(html(&ResetTokenPage {
        shell: shell(&visit),
        token,
        password: None,
        expired: email.is_none(),
        email: email.unwrap_or_default(),
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    password: String,
}

async fn reset_token_post(
    State(state): State<AppState>,
    visit: Visit,
    Path(token): Path<String>,
    Form(form): Form<PasswordForm>,
) -> AppResult<Response> {
    state.limits.sign_in_by_ip.check(&visit.ip_key())?;
    let email = reset::find_reset_address(&mut state.db.read().await?, &token, visit.now).await?;
    let email = email.unwrap_or_default();
    let page = |password, expired| ResetTokenPage {
        shell: shell(&visit),
        token: token.clone(),
        password,
        expired,
        email: email.clone(),
    };
    if let Err(error) = form::password(&form.password, "") {
        return Ok(html_with(WRONG, &page(Some(error), false)));
    }
    if !reset::reset_password(&state, &visit, &token, form.password).await? {
        return Ok(html_with(WRONG, &page(None, true)));
    }
    let next = routes::with_notice(pattern::LOGIN, Notice::PasswordChanged);
    Ok((cookies::forget(&state), Redirect::to(&next)).into_response())
}

async fn login_link_page(
    State(state): State<AppState>,
    visit: Visit,
    Path(token): Path<String>,
) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    let found = tokens::find(&mut tx, Purpose::Login, &token, visit.now).await?;
    let expired = found.is_none();
    let name = found.and_then(|found| found.name).unwrap_or_default();
    Ok(html(&LoginLinkPage {
        shell: shell(&visit),
        token,
        name,
        expired,
    }))
}

async fn login_link_post(
    State(state): State<AppState>,
    visit: Visit,
    Path(token): Path<String>,
) -> AppResult<Response> {
    state.limits.sign_in_by_ip.check(&visit.ip_key())?;
    let mut tx = state.db.write().await?;
    let found = tokens::take(&mut tx, Purpose::Login, &token, visit.now).await?;
    let Some((account_id, next)) = found.and_then(|found| found.account_id.map(|id| (id, found.next_path))) else {
        let page = LoginLinkPage {
            shell: shell(&visit),
            token,
            name: String::new(),
            expired: true,
        };
        return Ok(html_with(WRONG, &page));
    };
    let headers = cookies::begin(&mut tx, &state, &visit, &account_id).await?;
    tx.commit().await?;
    Ok((headers, Redirect::to(&safe_path(&next, pattern::HOME))).into_response())
}

async fn operator_setup_page(
    State(state): State<AppState>,
    visit: Visit,
    Path(token): Path<String>,
) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    let expired = operator_link_purpose(&mut tx, &token, visit.now).await?.is_none();
    let (name, email) = (Field::default(), Field::default());
    Ok(html(&OperatorSetupPage {
        shell: shell(&visit),
        token,
        name,
        email,
        password: None,
        expired,
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OperatorForm {
    name: String,
    email: String,
    password: String,
}

async fn operator_setup_post(
    State(state): State<AppState>,
    visit: Visit,
    Path(token): Path<String>,
    Form(form): Form<OperatorForm>,
) -> AppResult<Response> {
    state.limits.sign_in_by_ip.check(&visit.ip_key())?;
    let name = form::line(&form.name, FieldError::NameMissing);
    let email = form::email(&form.email);
    let password = form::password(&form.password, &form.email);
    let page = |expired| OperatorSetupPage {
        shell: shell(&visit),
        token: token.clone(),
        name: field(&form.name, &name),
        email: field(&form.email, &email),
        password: password.err(),
        expired,
    };
    let (Ok(name), Ok(email), Ok(())) = (&name, &email, password) else {
        return Ok(html_with(WRONG, &page(false)));
    };
    let new = OperatorInput {
        name,
        email,
        password_hash: state.hasher.hash(&state.random, form.password.clone()).await?,
    };
    let mut tx = state.db.write().await?;
    let account_id = match make_operator(&mut tx, &state, &visit, &token, new).await {
        Ok(account_id) => account_id,
        Err(OperatorRefusal::LinkExpired) => return Ok(html_with(WRONG, &page(true))),
        Err(OperatorRefusal::EmailTaken) => {
            let mut page = page(false);
            page.email = Field::wrong(form.email.trim(), FieldError::EmailTaken);
            return Ok(html_with(WRONG, &page));
        }
        Err(refusal @ OperatorRefusal::Fault(_)) => return Err(refusal.into()),
    };
    let headers = cookies::begin(&mut tx, &state, &visit, &account_id).await?;
    tx.commit().await?;
    Ok((headers, Redirect::to(pattern::OPERATOR)).into_response())
}
