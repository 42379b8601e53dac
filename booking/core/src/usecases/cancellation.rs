//! Cancelling an appointment: its time is given back, what was reserved is released, and both sides get a mail.

use crate::appointments::{self, AppointmentMail, Moved, Transition};
use crate::base::db::Tx;
use crate::base::{Base, Fault, Micros, Result};
use crate::billing::{self, mail_both_sides};

/// Cancels an appointment; the caller has checked that it may. The jobs release what was reserved, or the caller at once by
/// [`super::run_operations`] with the returned operations after the commit.
///
/// # Errors
/// [`Fault::Conflict`] when it is too late.
pub async fn cancel_appointment(tx: &mut Tx, base: &Base, id: &str, actor: &str, now: Micros) -> Result<Vec<String>> {
    match appointments::set_status(tx, id, Transition::Cancel, actor, now).await? {
        Moved::To(_) => {}
        Moved::Refused(_) => return Err(Fault::Conflict("the appointment is under way or over")),
    }
    let appointment = appointments::load_any(tx, id).await?;
    let releases = billing::release_payment_of(base, tx, id).await?;
    mail_both_sides(base, tx, &appointment, &AppointmentMail::Cancelled).await?;
    Ok(releases)
}
