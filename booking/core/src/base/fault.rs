//! Which error is for what.
//!
//! - [`DbError`]: the database did not do what it was asked. Statements return it.
//! - [`Fault`]: what any operation can fail with, whatever it is about. It says nothing about a feature's rules.
//! - A feature's own enum, for example `HoldRefusal`: the rules of the feature say no, and the caller is to tell why. Such
//!   an enum takes a [`Fault`] in, so that one `?` serves both.
//!
//! None of them knows HTTP: the status of an answer is decided by the site, where a request came in.

use super::db::DbError;
use super::limits::TooMany;

/// Why an operation failed, whatever it was about. It never says which rows exist: what is not the actor's is not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("not found, or not the actor's")]
    NotFound,
    /// Only somebody with an account may do that.
    #[error("sign in first")]
    SignInFirst,
    /// A text that cannot be stored.
    #[error("the request is not one of ours: {0}")]
    BadRequest(&'static str),
    /// The state of things forbids it.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// The person has asked for the account to be deleted: nothing is booked for it.
    #[error("the account is to be deleted")]
    Leaving,
    #[error("too many requests, again in {retry_after_s} s")]
    TooMany { retry_after_s: u64 },
    /// Overloaded, or without a database, for the moment.
    #[error("busy")]
    Busy,
    /// Ours to mend. The text is for the log and not for people.
    #[error("internal: {0}")]
    Internal(String),
}

/// Results of operations.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// PostgreSQL's code (`character_not_in_repertoire`) for a text with a NUL in it.
const UNSTORABLE: &str = "22021";

impl Fault {
    #[must_use]
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        match &error {
            unavailable if unavailable.is_unavailable() => {
                tracing::warn!(%error, "the database cannot be used");
                Self::Busy
            }
            // PostgreSQL takes no NUL in a text: the mistake is the sender's.
            DbError::Failed {
                source: sqlx::Error::Database(refusal),
                ..
            } if refusal.code().as_deref() == Some(UNSTORABLE) => Self::BadRequest("a character that cannot be stored"),
            DbError::Failed { .. }
            | DbError::Unique(_)
            | DbError::MissingRow
            | DbError::UnknownEngine
            | DbError::Migrate(_) => Self::internal(&error),
        }
    }
}

impl From<TooMany> for Fault {
    fn from(error: TooMany) -> Self {
        Self::TooMany {
            retry_after_s: error.retry_after_s,
        }
    }
}

/// Lets `?` carry what any operation can fail with into the refusals of a feature, whose variant for it is `Fault`.
#[macro_export]
macro_rules! carries_faults {
    ($refusal:ident) => {
        impl From<$crate::base::db::DbError> for $refusal {
            fn from(error: $crate::base::db::DbError) -> Self {
                Self::Fault(error.into())
            }
        }
    };
}
