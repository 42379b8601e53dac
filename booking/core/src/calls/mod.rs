//! Calls: who may sit where, who came, and the ledger of presence that the bill follows from.
//!
//! The binary's `CallAuthority` is a thin adapter over these functions; times are the media server's measure.

mod live;
pub mod quality;
pub mod queries;
mod silence;

use signaling_protocol::{PriceTerms, Role, Ticket};

use crate::appointments::{self, Appointment, Status, Transition, role_as_str};
use crate::base::charge::{self, Span};
use crate::base::db::{DbError, Tx};
use crate::base::{Base, Fault, Micros, Result};

pub use live::{CAPTURE_MAX, CaptureError, LiveCall, LiveCalls, LiveSeat, LiveStats};
pub use queries::{SeatRow, Segment};
pub use silence::{Namesake, Silence, recover_silent};

/// What a good ticket opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub call: String,
    pub seat: String,
    pub role: Role,
    /// Name shown to the others.
    pub name: String,
    pub title: String,
    pub opens_at: Micros,
    pub starts_at: Micros,
    pub ends_at: Micros,
    pub price: PriceTerms,
    /// Let in before; providers always are.
    pub admitted: bool,
    /// Billable microseconds on record.
    pub billed_before: Micros,
    pub next_segment: u32,
}

/// Why a ticket opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    #[error("no such call, or not for this seat")]
    Unknown,
    #[error("the room is not open")]
    NotOpen,
    #[error("the call is over")]
    Ended,
    #[error("the call was cancelled")]
    Cancelled,
    #[error("the records cannot be reached: {0}")]
    Unavailable(String),
}

impl From<DbError> for GrantError {
    fn from(error: DbError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Names a segment: call, seat, and number within the seat.
pub type SegmentId<'a> = (&'a str, &'a str, u32);

/// Why a segment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    Left,
    ConnectionLost,
    TakenOver,
    WindowEnded,
    Shutdown,
}

impl EndReason {
    /// The name in the database; `recovered` is the sixth, given by [`recover`].
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::ConnectionLost => "connection_lost",
            Self::TakenOver => "taken_over",
            Self::WindowEnded => "window_ended",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Makes the call of a confirmed appointment; a second time changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn create(tx: &mut Tx, appointment: &Appointment, now: Micros) -> Result<(), DbError> {
    let (opens, starts, ends) = (appointment.opens_us(), appointment.start_us, appointment.end_us);
    queries::create(tx, &appointment.id, opens, starts, ends, now).await
}

/// What a genuine, unexpired ticket opens at `now`.
///
/// # Errors
/// See [`GrantError`].
pub async fn authorise_ticket(state: &Base, ticket: &Ticket, now: Micros) -> Result<Grant, GrantError> {
    let mut tx = state.db.read().await?;
    let seat = queries::seat(&mut tx, &ticket.call, &ticket.seat)
        .await?
        .ok_or(GrantError::Unknown)?;
    if seat.role != role_as_str(ticket.role) {
        return Err(GrantError::Unknown);
    }
    let appointment = match appointments::load_any(&mut tx, &seat.call).await {
        Ok(appointment) => appointment,
        Err(Fault::NotFound) => return Err(GrantError::Unknown),
        Err(error) => return Err(GrantError::Unavailable(error.to_string())),
    };
    may_enter(&seat, appointment.status, now)?;
    let next_segment = queries::next_segment(&mut tx, &seat.call, &seat.seat).await?;
    let name = match ticket.role {
        Role::Consumer => appointment.consumer.name,
        Role::Provider => appointment.provider.name,
    };
    Ok(Grant {
        admitted: ticket.role == Role::Provider || seat.admitted_at.is_some(),
        billed_before: billable(&mut tx, &seat.call).await?,
        next_segment: u32::try_from(next_segment).map_err(|_| GrantError::Ended)?,
        call: seat.call,
        seat: seat.seat,
        role: ticket.role,
        name,
        title: appointment.title,
        opens_at: seat.opens_at,
        starts_at: seat.starts_at,
        ends_at: seat.ends_at,
        price: appointment.price,
    })
}

/// Whether the room is open for a seat.
pub fn may_enter(seat: &SeatRow, status: Status, now: Micros) -> Result<(), GrantError> {
    match status {
        Status::Cancelled => Err(GrantError::Cancelled),
        Status::Completed | Status::NoShowConsumer | Status::NoShowProvider | Status::Held | Status::Expired => {
            Err(GrantError::Ended)
        }
        Status::Confirmed | Status::InCall if seat.ended_at.is_some() || now >= seat.ends_at => Err(GrantError::Ended),
        Status::Confirmed | Status::InCall if now < seat.opens_at => Err(GrantError::NotOpen),
        Status::Confirmed | Status::InCall => Ok(()),
    }
}

/// Somebody arrived at the lobby or in the room. Repeats change nothing.
///
/// # Errors
/// When the database fails.
pub async fn arrived(state: &Base, call: &str, seat: &str, at: Micros) -> Result<(), DbError> {
    let mut tx = state.db.write().await?;
    queries::arrived(&mut tx, call, seat, at).await?;
    tx.commit().await
}

/// A seat was let in. Repeats change nothing.
///
/// # Errors
/// When the database fails.
pub async fn admitted(state: &Base, call: &str, seat: &str, at: Micros) -> Result<(), DbError> {
    let mut tx = state.db.write().await?;
    queries::admitted(&mut tx, call, seat, at).await?;
    tx.commit().await
}

/// A span of presence begins, measured by the process called `node`. Opening the same one twice changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn open_segment(state: &Base, node: &str, key: SegmentId<'_>, at: Micros) -> Result<()> {
    let mut tx = state.db.write().await?;
    // Both sides may begin at once; unlocked, neither transaction would see the other's segment.
    queries::lock(&mut tx, key.0).await?;
    if queries::open_segment(&mut tx, key, node, at).await? && queries::roles_present(&mut tx, key.0).await? == 2 {
        appointments::set_status(&mut tx, key.0, Transition::CallStarted, "system", at).await?;
    }
    Ok(tx.commit().await?)
}

/// Moves the last-seen times of open segments forward, all in one transaction. Returns those that are not open on record:
/// their time is lost.
///
/// # Errors
/// When the database fails; then none was moved.
pub async fn checkpoint<'a>(
    state: &Base,
    seen: &[(SegmentId<'a>, Micros)],
) -> std::result::Result<Vec<SegmentId<'a>>, DbError> {
    let mut tx = state.db.write().await?;
    let mut not_open = Vec::new();
    for (key, at) in seen {
        if queries::checkpoint(&mut tx, *key, *at).await? == 0 {
            not_open.push(*key);
        }
    }
    tx.commit().await?;
    Ok(not_open)
}

/// A span of presence is over; `at` is its last authenticated packet. A closed segment stays as it is.
///
/// # Errors
/// When the database fails.
pub async fn close_segment(state: &Base, key: SegmentId<'_>, at: Micros, reason: EndReason) -> Result<(), DbError> {
    let mut tx = state.db.write().await?;
    queries::close_segment(&mut tx, key, at, reason.name()).await?;
    tx.commit().await
}

/// The call is over for good: it is charged by the next round of jobs. Repeats change nothing, and neither does a room
/// that emptied before anybody talked: until the window ends, both may still come back to it.
///
/// # Errors
/// When the database fails.
pub async fn call_ended(state: &Base, call: &str, at: Micros) -> Result<(), DbError> {
    let mut tx = state.db.write().await?;
    let ends_at = queries::seats(&mut tx, call).await?.first().map(|seat| seat.ends_at);
    if billable(&mut tx, call).await? > 0 || ends_at.is_some_and(|ends_at| at >= ends_at) {
        queries::end(&mut tx, call, at).await?;
    }
    tx.commit().await?;
    state.jobs_wanted.notify_one();
    Ok(())
}

/// At the start of the process called `node`: closes the segments that its predecessor left open, at the last packet on
/// record. Returns how many there were.
///
/// # Errors
/// When the database fails.
pub async fn recover(state: &Base, node: &str) -> Result<u64, DbError> {
    let mut tx = state.db.write().await?;
    let closed = queries::recover_node(&mut tx, node).await?;
    tx.commit().await?;
    Ok(closed)
}

/// What `billable` microseconds cost: the same pure function that the charge uses.
#[must_use]
pub fn cost_minor(price: &PriceTerms, billable: Micros) -> i64 {
    charge::amount(price, billable)
}

/// The billable time on record, microseconds.
///
/// # Errors
/// When the database fails.
pub async fn billable(tx: &mut Tx, call: &str) -> Result<Micros, DbError> {
    let (consumer, provider) = presence(tx, call).await?;
    Ok(charge::billable(&consumer, &provider))
}

/// The spans in which both sides were there, for the page after the call.
///
/// # Errors
/// When the database fails.
pub async fn measured(tx: &mut Tx, call: &str) -> Result<Vec<(Micros, Micros)>, DbError> {
    let (consumer, provider) = presence(tx, call).await?;
    Ok(charge::together(&consumer, &provider)
        .into_iter()
        .map(|span| (span.from, span.to))
        .collect())
}

/// Who was there when, by side, and never past the end of the booked window.
async fn presence(tx: &mut Tx, call: &str) -> Result<(Vec<Span>, Vec<Span>), DbError> {
    let Some(ends_at) = queries::seats(tx, call).await?.first().map(|seat| seat.ends_at) else {
        return Ok((Vec::new(), Vec::new()));
    };
    let segments = queries::segments(tx, call).await?;
    let of = |role| {
        let name = role_as_str(role);
        segments
            .iter()
            .filter(|segment| segment.role == name)
            .map(|segment| segment.span(ends_at))
            .collect()
    };
    Ok((of(Role::Consumer), of(Role::Provider)))
}
