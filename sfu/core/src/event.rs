//! The closed vocabulary between the media plane and its user.

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

impl Mid {
    /// What an m-line is called here that is alone in its offer and says no mid.
    #[must_use]
    pub fn unnamed() -> Self {
        Self("0".to_owned())
    }
}

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

impl MediaKind {
    /// Ticks of the RTP clock a second, of every codec that is forwarded.
    pub(crate) fn clock_rate(self) -> u32 {
        match self {
            Self::Audio => 48_000,
            Self::Video => 90_000,
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Say how large a subscriber shows its video slots, which bounds the layer it gets. Slots that are not named keep
    /// their size; a new slot is of unknown size, which bounds nothing.
    SizeSlots { peer: PeerId, sizes: Vec<SlotSize> },
    /// Forward nothing of a source to anyone, or forward it again. The peer is not asked.
    Mute { source: Source, muted: bool },
    /// Begin an ICE restart: from now on checks with fresh credentials are good as well, until one of them is nominated
    /// and replaces the old path (RFC 8445 2.4). The reply is [`Event::Restarted`], or nothing when the peer is gone.
    Restart {
        peer: PeerId,
        /// The client's new `ice-ufrag`; what is none by [`crate::is_ufrag`] is ignored.
        ufrag: String,
    },
    /// From now on copy the headers of a room's packets for [`crate::Sfu::poll_captured`], until
    /// [`crate::Sfu::end_capture`]; one room at a time.
    Capture { room: RoomId },
    /// Remove every peer of a room.
    CloseRoom { room: RoomId },
}

/// A peer that wants in: its offer, and what each of its sending m-lines is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    pub room: RoomId,
    pub peer: PeerId,
    /// The browser's SDP offer, at most 64 KiB.
    pub offer: String,
    /// m-lines on which the peer may send. A sending m-line that is not named is answered `inactive`.
    pub sources: Vec<(Mid, SourceKind)>,
    /// Its time is counted: [`Event::Absent`] and the like say of what, and nothing else is forwarded. Of a peer that is not
    /// counted, consent alone decides (RFC 7675).
    pub counted: bool,
}

/// One receive slot of a subscriber, fixed for the life of the peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotInfo {
    pub mid: Mid,
    pub kind: MediaKind,
}

/// What one slot is to carry from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotMapping {
    pub mid: Mid,
    pub content: SlotContent,
}

/// What a slot carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotContent {
    Nothing,
    /// This source, for as long as it is there.
    Source(Source),
    /// One of the loudest microphones of the room, the subscriber's own left out; audio slots only. Which one is told
    /// by [`Event::Loudest`].
    Loudest,
}

/// How large a video slot is shown, in pixels of the screen; zero for a slot that is not shown at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotSize {
    pub mid: Mid,
    pub width: u16,
    pub height: u16,
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
    /// The peer was present at `present_until`: an authenticated packet (STUN check, SRTP or SRTCP) came, and nothing
    /// that was sent to it waited for its first acknowledgement. Sent about once a second for every present peer, and only
    /// when it moved.
    Alive {
        peer: PeerId,
        present_until: Instant,
    },
    /// The peer was not present after `present_until`, and nothing is forwarded from it or to it until [`Event::Present`].
    Absent {
        peer: PeerId,
        present_until: Instant,
    },
    /// The peer is present again from `at` on.
    Present {
        peer: PeerId,
        at: Instant,
    },
    /// The peer is heard, but acknowledges nothing that it is sent: an ICE restart may find another path.
    PathLost {
        peer: PeerId,
    },
    /// The peer is gone; `present_until` is when it was present for the last time, if it ever connected.
    Disconnected {
        peer: PeerId,
        present_until: Option<Instant>,
        reason: DisconnectReason,
    },
    /// Counters of one peer, about every two seconds.
    Stats {
        peer: PeerId,
        stats: PeerStats,
    },
    /// The answer to [`Command::Restart`]: the credentials to put into the earlier answer in place of the old ones.
    Restarted {
        peer: PeerId,
        ufrag: String,
        password: String,
    },
    /// Which encodings of a simulcast source anybody watches, whenever that changes. The publisher saves what is
    /// `false`.
    Encodings {
        source: Source,
        /// By RID, in the order of the offer.
        encodings: Vec<(String, bool)>,
    },
    /// How each leg of a peer does, about every two seconds.
    Legs {
        peer: PeerId,
        legs: Vec<LegStats>,
    },
    /// Which pictures a subscriber is to be shown and has been sent nothing of for a second or more, since its path has no
    /// room for them: all such slots, whenever that changes.
    Withheld {
        peer: PeerId,
        slots: Vec<Mid>,
    },
    /// What the slots of a subscriber that were mapped to [`SlotContent::Loudest`] carry now; only those that changed.
    Loudest {
        peer: PeerId,
        slots: Vec<(Mid, Option<Source>)>,
    },
    /// The peers that speak in a room, loudest first, whenever that changes.
    Speakers {
        room: RoomId,
        peers: Vec<PeerId>,
    },
}

impl Event {
    /// The peer that it is about; `None` for what is about a whole room.
    #[must_use]
    pub fn peer(&self) -> Option<PeerId> {
        match self {
            Self::Joined { peer, .. }
            | Self::Refused { peer, .. }
            | Self::Connected { peer, .. }
            | Self::Alive { peer, .. }
            | Self::Absent { peer, .. }
            | Self::Present { peer, .. }
            | Self::PathLost { peer }
            | Self::Disconnected { peer, .. }
            | Self::Stats { peer, .. }
            | Self::Legs { peer, .. }
            | Self::Restarted { peer, .. }
            | Self::Withheld { peer, .. }
            | Self::Loudest { peer, .. } => Some(*peer),
            Self::Encodings { source, .. } => Some(source.peer),
            Self::Speakers { .. } => None,
        }
    }

    /// Whose join it answers, and how.
    ///
    /// # Errors
    /// The event itself when it answers no join.
    pub fn into_answer(self) -> Result<(PeerId, Result<Joined, JoinError>), Box<Self>> {
        match self {
            Self::Joined { peer, joined } => Ok((peer, Ok(joined))),
            Self::Refused { peer, error } => Ok((peer, Err(error))),
            Self::Connected { .. }
            | Self::Alive { .. }
            | Self::Absent { .. }
            | Self::Present { .. }
            | Self::PathLost { .. }
            | Self::Disconnected { .. }
            | Self::Stats { .. }
            | Self::Legs { .. }
            | Self::Restarted { .. }
            | Self::Encodings { .. }
            | Self::Withheld { .. }
            | Self::Loudest { .. }
            | Self::Speakers { .. } => Err(Box::new(self)),
        }
    }
}

/// Why a peer is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The client closed its DTLS association.
    Closed,
    /// No authenticated packet for longer than consent lasts (RFC 7675).
    ConsentExpired,
    /// There were no keys in time, or there cannot be any.
    HandshakeFailed(HandshakeFailure),
    /// A command removed it.
    Removed,
    /// A broken invariant ended its room.
    RoomFailed,
}

/// Why a handshake came to no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeFailure {
    /// No check of the client's came in time.
    NoPath,
    /// Checks came, but the handshake was not over in time.
    TimedOut,
    /// The client showed another certificate than the offer promised.
    OtherCertificate,
    /// The client showed no certificate, or one that cannot be used: it has to be of ECDSA with P-256 (RFC 8827 6.5) or P-384.
    UnusableCertificate,
    /// The rest: no version or cipher that both take, an alert of the client's, a message that cannot be read.
    Refused,
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
    /// Packets of the client beyond what one may send in a second; dropped.
    pub over_rate_in: u64,
    /// Packets of the client's pictures that somebody was not sent, since that client does not take their codec.
    pub codec_not_taken_in: u64,
    /// Packets of pictures that the client was not sent, since it does not take their codec.
    pub codec_not_taken_out: u64,
    /// From RTCP report blocks or STUN; `None` until the first measurement.
    pub round_trip: Option<Duration>,
    /// What we may send to the client by the estimate, in bits a second; `None` without one.
    pub estimate_bps: Option<u64>,
}

/// One stream between a peer and us.
#[derive(Debug, Clone, PartialEq)]
pub struct LegStats {
    pub mid: Mid,
    pub direction: LegDirection,
    /// What is carried; `None` for an empty slot.
    pub source: Option<Source>,
    /// Since the peer joined, packets sent again included.
    pub packets: u64,
    pub bytes: u64,
    /// Packets that did not arrive at first; to a client also those that never reached us, which the score does not count.
    pub lost: u64,
    /// Interarrival jitter (RFC 3550 6.4.1).
    pub jitter: Duration,
    /// The layer that is forwarded on a video slot: spatial, temporal, both from zero up.
    pub layer: Option<(u8, u8)>,
    /// The best layer that the slot's size asks for.
    pub wanted_layer: Option<(u8, u8)>,
    /// Mean opinion score, 1.0 (useless) to 4.5 (as good as it gets); `None` while there is nothing to judge.
    pub score: Option<f32>,
}

/// Which way a leg goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LegDirection {
    /// From the client.
    Publishes,
    /// To the client.
    Receives,
}
