//! Turning a hold into an appointment.

use signaling_protocol::Role;

use super::bounds::may_book;
use super::hold::lock_member;
use super::{HoldRefusal, Transition, load_hold_any, promo, queries, record_event, role_as_str};
use crate::accounts::queries::ACCOUNT_LOCK;
use crate::base::db::Tx;
use crate::base::{Base, Micros};
use crate::{params, providers};

/// What became of a hold that was to be an appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// The id of the new appointment.
    Booked(String),
    /// It was confirmed before: a double submit. The id of that appointment.
    Already(String),
    /// It ran out or was released and its cells are gone, its time has begun, or the person it is with goes: what was
    /// authorised must be released.
    Lost,
}

/// Turns a hold into an appointment with its two seats and its first event, once. A hold that has run out is still
/// good while nobody has taken its cells and its time has not begun.
///
/// # Errors
/// [`crate::base::Fault::NotFound`] when there is no such hold; as [`may_book`] when the account may not book now.
pub async fn confirm_hold(
    tx: &mut Tx,
    state: &Base,
    hold_id: &str,
    consumer_id: &str,
    now: Micros,
) -> Result<Confirmation, HoldRefusal> {
    let hold = load_hold_any(tx, hold_id).await?;
    let stays = lock_member(tx, &hold.member_id).await?;
    let hold = load_hold_any(tx, hold_id).await?;
    if let Some(id) = tx.optional(queries::APPOINTMENT_OF_HOLD, params![hold_id]).await? {
        return Ok(Confirmation::Already(id));
    }
    if !stays || hold.has_begun(now) {
        return Ok(Confirmation::Lost);
    }
    // Two of the person's holds may be confirmed at once.
    tx.execute(ACCOUNT_LOCK, params![consumer_id]).await?;
    may_book(tx, consumer_id, &hold, now).await?;
    if !promo::keeps_use(tx, &hold, now).await? {
        return Ok(Confirmation::Lost);
    }
    let cells: i64 = tx.one(queries::CELLS_COUNT, params![hold_id]).await?;
    let Ok(next) = hold.state.handle(Transition::Confirm) else {
        return Ok(Confirmation::Lost);
    };
    if cells != hold.cell_end - hold.cell_first {
        return Ok(Confirmation::Lost);
    }
    let id = state.id();
    tx.execute(queries::APPOINTMENT_INSERT, params![&id, consumer_id, now, hold_id])
        .await?;
    let kept = promo::commission_of(tx, &hold, now).await?;
    providers::commission::freeze(tx, &id, &kept).await?;
    let provider_account: String = tx.one(queries::MEMBER_ACCOUNT, params![&hold.member_id]).await?;
    for (role, account) in [
        (Role::Consumer, consumer_id),
        (Role::Provider, provider_account.as_str()),
    ] {
        tx.execute(
            queries::SEAT_INSERT,
            params![state.id(), &id, role_as_str(role), account],
        )
        .await?;
    }
    tx.execute(queries::HOLD_BOOK, params![hold_id, next.as_str()]).await?;
    tx.execute(queries::DRAFT_DELETE, params![hold_id]).await?;
    record_event(
        tx,
        &id,
        Transition::Confirm.event(),
        consumer_id,
        now,
        &serde_json::json!({}),
    )
    .await?;
    Ok(Confirmation::Booked(id))
}
