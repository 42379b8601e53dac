//! Facts about a call that signaling and the booking side tell each other.

use crate::message::EndReason;
use crate::price::PriceTerms;
use crate::ticket::Role;

/// Unix microseconds, UTC.
pub type UtcMicros = i64;

/// What a good ticket opens: one seat of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallGrant {
    pub call: String,
    pub seat: String,
    pub role: Role,
    /// Name shown to the others.
    pub name: String,
    /// What the call is about, for example the service's title.
    pub title: String,
    /// The room opens here (start minus the lead time).
    pub opens_at: UtcMicros,
    pub starts_at: UtcMicros,
    /// The booked window ends here, and the call with it.
    pub ends_at: UtcMicros,
    pub price: PriceTerms,
    /// Whether this seat was let in before (a reconnect, or a restart of the server). Providers always are.
    pub admitted: bool,
    /// Seats whose people left for good.
    pub left_for_good: Vec<String>,
    /// Billable time of this call that is already on record from closed segments, microseconds.
    pub billed_before: i64,
    /// Whether some of it lies after the start: only then has the call taken place.
    pub took_place: bool,
    /// The next unused segment number of this seat.
    pub next_segment: u32,
    /// The sign-in through which the seat is taken: the seat is lost with it.
    pub session: String,
}

/// Why a ticket that is genuine opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no such call, or not for this seat")]
    Unknown,
    #[error("the room is not open")]
    NotOpen,
    #[error("the call is over")]
    Ended,
    #[error("the call was cancelled")]
    Cancelled,
    #[error("the sign-in behind the ticket is over")]
    SignedOut,
    #[error("the records cannot be reached")]
    Unavailable,
}

/// Names one span of verified presence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentKey {
    pub call: String,
    pub seat: String,
    pub seq: u32,
}

/// Why a segment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentEnd {
    Left,
    ConnectionLost,
    TakenOver,
    WindowEnded,
    Shutdown,
}

impl SegmentEnd {
    pub const ALL: [Self; 5] = [
        Self::Left,
        Self::ConnectionLost,
        Self::TakenOver,
        Self::WindowEnded,
        Self::Shutdown,
    ];

    /// The word on record. A sixth, `recovered`, is given to what a process that died had left open.
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

/// Whether a call's appointment still lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Lives,
    /// It was cancelled or settled; its room ends with this word.
    Over(EndReason),
}

/// A room as it asks whether it may go on: its call, and whoever is in it with the sign-in that they came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomReview {
    pub call: String,
    /// The most that it can cost, as the room knows it, minor units.
    pub most_minor: i64,
    pub seats: Vec<SeatSession>,
}

/// A taken seat and the sign-in that it depends on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeatSession {
    pub seat: String,
    pub session: String,
}

/// What a review found to be over, or to be otherwise than the room knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    CallOver {
        call: String,
        reason: EndReason,
    },
    /// Both sides agreed to another price.
    PriceChanged {
        call: String,
        price: PriceTerms,
    },
    /// A taken seat is no longer that sign-in's.
    SeatOver {
        call: String,
        seat: SeatSession,
        reason: EndReason,
    },
}
