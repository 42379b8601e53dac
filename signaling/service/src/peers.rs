//! Whose a peer is: calls and the media API share one media plane, and their peers' ids never meet.

use std::sync::atomic::{AtomicU64, Ordering};

use sfu_core::PeerId;

/// Ids from here up are the media API's.
const API_FROM: u64 = 1 << 63;

/// Through whom a peer joined the media plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerOwner {
    Calls,
    MediaApi,
}

impl PeerOwner {
    #[must_use]
    pub fn of(peer: PeerId) -> Self {
        if peer.0 < API_FROM { Self::Calls } else { Self::MediaApi }
    }
}

/// Gives each peer of one owner an id of its own.
#[derive(Debug)]
pub struct PeerIds(AtomicU64);

impl PeerIds {
    #[must_use]
    pub fn new(owner: PeerOwner) -> Self {
        Self(AtomicU64::new(match owner {
            PeerOwner::Calls => 1,
            PeerOwner::MediaApi => API_FROM,
        }))
    }

    /// An id that was never given. Neither owner's run out in the life of a process.
    pub fn issue(&self) -> PeerId {
        PeerId(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_say_whose_they_are() {
        for owner in [PeerOwner::Calls, PeerOwner::MediaApi] {
            let ids = PeerIds::new(owner);
            let (first, second) = (ids.issue(), ids.issue());
            assert_ne!(first, second);
            assert_eq!((PeerOwner::of(first), PeerOwner::of(second)), (owner, owner));
        }
    }
}
