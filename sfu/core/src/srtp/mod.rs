//! SRTP and SRTCP (RFC 3711, RFC 7714): keys from DTLS, opening and sealing in place, replay protection.

/// Bytes a sealed RTP packet may be longer than the plain one, for any profile.
pub const RTP_OVERHEAD: usize = 16;
/// Bytes a sealed RTCP packet may be longer than the plain one, for any profile.
pub const RTCP_OVERHEAD: usize = 20;

/// Protection profiles by order of our preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    AeadAes128Gcm,
    AeadAes256Gcm,
    AesCm128HmacSha1_80,
}

/// Why a packet was not accepted.
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

/// Master key and salt of one direction.
#[derive(Clone)]
pub struct Keys {
    profile: Profile,
}

impl Keys {
    /// Splits what DTLS exported (RFC 5764 4.2) into (inbound, outbound). `server_side` says which DTLS role we had.
    pub fn from_dtls(profile: Profile, material: &[u8], server_side: bool) -> Result<(Self, Self), SrtpError> {
        unimplemented!("{profile:?}{material:?}{server_side}")
    }
}

/// An authenticated RTP packet, now plain in the caller's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Bytes of header and payload, tag removed.
    pub len: usize,
    /// Roll-over counter and sequence number: `roc << 16 | sequence` (RFC 3711 3.3.1).
    pub index: u64,
}

/// Opens what one peer sends.
pub struct SrtpReceiver {
    profile: Profile,
}

impl SrtpReceiver {
    /// `sources_max` bounds the synchronisation sources remembered, for RTP and RTCP each.
    pub fn new(keys: &Keys, sources_max: usize) -> Self {
        unimplemented!("{sources_max}{:?}", keys.profile)
    }

    /// Decrypts in place. No state changes unless the packet is authentic.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<Opened, SrtpError> {
        unimplemented!("{packet:?}{:?}", self.profile)
    }

    /// Decrypts a compound in place and returns its plain length.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        unimplemented!("{packet:?}")
    }
}

/// Seals what we send to one peer.
pub struct SrtpSender {
    profile: Profile,
}

impl SrtpSender {
    pub fn new(keys: &Keys) -> Self {
        unimplemented!("{:?}", keys.profile)
    }

    /// Encrypts `packet[..plain_len]` (header and payload, `header_len` of it header) in place and returns the sealed length.
    /// `packet` has at least [`RTP_OVERHEAD`] bytes of room behind `plain_len`. `roc` is the caller's roll-over counter.
    pub fn seal_rtp(&mut self, roc: u32, packet: &mut [u8], header_len: usize, plain_len: usize) -> usize {
        unimplemented!("{roc}{packet:?}{header_len}{plain_len}{:?}", self.profile)
    }

    /// Encrypts the compound `packet[..plain_len]` in place; room of [`RTCP_OVERHEAD`] behind it. Returns the sealed length.
    pub fn seal_rtcp(&mut self, packet: &mut [u8], plain_len: usize) -> usize {
        unimplemented!("{packet:?}{plain_len}")
    }
}
