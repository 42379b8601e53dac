//! What a payload says about itself, whatever its codec.

use super::Offsets;
use crate::layers::Layer;
use crate::rtp::{Av1, H264, Vp8, Vp9};
use crate::sdp::Codec;

/// The part of a payload that is read, and rewritten for each slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Descriptor {
    /// Sound, or a picture that says nothing more than whether a decoder can begin.
    Plain {
        keyframe: bool,
    },
    Vp8(Vp8),
    Vp9(Vp9),
}

/// Who may show a temporal layer after having seen only lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Raise {
    Nobody,
    /// Whoever saw the layers below that of this picture: it depends on none above them (VP8 Y bit, RFC 7741 4.2).
    WithIt,
    /// Whoever saw this picture, from the next one on (VP9 U bit, RFC 9628 4.2).
    AfterIt,
}

impl Descriptor {
    pub(crate) fn read(codec: Codec, payload: &[u8]) -> Self {
        let plain = |keyframe| Self::Plain { keyframe };
        match codec {
            Codec::Opus => plain(false),
            Codec::Vp8 => Vp8::parse(payload).map_or(plain(false), Self::Vp8),
            Codec::Vp9 => Vp9::parse(payload).map_or(plain(false), Self::Vp9),
            Codec::H264 => plain(H264::parse(payload).is_some_and(|h264| h264.keyframe)),
            Codec::Av1 => plain(Av1::parse(payload).is_some_and(|av1| av1.keyframe)),
        }
    }

    /// A decoder of pictures that knows nothing can begin here.
    pub(crate) fn keyframe(&self) -> bool {
        match self {
            Self::Plain { keyframe } => *keyframe,
            Self::Vp8(vp8) => vp8.keyframe,
            Self::Vp9(vp9) => vp9.keyframe(),
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
        }
    }

    pub(crate) fn raise(&self) -> Raise {
        match self {
            Self::Vp8(vp8) if vp8.layer_sync => Raise::WithIt,
            Self::Vp9(vp9) if vp9.switching_up => Raise::AfterIt,
            Self::Plain { .. } | Self::Vp8(_) | Self::Vp9(_) => Raise::Nobody,
        }
    }

    /// The spatial layer of this packet depends on no earlier picture, so that it may be shown from here on.
    pub(crate) fn begins_spatial_layer(&self) -> bool {
        match self {
            Self::Vp9(vp9) => vp9.frame_start && !vp9.inter_picture,
            Self::Plain { .. } | Self::Vp8(_) => false,
        }
    }

    /// It is the last packet of its spatial layer in this picture.
    pub(crate) fn ends_spatial_layer(&self) -> bool {
        match self {
            Self::Vp9(vp9) => vp9.frame_end,
            Self::Plain { .. } | Self::Vp8(_) => false,
        }
    }

    /// Picture id and TL0PICIDX.
    pub(crate) fn pictures(&self) -> (Option<u16>, Option<u8>) {
        match self {
            Self::Plain { .. } => (None, None),
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
            Self::Plain { .. } => {}
            Self::Vp8(vp8) => vp8.rewrite(payload, picture_id, tl0_pic_idx),
            Self::Vp9(vp9) => vp9.rewrite(payload, picture_id, tl0_pic_idx),
        }
    }
}
