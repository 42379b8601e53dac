//! Leaving and ending, which are two things; the end of the window, cancellation, and going down.

use std::collections::BTreeSet;
use std::time::Instant;

use sfu_core::Command;
use signaling_protocol::message::{EndReason, ErrorCode};
use signaling_protocol::{Role, ServerMessage};

use super::seat::{Attendance, Seat};
use super::vocabulary::{CloseCode, ConnectionId, Effect, Record};
use super::{Farewell, Phase, Room};
use crate::authority::{SeatSession, SegmentEnd};
use crate::limits::CLOSE_WAIT;

impl Room {
    /// Somebody leaves on purpose: media ends at once, the connection when the final figures are known. Nothing else
    /// ends, except where both sides have said that it is over.
    pub(super) fn leave(&mut self, now: Instant, connection: ConnectionId, seat_id: &str, for_good: bool) {
        if for_good && !self.may_be_ended(now) {
            self.refuse(
                connection,
                ErrorCode::TooEarly,
                "nothing has taken place that could be over",
            );
            return;
        }
        let reason = if for_good {
            EndReason::LeftForGood
        } else {
            EndReason::Left
        };
        self.send_away(now, seat_id, reason);
        let Some(seat) = self.seats.get_mut(seat_id) else {
            return;
        };
        if for_good {
            seat.attendance = Attendance::LeftForGood;
            self.left_for_good.insert(seat_id.to_owned());
            self.record(Record::LeftForGood {
                seat: seat_id.to_owned(),
                at: self.clock.utc(now),
            });
        } else if seat.admitted() {
            seat.attendance = Attendance::Left;
        }
        if self.agreed_to_end() {
            self.end_call(now, EndReason::EndedByProvider, SegmentEnd::Left);
        }
    }

    /// The provider ends the call for everybody.
    pub(super) fn end_for_all(&mut self, now: Instant, connection: ConnectionId) {
        if self.may_be_ended(now) {
            self.end_call(now, EndReason::EndedByProvider, SegmentEnd::Left);
        } else {
            self.refuse(
                connection,
                ErrorCode::TooEarly,
                "nothing has taken place that could be over",
            );
        }
    }

    /// A seat is no longer the sign-in's through which it was taken, and so its presence is over.
    pub(super) fn end_seat(&mut self, now: Instant, gone: &SeatSession, reason: EndReason) {
        let Some(seat) = self.seats.get_mut(&gone.seat) else {
            return;
        };
        // Another sign-in has taken the seat since.
        if seat.session != gone.session {
            return;
        }
        if seat.admitted() && !seat.left() {
            seat.attendance = Attendance::SignedOut;
        }
        self.send_away(now, &gone.seat, reason);
    }

    /// Ends a seat's media; its connection gets a last word when that is settled.
    fn send_away(&mut self, now: Instant, seat_id: &str, reason: EndReason) {
        self.drop_media(now, seat_id, SegmentEnd::Left);
        let connection = self.seats.get_mut(seat_id).and_then(|seat| seat.connection.take());
        self.farewells.extend(connection.map(|connection| Farewell {
            connection: connection.id,
            seat: seat_id.to_owned(),
            reason,
            by: now + CLOSE_WAIT,
        }));
    }

    /// Nobody can end a call before its scheduled start, nor one in which nobody has talked since.
    fn may_be_ended(&self, now: Instant) -> bool {
        let took_place = self.took_place || self.clock.together().reach_past(self.starts_at);
        self.clock.utc(now) >= self.starts_at && took_place
    }

    /// Whether every consumer has left for good and every provider has left: no two sides can meet any more.
    fn agreed_to_end(&self) -> bool {
        let side = |role| {
            let seats = self.seats.values().filter(move |seat| seat.role == role);
            seats.filter(|seat| seat.admitted())
        };
        let mut providers = side(Role::Provider).peekable();
        !self.left_for_good.is_empty()
            && side(Role::Consumer).all(|seat| self.left_for_good.contains(&seat.id))
            && providers.peek().is_some()
            && providers.all(Seat::left)
    }

    /// Tells those who left their final figures, once their segments are closed: not before the other side was heard
    /// after them, since the time till then counts as soon as it is.
    fn say_farewells(&mut self, now: Instant) {
        let clock = self.clock_message(now);
        let closing: BTreeSet<_> = self
            .closing
            .values()
            .map(|closing| closing.segment.seat.clone())
            .collect();
        for farewell in std::mem::take(&mut self.farewells) {
            let role = self.seats.get(&farewell.seat).map(|seat| seat.role);
            let growing = now < farewell.by && role.is_some_and(|role| self.clock.awaits_others_of(role));
            if growing || closing.contains(&farewell.seat) {
                self.farewells.push(farewell);
                continue;
            }
            let (connection, reason) = (farewell.connection, farewell.reason);
            let clock = clock.clone();
            self.send(connection, ServerMessage::Ended { reason, clock });
            self.effects.push(Effect::Close {
                connection,
                code: CloseCode::Done,
            });
        }
    }

    /// What is due by now: late closings, last words, the end of the window, the clock message.
    pub(super) fn pass_time(&mut self, now: Instant) {
        let due: Vec<_> = self
            .closing
            .iter()
            .filter(|(_, closing)| now >= closing.by)
            .map(|(peer, _)| *peer)
            .collect();
        for peer in due {
            if let Some(closing) = self.closing.remove(&peer) {
                self.close_segment(&closing.segment, closing.end);
            }
        }
        self.say_farewells(now);
        let window_over = self.clock.utc(now) >= self.ends_at;
        match self.phase {
            Phase::Running if window_over => self.end_call(now, EndReason::WindowEnded, SegmentEnd::WindowEnded),
            Phase::Running | Phase::Over { .. } | Phase::Draining => {}
            Phase::Ending { .. } => self.finish(now),
        }
        if self.going() && now >= self.next_clock_at {
            self.next_clock_at = now + self.config.clock_period;
            let clock = ServerMessage::Clock(self.clock_message(now));
            self.broadcast(&clock);
        }
    }

    /// Stops all media. The end is announced when the last packets are known, so that the clock in it is final.
    pub(super) fn end_call(&mut self, now: Instant, reason: EndReason, end: SegmentEnd) {
        if !self.going() {
            return;
        }
        self.phase = Phase::Ending { reason };
        // Those who are just leaving cannot come back either.
        for farewell in &mut self.farewells {
            if farewell.reason == EndReason::Left {
                farewell.reason = reason;
            }
        }
        self.drop_all_media(now, end);
        self.effects.push(Effect::Media(Command::CloseRoom { room: self.id }));
        self.finish(now);
    }

    fn drop_all_media(&mut self, now: Instant, end: SegmentEnd) {
        let seats: Vec<_> = self.seats.keys().cloned().collect();
        for seat in seats {
            self.drop_media(now, &seat, end);
        }
    }

    /// Announces the end once every segment is closed.
    pub(super) fn finish(&mut self, now: Instant) {
        let Phase::Ending { reason } = self.phase else { return };
        if !self.closing.is_empty() {
            return;
        }
        self.phase = Phase::Over { since: now };
        self.say_farewells(now);
        let clock = self.clock_message(now);
        self.broadcast(&ServerMessage::Ended { reason, clock });
        self.close_all(CloseCode::Done);
        self.record(Record::CallEnded {
            at: self.clock.utc(now),
        });
    }

    /// The server goes down: segments are closed, clients are sent elsewhere, the call is not over.
    pub(super) fn drain(&mut self, now: Instant) {
        if !self.going() {
            return;
        }
        self.phase = Phase::Draining;
        self.broadcast(&self.moving());
        self.close_all(CloseCode::Moving);
        self.drop_all_media(now, SegmentEnd::Shutdown);
    }

    pub(super) fn moving(&self) -> ServerMessage {
        let retry_after_ms = u32::try_from(self.config.moving_retry.as_millis()).unwrap_or(u32::MAX);
        ServerMessage::Moving { retry_after_ms }
    }

    fn close_all(&mut self, code: CloseCode) {
        for connection in self.seats.values_mut().filter_map(|seat| seat.connection.take()) {
            self.effects.push(Effect::Close {
                connection: connection.id,
                code,
            });
        }
    }
}
