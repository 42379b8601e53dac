//! What a slot carries: which stream of which track, and whether it already flows or waits for a place to start.
//! A track has one layer so far; choosing among several will happen here.

use crate::forward::MediaPacket;

/// A track of a peer, by places in the core's tables. Valid while the peer lives: a leaving peer clears its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TrackRef {
    pub(crate) peer: usize,
    pub(crate) track: usize,
}

/// State of one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selection {
    Empty,
    /// Mapped, but nothing can be shown until the next start: a keyframe, or any packet of sound.
    Waiting {
        track: TrackRef,
    },
    /// Flowing; `stream` is the one that the sequence numbers follow.
    Live {
        track: TrackRef,
        stream: u32,
    },
}

/// What to do with one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Drop,
    /// Drop it, and see to it that a start comes.
    Wait,
    /// Forward it as the first of a new source.
    Start,
    Continue,
}

impl Selection {
    pub(crate) fn track(self) -> Option<TrackRef> {
        match self {
            Self::Empty => None,
            Self::Waiting { track } | Self::Live { track, .. } => Some(track),
        }
    }

    /// Back to waiting, since what was sent cannot be continued.
    pub(crate) fn restart(&mut self) {
        if let Some(track) = self.track() {
            *self = Self::Waiting { track };
        }
    }

    /// Takes one packet of the mapped track.
    pub(crate) fn decide(&mut self, packet: &MediaPacket) -> Decision {
        match *self {
            Self::Live { stream, .. } if stream == packet.stream => Decision::Continue,
            Self::Empty => Decision::Drop,
            Self::Live { track, .. } | Self::Waiting { track } => {
                if !packet.can_start() {
                    *self = Self::Waiting { track };
                    return Decision::Wait;
                }
                *self = Self::Live {
                    track,
                    stream: packet.stream,
                };
                Decision::Start
            }
        }
    }
}
