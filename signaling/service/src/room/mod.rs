//! One call's room as a state machine: seats, lobby, take-over, presence, slots and the end. Time and ids come in as
//! parameters; what is to be done comes out as [`Effect`]s.

mod arrival;
mod ending;
mod live;
mod media;
mod quality;
mod request;
mod seat;
mod slots;
mod steering;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sfu_core::{PeerId, RoomId};
use signaling_protocol::message::{CallInfo, Clock, EndReason, ErrorCode};
use signaling_protocol::{PriceTerms, ServerMessage};

pub(crate) use request::{Asked, check_message};
pub use request::{MediaFlags, Offer, Request};
pub use vocabulary::{CloseCode, ConnectionId, Effect, Input, Record};

use crate::authority::{CallGrant, RoomReview, SeatSession, SegmentEnd, SegmentKey, Standing, UtcMicros};
use crate::clock::{CallClock, Now, SegmentId};
use crate::limits::RECORDS_WAITING_MAX;
use seat::Seat;

/// How long things take in a room.
#[derive(Debug, Clone, Copy)]
pub struct RoomConfig {
    /// Between two clock messages.
    pub clock_period: Duration,
    /// What `moving` asks clients to wait.
    pub moving_retry: Duration,
}

impl Default for RoomConfig {
    fn default() -> Self {
        Self {
            clock_period: Duration::from_secs(1),
            moving_retry: Duration::from_secs(1),
        }
    }
}

/// One call, from the first arrival in this process to its end.
pub struct Room {
    config: RoomConfig,
    call: String,
    id: RoomId,
    title: String,
    opens_at: UtcMicros,
    starts_at: UtcMicros,
    ends_at: UtcMicros,
    price: PriceTerms,
    clock: CallClock,
    /// Both sides were together after the start before this room began.
    took_place: bool,
    phase: Phase,
    seats: BTreeMap<String, Seat>,
    arrivals: u32,
    /// Removed peers whose last packet time is still to come.
    closing: BTreeMap<PeerId, Closing>,
    /// Those who left and wait for their final figures.
    farewells: Vec<Farewell>,
    /// Seats that nobody may come back to.
    left_for_good: BTreeSet<String>,
    /// Records that have not been confirmed yet.
    unrecorded: usize,
    next_clock_at: Instant,
    /// Before this no `quality` is sent.
    next_quality_at: Instant,
    /// Seats that speak, loudest first.
    speakers: Vec<String>,
    effects: Vec<Effect>,
}

/// Where the call is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// Media is stopped; the last segments are being closed.
    Ending {
        reason: EndReason,
    },
    Over {
        since: Instant,
    },
    /// The server goes down; the call itself is not over.
    Draining,
}

/// A segment whose peer was removed.
#[derive(Debug)]
struct Closing {
    segment: SegmentId,
    end: SegmentEnd,
    /// When to stop waiting for the peer's last packet time.
    by: Instant,
}

/// A connection that is closed with a last word when its seat's segments are, and the others were heard since.
#[derive(Debug)]
struct Farewell {
    connection: ConnectionId,
    seat: String,
    reason: EndReason,
    /// When to stop waiting for the others.
    by: Instant,
}

impl Room {
    /// The room of the call that `grant` opens, with nobody in it.
    #[must_use]
    pub fn new(config: RoomConfig, id: RoomId, now: Now, grant: &CallGrant) -> Self {
        Self {
            config,
            call: grant.call.clone(),
            id,
            title: grant.title.clone(),
            opens_at: grant.opens_at,
            starts_at: grant.starts_at,
            ends_at: grant.ends_at,
            price: grant.price.clone(),
            clock: CallClock::new(&grant.call, now, grant.ends_at, grant.billed_before),
            took_place: grant.took_place,
            phase: Phase::Running,
            seats: BTreeMap::new(),
            arrivals: 0,
            closing: BTreeMap::new(),
            farewells: Vec::new(),
            left_for_good: BTreeSet::new(),
            unrecorded: 0,
            next_clock_at: now.mono,
            next_quality_at: now.mono,
            speakers: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// Takes one input and returns everything that is to be done about it, in order.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        let now = now.mono;
        match input {
            Input::Hello { connection, grant } => self.handle_hello(now, connection, grant),
            Input::Offer {
                connection,
                peer,
                offer,
            } => self.handle_offer(connection, peer, offer),
            Input::Request { connection, request } => self.handle_request(now, connection, request),
            Input::Closed { connection } => self.handle_close(now, connection),
            Input::Joined { peer, result } => self.handle_answer(now, peer, result),
            Input::Media(event) => self.handle_media_event(now, event),
            Input::Recorded { record, standing } => self.handle_recorded(now, record, standing),
            Input::ProviderTold { seat, at } => self.provider_told(&seat, at),
            Input::AppointmentOver(reason) => self.end_call(now, reason, SegmentEnd::Left),
            Input::PriceChanged(price) => self.change_price(price),
            Input::SeatOver(seat, reason) => self.end_seat(now, &seat, reason),
            Input::Drain => self.drain(now),
            Input::Tick => {}
        }
        self.pass_time(now);
        if self.going() {
            self.refresh_slots();
            self.refresh_participants(now);
            self.refresh_quality(now);
            self.refresh_speakers();
        }
        std::mem::take(&mut self.effects)
    }

    /// Both sides agreed to another price, which is on record: everybody here is told.
    fn change_price(&mut self, price: PriceTerms) {
        if price != self.price {
            self.price = price.clone();
            self.broadcast(&ServerMessage::Price { price });
        }
    }

    /// Open segments that are on record, with their last authenticated packets: one part of a checkpoint.
    pub fn open_segments(&self) -> impl Iterator<Item = (SegmentKey, UtcMicros)> + '_ {
        self.clock.open()
    }

    /// What the authority reviews while the call goes on: the appointment, and the sign-ins of those who are here.
    #[must_use]
    pub fn review(&self) -> Option<RoomReview> {
        let here = |seat: &&Seat| seat.connection.is_some() || seat.joining.is_some() || seat.peer.is_some();
        let session = |seat: &Seat| SeatSession {
            seat: seat.id.clone(),
            session: seat.session.clone(),
        };
        self.going().then(|| RoomReview {
            call: self.call.clone(),
            most_minor: self.price.most_minor(),
            seats: self.seats.values().filter(here).map(session).collect(),
        })
    }

    /// The media plane's id for this room.
    #[must_use]
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// Whether every fact of this room is on record and no segment is open.
    #[must_use]
    pub fn settled(&self) -> bool {
        self.unrecorded == 0 && self.closing.is_empty()
    }

    /// Since when the call has been over with everything on record.
    #[must_use]
    pub fn over_since(&self) -> Option<Instant> {
        match self.phase {
            Phase::Over { since } if self.settled() => Some(since),
            Phase::Running | Phase::Ending { .. } | Phase::Over { .. } | Phase::Draining => None,
        }
    }

    /// A fact is on record: what waited for it may happen.
    fn handle_recorded(&mut self, now: Instant, record: Record, standing: Standing) {
        self.unrecorded = self.unrecorded.saturating_sub(1);
        if let Standing::Over(reason) = standing {
            self.end_call(now, reason, SegmentEnd::Left);
            return;
        }
        match record {
            Record::Admitted { seat, .. } => self.let_in(now, &seat),
            Record::Open { segment, .. } => self.clock.recorded(&segment),
            Record::Arrived { .. } | Record::LeftForGood { .. } | Record::Close { .. } | Record::CallEnded { .. } => {}
        }
        self.release_held(now);
    }

    /// The list of others, to everyone for whom it changed.
    fn refresh_participants(&mut self, now: Instant) {
        let ids: Vec<_> = self
            .seats
            .values()
            .filter(|seat| seat.connection.is_some())
            .map(|seat| seat.id.clone())
            .collect();
        for id in ids {
            let Some(viewer) = self.seats.get(&id) else { continue };
            let participants: Vec<_> = self
                .in_order()
                .filter(|seat| viewer.sees(seat))
                .map(|seat| seat.participant(now))
                .collect();
            let mut lasting = participants.clone();
            lasting.iter_mut().for_each(|participant| participant.waited_s = 0);
            let Some(connection) = self.seats.get_mut(&id).and_then(|seat| seat.connection.as_mut()) else {
                continue;
            };
            if connection.participants != lasting {
                connection.participants = lasting;
                let connection = connection.id;
                self.effects.push(Effect::Send {
                    connection,
                    message: ServerMessage::Participants { participants },
                });
            }
        }
    }

    fn in_order(&self) -> impl Iterator<Item = &Seat> {
        let mut seats: Vec<_> = self.seats.values().collect();
        seats.sort_by_key(|seat| seat.order);
        seats.into_iter()
    }

    fn clock_message(&self, now: Instant) -> Clock {
        let billable = self.clock.billable();
        Clock {
            running: self.going() && self.clock.running(now),
            billable_ms: billable / 1_000,
            cost_minor: self.price.cost_minor(billable),
            remaining_ms: self.ends_at.saturating_sub(self.clock.utc(now)).max(0) / 1_000,
        }
    }

    fn call_info(&self, now: Instant) -> CallInfo {
        CallInfo {
            id: self.call.clone(),
            title: self.title.clone(),
            now: self.clock.utc(now),
            opens_at: self.opens_at,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            price: self.price.clone(),
        }
    }

    /// Whether people may come in and media may flow.
    fn going(&self) -> bool {
        match self.phase {
            Phase::Running => true,
            Phase::Ending { .. } | Phase::Over { .. } | Phase::Draining => false,
        }
    }

    /// Whether too many records wait for anything new to begin.
    fn backed_up(&self) -> bool {
        self.unrecorded >= RECORDS_WAITING_MAX
    }

    fn record(&mut self, record: Record) {
        self.unrecorded += 1;
        self.effects.push(Effect::Record(record));
    }

    fn send(&mut self, connection: ConnectionId, message: ServerMessage) {
        self.effects.push(Effect::Send { connection, message });
    }

    fn broadcast(&mut self, message: &ServerMessage) {
        for connection in self.seats.values().filter_map(|seat| seat.connection.as_ref()) {
            self.effects.push(Effect::Send {
                connection: connection.id,
                message: message.clone(),
            });
        }
    }

    /// Refuses a message; the connection stays.
    fn refuse(&mut self, connection: ConnectionId, code: ErrorCode, message: &str) {
        self.send(
            connection,
            ServerMessage::Error {
                code,
                message: message.to_owned(),
                fatal: false,
            },
        );
    }

    /// Refuses a message and closes the connection.
    fn turn_away(&mut self, connection: ConnectionId, code: ErrorCode, message: &str, close: CloseCode) {
        self.send(
            connection,
            ServerMessage::Error {
                code,
                message: message.to_owned(),
                fatal: true,
            },
        );
        self.effects.push(Effect::Close {
            connection,
            code: close,
        });
    }
}

#[cfg(test)]
mod tests;
