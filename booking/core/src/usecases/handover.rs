//! A colleague takes an appointment over, and everybody concerned is told.

use crate::appointments::{self, AppointmentMail, MailMoney, PartyRole, appointment_mail};
use crate::base::actor::Actor;
use crate::base::db::Tx;
use crate::base::{Base, Fault, Micros, Result, outbox};

/// Gives an appointment of a colleague to the actor; taking over one's own changes nothing. `false` when the actor has
/// something else at that time.
///
/// # Errors
/// [`Fault::NotFound`] for those who do not work for the provider, and for its customer;
/// [`Fault::Conflict`] when the call is under way or over; [`Fault::Leaving`] for an account that is to be deleted.
pub async fn take_over_appointment(tx: &mut Tx, base: &Base, actor: &Actor, id: &str, now: Micros) -> Result<bool> {
    let who = actor.signed_in()?;
    let member = actor.member()?;
    actor.is_staying()?;
    appointments::lock(tx, id).await?;
    let before = appointments::load_of_colleague(tx, actor, id).await?;
    if before.consumer.account_id == who.id {
        return Err(Fault::NotFound);
    }
    if before.provider.account_id == who.id {
        return Ok(true);
    }
    if !before.can_be_taken_over(now) {
        return Err(Fault::Conflict("the appointment is under way or over"));
    }
    if !appointments::give_to(tx, &before, member, &who.id, now).await? {
        return Ok(false);
    }
    appointments::record_event(tx, id, "taken_over", &who.id, now, &serde_json::json!({})).await?;
    let after = appointments::load_of_colleague(tx, actor, id).await?;
    let (taken, takes) = (
        AppointmentMail::TakenOver { at: now },
        AppointmentMail::TakesOver { at: now },
    );
    // Told are the customer, the colleague who takes it no more, and whoever takes it now: calendars follow.
    for (appointment, role, mail) in [
        (&before, PartyRole::Consumer, &taken),
        (&before, PartyRole::Provider, &taken),
        (&after, PartyRole::Provider, &takes),
    ] {
        let money = MailMoney::none(&appointment.price.currency);
        if let Some(message) = appointment_mail(base, appointment, role, mail, &money) {
            outbox::enqueue(base, tx, &message).await?;
        }
    }
    Ok(true)
}
