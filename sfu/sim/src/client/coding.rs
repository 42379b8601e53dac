//! How a model camera is coded: which encodings, how long its frames are, and which depend on which.

use std::ops::Range;
use std::time::Duration;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// The encodings of a simulcast source by RID, from the smallest picture up.
pub(super) const RIDS: [&str; 3] = ["l", "m", "h"];

/// Frames of a camera at browsers' rates, and what its encodings send in bits a second.
const FULL_INTERVAL: Duration = Duration::from_nanos(33_333_333);
const FULL_BPS: [u32; 3] = [150_000, 500_000, 1_500_000];
/// A keyframe is this many times as long as the mean of the others, which then get shorter until that is made up for.
const KEYFRAME_FACTOR: u32 = 6;
/// The longest packet that a frame is cut into.
const PACKET_BYTES: u32 = 1_100;
/// Frames of any other camera.
const INTERVAL: Duration = Duration::from_millis(50);

/// Three temporal layers in frames of a pattern.
const PATTERN: [Frame; 8] = [
    Frame::new(0, 4, false),
    Frame::new(2, 1, true),
    Frame::new(1, 2, true),
    Frame::new(2, 1, false),
    Frame::new(0, 4, false),
    Frame::new(2, 2, false),
    Frame::new(1, 4, false),
    Frame::new(2, 1, false),
];

/// What a frame is in its encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) temporal: u8,
    /// The frame that it depends on came so many frames before; zero for none.
    pub(super) depends: u8,
    /// It depends on nothing but the lowest layer.
    pub(super) sync: bool,
}

impl Frame {
    const fn new(temporal: u8, depends: u8, sync: bool) -> Self {
        Self {
            temporal,
            depends,
            sync,
        }
    }
}

/// How one encoding is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Coding {
    /// It sends as many frames and bits as browsers do.
    full_rate: bool,
    /// Bytes that keyframes took beyond the mean.
    owed: u32,
    /// Its index in [`RIDS`]; `None` without simulcast.
    pub(super) encoding: Option<u8>,
    pub(super) temporal_layers: bool,
    /// Its pictures are a quarter as high as is usual.
    low: bool,
    /// Frames since the last keyframe.
    position: usize,
}

impl Coding {
    pub(super) fn new(encoding: Option<u8>, temporal_layers: bool, full_rate: bool) -> Self {
        Self {
            full_rate,
            owed: 0,
            encoding,
            temporal_layers,
            low: false,
            position: 0,
        }
    }

    /// As it is, but with pictures a quarter as high if `low`.
    pub(super) fn low(self, low: bool) -> Self {
        Self { low, ..self }
    }

    pub(super) fn rid(&self) -> Option<&'static str> {
        self.encoding.map(|encoding| RIDS[usize::from(encoding)])
    }

    /// Width and height of the picture of one encoding of several.
    pub(super) fn size(&self) -> Option<(u16, u16)> {
        let (width, height) = if self.low { (80, 45) } else { (320, 180) };
        self.encoding.map(|encoding| (width << encoding, height << encoding))
    }

    /// What the current frame is.
    pub(super) fn frame(&self, keyframe: bool) -> Frame {
        if keyframe {
            Frame::new(0, 0, false)
        } else if self.temporal_layers {
            PATTERN[self.position % PATTERN.len()]
        } else {
            Frame::new(0, 1, false)
        }
    }

    pub(super) fn next_frame(&mut self, keyframe: bool) {
        self.position = if keyframe { 1 } else { self.position + 1 };
    }

    pub(super) fn interval(&self) -> Duration {
        if self.full_rate { FULL_INTERVAL } else { INTERVAL }
    }

    /// The lengths of the packets of the next frame: how many, and the range of each.
    pub(super) fn packets(&mut self, keyframe: bool, random: &mut ChaCha8Rng) -> (u32, Range<usize>) {
        let size = self.encoding.unwrap_or(2);
        if !self.full_rate {
            let size = u32::from(size);
            let count = if keyframe {
                2 + 2 * size
            } else {
                random.random_range(1..3 + size)
            };
            return (count, 400..1_100);
        }
        let mean = FULL_BPS[usize::from(size)] / 8 / 30;
        let bytes = if keyframe {
            self.owed += (KEYFRAME_FACTOR - 1) * mean;
            KEYFRAME_FACTOR * mean
        } else {
            let saved = self.owed.min(mean / 3);
            self.owed -= saved;
            mean * random.random_range(70..130) / 100 - saved
        };
        let count = bytes.div_ceil(PACKET_BYTES);
        let len = usize::try_from(bytes / count).expect("a frame of a sensible length");
        (count, len..len + 1)
    }
}
