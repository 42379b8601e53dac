//! The frame around every page, and the pages that belong to no feature.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use web::pages::legal::{AboutPage, Controller, NoticePage, TermsPage};
use web::pages::{ErrorKind, ErrorPage};
use web::routes::pattern;
use web::{Locale, Notice, Shell};

use crate::error::{AppError, AppResult};
use crate::extract::{Form, LOCALE_COOKIE, Visit, set_cookie};
use crate::form;
use booking_core::AppState;
use booking_core::accounts;
use booking_core::base::DEFAULT_ZONE;
use booking_core::base::actor::MemberRole;
use booking_core::privacy::erase::UNDO_US;

/// How long a chosen language is remembered, seconds.
const LOCALE_AGE_S: i64 = 365 * 86_400;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::NOTICE, get(notice))
        .route(pattern::TERMS, get(terms))
        .route(pattern::ABOUT, get(about))
        .route(pattern::LANGUAGE, post(language))
}

/// The frame of a page, with times in the default zone.
#[must_use]
pub(crate) fn shell(visit: &Visit) -> Shell {
    shell_in(visit, DEFAULT_ZONE)
}

/// The frame of a page, with times in a zone.
#[must_use]
pub(crate) fn shell_in(visit: &Visit, zone: &str) -> Shell {
    Shell {
        locale: visit.locale,
        origin: visit.origin.clone(),
        path: visit.path_to_return_to(),
        now: visit.now,
        zone: zone.to_owned(),
        signed_in: visit.actor.account.as_ref().map(|account| web::SignedIn {
            name: account.name.clone(),
            is_provider: account.member.is_some(),
            is_owner: account
                .member
                .as_ref()
                .is_some_and(|member| member.role == MemberRole::Owner),
            is_operator: account.is_operator,
            deletion_at: account.deletion_asked_us.map(|asked| asked + UNDO_US),
        }),
        notice: notice_in(&visit.path_and_query),
        money_waits: visit.money_waits,
        disputes_wait: visit.disputes_wait,
    }
}

/// The notice that an address carries as `?notice=code`.
fn notice_in(path_and_query: &str) -> Option<Notice> {
    let (_, query) = path_and_query.split_once('?')?;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("notice="))
        .and_then(Notice::from_code)
}

/// A page as an answer.
pub(crate) fn html<P: web::Page>(page: &P) -> Response {
    html_with(StatusCode::OK, page)
}

/// A page with a status of its own, for example a form that must be corrected (422).
pub(crate) fn html_with<P: web::Page>(status: StatusCode, page: &P) -> Response {
    (status, Html(web::render(page))).into_response()
}

/// The page for a failed request.
pub(crate) fn error_page(state: &AppState, visit: &Visit, error: &AppError, request_id: Option<&str>) -> String {
    let kind = match error {
        AppError::NotFound if !visit.has_cookies && visit.route.starts_with(pattern::BOOK) => ErrorKind::NoCookies,
        AppError::NotFound => ErrorKind::NotFound,
        AppError::BadRequest(_) => ErrorKind::BadRequest,
        AppError::WrongMethod => ErrorKind::WrongMethod,
        AppError::TooLarge => ErrorKind::TooLarge,
        AppError::Forbidden(_) | AppError::SignInFirst => ErrorKind::Forbidden,
        AppError::Conflict(_) | AppError::Leaving | AppError::TooManyBooked | AppError::TooManyWithProvider => {
            ErrorKind::Conflict
        }
        AppError::TooMany { retry_after_s } => ErrorKind::TooMany {
            retry_after_s: u32::try_from(*retry_after_s).unwrap_or(u32::MAX),
        },
        AppError::Busy => ErrorKind::Unavailable,
        AppError::Internal(_) => ErrorKind::Fault,
    };
    let shell = Shell {
        now: state.now(),
        ..shell(visit)
    };
    web::render(&ErrorPage {
        shell,
        kind,
        request_id: request_id.unwrap_or_default().to_owned(),
    })
}

fn controller(state: &AppState) -> Controller {
    state.config.controller.clone()
}

async fn notice(State(state): State<AppState>, visit: Visit) -> Response {
    html(&NoticePage {
        shell: shell(&visit),
        controller: controller(&state),
        accounting_years: state.config.retention.accounting_years,
        inactive_months: state.config.retention.inactive_months,
    })
}

async fn terms(State(state): State<AppState>, visit: Visit) -> Response {
    html(&TermsPage {
        shell: shell(&visit),
        controller: controller(&state),
        dispute_days: state.config.dispute_days,
    })
}

async fn about(State(state): State<AppState>, visit: Visit) -> Response {
    html(&AboutPage {
        shell: shell(&visit),
        controller: controller(&state),
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LanguageForm {
    locale: String,
    return_to: String,
}

/// Remembers a language in a cookie, and in the account for mails.
async fn language(State(state): State<AppState>, visit: Visit, Form(form): Form<LanguageForm>) -> AppResult<Response> {
    let locale = Locale::from_tag(&form.locale).ok_or(AppError::BadRequest("no such language"))?;
    if let Some(account) = &visit.actor.account {
        accounts::set_locale(&state, &account.id, locale).await?;
    }
    let cookie = set_cookie(&state, LOCALE_COOKIE, locale.tag(), LOCALE_AGE_S);
    let mut response = Redirect::to(&form::safe_path(&form.return_to, pattern::HOME)).into_response();
    let value = HeaderValue::from_str(&cookie).expect("our cookies are ASCII");
    response.headers_mut().append(header::SET_COOKIE, value);
    Ok(response)
}
