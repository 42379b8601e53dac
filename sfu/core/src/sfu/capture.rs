//! Copies of the headers of one room's packets, for an operator who looks for a fault. No payload is ever copied. While
//! nothing is captured it costs one comparison a packet.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use crate::counters::Counters;
use crate::event::{PeerId, RoomId};
use crate::limits::CAPTURED_WAITING_MAX;
use crate::room::Peers;
use crate::room::peer::Peer;
use crate::transport::transmit::Arena;
use crate::wire::rtp::{is_media, is_rtcp};

/// The beginning of one packet between a peer and us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    pub at: Instant,
    pub peer: PeerId,
    /// From the peer; else to it.
    pub incoming: bool,
    /// The peer's address and ours.
    pub remote: SocketAddr,
    pub local: SocketAddr,
    /// Bytes of the packet: in, after it was opened; out, as it was sent.
    pub len: usize,
    /// Of RTP the header with its extensions; of RTCP in, all of it, and out, the eight bytes that are not encrypted.
    pub bytes: Vec<u8>,
    /// The counters that handling it raised, and how far: of media in, why and to how many slots it was not forwarded.
    pub counted: Vec<(&'static str, u64)>,
}

/// A capture that runs.
#[derive(Debug)]
pub(crate) struct Capture {
    room: RoomId,
    now: Instant,
    waiting: VecDeque<Captured>,
    /// The newest of them is the packet that is being handled.
    handling: bool,
}

impl Capture {
    pub(crate) fn new(room: RoomId, now: Instant) -> Self {
        Self {
            room,
            now,
            waiting: VecDeque::new(),
            handling: false,
        }
    }

    pub(crate) fn pass_time(&mut self, now: Instant) {
        self.now = now;
        self.handling = false;
    }

    /// Keeps what was counted between these two moments beside the packet that was handled between them, if it was kept.
    pub(crate) fn record_counted(&mut self, before: &Counters, after: &Counters) {
        let Some(copy) = self.waiting.back_mut().filter(|_| self.handling) else {
            return;
        };
        let raised = before
            .iter()
            .zip(after.iter())
            .map(|((name, before), (_, after))| (name, after - before));
        copy.counted = raised
            .filter(|(name, count)| *count > 0 && *name != "datagrams_in")
            .collect();
    }

    /// A packet that was opened. False when it found no room.
    pub(crate) fn incoming(&mut self, peer: &Peer, bytes: &[u8], len: usize) -> bool {
        if peer.room != self.room {
            return true;
        }
        let waiting = self.waiting.len();
        let kept = self.keep(peer, true, bytes, len);
        self.handling = self.waiting.len() > waiting;
        kept
    }

    /// Copies what is sent now; headers are in clear (RFC 3711 section 3.1). Returns how many found no room.
    pub(crate) fn outgoing(&mut self, arena: &Arena, peers: &Peers) -> u64 {
        let mut dropped = 0;
        for (destination, bytes) in arena.entries() {
            let peer = peers.get(destination.peer);
            let Some(peer) = peer.filter(|peer| peer.room == self.room) else {
                continue;
            };
            let Some(clear) = clear_len(bytes) else { continue };
            dropped += u64::from(!self.keep(peer, false, &bytes[..clear], bytes.len()));
        }
        dropped
    }

    fn keep(&mut self, peer: &Peer, incoming: bool, bytes: &[u8], len: usize) -> bool {
        let Some(destination) = peer.destination() else {
            return true;
        };
        if self.waiting.len() >= CAPTURED_WAITING_MAX {
            return false;
        }
        self.waiting.push_back(Captured {
            at: self.now,
            peer: peer.id,
            incoming,
            remote: destination.tuple.remote,
            local: destination.tuple.local,
            len,
            bytes: bytes.to_vec(),
            counted: Vec::new(),
        });
        true
    }

    pub(crate) fn poll(&mut self) -> Option<Captured> {
        self.waiting.pop_front()
    }
}

/// How much of a sealed packet is not encrypted: the header of RTP with its extensions, eight bytes of RTCP. `None` for
/// what is neither.
fn clear_len(bytes: &[u8]) -> Option<usize> {
    if !is_media(bytes) {
        return None;
    }
    if is_rtcp(bytes) {
        return Some(8).filter(|len| *len <= bytes.len());
    }
    let fixed = 12 + 4 * usize::from(bytes[0] & 0x0f);
    let words = match bytes.get(fixed + 2..fixed + 4) {
        Some(&[high, low]) if bytes[0] & 0x10 != 0 => Some(usize::from(u16::from_be_bytes([high, low]))),
        Some(_) | None => None,
    };
    let len = words.map_or(fixed, |words| fixed + 4 + 4 * words);
    (len <= bytes.len()).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_clear_is_copied() {
        let packet = |first: u8, second: u8, words: u8, len: usize| {
            let mut bytes = vec![0xee; len];
            bytes[..2].copy_from_slice(&[first, second]);
            if len > 15 {
                bytes[14..16].copy_from_slice(&[0, words]);
            }
            clear_len(&bytes)
        };
        assert_eq!(packet(0x80, 96, 0, 100), Some(12));
        assert_eq!(packet(0x90, 96, 2, 100), Some(24));
        assert_eq!(packet(0x90, 96, 99, 100), None, "longer than the packet");
        assert_eq!(packet(0x80, 96, 0, 11), None);
        assert_eq!(packet(0x82, 96, 0, 100), Some(20));
        assert_eq!(packet(0x80, 200, 0, 100), Some(8), "RTCP");
        assert_eq!(packet(0x80, 200, 0, 7), None);
        assert_eq!(packet(0x16, 254, 0, 100), None, "DTLS");
        assert_eq!(clear_len(&[]), None);
    }
}
