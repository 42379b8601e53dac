//! What goes back to consumers: one row a refund, whoever asked for it.

use super::{Refund, RefundState};
use crate::base::Micros;
use crate::base::db::{DbError, Tx};
use crate::{params, statements};

macro_rules! refund_select {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.payment_id, r.currency, r.amount_minor, r.reason, r.state, r.asked_by, r.approved_by, r.reference,
                r.created_us
            FROM refund r ",
            $rest
        )
    };
}

statements! {
    /// id, payment, currency, amount, reason, state, who asked, reference, now
    ADD = "INSERT INTO refund (id, payment_id, currency, amount_minor, reason, state, asked_by, reference, created_us,
               updated_us)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (id) DO NOTHING";
    /// id
    LOAD = refund_select!("WHERE r.id = $1");
    /// payment
    OF_PAYMENT = refund_select!("WHERE r.payment_id = $1 ORDER BY r.created_us, r.id");
    /// appointment
    OF_APPOINTMENT = refund_select!("JOIN payment p ON p.id = r.payment_id WHERE p.appointment_id = $1
                         ORDER BY r.created_us, r.id");
    /// state, limit
    IN_STATE = refund_select!("WHERE r.state = $1 ORDER BY r.created_us, r.id LIMIT $2");
    /// id, state, reference, now
    SET_STATE = "UPDATE refund SET state = $2, reference = COALESCE($3, reference), updated_us = $4 WHERE id = $1";
    /// id, who, state, now: by a second person, once
    DECIDE = "UPDATE refund SET approved_by = $2, state = $3, updated_us = $4 WHERE id = $1 AND state = 'waiting'";
}

/// Puts a refund on record; `false` when it is there already.
///
/// # Errors
/// When the database fails.
pub async fn add(tx: &mut Tx, refund: &Refund) -> Result<bool, DbError> {
    let values = params![
        &refund.id,
        &refund.payment_id,
        refund.amount.currency.as_str(),
        refund.amount.minor,
        &refund.reason,
        refund.state.name(),
        &refund.asked_by,
        refund.reference.clone(),
        refund.created_at,
    ];
    Ok(tx.execute(ADD, values).await? == 1)
}

/// # Errors
/// When the database fails.
pub async fn load(tx: &mut Tx, id: &str) -> Result<Option<Refund>, DbError> {
    tx.optional(LOAD, params![id]).await
}

/// The refunds of a payment, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn of_payment(tx: &mut Tx, payment: &str) -> Result<Vec<Refund>, DbError> {
    tx.all(OF_PAYMENT, params![payment]).await
}

/// The refunds of an appointment, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn of_appointment(tx: &mut Tx, appointment: &str) -> Result<Vec<Refund>, DbError> {
    tx.all(OF_APPOINTMENT, params![appointment]).await
}

/// Refunds that stand in a state, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn in_state(tx: &mut Tx, state: RefundState, at_most: i64) -> Result<Vec<Refund>, DbError> {
    tx.all(IN_STATE, params![state.name(), at_most]).await
}

/// Moves a refund on.
///
/// # Errors
/// When the database fails.
pub async fn set_state(
    tx: &mut Tx,
    id: &str,
    state: RefundState,
    reference: Option<&str>,
    now: Micros,
) -> Result<(), DbError> {
    tx.execute(SET_STATE, params![id, state.name(), reference, now])
        .await
        .map(drop)
}

/// The second person's word; `false` when somebody was faster.
///
/// # Errors
/// When the database fails.
pub async fn decide(tx: &mut Tx, id: &str, who: &str, state: RefundState, now: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(DECIDE, params![id, who, state.name(), now]).await? == 1)
}
