//! Handles: where in a core's tables something is, each kind with a type of its own. One is good while its peer is there: a
//! peer that leaves takes every handle to it along.

/// A peer, by its index in the table of peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PeerIndex(u32);

impl PeerIndex {
    pub(crate) fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("peers are bounded"))
    }

    pub(crate) fn get(self) -> usize {
        self.0 as usize
    }
}

/// A receive slot of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotRef {
    pub(crate) peer: PeerIndex,
    pub(crate) slot: usize,
}

/// A track of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TrackRef {
    pub(crate) peer: PeerIndex,
    pub(crate) track: usize,
}
