//! Outgoing calls to the payment provider, put on record in the transaction that wants them.

use super::payment::{PaymentEvent, PaymentState};
use super::queries::{self, NewOp, NewPayment};
use super::{BillingError, OpKind, Refund, Result};
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
    let is_held = payment.state.reserved_minor().is_some() || payment.state == PaymentState::Saved;
    if !is_held && payment.state != PaymentState::NeedsConfirmation {
        return Ok(None);
    }
    if is_held {
        let next = payment.state.handle(event)?;
        queries::save_payment(tx, &payment.id, next, None, now).await?;
    }
    let id = state.random.id(now);
    // What was asked for in vain before is asked for again later and later.
    let due = match queries::asked_before(tx, &payment.id, kind).await? {
        0 => now,
        tries => now + backoff(tries),
    };
    let op = NewOp {
        id: &id,
        payment_id: &payment.id,
        kind,
        amount_minor,
        due,
        refund_id: None,
    };
    queries::add_op(tx, &op, now).await?;
    Ok(Some(id))
}

/// Records a payment that its provider is to be asked for from `due` on. Returns the operation's id; `None` when this attempt of the hold
/// is there already.
///
/// # Errors
/// When the database fails.
pub async fn request_payment(state: &Base, tx: &mut Tx, new: &NewPayment<'_>, due: Micros) -> Result<Option<String>> {
    let now = state.now();
    if !queries::add_payment(tx, new, now).await? {
        return Ok(None);
    }
    let id = state.random.id(now);
    let op = NewOp {
        id: &id,
        payment_id: new.id,
        kind: OpKind::Authorise,
        amount_minor: new.amount.minor,
        due,
        refund_id: None,
    };
    queries::add_op(tx, &op, now).await?;
    Ok(Some(id))
}

/// Records that a refund is to be asked of the provider. Returns the operation's id.
///
/// # Errors
/// When the database fails.
pub async fn request_refund(state: &Base, tx: &mut Tx, refund: &Refund) -> Result<String> {
    let now = state.now();
    let id = state.random.id(now);
    let op = NewOp {
        id: &id,
        payment_id: &refund.payment_id,
        kind: OpKind::Refund,
        amount_minor: refund.amount.minor,
        due: now,
        refund_id: Some(&refund.id),
    };
    queries::add_op(tx, &op, now).await?;
    Ok(id)
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
