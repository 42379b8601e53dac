//! Leaving, the grace after it, the end of the window, cancellation, and going down.

use std::time::Instant;

use signaling_protocol::message::EndReason;
use signaling_protocol::{Role, ServerMessage};

use super::seat::Attendance;
use super::vocabulary::{CloseCode, Effect, Record};
use super::{Phase, Room};
use crate::authority::SegmentEnd;

impl Room {
    /// Somebody leaves on purpose: media and connection end at once, the call after a grace.
    pub(super) fn leave(&mut self, now: Instant, seat_id: &str) {
        self.drop_media(now, seat_id, SegmentEnd::Left);
        let Some(seat) = self.seats.get_mut(seat_id) else {
            return;
        };
        if seat.admitted() {
            seat.attendance = Attendance::Left;
        }
        if let Some(connection) = seat.connection.take() {
            self.effects.push(Effect::Close {
                connection: connection.id,
                code: CloseCode::Done,
            });
        }
    }

    /// The grace runs while a call that took place has lost all of one side on purpose.
    fn reconsider_grace(&mut self, now: Instant) {
        let deserted = self.deserted_by(Role::Consumer) || self.deserted_by(Role::Provider);
        let deserted = deserted && self.clock.billable() > 0;
        match (self.phase, deserted) {
            (Phase::Running, true) => {
                self.phase = Phase::Grace {
                    until: now + self.config.leave_grace,
                }
            }
            (Phase::Grace { .. }, false) => self.phase = Phase::Running,
            (Phase::Running, false) | (Phase::Grace { .. }, true) => {}
            (Phase::Ending { .. } | Phase::Over { .. } | Phase::Draining, _) => {}
        }
    }

    fn deserted_by(&self, role: Role) -> bool {
        let mut side = self
            .seats
            .values()
            .filter(|seat| seat.role == role && seat.admitted())
            .peekable();
        side.peek().is_some() && side.all(|seat| seat.attendance == Attendance::Left)
    }

    /// What is due by now: late closings, the end of grace and window, the clock message.
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
        self.reconsider_grace(now);
        let window_over = self.clock.utc(now) >= self.ends_at;
        match self.phase {
            Phase::Running | Phase::Grace { .. } if window_over => {
                self.end(now, EndReason::WindowEnded, SegmentEnd::WindowEnded);
            }
            Phase::Grace { until } if now >= until => self.end(now, EndReason::Left, SegmentEnd::Left),
            Phase::Running | Phase::Grace { .. } | Phase::Over { .. } | Phase::Draining => {}
            Phase::Ending { .. } => self.finish(now),
        }
        if self.going() && now >= self.next_clock_at {
            self.next_clock_at = now + self.config.clock_period;
            let clock = ServerMessage::Clock(self.clock_message(now));
            self.broadcast(&clock);
        }
    }

    /// Stops all media. The end is announced when the last packets are known, so that the clock in it is final.
    pub(super) fn end(&mut self, now: Instant, reason: EndReason, end: SegmentEnd) {
        if !self.going() {
            return;
        }
        self.phase = Phase::Ending { reason };
        self.drop_all_media(now, end);
        self.effects.push(Effect::StopMedia(self.id));
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
