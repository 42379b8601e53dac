//! What a slot carries: which encoding of which track flows, which one is to flow, and how much of it.

use crate::handles::TrackRef;
use crate::packet::{Layer, MediaPacket, Raise, bit};
use crate::subscribe::forward::Keep;

/// The encoding that flows on a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Live {
    /// The stream that the sequence numbers follow.
    pub(crate) stream: u32,
    pub(crate) encoding: usize,
    /// Layers above this, in either dimension, are left out. The spatial one matters where one stream has several.
    cap: Layer,
    /// The highest in each dimension that came.
    seen: Layer,
    /// Timestamp of the newest picture.
    picture: u32,
    /// The last changes of the cap, newest first: timestamp of the picture, and what the cap was before.
    changes: [(u32, Layer); CHANGES_REMEMBERED],
}

/// Changes of the cap that are remembered: more do not fit into the time in which a lost packet still comes.
const CHANGES_REMEMBERED: usize = 4;

impl Live {
    /// The best layer that is forwarded.
    pub(crate) fn layer(self) -> Layer {
        Layer {
            spatial: self.cap.spatial.min(self.seen.spatial),
            temporal: self.cap.temporal.min(self.seen.temporal),
        }
    }

    /// A higher spatial layer is there, but can be shown only from a keyframe on.
    fn is_below(self, target: Layer) -> bool {
        self.cap.spatial < target.spatial.min(self.seen.spatial)
    }

    /// Whether the subscriber gets a packet of the stream. Layers change only where a decoder can follow: up at a picture that
    /// depends on nothing that was left out, down with any picture.
    fn keep(&mut self, packet: &MediaPacket, target: Layer, late: bool) -> Keep {
        let Layer { spatial, temporal } = packet.layer;
        self.seen.spatial = self.seen.spatial.max(spatial);
        self.seen.temporal = self.seen.temporal.max(temporal);
        if !late {
            let before = self.cap;
            self.adapt(packet, target);
            if self.cap != before {
                self.changes.rotate_right(1);
                self.changes[0] = (packet.header.timestamp, before);
            }
        }
        let cap = self.cap_at(packet.header.timestamp);
        if temporal > cap.temporal {
            Keep::NoPicture
        } else if spatial > cap.spatial {
            Keep::NoLayer
        } else {
            Keep::Yes
        }
    }

    /// What bounds a packet: one that comes late goes with its picture, most of which was shown or left out long ago.
    pub(crate) fn cap_at(&self, timestamp: u32) -> Layer {
        let is_later = |from: u32| from.wrapping_sub(timestamp).cast_signed() > 0;
        let later = self.changes.iter().take_while(|(from, _)| is_later(*from));
        later.last().map_or(self.cap, |(_, before)| *before)
    }

    fn adapt(&mut self, packet: &MediaPacket, target: Layer) {
        let Layer { spatial, temporal } = packet.layer;
        let next_picture = std::mem::replace(&mut self.picture, packet.header.timestamp) != packet.header.timestamp;
        if packet.descriptor.keyframe() {
            self.cap = target;
        } else if next_picture {
            self.cap.spatial = self.cap.spatial.min(target.spatial);
            self.cap.temporal = self.cap.temporal.min(target.temporal);
            let next = temporal == self.cap.temporal.saturating_add(1) && temporal <= target.temporal;
            match packet.descriptor.raise() {
                Raise::WithIt if next => self.cap.temporal = temporal,
                Raise::AfterIt if temporal <= self.cap.temporal => self.cap.temporal = target.temporal,
                Raise::To(layers) if temporal <= self.cap.temporal && spatial <= self.cap.spatial => {
                    let better = layers.best(self.cap, target);
                    self.cap = better.unwrap_or(self.cap);
                }
                Raise::Nobody | Raise::WithIt | Raise::AfterIt | Raise::To(_) => {}
            }
        }
        let next = spatial == self.cap.spatial.saturating_add(1) && spatial <= target.spatial;
        if next && packet.descriptor.begins_spatial_layer() {
            self.cap.spatial = spatial;
        }
    }

    /// No packet of this picture that comes after this one is shown.
    pub(crate) fn ends_picture(self, packet: &MediaPacket) -> bool {
        packet.descriptor.ends_spatial_layer() && packet.layer.spatial == self.cap.spatial
    }
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
    Continue(Keep),
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
        let target = self.track.and(self.target)?;
        let there = |live: Live| live.encoding == self.aim && !live.is_below(target);
        (!self.live.is_some_and(there)).then_some(self.aim)
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

    /// Takes one packet of the mapped track; `late` if a newer one of its stream was seen before.
    pub(crate) fn decide(&mut self, packet: &MediaPacket, late: bool) -> Decision {
        let Some(target) = self.track.and(self.target) else {
            return Decision::Drop;
        };
        if let Some(live) = &mut self.live
            && live.stream == packet.stream
        {
            return Decision::Continue(live.keep(packet, in_stream(packet, target), late));
        }
        if packet.encoding != self.aim {
            return Decision::Drop;
        }
        if !packet.can_start() {
            return Decision::Wait;
        }
        let (cap, picture) = (in_stream(packet, target), packet.header.timestamp);
        self.live = Some(Live {
            stream: packet.stream,
            encoding: packet.encoding,
            cap,
            seen: packet.layer,
            picture,
            changes: [(picture, cap); CHANGES_REMEMBERED],
        });
        Decision::Start
    }
}

/// The target among the layers of one stream: an encoding of a simulcast source that was chosen instead of the target's
/// is shown whole where it is below that.
fn in_stream(packet: &MediaPacket, target: Layer) -> Layer {
    let own = packet.descriptor.layer().spatial;
    if packet.layer.spatial == own {
        return target;
    }
    Layer {
        spatial: u8::MAX,
        temporal: if packet.layer.spatial < target.spatial {
            u8::MAX
        } else {
            target.temporal
        },
    }
}

#[cfg(test)]
mod tests;
