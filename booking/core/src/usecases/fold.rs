//! What the provider says, folded into a payment: its ledger entries, events, documents and mails in one transaction.

use super::collection::collect_payment;
use super::extending;
use super::invoicing::record_invoice;
use super::refunds::fold_refunds;
use crate::appointments::{self, PartyRole};
use crate::base::db::Tx;
use crate::base::money::{Currency, Money};
use crate::base::outbox;
use crate::billing::ledger::Posting;
use crate::billing::payment::{PaymentEvent, PaymentState, ProviderStatus};
use crate::billing::provider::ProviderPayment;
use crate::billing::queries::{self, PostingOf};
use crate::billing::{BillingError, Payment, Purpose, commission, mail_money, money_of, receipt_mail, record_amount};
use crate::documents;
use crate::state::AppState;

type Result<T> = std::result::Result<T, BillingError>;

/// Folds in what the provider says, and does what follows for the money of an appointment that is over. The rows of the
/// appointment and of the payment must be locked, in that order. Old news change nothing. Returns the operations to run.
pub(super) async fn fold_status(
    state: &AppState,
    tx: &mut Tx,
    payment: &Payment,
    seen: &ProviderPayment,
) -> Result<Vec<String>> {
    if let Some(method) = &seen.method
        && *method != payment.method
    {
        queries::save_method(tx, &payment.id, method, state.now()).await?;
    }
    let mut payment = payment.clone();
    payment.state = fold_step(state, tx, &payment, seen.status, &seen.reference).await?;
    fold_refunds(state, tx, &payment, &seen.refunds).await?;
    if payment.purpose == Purpose::Extend {
        extending::follow_card(state, tx, &payment).await?;
    }
    let Some(appointment) = &payment.appointment_id else {
        return Ok(Vec::new());
    };
    let appointment = appointments::load_any(tx, appointment).await?;
    collect_payment(state, tx, &appointment).await
}

async fn fold_step(
    state: &AppState,
    tx: &mut Tx,
    payment: &Payment,
    status: ProviderStatus,
    reference: &str,
) -> Result<PaymentState> {
    let next = payment.state.handle(PaymentEvent::Observed(status))?;
    if next == payment.state {
        queries::save_reference(tx, &payment.id, reference).await?;
        return Ok(next);
    }
    queries::save_payment(tx, &payment.id, next, Some(reference), state.now()).await?;
    if payment.is_by_invoice() {
        return fold_promise(state, tx, payment, next).await;
    }
    for posting in postings_of(next, payment.amount.currency) {
        let key = format!("{}:{}", posting.kind(), payment.id);
        post(state, tx, payment, &posting, &key).await?;
    }
    let Some(appointment) = &payment.appointment_id else {
        return Ok(next);
    };
    let currency = payment.amount.currency;
    match next {
        PaymentState::Authorised { authorised_minor } => {
            record_amount(state, tx, appointment, "reserved", authorised_minor, currency.as_str()).await?;
        }
        PaymentState::Released { authorised_minor } if authorised_minor > 0 => {
            record_amount(state, tx, appointment, "released", authorised_minor, currency.as_str()).await?;
        }
        PaymentState::Captured {
            authorised_minor,
            captured_minor,
        } => {
            record_capture(state, tx, payment, appointment, (authorised_minor, captured_minor)).await?;
        }
        PaymentState::Created
        | PaymentState::Authorising
        | PaymentState::NeedsConfirmation
        | PaymentState::Declined { .. }
        | PaymentState::Saved
        | PaymentState::Capturing { .. }
        | PaymentState::CaptureFailed { .. }
        | PaymentState::Releasing { .. }
        | PaymentState::Released { .. }
        | PaymentState::Refunded { .. } => {}
    }
    Ok(next)
}

/// A promise to pay reserves nothing, so the books learn of it only by its charge; what is captured becomes an invoice.
async fn fold_promise(state: &AppState, tx: &mut Tx, payment: &Payment, next: PaymentState) -> Result<PaymentState> {
    if let (PaymentState::Captured { captured_minor, .. }, Some(appointment)) = (next, &payment.appointment_id) {
        record_invoice(state, tx, payment, appointment, captured_minor).await?;
    }
    Ok(next)
}

/// What the ledger must hold once a payment is in a state. The reservation comes along each time, because the news of it
/// may have been skipped: postings that are there already are not written again.
fn postings_of(next: PaymentState, currency: Currency) -> Vec<Posting> {
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
        PaymentState::Refunded { .. }
        | PaymentState::Created
        | PaymentState::Authorising
        | PaymentState::NeedsConfirmation
        | PaymentState::Declined { .. }
        | PaymentState::Saved
        | PaymentState::Capturing { .. }
        | PaymentState::CaptureFailed { .. }
        | PaymentState::Releasing { .. } => Vec::new(),
    }
}

/// Writes what happened to a payment into the ledger; the same key a second time changes nothing.
pub(super) async fn post(
    state: &AppState,
    tx: &mut Tx,
    payment: &Payment,
    posting: &Posting,
    key: &str,
) -> Result<bool> {
    let now = state.now();
    let of = PostingOf {
        org_id: &payment.org_id,
        appointment_id: payment.appointment_id.as_deref(),
        payment_id: Some(&payment.id),
        at_seller: payment.seller_account.is_some(),
    };
    Ok(queries::post(tx, &state.random.id(now), key, posting, &of, now).await?)
}

/// What the operator keeps of what came in.
async fn post_commission(state: &AppState, tx: &mut Tx, payment: &Payment, captured_minor: i64) -> Result<()> {
    let vat_bp = commission::vat_bp_at(state.config.platform.vat_from, state.now());
    let split = commission::of_captured(tx, &payment.id, captured_minor, vat_bp).await?;
    let posting = Posting::Commission {
        split,
        of: Money::new(split.gross_minor, payment.amount.currency),
    };
    post(state, tx, payment, &posting, &format!("commission:{}", payment.id)).await?;
    Ok(())
}

/// What the operator keeps of what came in for an invoice, `paid_minor` of it just now; of fees for reminders nothing.
pub(super) async fn post_invoice_commission(
    state: &AppState,
    tx: &mut Tx,
    payment: &Payment,
    paid_minor: i64,
) -> Result<()> {
    let vat_bp = commission::vat_bp_at(state.config.platform.vat_from, state.now());
    let sold_minor = payment.state.captured_minor();
    let (after_minor, split) = commission::of_invoice(tx, &payment.id, (sold_minor, paid_minor), vat_bp).await?;
    let posting = Posting::Commission {
        split,
        of: Money::new(split.gross_minor, payment.amount.currency),
    };
    post(
        state,
        tx,
        payment,
        &posting,
        &format!("commission:{}:{after_minor}", payment.id),
    )
    .await?;
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
    post_commission(state, tx, payment, captured_minor).await?;
    if captured_minor < reserved_minor {
        let released = reserved_minor - captured_minor;
        record_amount(state, tx, appointment, "released", released, currency.as_str()).await?;
    }
    let appointment = appointments::load_any(tx, appointment).await?;
    let Some(charge) = queries::charge(tx, &appointment.id).await? else {
        return Ok(());
    };
    let amounts = (reserved_minor, captured_minor);
    let receipt = documents::issue_receipt(state, tx, &appointment, &charge, payment, amounts).await?;
    let number = receipt.name();
    let data = serde_json::json!({ "number": &number });
    appointments::record_event(tx, &appointment.id, "receipt", "system", state.now(), &data).await?;
    let view = money_of(tx, &appointment.id).await?;
    let money = mail_money(&appointment, &view);
    let what = receipt_mail(number, &charge);
    if let Some(message) = appointments::appointment_mail(state, &appointment, PartyRole::Consumer, &what, &money) {
        outbox::enqueue(state, tx, &message).await?;
    }
    Ok(())
}
