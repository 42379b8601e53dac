//! What was paid back, as the provider tells it: each refund with its posting and its event, also one that comes back.

use texts::{MailKind, format, routes};

use super::fold::post;
use super::refund_mails;
use crate::appointments::{self, AppointmentMail, PartyRole};
use crate::base::Micros;
use crate::base::db::Tx;
use crate::base::money::{Money, VatSplit, split_vat};
use crate::base::outbox::{self, Message};
use crate::billing::ledger::{LedgerAccount, Posting};
use crate::billing::payment::PaymentEvent;
use crate::billing::provider::{ProviderRefund, RefundStatus};
use crate::billing::{
    BillingError, Payment, Refund, RefundState, commission, invoices, mail_money, money_of, queries, record_amount,
    refunds,
};
use crate::documents::{self, Document};
use crate::state::AppState;

type Result<T> = std::result::Result<T, BillingError>;

/// Folds in the refunds of a payment as the provider knows them. The payment's row must be locked.
pub(super) async fn fold_refunds(
    state: &AppState,
    tx: &mut Tx,
    payment: &Payment,
    seen: &[ProviderRefund],
) -> Result<()> {
    if seen.is_empty() {
        return Ok(());
    }
    let now = state.now();
    let mut known = refunds::of_payment(tx, &payment.id).await?;
    for told in seen {
        let at = known.iter().position(|refund| is_of(refund, told));
        let before = match at {
            Some(at) => known[at].clone(),
            None => {
                let refund = add_foreign(tx, payment, told, now).await?;
                known.push(refund.clone());
                refund
            }
        };
        let next = match told.status {
            RefundStatus::Pending => RefundState::Pending,
            RefundStatus::Done => RefundState::Done,
            RefundStatus::Failed => RefundState::Failed,
        };
        if !is_news(before.state, next) {
            continue;
        }
        refunds::set_state(tx, &before.id, next, Some(&told.reference), now).await?;
        record_refund(state, tx, payment, &before, next).await?;
        if let Some(refund) = known.iter_mut().find(|refund| refund.id == before.id) {
            refund.state = next;
        }
    }
    let refunded_minor = known
        .iter()
        .filter(|refund| refund.state == RefundState::Done)
        .map(|refund| refund.amount.minor)
        .sum();
    let next = payment.state.handle(PaymentEvent::RefundedInAll { refunded_minor })?;
    if next != payment.state {
        queries::save_payment(tx, &payment.id, next, None, now).await?;
        invoices::count_open(tx, &payment.id).await?;
    }
    Ok(())
}

fn is_of(refund: &Refund, told: &ProviderRefund) -> bool {
    told.refund.as_ref() == Some(&refund.id) || refund.reference.as_ref() == Some(&told.reference)
}

/// Old news change nothing. What is done may fail afterwards, and what failed stays failed.
fn is_news(before: RefundState, next: RefundState) -> bool {
    let rank = |state| match state {
        RefundState::Waiting | RefundState::Declined => 0,
        RefundState::Asked => 1,
        RefundState::Pending => 2,
        RefundState::Done => 3,
        RefundState::Failed => 4,
    };
    rank(next) > rank(before)
}

/// A refund that somebody made at the provider's own pages.
async fn add_foreign(tx: &mut Tx, payment: &Payment, told: &ProviderRefund, now: Micros) -> Result<Refund> {
    let refund = Refund {
        id: format!("{}:{}", payment.psp, told.reference),
        payment_id: payment.id.clone(),
        amount: Money::new(told.amount_minor, payment.amount.currency),
        reason: String::new(),
        state: RefundState::Asked,
        asked_by: String::new(),
        approved_by: String::new(),
        reference: Some(told.reference.clone()),
        created_at: now,
    };
    refunds::add(tx, &refund).await?;
    Ok(refund)
}

/// Ledger and timeline of one refund.
async fn record_refund(
    state: &AppState,
    tx: &mut Tx,
    payment: &Payment,
    before: &Refund,
    next: RefundState,
) -> Result<()> {
    let amount = before.amount;
    let event = match (before.state, next) {
        (_, RefundState::Done) => {
            // What comes back has the tax that its credit note says.
            let note = issue_note(state, tx, payment, before).await?;
            let split = note.as_ref().map_or_else(|| split_vat(amount.minor, 0), split_of);
            let posting = match payment.is_by_invoice() {
                true => Posting::Credited { split, of: amount },
                false => Posting::Refunded { split, of: amount },
            };
            post(state, tx, payment, &posting, &posting_key(before)).await?;
            give_back_commission(state, tx, payment, before).await?;
            "refunded"
        }
        (RefundState::Done, RefundState::Failed) => {
            let split = posted_split(tx, before).await?;
            documents::issue_returned(state, tx, payment, &before.id).await?;
            let posting = Posting::RefundReturned { split, of: amount };
            post(state, tx, payment, &posting, &format!("refund_returned:{}", before.id)).await?;
            take_commission_again(state, tx, payment, before).await?;
            tell_returned(state, tx, payment, before).await?;
            "refund_failed"
        }
        (_, RefundState::Failed) => "refund_failed",
        (_, RefundState::Waiting | RefundState::Declined | RefundState::Asked | RefundState::Pending) => return Ok(()),
    };
    if let Some(appointment) = &payment.appointment_id {
        record_amount(state, tx, appointment, event, amount.minor, amount.currency.as_str()).await?;
        if next == RefundState::Failed {
            refund_mails::tell_failed(state, tx, appointment, (&before.id, amount)).await?;
        }
    }
    Ok(())
}

fn commission_key(refund: &Refund) -> String {
    format!("commission_refunded:{}", refund.id)
}

/// The operator gives back its share of what is paid back.
async fn give_back_commission(state: &AppState, tx: &mut Tx, payment: &Payment, refund: &Refund) -> Result<()> {
    if let Some(split) = commission::of_refund(tx, payment, refund).await? {
        let of = Money::new(split.gross_minor, refund.amount.currency);
        let posting = Posting::CommissionRefunded { split, of };
        post(state, tx, payment, &posting, &commission_key(refund)).await?;
    }
    Ok(())
}

/// What was paid back came back, and the operator's share with it.
async fn take_commission_again(state: &AppState, tx: &mut Tx, payment: &Payment, refund: &Refund) -> Result<()> {
    let split = commission::given_back(tx, &commission_key(refund)).await?;
    let of = Money::new(split.gross_minor, refund.amount.currency);
    let posting = Posting::CommissionReturned { split, of };
    post(
        state,
        tx,
        payment,
        &posting,
        &format!("commission_returned:{}", refund.id),
    )
    .await?;
    Ok(())
}

/// The consumer was told that the money was paid back, and is told that it was not; what happens next is for people to say.
async fn tell_returned(state: &AppState, tx: &mut Tx, payment: &Payment, refund: &Refund) -> Result<()> {
    let Some(appointment) = &payment.appointment_id else {
        return Ok(());
    };
    let appointment = appointments::load_any(tx, appointment).await?;
    let to = &appointment.consumer;
    let amount = format::money_exact(to.locale, refund.amount.minor, refund.amount.currency.as_str());
    let zone = &appointment.time_zone;
    let when = format::span_in_mail(to.locale, appointment.start_us, appointment.end_us, zone);
    let link = state.link(&routes::booking(&appointment.id));
    let args = [
        ("name", to.name.as_str()),
        ("other", appointment.org_name.as_str()),
        ("amount", amount.as_str()),
        ("when", when.as_str()),
        ("link", link.as_str()),
    ];
    let (subject, mut body) = outbox::text(
        to.locale,
        "mail-refund-returned-subject",
        "mail-refund-returned-body",
        &args,
    );
    if payment.is_test() {
        body = outbox::marked_as_test(to.locale, body);
    }
    let message = Message {
        key: format!("{}:{}", MailKind::RefundReturned.word(), refund.id),
        kind: MailKind::RefundReturned,
        recipient: appointments::recipient_of(to),
        appointment_id: Some(appointment.id.clone()),
        subject,
        body,
        ics: None,
    };
    outbox::enqueue(state, tx, &message).await?;
    Ok(())
}

fn posting_key(refund: &Refund) -> String {
    format!("refunded:{}", refund.id)
}

/// The credit note of a refund, told to the customer; none where there is no receipt that it takes back from.
async fn issue_note(state: &AppState, tx: &mut Tx, payment: &Payment, refund: &Refund) -> Result<Option<Document>> {
    let Some(appointment) = &payment.appointment_id else {
        return Ok(None);
    };
    let appointment = appointments::load_any(tx, appointment).await?;
    let minor = refund.amount.minor;
    let note =
        documents::issue_credit_note(state, tx, &appointment, payment, &refund.id, minor, &refund.reason).await?;
    let Some(note) = note else { return Ok(None) };
    let data = serde_json::json!({ "number": note.name() });
    appointments::record_event(tx, &appointment.id, "credit_note", "system", state.now(), &data).await?;
    let money = mail_money(&appointment, &money_of(tx, &appointment.id).await?);
    let what = AppointmentMail::CreditNote {
        document: note.id.clone(),
        number: note.name(),
        refunded_minor: minor,
        reason: refund.reason.clone(),
    };
    if let Some(message) = appointments::appointment_mail(state, &appointment, PartyRole::Consumer, &what, &money) {
        outbox::enqueue(state, tx, &message).await?;
    }
    Ok(Some(note))
}

fn split_of(note: &Document) -> VatSplit {
    VatSplit {
        net_minor: note.total_minor - note.vat_minor,
        vat_minor: note.vat_minor,
        gross_minor: note.total_minor,
        rate_bp: 0,
    }
}

/// The tax that a refund was posted with.
async fn posted_split(tx: &mut Tx, refund: &Refund) -> Result<VatSplit> {
    let vat_minor = queries::posted_minor(tx, &posting_key(refund), LedgerAccount::ProviderVat).await?;
    Ok(VatSplit {
        net_minor: refund.amount.minor - vat_minor,
        vat_minor,
        gross_minor: refund.amount.minor,
        rate_bp: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_may_fail_and_nothing_else_goes_back() {
        assert!(is_news(RefundState::Asked, RefundState::Pending));
        assert!(is_news(RefundState::Pending, RefundState::Failed));
        assert!(is_news(RefundState::Done, RefundState::Failed));
        assert!(!is_news(RefundState::Done, RefundState::Pending));
        assert!(!is_news(RefundState::Failed, RefundState::Done));
    }
}
