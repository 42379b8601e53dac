//! A room as the booking side shows it to operators and records it.

use std::time::Instant;

use sfu_core::{LegDirection, PeerStats, SourceKind};
use signaling_protocol::live::{Direction, Leg};
use signaling_protocol::{LiveCall, LiveSeat, LiveStats};

use super::Room;
use super::seat::Seat;
use crate::media::message_source;
use crate::quality::{LegReport, QualityBoard, centi};

impl Room {
    /// The room as it is now; how its streams do is read from `board`.
    #[must_use]
    pub fn snapshot(&self, now: Instant, board: &QualityBoard) -> LiveCall {
        let clock = self.clock_message(now);
        let live_seat = |seat: &Seat| LiveSeat {
            seat: seat.id.clone(),
            name: seat.name.clone(),
            role: seat.role,
            presence: seat.presence(now),
            here: seat.connection.is_some(),
            stats: seat.peer.as_ref().map(|peer| live_stats(&peer.stats)),
            legs: self.legs(seat, board),
        };
        LiveCall {
            call: self.call.clone(),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            billable: self.clock.billable(),
            running: clock.running,
            seats: self.in_order().map(live_seat).collect(),
        }
    }

    /// The legs of a seat. Those of sources that left already, and of screens that were never shared, are not among them.
    fn legs(&self, seat: &Seat, board: &QualityBoard) -> Vec<Leg> {
        let Some(peer) = &seat.peer else { return Vec::new() };
        let leg = |LegReport {
                       stats,
                       bitrate_bps,
                       lost_permille,
                   }| {
            let source = stats.source?;
            let may_rest = matches!(source.kind, SourceKind::Screen | SourceKind::ScreenAudio);
            if may_rest && stats.packets == 0 {
                return None;
            }
            let from = self.seats.values().find(|other| other.has_peer(source.peer))?;
            Some(Leg {
                seat: seat.id.clone(),
                direction: match stats.direction {
                    LegDirection::Publishes => Direction::Sent,
                    LegDirection::Receives => Direction::Received,
                },
                source: message_source(source.kind),
                from_seat: from.id.clone(),
                bitrate_bps,
                lost_permille,
                jitter_us: u64::try_from(stats.jitter.as_micros()).unwrap_or(u64::MAX),
                layer: stats.layer,
                wanted_layer: stats.wanted_layer,
                score_centi: centi(stats.score),
            })
        };
        board.legs_of(peer.id).into_iter().filter_map(leg).collect()
    }
}

fn live_stats(stats: &PeerStats) -> LiveStats {
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
