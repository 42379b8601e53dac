//! The messages of a call, JSON text frames tagged by `type`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::price::PriceTerms;
use crate::ticket::Role;

/// What a call page says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// First message of a connection: exchanges the ticket for a session and takes the seat.
    Hello { protocol: u32, ticket: String },
    /// The one offer of a peer connection. `id` comes back in the answer.
    Offer {
        id: u32,
        sdp: String,
        sources: Vec<PublishedSource>,
    },
    /// Which of the sender's own sources carry something now; shown to the others.
    Media {
        microphone: bool,
        camera: bool,
        screen: bool,
    },
    /// How large the page shows each video slot, all of them, at every change; bounds what the slot receives.
    Sizes { slots: Vec<SlotSize> },
    /// Begin an ICE restart of the peer: `ufrag` is the new one of the client. `id` comes back in `restarted`.
    Restart { id: u32, ufrag: String },
    /// Provider only: let a waiting seat in.
    Admit { seat: String },
    /// Provider only: turn a waiting seat away.
    Dismiss { seat: String },
    /// Leave on purpose: to come back until the window ends, or (consumers only) not to come back.
    Leave {
        #[serde(default)]
        for_good: bool,
    },
    /// Provider only: the call is over for everybody.
    End {},
    /// Liveness check; `at` comes back unchanged.
    Ping {
        #[ts(type = "number")]
        at: i64,
    },
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The ticket was good: this connection holds the seat now.
    Welcome {
        protocol: u32,
        seat: String,
        role: Role,
        admitted: bool,
        call: CallInfo,
    },
    /// Answer to the offer with the same `id`, and its receive slots in m-line order.
    Answer {
        id: u32,
        sdp: String,
        slots: Vec<SlotDescription>,
    },
    /// Everyone of the call, whole list, whenever it changes.
    Participants { participants: Vec<Participant> },
    /// Nobody of the provider was here when this seat arrived, and a mail told them that somebody waits.
    ProviderTold {
        /// When the mail was written, Unix microseconds UTC.
        #[ts(type = "number")]
        at: i64,
    },
    /// The provider let this seat in: media flows and time counts from here on.
    Admitted {},
    /// What each receive slot carries, whole list, whenever it changes.
    Slots { slots: Vec<SlotAssignment> },
    /// The server's side of an ICE restart: goes into the earlier answer in place of its `ice-ufrag` and `ice-pwd`.
    Restarted { id: u32, ufrag: String, password: String },
    /// What is sent to this seat does not get through, though it is heard itself: another path should be sought by an ICE
    /// restart. Time that is not counted since is none of its cost.
    PathLost {},
    /// Which encodings of one of the own sources anybody watches; the others may rest.
    Encodings {
        source: SourceKind,
        encodings: Vec<EncodingState>,
    },
    /// How well media passes to and from each seat, whole list, when it changes.
    Quality { seats: Vec<SeatQuality> },
    /// Who speaks, loudest first, whole list, when it changes.
    Speakers { seats: Vec<String> },
    /// The call clock, once a second while the call lasts.
    Clock(Clock),
    /// Both sides agreed to another price, which is on record.
    Price { price: PriceTerms },
    /// The call is over. No reconnect is useful.
    Ended { reason: EndReason, clock: Clock },
    /// Another connection took this seat; this one is closed.
    TakenOver {},
    /// The server goes down or the room moves: reconnect with a fresh ticket after the delay.
    Moving { retry_after_ms: u32 },
    /// A message was refused; the connection stays open unless `fatal`.
    Error {
        code: ErrorCode,
        message: String,
        fatal: bool,
    },
    Pong {
        #[ts(type = "number")]
        at: i64,
    },
}

/// Of what a message tells the whole state, so that only the newest matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateOf {
    Participants,
    Slots,
    Encodings(SourceKind),
    Quality,
    Speakers,
    Clock,
}

impl ServerMessage {
    /// The state that it tells, if any: a newer message of the same replaces one that was not sent yet.
    #[must_use]
    pub fn state(&self) -> Option<StateOf> {
        match self {
            Self::Participants { .. } => Some(StateOf::Participants),
            Self::Slots { .. } => Some(StateOf::Slots),
            Self::Encodings { source, .. } => Some(StateOf::Encodings(*source)),
            Self::Quality { .. } => Some(StateOf::Quality),
            Self::Speakers { .. } => Some(StateOf::Speakers),
            Self::Clock(_) => Some(StateOf::Clock),
            Self::Welcome { .. }
            | Self::Answer { .. }
            | Self::Admitted {}
            | Self::Restarted { .. }
            | Self::PathLost {}
            | Self::ProviderTold { .. }
            | Self::Ended { .. }
            | Self::Price { .. }
            | Self::TakenOver {}
            | Self::Moving { .. }
            | Self::Error { .. }
            | Self::Pong { .. } => None,
        }
    }
}

/// What a page needs to know about the call. Times are Unix microseconds UTC by the server's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CallInfo {
    pub id: String,
    /// What is talked about, for example the service's title.
    pub title: String,
    #[ts(type = "number")]
    pub now: i64,
    #[ts(type = "number")]
    pub opens_at: i64,
    #[ts(type = "number")]
    pub starts_at: i64,
    #[ts(type = "number")]
    pub ends_at: i64,
    pub price: PriceTerms,
}

/// An m-line that a page sends on, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PublishedSource {
    pub mid: String,
    pub source: SourceKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    Microphone,
    Camera,
    Screen,
    ScreenAudio,
}

impl SourceKind {
    /// The word on the wire and on record.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Microphone => "microphone",
            Self::Camera => "camera",
            Self::Screen => "screen",
            Self::ScreenAudio => "screen_audio",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SlotKind {
    Audio,
    Video,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SlotDescription {
    pub mid: String,
    pub kind: SlotKind,
}

/// How large a video slot is shown, in pixels of the screen; zero where it is not shown at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SlotSize {
    pub mid: String,
    pub width: u16,
    pub height: u16,
}

/// One encoding of a simulcast source, by its RID (RFC 8851).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EncodingState {
    pub rid: String,
    pub active: bool,
}

/// How well media passes between one seat and the server; null while there is nothing to judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SeatQuality {
    pub seat: String,
    /// What the seat sends, as it arrives at the server.
    pub sends: Option<Quality>,
    /// What the seat receives.
    pub receives: Option<Quality>,
}

/// Quality as a person feels it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Talking is hard.
    Poor,
    /// Something is lost now and then.
    Fair,
    Good,
}

impl Quality {
    /// What a mean opinion score (1 to 4.5) feels like: below 3.6 many are dissatisfied (ITU-T G.107 annex B), below 2.6
    /// nearly all.
    #[must_use]
    pub fn of_score(score: f32) -> Self {
        if score >= 3.6 {
            Self::Good
        } else if score >= 2.6 {
            Self::Fair
        } else {
            Self::Poor
        }
    }
}

/// What one slot carries; an empty slot has neither seat nor source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SlotAssignment {
    pub mid: String,
    pub seat: Option<String>,
    pub source: Option<SourceKind>,
    /// Nothing of it is sent at present: the connection of whoever is told has no room for this picture.
    pub withheld: bool,
}

/// One seat that somebody has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Participant {
    pub seat: String,
    pub name: String,
    pub role: Role,
    pub presence: Presence,
    pub microphone: bool,
    pub camera: bool,
    pub screen: bool,
    /// Seconds since the seat first arrived, for the lobby card.
    pub waited_s: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Waiting to be let in.
    Lobby,
    /// Let in, media not up yet.
    Connecting,
    /// Media is up; time counts.
    Connected,
    /// Let in, connection lost; the seat is kept.
    Reconnecting,
    /// Left on purpose; may come back until the window ends.
    Left,
    /// Left on purpose; will not come back.
    LeftForGood,
}

/// The server's measurement of the call so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Clock {
    /// Whether billable time runs at this moment.
    pub running: bool,
    /// Billable time so far, milliseconds.
    #[ts(type = "number")]
    pub billable_ms: i64,
    /// What that costs, minor units.
    #[ts(type = "number")]
    pub cost_minor: i64,
    /// Until the booked window ends, milliseconds, never below zero.
    #[ts(type = "number")]
    pub remaining_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// You left, and may come back until the window ends.
    Left,
    /// You left for good.
    LeftForGood,
    /// The provider ended the call, or left after the consumer had left for good.
    EndedByProvider,
    /// The booked window is over.
    WindowEnded,
    /// The provider turned this seat away.
    Dismissed,
    /// The appointment was cancelled.
    Cancelled,
    /// The appointment was settled without the call, since one side did not come.
    Settled,
    /// The sign-in through which you came was ended.
    SignedOut,
    /// Somebody else of the provider has taken the appointment over, and your seat with it.
    HandedOver,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON, an unknown type, or a field that is missing, unknown or out of range.
    BadMessage,
    /// `hello` missing, repeated, or with a version the server does not speak.
    BadHello,
    /// The ticket is forged, used, or out of date: fetch a new one.
    BadTicket,
    /// The room is not open yet, or no longer.
    NotOpen,
    /// The provider turned this seat away a moment ago.
    TurnedAway,
    /// This role may not do that.
    Forbidden,
    /// Nobody may end the call before its start, nor before anybody has talked since.
    TooEarly,
    /// No such seat is waiting.
    UnknownSeat,
    /// The offer could not be answered.
    BadOffer,
    /// Too many messages.
    RateLimited,
    /// No room left on this server.
    Full,
    /// The fault is the server's.
    Internal,
}
