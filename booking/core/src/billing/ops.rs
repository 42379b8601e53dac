//! Outgoing calls to the payment provider, put on record in the transaction that wants them.

use super::payment::{PaymentEvent, PaymentState};
use super::{BillingError, Result};
use super::{OpKind, queries};
use crate::base::db::Tx;
use crate::base::{Base, MINUTE_US, Micros};

/// Waits between tries: one minute, four, sixteen, and so on to four hours.
pub fn backoff(tries: i64) -> Micros {
    let exponent = u32::try_from(tries.clamp(0, 8)).expect("clamped");
    (MINUTE_US * 4_i64.pow(exponent)).min(240 * MINUTE_US)
}

/// Records that `amount_minor` is to be captured. Returns the operation's id; `None` when nothing is reserved.
pub async fn request_capture(state: &Base, tx: &mut Tx, payment: &str, amount_minor: i64) -> Result<Option<String>> {
    request(
        state,
        tx,
        payment,
        OpKind::Capture,
        amount_minor,
        PaymentEvent::CaptureSent { amount_minor },
    )
    .await
}

/// Records that what is reserved is to be released. Returns the operation's id; `None` when nothing is reserved.
pub async fn request_release(state: &Base, tx: &mut Tx, payment: &str) -> Result<Option<String>> {
    request(state, tx, payment, OpKind::Release, 0, PaymentEvent::ReleaseSent).await
}

async fn request(
    state: &Base,
    tx: &mut Tx,
    payment: &str,
    kind: OpKind,
    amount_minor: i64,
    event: PaymentEvent,
) -> Result<Option<String>> {
    let now = state.now();
    let payment = queries::lock_payment(tx, payment)
        .await?
        .ok_or(BillingError::NoPayment)?;
    if payment.state.reserved_minor().is_none() && payment.state != PaymentState::NeedsConfirmation {
        return Ok(None);
    }
    if payment.state.reserved_minor().is_some() {
        let next = payment.state.handle(event)?;
        queries::save_payment(tx, &payment.id, next, None, now).await?;
    }
    let id = state.random.id(now);
    queries::add_op(tx, &id, &payment.id, kind, amount_minor, now, now).await?;
    Ok(Some(id))
}

/// Records that what an appointment's payment has reserved is to be released; the ids of the operations to run.
///
/// # Errors
/// When the database fails.
pub async fn release_payment_of(state: &Base, tx: &mut Tx, appointment: &str) -> Result<Vec<String>> {
    let Some(payment) = queries::of_appointment(tx, appointment).await? else {
        return Ok(Vec::new());
    };
    Ok(request_release(state, tx, &payment.id).await?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_four_hours() {
        let minutes: Vec<i64> = (0..5).map(|tries| backoff(tries) / MINUTE_US).collect();
        assert_eq!(minutes, [1, 4, 16, 64, 240]);
    }
}
