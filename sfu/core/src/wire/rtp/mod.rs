//! RTP headers (RFC 3550, RFC 8285) and what payloads say about themselves, read and written in place.

mod audio_level;
mod av1;
mod bits;
pub mod dependency_descriptor;
mod h264;
mod picture_size;
pub mod red;
#[cfg(test)]
mod tests;
mod vp8;
mod vp9;

use std::ops::Range;

pub use audio_level::AudioLevel;
pub use av1::Av1;
pub use h264::H264;
pub(crate) use picture_size::picture_size;
pub use vp8::Vp8;
pub use vp9::Vp9;

/// Extension blocks in one-byte form (RFC 8285 4.2).
const ONE_BYTE_PROFILE: u16 = 0xbede;
/// Extension blocks in two-byte form, without the application bits (RFC 8285 4.3).
const TWO_BYTE_PROFILE: u16 = 0x1000;

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
    /// Start and end of the extension elements, without the block's own four bytes; both zero without a block.
    elements: (usize, usize),
    extension_profile: u16,
}

/// RTP or RTCP by the first byte (RFC 7983).
#[must_use]
pub fn is_media(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| (128..192).contains(first))
}

/// RTCP among media: payload types 64 to 95 with the marker bit (RFC 5761 section 4).
#[must_use]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|second| (192..=223).contains(second))
}

impl Header {
    /// Reads a decrypted packet; every length in it is checked against the packet's own.
    pub fn parse(packet: &[u8]) -> Result<Self, RtpError> {
        let fixed: &[u8; 12] = packet.first_chunk().ok_or(RtpError)?;
        if fixed[0] >> 6 != 2 {
            return Err(RtpError);
        }
        let mut header = Self {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            header_len: 12 + usize::from(fixed[0] & 0x0f) * 4,
            payload_len: 0,
            padding_len: 0,
            elements: (0, 0),
            extension_profile: 0,
        };
        if fixed[0] & 0x10 != 0 {
            let start = header.header_len + 4;
            let block = packet.get(header.header_len..start).ok_or(RtpError)?;
            header.extension_profile = u16::from_be_bytes([block[0], block[1]]);
            header.header_len = start + usize::from(u16::from_be_bytes([block[2], block[3]])) * 4;
            header.elements = (start, header.header_len);
        }
        let body = packet.len().checked_sub(header.header_len).ok_or(RtpError)?;
        if fixed[0] & 0x20 != 0 {
            header.padding_len = usize::from(packet[packet.len() - 1]);
            if header.padding_len == 0 || header.padding_len > body {
                return Err(RtpError);
            }
        }
        header.payload_len = body - header.padding_len;
        Ok(header)
    }

    /// The payload without padding.
    #[must_use]
    pub fn payload<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        &packet[self.header_len..self.header_len + self.payload_len]
    }

    /// The value of the header extension `id`, in one-byte or two-byte form.
    #[must_use]
    pub fn extension<'a>(&self, packet: &'a [u8], id: u8) -> Option<&'a [u8]> {
        packet.get(self.extension_at(packet, id)?)
    }

    /// Where in the packet the value of the header extension `id` stands.
    #[must_use]
    pub(crate) fn extension_at(&self, packet: &[u8], id: u8) -> Option<Range<usize>> {
        let (start, end) = self.elements;
        let elements = packet.get(start..end)?;
        let two_byte = self.extension_profile & 0xfff0 == TWO_BYTE_PROFILE;
        if !two_byte && self.extension_profile != ONE_BYTE_PROFILE {
            return None;
        }
        let mut rest = elements;
        while let Some((&first, after)) = rest.split_first() {
            if first == 0 {
                rest = after;
                continue;
            }
            let (found, len, value) = if two_byte {
                let (&len, value) = after.split_first()?;
                (first, usize::from(len), value)
            } else if first >> 4 == 15 {
                // Id 15 ends the block (RFC 8285 4.2).
                return None;
            } else {
                (first >> 4, usize::from(first & 0x0f) + 1, after)
            };
            let (_, next) = value.split_at_checked(len)?;
            if found == id {
                let at = end - value.len();
                return Some(at..at + len);
            }
            rest = next;
        }
        None
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

/// Writes a header with extensions (ids 1 to 14, values of up to 255 bytes) into `out`, which must have the room, and
/// returns its length. That depends only on the lengths of the values: a stream that always passes the same set has
/// headers of one size. Elements are in one-byte form unless a value is empty or longer than 16 bytes, which only the
/// two-byte form can carry (RFC 8285 4.3).
pub fn write_header(out: &mut [u8], fields: &Fields, extensions: &[(u8, &[u8])]) -> usize {
    out[0] = 0x80 | u8::from(fields.padding) << 5 | u8::from(!extensions.is_empty()) << 4;
    out[1] = u8::from(fields.marker) << 7 | fields.payload_type & 0x7f;
    out[2..4].copy_from_slice(&fields.sequence.to_be_bytes());
    out[4..8].copy_from_slice(&fields.timestamp.to_be_bytes());
    out[8..12].copy_from_slice(&fields.ssrc.to_be_bytes());
    if extensions.is_empty() {
        return 12;
    }
    let one_byte = extensions.iter().all(|(_, value)| (1..=16).contains(&value.len()));
    let mut at = 16;
    for (id, value) in extensions {
        debug_assert!((1..=14).contains(id), "ids of both forms");
        let len = u8::try_from(value.len()).expect("at most 255 bytes");
        if one_byte {
            out[at] = id << 4 | (len - 1);
            at += 1;
        } else {
            out[at..at + 2].copy_from_slice(&[*id, len]);
            at += 2;
        }
        out[at..at + value.len()].copy_from_slice(value);
        at += value.len();
    }
    let end = at.next_multiple_of(4);
    out[at..end].fill(0);
    let profile = if one_byte { ONE_BYTE_PROFILE } else { TWO_BYTE_PROFILE };
    out[12..14].copy_from_slice(&profile.to_be_bytes());
    let words = u16::try_from((end - 16) / 4).expect("few short extensions");
    out[14..16].copy_from_slice(&words.to_be_bytes());
    end
}
