//! One seat: its person, whether admitted, and their media.

use std::collections::VecDeque;
use std::time::Instant;

use sfu_core::{Mid, PeerId, PeerStats, Source, SourceKind};
use signaling_protocol::message::{Participant, Presence, Quality, SeatQuality};
use signaling_protocol::{Role, ServerMessage};

use super::request::MediaFlags;
use super::slots::{Slot, Wanted};
use super::vocabulary::ConnectionId;
use crate::clock::SegmentId;
use crate::limits::{RETURN_WAIT, STALE_AFTER};

#[derive(Debug)]
pub(super) struct Seat {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) role: Role,
    /// Order of arrival, for lists that do not jump.
    pub(super) order: u32,
    pub(super) arrived_at: Instant,
    pub(super) admission: Admission,
    /// The sign-in through which the seat was taken last.
    pub(super) session: String,
    pub(super) connection: Option<Connection>,
    /// An offer that the media plane has not answered yet.
    pub(super) joining: Option<Joining>,
    pub(super) peer: Option<Peer>,
    pub(super) flags: MediaFlags,
    pub(super) attendance: Attendance,
    /// Since when its socket is gone, or since when it is back without media of its own.
    pub(super) away_since: Option<Instant>,
    pub(super) next_segment: u32,
}

/// Whether the seat's person was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Waiting,
    /// The provider said yes; the gate opens when that is on record.
    Recording,
    Admitted {
        at: Instant,
    },
    Dismissed {
        at: Instant,
    },
}

/// Whether the seat is wanted by its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attendance {
    /// Here, and media has not been up yet.
    Arrived,
    /// Media has been up.
    Met,
    /// Left on purpose, and may come back.
    Left,
    /// The seat is no longer the sign-in's through which it was taken: that says nothing of the call.
    SignedOut,
    /// Left on purpose, and will not come back.
    LeftForGood,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    /// The last list sent, with `waited_s` zero, so that only changes are sent.
    pub(super) participants: Vec<Participant>,
    /// The last `quality` sent.
    pub(super) quality: Vec<SeatQuality>,
    /// The last `speakers` sent.
    pub(super) speakers: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Joining {
    pub(super) peer: PeerId,
    pub(super) connection: ConnectionId,
    pub(super) offer: u32,
    pub(super) sources: Vec<SourceKind>,
}

#[derive(Debug)]
pub(super) struct Peer {
    pub(super) id: PeerId,
    pub(super) sources: Vec<SourceKind>,
    pub(super) slots: Vec<Slot>,
    pub(super) link: Link,
    pub(super) stats: PeerStats,
    /// The ids of the ICE restarts that the media plane has not answered yet, oldest first.
    pub(super) restarts: VecDeque<u32>,
    /// Of what it sends and what it receives.
    pub(super) quality: (Option<Quality>, Option<Quality>),
    /// The slots whose picture its path has no room for, as the media plane told last.
    pub(super) withheld: Vec<Mid>,
}

impl Peer {
    /// What its slots carry.
    pub(super) fn slots_message(&self) -> ServerMessage {
        let assignments = self.slots.iter().map(|slot| slot.assignment(&self.withheld));
        ServerMessage::Slots {
            slots: assignments.collect(),
        }
    }
}

/// The state of a peer's media connection.
#[derive(Debug)]
pub(super) enum Link {
    /// Answered; the handshake is under way.
    Answered,
    /// Up, and present until `heard_at` at least; its segment is open once the seat is admitted too.
    Connected {
        since: Instant,
        heard_at: Instant,
        /// The media plane said that it is absent: nothing is counted until it is present again.
        absent: bool,
        /// Its gate is shut, since no segment could be opened while too many records waited.
        held: bool,
        segment: Option<SegmentId>,
    },
}

impl Seat {
    pub(super) fn admitted(&self) -> bool {
        matches!(self.admission, Admission::Admitted { .. })
    }

    /// The connection, when it is this one that holds the seat.
    pub(super) fn held_by(&self, connection: ConnectionId) -> bool {
        self.connection.as_ref().is_some_and(|held| held.id == connection)
    }

    pub(super) fn has_peer(&self, peer: PeerId) -> bool {
        self.peer.as_ref().is_some_and(|own| own.id == peer)
    }

    /// Whether media is up and was heard lately.
    pub(super) fn heard(&self, now: Instant) -> bool {
        match self.peer.as_ref().map(|peer| &peer.link) {
            Some(Link::Connected { heard_at, .. }) => now.saturating_duration_since(*heard_at) < STALE_AFTER,
            Some(Link::Answered) | None => false,
        }
    }

    /// Whether the seat's page is on its way back. A client that comes back may keep the media it has, and is not away when it
    /// has made none anew after a while.
    fn away(&self, now: Instant) -> bool {
        let on_its_way = |since| self.connection.is_none() || now.saturating_duration_since(since) < RETURN_WAIT;
        self.away_since.is_some_and(on_its_way)
    }

    /// Whether its person has left the call on purpose.
    pub(super) fn left(&self) -> bool {
        match self.attendance {
            Attendance::Left | Attendance::LeftForGood => true,
            Attendance::Arrived | Attendance::Met | Attendance::SignedOut => false,
        }
    }

    pub(super) fn presence(&self, now: Instant) -> Presence {
        match (self.attendance, self.admission) {
            (Attendance::Left | Attendance::SignedOut, _) => Presence::Left,
            (Attendance::LeftForGood, _) => Presence::LeftForGood,
            (_, Admission::Waiting | Admission::Recording | Admission::Dismissed { .. }) => Presence::Lobby,
            (Attendance::Met, Admission::Admitted { .. }) if self.away(now) => Presence::Reconnecting,
            (Attendance::Arrived | Attendance::Met, Admission::Admitted { .. }) if self.heard(now) => {
                Presence::Connected
            }
            (Attendance::Arrived, Admission::Admitted { .. }) => Presence::Connecting,
            (Attendance::Met, Admission::Admitted { .. }) => Presence::Reconnecting,
        }
    }

    /// Whether the seat is shown to others: a waiting person only while connected.
    pub(super) fn listed(&self) -> bool {
        match self.admission {
            Admission::Waiting | Admission::Recording => self.connection.is_some(),
            Admission::Admitted { .. } => true,
            Admission::Dismissed { .. } => false,
        }
    }

    /// Whether this seat may know of `other`: people in the lobby see the provider and themselves only.
    pub(super) fn sees(&self, other: &Self) -> bool {
        let both_in = self.admitted() && (other.admitted() || self.role == Role::Provider);
        other.listed() && (self.id == other.id || other.role == Role::Provider || both_in)
    }

    pub(super) fn participant(&self, now: Instant) -> Participant {
        let waited = now.saturating_duration_since(self.arrived_at).as_secs();
        Participant {
            seat: self.id.clone(),
            name: self.name.clone(),
            role: self.role,
            presence: self.presence(now),
            microphone: self.flags.microphone,
            camera: self.flags.camera,
            screen: self.flags.screen,
            waited_s: u32::try_from(waited).unwrap_or(u32::MAX),
        }
    }

    /// The sources others may be shown, each with its rank: lower is more important.
    pub(super) fn offers(&self) -> impl Iterator<Item = (u8, Wanted)> + '_ {
        let peer = self
            .peer
            .as_ref()
            .filter(|peer| self.admitted() && matches!(peer.link, Link::Connected { .. }));
        peer.into_iter().flat_map(move |peer| {
            peer.sources.iter().filter_map(move |&kind| {
                let rank = self.rank(kind)?;
                Some((
                    rank,
                    Wanted {
                        who: self.id.clone(),
                        source: Source { peer: peer.id, kind },
                    },
                ))
            })
        })
    }

    fn rank(&self, kind: SourceKind) -> Option<u8> {
        match kind {
            SourceKind::Microphone => Some(0),
            SourceKind::Screen | SourceKind::ScreenAudio => self.flags.screen.then_some(1),
            SourceKind::Camera => Some(if self.flags.camera { 2 } else { 3 }),
        }
    }
}
