//! What somebody may know and do about the appointments of a colleague: see when they are, and take them over.

use super::{Appointment, Status, hold, queries};
use crate::base::actor::{Actor, MemberRole, Membership};
use crate::base::db::Tx;
use crate::base::{Fault, Micros, Result};
use crate::params;

impl Appointment {
    /// Whether a colleague may take it over: until the call is under way, and before its end.
    #[must_use]
    pub fn can_be_taken_over(&self, now: Micros) -> bool {
        self.status == Status::Confirmed && now < self.end_us
    }
}

/// Loads an appointment for somebody who works for its provider, through the provider's seat.
///
/// # Errors
/// [`Fault::NotFound`] for everybody else.
pub async fn load_of_colleague(tx: &mut Tx, actor: &Actor, id: &str) -> Result<Appointment> {
    tx.optional(queries::APPOINTMENT_OF_COLLEAGUE, params![id, actor.account_id()])
        .await?
        .ok_or(Fault::NotFound)
}

/// Loads an appointment for somebody who may read its receipt: who has a seat in it, or owns the business, whose books it
/// belongs to.
///
/// # Errors
/// [`Fault::NotFound`] for everybody else.
pub async fn load_with_receipt(tx: &mut Tx, actor: &Actor, id: &str) -> Result<Appointment> {
    let missing = match super::load(tx, actor, id).await {
        Err(Fault::NotFound) => Fault::NotFound,
        loaded => return loaded,
    };
    let member = actor.account.as_ref().and_then(|account| account.member.as_ref());
    let owner = member
        .filter(|member| member.role == MemberRole::Owner)
        .ok_or(missing)?;
    let found = load_of_colleague(tx, actor, id).await?;
    if found.org_id == owner.org_id {
        Ok(found)
    } else {
        Err(Fault::NotFound)
    }
}

/// What the actor's colleagues take between two moments, in order.
///
/// # Errors
/// When the database fails.
pub async fn of_colleagues(tx: &mut Tx, actor: &Actor, from: Micros, until: Micros) -> Result<Vec<Appointment>> {
    let row = params![actor.account_id(), from, until];
    Ok(tx.all(queries::APPOINTMENTS_OF_COLLEAGUES, row).await?)
}

/// Gives an appointment, its time and its seat to another member. The appointment's row must be locked. `false` when that
/// member has something else then; nothing is changed.
///
/// # Errors
/// [`Fault::Conflict`] when the member leaves at this moment; when the database fails.
pub async fn give_to(
    tx: &mut Tx,
    appointment: &Appointment,
    member: &Membership,
    account: &str,
    now: Micros,
) -> Result<bool> {
    if !hold::lock_member(tx, &member.id).await? {
        return Err(Fault::Conflict("whoever is to take it works there no more"));
    }
    // Holds that have run out are nothing else.
    hold::clear_expired(tx, &member.id, now).await?;
    let met: i64 = tx
        .one(queries::CELLS_MET, params![&appointment.hold_id, &member.id])
        .await?;
    if met > 0 {
        return Ok(false);
    }
    tx.execute(queries::CELLS_MOVE, params![&appointment.hold_id, &member.id])
        .await?;
    tx.execute(queries::HOLD_MOVE, params![&appointment.hold_id, &member.id])
        .await?;
    tx.execute(queries::APPOINTMENT_MOVE, params![&appointment.id, &member.id])
        .await?;
    tx.execute(queries::SEAT_MOVE, params![&appointment.id, account])
        .await?;
    Ok(true)
}
