//! Outgoing calls to the payment provider: recorded, claimed, made, and their result folded into the payment.

use super::checkout;
use super::collection::collect_payment;
use super::extending;
use super::fold::fold_status;
use super::provider_calls::{self, Answer, Outcome};
use super::reconcile;
use super::refund_mails;
use crate::appointments;
use crate::base::Fault;
use crate::base::db::Tx;
use crate::base::money::Money;
use crate::base::{MINUTE_US, Micros};
use crate::billing::differences;
use crate::billing::payment::{DeclineReason, PaymentEvent, PaymentState, ProviderStatus};
use crate::billing::provider::{Hint, ProviderPayment};
use crate::billing::queries::NewOp;
use crate::billing::{
    BillingError, Op, OpKind, Payment, RefundState, backoff, queries, record_amount, refunds, request_release,
};
use crate::state::AppState;

/// Tries of a capture or release before it is left to the operator.
pub(super) const TRIES_MAX: i64 = 5;
/// While somebody makes a call, nobody else makes it; after that the call counts as interrupted.
const LEASE_US: Micros = MINUTE_US;
/// Operations or payments that one round of a job looks at.
const BATCH_MAX: i64 = 100;
/// Longest wait between tries while a time is held for the payment.
const HELD_WAIT_US: Micros = 2 * MINUTE_US;
/// A payment that the bank asks about is asked for at most once in this time before it is given back.
const ASK_EVERY_US: Micros = MINUTE_US;
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
    let op = queries::op(&mut state.db.read().await?, op).await?;
    match op {
        Some(op) => finish_booking(state, &op.payment_id).await,
        None => Ok(()),
    }
}

/// Books what a payment was made for, where the person is not there any more to see it: the browser was closed at the bank,
/// or the answer came late.
pub(super) async fn finish_booking(state: &AppState, payment: &str) -> Result<()> {
    let payment = queries::payment(&mut state.db.read().await?, payment)
        .await?
        .ok_or(BillingError::NoPayment)?;
    let secured = matches!(payment.state, PaymentState::Authorised { .. } | PaymentState::Saved);
    if secured && payment.appointment_id.is_none() {
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
        match payment.state.handle(event) {
            Ok(next) => queries::save_payment(&mut tx, &payment.id, next, None, now).await?,
            Err(error) => {
                let next_try = now + backoff(op.attempts - 1);
                queries::delay_op(&mut tx, &op.id, next_try, &error.to_string()).await?;
                tx.commit().await?;
                return Err(error.into());
            }
        }
    }
    tx.commit().await?;
    let answer = provider_calls::ask_provider(state, &op, &payment).await;
    let recorded = record_answer(state, &op, &answer).await;
    if let Err(error) = &recorded
        && let Err(error) = reconcile::hold_back(state, &op, answer.seen.as_ref(), error).await
    {
        tracing::error!(op = id, %error, "it is not on record why the books cannot take an answer in");
    }
    state.provider_answered.notify_waiters();
    // What follows from the answer is run here too; each is claimed by whoever comes first.
    for next in recorded? {
        if let Err(error) = Box::pin(run_operation(state, &next)).await {
            tracing::warn!(op = next, %error, "a call to the payment provider is left to the job");
        }
    }
    Ok(())
}

/// Writes down what came of a call. Returns the operations that follow from it.
async fn record_answer(state: &AppState, op: &Op, answer: &Answer) -> Result<Vec<String>> {
    let now = state.now();
    let (mut tx, payment) = lock_with_appointment(state, &op.payment_id).await?;
    // Ended first: what is busy is left alone by whatever follows.
    match &answer.outcome {
        Outcome::Done => queries::end_op(&mut tx, &op.id, "done", None, now).await?,
        Outcome::Refused(reason) => queries::end_op(&mut tx, &op.id, "failed", Some(reason), now).await?,
        Outcome::Failed(reason) => {
            queries::next_key(&mut tx, &op.id).await?;
            let wait = wait_for_next(&mut tx, op, &payment, now).await;
            queries::delay_op(&mut tx, &op.id, now + wait, reason).await?;
        }
        Outcome::Unknown(reason) => {
            let wait = wait_for_next(&mut tx, op, &payment, now).await;
            queries::delay_op(&mut tx, &op.id, now + wait, reason).await?;
        }
    }
    if matches!(answer.outcome, Outcome::Refused(_)) {
        record_refusal(state, &mut tx, op, &payment).await?;
    }
    let payment = queries::payment(&mut tx, &op.payment_id)
        .await?
        .ok_or(BillingError::NoPayment)?;
    let mut ops = match &answer.seen {
        Some(seen) => fold_status(state, &mut tx, &payment, seen).await?,
        None => Vec::new(),
    };
    if let (Outcome::Refused(_), Some(appointment)) = (&answer.outcome, &payment.appointment_id) {
        extending::follow_card(state, &mut tx, &payment).await?;
        let appointment = appointments::load_any(&mut tx, appointment).await?;
        ops.extend(collect_payment(state, &mut tx, &appointment).await?);
    }
    if op.kind == OpKind::Authorise && op.attempts > 1 {
        tell_late(state, &mut tx, &op.payment_id).await?;
    }
    tx.commit().await?;
    Ok(ops)
}

/// How long to wait until a call is made again. While a time is held for it, a person waits.
async fn wait_for_next(tx: &mut Tx, op: &Op, payment: &Payment, now: Micros) -> Micros {
    let wait = backoff(op.attempts - 1);
    if op.kind != OpKind::Authorise || payment.appointment_id.is_some() {
        return wait;
    }
    let hold = appointments::load_hold_any(tx, &payment.hold_id).await;
    if hold.is_ok_and(|hold| hold.is_live(now)) {
        wait.min(HELD_WAIT_US)
    } else {
        wait
    }
}

/// Who was told that we do not know yet, and shall hear, hears that nothing was booked by it.
async fn tell_late(state: &AppState, tx: &mut Tx, payment: &str) -> Result<()> {
    let payment = queries::payment(tx, payment).await?.ok_or(BillingError::NoPayment)?;
    let tells = match payment.state {
        PaymentState::Declined { .. } => true,
        // After the hold it may still be answered; if it is not, that is told then.
        PaymentState::NeedsConfirmation => appointments::load_hold_any(tx, &payment.hold_id)
            .await?
            .is_live(state.now()),
        PaymentState::Created
        | PaymentState::Authorising
        | PaymentState::Saved
        | PaymentState::Authorised { .. }
        | PaymentState::Capturing { .. }
        | PaymentState::CaptureFailed { .. }
        | PaymentState::Captured { .. }
        | PaymentState::Releasing { .. }
        | PaymentState::Released { .. }
        | PaymentState::Refunded { .. } => false,
    };
    if tells && payment.appointment_id.is_none() {
        checkout::tell_lost(state, tx, &payment).await?;
    }
    Ok(())
}

/// Begins a transaction in which a payment is locked, and its appointment before it: everybody takes the two rows in that
/// order.
pub(super) async fn lock_with_appointment(state: &AppState, payment: &str) -> Result<(Tx, Payment)> {
    loop {
        let mut tx = state.db.write().await?;
        let unlocked = queries::payment(&mut tx, payment)
            .await?
            .ok_or(BillingError::NoPayment)?;
        if let Some(appointment) = &unlocked.appointment_id {
            appointments::lock(&mut tx, appointment).await?;
        }
        let locked = queries::lock_payment(&mut tx, payment)
            .await?
            .ok_or(BillingError::NoPayment)?;
        // Booked in between: begun anew, since the appointment comes first. It is linked once, so the second time is the last.
        if locked.appointment_id == unlocked.appointment_id {
            return Ok((tx, locked));
        }
    }
}

/// A definite no. A refused capture or release is tried again later, under a new key, a few times.
async fn record_refusal(state: &AppState, tx: &mut Tx, op: &Op, payment: &Payment) -> Result<()> {
    let now = state.now();
    match op.kind {
        OpKind::Authorise => {
            let why = if op.attempts > 1 {
                DeclineReason::NotSent
            } else {
                DeclineReason::Declined
            };
            let declined = PaymentEvent::Observed(ProviderStatus::Declined(why));
            let next = payment.state.handle(declined)?;
            queries::save_payment(tx, &payment.id, next, None, now).await?;
            return Ok(());
        }
        OpKind::Refund => {
            if let Some(refund) = &op.refund_id {
                refunds::set_state(tx, refund, RefundState::Failed, None, now).await?;
                if let Some(appointment) = &payment.appointment_id {
                    let currency = payment.amount.currency;
                    let minor = op.amount_minor;
                    record_amount(state, tx, appointment, "refund_failed", minor, currency.as_str()).await?;
                    refund_mails::tell_failed(state, tx, appointment, (refund, Money::new(minor, currency))).await?;
                }
            }
            return Ok(());
        }
        OpKind::Capture => {
            if payment.state.reserved_minor().is_some() {
                let next = payment.state.handle(PaymentEvent::CaptureRefused)?;
                queries::save_payment(tx, &payment.id, next, None, now).await?;
            }
        }
        OpKind::Release => {}
    }
    if op.seq + 1 < TRIES_MAX {
        let id = state.random.id(now);
        let again = NewOp {
            id: &id,
            payment_id: &payment.id,
            kind: op.kind,
            amount_minor: op.amount_minor,
            due: now + backoff(op.seq),
            refund_id: None,
        };
        queries::add_op(tx, &again, now).await?;
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

/// Books after all what was paid for in time, or puts its release on record, unless it is already.
async fn request_stranded(state: &AppState, id: &str) -> Result<Vec<String>> {
    if !is_heard(state, id).await? {
        return Ok(Vec::new());
    }
    finish_booking(state, id).await?;
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

/// Whether the truth is known about a payment that is about to be let go of. Where the bank asks the person, its answer may be
/// there, and no hook has told: the provider is asked first, and while it does not answer, nothing is let go of. Where it is
/// not set up any more, nobody is there to wait for.
pub(super) async fn is_heard(state: &AppState, id: &str) -> Result<bool> {
    let now = state.now();
    let mut tx = state.db.write().await?;
    let payment = queries::lock_payment(&mut tx, id)
        .await?
        .ok_or(BillingError::NoPayment)?;
    if payment.state != PaymentState::NeedsConfirmation || provider_calls::provider_of(state, &payment).is_err() {
        return Ok(true);
    }
    if !differences::may_ask(&mut tx, id, now, now - ASK_EVERY_US).await? {
        return Ok(false);
    }
    tx.commit().await?;
    ask_about(state, id).await.map(|()| true)
}

/// Stores an incoming hook before it is answered. It is a hint only: [`follow_hints`] asks for the truth. Returns whether
/// it is new.
///
/// # Errors
/// When the database fails; the sender then tries again.
pub async fn note_hint(state: &AppState, psp: &str, hint: &Hint) -> std::result::Result<bool, Fault> {
    let Some(payment) = &hint.payment else { return Ok(false) };
    let mut tx = state.db.write().await?;
    // Another provider may give its news the same name.
    let id = format!("{psp}:{}", hint.id);
    let new = queries::add_hint(&mut tx, &id, psp, payment, state.now()).await?;
    tx.commit().await?;
    Ok(new)
}

/// Asks the providers for the truth about every payment that a hook hinted at. A hint that leads nowhere is laid aside; one
/// that cannot be followed now is followed later, and holds up none of the others.
///
/// # Errors
/// When the database fails.
pub async fn follow_hints(state: &AppState) -> Result<()> {
    for provider in state.payments.offered() {
        let mut tx = state.db.read().await?;
        let due = queries::due_hints(&mut tx, provider.name(), state.now(), BATCH_MAX).await?;
        drop(tx);
        for (hint, payment, tries) in due {
            let followed = ask_about(state, &payment).await;
            let (mut tx, now) = (state.db.write().await?, state.now());
            match followed {
                Ok(()) => queries::hint_processed(&mut tx, &hint, now).await?,
                Err(error) => {
                    let last = error.is_final();
                    tracing::warn!(hint, %error, last, "a payment hook was not followed");
                    if last {
                        queries::hint_processed(&mut tx, &hint, now).await?;
                    } else {
                        queries::delay_hint(&mut tx, &hint, now + backoff(tries)).await?;
                    }
                }
            }
            tx.commit().await?;
        }
    }
    Ok(())
}

/// Asks the provider for the truth about one payment, folds it in, and does what follows.
pub(super) async fn ask_about(state: &AppState, payment: &str) -> Result<()> {
    let known = queries::payment(&mut state.db.read().await?, payment)
        .await?
        .ok_or(BillingError::NoPayment)?;
    let Some(reference) = &known.reference else {
        return Ok(());
    };
    let provider = provider_calls::provider_of(state, &known)?;
    let Some(seen) = provider.lookup(reference).await? else {
        return Ok(());
    };
    let ops = fold_seen(state, payment, &seen).await?;
    run_operations(state, &ops).await;
    finish_booking(state, payment).await
}

/// Folds in what a provider was seen to say, in a transaction of its own. Returns the operations to run.
pub(super) async fn fold_seen(state: &AppState, payment: &str, seen: &ProviderPayment) -> Result<Vec<String>> {
    let (mut tx, payment) = lock_with_appointment(state, payment).await?;
    let ops = fold_status(state, &mut tx, &payment, seen).await?;
    tx.commit().await?;
    Ok(ops)
}
