//! Coming in: hello, take-over of a seat, lobby, admission, and being turned away.

use std::time::Instant;

use sfu_core::Command;
use signaling_protocol::message::{EndReason, ErrorCode};
use signaling_protocol::{PROTOCOL_VERSION, Role, ServerMessage};

use super::request::MediaFlags;
use super::seat::{Admission, Attendance, Connection, Seat};
use super::vocabulary::{CloseCode, ConnectionId, Effect, Record};
use super::{Phase, Room};
use crate::authority::{CallGrant, SegmentEnd, UtcMicros};
use crate::limits::{DISMISSED_PAUSE, SEATS_MAX};

impl Room {
    /// A connection showed a good ticket: it takes the seat, also from a connection that held it.
    pub(super) fn handle_hello(&mut self, now: Instant, connection: ConnectionId, grant: CallGrant) {
        if self.phase == Phase::Draining {
            self.send(connection, self.moving());
            self.effects.push(Effect::Close {
                connection,
                code: CloseCode::Moving,
            });
            return;
        }
        if let Some((code, message, close)) = self.obstacle(now, &grant) {
            self.turn_away(connection, code, message, close);
            return;
        }
        let seat_id = grant.seat.clone();
        self.left_for_good.extend(grant.left_for_good.iter().cloned());
        self.take_over(now, &seat_id);
        let attended = self.provider_is_here();
        let order = self.arrivals;
        let seat = self.seats.entry(seat_id.clone()).or_insert_with(|| {
            self.arrivals += 1;
            Seat::new(&grant, order, now)
        });
        seat.name = grant.name;
        seat.session = grant.session;
        seat.next_segment = seat.next_segment.max(grant.next_segment);
        seat.connection = Some(Connection {
            id: connection,
            participants: Vec::new(),
            quality: Vec::new(),
            speakers: Vec::new(),
        });
        if matches!(seat.attendance, Attendance::Left | Attendance::SignedOut) {
            seat.attendance = Attendance::Arrived;
        }
        if matches!(seat.admission, Admission::Dismissed { .. }) {
            seat.admission = Admission::Waiting;
            seat.arrived_at = now;
        }
        if grant.admitted && !seat.admitted() {
            seat.admission = Admission::Admitted { at: now };
        }
        if let Some(since) = &mut seat.away_since {
            *since = now;
        }
        let (role, admitted) = (seat.role, seat.admitted());
        self.record(Record::Arrived {
            seat: seat_id.clone(),
            at: self.clock.utc(now),
            unattended: !admitted && !attended,
        });
        let call = self.call_info(now);
        let welcome = ServerMessage::Welcome {
            protocol: PROTOCOL_VERSION,
            seat: seat_id,
            role,
            admitted,
            call,
        };
        self.send(connection, welcome);
        self.send(connection, ServerMessage::Clock(self.clock_message(now)));
    }

    /// Whether somebody of the provider has the call open.
    fn provider_is_here(&self) -> bool {
        let mut providers = self.seats.values().filter(|seat| seat.role == Role::Provider);
        providers.any(|seat| seat.connection.is_some())
    }

    /// The authority told the provider that a seat waits.
    pub(super) fn provider_told(&mut self, seat_id: &str, at: UtcMicros) {
        if let Some(connection) = self.seats.get(seat_id).and_then(|seat| seat.connection.as_ref()) {
            let connection = connection.id;
            self.send(connection, ServerMessage::ProviderTold { at });
        }
    }

    /// Why this grant lets nobody in now.
    fn obstacle(&self, now: Instant, grant: &CallGrant) -> Option<(ErrorCode, &'static str, CloseCode)> {
        let at = self.clock.utc(now);
        let known = self.seats.get(&grant.seat);
        let paused = known.is_some_and(|seat| match seat.admission {
            Admission::Dismissed { at } => now.saturating_duration_since(at) < DISMISSED_PAUSE,
            Admission::Waiting | Admission::Recording | Admission::Admitted { .. } => false,
        });
        let gone = self.left_for_good.contains(&grant.seat);
        if !self.going() || at >= self.ends_at {
            Some((ErrorCode::NotOpen, "the call is over", CloseCode::NotOpen))
        } else if gone {
            Some((ErrorCode::NotOpen, "this seat was left for good", CloseCode::NotOpen))
        } else if at < self.opens_at {
            Some((ErrorCode::NotOpen, "the room is not open yet", CloseCode::NotOpen))
        } else if paused {
            Some((
                ErrorCode::TurnedAway,
                "the provider turned this seat away",
                CloseCode::NotOpen,
            ))
        } else if known.is_none() && self.seats.len() >= SEATS_MAX {
            Some((ErrorCode::Full, "the room is full", CloseCode::Unavailable))
        } else if self.backed_up() {
            Some((
                ErrorCode::Internal,
                "the records cannot be written",
                CloseCode::Unavailable,
            ))
        } else {
            None
        }
    }

    /// The old connection goes, and its media with it. Where the socket has died already, media goes on until the new
    /// connection's offer is answered.
    fn take_over(&mut self, now: Instant, seat_id: &str) {
        let Some(seat) = self.seats.get_mut(seat_id) else {
            return;
        };
        self.effects.extend(
            seat.joining
                .take()
                .map(|joining| Effect::Media(Command::Leave { peer: joining.peer })),
        );
        if let Some(old) = seat.connection.take() {
            self.send(old.id, ServerMessage::TakenOver {});
            self.effects.push(Effect::Close {
                connection: old.id,
                code: CloseCode::TakenOver,
            });
            self.remove_peer(now, seat_id, SegmentEnd::TakenOver);
        }
    }

    pub(super) fn admit(&mut self, now: Instant, connection: ConnectionId, seat_id: &str) {
        let at = self.clock.utc(now);
        let possible = self.waiting(seat_id) && self.going() && !self.backed_up();
        match self.seats.get_mut(seat_id) {
            Some(seat) if possible => {
                seat.admission = Admission::Recording;
                self.record(Record::Admitted {
                    seat: seat_id.to_owned(),
                    at,
                });
            }
            // Said twice while the record is being written.
            Some(seat) if seat.admission == Admission::Recording => {}
            Some(_) | None => self.refuse(connection, ErrorCode::UnknownSeat, "no such seat is waiting"),
        }
    }

    /// The admission is on record: the gate opens, and time counts once media is up.
    pub(super) fn let_in(&mut self, now: Instant, seat_id: &str) {
        if !self.going() {
            return;
        }
        let Some(seat) = self.seats.get_mut(seat_id) else {
            return;
        };
        if seat.admission != Admission::Recording {
            return;
        }
        seat.admission = Admission::Admitted { at: now };
        let peer = seat.peer.as_ref().map(|peer| peer.id);
        self.effects
            .extend(peer.map(|peer| Effect::Media(Command::SetForwarding { peer, allowed: true })));
        if let Some(connection) = self.seats.get(seat_id).and_then(|seat| seat.connection.as_ref()) {
            self.effects.push(Effect::Send {
                connection: connection.id,
                message: ServerMessage::Admitted {},
            });
        }
        self.open_segment(seat_id);
    }

    pub(super) fn dismiss(&mut self, now: Instant, connection: ConnectionId, seat_id: &str) {
        if !self.waiting(seat_id) {
            self.refuse(connection, ErrorCode::UnknownSeat, "no such seat is waiting");
            return;
        }
        let clock = self.clock_message(now);
        self.drop_media(now, seat_id, SegmentEnd::Left);
        let Some(seat) = self.seats.get_mut(seat_id) else {
            return;
        };
        seat.admission = Admission::Dismissed { at: now };
        if let Some(dismissed) = seat.connection.take() {
            self.send(
                dismissed.id,
                ServerMessage::Ended {
                    reason: EndReason::Dismissed,
                    clock,
                },
            );
            self.effects.push(Effect::Close {
                connection: dismissed.id,
                code: CloseCode::Done,
            });
        }
    }

    fn waiting(&self, seat_id: &str) -> bool {
        self.seats
            .get(seat_id)
            .is_some_and(|seat| seat.admission == Admission::Waiting && seat.connection.is_some())
    }

    /// A socket is gone. What counts is the media server's to judge, so nothing ends here; the others read at once that
    /// somebody reconnects.
    pub(super) fn handle_close(&mut self, now: Instant, connection: ConnectionId) {
        self.farewells.retain(|farewell| farewell.connection != connection);
        let Some(seat) = self.seats.values_mut().find(|seat| seat.held_by(connection)) else {
            return;
        };
        seat.connection = None;
        seat.away_since = Some(now);
        self.effects.extend(
            seat.joining
                .take()
                .map(|joining| Effect::Media(Command::Leave { peer: joining.peer })),
        );
    }
}

impl Seat {
    fn new(grant: &CallGrant, order: u32, now: Instant) -> Self {
        let at_once = grant.admitted || grant.role == Role::Provider;
        Self {
            id: grant.seat.clone(),
            name: grant.name.clone(),
            role: grant.role,
            order,
            arrived_at: now,
            session: grant.session.clone(),
            admission: if at_once {
                Admission::Admitted { at: now }
            } else {
                Admission::Waiting
            },
            connection: None,
            joining: None,
            peer: None,
            flags: MediaFlags::default(),
            attendance: Attendance::Arrived,
            away_since: None,
            next_segment: grant.next_segment,
        }
    }
}
