//! A card was declined, or the bank let go of what it had reserved: the person is told, and pays anew; before the call so
//! that it takes place, after it because it is owed.

use super::collection::{is_secured, owed_of};
use super::{checkout, operations};
use crate::appointments::{self, Appointment, AppointmentMail, PartyRole, Status};
use crate::base::db::Tx;
use crate::base::money::{Currency, Money};
use crate::base::{Base, Fault, MINUTE_US, Micros, outbox};
use crate::billing::payment::{DeclineReason, PaymentState};
use crate::billing::provider::MethodFault;
use crate::billing::queries::{self, NewPayment};
use crate::billing::sellers::{self, Payable};
use crate::billing::{
    BillingError, OpKind, Payment, PaymentProvider, Purpose, mail_money, money_of, request_payment, request_release,
};
use crate::carries_faults;
use crate::state::AppState;

/// Until so long before the start somebody may pay anew; then the time is given back.
pub(super) const MEND_UNTIL_US: Micros = 60 * MINUTE_US;
/// So long somebody has at least who learned of it late.
pub(super) const MEND_FOR_US: Micros = 30 * MINUTE_US;

/// Whether something is to be paid anew for an appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mending {
    /// Nothing is missing.
    NotNeeded,
    /// So much is to be reserved, or is owed where the appointment is over; why the last card was not taken.
    Pay { amount: Money, why: Option<DeclineReason> },
    /// The bank asks about this payment.
    NeedsConfirmation(Box<Payment>),
    /// The provider has not said yet.
    Unknown,
    /// So much is owed, and the kept card is charged once more then.
    Later { amount: Money, at: Micros },
}

/// Why nothing was paid anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MendingRefusal {
    #[error(transparent)]
    Method(#[from] MethodFault),
    #[error(transparent)]
    Fault(#[from] Fault),
}

carries_faults!(MendingRefusal);

/// What is missing of an appointment's money.
///
/// # Errors
/// When the database fails.
pub async fn mending_of(tx: &mut Tx, appointment: &Appointment, now: Micros) -> Result<Mending, Fault> {
    let payments = queries::of_appointment(tx, &appointment.id).await?;
    let amount = if appointment.status.is_over() {
        owed_of(tx, appointment).await?
    } else if is_unpaid(appointment, &payments, now) {
        most_of(appointment)?
    } else {
        return Ok(Mending::NotNeeded);
    };
    if amount.minor == 0 {
        return Ok(Mending::NotNeeded);
    }
    // What an extension came to nothing by says nothing about the rest.
    let is_vain = |payment: &&Payment| {
        let vain = matches!(
            payment.state,
            PaymentState::Declined { .. } | PaymentState::Released { .. }
        );
        payment.purpose == Purpose::Extend && vain
    };
    let Some(last) = payments.iter().rfind(|payment| !is_vain(payment)) else {
        return Ok(Mending::NotNeeded);
    };
    Ok(match last.state {
        PaymentState::NeedsConfirmation if matches!(last.purpose, Purpose::Mend | Purpose::Save) => {
            Mending::NeedsConfirmation(Box::new(last.clone()))
        }
        PaymentState::Created | PaymentState::Authorising => {
            let later = queries::asked_later(tx, &last.id, now).await?;
            later.map_or(Mending::Unknown, |at| Mending::Later { amount, at })
        }
        PaymentState::Capturing { .. } => Mending::Unknown,
        PaymentState::Declined { reason } => Mending::Pay {
            amount,
            why: Some(reason),
        },
        // Fetched with the next round of the jobs.
        PaymentState::Authorised { .. } if appointment.status.is_over() => Mending::Unknown,
        PaymentState::NeedsConfirmation
        | PaymentState::Saved
        | PaymentState::Authorised { .. }
        | PaymentState::CaptureFailed { .. }
        | PaymentState::Captured { .. }
        | PaymentState::Releasing { .. }
        | PaymentState::Released { .. }
        | PaymentState::Refunded { .. } => Mending::Pay { amount, why: None },
    })
}

fn most_of(appointment: &Appointment) -> Result<Money, Fault> {
    let currency = Currency::parse(&appointment.price.currency).map_err(|error| Fault::internal(&error))?;
    Ok(Money::new(appointment.price.most_minor(), currency))
}

/// Whether a coming appointment was to be paid for, and is not: a card was declined or asked about while the person was
/// away, or what was reserved was let go of. A card that was kept after that makes up for it.
pub(super) fn is_unpaid(appointment: &Appointment, payments: &[Payment], now: Micros) -> bool {
    let is_coming = matches!(appointment.status, Status::Confirmed) && now < appointment.end_us;
    let mut since_kept = payments
        .iter()
        .rev()
        .take_while(|payment| payment.state != PaymentState::Saved);
    is_coming && !is_secured(payments) && since_kept.any(is_missing)
}

/// What giving the time back costs at `at`, minor units: as cancelling then, where the bank said no or was not answered. Who
/// was let down by us or by the payment provider owes nothing, and neither does whose bank let go of what was reserved.
pub(super) fn unpaid_fee_minor(appointment: &Appointment, payments: &[Payment], at: Micros) -> i64 {
    let mut refused = false;
    for payment in payments {
        match payment.state {
            PaymentState::Declined {
                reason: DeclineReason::NotSent,
            } => return 0,
            PaymentState::Declined { .. } | PaymentState::NeedsConfirmation => {
                refused |= matches!(payment.purpose, Purpose::Due | Purpose::Mend);
            }
            PaymentState::Created
            | PaymentState::Authorising
            | PaymentState::Saved
            | PaymentState::Authorised { .. }
            | PaymentState::Capturing { .. }
            | PaymentState::CaptureFailed { .. }
            | PaymentState::Captured { .. }
            | PaymentState::Releasing { .. }
            | PaymentState::Released { .. }
            | PaymentState::Refunded { .. } => {}
        }
    }
    if refused { appointment.cancel_fee_minor(at) } else { 0 }
}

/// What it costs not to pay anew for an appointment in time, minor units; nothing where nothing is to be paid.
///
/// # Errors
/// When the database fails.
pub async fn mending_fee_minor(tx: &mut Tx, appointment: &Appointment, now: Micros) -> Result<i64, Fault> {
    if appointment.status.is_over() {
        return Ok(0);
    }
    let payments = queries::of_appointment(tx, &appointment.id).await?;
    Ok(unpaid_fee_minor(
        appointment,
        &payments,
        given_back_at(appointment, now),
    ))
}

/// The moment that the time is given back at, as far as its fee goes: never after the start.
fn given_back_at(appointment: &Appointment, now: Micros) -> Micros {
    mend_until(appointment, now).min(appointment.start_us - 1)
}

fn is_missing(payment: &Payment) -> bool {
    match payment.state {
        PaymentState::Declined { .. } | PaymentState::NeedsConfirmation => {
            matches!(payment.purpose, Purpose::Due | Purpose::Mend)
        }
        PaymentState::Released { authorised_minor } => authorised_minor > 0 || payment.purpose == Purpose::Save,
        PaymentState::Created
        | PaymentState::Authorising
        | PaymentState::Saved
        | PaymentState::Authorised { .. }
        | PaymentState::Capturing { .. }
        | PaymentState::CaptureFailed { .. }
        | PaymentState::Captured { .. }
        | PaymentState::Releasing { .. }
        | PaymentState::Refunded { .. } => false,
    }
}

/// Tells the person, once, that a coming appointment is not paid for. The appointment's row must be locked.
pub(super) async fn tell_unpaid(
    base: &Base,
    tx: &mut Tx,
    appointment: &Appointment,
    payments: &[Payment],
) -> Result<(), BillingError> {
    let asked = payments
        .iter()
        .any(|payment| matches!(payment.state, PaymentState::Created | PaymentState::Authorising));
    if asked || !is_unpaid(appointment, payments, base.now()) {
        return Ok(());
    }
    let view = money_of(tx, &appointment.id).await?;
    let mut money = mail_money(appointment, &view);
    money.charged_minor = appointment.price.most_minor();
    // What the person tried meanwhile told by itself how it went.
    let mut lost = None;
    for payment in payments.iter().rev() {
        if is_loss(tx, payment).await? {
            lost = Some(payment);
            break;
        }
    }
    let mail = AppointmentMail::PayAnew {
        until: mend_until(appointment, base.now()),
        fee_minor: unpaid_fee_minor(appointment, payments, given_back_at(appointment, base.now())),
        attempt: lost.map_or(0, |payment| payment.attempt),
    };
    if let Some(message) = appointments::appointment_mail(base, appointment, PartyRole::Consumer, &mail, &money) {
        outbox::enqueue(base, tx, &message).await?;
    }
    Ok(())
}

/// Whether something was lost by it, and it is not only what the person tried meanwhile: what was let go of without our asking.
async fn is_loss(tx: &mut Tx, payment: &Payment) -> Result<bool, BillingError> {
    if !matches!(payment.purpose, Purpose::Mend | Purpose::Save) {
        return Ok(true);
    }
    let released = matches!(payment.state, PaymentState::Released { .. });
    Ok(released && queries::asked_before(tx, &payment.id, OpKind::Release).await? == 0)
}

/// Until when somebody who learns of it now may pay anew.
#[must_use]
pub fn mend_until(appointment: &Appointment, now: Micros) -> Micros {
    (appointment.start_us - MEND_UNTIL_US)
        .max(now + MEND_FOR_US)
        .min(appointment.start_us)
}

/// Pays anew for an appointment with what the page's fields brought.
///
/// # Errors
/// [`MendingRefusal`]. That the bank declines is an outcome.
pub async fn pay_anew(
    state: &AppState,
    appointment: &Appointment,
    (psp, method): (&str, &str),
) -> Result<Mending, MendingRefusal> {
    let payable = sellers::payable_by(&mut state.db.read().await?, &state.payments, &appointment.org_id).await?;
    let chosen = payable.into_iter().find(|payable| payable.provider.name() == psp);
    let Payable {
        provider,
        seller_account,
    } = chosen.ok_or(MethodFault::Missing)?;
    let method = provider.read_method(method)?;
    let now = state.now();
    let mut tx = state.db.write().await?;
    appointments::lock(&mut tx, &appointment.id).await?;
    let appointment = appointments::load_any(&mut tx, &appointment.id).await?;
    let standing = mending_of(&mut tx, &appointment, now).await?;
    let Mending::Pay { amount, .. } = standing else {
        return Ok(standing);
    };
    let new = NewPayment {
        id: &state.random.id(now),
        hold_id: &appointment.hold_id,
        attempt: queries::next_attempt(&mut tx, &appointment.hold_id)
            .await
            .map_err(Fault::from)?,
        psp,
        method: &method,
        amount,
        purpose: mending_purpose(provider.as_ref(), &appointment, now),
        kept_from: None,
        seller_account: seller_account.as_deref(),
        appointment_id: Some(&appointment.id),
    };
    let op = request_payment(state, &mut tx, &new, now).await.map_err(Fault::from)?;
    tx.commit().await?;
    if let Some(op) = op {
        operations::run_operation(state, &op).await.map_err(Fault::from)?;
    }
    standing_now(state, &appointment.id).await.map_err(MendingRefusal::from)
}

/// Whether paying anew now keeps the card, because the appointment is too far ahead for an amount to stay reserved.
#[must_use]
pub fn mending_keeps_card(provider: &dyn PaymentProvider, appointment: &Appointment, now: Micros) -> bool {
    !appointment.status.is_over() && checkout::keeps_card(provider, appointment.start_us, now)
}

fn mending_purpose(provider: &dyn PaymentProvider, appointment: &Appointment, now: Micros) -> Purpose {
    if mending_keeps_card(provider, appointment, now) {
        Purpose::Save
    } else {
        Purpose::Mend
    }
}

/// The person would rather pay with something else than answer the bank: what was asked for is let go of.
///
/// # Errors
/// When the database fails.
pub async fn leave_mending(state: &AppState, appointment: &Appointment) -> Result<Mending, Fault> {
    if let Mending::NeedsConfirmation(payment) = standing_now(state, &appointment.id).await? {
        let mut tx = state.db.write().await?;
        appointments::lock(&mut tx, &appointment.id).await?;
        // Read again behind the locks: the bank's answer may have come.
        let now = queries::lock_payment(&mut tx, &payment.id)
            .await?
            .ok_or(Fault::NotFound)?;
        if now.state == PaymentState::NeedsConfirmation {
            let op = request_release(state, &mut tx, &payment.id)
                .await
                .map_err(Fault::from)?;
            tx.commit().await?;
            operations::run_operations(state, &op.into_iter().collect::<Vec<_>>()).await;
        }
    }
    standing_now(state, &appointment.id).await
}

/// The person's answer to what the bank asked about a payment made anew.
///
/// # Errors
/// When the database fails.
pub async fn answer_mending(state: &AppState, appointment: &Appointment, approved: bool) -> Result<Mending, Fault> {
    let standing = standing_now(state, &appointment.id).await?;
    if let Mending::NeedsConfirmation(payment) = &standing {
        return match checkout::answer_bank(state, payment, approved).await? {
            true => standing_now(state, &appointment.id).await,
            false => Ok(Mending::Unknown),
        };
    }
    Ok(standing)
}

async fn standing_now(state: &AppState, appointment: &str) -> Result<Mending, Fault> {
    let mut tx = state.db.read().await?;
    let appointment = appointments::load_any(&mut tx, appointment).await?;
    mending_of(&mut tx, &appointment, state.now()).await
}
