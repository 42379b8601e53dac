//! Pages for what went wrong, each with a way on.

use askama::Template;

use super::Shell;
use super::book::HeldTime;
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
    /// 404, where a browser that takes no cookies asks for what it holds.
    NoCookies,
    /// 405: the address of a form was opened.
    WrongMethod,
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
            Self::NotFound | Self::NoCookies => 404,
            Self::WrongMethod => 405,
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
            Self::NoCookies => "error-page-no-cookies",
            Self::WrongMethod => "error-page-wrong-method",
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
            Self::NoCookies => "error-page-no-cookies-help",
            Self::WrongMethod => "error-page-wrong-method-help",
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
            | ErrorKind::NoCookies
            | ErrorKind::WrongMethod
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

/// Why no further time is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldsFull {
    /// The visitor holds as many as one may.
    Own,
    /// As many are held from the visitor's network as may be, until this moment.
    Network { until: i64 },
    /// The same with this provider.
    Provider { until: i64 },
}

/// 429: as many times are held as may be.
#[derive(Debug, Clone, Template)]
#[template(path = "holds_full.html")]
pub struct HoldsFullPage {
    pub shell: Shell,
    pub why: HoldsFull,
    pub start: i64,
    pub provider_name: String,
    pub provider_slug: String,
    pub service: String,
    /// What the visitor holds.
    pub held: Vec<HeldTime>,
}

impl HoldsFullPage {
    /// Why, and what can be done, in a sentence or two.
    fn sentence(&self) -> String {
        let (key, until) = match self.why {
            HoldsFull::Own => return self.shell.tn("holds-full-own", self.held.len()),
            HoldsFull::Network { until } => ("holds-full-network", until),
            HoldsFull::Provider { until } => ("holds-full-provider", until),
        };
        self.shell
            .t2(key, "name", &self.provider_name, "until", self.shell.clock(until))
    }
}

/// Why a time is no longer held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldEnd {
    RanOut {
        minutes: i64,
    },
    /// The time itself has begun.
    Begun,
    GivenBack,
    /// The same browser holds another time of the same professional now.
    Replaced {
        hold: String,
        start: i64,
    },
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
    pub reason: HoldEnd,
    /// The time can still be held again.
    pub still_free: bool,
    pub nearest: Vec<TimeSlot>,
}

impl HoldExpiredPage {
    /// What happened, in one sentence.
    fn sentence(&self) -> String {
        let when = self.shell.day_time(self.start);
        let name = self.provider_name.as_str();
        let minutes = match &self.reason {
            HoldEnd::RanOut { minutes } => minutes.to_string(),
            HoldEnd::Begun | HoldEnd::GivenBack | HoldEnd::Replaced { .. } => String::new(),
        };
        let key = match (&self.reason, self.still_free) {
            (HoldEnd::RanOut { .. }, true) => "hold-expired-free",
            (HoldEnd::RanOut { .. }, false) => "hold-expired-taken",
            (HoldEnd::Begun, _) => "hold-expired-begun",
            (HoldEnd::GivenBack, _) => "hold-expired-given-back",
            (HoldEnd::Replaced { .. }, _) => "hold-expired-replaced",
        };
        let args = [
            ("when", when.into()),
            ("name", name.into()),
            ("minutes", minutes.into()),
        ];
        crate::text::t(self.shell.locale, key, &args)
    }
}
