//! What a request can fail with, and the page or JSON that says so.
//!
//! A handler returns [`AppError`], the one error that knows HTTP; what the features refuse becomes one by `From`. The
//! outermost layer ([`render`]) knows the language and turns it into a page.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use web::{Notice, routes};

use booking_core::accounts::OperatorRefusal;
use booking_core::appointments::HoldRefusal;
use booking_core::base::Fault;
use booking_core::base::db::DbError;
use booking_core::base::limits::TooMany;
use booking_core::base::security::{self, SecurityEvent};
use booking_core::providers::ProviderRefusal;
use booking_core::usecases::CheckoutRefusal;

use crate::extract::Visit;
use booking_core::AppState;

/// Why a request is not answered as asked. It never says which rows exist: what is not the actor's is not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppError {
    #[error("not found, or not the actor's")]
    NotFound,
    /// A form that no page of ours sends, or a request from another site.
    #[error("the request is not one of ours: {0}")]
    BadRequest(&'static str),
    /// A form above [`booking_core::base::limits::FORM_BYTES_MAX`].
    #[error("the form is too large")]
    TooLarge,
    /// The address is there, but not for this method, as when the address of a form is opened.
    #[error("not by this method")]
    WrongMethod,
    #[error("refused: {0}")]
    Forbidden(&'static str),
    /// The page needs an account; the browser is sent to sign in and comes back.
    #[error("sign in first")]
    SignInFirst,
    /// The state of things forbids it, for example cancelling what is over.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// The account is to be deleted: the browser is sent to where that can be undone.
    #[error("the account is to be deleted")]
    Leaving,
    /// The person has as many coming appointments as one may have: the browser is sent to them.
    #[error("too many coming appointments")]
    TooManyBooked,
    /// The same with one provider.
    #[error("too many coming appointments with the provider")]
    TooManyWithProvider,
    #[error("too many requests, again in {retry_after_s} s")]
    TooMany { retry_after_s: u64 },
    /// Overloaded, or without a database, for the moment.
    #[error("busy")]
    Busy,
    /// Ours to mend. The text is for the log and not for the page.
    #[error("internal: {0}")]
    Internal(String),
}

/// By this header the server in front finds the id of a request that failed, for its own line in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Results of handlers and of what they call.
pub type AppResult<T> = Result<T, AppError>;

impl AppError {
    #[must_use]
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::SignInFirst => StatusCode::UNAUTHORIZED,
            Self::Conflict(_) | Self::Leaving | Self::TooManyBooked | Self::TooManyWithProvider => StatusCode::CONFLICT,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The word for machines, in JSON answers.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::BadRequest(_) => "bad_request",
            Self::WrongMethod => "wrong_method",
            Self::TooLarge => "too_large",
            Self::Forbidden(_) => "forbidden",
            Self::SignInFirst => "sign_in_first",
            Self::Conflict(_) => "conflict",
            Self::Leaving => "leaving",
            Self::TooManyBooked => "too_many_booked",
            Self::TooManyWithProvider => "too_many_with_provider",
            Self::TooMany { .. } => "too_many",
            Self::Busy => "busy",
            Self::Internal(_) => "internal",
        }
    }
}

impl From<Fault> for AppError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound => Self::NotFound,
            Fault::SignInFirst => Self::SignInFirst,
            Fault::BadRequest(reason) => Self::BadRequest(reason),
            Fault::Conflict(reason) => Self::Conflict(reason),
            Fault::Leaving => Self::Leaving,
            Fault::TooMany { retry_after_s } => Self::TooMany { retry_after_s },
            Fault::Busy => Self::Busy,
            Fault::Internal(text) => Self::Internal(text),
        }
    }
}

/// The rules of providers: the state of things forbids it.
impl From<ProviderRefusal> for AppError {
    fn from(refusal: ProviderRefusal) -> Self {
        match refusal {
            ProviderRefusal::Fault(fault) => fault.into(),
            ProviderRefusal::TooManyServices => Self::Conflict("a provider has at most fifty services"),
            ProviderRefusal::TooManyMembers => Self::Conflict("a provider has at most fifty members"),
            ProviderRefusal::TooManyDays => Self::Conflict("too many days"),
            ProviderRefusal::NameTaken => Self::Conflict("too many providers of that name"),
            ProviderRefusal::NotReady => Self::Conflict("services or hours are missing"),
            ProviderRefusal::MemberBooked => Self::Conflict("the member has coming appointments"),
            ProviderRefusal::WorksElsewhere => Self::Conflict("the person works for a provider already"),
            ProviderRefusal::AccountEnds => Self::Conflict("the account is to be deleted"),
        }
    }
}

/// The rules of holding and booking.
impl From<HoldRefusal> for AppError {
    fn from(refusal: HoldRefusal) -> Self {
        match refusal {
            HoldRefusal::Fault(fault) => fault.into(),
            HoldRefusal::NoService => Self::NotFound,
            HoldRefusal::Taken => Self::Conflict("not a free time"),
            HoldRefusal::SellerUnknown => Self::Conflict("nobody knows who sells"),
            HoldRefusal::PaymentsOff => Self::Conflict("nobody takes payments here"),
            HoldRefusal::TooManyHolds | HoldRefusal::NetworkFull { .. } | HoldRefusal::ProviderFull { .. } => {
                Self::TooMany { retry_after_s: 600 }
            }
            HoldRefusal::OwnSlot => Self::Conflict("nobody books themselves"),
            HoldRefusal::TooManyBooked => Self::TooManyBooked,
            HoldRefusal::TooManyWithProvider => Self::TooManyWithProvider,
        }
    }
}

/// The rules of paying.
impl From<CheckoutRefusal> for AppError {
    fn from(refusal: CheckoutRefusal) -> Self {
        match refusal {
            CheckoutRefusal::Fault(fault) => fault.into(),
            CheckoutRefusal::Hold(refusal) => refusal.into(),
            CheckoutRefusal::Method(_) => Self::BadRequest("nothing to pay with"),
        }
    }
}

/// Making operators.
impl From<OperatorRefusal> for AppError {
    fn from(refusal: OperatorRefusal) -> Self {
        match refusal {
            OperatorRefusal::Fault(fault) => fault.into(),
            OperatorRefusal::LinkExpired => Self::NotFound,
            OperatorRefusal::EmailTaken => Self::Conflict("the address has an account"),
        }
    }
}

impl From<DbError> for AppError {
    fn from(error: DbError) -> Self {
        Fault::from(error).into()
    }
}

impl From<TooMany> for AppError {
    fn from(error: TooMany) -> Self {
        Fault::from(error).into()
    }
}

impl From<axum::extract::rejection::FormRejection> for AppError {
    fn from(rejection: axum::extract::rejection::FormRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::TooLarge
        } else {
            Self::BadRequest("the form cannot be read")
        }
    }
}

impl From<axum::extract::multipart::MultipartError> for AppError {
    fn from(error: axum::extract::multipart::MultipartError) -> Self {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::TooLarge
        } else {
            Self::BadRequest("the form cannot be read")
        }
    }
}

impl From<axum::extract::rejection::QueryRejection> for AppError {
    fn from(_: axum::extract::rejection::QueryRejection) -> Self {
        Self::BadRequest("the query cannot be read")
    }
}

impl From<axum::extract::rejection::PathRejection> for AppError {
    fn from(_: axum::extract::rejection::PathRejection) -> Self {
        Self::NotFound
    }
}

/// The status with the error beside it; [`render`] writes the body.
impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of every failed request: a page in the visitor's language, or JSON where the client asked for it.
pub(crate) async fn render(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let visit = Visit::from_client(&request, &state);
    let mut response = next.run(request).await;
    let error = match response.extensions_mut().remove::<AppError>() {
        Some(error) => error,
        // The router refuses methods by itself, with nothing to see.
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => AppError::WrongMethod,
        None => return response,
    };
    let allow = response.headers_mut().remove(header::ALLOW);
    let request_id = error.status().is_server_error().then(|| state.id());
    if let (AppError::Internal(text), Some(request_id)) = (&error, &request_id) {
        tracing::error!(route = visit.route, request_id, error = text, "a request failed");
    }
    if let AppError::TooMany { .. } = error {
        security::note_refused(SecurityEvent::LimitReached, &visit.route, &visit.ip_prefix());
    }
    let mut response = write_error(&state, &visit, error, request_id.as_deref());
    let headers = response.headers_mut();
    if let Some(allow) = allow {
        headers.insert(header::ALLOW, allow);
    }
    if let Some(id) = request_id.and_then(|id| HeaderValue::from_str(&id).ok()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

fn write_error(state: &AppState, visit: &Visit, error: AppError, request_id: Option<&str>) -> Response {
    if visit.wants_json {
        let body = match request_id {
            Some(id) => serde_json::json!({ "error": error.code(), "request_id": id }),
            None => serde_json::json!({ "error": error.code() }),
        };
        return with_retry(&error, (error.status(), Json(body)).into_response());
    }
    if error == AppError::SignInFirst {
        let back = if visit.is_get {
            visit.path_and_query.as_str()
        } else {
            routes::pattern::HOME
        };
        let mut sign_in = routes::login_then(back);
        if visit.lost_its_session() {
            sign_in = routes::with_notice(&sign_in, Notice::CookiesNeeded);
        }
        return Redirect::to(&sign_in).into_response();
    }
    if let Some(elsewhere) = told_elsewhere(&error) {
        return Redirect::to(&elsewhere).into_response();
    }
    let body = crate::pages::error_page(state, visit, &error, request_id);
    with_retry(&error, (error.status(), axum::response::Html(body)).into_response())
}

/// The page that shows what a refusal is about, with the refusal on top.
fn told_elsewhere(error: &AppError) -> Option<String> {
    let (page, notice) = match error {
        AppError::Leaving => (routes::pattern::ACCOUNT, Notice::Leaving),
        AppError::TooManyBooked => (routes::pattern::BOOKINGS, Notice::TooManyBooked),
        AppError::TooManyWithProvider => (routes::pattern::BOOKINGS, Notice::TooManyWithProvider),
        AppError::NotFound
        | AppError::BadRequest(_)
        | AppError::TooLarge
        | AppError::WrongMethod
        | AppError::Forbidden(_)
        | AppError::SignInFirst
        | AppError::Conflict(_)
        | AppError::TooMany { .. }
        | AppError::Busy
        | AppError::Internal(_) => return None,
    };
    Some(routes::with_notice(page, notice))
}

fn with_retry(error: &AppError, mut response: Response) -> Response {
    if let AppError::TooMany { retry_after_s } = error {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
    }
    response
}
