//! What the rooms are asked, what they answer and what they want done.

use std::fmt;

use sfu_core::{Command, DisconnectReason, JoinError, Mid, PeerId, PeerStats, RoomId, SourceKind};

/// One participant of a room; random, so that tickets of an ended room fit no later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParticipantId(pub u128);

/// One WHIP or WHEP session; the end of its URL, which is unguessable (256 random bits as text).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub String);

/// Ids as texts: 32 hexadecimal digits.
pub(crate) fn id_text(id: u128) -> String {
    format!("{id:032x}")
}

pub(crate) fn id_from(text: &str) -> Option<u128> {
    let digits = text.len() == 32
        && text
            .bytes()
            .all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit));
    digits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

impl fmt::Display for ParticipantId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", self.0)
    }
}

/// Which way the media of a session goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// WHIP.
    Publish,
    /// WHEP.
    Receive,
}

/// What a new room is asked to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoom {
    pub name: Option<String>,
    pub participants_max: usize,
}

/// What a ticket is to permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewParticipant {
    pub name: String,
    pub publish: bool,
    pub subscribe: bool,
    /// Unix seconds.
    pub expires_at_s: i64,
}

/// A request to send or receive media. The ids are fresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    pub session: SessionId,
    pub peer: PeerId,
    pub direction: Direction,
    pub room: RoomId,
    pub participant: ParticipantId,
    pub offer: String,
    /// Whom to receive; empty for everyone as they come and go.
    pub publishers: Vec<ParticipantId>,
}

/// What an ICE restart gives the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restarted {
    pub fragment: String,
    pub etag: String,
}

/// What goes to the media plane and to waiting requests, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Media(Command),
    /// Of the ICE restart of this number.
    Answer {
        session: SessionId,
        restart: u64,
        restarted: Restarted,
    },
}

/// Why something is refused. The text says what to do next and is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such room; it may have ended: make a new one")]
    NoRoom,
    #[error("there is no such participant in this room; list the room to see who is there")]
    NoParticipant,
    #[error("there is no such session; it may have ended: begin a new one by POST")]
    NoSession,
    #[error("the server has as many rooms as it takes; end some or try again later")]
    RoomsFull,
    #[error("the room has handed out as many tickets as it takes; remove participants or wait until tickets expire")]
    TicketsFull,
    #[error("the room has as many participants as it takes; try again when one has left")]
    RoomFull,
    #[error("the server has as many sessions as it takes; try again later")]
    SessionsFull,
    #[error("the server is about to stop; try again in a few seconds")]
    Stopping,
    #[error("the media server does not answer at the moment; try again in a few seconds")]
    MediaSilent,
    #[error("the participant of this ticket was removed; ask for a new ticket")]
    Removed,
    #[error("the ticket does not permit this; ask for one that does")]
    NotPermitted,
    #[error("the ticket has begun too many sessions lately; try again in a few seconds")]
    TicketTooBusy,
    #[error("the participant does not publish this; list the room to see what it publishes")]
    NotPublished,
    #[error("an ICE restart of this session is under way; wait for its answer")]
    RestartUnderWay,
    #[error("the session is not what If-Match says; use the ETag of the last answer, or *")]
    EtagDiffers,
    #[error("the offer has no ice-ufrag of 4 to 256 characters")]
    NoUfrag,
    #[error("the offer sends neither sound nor picture; offer sendonly m-lines")]
    NothingToPublish,
    #[error("the offer sends more than one sound and two pictures; leave the others out")]
    TooMuchToPublish,
    #[error("nothing that m-line {} offers to send can be taken; offer Opus and VP8 or H.264", .0.0)]
    LineRejected(Mid),
    #[error("{0}; offer Opus and VP8 or H.264 in one bundle")]
    BadOffer(JoinError),
}

/// A room as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomView {
    pub room: RoomId,
    pub name: Option<String>,
    pub participants_max: usize,
    /// Unix seconds.
    pub created_at_s: i64,
    /// Participants with a session.
    pub present: usize,
}

/// A participant as the owner of its room sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParticipantView {
    pub participant: ParticipantId,
    pub name: String,
    /// Each is there while there is such a session.
    pub publishing: Option<SessionView>,
    pub receiving: Option<SessionView>,
    /// Why the last such session ended, while there is no other.
    pub publishing_ended: Option<DisconnectReason>,
    pub receiving_ended: Option<DisconnectReason>,
    /// What is published, and whether it is muted.
    pub sources: Vec<(SourceKind, bool)>,
}

/// A session as the owner of its room sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionView {
    /// DTLS is up.
    pub connected: bool,
    pub stats: Option<PeerStats>,
    /// Pictures that it is to be shown and gets nothing of at present, since its path has no room for them.
    pub pictures_withheld: usize,
}
