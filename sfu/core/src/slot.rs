//! One receive slot of a subscriber: an SSRC of ours that carries whatever is mapped to it.

use std::time::Instant;

use crate::counters::Counters;
use crate::event::{MediaKind, Mid};
use crate::forward::{MediaPacket, Offsets, Placed, Rewriter, SentEntry, SentLog, read_payload};
use crate::layers::{Decision, Selection};
use crate::limits;
use crate::reports::SentCounts;
use crate::rtp::{Fields, Header, Vp8, write_header};
use crate::sdp::{Codec, Codecs};
use crate::srtp::{RTP_OVERHEAD, SrtpSender};
use crate::transmit::{Arena, Destination};

/// Our headers have no extensions, so they are of one size.
const HEADER_LEN: usize = 12;
/// A retransmission is longer by the number of the packet it repeats (RFC 4588 section 4).
const RTX_EXTRA: usize = 2;

/// Payloads from this length on are padded; shorter ones are rarely one of several of a frame.
const PADDED_FROM: usize = 300;
/// Browsers cut a frame into packets of nearly, but not quite, one length. Padded up to multiples of this they become
/// equal, and equal datagrams to one client can be given to the kernel as one. Costs 3.5 bytes a packet on average.
const PADDING_UNIT: usize = 8;

/// A receive slot.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) mid: Mid,
    pub(crate) kind: MediaKind,
    pub(crate) ssrc: u32,
    rtx_ssrc: Option<u32>,
    pub(crate) codecs: Codecs,
    /// Long packets are padded.
    padding: bool,
    pub(crate) selection: Selection,
    pub(crate) rewriter: Rewriter,
    sent_log: SentLog,
    pub(crate) counts: SentCounts,
    rtx_index: u64,
    /// What the client last reported lost of it.
    pub(crate) lost: u64,
}

/// Where a slot's packets go: the subscriber's path and keys, and the arena.
pub(crate) struct Path<'a> {
    pub(crate) destination: Destination,
    pub(crate) sender: &'a mut SrtpSender,
    pub(crate) arena: &'a mut Arena,
    pub(crate) counters: &'a mut Counters,
}

/// What became of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forwarded {
    /// `bytes` of header and payload; `starts` if it is the first of its source.
    Sent {
        bytes: usize,
        starts: bool,
    },
    /// The slot waits for a place to start.
    Waiting,
    Dropped,
}

impl Slot {
    /// `padding` allows long video packets to be padded.
    pub(crate) fn new(
        mid: Mid,
        kind: MediaKind,
        ssrc: u32,
        rtx_ssrc: Option<u32>,
        codecs: Codecs,
        first_sequence: u16,
        padding: bool,
    ) -> Self {
        Self {
            mid,
            kind,
            ssrc,
            rtx_ssrc,
            codecs,
            padding: padding && kind == MediaKind::Video,
            selection: Selection::Empty,
            rewriter: Rewriter::new(first_sequence),
            sent_log: SentLog::default(),
            counts: SentCounts::default(),
            rtx_index: u64::from(first_sequence & 0x7fff),
            lost: 0,
        }
    }

    /// Sends one packet of the mapped track, or decides not to.
    pub(crate) fn forward(
        &mut self,
        packet: &MediaPacket,
        plain: &[u8],
        now: Instant,
        path: &mut Path<'_>,
    ) -> Forwarded {
        let Some(payload_type) = self.codecs.of(packet.codec).map(|codec| codec.payload_type) else {
            path.counters.codec_not_negotiated += 1;
            return Forwarded::Dropped;
        };
        let (placed, starts) = match self.selection.decide(packet) {
            Decision::Drop => return Forwarded::Dropped,
            Decision::Wait => return Forwarded::Waiting,
            Decision::Start => {
                self.sent_log.prepare(match self.kind {
                    MediaKind::Audio => limits::SENT_AUDIO_PACKETS,
                    MediaKind::Video => limits::SENT_VIDEO_PACKETS,
                });
                (self.rewriter.start(packet, now), true)
            }
            Decision::Continue => match self.rewriter.place(packet, now) {
                Some(placed) => (placed, false),
                None => return Forwarded::Dropped,
            },
        };
        if !self.sent_log.record(placed, packet.index, packet.stream) {
            return Forwarded::Dropped;
        }
        for back in 1..=placed.gap.min(self.sent_log.gap_max()) {
            let index = placed.index - back;
            if let Some(source) = self.rewriter.source_of(index) {
                self.sent_log.skip(index, source, packet.stream, placed.offsets);
            }
        }
        let payload = packet.header.payload(plain);
        // The first sound after a switch is the start of a talkspurt (RFC 3551 4.1).
        let marker = packet.header.marker || (starts && self.kind == MediaKind::Audio);
        let sent = self.seal_media(packet, payload, placed, (payload_type, marker), path);
        if !sent {
            path.counters.arena_full += 1;
            return Forwarded::Dropped;
        }
        self.counts.sent(payload.len());
        path.counters.forwarded += 1;
        Forwarded::Sent {
            bytes: HEADER_LEN + payload.len(),
            starts,
        }
    }

    fn seal_media(
        &self,
        packet: &MediaPacket,
        payload: &[u8],
        placed: Placed,
        (payload_type, marker): (u8, bool),
        path: &mut Path<'_>,
    ) -> bool {
        let padding = if self.padding { padding_len(payload.len()) } else { 0 };
        let fields = Fields {
            marker,
            padding: padding > 0,
            payload_type,
            sequence: low(placed.index),
            timestamp: packet.header.timestamp.wrapping_add(placed.offsets.timestamp),
            ssrc: self.ssrc,
        };
        let payload_end = HEADER_LEN + payload.len();
        let plain_len = payload_end + usize::from(padding);
        let sender = &mut *path.sender;
        path.arena.push(path.destination, plain_len + RTP_OVERHEAD, |out| {
            write_header(out, &fields, &[]);
            let body = &mut out[HEADER_LEN..payload_end];
            body.copy_from_slice(payload);
            rewrite_vp8(packet.vp8, body, placed.offsets);
            if padding > 0 {
                // The count stands in the last byte, behind zeros (RFC 3550 5.1), which the arena gives.
                out[plain_len - 1] = padding;
            }
            Some(sender.seal_rtp(roll_over(placed.index), out, HEADER_LEN, plain_len))
        })
    }

    /// What a NACK for `sequence` asks for, if it is to be answered now.
    pub(crate) fn request(&mut self, sequence: u16, now: Instant) -> Option<SentEntry> {
        self.sent_log.request(sequence, now)
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
        let payload = header.payload(plain);
        // An empty packet has a number only if it was sent; a skipped number belongs to content.
        if payload.is_empty() && !entry.sent {
            return false;
        }
        let (_, vp8) = read_payload(codec, payload);
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
            rewrite_vp8(vp8, body, entry.offsets);
            Some(sender.seal_rtp(roll_over(index), out, HEADER_LEN, plain_len))
        });
        if sent {
            self.rtx_index += 1;
            path.counters.retransmitted += 1;
        } else {
            path.counters.arena_full += 1;
        }
        sent
    }
}

/// Bytes of padding for a payload of this length.
fn padding_len(payload_len: usize) -> u8 {
    if payload_len < PADDED_FROM {
        return 0;
    }
    u8::try_from(payload_len.next_multiple_of(PADDING_UNIT) - payload_len).expect("below the unit")
}

fn rewrite_vp8(vp8: Option<Vp8>, payload: &mut [u8], offsets: Offsets) {
    if let Some(vp8) = vp8 {
        let picture_id = vp8.picture_id.unwrap_or(0).wrapping_add(offsets.picture_id);
        let tl0_pic_idx = vp8.tl0_pic_idx.unwrap_or(0).wrapping_add(offsets.tl0_pic_idx);
        vp8.rewrite(payload, picture_id, tl0_pic_idx);
    }
}

fn low(index: u64) -> u16 {
    u16::try_from(index & 0xffff).expect("masked to 16 bits")
}

fn roll_over(index: u64) -> u32 {
    u32::try_from(index >> 16).expect("a stream does not live for 2^48 packets")
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
