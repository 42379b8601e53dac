//! Writes and seals one media packet of a slot into the arena.

use std::time::Instant;

use super::{Passed, Path, Slot, low, roll_over};
use crate::packet::MediaPacket;
use crate::subscribe::forward::Placed;
use crate::wire::rtp::Fields;
use crate::wire::rtp::red::{self, Block};
use crate::wire::sdp::OfferedCodec;
use crate::wire::srtp::RTP_OVERHEAD;

/// Payloads from this length on are padded; shorter ones are rarely one of several of a frame.
const PADDED_FROM: usize = 300;
/// Browsers cut a frame into packets of nearly, but not quite, one length. Padded up to multiples of this they become
/// equal, and equal datagrams to one client can be given to the kernel as one. Costs 3.5 bytes a packet on average.
const PADDING_UNIT: usize = 8;

/// A payload to be sent.
pub(super) struct Body<'a> {
    pub(super) codec: OfferedCodec,
    pub(super) marker: bool,
    /// Frames of sound to go along, oldest first; there are some only where the client takes redundant sound.
    pub(super) earlier: &'a [Block<'a>],
    pub(super) payload: &'a [u8],
}

impl Body<'_> {
    fn payload_type(&self) -> u8 {
        let red = self.codec.red.filter(|_| !self.earlier.is_empty());
        red.unwrap_or(self.codec.payload_type)
    }

    pub(super) fn len(&self) -> usize {
        if self.earlier.is_empty() {
            self.payload.len()
        } else {
            red::written_len(self.earlier, self.payload.len())
        }
    }

    fn write(&self, out: &mut [u8]) {
        if self.earlier.is_empty() {
            out.copy_from_slice(self.payload);
        } else {
            red::write(out, self.codec.payload_type, self.earlier, self.payload);
        }
    }
}

impl Slot {
    pub(super) fn seal_media(
        &self,
        packet: &MediaPacket,
        (body, passed): (&Body<'_>, Option<&Passed>),
        placed: Placed,
        now: Instant,
        path: &mut Path<'_>,
    ) -> bool {
        let padding = if self.padding { padding_len(body.len()) } else { 0 };
        let fields = Fields {
            marker: body.marker,
            padding: padding > 0,
            payload_type: body.payload_type(),
            sequence: low(placed.index),
            timestamp: packet.header.timestamp.wrapping_add(placed.offsets.timestamp),
            ssrc: self.ssrc,
        };
        let extensions = self.extensions;
        let header_len = extensions.header_len(passed);
        let payload_end = header_len + body.len();
        let plain_len = payload_end + usize::from(padding);
        let number = path.number(plain_len + RTP_OVERHEAD, now);
        let sender = &mut *path.sender;
        path.arena.push(path.destination, plain_len + RTP_OVERHEAD, |out| {
            extensions.write(out, &fields, number, passed);
            let written = &mut out[header_len..payload_end];
            body.write(written);
            if !body.payload.is_empty() {
                packet.descriptor.rewrite(written, placed.offsets);
            }
            if padding > 0 {
                // The count stands in the last byte, behind zeros (RFC 3550 5.1).
                out[payload_end..plain_len - 1].fill(0);
                out[plain_len - 1] = padding;
            }
            Some(sender.seal_rtp(roll_over(placed.index), out, header_len, plain_len))
        })
    }
}

/// Bytes of padding for a payload of this length.
fn padding_len(payload_len: usize) -> u8 {
    if payload_len < PADDED_FROM {
        return 0;
    }
    u8::try_from(payload_len.next_multiple_of(PADDING_UNIT) - payload_len).expect("below the unit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_nearly_one_length_become_equal() {
        let padded = |len: usize| len + usize::from(padding_len(len));
        assert_eq!([1_097, 1_098, 1_103, 1_104].map(padded), [1_104; 4]);
        assert_eq!((padded(PADDED_FROM - 1), padded(PADDED_FROM)), (PADDED_FROM - 1, 304));
    }
}
