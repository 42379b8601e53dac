//! Carries out what [`decide_collection`] says about the money of an appointment. Nobody else takes or lets go of it.

use super::extending;
use super::mending::tell_unpaid;
use crate::appointments::{self, Appointment, AppointmentMail, PartyRole};
use crate::base::db::Tx;
use crate::base::money::{Currency, Money};
use crate::base::{Base, Fault, MINUTE_US, Micros, outbox};
use crate::billing::collection::{Standing, Step, decide_collection};
use crate::billing::queries::{self, NewPayment};
use crate::billing::{
    BillingError, Payment, PaymentState, Purpose, mail_money, money_of, record_amount, request_capture,
    request_payment, request_release,
};
use crate::disputes;

/// So long somebody has to answer the bank about what is owed.
const ANSWERED_WITHIN_US: Micros = 60 * MINUTE_US;

/// Before each try to charge a kept card: what is not on the account today may be tomorrow.
const FEE_WAITS_US: [Micros; 3] = [0, 6 * 60 * MINUTE_US, 24 * 60 * MINUTE_US];

type Result<T> = std::result::Result<T, BillingError>;

/// Takes what is owed for an appointment and lets go of the rest. To be called in the transaction of whatever changed it;
/// the appointment's row must be locked. Returns the operations to run after the commit, which the jobs do otherwise.
///
/// # Errors
/// When the database fails.
pub(super) async fn collect_payment(base: &Base, tx: &mut Tx, appointment: &Appointment) -> Result<Vec<String>> {
    let owed_minor = queries::charge(tx, &appointment.id)
        .await?
        .map_or(0, |charge| charge.amount.minor);
    let payments = queries::of_appointment(tx, &appointment.id).await?;
    let mut standings = Vec::with_capacity(payments.len());
    for payment in &payments {
        let is_busy = queries::is_busy(tx, &payment.id).await?;
        standings.push(Standing {
            payment,
            is_busy,
            is_void: extending::is_void(tx, payment).await?,
            is_left: payment.updated_at + ANSWERED_WITHIN_US <= base.now(),
        });
    }
    // As it stands now: the caller may have moved it on since it was loaded.
    let appointment = &appointments::load_any(tx, &appointment.id).await?;
    let is_over = appointment.status.is_over();
    tell_unpaid(base, tx, appointment, &payments).await?;
    let mut ops = Vec::new();
    // While a dispute is open nothing is taken; its end calls this again.
    let is_held = disputes::queries::open_of(tx, &appointment.id).await?.is_some();
    for step in decide_collection(owed_minor, is_over, &standings) {
        if is_held && step.takes_money() {
            continue;
        }
        match step {
            Step::Capture { payment, amount_minor } => {
                ops.extend(request_capture(base, tx, &payment, amount_minor).await?);
            }
            Step::Release { payment } => ops.extend(request_release(base, tx, &payment).await?),
            Step::ChargeKept { payment, amount_minor } => {
                let kept = payments.iter().find(|kept| kept.id == payment);
                let kept = kept.ok_or(BillingError::NoPayment)?;
                let tries = payments
                    .iter()
                    .filter(|payment| payment.purpose == Purpose::Fee)
                    .count();
                let due = base.now() + FEE_WAITS_US[tries.min(FEE_WAITS_US.len() - 1)];
                ops.extend(charge_kept(base, tx, appointment, kept, (Purpose::Fee, amount_minor, due)).await?);
            }
            Step::GiveUp { owed_minor } => give_up(base, tx, appointment, owed_minor).await?,
        }
    }
    Ok(ops)
}

/// Asks for an amount from a kept card while the person is away, from `due` on.
pub(super) async fn charge_kept(
    base: &Base,
    tx: &mut Tx,
    appointment: &Appointment,
    kept: &Payment,
    (purpose, amount_minor, due): (Purpose, i64, Micros),
) -> Result<Option<String>> {
    let now = base.now();
    let new = NewPayment {
        id: &base.random.id(now),
        hold_id: &kept.hold_id,
        attempt: queries::next_attempt(tx, &kept.hold_id).await?,
        psp: &kept.psp,
        method: &kept.method,
        amount: Money::new(amount_minor, kept.amount.currency),
        purpose,
        kept_from: Some(&kept.id),
        seller_account: kept.seller_account.as_deref(),
        appointment_id: Some(&appointment.id),
    };
    request_payment(base, tx, &new, due).await
}

/// Nothing is left to take it from: the consumer still owes it, and both the consumer and the operator learn it, once.
async fn give_up(base: &Base, tx: &mut Tx, appointment: &Appointment, owed_minor: i64) -> Result<()> {
    let told = appointments::events(tx, &appointment.id).await?;
    if told.iter().any(|event| event.kind == "charge_failed") {
        return Ok(());
    }
    let currency = &appointment.price.currency;
    record_amount(base, tx, &appointment.id, "charge_failed", owed_minor, currency).await?;
    let view = money_of(tx, &appointment.id).await?;
    let mut money = mail_money(appointment, &view);
    money.charged_minor = owed_minor;
    let mail = AppointmentMail::PaymentFailed;
    if let Some(message) = appointments::appointment_mail(base, appointment, PartyRole::Consumer, &mail, &money) {
        outbox::enqueue(base, tx, &message).await?;
    }
    Ok(())
}

/// What an appointment still owes after what was taken, when it is over.
///
/// # Errors
/// When the database fails.
pub async fn owed_of(tx: &mut Tx, appointment: &Appointment) -> std::result::Result<Money, Fault> {
    let currency = Currency::parse(&appointment.price.currency).map_err(|error| Fault::internal(&error))?;
    let charge = queries::charge(tx, &appointment.id).await?;
    let payments = queries::of_appointment(tx, &appointment.id).await?;
    let taken: i64 = payments.iter().map(|payment| payment.state.captured_minor()).sum();
    let owed = charge.map_or(0, |charge| charge.amount.minor) - taken;
    // What no card can be charged is not owed.
    let owed = if owed < currency.least_charge_minor() { 0 } else { owed };
    Ok(Money::new(owed, currency))
}

/// Whether a payment stands for an appointment's price: reserved, or being taken, or taken.
pub(super) fn is_secured(payments: &[Payment]) -> bool {
    payments.iter().any(|payment| {
        payment.state.reserved_minor().is_some() && !matches!(payment.state, PaymentState::Releasing { .. })
            || payment.state.captured_minor() > 0
    })
}
