//! Cancelling an appointment: its time is given back, what was reserved is released, and both sides get a mail.

use super::collection::collect_payment;
use crate::appointments::{self, AppointmentMail, Moved, Transition};
use crate::base::db::Tx;
use crate::base::{Base, Fault, Micros, Result};
use crate::billing::mail_both_sides;

/// Cancels an appointment; the caller has checked that it may. The jobs release what was reserved, or the caller at once by
/// [`super::run_operations`] with the returned operations after the commit.
///
/// # Errors
/// [`Fault::Conflict`] when it is too late.
pub async fn cancel_appointment(tx: &mut Tx, base: &Base, id: &str, actor: &str, now: Micros) -> Result<Vec<String>> {
    call_off(tx, base, id, actor, now, &AppointmentMail::Cancelled).await
}

/// As [`cancel_appointment`], with another mail that says why.
pub(super) async fn call_off(
    tx: &mut Tx,
    base: &Base,
    id: &str,
    actor: &str,
    now: Micros,
    mail: &AppointmentMail,
) -> Result<Vec<String>> {
    match appointments::set_status(tx, id, Transition::Cancel, actor, now).await? {
        Moved::To(_) => {}
        Moved::Refused(_) => return Err(Fault::Conflict("the appointment is under way or over")),
    }
    let appointment = appointments::load_any(tx, id).await?;
    // Told before it is let go of, so that the mail can say what is.
    mail_both_sides(base, tx, &appointment, mail).await?;
    Ok(collect_payment(base, tx, &appointment).await?)
}
