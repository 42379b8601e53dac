//! SRTP and SRTCP (RFC 3711, RFC 7714): keys from DTLS, opening and sealing in place, replay protection.

mod cipher;
mod keys;
mod receiver;
mod sender;
#[cfg(test)]
mod tests;
mod window;

pub use keys::Keys;
pub use receiver::{Opened, SrtpReceiver};
pub use sender::SrtpSender;

/// Bytes a sealed RTP packet may be longer than the plain one, for any profile.
pub const RTP_OVERHEAD: usize = 16;
/// Bytes a sealed RTCP packet may be longer than the plain one, for any profile.
pub const RTCP_OVERHEAD: usize = 20;

/// Protection profiles (RFC 5764 4.1.2, RFC 7714 14.2) by order of our preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    AeadAes128Gcm,
    AeadAes256Gcm,
    AesCm128HmacSha1_80,
}

impl Profile {
    /// The profile DTLS has agreed on; `None` for one we do not know.
    #[must_use]
    pub fn from_dtls(profile: dimpl::SrtpProfile) -> Option<Self> {
        if profile == dimpl::SrtpProfile::AEAD_AES_128_GCM {
            Some(Self::AeadAes128Gcm)
        } else if profile == dimpl::SrtpProfile::AEAD_AES_256_GCM {
            Some(Self::AeadAes256Gcm)
        } else if profile == dimpl::SrtpProfile::AES128_CM_SHA1_80 {
            Some(Self::AesCm128HmacSha1_80)
        } else {
            None
        }
    }

    /// Bytes of master key, which is also the length of session keys.
    #[must_use]
    pub fn key_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AesCm128HmacSha1_80 => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of master salt, which is also the length of session salts.
    #[must_use]
    pub fn salt_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
            Self::AesCm128HmacSha1_80 => 14,
        }
    }

    /// Bytes of authentication tag.
    #[must_use]
    pub fn tag_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
            Self::AesCm128HmacSha1_80 => 10,
        }
    }
}

/// Why a packet or key was not accepted. Each is counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    #[error("too short, or its header does not fit")]
    Malformed,
    #[error("authentication failed")]
    Forged,
    #[error("seen before")]
    Replayed,
    #[error("older than the replay window")]
    TooOld,
    #[error("more synchronisation sources than allowed")]
    TooManySources,
    #[error("keying material of a wrong length")]
    KeyLength,
}

/// Length of fixed header, contributing sources and extension block of an RTP packet, which SRTP leaves in the clear.
fn rtp_header_len(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    if first >> 6 != 2 {
        return None;
    }
    let mut len = 12 + usize::from(first & 0x0f) * 4;
    if first & 0x10 != 0 {
        let words = packet.get(len + 2..len + 4)?;
        len += 4 + usize::from(u16::from_be_bytes([words[0], words[1]])) * 4;
    }
    (packet.len() >= len).then_some(len)
}

fn read_u32(packet: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(packet[at..at + 4].try_into().expect("four bytes were sliced"))
}
