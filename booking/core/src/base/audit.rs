//! What operators did and whose data they looked at, on record.

use super::db::{DbError, FromRow, Row, Tx};
use super::{Base, DAY_US, Micros, security};
use crate::{params, statements};

statements! {
    INSERT = "INSERT INTO operator_record (id, at_us, operator_id, action, subject, reason) VALUES ($1, $2, $3, $4, $5, $6)";
    NEWEST = "SELECT r.at_us, r.action, r.subject, r.reason, COALESCE(a.name, '') AS operator
              FROM operator_record r LEFT JOIN account a ON a.id = r.operator_id
              ORDER BY r.at_us DESC, r.id DESC LIMIT $1";
    SWEEP = "DELETE FROM operator_record WHERE at_us < $1";
}

/// How long records are kept.
pub const KEPT_US: Micros = 730 * DAY_US;

/// What an operator did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A call under way was opened.
    CallSeen,
    CaptureStarted,
    AppointmentSeen,
    /// The list of mails, which names their recipients.
    OutboxSeen,
    /// A search for mails to somebody, or about something.
    OutboxSearched,
    MailSeen,
    MailResent,
    PeopleSearched,
    OperatorInvited,
    OperatorMade,
    /// By command on the server: a link that signs an operator in, or makes one.
    LinkMade,
}

impl Action {
    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CallSeen => "call_seen",
            Self::CaptureStarted => "capture_started",
            Self::AppointmentSeen => "appointment_seen",
            Self::OutboxSeen => "outbox_seen",
            Self::OutboxSearched => "outbox_searched",
            Self::MailSeen => "mail_seen",
            Self::MailResent => "mail_resent",
            Self::PeopleSearched => "people_searched",
            Self::OperatorInvited => "operator_invited",
            Self::OperatorMade => "operator_made",
            Self::LinkMade => "link_made",
        }
    }
}

/// One line of the record.
pub struct Recorded {
    pub at: Micros,
    pub operator: String,
    pub action: String,
    pub reason: String,
}

impl FromRow for Recorded {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            at: row.get("at_us")?,
            operator: row.get("operator")?,
            action: row.get("action")?,
            reason: row.get("reason")?,
        })
    }
}

/// Writes a line in the caller's transaction. `subject` is an id; `None` as the operator is the console of the server.
///
/// # Errors
/// When the database fails.
pub async fn write(
    tx: &mut Tx,
    state: &Base,
    operator: Option<&str>,
    action: Action,
    subject: &str,
    reason: &str,
) -> Result<(), DbError> {
    let now = state.now();
    let operator = operator.map(str::to_owned);
    let row = params![
        state.random.id(now),
        now,
        operator.clone(),
        action.name(),
        subject,
        reason
    ];
    tx.execute(INSERT, row).await?;
    security::note_operator(operator.as_deref().unwrap_or_default(), action.name(), subject);
    Ok(())
}

/// Puts a look at somebody's data on record before it is shown.
///
/// # Errors
/// When the database fails.
pub async fn look(state: &Base, operator: &str, action: Action, subject: &str, reason: &str) -> Result<(), DbError> {
    let mut tx = state.db.write().await?;
    write(&mut tx, state, Some(operator), action, subject, reason).await?;
    tx.commit().await
}

/// The newest lines.
///
/// # Errors
/// When the database fails.
pub async fn newest(tx: &mut Tx, at_most: i64) -> Result<Vec<Recorded>, DbError> {
    tx.all(NEWEST, params![at_most]).await
}

/// Deletes what is older than [`KEPT_US`]. Returns how many lines.
///
/// # Errors
/// When the database fails.
pub async fn sweep(state: &Base) -> Result<u64, DbError> {
    let mut tx = state.db.write().await?;
    let gone = tx.execute(SWEEP, params![state.now() - KEPT_US]).await?;
    tx.commit().await?;
    Ok(gone)
}
