//! Withdrawing from what was ordered (angrerettloven sections 20 to 26). Before anything is performed the appointment is cancelled
//! at no cost; a call under way ends, and its measured part is paid; and who did not come gets back what that cost.

use texts::t;

use super::collection::collect_payment;
use super::refunding::refund_standing;
use crate::appointments::{
    self, Appointment, AppointmentMail, MailMoney, Moved, PartyRole, Status, Transition, WITHDRAWN,
};
use crate::base::db::Tx;
use crate::base::money::{Money, split_vat};
use crate::base::{Base, Fault, Micros, Result, outbox};
use crate::billing::collection::underway_minor as underway;
use crate::billing::ledger::Posting;
use crate::billing::queries::{self, PostingOf};
use crate::billing::{
    Charge, NO_SHOW_CONSUMER, Refund, RefundState, mail_both_sides, money_of, refunds, request_refund,
};
use crate::calls::queries as call_queries;

/// Withdraws from an appointment for its consumer; a second time changes nothing. The caller ends the call where one is under
/// way. Returns the operations at the payment provider, which the caller runs after the commit or leaves to the jobs.
///
/// # Errors
/// [`Fault::Conflict`] when it is too late; when the database fails.
pub async fn withdraw_from_appointment(tx: &mut Tx, base: &Base, id: &str, now: Micros) -> Result<Vec<String>> {
    appointments::lock(tx, id).await?;
    let appointment = appointments::load_any(tx, id).await?;
    if appointments::withdrawn_at(tx, id).await?.is_some() {
        return Ok(Vec::new());
    }
    if !appointment.can_withdraw(now) {
        return Err(Fault::Conflict("the right of withdrawal has ended"));
    }
    let actor = &appointment.consumer.account_id;
    appointments::record_event(tx, id, WITHDRAWN, actor, now, &serde_json::json!({})).await?;
    if appointment.status == Status::InCall {
        // Charged by the jobs, when the last of it is measured.
        call_queries::record_end(tx, id, now).await?;
        appointments::free_rest(tx, id, now).await?;
        return Ok(Vec::new());
    }
    match appointments::set_status(tx, id, Transition::Withdraw, actor, now).await? {
        Moved::To(_) => {}
        Moved::Refused(illegal) => return Err(Fault::internal(&illegal)),
    }
    let was_missed = appointment.status == Status::NoShowConsumer;
    let appointment = appointments::load_any(tx, id).await?;
    if was_missed {
        tell_missed(base, tx, &appointment).await?;
    } else {
        mail_both_sides(base, tx, &appointment, &AppointmentMail::Cancelled).await?;
    }
    Ok(collect_payment(base, tx, &appointment).await?)
}

/// Tells both sides that nothing is due for what was missed. What goes back has its credit note, which names the sum.
async fn tell_missed(base: &Base, tx: &mut Tx, appointment: &Appointment) -> Result<()> {
    let money = MailMoney {
        test: money_of(tx, &appointment.id)
            .await?
            .payment
            .is_some_and(|payment| payment.is_test()),
        ..MailMoney::none(&appointment.price.currency)
    };
    for role in [PartyRole::Consumer, PartyRole::Provider] {
        let mail = appointments::appointment_mail(base, appointment, role, &AppointmentMail::Cancelled, &money);
        if let Some(message) = mail {
            outbox::enqueue(base, tx, &message).await?;
        }
    }
    Ok(())
}

/// Takes back a fee for not coming, once its consumer has withdrawn: what was taken is paid back, and what was not is owed no more.
/// What is being taken just now is paid back when that is answered, which leads here again. Returns the operations to run.
///
/// # Errors
/// When the database fails.
pub(super) async fn take_back_fee(base: &Base, tx: &mut Tx, appointment: &Appointment) -> Result<Vec<String>> {
    let is_withdrawn = appointment.status == Status::Cancelled;
    let charge = queries::charge(tx, &appointment.id).await?;
    let Some(charge) = charge.filter(|charge| is_withdrawn && charge.outcome == NO_SHOW_CONSUMER) else {
        return Ok(Vec::new());
    };
    let mut underway_minor = 0;
    for payment in queries::of_appointment(tx, &appointment.id).await? {
        underway_minor += underway(payment.state, queries::is_busy(tx, &payment.id).await?);
    }
    let standing = refund_standing(tx, appointment).await?;
    forgive(
        base,
        tx,
        appointment,
        &charge,
        standing.captured_minor() + underway_minor,
    )
    .await?;
    let consumer = &appointment.consumer.account_id;
    if underway_minor > 0 || standing.refunds.iter().any(|refund| refund.asked_by == *consumer) {
        return Ok(Vec::new());
    }
    let (id, now) = (base.random.id(base.now()), base.now());
    let mut ops = Vec::new();
    for (number, (payment_id, minor)) in (0..).zip(standing.spread(standing.left_minor()).unwrap_or_default()) {
        let refund = Refund {
            id: super::refunding::part_id(&id, number),
            payment_id,
            amount: Money::new(minor, standing.currency),
            reason: t(appointment.consumer.locale, "withdraw-refund-reason", &[]),
            state: RefundState::Asked,
            asked_by: consumer.clone(),
            approved_by: String::new(),
            reference: None,
            created_at: now,
        };
        refunds::add(tx, &refund).await?;
        ops.push(request_refund(base, tx, &refund).await?);
    }
    Ok(ops)
}

/// What of a charge was not taken is owed no more: the claim shrinks to `taken_minor`, in the books as well.
async fn forgive(base: &Base, tx: &mut Tx, appointment: &Appointment, charge: &Charge, taken_minor: i64) -> Result<()> {
    let rest = charge.amount.minor - taken_minor;
    if rest <= 0 {
        return Ok(());
    }
    let (before, after) = (
        split_vat(charge.amount.minor, charge.vat_bp),
        split_vat(taken_minor, charge.vat_bp),
    );
    queries::lower_charge(tx, &appointment.id, taken_minor, after.vat_minor).await?;
    let mut split = after;
    split.gross_minor -= before.gross_minor;
    split.net_minor -= before.net_minor;
    split.vat_minor -= before.vat_minor;
    let posting = Posting::Charged {
        split,
        of: Money::new(-rest, charge.amount.currency),
    };
    let of = PostingOf {
        org_id: &appointment.org_id,
        appointment_id: Some(&appointment.id),
        payment_id: None,
        at_seller: false,
    };
    let now = base.now();
    let key = format!("withdrawn:{}:{taken_minor}", appointment.id);
    queries::post(tx, &base.random.id(now), &key, &posting, &of, now).await?;
    Ok(())
}
