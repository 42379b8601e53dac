//! What of the money waits for somebody: refunds that a second person decides about, refunds that failed, and calls to
//! payment providers that bring no answer.

use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::{DAY_US, MINUTE_US, Micros};
use crate::billing::RefundState;
use crate::{is_held_op, params, statements};

/// A failed refund that nobody asked for again is shown for so long.
const FAILED_FOR_US: Micros = 90 * DAY_US;
/// A call to a provider that has brought no answer for so long is shown.
const STUCK_AFTER_US: Micros = 15 * MINUTE_US;
/// Rows of each list.
const SHOWN_MAX: i64 = 200;

/// Failed, lately, and not asked for again since. `$1` is since when.
macro_rules! failed_refund {
    () => {
        "r.state = 'failed' AND r.updated_us >= $1 AND NOT EXISTS (SELECT 1 FROM refund n JOIN payment q ON q.id = n.payment_id
            WHERE q.appointment_id = p.appointment_id AND n.created_us >= r.updated_us AND n.state NOT IN ('failed', 'declined'))"
    };
}

/// A refund with whom it is about; `r` and `p` are the refund and its payment.
macro_rules! listed_refund {
    ($rest:expr) => {
        concat!(
            "SELECT r.id, p.appointment_id, o.name AS org_name, r.currency, r.amount_minor, r.reason, r.state, r.asked_by,
                COALESCE(a.name, '') AS asked_by_name, r.created_us, r.updated_us
            FROM refund r JOIN payment p ON p.id = r.payment_id JOIN appointment t ON t.id = p.appointment_id
            JOIN org o ON o.id = t.org_id LEFT JOIN account a ON a.id = r.asked_by WHERE ",
            $rest
        )
    };
}

statements! {
    /// limit
    WAITING = listed_refund!("r.state = 'waiting' ORDER BY r.created_us, r.id LIMIT $1");
    /// since, limit
    FAILED = concat!(listed_refund!(""), failed_refund!(), " ORDER BY r.updated_us, r.id LIMIT $2");
    /// created before, limit
    STUCK = concat!("SELECT o.kind, o.amount_minor, p.currency, p.psp, p.appointment_id, o.attempts, COALESCE(o.error, '') AS error,
                o.created_us, o.next_try_us
            FROM payment_op o JOIN payment p ON p.id = o.payment_id
            WHERE o.state = 'pending' AND o.created_us <= $1 AND NOT ", is_held_op!(), " ORDER BY o.created_us, o.id LIMIT $2");
    /// failed since, calls created before: rows of all lists; parts of one refund count once
    COUNT = concat!("SELECT CAST((SELECT COUNT(*) FROM refund w WHERE w.state = 'waiting' AND w.id NOT LIKE '%:%')
            + (SELECT COUNT(*) FROM refund r JOIN payment p ON p.id = r.payment_id WHERE p.appointment_id IS NOT NULL AND ",
        failed_refund!(), ")
            + (SELECT COUNT(*) FROM payment_op o WHERE o.state = 'pending' AND o.created_us <= $2 AND NOT ", is_held_op!(), ")
            + (SELECT COUNT(*) FROM money_difference) AS BIGINT)");
}

/// A refund in one of the lists.
#[derive(Debug, Clone)]
pub struct ListedRefund {
    pub id: String,
    pub appointment_id: String,
    pub org_name: String,
    pub currency: String,
    pub amount_minor: i64,
    pub reason: String,
    pub state: RefundState,
    /// Account id; empty where somebody did it at the provider's own pages.
    pub asked_by: String,
    /// Empty, too, where the account was erased.
    pub asked_by_name: String,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl FromRow for ListedRefund {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            appointment_id: row.get("appointment_id")?,
            org_name: row.get("org_name")?,
            currency: row.get("currency")?,
            amount_minor: row.get("amount_minor")?,
            reason: row.get("reason")?,
            state: row.parse("state")?,
            asked_by: row.get("asked_by")?,
            asked_by_name: row.get("asked_by_name")?,
            created_at: row.get("created_us")?,
            updated_at: row.get("updated_us")?,
        })
    }
}

/// A call to a provider that goes on without an answer.
#[derive(Debug, Clone)]
pub struct StuckCall {
    pub kind: String,
    pub amount_minor: i64,
    pub currency: String,
    pub psp: String,
    pub appointment_id: Option<String>,
    pub attempts: i64,
    /// Of the last try; empty where it was cut short.
    pub error: String,
    pub created_at: Micros,
    pub next_try_at: Micros,
}

impl FromRow for StuckCall {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            kind: row.get("kind")?,
            amount_minor: row.get("amount_minor")?,
            currency: row.get("currency")?,
            psp: row.get("psp")?,
            appointment_id: row.get("appointment_id")?,
            attempts: row.get("attempts")?,
            error: row.get("error")?,
            created_at: row.get("created_us")?,
            next_try_at: row.get("next_try_us")?,
        })
    }
}

/// Refunds for a second person to decide about, each part of one by itself, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn waiting_refunds(tx: &mut Tx) -> Result<Vec<ListedRefund>, DbError> {
    tx.all(WAITING, params![SHOWN_MAX]).await
}

/// Refunds that failed or came back, and were not asked for again.
///
/// # Errors
/// When the database fails.
pub async fn failed_refunds(tx: &mut Tx, now: Micros) -> Result<Vec<ListedRefund>, DbError> {
    tx.all(FAILED, params![now - FAILED_FOR_US, SHOWN_MAX]).await
}

/// Calls to providers that bring no answer.
///
/// # Errors
/// When the database fails.
pub async fn stuck_calls(tx: &mut Tx, now: Micros) -> Result<Vec<StuckCall>, DbError> {
    tx.all(STUCK, params![now - STUCK_AFTER_US, SHOWN_MAX]).await
}

/// How much there is to look at in all.
///
/// # Errors
/// When the database fails.
pub async fn count_waiting(tx: &mut Tx, now: Micros) -> Result<i64, DbError> {
    tx.one(COUNT, params![now - FAILED_FOR_US, now - STUCK_AFTER_US]).await
}
