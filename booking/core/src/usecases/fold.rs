//! What the provider says, folded into a payment: its ledger entries, events, receipt and mails in one transaction.

use crate::appointments::{self, AppointmentMail, PartyRole};
use crate::base::db::Tx;
use crate::base::money::{Currency, Money, split_vat};
use crate::base::outbox;
use crate::billing::ledger::Posting;
use crate::billing::payment::{PaymentEvent, PaymentState, ProviderStatus};
use crate::billing::provider::ProviderPayment;
use crate::billing::queries::{self, PostingOf};
use crate::billing::{BillingError, Payment, mail_money, money_of, record_amount};
use crate::documents;
use crate::state::AppState;

type Result<T> = std::result::Result<T, BillingError>;

/// Folds in what the provider says. The payment's row must be locked. Old news change nothing.
pub(super) async fn fold_status(
    state: &AppState,
    tx: &mut Tx,
    payment: &Payment,
    seen: &ProviderPayment,
) -> Result<PaymentState> {
    let mut payment = payment.clone();
    // Where the news of the capture were skipped they come first: its postings and its receipt are due all the same.
    if let ProviderStatus::Refunded { captured_minor, .. } = seen.status
        && payment.state.reserved_minor().is_some()
    {
        let captured = ProviderStatus::Captured {
            amount_minor: captured_minor,
        };
        payment.state = fold_step(state, tx, &payment, captured, &seen.reference).await?;
    }
    fold_step(state, tx, &payment, seen.status, &seen.reference).await
}

async fn fold_step(
    state: &AppState,
    tx: &mut Tx,
    payment: &Payment,
    status: ProviderStatus,
    reference: &str,
) -> Result<PaymentState> {
    let next = payment.state.handle(PaymentEvent::Observed(status))?;
    queries::save_payment(tx, &payment.id, next, Some(reference), state.now()).await?;
    if next == payment.state {
        return Ok(next);
    }
    let charge = match &payment.appointment_id {
        Some(appointment) => queries::charge(tx, appointment).await?,
        None => None,
    };
    let vat_bp = charge.map_or(0, |charge| charge.vat_bp);
    let more_back = next.refunded_minor() - payment.state.refunded_minor();
    for posting in postings_of(next, more_back, payment.amount.currency, vat_bp) {
        post(state, tx, payment, next, &posting).await?;
    }
    match (next, &payment.appointment_id) {
        (PaymentState::Released { authorised_minor }, Some(appointment)) => {
            let currency = payment.amount.currency;
            record_amount(state, tx, appointment, "released", authorised_minor, currency.as_str()).await?;
        }
        (
            PaymentState::Captured {
                authorised_minor,
                captured_minor,
            },
            Some(appointment),
        ) => {
            record_capture(state, tx, payment, appointment, (authorised_minor, captured_minor)).await?;
        }
        (PaymentState::Refunded { .. }, Some(appointment)) => {
            let currency = payment.amount.currency;
            record_amount(state, tx, appointment, "refunded", more_back, currency.as_str()).await?;
        }
        (
            PaymentState::Created
            | PaymentState::Authorising
            | PaymentState::NeedsConfirmation
            | PaymentState::Declined { .. }
            | PaymentState::Authorised { .. }
            | PaymentState::Capturing { .. }
            | PaymentState::CaptureFailed { .. }
            | PaymentState::Releasing { .. }
            | PaymentState::Captured { .. }
            | PaymentState::Released { .. }
            | PaymentState::Refunded { .. },
            _,
        ) => {}
    }
    Ok(next)
}

/// What the ledger must hold once a payment is in a state. The reservation comes along each time, because the news of it
/// may have been skipped: postings that are there already are not written again. `more_back` is what was paid back since
/// the state before.
fn postings_of(next: PaymentState, more_back: i64, currency: Currency, vat_bp: u32) -> Vec<Posting> {
    let money = |minor| Money::new(minor, currency);
    let reserved = |minor| Posting::Authorised { amount: money(minor) };
    match next {
        PaymentState::Authorised { authorised_minor } => vec![reserved(authorised_minor)],
        PaymentState::Released { authorised_minor } => {
            vec![
                reserved(authorised_minor),
                Posting::Released {
                    amount: money(authorised_minor),
                },
            ]
        }
        PaymentState::Captured {
            authorised_minor,
            captured_minor,
        } => {
            let released = money(authorised_minor - captured_minor);
            vec![
                reserved(authorised_minor),
                Posting::Captured {
                    captured: money(captured_minor),
                    released,
                },
            ]
        }
        PaymentState::Refunded { .. } => {
            vec![Posting::Refunded {
                split: split_vat(more_back, vat_bp),
                of: money(more_back),
            }]
        }
        PaymentState::Created
        | PaymentState::Authorising
        | PaymentState::NeedsConfirmation
        | PaymentState::Declined { .. }
        | PaymentState::Capturing { .. }
        | PaymentState::CaptureFailed { .. }
        | PaymentState::Releasing { .. } => Vec::new(),
    }
}

async fn post(state: &AppState, tx: &mut Tx, payment: &Payment, next: PaymentState, posting: &Posting) -> Result<()> {
    let now = state.now();
    let of = PostingOf {
        org_id: &payment.org_id,
        appointment_id: payment.appointment_id.as_deref(),
        payment_id: Some(&payment.id),
    };
    // There may be several refunds of one payment; each is named by what was paid back in all.
    let key = match next.refunded_minor() {
        0 => format!("{}:{}", posting.kind(), payment.id),
        total => format!("{}:{}:{total}", posting.kind(), payment.id),
    };
    queries::post(tx, &state.random.id(now), &key, posting, &of, now).await?;
    Ok(())
}

/// The money is in: events, receipt and its mail.
async fn record_capture(
    state: &AppState,
    tx: &mut Tx,
    payment: &Payment,
    appointment: &str,
    (reserved_minor, captured_minor): (i64, i64),
) -> Result<()> {
    let currency = payment.amount.currency;
    record_amount(state, tx, appointment, "charged", captured_minor, currency.as_str()).await?;
    if captured_minor < reserved_minor {
        let released = reserved_minor - captured_minor;
        record_amount(state, tx, appointment, "released", released, currency.as_str()).await?;
    }
    let appointment = appointments::load_any(tx, appointment).await?;
    let Some(charge) = queries::charge(tx, &appointment.id).await? else {
        return Ok(());
    };
    let amounts = (reserved_minor, captured_minor);
    let number = documents::issue_receipt(state, tx, &appointment, &charge, payment, amounts).await?;
    let data = serde_json::json!({ "number": &number });
    appointments::record_event(tx, &appointment.id, "receipt", "system", state.now(), &data).await?;
    let view = money_of(tx, &appointment.id).await?;
    let money = mail_money(&appointment, &view);
    let what = AppointmentMail::Receipt {
        number,
        billable: charge.billable,
    };
    if let Some(message) = appointments::appointment_mail(state, &appointment, PartyRole::Consumer, &what, &money) {
        outbox::enqueue(state, tx, &message).await?;
    }
    Ok(())
}
