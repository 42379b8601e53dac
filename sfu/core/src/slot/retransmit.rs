//! Answers a subscriber's NACKs on the retransmission stream of a slot (RFC 4588).

use std::time::Instant;

use super::{HEADER_LEN, Path, Slot, low, roll_over};
use crate::forward::{Descriptor, SentEntry, SentState};
use crate::rtp::{Fields, Header, write_header};
use crate::sdp::Codec;
use crate::srtp::RTP_OVERHEAD;

/// A retransmission is longer by the number of the packet it repeats (RFC 4588 section 4).
const RTX_EXTRA: usize = 2;

impl Slot {
    /// What a NACK for `sequence` asks for, if it is to be answered now.
    pub(crate) fn request(&mut self, sequence: u16, now: Instant) -> Option<SentEntry> {
        self.rewriter.request(sequence, now)
    }

    /// Sends a stored packet of the source again, on the retransmission stream.
    pub(crate) fn retransmit(
        &mut self,
        sequence: u16,
        entry: SentEntry,
        (codec, plain): (Codec, &[u8]),
        path: &mut Path<'_>,
    ) -> bool {
        let rtx = self.codecs.of(codec).and_then(|codec| codec.rtx);
        let (Some(rtx_ssrc), Some(payload_type)) = (self.rtx_ssrc, rtx) else {
            return false;
        };
        let Ok(header) = Header::parse(plain) else { return false };
        let payload = match entry.state {
            SentState::Empty => &[],
            SentState::Reserved | SentState::Sent => header.payload(plain),
        };
        // Only a packet with content has a number kept free.
        if payload.is_empty() && entry.state == SentState::Reserved {
            return false;
        }
        let descriptor = Descriptor::read(codec, payload);
        let fields = Fields {
            marker: header.marker,
            padding: false,
            payload_type,
            sequence: low(self.rtx_index),
            timestamp: header.timestamp.wrapping_add(entry.offsets.timestamp),
            ssrc: rtx_ssrc,
        };
        let index = self.rtx_index;
        let plain_len = HEADER_LEN + RTX_EXTRA + payload.len();
        let sender = &mut *path.sender;
        let sent = path.arena.push(path.destination, plain_len + RTP_OVERHEAD, |out| {
            write_header(out, &fields, &[]);
            out[HEADER_LEN..HEADER_LEN + RTX_EXTRA].copy_from_slice(&sequence.to_be_bytes());
            let body = &mut out[HEADER_LEN + RTX_EXTRA..plain_len];
            body.copy_from_slice(payload);
            descriptor.rewrite(body, entry.offsets);
            Some(sender.seal_rtp(roll_over(index), out, HEADER_LEN, plain_len))
        });
        if sent {
            self.rtx_index += 1;
            self.counts.repeated(payload.len());
            path.counters.retransmitted += 1;
        } else {
            path.counters.arena_full += 1;
        }
        sent
    }
}
