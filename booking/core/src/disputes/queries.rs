//! All SQL of disputes.

use super::{Dispute, DisputeState, Entry, EntryKind, Side};
use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::{params, statements};

macro_rules! dispute_select {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.appointment_id, d.opened_by, d.side, d.state, d.currency, d.offer_minor, d.offered_by, d.refund_minor,
                d.refund_id, d.opened_us, d.answered_us, d.closed_us
            FROM dispute d ",
            $rest
        )
    };
}

/// A dispute `d` that is open.
macro_rules! is_open {
    () => {
        "d.state IN ('opened', 'answered', 'deciding')"
    };
}

statements! {
    /// id, appointment, who, side, currency, now
    ADD = "INSERT INTO dispute (id, appointment_id, opened_by, side, state, currency, opened_us) VALUES ($1, $2, $3, $4, 'opened', $5, $6)";
    /// appointment, oldest first
    OF_APPOINTMENT = dispute_select!("WHERE d.appointment_id = $1 ORDER BY d.opened_us, d.id");
    /// act of asking for a refund
    OF_REFUND = dispute_select!("WHERE d.refund_id = $1");
    /// id, state before and after, answered, closed
    MOVE = "UPDATE dispute SET state = $3, answered_us = COALESCE(answered_us, $4), closed_us = $5 WHERE id = $1 AND state = $2";
    /// id, amount, who
    OFFER = "UPDATE dispute SET offer_minor = $2, offered_by = $3 WHERE id = $1";
    /// id, amount, who, act of asking for the refund
    DECIDE = "UPDATE dispute SET refund_minor = $2, decided_by = $3, refund_id = $4 WHERE id = $1";
    /// id, dispute, appointment, kind, side, who, source, body, amount, now
    ADD_ENTRY = "INSERT INTO dispute_entry (id, dispute_id, appointment_id, kind, side, account_id, source, body, amount_minor, at_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// dispute
    ENTRIES = "SELECT id, kind, side, account_id, source, body, amount_minor, at_us FROM dispute_entry WHERE dispute_id = $1
        ORDER BY at_us, id LIMIT 500";
    /// limit: those that are open, oldest first
    OPEN = concat!("SELECT d.id, d.appointment_id, d.state, d.side, d.currency, d.offer_minor, d.opened_us, o.name AS org_name, a.title,
            (SELECT CAST(COALESCE(SUM(p.captured_minor - p.refunded_minor), 0) AS BIGINT) FROM payment p
                WHERE p.appointment_id = a.id AND p.state IN ('captured', 'refunded')) AS held_minor,
            (SELECT MAX(e.at_us) FROM dispute_entry e WHERE e.dispute_id = d.id) AS last_us
        FROM dispute d JOIN appointment a ON a.id = d.appointment_id JOIN org o ON o.id = a.org_id
        WHERE ", is_open!(), " ORDER BY d.opened_us, d.id LIMIT $1");
    /// limit: those that are over, newest first
    CLOSED = "SELECT d.id, d.appointment_id, d.state, d.side, d.currency, d.refund_minor AS offer_minor, d.opened_us,
            o.name AS org_name, a.title, CAST(0 AS BIGINT) AS held_minor, d.closed_us AS last_us
        FROM dispute d JOIN appointment a ON a.id = d.appointment_id JOIN org o ON o.id = a.org_id
        WHERE d.state IN ('decided', 'withdrawn') ORDER BY d.closed_us DESC, d.id DESC LIMIT $1";
    COUNT_OPEN = concat!("SELECT COUNT(*) FROM dispute d WHERE ", is_open!());
}

/// A dispute in the operators' list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDispute {
    pub appointment_id: String,
    pub org_name: String,
    pub title: String,
    pub side: Side,
    pub state: DisputeState,
    pub currency: String,
    /// What the business offers, or what was decided, minor units.
    pub amount_minor: Option<i64>,
    /// What was taken for the appointment and is held, minor units.
    pub held_minor: i64,
    pub opened_at: Micros,
    /// When something was said last, or it ended.
    pub last_at: Option<Micros>,
}

impl FromRow for ListedDispute {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            appointment_id: row.get("appointment_id")?,
            org_name: row.get("org_name")?,
            title: row.get("title")?,
            side: row.parse("side")?,
            state: row.parse("state")?,
            currency: row.get("currency")?,
            amount_minor: row.get("offer_minor")?,
            held_minor: row.get("held_minor")?,
            opened_at: row.get("opened_us")?,
            last_at: row.get("last_us")?,
        })
    }
}

/// An entry that is to be added.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    pub kind: EntryKind,
    pub side: Side,
    pub account_id: &'a str,
    pub source: &'a str,
    pub body: &'a str,
    pub amount_minor: Option<i64>,
}

/// Opens a dispute.
///
/// # Errors
/// [`DbError::Unique`] where one is open.
pub async fn add(tx: &mut Tx, dispute: &Dispute) -> Result<(), DbError> {
    let row = params![
        &dispute.id,
        &dispute.appointment_id,
        &dispute.opened_by,
        dispute.side.name(),
        dispute.currency.as_str(),
        dispute.opened_at,
    ];
    tx.execute(ADD, row).await.map(drop)
}

/// The disputes of an appointment, oldest first; only the last one can be open.
///
/// # Errors
/// When the database fails.
pub async fn of_appointment(tx: &mut Tx, appointment: &str) -> Result<Vec<Dispute>, DbError> {
    tx.all(OF_APPOINTMENT, params![appointment]).await
}

/// The dispute that holds the money of an appointment, if one does.
///
/// # Errors
/// When the database fails.
pub async fn open_of(tx: &mut Tx, appointment: &str) -> Result<Option<Dispute>, DbError> {
    let all = of_appointment(tx, appointment).await?;
    Ok(all.into_iter().find(|dispute| dispute.state.is_open()))
}

/// The dispute that an act of asking for a refund came of.
///
/// # Errors
/// When the database fails.
pub async fn of_refund(tx: &mut Tx, ask: &str) -> Result<Option<Dispute>, DbError> {
    tx.optional(OF_REFUND, params![ask]).await
}

/// Moves a dispute on from the state in which it was read; `false` when somebody was faster.
///
/// # Errors
/// When the database fails.
pub async fn move_on(tx: &mut Tx, dispute: &Dispute, next: DisputeState, now: Micros) -> Result<bool, DbError> {
    let answered = (next == DisputeState::Answered).then_some(now);
    let closed = (!next.is_open()).then_some(now);
    let row = params![&dispute.id, dispute.state.name(), next.name(), answered, closed];
    Ok(tx.execute(MOVE, row).await? == 1)
}

/// Puts an offer of the business on record, in place of the one before.
///
/// # Errors
/// When the database fails.
pub async fn set_offer(tx: &mut Tx, id: &str, minor: i64, who: &str) -> Result<(), DbError> {
    tx.execute(OFFER, params![id, minor, who]).await.map(drop)
}

/// Puts on record what is paid back, who decided it, and the act of asking for it; or takes all of it off.
///
/// # Errors
/// When the database fails.
pub async fn set_decision(
    tx: &mut Tx,
    id: &str,
    minor: Option<i64>,
    who: Option<&str>,
    ask: Option<&str>,
) -> Result<(), DbError> {
    tx.execute(DECIDE, params![id, minor, who, ask]).await.map(drop)
}

/// Adds an entry.
///
/// # Errors
/// When the database fails.
pub async fn add_entry(
    tx: &mut Tx,
    id: &str,
    dispute: &Dispute,
    new: &NewEntry<'_>,
    now: Micros,
) -> Result<(), DbError> {
    let row = params![
        id,
        &dispute.id,
        &dispute.appointment_id,
        new.kind.name(),
        new.side.name(),
        new.account_id,
        new.source,
        new.body,
        new.amount_minor,
        now,
    ];
    tx.execute(ADD_ENTRY, row).await.map(drop)
}

/// What was said and done, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn entries(tx: &mut Tx, dispute: &str) -> Result<Vec<Entry>, DbError> {
    tx.all(ENTRIES, params![dispute]).await
}

/// Disputes that are open, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn open(tx: &mut Tx, at_most: i64) -> Result<Vec<ListedDispute>, DbError> {
    tx.all(OPEN, params![at_most]).await
}

/// Disputes that are over, newest first.
///
/// # Errors
/// When the database fails.
pub async fn closed(tx: &mut Tx, at_most: i64) -> Result<Vec<ListedDispute>, DbError> {
    tx.all(CLOSED, params![at_most]).await
}

/// How many are open.
///
/// # Errors
/// When the database fails.
pub async fn count_open(tx: &mut Tx) -> Result<i64, DbError> {
    tx.one(COUNT_OPEN, params![]).await
}
