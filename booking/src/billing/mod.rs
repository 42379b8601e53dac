//! Money: what a call costs, the payment that covers it, and the ledger.
//!
//! Nothing remote is awaited inside a transaction. A call to the payment provider is a row of `payment_op` first; its id
//! is the idempotency key. What comes back is folded into the payment in a second transaction, with its ledger entries.

pub mod charge;
mod checkout;
mod finalise;
mod fold;
mod hooks;
pub mod ledger;
mod ops;
pub mod pages;
pub mod payment;
pub mod provider;
pub(crate) mod queries;
pub(crate) mod test_provider;
pub mod view;

pub use checkout::{CheckoutOutcome, answer_confirmation, book_free, pay, resume};
pub use finalise::{Outcome, decide, finalise_call};
pub use hooks::sign_hook;
pub use ops::run_now;
pub(crate) use ops::{follow_hints, release_stranded, run_due};
pub use payment::PaymentState;
pub use provider::PaymentProvider;
pub use queries::{Charge, LedgerLine, Op, OpKind, Payment};
pub use test_provider::{TEST_CARDS, TestCard, TestProvider};

use crate::appointments::{self, Appointment};
use crate::db::{DbError, Tx};
use crate::error::{AppError, AppResult};
use crate::mail::{self, AppointmentMail, PartyRole};
use crate::state::AppState;
use payment::IllegalPayment;

/// What can go wrong with a payment besides what the provider decides.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Illegal(#[from] IllegalPayment),
    #[error(transparent)]
    App(#[from] AppError),
    #[error("the payment is not there")]
    NoPayment,
}

impl From<BillingError> for AppError {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::Db(error) => error.into(),
            BillingError::App(error) => error,
            BillingError::Illegal(_) | BillingError::NoPayment => Self::internal(&error),
        }
    }
}

/// How the money of an appointment stands, for its pages. Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyView {
    /// None for free appointments.
    pub payment: Option<Payment>,
    /// None before the call is charged.
    pub charge: Option<Charge>,
    /// What was reserved at booking.
    pub reserved_minor: i64,
    pub captured_minor: i64,
    pub released_minor: i64,
}

/// How the money of an appointment stands.
///
/// # Errors
/// When the database fails.
pub async fn money_of(tx: &mut Tx, appointment: &str) -> AppResult<MoneyView> {
    let payment = queries::of_appointment(tx, appointment).await?;
    let charge = queries::charge(tx, appointment).await?;
    let (reserved_minor, captured_minor, released_minor) = match payment.as_ref().map(|payment| payment.state) {
        Some(PaymentState::Captured {
            authorised_minor,
            captured_minor,
        }) => (authorised_minor, captured_minor, authorised_minor - captured_minor),
        Some(PaymentState::Released { authorised_minor }) => (authorised_minor, 0, authorised_minor),
        Some(PaymentState::Refunded { captured_minor, .. }) => (captured_minor, captured_minor, 0),
        Some(
            PaymentState::Authorised { authorised_minor }
            | PaymentState::Capturing { authorised_minor, .. }
            | PaymentState::CaptureFailed { authorised_minor, .. }
            | PaymentState::Releasing { authorised_minor },
        ) => (authorised_minor, 0, 0),
        Some(
            PaymentState::Created
            | PaymentState::Authorising
            | PaymentState::NeedsConfirmation
            | PaymentState::Declined { .. },
        )
        | None => (0, 0, 0),
    };
    Ok(MoneyView {
        payment,
        charge,
        reserved_minor,
        captured_minor,
        released_minor,
    })
}

/// Follows a cancelled appointment: what was reserved is to be released, and both sides get a mail. In the transaction
/// that cancels; call [`run_now`] with the result after the commit.
///
/// # Errors
/// When the database fails.
pub async fn on_cancelled(state: &AppState, tx: &mut Tx, appointment: &Appointment) -> AppResult<Vec<String>> {
    let ops = release_payment_of(state, tx, &appointment.id).await?;
    tell_both(state, tx, appointment, &AppointmentMail::Cancelled).await?;
    Ok(ops)
}

/// Asks for the release of what an appointment's payment has reserved; the ids of the operations to run.
async fn release_payment_of(state: &AppState, tx: &mut Tx, appointment: &str) -> AppResult<Vec<String>> {
    let Some(payment) = queries::of_appointment(tx, appointment).await? else {
        return Ok(Vec::new());
    };
    Ok(ops::request_release(state, tx, &payment.id)
        .await
        .map_err(AppError::from)?
        .into_iter()
        .collect())
}

/// Mails both sides about an appointment, with the money as it stands.
async fn tell_both(state: &AppState, tx: &mut Tx, appointment: &Appointment, what: &AppointmentMail) -> AppResult<()> {
    let view = money_of(tx, &appointment.id).await?;
    let money = mail_money(appointment, &view);
    for role in [PartyRole::Consumer, PartyRole::Provider] {
        if let Some(message) = mail::appointment_mail(state, appointment, role, what, &money) {
            mail::enqueue(state, tx, &message).await?;
        }
    }
    Ok(())
}

fn mail_money(appointment: &Appointment, view: &MoneyView) -> mail::Money {
    let card = view
        .payment
        .as_ref()
        .map(|payment| format!("{} **** {}", payment.method.brand, payment.method.last4));
    mail::Money {
        currency: appointment.price.currency.clone(),
        card: card.unwrap_or_default(),
        reserved_minor: view.reserved_minor,
        charged_minor: view
            .charge
            .as_ref()
            .map_or(view.captured_minor, |charge| charge.amount.minor),
    }
}

/// Adds a line with an amount to what happened to an appointment.
async fn record_amount(
    state: &AppState,
    tx: &mut Tx,
    appointment: &str,
    kind: &str,
    minor: i64,
    currency: &str,
) -> AppResult<()> {
    let data = serde_json::json!({ "minor": minor, "currency": currency });
    appointments::lock(tx, appointment).await?;
    appointments::record_event(tx, appointment, kind, "system", state.now(), &data).await
}
