//! How a model camera is coded: which encodings, and which frames depend on which.

/// The encodings of a simulcast source by RID, from the smallest picture up.
pub(super) const RIDS: [&str; 3] = ["l", "m", "h"];

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
    /// Its place in [`RIDS`]; `None` without simulcast.
    pub(super) encoding: Option<u8>,
    pub(super) temporal_layers: bool,
    /// Frames since the last keyframe.
    position: usize,
}

impl Coding {
    pub(super) fn new(encoding: Option<u8>, temporal_layers: bool) -> Self {
        Self {
            encoding,
            temporal_layers,
            position: 0,
        }
    }

    pub(super) fn rid(&self) -> Option<&'static str> {
        self.encoding.map(|place| RIDS[usize::from(place)])
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
}
