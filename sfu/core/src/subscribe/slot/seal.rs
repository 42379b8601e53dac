//! Writes and seals packets of a slot into the arena.

use std::time::Instant;

use super::{Passed, Path, Slot, SlotExtensions, low, roll_over};
use crate::packet::MediaPacket;
use crate::subscribe::forward::Numbers;
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

/// A packet of a slot that is to be sealed, without its body.
pub(super) struct Outgoing<'a> {
    pub(super) ssrc: u32,
    pub(super) payload_type: u8,
    pub(super) marker: bool,
    pub(super) timestamp: u32,
    /// `roc << 16 | sequence`. With GCM a second packet under one index would give the key away.
    pub(super) index: u64,
    pub(super) extensions: SlotExtensions,
    pub(super) descriptor: Option<&'a Passed>,
    pub(super) body_len: usize,
    /// Bytes of padding after the body.
    pub(super) padding: u8,
}

impl Outgoing<'_> {
    /// Bytes before the seal.
    pub(super) fn plain_len(&self) -> usize {
        self.extensions.header_len(self.descriptor) + self.body_len + usize::from(self.padding)
    }
}

impl Path<'_> {
    /// Gives a packet its transport-wide number, lets `write_body` write its body, and seals it: the one way out for media,
    /// retransmissions and probes. False when the arena is full; the index is then still unused.
    pub(super) fn seal(&mut self, packet: &Outgoing<'_>, now: Instant, write_body: impl FnOnce(&mut [u8])) -> bool {
        let header_len = packet.extensions.header_len(packet.descriptor);
        let body_end = header_len + packet.body_len;
        let plain_len = body_end + usize::from(packet.padding);
        let fields = Fields {
            marker: packet.marker,
            padding: packet.padding > 0,
            payload_type: packet.payload_type,
            sequence: low(packet.index),
            timestamp: packet.timestamp,
            ssrc: packet.ssrc,
        };
        let number = self.number(plain_len + RTP_OVERHEAD, now);
        let sender = &mut *self.sender;
        let sent = self.arena.push(self.destination, plain_len + RTP_OVERHEAD, |out| {
            packet.extensions.write(out, &fields, number, packet.descriptor);
            write_body(&mut out[header_len..body_end]);
            if packet.padding > 0 {
                // The count stands in the last byte, behind zeros (RFC 3550 5.1).
                out[body_end..plain_len - 1].fill(0);
                out[plain_len - 1] = packet.padding;
            }
            Some(sender.seal_rtp(roll_over(packet.index), out, header_len, plain_len))
        });
        self.counters.arena_full += u64::from(!sent);
        sent
    }
}

impl Slot {
    pub(super) fn seal_media(
        &self,
        packet: &MediaPacket,
        body: &Body<'_>,
        passed: Option<&Passed>,
        numbers: Numbers,
        now: Instant,
        path: &mut Path<'_>,
    ) -> bool {
        let outgoing = Outgoing {
            ssrc: self.ssrc,
            payload_type: body.payload_type(),
            marker: body.marker,
            timestamp: packet.header.timestamp.wrapping_add(numbers.offsets.timestamp),
            index: numbers.index,
            extensions: self.extensions,
            descriptor: passed,
            body_len: body.len(),
            padding: if self.padding { padding_len(body.len()) } else { 0 },
        };
        path.seal(&outgoing, now, |out| {
            body.write(out);
            if !body.payload.is_empty() {
                packet.descriptor.rewrite(out, numbers.offsets);
            }
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
