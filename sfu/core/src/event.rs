//! The closed vocabulary between the media plane and whoever steers it.

use std::time::{Duration, Instant};

/// A room: the peers that may see and hear each other. One call is one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(pub u128);

/// One WebRTC connection. Ids are never used twice: a reconnect is a new peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(pub u64);

/// Media identification of one m-line (RFC 8843), at most 16 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mid(pub String);

/// What a publisher sends on one of its m-lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SourceKind {
    Microphone,
    Camera,
    Screen,
    ScreenAudio,
}

/// Sound or picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MediaKind {
    Audio,
    Video,
}

impl SourceKind {
    /// The kind of media this source carries.
    #[must_use]
    pub fn media(self) -> MediaKind {
        match self {
            Self::Microphone | Self::ScreenAudio => MediaKind::Audio,
            Self::Camera | Self::Screen => MediaKind::Video,
        }
    }
}

/// One published source of one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    pub peer: PeerId,
    pub kind: SourceKind,
}

/// Everything that may be asked of the media plane.
#[derive(Debug, Clone)]
pub enum Command {
    /// Answer an offer. The reply is [`Event::Joined`] or [`Event::Refused`].
    Join(Join),
    /// Remove a peer; the reply is [`Event::Disconnected`] with [`DisconnectReason::Removed`].
    Leave { peer: PeerId },
    /// Open or shut the gate of a peer. Shut (the state after a join), none of its media is forwarded to anyone and
    /// none of anyone's media to it.
    SetForwarding { peer: PeerId, allowed: bool },
    /// Say what a subscriber's receive slots carry. Slots that are not named keep what they have.
    MapSlots { peer: PeerId, slots: Vec<SlotMapping> },
    /// Remove every peer of a room.
    CloseRoom { room: RoomId },
}

/// A peer that wants in: its offer, and what each of its sending m-lines is for.
#[derive(Debug, Clone)]
pub struct Join {
    pub room: RoomId,
    pub peer: PeerId,
    /// The browser's SDP offer, at most 64 KiB.
    pub offer: String,
    /// m-lines on which the peer may send. A sending m-line that is not named is answered `inactive`.
    pub sources: Vec<(Mid, SourceKind)>,
}

/// One receive slot of a subscriber, fixed for the life of the peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotInfo {
    pub mid: Mid,
    pub kind: MediaKind,
}

/// What one slot is to carry from now on; `None` empties it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotMapping {
    pub mid: Mid,
    pub source: Option<Source>,
}

/// The answer to a [`Join`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    pub answer: String,
    /// The receive slots, in the order of the m-lines.
    pub slots: Vec<SlotInfo>,
}

/// Why a join was refused. The wording is safe to show to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    #[error("the offer is not usable: {0}")]
    BadOffer(String),
    #[error("the room is full")]
    RoomFull,
    #[error("the server is full")]
    ServerFull,
    #[error("the media plane has stopped")]
    Stopped,
}

/// Everything the media plane reports.
#[derive(Debug, Clone)]
pub enum Event {
    Joined {
        peer: PeerId,
        joined: Joined,
    },
    Refused {
        peer: PeerId,
        error: JoinError,
    },
    /// DTLS is up: authenticated media may flow from `at` on.
    Connected {
        peer: PeerId,
        at: Instant,
    },
    /// The last authenticated packet (STUN check, SRTP or SRTCP) came at `last_packet_at`. Sent about once a second
    /// for every connected peer, and only when it moved.
    Alive {
        peer: PeerId,
        last_packet_at: Instant,
    },
    /// The peer is gone; `last_packet_at` is its last authenticated packet, if it ever connected.
    Disconnected {
        peer: PeerId,
        last_packet_at: Option<Instant>,
        reason: DisconnectReason,
    },
    /// Counters of one peer, about every two seconds.
    Stats {
        peer: PeerId,
        stats: PeerStats,
    },
}

/// Why a peer is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The client closed its DTLS association.
    Closed,
    /// No authenticated packet for longer than consent lasts (RFC 7675).
    ConsentExpired,
    /// The handshake failed, took too long, or showed another certificate than the offer promised.
    HandshakeFailed,
    /// A command removed it.
    Removed,
    /// A broken invariant ended its room.
    RoomFailed,
}

/// Counters since the peer joined; "in" is from the client, "out" to the client. RTP only, headers included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeerStats {
    pub packets_in: u64,
    pub bytes_in: u64,
    pub packets_out: u64,
    pub bytes_out: u64,
    /// Packets the client sent that never reached us, from sequence gaps.
    pub packets_lost_in: u64,
    /// Packets of ours that the client reported lost (RFC 3550 6.4).
    pub packets_lost_out: u64,
    pub nacks_in: u64,
    pub nacks_out: u64,
    pub keyframe_requests_in: u64,
    pub keyframe_requests_out: u64,
    /// From RTCP report blocks or STUN; `None` until the first measurement.
    pub round_trip: Option<Duration>,
}
