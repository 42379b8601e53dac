//! Outgoing calls to the payment provider: recorded, claimed, made, and their result folded into the payment.

use super::checkout;
use super::fold::fold_status;
use crate::appointments::{self, AppointmentMail, PartyRole};
use crate::base::Fault;
use crate::base::db::Tx;
use crate::base::money::Money;
use crate::base::outbox;
use crate::base::{MINUTE_US, Micros};
use crate::billing::payment::{DeclineReason, PaymentEvent, PaymentState, ProviderStatus};
use crate::billing::provider::{ProviderError, ProviderPayment};
use crate::billing::{
    BillingError, Op, OpKind, Payment, backoff, mail_money, money_of, queries, record_amount, request_release,
};
use crate::state::AppState;

/// Tries of a capture or release before it is left to the operator.
pub(super) const TRIES_MAX: i64 = 5;
/// While somebody makes a call, nobody else makes it; after that the call counts as interrupted.
const LEASE_US: Micros = MINUTE_US;
/// Operations or payments that one round of a job looks at.
const BATCH_MAX: i64 = 100;
/// A payment without an appointment is given back this long after its hold ran out.
const STRANDED_AFTER_US: Micros = 2 * MINUTE_US;

type Result<T> = std::result::Result<T, BillingError>;

/// Makes recorded calls now instead of waiting for the job; what fails stays recorded and the job goes on with it.
pub async fn run_operations(state: &AppState, ops: &[String]) {
    for op in ops {
        if let Err(error) = run_operation(state, op).await {
            tracing::warn!(op, %error, "a call to the payment provider is left to the job");
        }
    }
}

/// Makes the calls that are due, and finishes bookings whose payment came through only now.
///
/// # Errors
/// When the database fails.
pub async fn run_due_operations(state: &AppState) -> Result<()> {
    let due = queries::due_ops(&mut state.db.read().await?, state.now(), BATCH_MAX).await?;
    for id in due {
        if let Err(error) = run_and_finish(state, &id).await {
            tracing::error!(op = id, %error, "a call to the payment provider failed");
        }
    }
    Ok(())
}

async fn run_and_finish(state: &AppState, op: &str) -> Result<()> {
    run_operation(state, op).await?;
    let mut tx = state.db.read().await?;
    let Some(op) = queries::op(&mut tx, op).await? else {
        return Ok(());
    };
    let payment = queries::payment(&mut tx, &op.payment_id)
        .await?
        .ok_or(BillingError::NoPayment)?;
    drop(tx);
    let authorised = matches!(payment.state, PaymentState::Authorised { .. });
    if op.kind == OpKind::Authorise && authorised && payment.appointment_id.is_none() {
        checkout::finish_late(state, &payment).await?;
    }
    Ok(())
}

/// Makes one recorded call, if it is due and nobody else is making it, and folds the result in.
pub(super) async fn run_operation(state: &AppState, id: &str) -> Result<()> {
    let now = state.now();
    let mut tx = state.db.write().await?;
    if !queries::claim_op(&mut tx, id, now, now + LEASE_US).await? {
        return Ok(());
    }
    let op = queries::op(&mut tx, id).await?.ok_or(BillingError::NoPayment)?;
    let payment = queries::lock_payment(&mut tx, &op.payment_id)
        .await?
        .ok_or(BillingError::NoPayment)?;
    let event = PaymentEvent::CaptureSent {
        amount_minor: op.amount_minor,
    };
    if op.kind == OpKind::Capture && payment.state.reserved_minor().is_some() {
        queries::save_payment(&mut tx, &payment.id, payment.state.handle(event)?, None, now).await?;
    }
    tx.commit().await?;
    let result = ask_provider(state, &op, &payment).await;
    let recorded = record_answer(state, &op, result).await;
    state.provider_answered.notify_waiters();
    recorded
}

/// The call itself. One that was interrupted before is first looked up, and every refusal is checked against the truth.
async fn ask_provider(
    state: &AppState,
    op: &Op,
    payment: &Payment,
) -> std::result::Result<ProviderPayment, ProviderError> {
    let provider = &state.payments;
    let amount = Money::new(op.amount_minor, payment.amount.currency);
    let known = if op.attempts > 1 || payment.reference.is_none() {
        provider.lookup(&payment.id).await?
    } else {
        None
    };
    let reference = known
        .as_ref()
        .map(|seen| &seen.reference)
        .or(payment.reference.as_ref());
    let answer = match (op.kind, reference) {
        (OpKind::Authorise, Some(_)) if known.is_some() => return Ok(known.expect("just looked at")),
        (OpKind::Authorise, _) if !is_still_wanted(state, op, payment).await => {
            return Err(ProviderError::Refused("not sent: the hold is over".into()));
        }
        (OpKind::Authorise, _) => {
            provider
                .authorise(&op.id, &payment.id, &payment.method.token, amount)
                .await
        }
        (OpKind::Capture, Some(reference)) => provider.capture(&op.id, reference, amount).await,
        (OpKind::Release, Some(reference)) => provider.release(&op.id, reference).await,
        (OpKind::Capture | OpKind::Release, None) => {
            Err(ProviderError::Refused("the provider knows no such payment".into()))
        }
    };
    match answer {
        Err(ProviderError::Refused(reason)) if op.kind != OpKind::Authorise => {
            match provider.lookup(&payment.id).await? {
                Some(seen) if has_effect(op.kind, seen.status) => Ok(seen),
                Some(_) | None => Err(ProviderError::Refused(reason)),
            }
        }
        answer => answer,
    }
}

/// An authorisation that was interrupted before it reached the provider is sent only while its slot is held.
async fn is_still_wanted(state: &AppState, op: &Op, payment: &Payment) -> bool {
    if op.attempts <= 1 {
        return true;
    }
    let Ok(mut tx) = state.db.read().await else {
        return false;
    };
    let hold = appointments::load_hold_any(&mut tx, &payment.hold_id).await;
    hold.is_ok_and(|hold| hold.is_live(state.now()))
}

/// Whether a status is what an operation was for.
fn has_effect(kind: OpKind, status: ProviderStatus) -> bool {
    match status {
        ProviderStatus::NeedsConfirmation | ProviderStatus::Authorised { .. } => kind == OpKind::Authorise,
        ProviderStatus::Declined(_) | ProviderStatus::Released => kind != OpKind::Capture,
        ProviderStatus::Captured { .. } | ProviderStatus::Refunded { .. } => kind == OpKind::Capture,
    }
}

async fn record_answer(
    state: &AppState,
    op: &Op,
    result: std::result::Result<ProviderPayment, ProviderError>,
) -> Result<()> {
    let now = state.now();
    let mut tx = state.db.write().await?;
    let payment = lock_with_appointment(&mut tx, &op.payment_id).await?;
    match result {
        Ok(seen) => {
            fold_status(state, &mut tx, &payment, &seen).await?;
            if has_effect(op.kind, seen.status) {
                queries::end_op(&mut tx, &op.id, "done", None, now).await?;
            } else {
                record_refusal(state, &mut tx, op, &payment, "the provider did something else").await?;
            }
        }
        Err(ProviderError::Refused(reason)) => record_refusal(state, &mut tx, op, &payment, &reason).await?,
        Err(ProviderError::Unknown(reason)) => {
            queries::delay_op(&mut tx, &op.id, now + backoff(op.attempts - 1), &reason).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// Locks a payment, and its appointment first: everybody takes the two rows in that order.
async fn lock_with_appointment(tx: &mut Tx, payment: &str) -> Result<Payment> {
    let unlocked = queries::payment(tx, payment).await?.ok_or(BillingError::NoPayment)?;
    if let Some(appointment) = &unlocked.appointment_id {
        appointments::lock(tx, appointment).await?;
    }
    queries::lock_payment(tx, payment).await?.ok_or(BillingError::NoPayment)
}

/// A definite no. A refused capture or release is tried again later, under a new key, a few times.
async fn record_refusal(state: &AppState, tx: &mut Tx, op: &Op, payment: &Payment, reason: &str) -> Result<()> {
    let now = state.now();
    queries::end_op(tx, &op.id, "failed", Some(reason), now).await?;
    let again = op.seq + 1 < TRIES_MAX;
    match op.kind {
        OpKind::Authorise => {
            let why = if op.attempts > 1 {
                DeclineReason::NotSent
            } else {
                DeclineReason::Declined
            };
            let next = payment
                .state
                .handle(PaymentEvent::Observed(ProviderStatus::Declined(why)))?;
            queries::save_payment(tx, &payment.id, next, None, now).await?;
            return Ok(());
        }
        OpKind::Capture => {
            let next = payment.state.handle(PaymentEvent::CaptureRefused)?;
            queries::save_payment(tx, &payment.id, next, None, now).await?;
            if !again {
                give_up_capture(state, tx, op, payment).await?;
            }
        }
        OpKind::Release => {}
    }
    if again {
        let id = state.random.id(now);
        queries::add_op(
            tx,
            &id,
            &payment.id,
            op.kind,
            op.amount_minor,
            now + backoff(op.seq),
            now,
        )
        .await?;
    }
    Ok(())
}

/// The capture failed for good: the consumer still owes the amount, and both the consumer and the operator learn it.
async fn give_up_capture(state: &AppState, tx: &mut Tx, op: &Op, payment: &Payment) -> Result<()> {
    let Some(appointment) = &payment.appointment_id else {
        return Ok(());
    };
    let currency = payment.amount.currency;
    record_amount(
        state,
        tx,
        appointment,
        "charge_failed",
        op.amount_minor,
        currency.as_str(),
    )
    .await?;
    let appointment = appointments::load_any(tx, appointment).await?;
    let view = money_of(tx, &appointment.id).await?;
    let money = mail_money(&appointment, &view);
    let message = appointments::appointment_mail(
        state,
        &appointment,
        PartyRole::Consumer,
        &AppointmentMail::PaymentFailed,
        &money,
    );
    if let Some(message) = message {
        outbox::enqueue(state, tx, &message).await?;
    }
    Ok(())
}

/// Gives back what was reserved for holds that never became appointments.
///
/// # Errors
/// When the database fails.
pub async fn release_stranded(state: &AppState) -> Result<()> {
    let now = state.now();
    let stranded = queries::stranded(&mut state.db.read().await?, now, STRANDED_AFTER_US, BATCH_MAX).await?;
    for id in stranded {
        match request_stranded(state, &id).await {
            Ok(ops) => run_operations(state, &ops).await,
            Err(error) => {
                tracing::error!(payment = id, %error, "what was reserved for no appointment is still reserved")
            }
        }
    }
    Ok(())
}

/// Puts the release of a payment on record for which there is no appointment, unless it is already.
async fn request_stranded(state: &AppState, id: &str) -> Result<Vec<String>> {
    let mut tx = state.db.write().await?;
    let payment = queries::lock_payment(&mut tx, id)
        .await?
        .ok_or(BillingError::NoPayment)?;
    let pending = queries::pending_op(&mut tx, id, OpKind::Release).await?;
    if payment.appointment_id.is_some() || pending.is_some() {
        return Ok(Vec::new());
    }
    let op = request_release(state, &mut tx, id).await?;
    checkout::tell_lost(state, &mut tx, &payment).await?;
    tx.commit().await?;
    Ok(op.into_iter().collect())
}

/// Stores an incoming hook before it is answered. It is a hint only: [`follow_hints`] asks for the truth. Returns whether
/// it is new.
///
/// # Errors
/// When the database fails; the sender then tries again.
pub async fn note_hint(state: &AppState, event: &str, payment: &str, body: &str) -> std::result::Result<bool, Fault> {
    let mut tx = state.db.write().await?;
    let new = queries::add_hint(&mut tx, event, state.payments.name(), payment, body, state.now()).await?;
    tx.commit().await?;
    Ok(new)
}

/// Asks the provider for the truth about every payment that a hook hinted at. A hint that leads nowhere is laid aside; one
/// that cannot be followed now is followed later, and holds up none of the others.
///
/// # Errors
/// When the database fails.
pub async fn follow_hints(state: &AppState) -> Result<()> {
    let mut tx = state.db.read().await?;
    let due = queries::due_hints(&mut tx, state.payments.name(), state.now(), BATCH_MAX).await?;
    drop(tx);
    for (hint, payment, tries) in due {
        let followed = follow_hint(state, &hint, &payment).await;
        let Err(error) = followed else { continue };
        let last = error.is_final();
        tracing::warn!(hint, %error, last, "a payment hook was not followed");
        let (mut tx, now) = (state.db.write().await?, state.now());
        if last {
            queries::hint_processed(&mut tx, &hint, now).await?;
        } else {
            queries::delay_hint(&mut tx, &hint, now + backoff(tries)).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// What the provider says, and that the hint is done with, in one transaction.
async fn follow_hint(state: &AppState, hint: &str, payment: &str) -> Result<()> {
    let seen = state.payments.lookup(payment).await?;
    let mut tx = state.db.write().await?;
    if let Some(seen) = seen {
        let payment = lock_with_appointment(&mut tx, payment).await?;
        fold_status(state, &mut tx, &payment, &seen).await?;
    }
    queries::hint_processed(&mut tx, hint, state.now()).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_done_by_its_own_effect_only() {
        let captured = ProviderStatus::Captured { amount_minor: 1 };
        assert!(has_effect(OpKind::Capture, captured));
        assert!(!has_effect(OpKind::Release, captured));
        assert!(!has_effect(
            OpKind::Capture,
            ProviderStatus::Authorised { amount_minor: 1 }
        ));
        assert!(has_effect(OpKind::Release, ProviderStatus::Released));
        assert!(has_effect(
            OpKind::Authorise,
            ProviderStatus::Declined(DeclineReason::NoFunds)
        ));
    }
}
