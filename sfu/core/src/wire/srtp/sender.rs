//! Sealing what we send to one peer.

use super::Profile;
use super::cipher::Cipher;
use super::keys::{Keys, Stream};

/// Session keys of our packets to one peer.
pub struct SrtpSender {
    profile: Profile,
    rtp: Cipher,
    rtcp: Cipher,
    rtcp_index: u32,
}

impl SrtpSender {
    #[must_use]
    pub fn new(keys: &Keys) -> Self {
        Self {
            profile: keys.profile,
            rtp: Cipher::new(keys, Stream::Rtp),
            rtcp: Cipher::new(keys, Stream::Rtcp),
            rtcp_index: 0,
        }
    }

    /// What the packets are protected with.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Encrypts `packet[..plain_len]` (header and payload, `header_len` of it header) in place and returns the sealed
    /// length. `packet` has at least [`super::RTP_OVERHEAD`] bytes of room behind `plain_len`. `roc` is the caller's
    /// roll-over counter: one (ssrc, roc, sequence) must never be sealed with two different contents.
    pub fn seal_rtp(&self, roc: u32, packet: &mut [u8], header_len: usize, plain_len: usize) -> usize {
        self.rtp.seal_rtp(roc, packet, header_len, plain_len)
    }

    /// Encrypts the compound `packet[..plain_len]` (at least 8 bytes) in place; room of [`super::RTCP_OVERHEAD`] behind
    /// it. Returns the sealed length.
    pub fn seal_rtcp(&mut self, packet: &mut [u8], plain_len: usize) -> usize {
        // 31 bits last for years of one call, so the end of the index space is no case of its own.
        self.rtcp_index = (self.rtcp_index + 1) & 0x7fff_ffff;
        self.rtcp.seal_rtcp(self.rtcp_index, packet, plain_len)
    }
}
