//! Going on beyond the highest price of a call by the minute: the consumer asks and agrees to pay, the provider agrees, the card
//! that the call is paid with is asked for the sum, and only then the highest price rises.

use signaling_protocol::Role;

use super::collection::charge_kept;
use super::operations;
use crate::appointments::{self, Appointment, Status};
use crate::base::db::Tx;
use crate::base::{Base, Fault, Micros};
use crate::billing::payment::PaymentState;
use crate::billing::queries;
use crate::billing::{BillingError, Payment, Payments, Purpose};
use crate::calls;
use crate::calls::extensions::{self, Extension, ExtensionState, GRANTED_WITHIN_US};
use crate::state::AppState;

/// Questions that one round of a job ends.
const BATCH_MAX: i64 = 100;

/// What may be asked for. Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionOffer {
    pub amount_minor: i64,
    pub cap_minor: i64,
}

impl ExtensionOffer {
    /// The highest price with it.
    #[must_use]
    pub fn new_cap_minor(&self) -> i64 {
        self.cap_minor.saturating_add(self.amount_minor)
    }
}

/// How extending a call stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionStanding {
    /// The newest question.
    pub last: Option<Extension>,
    /// What the consumer may ask for now; none while a question is open, and where there is nothing to ask for.
    pub offer: Option<ExtensionOffer>,
}

/// Why a question was not put.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtensionRefusal {
    /// It is another sum now than was shown, or there is nothing to ask for.
    #[error("what was agreed to is not offered")]
    NotOffered,
    #[error(transparent)]
    Fault(#[from] Fault),
}

crate::carries_faults!(ExtensionRefusal);

/// How extending a call stands; whoever loaded the appointment may see it.
///
/// # Errors
/// When the database fails.
pub async fn extension_standing(state: &AppState, appointment: &Appointment) -> Result<ExtensionStanding, Fault> {
    let mut tx = state.db.read().await?;
    standing_in(&mut tx, &state.payments, appointment, state.now()).await
}

async fn standing_in(
    tx: &mut Tx,
    payments: &Payments,
    appointment: &Appointment,
    now: Micros,
) -> Result<ExtensionStanding, Fault> {
    let last = extensions::last(tx, &appointment.id).await?;
    let offer = match may_ask(last.as_ref(), appointment) {
        true => offer_in(tx, payments, appointment, now).await?,
        false => None,
    };
    Ok(ExtensionStanding { last, offer })
}

/// Who was told no is not asked again, unless something has changed since.
fn may_ask(last: Option<&Extension>, appointment: &Appointment) -> bool {
    let Some(last) = last else { return true };
    last.number + 1 < extensions::ASKED_MAX
        && match last.state {
            ExtensionState::Asked | ExtensionState::Agreed => false,
            ExtensionState::Declined | ExtensionState::Refused => last.cap_minor != appointment.price.most_minor(),
            ExtensionState::Granted | ExtensionState::Withdrawn | ExtensionState::Lapsed => true,
        }
}

async fn offer_in(
    tx: &mut Tx,
    payments: &Payments,
    appointment: &Appointment,
    now: Micros,
) -> Result<Option<ExtensionOffer>, Fault> {
    if !goes_on(tx, appointment, now).await? || chargeable(tx, payments, &appointment.id).await?.is_none() {
        return Ok(None);
    }
    let billable = calls::load_billable(tx, &appointment.id).await?;
    let amount_minor = extensions::extension_minor(&appointment.price, billable, appointment.end_us - now);
    let cap_minor = appointment.price.most_minor();
    Ok(amount_minor.map(|amount_minor| ExtensionOffer {
        amount_minor,
        cap_minor,
    }))
}

/// Whether the call is under way, and nobody ended it.
async fn goes_on(tx: &mut Tx, appointment: &Appointment, now: Micros) -> Result<bool, Fault> {
    let seats = calls::queries::seats(tx, &appointment.id).await?;
    let ended = seats
        .iter()
        .any(|seat| seat.ended_at.is_some() || seat.left_at.is_some());
    Ok(appointment.status == Status::InCall && now < appointment.end_us && !ended)
}

/// The payment whose card can be charged while its owner talks: one that was kept, or whose provider charges again what it
/// has reserved an amount on.
async fn chargeable(tx: &mut Tx, payments: &Payments, appointment: &str) -> Result<Option<Payment>, Fault> {
    let all = queries::of_appointment(tx, appointment).await?;
    let again = |payment: &Payment| {
        let provider = payments.find(&payment.psp);
        let reserved = matches!(payment.state, PaymentState::Authorised { .. }) && payment.purpose != Purpose::Extend;
        provider.is_some_and(|provider| payment.state == PaymentState::Saved || reserved && provider.charges_again())
    };
    let kept = all
        .iter()
        .rfind(|payment| payment.state == PaymentState::Saved && again(payment));
    Ok(kept.or_else(|| all.iter().rfind(|payment| again(payment))).cloned())
}

/// The consumer asks to go on, and agrees to pay up to `shown_minor` more in words with this hash and locale. A question that
/// is open already stays as it is.
///
/// # Errors
/// [`ExtensionRefusal::NotOffered`] when something else is offered by now; [`Fault::NotFound`] for anybody but the consumer.
pub async fn ask_extension(
    state: &AppState,
    appointment: &Appointment,
    shown_minor: i64,
    consent: (&str, &str),
) -> Result<ExtensionStanding, ExtensionRefusal> {
    if appointment.seat.role != Role::Consumer {
        return Err(Fault::NotFound.into());
    }
    let now = state.now();
    let mut tx = state.db.write().await?;
    appointments::lock(&mut tx, &appointment.id).await?;
    let locked = appointments::load_any(&mut tx, &appointment.id).await?;
    let standing = standing_in(&mut tx, &state.payments, &locked, now).await?;
    if standing.last.as_ref().is_some_and(|last| last.state.is_open()) {
        return Ok(standing);
    }
    let offered = standing.offer.filter(|offer| offer.amount_minor == shown_minor);
    let offer = offered.ok_or(ExtensionRefusal::NotOffered)?;
    let number = standing.last.map_or(0, |last| last.number + 1);
    let id = state.random.id(now);
    extensions::add(&mut tx, (&id, number), &locked, offer.amount_minor, consent, now).await?;
    let standing = standing_in(&mut tx, &state.payments, &locked, now).await?;
    tx.commit().await?;
    Ok(standing)
}

/// The consumer takes the question back, as long as nobody answered.
///
/// # Errors
/// [`Fault::NotFound`] for anybody but the consumer.
pub async fn withdraw_extension(state: &AppState, appointment: &Appointment) -> Result<ExtensionStanding, Fault> {
    if appointment.seat.role != Role::Consumer {
        return Err(Fault::NotFound);
    }
    let mut tx = state.db.write().await?;
    appointments::lock(&mut tx, &appointment.id).await?;
    let asked = extensions::last(&mut tx, &appointment.id).await?;
    if let Some(asked) = asked.filter(|asked| asked.state == ExtensionState::Asked) {
        extensions::end(&mut tx, &asked.id, ExtensionState::Withdrawn, state.now()).await?;
        tx.commit().await?;
    }
    extension_standing(state, appointment).await
}

/// The provider's side answers. Where it agrees the card is asked at once, and the answer to that is waited for; what is
/// answered already stays as it is.
///
/// # Errors
/// [`Fault::NotFound`] for anybody but the provider of the call.
pub async fn answer_extension(
    state: &AppState,
    appointment: &Appointment,
    account: &str,
    agrees: bool,
) -> Result<ExtensionStanding, Fault> {
    if appointment.seat.role != Role::Provider {
        return Err(Fault::NotFound);
    }
    let op = record_answer(state, &appointment.id, account, agrees).await?;
    if let Some(op) = op {
        operations::run_operations(state, &[op]).await;
        if let Some(live) = state.live_calls.get() {
            live.review();
        }
    }
    extension_standing(state, appointment).await
}

async fn record_answer(state: &AppState, call: &str, account: &str, agrees: bool) -> Result<Option<String>, Fault> {
    let now = state.now();
    let mut tx = state.db.write().await?;
    appointments::lock(&mut tx, call).await?;
    let locked = appointments::load_any(&mut tx, call).await?;
    let asked = extensions::last(&mut tx, call).await?;
    let Some(asked) = asked.filter(|asked| asked.state == ExtensionState::Asked) else {
        return Ok(None);
    };
    if !agrees {
        extensions::decline(&mut tx, &asked.id, account, now).await?;
        tx.commit().await?;
        return Ok(None);
    }
    let late = now >= asked.asked_at + extensions::ANSWERED_WITHIN_US || !goes_on(&mut tx, &locked, now).await?;
    let card = chargeable(&mut tx, &state.payments, call).await?;
    let Some(card) = card.filter(|_| !late) else {
        extensions::end(&mut tx, &asked.id, ExtensionState::Lapsed, now).await?;
        tx.commit().await?;
        return Ok(None);
    };
    let charge = (Purpose::Extend, asked.amount_minor, now);
    let op = charge_kept(state, &mut tx, &locked, &card, charge)
        .await
        .map_err(Fault::from)?;
    let Some(op) = op else { return Ok(None) };
    let payment = queries::op(&mut tx, &op).await?.ok_or(Fault::NotFound)?.payment_id;
    extensions::agree(&mut tx, &asked.id, account, &payment, now).await?;
    tx.commit().await?;
    Ok(Some(op))
}

/// What the provider of payments said about the card: the highest price rises, or does not. The rows of the appointment and of
/// the payment must be locked.
pub(super) async fn follow_card(base: &Base, tx: &mut Tx, payment: &Payment) -> Result<(), BillingError> {
    let Some(extension) = extensions::of_payment(tx, &payment.id).await? else {
        return Ok(());
    };
    if extension.state != ExtensionState::Agreed {
        return Ok(());
    }
    let now = base.now();
    let state = match payment.state {
        PaymentState::Created | PaymentState::Authorising => return Ok(()),
        PaymentState::Authorised { authorised_minor } if authorised_minor >= extension.amount_minor => {
            match grant(base, tx, &extension, now).await? {
                true => ExtensionState::Granted,
                false => ExtensionState::Lapsed,
            }
        }
        // Whoever talks answers no bank.
        PaymentState::NeedsConfirmation
        | PaymentState::Declined { .. }
        | PaymentState::Saved
        | PaymentState::Authorised { .. }
        | PaymentState::Capturing { .. }
        | PaymentState::CaptureFailed { .. }
        | PaymentState::Captured { .. }
        | PaymentState::Releasing { .. }
        | PaymentState::Released { .. }
        | PaymentState::Refunded { .. } => ExtensionState::Refused,
    };
    extensions::end(tx, &extension.id, state, now).await?;
    Ok(())
}

/// Raises the highest price, where that is still of use: on record with who wanted it, before any room hears of it.
async fn grant(base: &Base, tx: &mut Tx, extension: &Extension, now: Micros) -> Result<bool, BillingError> {
    let appointment = appointments::load_any(tx, &extension.call).await?;
    let late = extension.answered_at.is_none_or(|at| now >= at + GRANTED_WITHIN_US);
    if late || !goes_on(tx, &appointment, now).await? || appointment.price.most_minor() != extension.cap_minor {
        return Ok(false);
    }
    let Some(price) = extensions::raised(&appointment.price, extension.amount_minor) else {
        return Ok(false);
    };
    extensions::set_price(tx, &appointment.id, &price).await?;
    let data =
        serde_json::json!({ "minor": price.most_minor(), "currency": &price.currency, "by": extension.amount_minor });
    appointments::record_event(tx, &appointment.id, "extended", &extension.asked_by, base.now(), &data).await?;
    Ok(true)
}

/// Whether a payment was made for an extension that there is not: what it has reserved is let go of at once.
pub(super) async fn is_void(tx: &mut Tx, payment: &Payment) -> Result<bool, BillingError> {
    if payment.purpose != Purpose::Extend {
        return Ok(false);
    }
    let extension = extensions::of_payment(tx, &payment.id).await?;
    Ok(extension.is_none_or(|extension| !matches!(extension.state, ExtensionState::Agreed | ExtensionState::Granted)))
}

/// Ends questions that nobody answered in time, for a job. A card that answers later extends nothing.
///
/// # Errors
/// When the database fails.
pub async fn lapse_extensions(state: &AppState) -> Result<(), Fault> {
    let late = extensions::late(&mut state.db.read().await?, state.now(), BATCH_MAX).await?;
    for (id, call) in late {
        let mut tx = state.db.write().await?;
        appointments::lock(&mut tx, &call).await?;
        extensions::end(&mut tx, &id, ExtensionState::Lapsed, state.now()).await?;
        tx.commit().await?;
    }
    Ok(())
}
