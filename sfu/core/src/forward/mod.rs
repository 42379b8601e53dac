//! Rewrites one source's numbers into a slot's: sequence, timestamp and VP8 picture ids stay continuous whatever the
//! slot is switched to (RFC 3550 5.1, RFC 7741 4.2).

use std::collections::VecDeque;
use std::time::Instant;

use crate::layers::Layer;
use crate::rtp::{Av1, H264, Header, Vp8, Vp9};
use crate::sdp::Codec;

/// Gaps closed by leaving out empty packets that are remembered, so that a late packet gets its right number.
const SHIFTS_REMEMBERED: usize = 16;

/// A packet that came in, as the forwarding sees it. The payload goes beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MediaPacket {
    /// Number of the stream: never used twice in a core, so that a new one is noticed.
    pub(crate) stream: u32,
    /// The place of its encoding in the track.
    pub(crate) encoding: usize,
    pub(crate) layer: Layer,
    pub(crate) codec: Codec,
    /// `roc << 16 | sequence` of the source.
    pub(crate) index: u64,
    pub(crate) header: Header,
    /// A decoder of pictures that knows nothing can begin here.
    pub(crate) keyframe: bool,
    pub(crate) vp8: Option<Vp8>,
    /// Nothing of this stream with a higher index came before.
    pub(crate) newest: bool,
}

impl MediaPacket {
    /// A decoder that knows nothing can begin here.
    pub(crate) fn can_start(&self) -> bool {
        match self.codec {
            Codec::Opus => self.header.payload_len > 0,
            Codec::Vp8 | Codec::H264 | Codec::Vp9 | Codec::Av1 => self.keyframe,
        }
    }
}

/// What a payload says about itself: whether it is a place to begin, and its VP8 descriptor.
pub(crate) fn read_payload(codec: Codec, payload: &[u8]) -> (bool, Option<Vp8>) {
    match codec {
        Codec::Opus => (false, None),
        Codec::Vp8 => {
            let vp8 = Vp8::parse(payload);
            (vp8.is_some_and(|vp8| vp8.keyframe), vp8)
        }
        Codec::H264 => (H264::parse(payload).is_some_and(|h264| h264.keyframe), None),
        Codec::Vp9 => (Vp9::parse(payload).is_some_and(|vp9| vp9.keyframe()), None),
        Codec::Av1 => (Av1::parse(payload).is_some_and(|av1| av1.keyframe), None),
    }
}

/// What to add to the numbers of a source to get the slot's. All wrap around.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Offsets {
    pub(crate) timestamp: u32,
    pub(crate) picture_id: u16,
    pub(crate) tl0_pic_idx: u8,
}

/// The place of a packet in the slot's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) index: u64,
    /// Numbers skipped before it, which a retransmission may still fill.
    pub(crate) gap: u64,
    pub(crate) offsets: Offsets,
}

/// The newest packet sent.
#[derive(Debug, Clone, Copy)]
struct Last {
    index: u64,
    timestamp: u32,
    sent_at: Instant,
    picture_id: u16,
    tl0_pic_idx: u8,
}

/// Numbers of one slot.
#[derive(Debug)]
pub(crate) struct Rewriter {
    first_index: u64,
    last: Option<Last>,
    /// Packets of the source before this one are not forwarded.
    start: u64,
    /// From which source index on which number is subtracted, oldest first. Never empty once started.
    shifts: VecDeque<(u64, u64)>,
    offsets: Offsets,
}

impl Rewriter {
    /// `first_sequence` is random (RFC 3550 5.1).
    pub(crate) fn new(first_sequence: u16) -> Self {
        Self {
            // The upper half is avoided, so that early loss cannot make a receiver guess the first roll-over wrong.
            first_index: u64::from(first_sequence & 0x7fff),
            last: None,
            start: 0,
            shifts: VecDeque::with_capacity(SHIFTS_REMEMBERED + 1),
            offsets: Offsets::default(),
        }
    }

    /// Begins a new source with this packet.
    pub(crate) fn start(&mut self, packet: &MediaPacket, now: Instant) -> Placed {
        let next = self.last.map_or(self.first_index, |last| last.index + 1);
        self.start = packet.index;
        self.shifts.clear();
        self.shifts.push_back((packet.index, packet.index.wrapping_sub(next)));
        if let Some(last) = self.last {
            let gap = now.saturating_duration_since(last.sent_at).as_micros();
            let ticks = gap * u128::from(packet.codec.clock_rate()) / 1_000_000;
            // At least one tick on, so that the new source's first frame is not taken for part of the old one's last.
            let ticks = u32::try_from(ticks % (1 << 32)).expect("below 2^32").max(1);
            self.offsets.timestamp = last.timestamp.wrapping_add(ticks).wrapping_sub(packet.header.timestamp);
            if let Some(vp8) = packet.vp8 {
                let picture_id = vp8
                    .picture_id
                    .map_or(0, |source| last.picture_id.wrapping_add(1).wrapping_sub(source));
                self.offsets.picture_id = picture_id;
                let tl0 = vp8
                    .tl0_pic_idx
                    .map_or(0, |source| last.tl0_pic_idx.wrapping_add(1).wrapping_sub(source));
                self.offsets.tl0_pic_idx = tl0;
            }
        }
        self.note(packet, next, now);
        Placed {
            index: next,
            gap: 0,
            offsets: self.offsets,
        }
    }

    /// The place of a further packet of the source, or `None` if it is not to be sent: it lies before the start, or it
    /// is empty, so that its number is given to the packet after it.
    pub(crate) fn place(&mut self, packet: &MediaPacket, now: Instant) -> Option<Placed> {
        if packet.index < self.start {
            return None;
        }
        let shift = self.shifts.iter().rev().find(|(from, _)| *from <= packet.index)?.1;
        let last = self.last?;
        if packet.newest && packet.header.payload_len == 0 {
            if self.shifts.len() > SHIFTS_REMEMBERED {
                self.shifts.pop_front();
            }
            self.shifts.push_back((packet.index + 1, shift.wrapping_add(1)));
            return None;
        }
        let index = packet.index.wrapping_sub(shift);
        let mut gap = 0;
        if index > last.index {
            gap = index - last.index - 1;
            self.note(packet, index, now);
        }
        Some(Placed {
            index,
            gap,
            offsets: self.offsets,
        })
    }

    /// Which packet of the source a number of the slot stands for.
    pub(crate) fn source_of(&self, index: u64) -> Option<u64> {
        let mut shifts = self.shifts.iter().rev();
        shifts.find_map(|(from, shift)| Some(index.wrapping_add(*shift)).filter(|source| source >= from))
    }

    fn note(&mut self, packet: &MediaPacket, index: u64, now: Instant) {
        let before = self.last;
        let picture_id = packet.vp8.and_then(|vp8| vp8.picture_id);
        let tl0_pic_idx = packet.vp8.and_then(|vp8| vp8.tl0_pic_idx);
        self.last = Some(Last {
            index,
            timestamp: packet.header.timestamp.wrapping_add(self.offsets.timestamp),
            sent_at: now,
            picture_id: picture_id
                .map(|id| id.wrapping_add(self.offsets.picture_id))
                .or(before.map(|last| last.picture_id))
                .unwrap_or_default(),
            tl0_pic_idx: tl0_pic_idx
                .map(|idx| idx.wrapping_add(self.offsets.tl0_pic_idx))
                .or(before.map(|last| last.tl0_pic_idx))
                .unwrap_or_default(),
        });
    }

    /// The first packet of the current source that was sent.
    pub(crate) fn source_start(&self) -> u64 {
        self.start
    }

    /// The slot's timestamp for a timestamp of the current source.
    pub(crate) fn timestamp(&self, source: u32) -> u32 {
        source.wrapping_add(self.offsets.timestamp)
    }
}

/// One sent (or skipped) sequence number of a slot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SentEntry {
    /// Slot index plus one; zero is a place never used.
    key: u64,
    pub(crate) source_index: u64,
    pub(crate) stream: u32,
    pub(crate) offsets: Offsets,
    /// False for a number that was skipped.
    pub(crate) sent: bool,
    retransmitted_at: Option<Instant>,
}

const UNUSED: SentEntry = SentEntry {
    key: 0,
    source_index: 0,
    stream: 0,
    offsets: Offsets {
        timestamp: 0,
        picture_id: 0,
        tl0_pic_idx: 0,
    },
    sent: false,
    retransmitted_at: None,
};

/// The last sequence numbers of a slot and what they stood for. It answers NACKs, and it refuses to let one number be
/// sealed twice: with GCM that would give the key away.
#[derive(Debug, Default)]
pub(crate) struct SentLog {
    entries: Vec<SentEntry>,
    highest: u64,
}

impl SentLog {
    /// Takes its memory at the first use, since many slots never carry anything. `capacity` is a power of two.
    pub(crate) fn prepare(&mut self, capacity: usize) {
        if self.entries.is_empty() {
            self.entries.resize(capacity, UNUSED);
        }
    }

    fn place(&self, index: u64) -> usize {
        usize::try_from(index & (self.entries.len() as u64 - 1)).expect("below the capacity")
    }

    /// Notes a number below the newest that was skipped, so that a NACK for it finds its packet.
    pub(crate) fn skip(&mut self, index: u64, source_index: u64, stream: u32, offsets: Offsets) {
        let place = self.place(index);
        self.entries[place] = SentEntry {
            key: index + 1,
            source_index,
            stream,
            offsets,
            sent: false,
            retransmitted_at: None,
        };
    }

    /// The longest gap that can be noted.
    pub(crate) fn gap_max(&self) -> u64 {
        self.entries.len() as u64 - 1
    }

    /// Notes a packet about to be sealed. False: this number was sealed before, or is too old to know.
    pub(crate) fn record(&mut self, placed: Placed, source_index: u64, stream: u32) -> bool {
        let capacity = self.entries.len() as u64;
        if placed.index + capacity <= self.highest {
            return false;
        }
        let entry = SentEntry {
            key: placed.index + 1,
            source_index,
            stream,
            offsets: placed.offsets,
            sent: true,
            retransmitted_at: None,
        };
        let place = self.place(placed.index);
        let before = &mut self.entries[place];
        if before.key == entry.key && before.sent {
            return false;
        }
        *before = entry;
        self.highest = self.highest.max(placed.index);
        true
    }

    /// The entry that a NACK for this sequence number means, if it is to be answered (again) now.
    pub(crate) fn request(&mut self, sequence: u16, now: Instant) -> Option<SentEntry> {
        if self.entries.is_empty() {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "the distance modulo 2^16 is meant")]
        let back = (self.highest as u16).wrapping_sub(sequence);
        let index = self.highest.checked_sub(u64::from(back))?;
        let place = self.place(index);
        let entry = &mut self.entries[place];
        if entry.key != index + 1 {
            return None;
        }
        let lately = |at: Instant| now.saturating_duration_since(at) < crate::limits::RETRANSMIT_INTERVAL;
        if entry.retransmitted_at.is_some_and(lately) {
            return None;
        }
        entry.retransmitted_at = Some(now);
        Some(*entry)
    }
}

#[cfg(test)]
mod tests;
