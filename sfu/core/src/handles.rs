//! Places in the tables of a core.

/// A track of a peer, by places in the core's tables. Valid while the peer lives: a leaving peer clears its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TrackRef {
    pub(crate) peer: usize,
    pub(crate) track: usize,
}
