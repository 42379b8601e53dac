//! Which peer a datagram is from: by validated address pair, or by the ufrag of a check (RFC 7983, RFC 8445 7.3).

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::handles::PeerIndex;
use crate::wire::candidate::Protocol;
use crate::wire::{rtp, stun};

/// The two ends of a path, as seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Tuple {
    pub(crate) protocol: Protocol,
    pub(crate) remote: SocketAddr,
    pub(crate) local: SocketAddr,
}

/// What the first bytes of a datagram say it is (RFC 7983 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Stun,
    Dtls,
    Rtp,
    Rtcp,
    Unknown,
}

/// Classifies a datagram.
pub(crate) fn classify(datagram: &[u8]) -> Class {
    if stun::is_stun(datagram) {
        Class::Stun
    } else if datagram.first().is_some_and(|first| (20..64).contains(first)) {
        Class::Dtls
    } else if !rtp::is_media(datagram) {
        Class::Unknown
    } else if rtp::is_rtcp(datagram) {
        Class::Rtcp
    } else {
        Class::Rtp
    }
}

/// The two tables. An entry of a peer that is gone is removed with it.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    by_tuple: HashMap<Tuple, PeerIndex>,
    by_ufrag: HashMap<String, PeerIndex>,
}

impl Routes {
    pub(crate) fn by_tuple(&self, tuple: &Tuple) -> Option<PeerIndex> {
        self.by_tuple.get(tuple).copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_tuple.is_empty() && self.by_ufrag.is_empty()
    }

    pub(crate) fn by_ufrag(&self, ufrag: &str) -> Option<PeerIndex> {
        self.by_ufrag.get(ufrag).copied()
    }

    /// False when the ufrag is in use.
    pub(crate) fn add_ufrag(&mut self, ufrag: &str, peer: PeerIndex) -> bool {
        if self.by_ufrag.contains_key(ufrag) {
            return false;
        }
        self.by_ufrag.insert(ufrag.to_owned(), peer);
        true
    }

    pub(crate) fn remove_ufrag(&mut self, ufrag: &str) {
        self.by_ufrag.remove(ufrag);
    }

    /// Gives a pair to a peer and returns the peer that had it: a browser that starts anew may get its old port.
    pub(crate) fn add_tuple(&mut self, tuple: Tuple, peer: PeerIndex) -> Option<PeerIndex> {
        self.by_tuple.insert(tuple, peer).filter(|before| *before != peer)
    }

    /// Forgets a pair if it is still this peer's.
    pub(crate) fn remove_tuple(&mut self, tuple: &Tuple, peer: PeerIndex) {
        if self.by_tuple.get(tuple) == Some(&peer) {
            self.by_tuple.remove(tuple);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classifies_by_the_first_bytes() {
        let check = |datagram: &[u8], class| assert_eq!(classify(datagram), class, "{datagram:?}");
        check(&[], Class::Unknown);
        check(&[0, 1], Class::Stun);
        check(&[22, 254], Class::Dtls);
        check(&[63], Class::Dtls);
        check(&[64], Class::Unknown);
        check(&[128, 96], Class::Rtp);
        check(&[128, 96 | 128], Class::Rtp);
        check(&[128, 200], Class::Rtcp);
        check(&[192], Class::Unknown);
    }
}
