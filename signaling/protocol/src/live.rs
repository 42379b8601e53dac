//! A call under way, as signaling shows it to the booking side.

use crate::call::UtcMicros;
use crate::message::{Presence, SourceKind};
use crate::ticket::Role;

/// A call under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveCall {
    /// The appointment's id.
    pub call: String,
    pub starts_at: UtcMicros,
    pub ends_at: UtcMicros,
    /// Billable time so far, microseconds, and whether it runs at this moment.
    pub billable: i64,
    pub running: bool,
    pub seats: Vec<LiveSeat>,
}

/// A person in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSeat {
    pub seat: String,
    pub name: String,
    pub role: Role,
    pub presence: Presence,
    /// Whether its page is connected.
    pub here: bool,
    /// Counters of the media connection, if there is one.
    pub stats: Option<LiveStats>,
    /// How each of its streams does.
    pub legs: Vec<Leg>,
}

/// Counters since the media connection began. "in" is what came from the participant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LiveStats {
    pub packets_in: u64,
    pub packets_out: u64,
    pub packets_lost_in: u64,
    pub packets_lost_out: u64,
    pub round_trip_ms: Option<u32>,
}

impl LiveStats {
    /// The worse of the two directions, thousandths of the packets.
    #[must_use]
    pub fn loss_permille(&self) -> u32 {
        let permille = |lost: u64, came: u64| {
            let share = (u128::from(lost) * 1000).checked_div(u128::from(lost) + u128::from(came));
            share.map_or(0, |permille| u32::try_from(permille).unwrap_or(1000))
        };
        let out = permille(
            self.packets_lost_out,
            self.packets_out.saturating_sub(self.packets_lost_out),
        );
        permille(self.packets_lost_in, self.packets_in).max(out)
    }
}

/// Which way a stream goes, seen from its participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    Sent,
    Received,
}

impl Direction {
    /// The word on record.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
        }
    }
}

/// Spatial and temporal layer, both from zero up.
pub type Layer = (u8, u8);

/// How one stream of one participant does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// Whose connection it is.
    pub seat: String,
    pub direction: Direction,
    pub source: SourceKind,
    /// Who publishes it; the seat itself where it sends.
    pub from_seat: String,
    pub bitrate_bps: u64,
    /// Thousandths of the packets that did not arrive at first.
    pub lost_permille: u32,
    pub jitter_us: u64,
    /// What is forwarded of a picture, and the best that its size on the screen asks for.
    pub layer: Option<Layer>,
    pub wanted_layer: Option<Layer>,
    /// Mean opinion score in hundredths, 100 to 450; `None` while there is nothing to judge.
    pub score_centi: Option<u32>,
}
