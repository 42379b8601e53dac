//! Rewrites one source's numbers into a slot's: sequence, timestamp and picture ids stay continuous whatever the slot is
//! switched to and whatever is left out (RFC 3550 5.1, RFC 7741 4.2).

use std::time::{Duration, Instant};

use super::sent_log::SentLog;
use super::{SentEntry, SentState};
use crate::limits;
use crate::packet::{MediaPacket, Offsets};
use crate::wire::rtp::dependency_descriptor::{Renumber, TEMPLATE_IDS};

/// A switch between two encodings of one publisher follows its clock only this near to the time of arrival, in seconds.
const ALIGNMENT_MAX_S: u32 = 2;

/// Numbers kept free for one gap, which is as many as are asked for again.
const RESERVED_MAX: u64 = 256;

/// Whether a packet is sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Yes,
    /// Its whole picture is left out.
    NoPicture,
    /// It is left out of a picture that is shown.
    NoLayer,
}

/// The numbers of a packet in the slot's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) index: u64,
    pub(crate) offsets: Offsets,
}

/// What to send of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbering {
    /// All of it.
    Whole(Numbers),
    /// Its number without its payload: the number was kept free before anybody knew that it is not needed.
    Empty(Numbers),
}

/// The newest packet sent.
#[derive(Debug, Clone, Copy)]
struct Last {
    timestamp: u32,
    sent_at: Instant,
}

/// A moment on the publisher's clock and the slot's timestamp for it.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    ntp: u64,
    timestamp: u32,
}

/// Numbers in dependency descriptors. Gaps are allowed in them, since each frame names those that it refers to: between two
/// starts they are only shifted.
#[derive(Debug, Default)]
struct Frames {
    /// The slot's number of the newest frame.
    newest: Option<u16>,
    /// The slot's template id after the last of the newest structure, so that two structures in a row share none (A.8.3).
    next_template: Option<u8>,
}

impl Frames {
    /// What to add to the numbers of a new source.
    fn start(&mut self, packet: &MediaPacket, before: Renumber) -> Renumber {
        let Some(read) = packet.descriptor.dependency() else {
            return before;
        };
        let mut renumber = Renumber::default();
        if let Some(newest) = self.newest {
            renumber.frame_number = newest.wrapping_add(1).wrapping_sub(read.value.frame_number);
        }
        if let Some(((first, _), next)) = read.value.brought.zip(self.next_template) {
            renumber.template = next.wrapping_sub(first) % TEMPLATE_IDS;
        }
        self.record_frame(packet, renumber);
        renumber
    }

    fn record_frame(&mut self, packet: &MediaPacket, renumber: Renumber) {
        let Some(read) = packet.descriptor.dependency() else {
            return;
        };
        self.newest = Some(read.value.frame_number.wrapping_add(renumber.frame_number));
        if let Some((first, count)) = read.value.brought {
            self.next_template = Some(first.wrapping_add(count).wrapping_add(renumber.template) % TEMPLATE_IDS);
        }
    }
}

/// Numbers of one slot.
#[derive(Debug)]
pub(crate) struct Rewriter {
    log: SentLog,
    last: Option<Last>,
    /// Packets of the source before this one are not forwarded.
    start: u64,
    /// The newest packet of the source that was seen, whether sent or left out.
    newest: u64,
    offsets: Offsets,
    /// Picture id of the newest picture, as the source counts.
    picture_id: Option<u16>,
    tl0_pic_idx: Option<u8>,
    frames: Frames,
    anchor: Option<Anchor>,
}

impl Rewriter {
    /// `first_sequence` is random (RFC 3550 5.1).
    pub(crate) fn new(first_sequence: u16) -> Self {
        Self {
            // The upper half is avoided, so that early loss cannot make a receiver guess the first roll-over wrong.
            log: SentLog::new(u64::from(first_sequence & 0x7fff)),
            last: None,
            start: 0,
            newest: 0,
            offsets: Offsets::default(),
            picture_id: None,
            tl0_pic_idx: None,
            frames: Frames::default(),
            anchor: None,
        }
    }

    /// Takes memory for as many numbers (a power of two), at the first use.
    pub(crate) fn prepare(&mut self, capacity: usize, now: Instant) {
        self.log.prepare(capacity, now);
    }

    /// Asks for the memory where the next number is recorded.
    pub(crate) fn prefetch_log(&self) {
        self.log.prefetch();
    }

    /// Another publisher's clock will count.
    pub(crate) fn forget_clock(&mut self) {
        self.anchor = None;
    }

    /// Learns when, by the publisher's clock, the source's timestamp was this.
    pub(crate) fn learn_clock(&mut self, ntp: u64, source_timestamp: u32) {
        let timestamp = self.timestamp(source_timestamp);
        self.anchor = Some(Anchor { ntp, timestamp });
    }

    /// Begins a new source with this packet.
    pub(crate) fn start(&mut self, packet: &MediaPacket, now: Instant) -> Numbers {
        if let Some(last) = self.last {
            let timestamp = self.start_timestamp(packet, last, now);
            self.offsets.timestamp = timestamp.wrapping_sub(packet.header.timestamp);
        }
        let (picture_id, tl0_pic_idx) = packet.descriptor.pictures();
        // What a source does not count stays where it was, for one that does.
        if let Some(source) = picture_id {
            let before = self
                .picture_id
                .map(|before| before.wrapping_add(self.offsets.picture_id));
            self.offsets.picture_id = before.map_or(0, |before| before.wrapping_add(1).wrapping_sub(source));
            self.picture_id = picture_id;
        }
        if let Some(source) = tl0_pic_idx {
            let before = self
                .tl0_pic_idx
                .map(|before| before.wrapping_add(self.offsets.tl0_pic_idx));
            self.offsets.tl0_pic_idx = before.map_or(0, |before| before.wrapping_add(1).wrapping_sub(source));
            self.tl0_pic_idx = tl0_pic_idx;
        }
        self.offsets.frames = self.frames.start(packet, self.offsets.frames);
        self.start = packet.index;
        self.newest = packet.index;
        self.log.begin(packet.stream, packet.index, self.offsets);
        if let Some(ntp) = packet.captured {
            self.learn_clock(ntp, packet.header.timestamp);
        }
        self.send(packet, now)
    }

    /// The slot's timestamp for the first packet of a source. Encodings of one publisher are placed by its clock, others
    /// by when they come.
    fn start_timestamp(&self, packet: &MediaPacket, last: Last, now: Instant) -> u32 {
        let rate = packet.codec.clock_rate();
        let gap = now.saturating_duration_since(last.sent_at).as_micros();
        let ticks = gap * u128::from(rate) / 1_000_000;
        let ticks = u32::try_from(ticks % (1 << 32)).expect("below 2^32");
        let by_arrival = last.timestamp.wrapping_add(ticks);
        let by_clock = self.anchor.zip(packet.captured).map(|(anchor, captured)| {
            let since = i128::from(captured.wrapping_sub(anchor.ntp).cast_signed());
            let ticks = ((since * i128::from(rate)) >> 32).rem_euclid(1 << 32);
            anchor
                .timestamp
                .wrapping_add(u32::try_from(ticks).expect("reduced modulo 2^32"))
        });
        let near =
            |timestamp: &u32| timestamp.wrapping_sub(by_arrival).cast_signed().unsigned_abs() < ALIGNMENT_MAX_S * rate;
        let timestamp = by_clock.filter(near).unwrap_or(by_arrival);
        // At least one tick on, so that the new source's first frame is not taken for part of the old one's last.
        if timestamp.wrapping_sub(last.timestamp).cast_signed() > 0 {
            timestamp
        } else {
            last.timestamp.wrapping_add(1)
        }
    }

    /// The numbers of a further packet of the source; `None` when it is left out.
    #[inline]
    pub(crate) fn number(&mut self, packet: &MediaPacket, keep: Keep, now: Instant) -> Option<Numbering> {
        if packet.index < self.start {
            return None;
        }
        if packet.index <= self.newest {
            return self.number_late(packet, keep, now);
        }
        // Numbers of what is missing are kept free: a retransmission may still fill them.
        let missing = packet.index - self.newest - 1;
        for source in packet.index - missing.min(RESERVED_MAX)..packet.index {
            self.log.push(source, self.offsets.picture_id, SentState::Reserved);
        }
        self.newest = packet.index;
        let (picture_id, tl0_pic_idx) = packet.descriptor.pictures();
        if picture_id.is_some() && picture_id != self.picture_id {
            self.picture_id = picture_id;
            if keep == Keep::NoPicture {
                self.offsets.picture_id = self.offsets.picture_id.wrapping_sub(1);
            }
        }
        self.tl0_pic_idx = tl0_pic_idx.or(self.tl0_pic_idx);
        self.frames.record_frame(packet, self.offsets.frames);
        // An empty packet, too, gives its number to the packet after it.
        if keep == Keep::Yes && packet.header.payload_len > 0 {
            Some(Numbering::Whole(self.send(packet, now)))
        } else {
            None
        }
    }

    fn number_late(&mut self, packet: &MediaPacket, keep: Keep, now: Instant) -> Option<Numbering> {
        let whole = keep == Keep::Yes && packet.header.payload_len > 0;
        let state = if whole { SentState::Sent } else { SentState::Empty };
        let (index, picture_id) = self.log.fill(packet.index, state)?;
        // It may still be of a newer picture than all before: those after it were empty, or left out.
        self.record_sent(packet, now);
        let (picture, tl0) = packet.descriptor.pictures();
        let ahead = |one: u16, other: u16| (1..0x4000).contains(&(one.wrapping_sub(other) & 0x7fff));
        if picture
            .zip(self.picture_id)
            .is_some_and(|(one, other)| ahead(one, other))
        {
            self.picture_id = picture;
        }
        let ahead = |one: u8, other: u8| one.wrapping_sub(other).cast_signed() > 0;
        if tl0.zip(self.tl0_pic_idx).is_some_and(|(one, other)| ahead(one, other)) {
            self.tl0_pic_idx = tl0;
        }
        let offsets = Offsets {
            picture_id,
            ..self.offsets
        };
        let numbers = Numbers { index, offsets };
        Some(if whole {
            Numbering::Whole(numbers)
        } else {
            Numbering::Empty(numbers)
        })
    }

    fn send(&mut self, packet: &MediaPacket, now: Instant) -> Numbers {
        let offsets = self.offsets;
        self.record_sent(packet, now);
        let index = self.log.push(packet.index, offsets.picture_id, SentState::Sent);
        Numbers { index, offsets }
    }

    fn record_sent(&mut self, packet: &MediaPacket, now: Instant) {
        let timestamp = self.timestamp(packet.header.timestamp);
        let newer = |last: Last| timestamp.wrapping_sub(last.timestamp).cast_signed() > 0;
        if self.last.is_none_or(newer) {
            let sent_at = now;
            self.last = Some(Last { timestamp, sent_at });
        }
    }

    /// The slot's timestamp for a timestamp of the current source.
    pub(crate) fn timestamp(&self, source: u32) -> u32 {
        source.wrapping_add(self.offsets.timestamp)
    }

    /// The first packet of the current source that was sent.
    pub(crate) fn source_start(&self) -> u64 {
        self.start
    }

    /// The newest packet of the source that was seen.
    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    /// What a NACK for this sequence number asks for; `None` when it was answered too lately.
    pub(crate) fn entry_to_resend(&mut self, sequence: u16, now: Instant) -> Option<SentEntry> {
        self.log.resend(sequence, limits::RETRANSMIT_INTERVAL, now)
    }

    /// What this sequence number stands for, if it was never sent again.
    pub(crate) fn recall_first(&mut self, sequence: u16, now: Instant) -> Option<SentEntry> {
        self.log.resend(sequence, Duration::MAX, now)
    }

    /// What this sequence number stands for, however lately it was sent.
    pub(crate) fn recall(&mut self, sequence: u16, now: Instant) -> Option<SentEntry> {
        self.log.resend(sequence, Duration::ZERO, now)
    }
}
