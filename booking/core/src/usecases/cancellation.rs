//! Cancelling an appointment: its time is given back, what the policy says is charged, the rest of what was reserved is
//! released, and both sides get a mail.

use super::collection::collect_payment;
use super::settlement::{charge_amount, post_charge};
use crate::appointments::{self, Appointment, AppointmentMail, Moved, Transition};
use crate::base::db::Tx;
use crate::base::{Base, Fault, Micros, Result};
use crate::billing::{CANCELLED, mail_both_sides, queries};

/// On which ground an appointment is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelGround {
    /// By its terms. Nobody is charged more than was shown beside the button: so much, minor units.
    Terms { shown_minor: i64 },
    /// By right of withdrawal (angrerettloven section 22), which costs nothing before the appointment.
    Withdrawal,
    /// The account is to be deleted: at what it cost when that was asked, in Unix microseconds.
    Leaving { asked_us: Micros },
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It is cancelled. The operations at the payment provider, which the caller runs after the commit or leaves to the jobs.
    Cancelled(Vec<String>),
    /// Nothing is changed: by now it costs more than was shown, minor units.
    CostsMore(i64),
}

/// Cancels an appointment; the caller has checked that `actor`, the id of an account, may. Only its consumer ever pays for it.
///
/// # Errors
/// [`Fault::Conflict`] when it is too late.
pub async fn cancel_appointment(
    tx: &mut Tx,
    base: &Base,
    id: &str,
    actor: &str,
    ground: CancelGround,
    now: Micros,
) -> Result<CancelOutcome> {
    appointments::lock(tx, id).await?;
    let appointment = appointments::load_any(tx, id).await?;
    let fee_minor = fee_minor(&appointment, actor, ground, now);
    if let CancelGround::Terms { shown_minor } = ground
        && fee_minor > shown_minor
    {
        return Ok(CancelOutcome::CostsMore(fee_minor));
    }
    if ground == CancelGround::Withdrawal {
        appointments::record_event(tx, id, "withdrawn", actor, now, &serde_json::json!({})).await?;
    }
    if fee_minor == 0 {
        let ops = call_off(tx, base, id, actor, now, &AppointmentMail::Cancelled).await?;
        return Ok(CancelOutcome::Cancelled(ops));
    }
    give_time_back(tx, id, actor, now).await?;
    let charge = charge_amount(&appointment, CANCELLED, 0, fee_minor, now)?;
    if !queries::add_charge(tx, id, &charge).await? {
        return Err(Fault::Conflict("the appointment is charged already"));
    }
    mail_both_sides(base, tx, &appointment, &AppointmentMail::Cancelled).await?;
    Ok(CancelOutcome::Cancelled(
        post_charge(base, tx, &appointment, &charge).await?,
    ))
}

/// Cancels what nobody paid for, at what cancelling costs by then as far as that is owed: minor units. Returns the operations
/// at the payment provider.
pub(super) async fn call_off_unpaid(
    tx: &mut Tx,
    base: &Base,
    appointment: &Appointment,
    fee_minor: i64,
    now: Micros,
) -> Result<Vec<String>> {
    let mail = AppointmentMail::Unpaid { fee_minor };
    if fee_minor == 0 {
        return call_off(tx, base, &appointment.id, "system", now, &mail).await;
    }
    give_time_back(tx, &appointment.id, "system", now).await?;
    let charge = charge_amount(appointment, CANCELLED, 0, fee_minor, now)?;
    if !queries::add_charge(tx, &appointment.id, &charge).await? {
        return Err(Fault::Conflict("the appointment is charged already"));
    }
    mail_both_sides(base, tx, appointment, &mail).await?;
    post_charge(base, tx, appointment, &charge).await
}

fn fee_minor(appointment: &Appointment, actor: &str, ground: CancelGround, now: Micros) -> i64 {
    if actor != appointment.consumer.account_id {
        return 0;
    }
    match ground {
        CancelGround::Terms { .. } => appointment.cancel_fee_minor(now),
        CancelGround::Withdrawal => 0,
        CancelGround::Leaving { asked_us } => appointment.leaving_fee_minor(asked_us),
    }
}

/// Cancels at no cost, with a mail that says why. Returns the operations at the payment provider.
pub(super) async fn call_off(
    tx: &mut Tx,
    base: &Base,
    id: &str,
    actor: &str,
    now: Micros,
    mail: &AppointmentMail,
) -> Result<Vec<String>> {
    give_time_back(tx, id, actor, now).await?;
    let appointment = appointments::load_any(tx, id).await?;
    // Told before it is let go of, so that the mail can say what is.
    mail_both_sides(base, tx, &appointment, mail).await?;
    Ok(collect_payment(base, tx, &appointment).await?)
}

async fn give_time_back(tx: &mut Tx, id: &str, actor: &str, now: Micros) -> Result<()> {
    match appointments::set_status(tx, id, Transition::Cancel, actor, now).await? {
        Moved::To(_) => Ok(()),
        Moved::Refused(_) => Err(Fault::Conflict("the appointment is under way or over")),
    }
}
