//! What a room hears and what it wants done: closed enums, so that each side is one `match`.

use sfu_core::{Command, Event, Join, JoinError, Joined, PeerId};
use signaling_protocol::message::EndReason;
use signaling_protocol::{PriceTerms, ServerMessage};

use crate::authority::{CallGrant, SeatSession, SegmentEnd, Standing, UtcMicros};
use crate::clock::SegmentId;

use super::request::{Offer, Request};

/// One signaling connection; never used twice in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// Everything that can happen to a room.
#[derive(Debug)]
pub enum Input {
    /// A connection showed a good ticket.
    Hello { connection: ConnectionId, grant: CallGrant },
    /// A connection offers media; `peer` is a fresh id for it.
    Offer {
        connection: ConnectionId,
        peer: PeerId,
        offer: Offer,
    },
    /// A connection asks for something else.
    Request { connection: ConnectionId, request: Request },
    /// A connection is gone. Media does not end with it.
    Closed { connection: ConnectionId },
    /// The media plane answered [`Effect::Join`].
    Joined {
        peer: PeerId,
        result: Result<Joined, JoinError>,
    },
    /// The media plane reports.
    Media(Event),
    /// A record was written, or is not to be since the appointment lives no more.
    Recorded { record: Record, standing: Standing },
    /// Nobody of the provider was here when a seat arrived, and they were told at that time.
    ProviderTold { seat: String, at: UtcMicros },
    /// The appointment was cancelled or settled.
    AppointmentOver(EndReason),
    /// A seat is no longer the sign-in's through which it was taken.
    SeatOver(SeatSession, EndReason),
    /// Both sides agreed to another price, which is on record.
    PriceChanged(PriceTerms),
    /// The server goes down.
    Drain,
    /// Time passed.
    Tick,
}

/// Everything a room may want done, in order.
#[derive(Debug)]
pub enum Effect {
    Send {
        connection: ConnectionId,
        message: ServerMessage,
    },
    Close {
        connection: ConnectionId,
        code: CloseCode,
    },
    Join(Join),
    Media(Command),
    /// To be written in order, again and again until it is; [`Input::Recorded`] answers.
    Record(Record),
}

/// A fact for the authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    Arrived {
        seat: String,
        at: UtcMicros,
        /// It waits to be let in, and nobody of the provider is here.
        unattended: bool,
    },
    Admitted {
        seat: String,
        at: UtcMicros,
    },
    LeftForGood {
        seat: String,
        at: UtcMicros,
    },
    Open {
        segment: SegmentId,
        started_at: UtcMicros,
    },
    Close {
        segment: SegmentId,
        ended_at: UtcMicros,
        end: SegmentEnd,
    },
    CallEnded {
        at: UtcMicros,
    },
}

/// Why the server closes a WebSocket (RFC 6455 7.4; 4000 to 4999 are ours).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// The seat left, was turned away, or the call ended.
    Done,
    /// The server goes down.
    Moving,
    /// A message was longer than allowed.
    TooBig,
    /// Too many messages were refused.
    Strikes,
    /// The ticket or the `hello` was no good.
    BadTicket,
    /// The room is not open.
    NotOpen,
    /// No `hello` in time, or nothing heard for too long.
    Silent,
    /// Another connection took the seat.
    TakenOver,
    /// The client reads too slowly.
    TooSlow,
    /// The server cannot serve this now; trying again later may help.
    Unavailable,
}

impl CloseCode {
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Moving,
        Self::TooBig,
        Self::Strikes,
        Self::BadTicket,
        Self::NotOpen,
        Self::Silent,
        Self::TakenOver,
        Self::TooSlow,
        Self::Unavailable,
    ];

    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::Done => 1000,
            Self::Moving => 1001,
            Self::TooBig => 1009,
            Self::Strikes => 4400,
            Self::BadTicket => 4401,
            Self::NotOpen => 4403,
            Self::Silent => 4408,
            Self::TakenOver => 4409,
            Self::TooSlow => 4413,
            Self::Unavailable => 4503,
        }
    }
}
