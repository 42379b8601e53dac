//! RTP headers (RFC 3550, RFC 8285) and the VP8 payload descriptor (RFC 7741), read and written in place.

/// Why bytes are not an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed RTP packet")]
pub struct RtpError;

/// Where things are in one plain packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    /// Bytes before the payload: fixed header, contributing sources, extensions.
    pub header_len: usize,
    /// Bytes of payload without padding.
    pub payload_len: usize,
    /// Bytes of padding behind the payload, its count byte included.
    pub padding_len: usize,
}

/// RTCP on the same port as RTP (RFC 5761 section 4).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.len() >= 2 && (192..=223).contains(&datagram[1])
}

/// RTP or RTCP by the first byte (RFC 7983).
pub fn is_media(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| (128..192).contains(first))
}

impl Header {
    pub fn parse(packet: &[u8]) -> Result<Self, RtpError> {
        unimplemented!("{packet:?}")
    }

    /// The payload without padding.
    pub fn payload<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        &packet[self.header_len..self.header_len + self.payload_len]
    }

    /// The value of the header extension `id`, in one-byte or two-byte form.
    pub fn extension<'a>(&self, packet: &'a [u8], id: u8) -> Option<&'a [u8]> {
        unimplemented!("{packet:?}{id}")
    }
}

/// The fixed fields of a packet to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fields {
    pub marker: bool,
    pub padding: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

/// Writes a header with one-byte extensions (ids 1 to 14, values of 1 to 16 bytes) and returns its length, which depends only on
/// the lengths of the values: a stream that always passes the same set has headers of one size.
pub fn write_header(out: &mut [u8], fields: &Fields, extensions: &[(u8, &[u8])]) -> usize {
    unimplemented!("{out:?}{fields:?}{extensions:?}")
}

/// What the VP8 payload descriptor says (RFC 7741 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp8 {
    /// Bytes of descriptor.
    pub len: usize,
    /// First packet of a frame (S bit and partition 0).
    pub frame_start: bool,
    /// First packet of a key frame.
    pub keyframe: bool,
    pub picture_id: Option<u16>,
    pub tl0_pic_idx: Option<u8>,
    pub tid: Option<u8>,
    pub layer_sync: bool,
    picture_id_long: bool,
}

impl Vp8 {
    pub fn parse(payload: &[u8]) -> Option<Self> {
        unimplemented!("{payload:?}")
    }

    /// Overwrites picture id (15 or 7 bits, whichever width is there) and TL0PICIDX, where present.
    pub fn rewrite(&self, payload: &mut [u8], picture_id: u16, tl0_pic_idx: u8) {
        unimplemented!("{payload:?}{picture_id}{tl0_pic_idx}")
    }

    /// The picture id has 15 bits (else 7).
    pub fn picture_id_long(&self) -> bool {
        self.picture_id_long
    }
}
