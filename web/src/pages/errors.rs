//! Pages for what went wrong, each with a way on.

use askama::Template;

use super::Shell;
use super::provider::TimeSlot;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// 400: the request makes no sense.
    BadRequest,
    /// 403: a form that was not ours, or not allowed.
    Forbidden,
    /// 404, also for what belongs to somebody else.
    NotFound,
    /// 409: it has changed since the page was loaded.
    Conflict,
    /// 413
    TooLarge,
    /// 429, with the wait in seconds.
    TooMany { retry_after_s: u32 },
    /// 500
    Fault,
    /// 503
    Unavailable,
}

impl ErrorKind {
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::TooMany { .. } => 429,
            Self::Fault => 500,
            Self::Unavailable => 503,
        }
    }

    fn title_key(self) -> &'static str {
        match self {
            Self::BadRequest => "error-page-bad-request",
            Self::Forbidden => "error-page-forbidden",
            Self::NotFound => "error-page-not-found",
            Self::Conflict => "error-page-conflict",
            Self::TooLarge => "error-page-too-large",
            Self::TooMany { .. } => "error-page-too-many",
            Self::Fault => "error-page-fault",
            Self::Unavailable => "error-page-unavailable",
        }
    }

    fn help_key(self) -> &'static str {
        match self {
            Self::BadRequest => "error-page-bad-request-help",
            Self::Forbidden => "error-page-forbidden-help",
            Self::NotFound => "error-page-not-found-help",
            Self::Conflict => "error-page-conflict-help",
            Self::TooLarge => "error-page-too-large-help",
            Self::TooMany { .. } => "error-page-too-many-help",
            Self::Fault => "error-page-fault-help",
            Self::Unavailable => "error-page-unavailable-help",
        }
    }
}

#[derive(Debug, Clone, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    pub shell: Shell,
    pub kind: ErrorKind,
    /// Shown so that a person can name it to support; empty without one.
    pub request_id: String,
}

impl ErrorPage {
    fn title(&self) -> String {
        self.shell.t(self.kind.title_key())
    }

    fn help(&self) -> String {
        match self.kind {
            ErrorKind::TooMany { retry_after_s } => {
                self.shell.tn(self.kind.help_key(), retry_after_s.div_ceil(60).max(1))
            }
            ErrorKind::BadRequest
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::TooLarge
            | ErrorKind::Fault
            | ErrorKind::Unavailable => self.shell.t(self.kind.help_key()),
        }
    }
}

/// 409: somebody was quicker.
#[derive(Debug, Clone, Template)]
#[template(path = "slot_taken.html")]
pub struct SlotTakenPage {
    pub shell: Shell,
    pub start: i64,
    pub provider_name: String,
    pub provider_slug: String,
    pub service: String,
    /// The nearest free times.
    pub nearest: Vec<TimeSlot>,
}

/// 410: the hold ran out.
#[derive(Debug, Clone, Template)]
#[template(path = "hold_expired.html")]
pub struct HoldExpiredPage {
    pub shell: Shell,
    pub start: i64,
    pub provider_name: String,
    pub provider_slug: String,
    pub service: String,
    /// The time can still be held again.
    pub still_free: bool,
    pub nearest: Vec<TimeSlot>,
}
