//! Calls: who may sit where, who came, and the ledger of presence that the bill follows from.
//!
//! The binary's `CallAuthority` hands everything to these functions; times are the media server's measure.

pub mod extensions;
mod live;
pub mod quality;
pub mod queries;
mod silence;

use std::collections::{HashMap, HashSet};

use signaling_protocol::call::{Finding, RoomReview};
use signaling_protocol::message::EndReason;
use signaling_protocol::{CallGrant, Refusal, Role, SegmentEnd, SegmentKey, Spans, Standing, Ticket};

use crate::appointments::{
    self, Appointment, AppointmentMail, MailMoney, PartyRole, Status, Transition, appointment_mail, role_as_str,
};
use crate::base::db::{DbError, Tx};
use crate::base::{Base, Fault, MINUTE_US, Micros, Result, outbox};

pub use live::{CAPTURE_MAX, CAPTURES_KEPT, CaptureError, LiveCalls};
pub use queries::{SeatRow, Segment};
pub use silence::{Namesake, Silence, recover_silent};

/// The event of a mail to the provider, saying that the customer waits.
const WAITS: &str = "waits";
/// How long a provider who did not come is not told again.
const TOLD_AGAIN_US: Micros = 10 * MINUTE_US;
/// Calls that one checkpoint begins.
const BEGIN_BATCH: i64 = 200;

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        tracing::error!(%error, "a ticket cannot be looked up");
        Self::Unavailable
    }
}

/// Makes the call of a confirmed appointment; a second time changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn create_call(tx: &mut Tx, appointment: &Appointment, now: Micros) -> Result<(), DbError> {
    let (opens, starts, ends) = (appointment.opens_us(), appointment.start_us, appointment.end_us);
    queries::add_call(tx, &appointment.id, opens, starts, ends, now).await
}

/// What a genuine, unexpired ticket opens at `now`.
///
/// # Errors
/// See [`Refusal`].
pub async fn authorise_ticket(state: &Base, ticket: &Ticket, now: Micros) -> Result<CallGrant, Refusal> {
    let mut tx = state.db.read().await?;
    let seat = queries::seat(&mut tx, &ticket.call, &ticket.seat)
        .await?
        .ok_or(Refusal::Unknown)?;
    if seat.role != role_as_str(ticket.role) {
        return Err(Refusal::Unknown);
    }
    let appointment = match appointments::load_any(&mut tx, &seat.call).await {
        Ok(appointment) => appointment,
        Err(Fault::NotFound) => return Err(Refusal::Unknown),
        Err(error) => {
            tracing::error!(%error, "a ticket cannot be looked up");
            return Err(Refusal::Unavailable);
        }
    };
    may_enter(&seat, appointment.status, now)?;
    if !queries::session_lasts(&mut tx, &ticket.session, &seat.account_id, now).await? {
        return Err(Refusal::SignedOut);
    }
    let next_segment = queries::next_segment(&mut tx, &seat.call, &seat.seat).await?;
    let name = match ticket.role {
        Role::Consumer => appointment.consumer.name,
        Role::Provider => appointment.provider.name,
    };
    let seats = queries::seats(&mut tx, &seat.call).await?;
    let gone = seats.into_iter().filter(|seat| seat.left_at.is_some());
    let together = load_measured(&mut tx, &seat.call).await?;
    Ok(CallGrant {
        admitted: ticket.role == Role::Provider || seat.admitted_at.is_some(),
        left_for_good: gone.map(|seat| seat.seat).collect(),
        billed_before: together.total(),
        took_place: took_place(&together, seat.starts_at),
        next_segment: u32::try_from(next_segment).map_err(|_| Refusal::Ended)?,
        call: seat.call,
        seat: seat.seat,
        role: ticket.role,
        name,
        title: appointment.title,
        opens_at: seat.opens_at,
        starts_at: seat.starts_at,
        ends_at: seat.ends_at,
        price: appointment.price,
        session: ticket.session.clone(),
    })
}

/// Whether the room is open for a seat.
pub fn may_enter(seat: &SeatRow, status: Status, now: Micros) -> Result<(), Refusal> {
    match standing_of(status) {
        Standing::Over(EndReason::Cancelled) => Err(Refusal::Cancelled),
        Standing::Over(_) => Err(Refusal::Ended),
        Standing::Lives if seat.ended_at.is_some() || seat.left_at.is_some() || now >= seat.ends_at => {
            Err(Refusal::Ended)
        }
        Standing::Lives if now < seat.opens_at => Err(Refusal::NotOpen),
        Standing::Lives => Ok(()),
    }
}

/// Whether whoever loaded an appointment can cancel it at `now`: in due time before its start, and after it still the
/// customer, as long as the provider has not come or has not let them in.
///
/// # Errors
/// When the database fails.
pub async fn can_cancel(tx: &mut Tx, appointment: &Appointment, now: Micros) -> Result<bool, DbError> {
    let open = appointment.status.handle(Transition::Cancel).is_ok();
    let under_way = (appointment.start_us..appointment.end_us).contains(&now);
    if appointment.can_cancel(now) || !open || appointment.seat.role == Role::Provider || !under_way {
        return Ok(appointment.can_cancel(now));
    }
    let seats = queries::seats(tx, &appointment.id).await?;
    let provider_came = seats
        .iter()
        .any(|seat| seat.role == role_as_str(Role::Provider) && seat.arrived_at.is_some());
    let waits = seats
        .iter()
        .any(|seat| seat.seat == appointment.seat.id && seat.arrived_at.is_some() && seat.admitted_at.is_none());
    Ok(!provider_came || waits)
}

/// Whether the customer has come and was not let in yet.
///
/// # Errors
/// When the database fails.
pub async fn customer_waits(tx: &mut Tx, call: &str) -> Result<bool, DbError> {
    let seats = queries::seats(tx, call).await?;
    let customer = seats.iter().find(|seat| seat.role == role_as_str(Role::Consumer));
    Ok(customer.is_some_and(|seat| seat.arrived_at.is_some() && seat.admitted_at.is_none()))
}

/// Whether a call may go on while its appointment has this status.
fn standing_of(status: Status) -> Standing {
    match status {
        Status::Confirmed | Status::InCall => Standing::Lives,
        Status::Cancelled | Status::Held | Status::Expired => Standing::Over(EndReason::Cancelled),
        Status::Completed | Status::NoShowConsumer | Status::NoShowProvider => Standing::Over(EndReason::Settled),
    }
}

/// What of these rooms is over: calls whose appointment was cancelled or settled, and seats whose sign-in has ended or that
/// somebody else has now.
///
/// # Errors
/// When the database fails; then nobody knows, and the rooms go on.
pub async fn review_rooms(state: &Base, rooms: &[RoomReview], now: Micros) -> Result<Vec<Finding>, DbError> {
    let mut tx = state.db.read().await?;
    let mut statuses = HashMap::new();
    for batch in rooms.chunks(queries::REVIEW_BATCH) {
        let calls = batch.iter().map(|room| room.call.as_str());
        statuses.extend(queries::statuses(&mut tx, calls).await?);
    }
    let mut prices = HashMap::new();
    for batch in rooms.chunks(queries::REVIEW_BATCH) {
        let calls = batch.iter().map(|room| room.call.as_str());
        prices.extend(extensions::extended(&mut tx, calls).await?);
    }
    let sessions: HashSet<_> = rooms
        .iter()
        .flat_map(|room| room.seats.iter().map(|seat| seat.session.as_str()))
        .collect();
    let sessions: Vec<_> = sessions.into_iter().collect();
    let mut lasting = HashSet::new();
    for batch in sessions.chunks(queries::REVIEW_BATCH) {
        lasting.extend(queries::sessions_that_last(&mut tx, batch.iter().copied(), now).await?);
    }
    let taken: Vec<_> = rooms.iter().flat_map(|room| &room.seats).collect();
    let mut own = HashSet::new();
    for batch in taken.chunks(queries::REVIEW_BATCH) {
        own.extend(queries::seats_of_sessions(&mut tx, batch, now).await?);
    }
    let mut findings = Vec::new();
    for room in rooms {
        let call = &room.call;
        // A call that is not there any more was erased with everything else.
        let standing = statuses
            .get(call)
            .map_or(Standing::Over(EndReason::Cancelled), |s| standing_of(*s));
        if let Standing::Over(reason) = standing {
            findings.push(Finding::CallOver {
                call: call.clone(),
                reason,
            });
            continue;
        }
        if let Some(price) = prices
            .remove(call)
            .filter(|price| price.most_minor() != room.most_minor)
        {
            findings.push(Finding::PriceChanged {
                call: call.clone(),
                price,
            });
        }
        findings.extend(room.seats.iter().filter_map(|seat| {
            let is_own = own.contains(&(seat.seat.clone(), seat.session.clone()));
            let reason = match (lasting.contains(&seat.session), is_own) {
                (true, true) => return None,
                (true, false) => EndReason::HandedOver,
                (false, _) => EndReason::SignedOut,
            };
            Some(Finding::SeatOver {
                call: call.clone(),
                seat: seat.clone(),
                reason,
            })
        }));
    }
    Ok(findings)
}

/// Somebody arrived at the lobby or in the room. Repeats change nothing. Where a customer waits `unattended`, the provider
/// is told by mail, not more often than every [`TOLD_AGAIN_US`]; gives when that was done last.
///
/// # Errors
/// When the database fails.
pub async fn record_arrival(
    state: &Base,
    call: &str,
    seat: &str,
    at: Micros,
    unattended: bool,
) -> Result<Option<Micros>> {
    let mut tx = state.db.write().await?;
    queries::record_arrival(&mut tx, call, seat, at).await?;
    let told = if unattended {
        tell_provider(state, &mut tx, call, at).await?
    } else {
        None
    };
    tx.commit().await?;
    Ok(told)
}

async fn tell_provider(state: &Base, tx: &mut Tx, call: &str, at: Micros) -> Result<Option<Micros>> {
    // Two may arrive at once.
    appointments::lock(tx, call).await?;
    let appointment = appointments::load_any(tx, call).await?;
    if standing_of(appointment.status) != Standing::Lives {
        return Ok(None);
    }
    let events = appointments::events(tx, call).await?;
    let last = events.iter().rfind(|event| event.kind == WAITS);
    if let Some(last) = last.filter(|last| at < last.at_us + TOLD_AGAIN_US) {
        return Ok(Some(last.at_us));
    }
    let money = MailMoney::none(&appointment.price.currency);
    let mail = AppointmentMail::Waits { since: at };
    let Some(message) = appointment_mail(state, &appointment, PartyRole::Provider, &mail, &money) else {
        return Ok(None);
    };
    outbox::enqueue(state, tx, &message).await?;
    appointments::record_event(tx, call, WAITS, "system", at, &serde_json::json!({})).await?;
    Ok(Some(at))
}

/// A seat was let in, unless its appointment lives no more. Repeats change nothing.
///
/// # Errors
/// When the database fails.
pub async fn record_admission(state: &Base, call: &str, seat: &str, at: Micros) -> Result<Standing> {
    let mut tx = state.db.write().await?;
    let standing = standing(&mut tx, call).await?;
    if standing == Standing::Lives {
        queries::record_admission(&mut tx, call, seat, at).await?;
        tx.commit().await?;
    }
    Ok(standing)
}

/// Somebody left and will not come back. Repeats change nothing.
///
/// # Errors
/// When the database fails.
pub async fn record_leaving_for_good(state: &Base, call: &str, seat: &str, at: Micros) -> Result<(), DbError> {
    let mut tx = state.db.write().await?;
    queries::record_leaving_for_good(&mut tx, call, seat, at).await?;
    tx.commit().await
}

/// A span of presence begins, measured by the process called `node`, unless the appointment lives no more. Opening the
/// same one twice changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn open_segment(state: &Base, node: &str, key: &SegmentKey, at: Micros) -> Result<Standing> {
    let mut tx = state.db.write().await?;
    // Both sides may begin at once; unlocked, neither transaction would see the other's segment.
    queries::lock_call(&mut tx, &key.call).await?;
    let standing = standing(&mut tx, &key.call).await?;
    if standing != Standing::Lives {
        return Ok(standing);
    }
    if queries::open_segment(&mut tx, key, node, at).await? {
        begin(&mut tx, &key.call, at).await?;
    }
    tx.commit().await?;
    Ok(Standing::Lives)
}

/// Begins the calls in which both sides were together before the start and still are at `now`.
async fn begin_due(state: &Base, now: Micros) -> Result<()> {
    let due = queries::to_begin(&mut state.db.read().await?, now, BEGIN_BATCH).await?;
    for call in due {
        if let Err(error) = begin_one(state, &call, now).await {
            tracing::error!(call, %error, "a call whose start has come is not under way on record");
        }
    }
    Ok(())
}

async fn begin_one(state: &Base, call: &str, now: Micros) -> Result<()> {
    let mut tx = state.db.write().await?;
    queries::lock_call(&mut tx, call).await?;
    begin(&mut tx, call, now).await?;
    tx.commit().await?;
    Ok(())
}

/// From the start on, a call with both sides in it is under way. Before it they may say hello, and cancel all the same. The
/// call's row must be locked.
async fn begin(tx: &mut Tx, call: &str, at: Micros) -> Result<()> {
    let seats = queries::seats(tx, call).await?;
    let started = seats.first().is_some_and(|seat| at >= seat.starts_at);
    if started && queries::roles_present(tx, call).await? == 2 {
        appointments::set_status(tx, call, Transition::CallStarted, "system", at).await?;
    }
    Ok(())
}

/// Whether the appointment of a call lives; it cannot be cancelled before this transaction is over.
async fn standing(tx: &mut Tx, call: &str) -> Result<Standing> {
    appointments::lock(tx, call).await?;
    Ok(standing_of(appointments::load_any(tx, call).await?.status))
}

/// Moves the last-seen times of open segments forward, all in one transaction. Returns those that are not open on record:
/// their time is lost. Calls whose start has come meanwhile are under way from then on.
///
/// # Errors
/// When the database fails; then none was moved.
pub async fn record_checkpoint(
    state: &Base,
    seen: &[(SegmentKey, Micros)],
) -> std::result::Result<Vec<SegmentKey>, DbError> {
    let mut tx = state.db.write().await?;
    let mut not_open = Vec::new();
    for (key, at) in seen {
        if queries::record_checkpoint(&mut tx, key, *at).await? == 0 {
            not_open.push(key.clone());
        }
    }
    tx.commit().await?;
    let latest = seen.iter().map(|(_, at)| *at).max();
    if let Some(at) = latest
        && let Err(error) = begin_due(state, at).await
    {
        // The presence is on record all the same, and the next checkpoint tries again.
        tracing::error!(%error, "calls whose start has come are not under way on record");
    }
    Ok(not_open)
}

/// A span of presence is over; `at` is its last authenticated packet. A closed segment stays as it is.
///
/// # Errors
/// When the database fails.
pub async fn close_segment(state: &Base, key: &SegmentKey, at: Micros, end: SegmentEnd) -> Result<(), DbError> {
    let mut tx = state.db.write().await?;
    queries::close_segment(&mut tx, key, at, end.name()).await?;
    tx.commit().await
}

/// The call is over for good: it is charged by the next round of jobs, and what is left of its slot is free again. Repeats
/// change nothing, and neither does an end before the start, or of a call that did not take place: until the window ends,
/// both may still come back to it.
///
/// # Errors
/// When the database fails.
pub async fn record_call_end(state: &Base, call: &str, at: Micros) -> Result<()> {
    let mut tx = state.db.write().await?;
    let Some(seat) = queries::seats(&mut tx, call).await?.into_iter().next() else {
        return Ok(());
    };
    let agreed = at >= seat.starts_at && took_place(&load_measured(&mut tx, call).await?, seat.starts_at);
    if agreed || at >= seat.ends_at {
        queries::record_end(&mut tx, call, at).await?;
        appointments::free_rest(&mut tx, call, at).await?;
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
pub async fn recover_node(state: &Base, node: &str) -> Result<u64, DbError> {
    let mut tx = state.db.write().await?;
    let closed = queries::recover_node(&mut tx, node).await?;
    tx.commit().await?;
    Ok(closed)
}

/// Whether a call took place: both sides were there together after its start. A hello before it is none yet.
#[must_use]
pub fn took_place(together: &Spans, starts_at: Micros) -> bool {
    together.reach_past(starts_at)
}

/// The billable time on record, microseconds.
///
/// # Errors
/// When the database fails.
pub async fn load_billable(tx: &mut Tx, call: &str) -> Result<Micros, DbError> {
    Ok(load_measured(tx, call).await?.total())
}

/// The time in which both sides were there, never past the end of the booked window.
///
/// # Errors
/// When the database fails.
pub async fn load_measured(tx: &mut Tx, call: &str) -> Result<Spans, DbError> {
    let Some(ends_at) = queries::seats(tx, call).await?.first().map(|seat| seat.ends_at) else {
        return Ok(Spans::default());
    };
    let segments = queries::segments(tx, call).await?;
    let side = |role| -> Spans {
        let name = role_as_str(role);
        let own = segments.iter().filter(|segment| segment.role == name);
        own.map(|segment| segment.span(ends_at)).collect()
    };
    Ok(side(Role::Consumer).overlap(&side(Role::Provider)))
}
