//! Answers a subscriber's NACKs on the retransmission stream of a slot (RFC 4588).

use std::time::Instant;

use super::{Passed, Path, Slot, low, roll_over};
use crate::packet::{Descriptor, Layer};
use crate::subscribe::forward::{SentEntry, SentState};
use crate::wire::rtp::{Fields, Header};
use crate::wire::sdp::Codec;
use crate::wire::srtp::RTP_OVERHEAD;

/// A retransmission is longer by the number of the packet it repeats (RFC 4588 section 4).
const RTX_EXTRA: usize = 2;
/// The most that the padding of one packet can be.
const PROBE_PADDING: usize = 255;

impl Slot {
    /// What a NACK for `sequence` asks for, if it is to be answered now.
    pub(crate) fn request(&mut self, sequence: u16, now: Instant) -> Option<SentEntry> {
        self.rewriter.request(sequence, now)
    }

    /// What was sent under `sequence`, unless it was sent again since.
    pub(crate) fn recall_first(&mut self, sequence: u16, now: Instant) -> Option<SentEntry> {
        let entry = self.rewriter.recall_first(sequence, now);
        entry.filter(|entry| entry.state == SentState::Sent)
    }

    /// What was sent under `sequence` and is to be sent a second time.
    pub(crate) fn recall(&mut self, sequence: u16, now: Instant) -> Option<SentEntry> {
        let entry = self.rewriter.recall(sequence, now);
        entry.filter(|entry| entry.state == SentState::Sent)
    }

    /// Sends a stored packet of the source again, on the retransmission stream.
    pub(crate) fn retransmit(
        &mut self,
        sequence: u16,
        entry: SentEntry,
        (codec, descriptor, plain): (Codec, Descriptor, &[u8]),
        now: Instant,
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
        let told = descriptor.told().filter(|_| !payload.is_empty());
        let live = self.selection.live().filter(|live| live.stream == entry.stream);
        let cap = live.map_or(Layer::BEST, |live| live.cap_at(header.timestamp));
        let passed = Passed::new(self.extensions, told, plain, entry.offsets, cap);
        let passed = passed.as_ref();
        let fields = Fields {
            // As it was sent: the best layer that was shown ended the picture.
            marker: header.marker || (descriptor.ends_spatial_layer() && descriptor.layer().spatial == cap.spatial),
            padding: false,
            payload_type,
            sequence: low(self.rtx_index),
            timestamp: header.timestamp.wrapping_add(entry.offsets.timestamp),
            ssrc: rtx_ssrc,
        };
        let index = self.rtx_index;
        let extensions = self.extensions;
        let header_len = extensions.header_len(passed);
        let plain_len = header_len + RTX_EXTRA + payload.len();
        let number = path.number(plain_len + RTP_OVERHEAD, now);
        let sender = &mut *path.sender;
        let sent = path.arena.push(path.destination, plain_len + RTP_OVERHEAD, |out| {
            extensions.write(out, &fields, number, passed);
            out[header_len..header_len + RTX_EXTRA].copy_from_slice(&sequence.to_be_bytes());
            let body = &mut out[header_len + RTX_EXTRA..plain_len];
            body.copy_from_slice(payload);
            if !payload.is_empty() {
                descriptor.rewrite(body, entry.offsets);
            }
            Some(sender.seal_rtp(roll_over(index), out, header_len, plain_len))
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

    /// It has a stream that padding can be sent on, and a number for it that is answered.
    pub(crate) fn can_probe(&self) -> bool {
        self.rtx_ssrc.is_some() && self.extensions.transport_cc.is_some()
    }

    /// Sends a packet of nothing but padding on the retransmission stream, to find out what the path carries; its bytes.
    pub(crate) fn probe(&mut self, now: Instant, path: &mut Path<'_>) -> Option<usize> {
        let rtx_ssrc = self.rtx_ssrc?;
        let payload_type = self.codecs.iter().find_map(|codec| codec.rtx)?;
        let fields = Fields {
            marker: false,
            padding: true,
            payload_type,
            sequence: low(self.rtx_index),
            timestamp: 0,
            ssrc: rtx_ssrc,
        };
        let index = self.rtx_index;
        let extensions = self.extensions;
        let header_len = extensions.header_len(None);
        let plain_len = header_len + PROBE_PADDING;
        let number = path.number(plain_len + RTP_OVERHEAD, now);
        let sender = &mut *path.sender;
        let sent = path.arena.push(path.destination, plain_len + RTP_OVERHEAD, |out| {
            extensions.write(out, &fields, number, None);
            // The count stands in the last byte, behind zeros (RFC 3550 5.1).
            out[header_len..plain_len - 1].fill(0);
            out[plain_len - 1] = u8::MAX;
            Some(sender.seal_rtp(roll_over(index), out, header_len, plain_len))
        });
        if !sent {
            path.counters.arena_full += 1;
            return None;
        }
        self.rtx_index += 1;
        path.counters.probes += 1;
        Some(plain_len + RTP_OVERHEAD)
    }
}
