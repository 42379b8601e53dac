//! The security log: lines with the target `security` about who came in, who was turned away and who looked at whose data.
//!
//! A line names an account by its id and a network by its first part. Names, addresses, passwords, tokens and what somebody
//! typed are never in it. `docs/operations.md` lists the events.

use super::actor::Requester;

/// The target of the lines, for filters of the log.
pub const TARGET: &str = "security";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityEvent {
    SignedIn,
    /// The password did not fit, or there is no such account.
    SignInFailed,
    SignedOut,
    /// Somebody ended sessions of their own.
    SessionsEnded,
    ResetAsked,
    /// By a link.
    PasswordReset,
    PasswordChanged,
    EmailChangeAsked,
    EmailChanged,
    DeletionAsked,
    DeletionUndone,
    /// Another site's page sent a form in somebody's name.
    OriginRefused,
    /// The media API did not take a partner's key or a participant's ticket.
    KeyRefused,
    /// Somebody used up their tries.
    LimitReached,
    /// An operator did something that is on record: see [`super::audit`].
    OperatorActed,
}

impl SecurityEvent {
    pub const ALL: [Self; 15] = [
        Self::SignedIn,
        Self::SignInFailed,
        Self::SignedOut,
        Self::SessionsEnded,
        Self::ResetAsked,
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::EmailChangeAsked,
        Self::EmailChanged,
        Self::DeletionAsked,
        Self::DeletionUndone,
        Self::OriginRefused,
        Self::KeyRefused,
        Self::LimitReached,
        Self::OperatorActed,
    ];

    /// The name in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::SignInFailed => "sign_in_failed",
            Self::SignedOut => "signed_out",
            Self::SessionsEnded => "sessions_ended",
            Self::ResetAsked => "reset_asked",
            Self::PasswordReset => "password_reset",
            Self::PasswordChanged => "password_changed",
            Self::EmailChangeAsked => "email_change_asked",
            Self::EmailChanged => "email_changed",
            Self::DeletionAsked => "deletion_asked",
            Self::DeletionUndone => "deletion_undone",
            Self::OriginRefused => "origin_refused",
            Self::KeyRefused => "key_refused",
            Self::LimitReached => "limit_reached",
            Self::OperatorActed => "operator_acted",
        }
    }

    /// Whether somebody was turned away: those lines are warnings.
    fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::SignInFailed | Self::OriginRefused | Self::KeyRefused | Self::LimitReached
        )
    }
}

/// Writes a line. `account` is an id, or empty where there is none.
pub fn note(event: SecurityEvent, account: &str, requester: &Requester) {
    let (event, refused) = (event.name(), event.is_refusal());
    let network = requester.ip_prefix();
    if refused {
        tracing::warn!(target: TARGET, event, account, network, "turned away");
    } else {
        tracing::info!(target: TARGET, event, account, network, "done");
    }
}

/// Writes a line about a request that got no further than the door. `route` is the pattern of its address.
pub fn note_refused(event: SecurityEvent, route: &str, network: &str) {
    let event = event.name();
    tracing::warn!(target: TARGET, event, route, network, "turned away");
}

/// Writes a line about an operator. `subject` is the id of what it was about, or empty.
pub fn note_operator(operator: &str, action: &str, subject: &str) {
    let event = SecurityEvent::OperatorActed.name();
    tracing::info!(target: TARGET, event, account = operator, action, subject, "done");
}
