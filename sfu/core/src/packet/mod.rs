//! What is known of a packet that came in, wherever it goes.

mod descriptor;
mod layer;

use std::time::Instant;

pub(crate) use descriptor::{Dependency, Descriptor, Raise};
pub(crate) use layer::{Layer, LayerRate, bit};

use crate::wire::rtp::Header;
use crate::wire::rtp::dependency_descriptor::Renumber;
use crate::wire::sdp::Codec;

/// One stream of a track, from its begin to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamRef {
    /// The index of its encoding in the track.
    pub(crate) encoding: usize,
    /// Never used twice in a core, so that a new stream is noticed.
    pub(crate) id: u32,
    pub(crate) codec: Codec,
}

/// A packet that came in, as the forwarding sees it. The payload goes beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MediaPacket {
    /// Number of the stream: never used twice in a core, so that a new one is noticed.
    pub(crate) stream: u32,
    /// The index of its encoding in the track.
    pub(crate) encoding: usize,
    /// Of a simulcast source, the spatial one is the encoding.
    pub(crate) layer: Layer,
    pub(crate) codec: Codec,
    /// `roc << 16 | sequence` of the source.
    pub(crate) index: u64,
    pub(crate) header: Header,
    /// Bytes of the seal that it came under.
    pub(crate) seal_len: usize,
    pub(crate) descriptor: Descriptor,
    /// Nothing of this stream with a higher index came before.
    pub(crate) newest: bool,
    /// When the publisher took the picture, by its own clock (NTP format); only at keyframes, and only when it is known.
    pub(crate) captured: Option<u64>,
    pub(crate) came_at: Instant,
}

impl MediaPacket {
    pub(crate) fn stream_ref(&self) -> StreamRef {
        StreamRef {
            encoding: self.encoding,
            id: self.stream,
            codec: self.codec,
        }
    }

    /// A decoder that knows nothing can begin here.
    pub(crate) fn can_start(&self) -> bool {
        match self.codec {
            Codec::Opus => self.header.payload_len > 0,
            Codec::Vp8 | Codec::H264(_) | Codec::Vp9 | Codec::Av1 => self.descriptor.keyframe(),
        }
    }
}

/// What to add to the numbers of a source to get the slot's. All wrap around.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Offsets {
    pub(crate) timestamp: u32,
    pub(crate) picture_id: u16,
    pub(crate) tl0_pic_idx: u8,
    /// Of dependency descriptors.
    pub(crate) frames: Renumber,
}
