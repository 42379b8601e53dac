//! The running calls, as the operator's page shows them.

use std::sync::Arc;
use std::time::Duration;

use booking_core::calls::{CaptureError, LiveCall, LiveCalls, LiveSeat, LiveStats};
use sfu_core::PeerStats;
use signaling::Hub;
use signaling_protocol::Role;
use signaling_protocol::message::Presence;

use crate::capture::Captures;
use crate::quality::Board;

/// Reads the hub and what is known of the streams.
pub(crate) struct Live {
    pub(crate) hub: Hub,
    pub(crate) board: Arc<Board>,
    pub(crate) captures: Captures,
}

impl LiveCalls for Live {
    fn snapshot(&self) -> Vec<LiveCall> {
        self.hub.snapshot().iter().map(|live| call(live, &self.board)).collect()
    }

    fn capture(&self, call: &str, time: Duration) -> Result<(), CaptureError> {
        self.captures.start(call, time)
    }

    fn cancel(&self, call: &str) {
        self.hub.cancel(call);
    }
}

fn call(call: &signaling::LiveCall, board: &Board) -> LiveCall {
    LiveCall {
        call: call.call.clone(),
        starts_at: call.starts_at,
        ends_at: call.ends_at,
        billable: call.billable,
        seats: call.seats.iter().map(|seat| live_seat(call, seat, board)).collect(),
    }
}

fn live_seat(call: &signaling::LiveCall, seat: &signaling::LiveSeat, board: &Board) -> LiveSeat {
    LiveSeat {
        seat: seat.seat.clone(),
        name: seat.name.clone(),
        is_provider: seat.role == Role::Provider,
        waiting: seat.presence == Presence::Lobby,
        connected: seat.presence == Presence::Connected,
        stats: seat.stats.map(|stats| counters(&stats)),
        legs: board.legs(call, seat),
    }
}

fn counters(stats: &PeerStats) -> LiveStats {
    LiveStats {
        packets_in: stats.packets_in,
        packets_out: stats.packets_out,
        packets_lost_in: stats.packets_lost_in,
        packets_lost_out: stats.packets_lost_out,
        round_trip_ms: stats
            .round_trip
            .map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX)),
    }
}
