//! Opening what one peer sends.

use std::collections::BTreeSet;

use super::cipher::Cipher;
use super::keys::{Keys, Stream};
use super::window::Windows;
use super::{SrtpError, read_u32, rtp_header_len};
use crate::limits;

/// An authenticated RTP packet, now plain in the caller's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Bytes of header and payload, tag removed.
    pub len: usize,
    /// Roll-over counter and sequence number: `roc << 16 | sequence` (RFC 3711 3.3.1).
    pub index: u64,
}

/// Session keys and replay windows of one peer's packets.
pub struct SrtpReceiver {
    rtp: Cipher,
    rtcp: Cipher,
    rtp_windows: Windows,
    rtcp_windows: Windows,
    /// Sources of which nothing is taken any more. Without a window a replay could not be told, so they are kept.
    retired: BTreeSet<u32>,
    /// The same of RTCP: a client may go on reporting under a source that it sends no more of.
    retired_rtcp: BTreeSet<u32>,
}

impl SrtpReceiver {
    /// `sources_max` bounds the synchronisation sources remembered, for RTP and RTCP each. Packets of further ones are refused
    /// until [`Self::retire`] has made room; of those that report, the one that was silent for longest makes room.
    #[must_use]
    pub fn new(keys: &Keys, sources_max: usize) -> Self {
        Self {
            rtp: Cipher::new(keys, Stream::Rtp),
            rtcp: Cipher::new(keys, Stream::Rtcp),
            rtp_windows: Windows::new(sources_max),
            rtcp_windows: Windows::new(sources_max),
            retired: BTreeSet::new(),
            retired_rtcp: BTreeSet::new(),
        }
    }

    /// Whether packets of a further source are refused.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rtp_windows.is_full()
    }

    /// The sources of RTP that are taken, oldest first.
    pub fn sources(&self) -> impl Iterator<Item = u32> {
        self.rtp_windows.sources()
    }

    /// Takes no RTP of a source any more, so that there is a place for another one. False when too many are retired.
    pub fn retire(&mut self, ssrc: u32) -> bool {
        if self.retired.len() >= limits::SSRCS_RETIRED_MAX {
            return false;
        }
        self.rtp_windows.remove(ssrc);
        self.retired.insert(ssrc)
    }

    /// Decrypts in place. No state changes unless the packet is authentic; the bytes of a refused packet are void.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<Opened, SrtpError> {
        let header_len = rtp_header_len(packet).ok_or(SrtpError::Malformed)?;
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        let ssrc = read_u32(packet, 8);
        let (known, index) = match self.rtp_windows.find(ssrc) {
            Some((known, window)) => {
                let index = window.estimate(sequence);
                window.check(index)?;
                (Some(known), index)
            }
            None if self.retired.contains(&ssrc) => return Err(SrtpError::Replayed),
            None if self.rtp_windows.is_full() => return Err(SrtpError::TooManySources),
            None => (None, u64::from(sequence)),
        };
        let roc = u32::try_from(index >> 16).map_err(|_| SrtpError::TooOld)?;
        let len = self.rtp.open_rtp(roc, packet, header_len)?;
        self.rtp_windows.accept(known, ssrc, index);
        Ok(Opened { len, index })
    }

    /// Decrypts a compound in place and returns its plain length. No state changes unless it is authentic.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let index = self.rtcp.rtcp_index(packet)?;
        let ssrc = read_u32(packet, 4);
        let known = match self.rtcp_windows.find(ssrc) {
            Some((known, window)) => {
                window.check(u64::from(index))?;
                Some(known)
            }
            None if self.retired_rtcp.contains(&ssrc) => return Err(SrtpError::Replayed),
            None => None,
        };
        let crowded = known.is_none() && self.rtcp_windows.is_full();
        if crowded && self.retired_rtcp.len() >= limits::SSRCS_RETIRED_MAX {
            return Err(SrtpError::TooManySources);
        }
        let len = self.rtcp.open_rtcp(index, packet)?;
        if crowded {
            self.retired_rtcp.extend(self.rtcp_windows.remove_idlest());
        }
        self.rtcp_windows.accept(known, ssrc, u64::from(index));
        Ok(len)
    }
}
