//! What a payload says about itself, whatever its codec.

use std::ops::Range;

use super::Offsets;
use crate::packet::Layer;
use crate::wire::rtp::dependency_descriptor::{DependencyDescriptor, Indication, Passable, Structure};
use crate::wire::rtp::{Av1, H264, Vp8, Vp9};
use crate::wire::sdp::Codec;

/// The part of a payload that is read, and rewritten for each slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Descriptor {
    /// Sound, or a picture that says nothing more than whether a decoder can begin.
    Plain {
        keyframe: bool,
    },
    Vp8(Vp8),
    Vp9(Vp9),
    /// Layers named beside the payload, in a dependency descriptor.
    Layered(Layered),
}

/// What a dependency descriptor tells of a frame (RTP payload format for AV1, appendix A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layered {
    keyframe: bool,
    layer: Layer,
    /// Layers to which one may switch at this frame.
    switches: Layers,
    end_of_frame: bool,
    dependency: Dependency,
}

/// A descriptor that can be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// Where its value stands in the packet.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) value: Passable,
    /// Active decode targets, where it names them or brings a structure.
    pub(crate) active_targets: Option<u32>,
}

/// A set of layers: four temporal ones for each of four spatial ones, which is all that is in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Layers(u16);

impl Layers {
    fn bit(layer: Layer) -> u16 {
        if layer.spatial < 4 && layer.temporal < 4 {
            1 << (layer.spatial * 4 + layer.temporal)
        } else {
            0
        }
    }

    fn insert(&mut self, layer: Layer) {
        self.0 |= Self::bit(layer);
    }

    /// The best layer from one up to another, in both dimensions.
    pub(crate) fn best(self, from: Layer, to: Layer) -> Option<Layer> {
        let all = (0..4).flat_map(|spatial| (0..4).map(move |temporal| Layer { spatial, temporal }));
        let between = |layer: &Layer| {
            (from.spatial..=to.spatial).contains(&layer.spatial)
                && (from.temporal..=to.temporal).contains(&layer.temporal)
        };
        all.rev().find(|layer| self.0 & Self::bit(*layer) > 0 && between(layer))
    }
}

/// Which receivers may go up to a temporal layer at this picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Raise {
    Nobody,
    /// Those that have the layers below that of this picture: it depends on none above them (VP8 Y bit, RFC 7741 4.2).
    WithIt,
    /// Those that have this picture, from the next one on (VP9 U bit, RFC 9628 4.2).
    AfterIt,
    /// Those that have this frame, to one of these layers.
    To(Layers),
}

impl Layered {
    fn learn(&mut self, read: &DependencyDescriptor, structure: &Structure) {
        for target in 0..structure.decode_targets {
            if read.indications.get(target) == Indication::Switch
                && let Some((spatial, temporal)) = structure.layer_of(target)
            {
                self.switches.insert(Layer { spatial, temporal });
            }
        }
        self.layer = Layer {
            spatial: read.spatial,
            temporal: read.temporal,
        };
        self.end_of_frame = read.end_of_frame;
        self.dependency.active_targets = read.active_targets;
    }
}

impl Descriptor {
    pub(crate) fn read(codec: Codec, payload: &[u8]) -> Self {
        let plain = |keyframe| Self::Plain { keyframe };
        match codec {
            Codec::Opus => plain(false),
            Codec::Vp8 => Vp8::parse(payload).map_or(plain(false), Self::Vp8),
            Codec::Vp9 => Vp9::parse(payload).map_or(plain(false), Self::Vp9),
            Codec::H264(_) => plain(H264::parse(payload).is_some_and(|h264| h264.keyframe)),
            Codec::Av1 => plain(Av1::parse(payload).is_some_and(|av1| av1.keyframe)),
        }
    }

    /// With what the dependency descriptor, which stands at `at` in the packet, tells, for codecs whose payload says
    /// nothing of layers.
    pub(crate) fn layered(self, packet: &[u8], at: Range<usize>, structure: Option<&Structure>) -> Self {
        let Self::Plain { keyframe } = self else { return self };
        let Range { start, end } = at;
        let value = &packet[start..end];
        let read = DependencyDescriptor::read(value, structure);
        let known = read
            .as_ref()
            .and_then(|(read, brought)| Some((read, brought.as_ref().or(structure)?)));
        let passable = known.map_or_else(
            || Passable::unread(value),
            |(read, structure)| Passable::read(value, read, structure),
        );
        let Some(passable) = passable else { return self };
        let mut layered = Layered {
            keyframe,
            layer: Layer::default(),
            switches: Layers::default(),
            end_of_frame: false,
            dependency: Dependency {
                start,
                end,
                value: passable,
                active_targets: None,
            },
        };
        if let Some((read, structure)) = known {
            layered.learn(read, structure);
        }
        Self::Layered(layered)
    }

    /// The dependency descriptor, to be passed on.
    pub(crate) fn dependency(&self) -> Option<&Dependency> {
        match self {
            Self::Layered(layered) => Some(&layered.dependency),
            Self::Plain { .. } | Self::Vp8(_) | Self::Vp9(_) => None,
        }
    }

    /// A decoder of pictures that knows nothing can begin here.
    pub(crate) fn keyframe(&self) -> bool {
        match self {
            Self::Plain { keyframe } => *keyframe,
            Self::Vp8(vp8) => vp8.keyframe,
            Self::Vp9(vp9) => vp9.keyframe(),
            Self::Layered(layered) => layered.keyframe,
        }
    }

    pub(crate) fn layer(&self) -> Layer {
        match self {
            Self::Plain { .. } => Layer::default(),
            Self::Vp8(vp8) => Layer {
                spatial: 0,
                temporal: vp8.tid.unwrap_or(0),
            },
            Self::Vp9(vp9) => Layer {
                spatial: vp9.sid,
                temporal: vp9.tid,
            },
            Self::Layered(layered) => layered.layer,
        }
    }

    pub(crate) fn raise(&self) -> Raise {
        match self {
            Self::Vp8(vp8) if vp8.layer_sync => Raise::WithIt,
            Self::Vp9(vp9) if vp9.switching_up => Raise::AfterIt,
            Self::Layered(layered) => Raise::To(layered.switches),
            Self::Plain { .. } | Self::Vp8(_) | Self::Vp9(_) => Raise::Nobody,
        }
    }

    /// The spatial layer of this packet depends on no earlier picture, so that it may be shown from here on.
    pub(crate) fn begins_spatial_layer(&self) -> bool {
        match self {
            Self::Vp9(vp9) => vp9.frame_start && !vp9.inter_picture,
            Self::Plain { .. } | Self::Vp8(_) | Self::Layered(_) => false,
        }
    }

    /// It is the last packet of its spatial layer in this picture.
    pub(crate) fn ends_spatial_layer(&self) -> bool {
        match self {
            Self::Vp9(vp9) => vp9.frame_end,
            Self::Layered(layered) => layered.end_of_frame,
            Self::Plain { .. } | Self::Vp8(_) => false,
        }
    }

    /// Picture id and TL0PICIDX.
    pub(crate) fn pictures(&self) -> (Option<u16>, Option<u8>) {
        match self {
            Self::Plain { .. } | Self::Layered(_) => (None, None),
            Self::Vp8(vp8) => (vp8.picture_id, vp8.tl0_pic_idx),
            Self::Vp9(vp9) => (vp9.picture_id, vp9.tl0_pic_idx),
        }
    }

    /// Writes the slot's numbers into a payload that this was read from.
    pub(crate) fn rewrite(&self, payload: &mut [u8], offsets: Offsets) {
        let (picture_id, tl0_pic_idx) = self.pictures();
        let picture_id = picture_id.unwrap_or(0).wrapping_add(offsets.picture_id);
        let tl0_pic_idx = tl0_pic_idx.unwrap_or(0).wrapping_add(offsets.tl0_pic_idx);
        match self {
            Self::Plain { .. } | Self::Layered(_) => {}
            Self::Vp8(vp8) => vp8.rewrite(payload, picture_id, tl0_pic_idx),
            Self::Vp9(vp9) => vp9.rewrite(payload, picture_id, tl0_pic_idx),
        }
    }
}
