//! The running calls, as the operator's page shows them.

use booking::operator::{LiveCall, LiveCalls, LiveSeat, LiveStats};
use sfu_core::PeerStats;
use signaling::Hub;
use signaling_protocol::Role;
use signaling_protocol::message::Presence;

/// Reads the hub.
pub(crate) struct Live(pub(crate) Hub);

impl LiveCalls for Live {
    fn snapshot(&self) -> Vec<LiveCall> {
        self.0.snapshot().into_iter().map(call).collect()
    }

    fn cancel(&self, call: &str) {
        self.0.cancel(call);
    }
}

fn call(call: signaling::LiveCall) -> LiveCall {
    LiveCall {
        call: call.call,
        starts_at: call.starts_at,
        ends_at: call.ends_at,
        billable: call.billable,
        seats: call.seats.into_iter().map(seat).collect(),
    }
}

fn seat(seat: signaling::LiveSeat) -> LiveSeat {
    LiveSeat {
        seat: seat.seat,
        name: seat.name,
        is_provider: seat.role == Role::Provider,
        waiting: seat.presence == Presence::Lobby,
        connected: seat.presence == Presence::Connected,
        stats: seat.stats.map(|stats| counters(&stats)),
    }
}

fn counters(stats: &PeerStats) -> LiveStats {
    LiveStats {
        packets_in: stats.packets_in,
        packets_out: stats.packets_out,
        bytes_in: stats.bytes_in,
        bytes_out: stats.bytes_out,
        packets_lost_in: stats.packets_lost_in,
        packets_lost_out: stats.packets_lost_out,
        round_trip_ms: stats
            .round_trip
            .map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX)),
    }
}
