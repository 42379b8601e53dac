//! What a slot carries: which encoding of which track flows, which one is to flow, and how much of it.

use crate::forward::MediaPacket;

/// How well a video source is shown: encoding (by quality) or spatial layer, and temporal layer, both from zero up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Layer {
    pub(crate) spatial: u8,
    pub(crate) temporal: u8,
}

impl Layer {
    /// Better than any that there is.
    pub(crate) const BEST: Self = Self {
        spatial: u8::MAX,
        temporal: u8::MAX,
    };
}

/// What a layer costs, those that it needs included; measured over about a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LayerRate {
    pub(crate) layer: Layer,
    pub(crate) bps: u64,
}

/// A track of a peer, by places in the core's tables. Valid while the peer lives: a leaving peer clears its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TrackRef {
    pub(crate) peer: usize,
    pub(crate) track: usize,
}

/// The encoding that flows on a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Live {
    /// The stream that the sequence numbers follow.
    pub(crate) stream: u32,
    pub(crate) encoding: usize,
    /// The best layer that is forwarded of it.
    pub(crate) layer: Layer,
}

/// State of one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Selection {
    track: Option<TrackRef>,
    /// The layer to be shown when everything arrives; `None` pauses the slot.
    target: Option<Layer>,
    /// The encoding to go to: the one of the target, or what arrives instead.
    aim: usize,
    /// `None` while nothing can be shown until the next start: a keyframe, or any packet of sound.
    live: Option<Live>,
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
    /// A slot without a source.
    pub(crate) const EMPTY: Self = Self {
        track: None,
        target: Some(Layer::BEST),
        aim: 0,
        live: None,
    };

    pub(crate) fn track(self) -> Option<TrackRef> {
        self.track
    }

    pub(crate) fn target(self) -> Option<Layer> {
        self.target
    }

    pub(crate) fn live(self) -> Option<Live> {
        self.live
    }

    /// Carries another track from its next start on, or nothing.
    pub(crate) fn carry(&mut self, track: Option<TrackRef>) {
        *self = Self {
            track,
            target: self.target,
            ..Self::EMPTY
        };
    }

    pub(crate) fn set_target(&mut self, target: Option<Layer>) {
        self.target = target;
        if target.is_none() {
            self.live = None;
        }
    }

    /// Goes to another encoding at its next start. Until then the old one flows on.
    pub(crate) fn set_aim(&mut self, encoding: usize) {
        self.aim = encoding;
    }

    /// The encoding whose keyframe is waited for.
    pub(crate) fn awaited(self) -> Option<usize> {
        (self.track.and(self.target))?;
        (self.live.map(|live| live.encoding) != Some(self.aim)).then_some(self.aim)
    }

    /// The encodings of which the slot takes packets, by bits.
    pub(crate) fn interest(self) -> u8 {
        if self.track.and(self.target).is_none() {
            return 0;
        }
        bit(self.aim) | self.live.map_or(0, |live| bit(live.encoding))
    }

    /// Back to waiting, since what was sent cannot be continued.
    pub(crate) fn restart(&mut self) {
        self.live = None;
    }

    /// Takes one packet of the mapped track.
    pub(crate) fn decide(&mut self, packet: &MediaPacket) -> Decision {
        if self.track.and(self.target).is_none() {
            return Decision::Drop;
        }
        if self.live.is_some_and(|live| live.stream == packet.stream) {
            return Decision::Continue;
        }
        if packet.encoding != self.aim {
            return Decision::Drop;
        }
        if !packet.can_start() {
            return Decision::Wait;
        }
        self.live = Some(Live {
            stream: packet.stream,
            encoding: packet.encoding,
            layer: packet.layer,
        });
        Decision::Start
    }
}

/// An encoding in a set of encodings.
pub(crate) fn bit(encoding: usize) -> u8 {
    debug_assert!(encoding < 8, "encodings are bounded");
    1 << encoding
}
