//! From a held slot to a paid appointment. Every step can be repeated: a double submit, a reload or a crash in between
//! ends with one payment and one appointment.

use std::time::Duration;

use super::operations;
use super::provider_calls;
use crate::appointments::{self, AppointmentMail, Confirmation, Hold, HoldRefusal};
use crate::base::db::Tx;
use crate::base::money::{Currency, Money};
use crate::base::outbox;
use crate::base::{DAY_US, Fault, Micros, Result};
use crate::billing::payment::{DeclineReason, PaymentState};
use crate::billing::provider::{MethodFault, PaymentProvider, ProviderError, Question};
use crate::billing::queries::{self, NewPayment};
use crate::billing::sellers::{self, Payable};
use crate::billing::{
    BillingError, OpKind, Payment, Purpose, mail_both_sides, record_amount, request_payment, request_release,
};
use crate::state::AppState;
use crate::{calls, carries_faults};

/// How often a request waits for the answer to another one's, and the longest wait. After that the person is told that we
/// do not know yet.
const WAITS_MAX: u32 = 6;
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Where a checkout stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckoutOutcome {
    /// The id of the appointment.
    Booked(String),
    /// The bank asks the person something first.
    NeedsConfirmation,
    Declined(DeclineReason),
    /// The provider has not said; a job finds out and tells by mail.
    Unknown,
    /// Somebody else has the slot now, or it was given back. Whatever was reserved is released.
    HoldLost,
    /// Nothing was tried yet.
    NotStarted,
}

/// Why nothing was paid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckoutRefusal {
    /// Nothing that can be paid with was chosen.
    #[error(transparent)]
    Method(#[from] MethodFault),
    /// The person may not book what is held.
    #[error(transparent)]
    Hold(#[from] HoldRefusal),
    #[error(transparent)]
    Fault(#[from] Fault),
}

carries_faults!(CheckoutRefusal);

/// Pays for a hold with what the page's fields brought, and books it. What takes place later than an amount can be reserved
/// for keeps the card instead.
///
/// # Errors
/// [`CheckoutRefusal`]. That the bank declines is an outcome.
pub async fn pay_for_hold(
    state: &AppState,
    hold: &Hold,
    consumer: &str,
    (psp, method): (&str, &str),
) -> Result<CheckoutOutcome, CheckoutRefusal> {
    let begun = resume_checkout(state, hold, consumer).await?;
    match begun {
        CheckoutOutcome::NotStarted | CheckoutOutcome::Declined(_) => {}
        CheckoutOutcome::Booked(_)
        | CheckoutOutcome::NeedsConfirmation
        | CheckoutOutcome::Unknown
        | CheckoutOutcome::HoldLost => return Ok(begun),
    }
    appointments::may_book(&mut state.db.read().await?, consumer, hold, state.now()).await?;
    let payable = sellers::orderable_by(&mut state.db.read().await?, &state.payments, &hold.org_id).await?;
    let chosen = payable.into_iter().find(|payable| payable.provider.name() == psp);
    let Payable {
        provider,
        seller_account,
    } = chosen.ok_or(MethodFault::Missing)?;
    let method = provider.read_method(method)?;
    let currency = Currency::parse(&hold.price.currency).map_err(|error| Fault::internal(&error))?;
    let now = state.now();
    let mut tx = state.db.write().await?;
    // A promo code may have changed the price since the page with the sum was sent: then the page comes again.
    if appointments::load_hold_any(&mut tx, &hold.id).await?.price != hold.price {
        return Ok(CheckoutOutcome::NotStarted);
    }
    // Two submits at once have the same number, and one of them finds it taken.
    let attempt = match queries::last_of_hold(&mut tx, &hold.id).await? {
        None => 0,
        Some(last) if is_over_unpaid(last.state) => last.attempt + 1,
        Some(_) => {
            drop(tx);
            return Ok(resume_checkout(state, hold, consumer).await?);
        }
    };
    let new = NewPayment {
        id: &state.random.id(now),
        hold_id: &hold.id,
        attempt,
        psp,
        method: &method,
        amount: Money::new(hold.price.most_minor(), currency),
        purpose: if keeps_card(provider.as_ref(), hold.start_us, now) {
            Purpose::Save
        } else {
            Purpose::Book
        },
        kept_from: None,
        seller_account: seller_account.as_deref(),
        appointment_id: None,
    };
    if let Some(op) = request_payment(state, &mut tx, &new, now).await.map_err(Fault::from)? {
        tx.commit().await?;
        operations::run_operation(state, &op).await.map_err(Fault::from)?;
    }
    Ok(resume_checkout(state, hold, consumer).await?)
}

/// Whether what takes place at `start` is too far ahead for an amount to stay reserved until it is over.
#[must_use]
pub fn keeps_card(provider: &dyn PaymentProvider, start: Micros, now: Micros) -> bool {
    start > now + provider.reserve_days() * DAY_US
}

/// Goes on where a checkout stands, without starting one. Where another request is asking the provider right now, it waits
/// for the answer: both of two submits get the same one.
///
/// # Errors
/// When the database fails.
pub async fn resume_checkout(state: &AppState, hold: &Hold, consumer: &str) -> Result<CheckoutOutcome> {
    for _ in 0..WAITS_MAX {
        // From here on an answer is heard, even one that comes before the wait.
        let answered = state.provider_answered.notified();
        match read_standing(state, hold).await? {
            Standing::At(outcome) => return Ok(outcome),
            Standing::Authorised(payment) => return book_authorised(state, &hold.id, consumer, &payment).await,
            Standing::BeingAsked => {}
        }
        // Another process's answer is not heard, only seen.
        let _ = tokio::time::timeout(WAIT_MAX, answered).await;
    }
    Ok(CheckoutOutcome::Unknown)
}

/// What is on record of a checkout.
enum Standing {
    At(CheckoutOutcome),
    /// The payment with this id is authorised, and no appointment was made of it yet.
    Authorised(String),
    /// A request is asking the provider, in this process or in another.
    BeingAsked,
}

async fn read_standing(state: &AppState, hold: &Hold) -> Result<Standing> {
    let mut tx = state.db.read().await?;
    let Some(payment) = queries::last_of_hold(&mut tx, &hold.id).await? else {
        return Ok(Standing::At(CheckoutOutcome::NotStarted));
    };
    if let Some(appointment) = payment.appointment_id {
        return Ok(Standing::At(CheckoutOutcome::Booked(appointment)));
    }
    Ok(match payment.state {
        // Nothing was reserved and nothing will be: the person paid in another way, or the bank let it go.
        PaymentState::Released { authorised_minor: 0 } => Standing::At(CheckoutOutcome::NotStarted),
        PaymentState::NeedsConfirmation => Standing::At(CheckoutOutcome::NeedsConfirmation),
        PaymentState::Declined { reason } => Standing::At(CheckoutOutcome::Declined(reason)),
        PaymentState::Authorised { .. } | PaymentState::Saved => Standing::Authorised(payment.id),
        PaymentState::Created | PaymentState::Authorising => {
            let op = match queries::pending_op(&mut tx, &payment.id, OpKind::Authorise).await? {
                Some(op) => queries::op(&mut tx, &op).await?,
                None => None,
            };
            match op.and_then(|op| op.error) {
                Some(_) => Standing::At(CheckoutOutcome::Unknown),
                None => Standing::BeingAsked,
            }
        }
        PaymentState::Capturing { .. }
        | PaymentState::CaptureFailed { .. }
        | PaymentState::Captured { .. }
        | PaymentState::Releasing { .. }
        | PaymentState::Released { .. }
        | PaymentState::Refunded { .. } => Standing::At(CheckoutOutcome::HoldLost),
    })
}

/// Books a hold that costs nothing.
///
/// # Errors
/// As [`appointments::may_book`], or when the hold is not free of charge.
pub async fn book_free(state: &AppState, hold: &Hold, consumer: &str) -> Result<CheckoutOutcome, HoldRefusal> {
    if hold.price.most_minor() > 0 {
        let wrong = "a hold with a price was to be booked without paying";
        return Err(Fault::Internal(wrong.into()).into());
    }
    let mut tx = state.db.write().await?;
    // The promo code that made it free may have been taken off since.
    if appointments::load_hold_any(&mut tx, &hold.id).await?.price != hold.price {
        return Ok(CheckoutOutcome::NotStarted);
    }
    let outcome = book_hold(state, &mut tx, &hold.id, consumer, None).await?;
    if matches!(outcome, CheckoutOutcome::Booked(_)) {
        tx.commit().await?;
    }
    Ok(outcome)
}

/// What the bank asks about the payment of a hold, or of an appointment that is paid for anew; none when it asks nothing.
///
/// # Errors
/// When the database fails, or the provider does not answer.
pub async fn question_of(state: &AppState, payment: &Payment) -> Result<Option<Question>> {
    let Some(reference) = payment
        .reference
        .as_ref()
        .filter(|_| payment.state == PaymentState::NeedsConfirmation)
    else {
        return Ok(None);
    };
    let unanswered = |error: ProviderError| Fault::from(BillingError::from(error));
    let provider = provider_calls::provider_of(state, payment).map_err(unanswered)?;
    provider.question(reference).await.map_err(unanswered)
}

/// The person's answer to what the bank asked.
///
/// # Errors
/// When the database fails.
pub async fn answer_confirmation(
    state: &AppState,
    hold: &Hold,
    consumer: &str,
    approved: bool,
) -> Result<CheckoutOutcome> {
    let payment = queries::last_of_hold(&mut state.db.read().await?, &hold.id).await?;
    let Some(payment) = payment else {
        return Ok(CheckoutOutcome::NotStarted);
    };
    match answer_bank(state, &payment, approved).await? {
        true => resume_checkout(state, hold, consumer).await,
        false => Ok(CheckoutOutcome::Unknown),
    }
}

/// Hears from the provider how the person answered the bank about a payment; `false` when it does not say.
pub(super) async fn answer_bank(state: &AppState, payment: &Payment, approved: bool) -> Result<bool> {
    let Some(reference) = payment
        .reference
        .as_ref()
        .filter(|_| payment.state == PaymentState::NeedsConfirmation)
    else {
        return Ok(true);
    };
    let Ok(provider) = provider_calls::provider_of(state, payment) else {
        return Ok(false);
    };
    match provider.answer(reference, approved).await {
        Ok(seen) => {
            let ops = operations::fold_seen(state, &payment.id, &seen).await?;
            operations::run_operations(state, &ops).await;
            Ok(true)
        }
        Err(ProviderError::Refused(reason)) => Err(Fault::Internal(reason)),
        Err(ProviderError::Unknown(_) | ProviderError::Failed(_)) => Ok(false),
    }
}

/// The person would rather pay in another way than answer the bank: what was asked for is let go of.
///
/// # Errors
/// When the database fails.
pub async fn leave_confirmation(state: &AppState, hold: &Hold) -> Result<()> {
    let payment = queries::last_of_hold(&mut state.db.read().await?, &hold.id).await?;
    let waiting = payment.filter(|payment| payment.state == PaymentState::NeedsConfirmation);
    let Some(payment) = waiting else { return Ok(()) };
    let mut tx = state.db.write().await?;
    // Read again behind the lock: the bank's answer may have come, and booked it.
    let now = queries::lock_payment(&mut tx, &payment.id)
        .await?
        .ok_or(Fault::NotFound)?;
    if now.state != PaymentState::NeedsConfirmation || now.appointment_id.is_some() {
        return Ok(());
    }
    let ops = request_release(state, &mut tx, &payment.id).await?;
    tx.commit().await?;
    operations::run_operations(state, &ops.into_iter().collect::<Vec<_>>()).await;
    Ok(())
}

/// A payment that was authorised after its request was answered: a job books, or tells that the slot is gone.
pub(super) async fn finish_late(state: &AppState, payment: &Payment) -> Result<(), BillingError> {
    let hold = appointments::load_hold_any(&mut state.db.read().await?, &payment.hold_id).await?;
    if let Some(consumer) = &hold.account_id {
        book_authorised(state, &hold.id, consumer, &payment.id).await?;
    }
    Ok(())
}

/// Tells the person that the hold became no appointment; while it may still become one, that something is left to do.
pub(super) async fn tell_lost(state: &AppState, tx: &mut Tx, payment: &Payment) -> Result<()> {
    let hold = appointments::load_hold_any(tx, &payment.hold_id).await?;
    let Some(account) = &hold.account_id else { return Ok(()) };
    // Paid in another way meanwhile.
    if appointments::appointment_of_hold(tx, &hold).await != Err(Fault::NotFound) {
        return Ok(());
    }
    if let Some(recipient) = outbox::queries::recipient(tx, account).await? {
        outbox::enqueue(state, tx, &appointments::booking_lost_mail(state, recipient, &hold)).await?;
    }
    Ok(())
}

/// Books what is authorised, or asks for its release when the slot is gone.
async fn book_authorised(state: &AppState, hold: &str, consumer: &str, payment: &str) -> Result<CheckoutOutcome> {
    let mut tx = state.db.write().await?;
    let payment = queries::lock_payment(&mut tx, payment).await?.ok_or(Fault::NotFound)?;
    if let Some(appointment) = payment.appointment_id {
        return Ok(CheckoutOutcome::Booked(appointment));
    }
    if !matches!(payment.state, PaymentState::Authorised { .. } | PaymentState::Saved) {
        return Ok(CheckoutOutcome::HoldLost);
    }
    // The person wanted to pay in another way, and the provider was asked to let go of it.
    if queries::pending_op(&mut tx, &payment.id, OpKind::Release)
        .await?
        .is_some()
    {
        return Ok(CheckoutOutcome::Unknown);
    }
    let outcome = match book_hold(state, &mut tx, hold, consumer, Some(&payment)).await {
        Ok(outcome) => outcome,
        Err(HoldRefusal::Fault(fault)) if fault != Fault::Leaving => return Err(fault),
        // What was reserved is released, as for a slot that is gone.
        Err(_) => CheckoutOutcome::HoldLost,
    };
    let ops = match &outcome {
        CheckoutOutcome::HoldLost => {
            tell_lost(state, &mut tx, &payment).await?;
            request_release(state, &mut tx, &payment.id).await?
        }
        CheckoutOutcome::Booked(_)
        | CheckoutOutcome::NeedsConfirmation
        | CheckoutOutcome::Declined(_)
        | CheckoutOutcome::Unknown
        | CheckoutOutcome::NotStarted => None,
    };
    tx.commit().await?;
    operations::run_operations(state, &ops.into_iter().collect::<Vec<_>>()).await;
    Ok(outcome)
}

/// Turns the hold into an appointment with its call, its events and its mails.
async fn book_hold(
    state: &AppState,
    tx: &mut Tx,
    hold: &str,
    consumer: &str,
    payment: Option<&Payment>,
) -> Result<CheckoutOutcome, HoldRefusal> {
    let now = state.now();
    let id = match appointments::confirm_hold(tx, state, hold, consumer, now).await? {
        Confirmation::Lost => return Ok(CheckoutOutcome::HoldLost),
        Confirmation::Already(id) => return Ok(CheckoutOutcome::Booked(id)),
        Confirmation::Booked(id) => id,
    };
    let appointment = appointments::load_any(tx, &id).await?;
    calls::create_call(tx, &appointment, now).await?;
    if let Some(payment) = payment {
        queries::link_payment(tx, &payment.id, &id).await?;
        if payment.state.reserved_minor().is_some() && !payment.is_by_invoice() {
            let (minor, currency) = (payment.amount.minor, payment.amount.currency);
            record_amount(state, tx, &id, "reserved", minor, currency.as_str()).await?;
        }
    }
    mail_both_sides(state, tx, &appointment, &AppointmentMail::Booked).await?;
    Ok(CheckoutOutcome::Booked(id))
}

/// Whether another attempt may be made.
fn is_over_unpaid(state: PaymentState) -> bool {
    match state {
        PaymentState::Declined { .. } | PaymentState::Released { authorised_minor: 0 } => true,
        PaymentState::Created
        | PaymentState::Authorising
        | PaymentState::NeedsConfirmation
        | PaymentState::Saved
        | PaymentState::Authorised { .. }
        | PaymentState::Capturing { .. }
        | PaymentState::CaptureFailed { .. }
        | PaymentState::Captured { .. }
        | PaymentState::Releasing { .. }
        | PaymentState::Released { .. }
        | PaymentState::Refunded { .. } => false,
    }
}
