//! How well a picture is shown, what that costs, and sets of encodings.

/// How well a video source is shown: encoding (by quality) or spatial layer, and temporal layer, both from zero up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// An encoding in a set of encodings.
pub(crate) fn bit(encoding: usize) -> u8 {
    debug_assert!(encoding < 8, "encodings are bounded");
    1 << encoding
}
