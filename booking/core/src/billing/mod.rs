//! Money: what a call costs, the payment that covers it, and the ledger.
//!
//! Nothing remote is awaited inside a transaction. A call to the payment provider is a row of `payment_op` first; its id
//! makes the idempotency key. What comes back is folded into the payment in a second transaction, with its ledger entries.

pub mod bank_file;
pub mod collection;
pub mod commission;
pub mod differences;
pub mod hooks;
pub mod invoice;
mod invoice_provider;
pub mod invoices;
pub mod ledger;
mod ops;
pub mod payment;
mod payments;
pub mod provider;
pub mod queries;
mod records;
pub mod refunds;
pub mod sellers;

pub use invoice_provider::InvoiceProvider;
pub use ops::{backoff, request_capture, request_payment, request_refund, request_release};
pub use payment::PaymentState;
pub use payments::Payments;
pub use provider::PaymentProvider;
pub use records::{
    CANCELLED, Charge, Fee, LedgerLine, NO_SHOW_CONSUMER, Op, OpKind, Payment, Purpose, Refund, RefundState,
};

use crate::appointments::{self, Appointment};
use crate::appointments::{AppointmentMail, MailMoney, PartyRole};
use crate::base::Base;
use crate::base::Fault;
use crate::base::db::{DbError, Tx};
use crate::base::outbox;
use crate::providers::seller::find_seller;
use payment::IllegalPayment;
use provider::ProviderError;

/// Results of this feature.
pub type Result<T, E = BillingError> = std::result::Result<T, E>;

/// What can go wrong with a payment besides what the provider decides.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Illegal(#[from] IllegalPayment),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("the payment is not there")]
    NoPayment,
    /// Nobody knows what its provider would have said.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

impl BillingError {
    /// Whether the same fails again however often it is tried.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Illegal(_) | Self::NoPayment => true,
            Self::Db(_) | Self::Fault(_) | Self::Provider(_) => false,
        }
    }

    /// Whether it lies at somebody who is away for the moment, the database or the provider, and says nothing of the payment.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Db(error) => error.is_unavailable(),
            Self::Fault(fault) => matches!(fault, Fault::Busy),
            Self::Provider(_) => true,
            Self::Illegal(_) | Self::NoPayment => false,
        }
    }
}

impl From<BillingError> for Fault {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::Db(error) => error.into(),
            BillingError::Fault(fault) => fault,
            BillingError::Illegal(_) | BillingError::NoPayment | BillingError::Provider(_) => Self::internal(&error),
        }
    }
}

/// How the money of an appointment stands, for its pages. Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyView {
    /// The payment that speaks for the appointment: what was taken, else what is reserved or kept, else what was tried last.
    /// None for free appointments.
    pub payment: Option<Payment>,
    /// None before the call is charged.
    pub charge: Option<Charge>,
    /// What was reserved for it.
    pub reserved_minor: i64,
    /// What was taken, by all payments.
    pub captured_minor: i64,
    pub released_minor: i64,
    /// What was paid back, of all payments.
    pub refunded_minor: i64,
    /// The invoice of that payment, once it is issued.
    pub invoice: Option<invoices::Invoice>,
    /// What is missing of the charge, and comes by no payment any more unless somebody pays anew.
    pub owed_minor: i64,
    /// More than one payment stands for it, because the call was extended.
    pub extended: bool,
}

/// How the money of an appointment stands.
///
/// # Errors
/// When the database fails.
pub async fn money_of(tx: &mut Tx, appointment: &str) -> Result<MoneyView, Fault> {
    let payments = queries::of_appointment(tx, appointment).await?;
    let charge = queries::charge(tx, appointment).await?;
    let captured_minor = payments.iter().map(|payment| payment.state.captured_minor()).sum();
    let refunded_minor = payments.iter().map(|payment| payment.state.refunded_minor()).sum();
    let owed_minor = charge.as_ref().map_or(0, |charge| owed_minor(charge, &payments));
    let payment = speaking_payment(&payments).cloned();
    let by_invoice = payment.as_ref().filter(|payment| payment.is_by_invoice());
    let invoice = match by_invoice {
        Some(payment) => invoices::of_payment(tx, &payment.id).await?,
        None => None,
    };
    let (mut reserved_minor, mut released_minor) = payment.as_ref().map_or((0, 0), reserved_and_released);
    let mut extended = false;
    // Extensions stand beside it.
    for added in payments.iter().filter(|payment| payment.purpose == Purpose::Extend) {
        let (reserved, released) = reserved_and_released(added);
        extended |= reserved > released;
        reserved_minor += reserved;
        released_minor += released;
    }
    Ok(MoneyView {
        payment,
        charge,
        reserved_minor,
        captured_minor,
        released_minor,
        refunded_minor,
        invoice,
        owed_minor,
        extended,
    })
}

/// What was reserved by a payment, and let go of again.
fn reserved_and_released(payment: &Payment) -> (i64, i64) {
    // A promise to pay by invoice reserves nothing.
    if payment.is_by_invoice() {
        return (0, 0);
    }
    match payment.state {
        PaymentState::Captured {
            authorised_minor,
            captured_minor,
        } => (authorised_minor, authorised_minor - captured_minor),
        PaymentState::Released { authorised_minor } => (authorised_minor, authorised_minor),
        PaymentState::Refunded { captured_minor, .. } => (captured_minor, 0),
        PaymentState::Created
        | PaymentState::Authorising
        | PaymentState::NeedsConfirmation
        | PaymentState::Declined { .. }
        | PaymentState::Saved
        | PaymentState::Authorised { .. }
        | PaymentState::Capturing { .. }
        | PaymentState::CaptureFailed { .. }
        | PaymentState::Releasing { .. } => (payment.state.reserved_minor().unwrap_or(0), 0),
    }
}

/// What is missing of a charge besides what is in, on its way, or still asked for.
fn owed_minor(charge: &Charge, payments: &[Payment]) -> i64 {
    let mut missing = charge.amount.minor;
    for payment in payments {
        missing -= match payment.state {
            // A card that is kept is charged, or asked, by itself.
            PaymentState::Created | PaymentState::Authorising | PaymentState::Saved => return 0,
            PaymentState::Authorised { authorised_minor } => authorised_minor,
            PaymentState::Capturing { amount_minor, .. } => amount_minor,
            PaymentState::Captured { captured_minor, .. } | PaymentState::Refunded { captured_minor, .. } => {
                captured_minor
            }
            PaymentState::NeedsConfirmation
            | PaymentState::Declined { .. }
            | PaymentState::CaptureFailed { .. }
            | PaymentState::Releasing { .. }
            | PaymentState::Released { .. } => 0,
        };
    }
    missing.max(0)
}

/// What was taken, else what is reserved, else the card that is kept, else what was tried last.
fn speaking_payment(payments: &[Payment]) -> Option<&Payment> {
    let rank = |payment: &Payment| match payment.state {
        PaymentState::Captured { .. } | PaymentState::Refunded { .. } => 4,
        PaymentState::Authorised { .. }
        | PaymentState::Capturing { .. }
        | PaymentState::CaptureFailed { .. }
        | PaymentState::Releasing { .. } => 3,
        PaymentState::Saved => 2,
        PaymentState::Created
        | PaymentState::Authorising
        | PaymentState::NeedsConfirmation
        | PaymentState::Released { .. } => 1,
        PaymentState::Declined { .. } => 0,
    };
    let main = payments.iter().filter(|payment| payment.purpose != Purpose::Extend);
    main.max_by_key(|payment| (rank(payment), payment.attempt))
}

/// Mails both sides about an appointment, with the money as it stands.
pub async fn mail_both_sides(
    state: &Base,
    tx: &mut Tx,
    appointment: &Appointment,
    what: &AppointmentMail,
) -> Result<(), Fault> {
    let view = money_of(tx, &appointment.id).await?;
    let mut money = mail_money(appointment, &view);
    if *what == AppointmentMail::Booked {
        money.withdrawal = appointments::load_withdrawal_request(tx, &appointment.hold_id).await?;
        money.seller = find_seller(tx, &appointment.org_id).await?;
    }
    for role in [PartyRole::Consumer, PartyRole::Provider] {
        if let Some(message) = appointments::appointment_mail(state, appointment, role, what, &money) {
            outbox::enqueue(state, tx, &message).await?;
        }
    }
    Ok(())
}

pub fn mail_money(appointment: &Appointment, view: &MoneyView) -> MailMoney {
    let by_invoice = view.payment.as_ref().filter(|payment| payment.is_by_invoice());
    let card = match by_invoice {
        Some(_) => None,
        None => view.payment.as_ref(),
    };
    let card = card.map(|payment| format!("{} **** {}", payment.method.brand, payment.method.last4));
    MailMoney {
        currency: appointment.price.currency.clone(),
        card: card.unwrap_or_default(),
        test: view.payment.as_ref().is_some_and(Payment::is_test),
        reserved_minor: view.reserved_minor,
        charged_minor: view
            .charge
            .as_ref()
            .map_or(view.captured_minor, |charge| charge.amount.minor),
        kept_minor: match &view.payment {
            Some(payment) if payment.state == PaymentState::Saved => payment.amount.minor,
            Some(_) | None => 0,
        },
        invoiced_minor: by_invoice.map_or(0, |payment| payment.amount.minor),
        withdrawal: None,
        seller: None,
    }
}

/// The mail of a receipt for a charge.
#[must_use]
pub fn receipt_mail(number: String, charge: &Charge) -> AppointmentMail {
    match charge.fee() {
        Some(fee) => AppointmentMail::FeeReceipt {
            number,
            missed: fee == Fee::Missed,
        },
        None => AppointmentMail::Receipt {
            number,
            billable: charge.billable,
        },
    }
}

/// Adds a line with an amount to what happened to an appointment.
pub async fn record_amount(
    state: &Base,
    tx: &mut Tx,
    appointment: &str,
    kind: &str,
    minor: i64,
    currency: &str,
) -> Result<(), Fault> {
    let data = serde_json::json!({ "minor": minor, "currency": currency });
    appointments::lock(tx, appointment).await?;
    appointments::record_event(tx, appointment, kind, "system", state.now(), &data).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::{Currency, Money};
    use crate::base::vat::VatCode;
    use crate::billing::payment::DeclineReason;
    use crate::billing::provider::PaymentMethod;

    fn owed(states: &[PaymentState]) -> i64 {
        let charge = Charge {
            outcome: "held".into(),
            billable: 0,
            amount: Money::new(9_000, Currency::NOK),
            vat_code: VatCode::Standard,
            vat_bp: 2_500,
            vat_minor: 1_800,
            at: 0,
        };
        let payment = |state: &PaymentState| Payment {
            id: "p".into(),
            hold_id: "h".into(),
            attempt: 0,
            purpose: Purpose::Book,
            kept_from: None,
            seller_account: None,
            psp: "test".into(),
            appointment_id: Some("a".into()),
            org_id: "o".into(),
            method: PaymentMethod::default(),
            amount: charge.amount,
            state: *state,
            reference: None,
            updated_at: 0,
        };
        owed_minor(&charge, &states.iter().map(payment).collect::<Vec<_>>())
    }

    #[test]
    fn what_was_let_go_of_or_declined_is_owed_and_what_is_on_its_way_is_not() {
        let authorised_minor = 9_000;
        let declined = PaymentState::Declined {
            reason: DeclineReason::Declined,
        };
        assert_eq!(owed(&[PaymentState::Released { authorised_minor }]), 9_000);
        assert_eq!(
            owed(&[PaymentState::NeedsConfirmation]),
            9_000,
            "the person has not answered"
        );
        assert_eq!(owed(&[PaymentState::Authorised { authorised_minor }]), 0);
        assert_eq!(owed(&[declined, PaymentState::Authorising]), 0, "it is being asked for");
        assert_eq!(
            owed(&[declined, PaymentState::Saved]),
            0,
            "the card is charged once more"
        );
    }

    #[test]
    fn of_what_a_part_was_taken_the_rest_is_owed() {
        let part = PaymentState::Captured {
            authorised_minor: 4_000,
            captured_minor: 4_000,
        };
        let failed = PaymentState::CaptureFailed {
            authorised_minor: 5_000,
            amount_minor: 5_000,
        };
        let capturing = PaymentState::Capturing {
            authorised_minor: 5_000,
            amount_minor: 5_000,
        };
        assert_eq!(owed(&[part]), 5_000);
        assert_eq!(owed(&[part, failed]), 5_000);
        assert_eq!(owed(&[part, capturing]), 0);
        let back = PaymentState::Refunded {
            captured_minor: 4_000,
            refunded_minor: 4_000,
        };
        assert_eq!(owed(&[back]), 5_000, "what was paid back is not owed again");
    }
}
