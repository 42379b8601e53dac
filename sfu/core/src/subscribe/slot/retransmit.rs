//! Answers a subscriber's NACKs on the retransmission stream of a slot (RFC 4588), and probes its path there.

use std::time::Instant;

use super::seal::Outgoing;
use super::{Path, Slot};
use crate::packet::{Layer, MediaPacket};
use crate::subscribe::forward::{SentEntry, SentState};

/// A retransmission is longer by the number of the packet it repeats (RFC 4588 section 4).
const RTX_EXTRA: usize = 2;
/// The most that the padding of one packet can be.
const PROBE_PADDING: u8 = u8::MAX;

/// A packet that a client lacks: its number there, and what was sent under it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) sequence: u16,
    pub(crate) entry: SentEntry,
}

impl Slot {
    /// What a NACK for `sequence` asks for; `None` when it was answered too lately or cannot be.
    pub(crate) fn requested(&mut self, sequence: u16, now: Instant) -> Option<Request> {
        let entry = self.rewriter.entry_to_resend(sequence, now)?;
        Some(Request { sequence, entry })
    }

    /// What was sent under `sequence`, unless it was sent again since.
    pub(crate) fn recall_first(&mut self, sequence: u16, now: Instant) -> Option<Request> {
        let entry = self.rewriter.recall_first(sequence, now);
        let entry = entry.filter(|entry| entry.state == SentState::Sent)?;
        Some(Request { sequence, entry })
    }

    /// What was sent under `sequence`, for a repeat.
    pub(crate) fn recall(&mut self, sequence: u16, now: Instant) -> Option<Request> {
        let entry = self.rewriter.recall(sequence, now);
        let entry = entry.filter(|entry| entry.state == SentState::Sent)?;
        Some(Request { sequence, entry })
    }

    /// Sends a stored packet of the source again, on the retransmission stream.
    pub(crate) fn retransmit(
        &mut self,
        request: Request,
        packet: &MediaPacket,
        bytes: &[u8],
        now: Instant,
        path: &mut Path<'_>,
    ) -> bool {
        let Request { sequence, entry } = request;
        let rtx = self.codecs.of(packet.codec).and_then(|codec| codec.rtx);
        let (Some(ssrc), Some(payload_type)) = (self.rtx_ssrc, rtx) else {
            return false;
        };
        let payload = match entry.state {
            SentState::Empty => &[],
            SentState::Reserved | SentState::Sent => packet.header.payload(bytes),
        };
        // Only a packet with content has a number kept free.
        if payload.is_empty() && entry.state == SentState::Reserved {
            return false;
        }
        let descriptor = &packet.descriptor;
        let read = descriptor.dependency().filter(|_| !payload.is_empty());
        let live = self.selection.live().filter(|live| live.stream == entry.stream);
        let cap = live.map_or(Layer::BEST, |live| live.cap_at(packet.header.timestamp));
        let body_len = RTX_EXTRA + payload.len();
        let came_bytes = RTX_EXTRA + bytes.len() + packet.seal_len;
        let header_max = path.plain_bytes_max(came_bytes).saturating_sub(body_len);
        let passed = read.and_then(|read| self.pass(read, bytes, entry.offsets, cap, header_max));
        let outgoing = Outgoing {
            ssrc,
            payload_type,
            // As it was sent: the best layer that was shown ended the picture.
            marker: packet.header.marker
                || (descriptor.ends_spatial_layer() && descriptor.layer().spatial == cap.spatial),
            timestamp: packet.header.timestamp.wrapping_add(entry.offsets.timestamp),
            index: self.rtx_index,
            extensions: self.extensions,
            descriptor: passed.as_ref(),
            body_len,
            padding: 0,
            came_bytes,
        };
        let sealed = path.seal(&outgoing, now, |out| {
            let (original, body) = out.split_at_mut(RTX_EXTRA);
            original.copy_from_slice(&sequence.to_be_bytes());
            body.copy_from_slice(payload);
            if !payload.is_empty() {
                descriptor.rewrite(body, entry.offsets);
            }
        });
        let sent = sealed.is_some();
        if sent {
            self.rtx_index += 1;
            self.counts.add_retransmitted(payload.len());
            path.counters.retransmitted += 1;
        }
        sent
    }

    /// It has a stream that padding can be sent on, and a number for it that is answered.
    pub(crate) fn can_probe(&self) -> bool {
        self.rtx_ssrc.is_some() && self.extensions.transport_cc.is_some()
    }

    /// Sends a packet of nothing but padding on the retransmission stream, to find out what the path carries; its bytes.
    pub(crate) fn send_probe_padding(&mut self, now: Instant, path: &mut Path<'_>) -> Option<usize> {
        let outgoing = Outgoing {
            ssrc: self.rtx_ssrc?,
            payload_type: self.codecs.iter().find_map(|codec| codec.rtx)?,
            marker: false,
            timestamp: 0,
            index: self.rtx_index,
            extensions: self.extensions,
            descriptor: None,
            body_len: 0,
            padding: PROBE_PADDING,
            came_bytes: 0,
        };
        let sealed = path.seal(&outgoing, now, |_| ())?;
        self.rtx_index += 1;
        path.counters.probes += 1;
        Some(sealed.datagram_bytes)
    }
}
