//! What an operator keeps from being deleted, whatever its age: everything about an account, or one appointment, while a
//! dispute or a case in court goes on.

use super::run::LOCK;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::{Base, Micros, fields};
use crate::{is_kept_back, params, statements};

statements! {
    /// e-mail in normal form
    ACCOUNT = "SELECT id FROM account WHERE email_norm = $1 AND erased_us IS NULL";
    APPOINTMENT = "SELECT id FROM appointment WHERE id = $1";
    /// appointment or nothing, account or nothing: whether its files are being deleted at this moment
    LEAVING = "SELECT COUNT(*) FROM retention_file f JOIN appointment a ON a.id = f.appointment_id
        WHERE a.id = $1 OR a.consumer_id = $2 OR a.member_id IN (SELECT m.id FROM member m WHERE m.account_id = $2)";
    /// id, account, appointment, reason, now
    PLACE = "INSERT INTO retention_hold (id, account_id, appointment_id, reason, placed_us) VALUES ($1, $2, $3, $4, $5)";
    /// id, now
    LIFT = "UPDATE retention_hold SET lifted_us = $2 WHERE id = $1 AND lifted_us IS NULL";
    /// account: whether anything about it is kept back
    KEEPS = concat!("SELECT COUNT(*) FROM account c WHERE c.id = $1 AND ", is_kept_back!());
    /// limit
    OPEN = "SELECT h.id, h.account_id, h.appointment_id, h.reason, h.placed_us, COALESCE(a.email, '') AS email
        FROM retention_hold h LEFT JOIN account a ON a.id = h.account_id
        WHERE h.lifted_us IS NULL ORDER BY h.placed_us DESC, h.id DESC LIMIT $1";
    /// hold: those whose data it is about
    PEOPLE = "SELECT h.account_id FROM retention_hold h WHERE h.id = $1 AND h.account_id IS NOT NULL
        UNION SELECT s.account_id FROM retention_hold h JOIN seat s ON s.appointment_id = h.appointment_id WHERE h.id = $1";
}

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Account(String),
    Appointment(String),
}

/// A hold that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalHold {
    pub id: String,
    pub subject: Subject,
    /// Address of the account; empty at an appointment.
    pub email: String,
    pub reason: String,
    pub placed_at: Micros,
}

impl FromRow for LegalHold {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let account: Option<String> = row.get("account_id")?;
        let appointment: Option<String> = row.get("appointment_id")?;
        Ok(Self {
            id: row.get("id")?,
            subject: match account {
                Some(id) => Subject::Account(id),
                None => Subject::Appointment(appointment.unwrap_or_default()),
            },
            email: row.get("email")?,
            reason: row.get("reason")?,
            placed_at: row.get("placed_us")?,
        })
    }
}

/// What somebody means by an e-mail address, the id of an appointment or the address of its page.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, typed: &str) -> Result<Option<Subject>, DbError> {
    let typed = typed.trim();
    if typed.contains('@') {
        let account: Option<String> = tx.optional(ACCOUNT, params![fields::email_norm(typed)]).await?;
        return Ok(account.map(Subject::Account));
    }
    let last = typed.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let appointment: Option<String> = tx.optional(APPOINTMENT, params![last]).await?;
    Ok(appointment.map(Subject::Appointment))
}

/// Keeps something back from now on. `None` when it is being deleted at this moment. Returns the id of the hold.
///
/// # Errors
/// When the database fails.
pub async fn place(tx: &mut Tx, state: &Base, subject: &Subject, reason: &str) -> Result<Option<String>, DbError> {
    let (account, appointment) = match subject {
        Subject::Account(id) => (Some(id.as_str()), None),
        Subject::Appointment(id) => (None, Some(id.as_str())),
    };
    tx.execute(LOCK, params![]).await?;
    let leaving: i64 = tx.one(LEAVING, params![appointment, account]).await?;
    if leaving > 0 {
        return Ok(None);
    }
    let now = state.now();
    let id = state.random.id(now);
    tx.execute(PLACE, params![&id, account, appointment, reason, now])
        .await?;
    Ok(Some(id))
}

/// Lifts a hold; reports from before still keep what it kept. `false` when there is none in force.
///
/// # Errors
/// When the database fails.
pub async fn lift(tx: &mut Tx, id: &str, now: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(LIFT, params![id, now]).await? == 1)
}

/// The holds in force, newest first.
///
/// # Errors
/// When the database fails.
pub async fn open(tx: &mut Tx, at_most: i64) -> Result<Vec<LegalHold>, DbError> {
    tx.all(OPEN, params![at_most]).await
}

/// Whether anything about an account is kept back: then it is not erased.
///
/// # Errors
/// When the database fails.
pub async fn keeps(tx: &mut Tx, account: &str) -> Result<bool, DbError> {
    let kept: i64 = tx.one(KEEPS, params![account]).await?;
    Ok(kept > 0)
}

/// The accounts that a hold is about.
///
/// # Errors
/// When the database fails.
pub async fn people(tx: &mut Tx, id: &str) -> Result<Vec<String>, DbError> {
    tx.all(PEOPLE, params![id]).await
}
