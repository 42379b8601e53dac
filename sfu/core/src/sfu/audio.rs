//! Sound: redundant packets taken apart (RFC 2198).

use std::time::Instant;

use super::Sfu;
use crate::peer::Binding;
use crate::rtp::red::{Block, Red};
use crate::rtp::{Fields, Header, write_header};
use crate::track::{Arrival, Received};

impl Sfu {
    /// Takes redundant sound apart: frames whose own packets did not come are forwarded in their place, then the newest,
    /// everything as plain packets.
    pub(super) fn redundant(
        &mut self,
        now: Instant,
        place: usize,
        binding: Binding,
        (header, index): (Header, u64),
        plain: &mut [u8],
        payload_type: u8,
    ) {
        let Some(red) = Red::parse(header.payload(plain), payload_type) else {
            self.counters.rtp_malformed += 1;
            return;
        };
        let mut unpacked = std::mem::take(&mut self.unpacked);
        for (back, block) in (1..=red.blocks().len() as u64).rev().zip(red.blocks()) {
            let Some(index) = index.checked_sub(back) else { continue };
            if block.payload.is_empty() || !self.is_missing(place, binding, header.ssrc, index) {
                continue;
            }
            write_plain(&mut unpacked, &header, (payload_type, index), block);
            let Ok(header) = Header::parse(&unpacked) else { continue };
            let received = Received {
                encoding: binding.encoding,
                header,
                index,
                packet: &unpacked,
                arrival: Arrival::Retransmission,
            };
            self.counters.redundancy_used += 1;
            self.media(now, place, binding.track, &received);
        }
        self.unpacked = unpacked;
        let primary = header.header_len + red.primary_at;
        // The header moves up to the newest frame.
        plain.copy_within(..header.header_len, red.primary_at);
        let packet = &mut plain[primary - header.header_len..];
        packet[1] = packet[1] & 0x80 | payload_type;
        let packet = &*packet;
        let Ok(header) = Header::parse(packet) else { return };
        let received = Received {
            encoding: binding.encoding,
            header,
            index,
            packet,
            arrival: Arrival::First,
        };
        self.media(now, place, binding.track, &received);
    }

    /// A packet of a stream that has begun before it, not older than the ring, that never came.
    fn is_missing(&self, place: usize, binding: Binding, ssrc: u32, index: u64) -> bool {
        let Some(track) = self.peers.get(place).map(|peer| &peer.tracks[binding.track]) else {
            return false;
        };
        let stream = track.encodings[binding.encoding].stream.as_ref();
        stream.is_some_and(|stream| stream.ssrc == ssrc && stream.lacks(index))
    }
}

/// Writes an earlier frame as the packet that it was, but for header extensions.
fn write_plain(out: &mut Vec<u8>, header: &Header, (payload_type, index): (u8, u64), block: &Block<'_>) {
    let fields = Fields {
        marker: false,
        padding: false,
        payload_type,
        sequence: u16::try_from(index & 0xffff).expect("masked to 16 bits"),
        timestamp: header.timestamp.wrapping_sub(block.offset),
        ssrc: header.ssrc,
    };
    out.clear();
    out.resize(12, 0);
    write_header(out, &fields, &[]);
    out.extend_from_slice(block.payload);
}
