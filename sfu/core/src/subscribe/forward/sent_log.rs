//! The last sequence numbers of a slot and what they stand for.

use std::time::{Duration, Instant};

use crate::packet::Offsets;
use crate::prefetch::prefetch;
use crate::wire::rtp::dependency_descriptor::Renumber;

/// Streams of which numbers are still known. The oldest is forgotten for a new one.
const SEGMENTS: usize = 4;

/// What became of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SentState {
    /// Kept free for a packet that did not come yet.
    Reserved,
    Sent,
    /// Sent without a payload: its packet came late and was not to be shown.
    Empty,
}

/// One number as a NACK finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SentEntry {
    pub(crate) source_index: u64,
    pub(crate) stream: u32,
    pub(crate) offsets: Offsets,
    pub(crate) state: SentState,
}

/// Twelve bytes, since every subscriber keeps a thousand of them for each picture it sees.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Low half of the source's index.
    source: u32,
    /// Milliseconds since the log was prepared, plus one; zero before the first retransmission.
    repeated: u32,
    picture_id: u16,
    state: SentState,
}

/// Numbers from `first` on belong to one stream.
#[derive(Debug, Clone, Copy)]
struct Segment {
    first: u64,
    stream: u32,
    source: u64,
    timestamp: u32,
    tl0_pic_idx: u8,
    frames: Renumber,
}

impl Segment {
    /// How far an entry is from the start of the stream.
    fn distance(&self, entry: &Entry) -> u64 {
        #[expect(clippy::cast_possible_truncation, reason = "the distance modulo 2^32 is meant")]
        let start = self.source as u32;
        u64::from(entry.source.wrapping_sub(start))
    }
}

/// Answers NACKs, finds the number of a packet that comes late, and never gives out a number twice: with GCM that would
/// give the key away.
#[derive(Debug)]
pub(super) struct SentLog {
    entries: Vec<Entry>,
    /// Oldest first.
    segments: Vec<Segment>,
    /// The number after the newest.
    next: u64,
    /// The first number of all.
    first: u64,
    epoch: Option<Instant>,
}

impl SentLog {
    pub(super) fn new(first: u64) -> Self {
        Self {
            entries: Vec::new(),
            segments: Vec::new(),
            next: first,
            first,
            epoch: None,
        }
    }

    /// Takes its memory at the first use, since many slots never carry anything. `capacity` is a power of two.
    pub(super) fn prepare(&mut self, capacity: usize, now: Instant) {
        if self.entries.is_empty() {
            let unused = Entry {
                source: 0,
                repeated: 0,
                picture_id: 0,
                state: SentState::Reserved,
            };
            self.entries.resize(capacity, unused);
            self.segments.reserve_exact(SEGMENTS);
            self.epoch = Some(now);
        }
    }

    /// Asks for the memory of the next number.
    pub(super) fn prefetch(&self) {
        if !self.entries.is_empty() {
            prefetch(&self.entries[self.entry_at(self.next)]);
        }
    }

    /// From the next number on another stream is sent.
    pub(super) fn begin(&mut self, stream: u32, source: u64, offsets: Offsets) {
        if self.segments.len() == SEGMENTS {
            self.segments.remove(0);
        }
        self.segments.push(Segment {
            first: self.next,
            stream,
            source,
            timestamp: offsets.timestamp,
            tl0_pic_idx: offsets.tl0_pic_idx,
            frames: offsets.frames,
        });
    }

    fn entry_at(&self, index: u64) -> usize {
        usize::try_from(index & (self.entries.len() as u64 - 1)).expect("below the capacity")
    }

    /// Numbers that are known at once.
    pub(super) fn capacity(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Gives the next number to a packet of the current stream.
    pub(super) fn push(&mut self, source_index: u64, picture_id: u16, state: SentState) -> u64 {
        let index = self.next;
        let at = self.entry_at(index);
        #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
        let source = source_index as u32;
        self.entries[at] = Entry {
            source,
            repeated: 0,
            picture_id,
            state,
        };
        self.next += 1;
        index
    }

    /// The number that is kept free for a packet of the current stream, with its picture offset. It is
    /// taken by this.
    pub(super) fn fill(&mut self, source_index: u64, state: SentState) -> Option<(u64, u16)> {
        let segment = *self.segments.last()?;
        let wanted = source_index.checked_sub(segment.source)?;
        let oldest = segment.first.max(self.next.saturating_sub(self.capacity()));
        let (mut low, mut high) = (oldest, self.next);
        while low < high {
            let middle = low + (high - low) / 2;
            if segment.distance(&self.entries[self.entry_at(middle)]) < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if low == self.next {
            return None;
        }
        let at = self.entry_at(low);
        let entry = &mut self.entries[at];
        if segment.distance(entry) != wanted || entry.state != SentState::Reserved {
            return None;
        }
        entry.state = state;
        Some((low, entry.picture_id))
    }

    /// What this sequence number stands for, unless it was sent again less than `interval` ago. It counts as sent again.
    pub(super) fn resend(&mut self, sequence: u16, interval: Duration, now: Instant) -> Option<SentEntry> {
        let newest = self.next.checked_sub(1).filter(|_| !self.entries.is_empty())?;
        #[expect(clippy::cast_possible_truncation, reason = "the distance modulo 2^16 is meant")]
        let back = (newest as u16).wrapping_sub(sequence);
        let index = newest.checked_sub(u64::from(back))?;
        if index < self.first || index + self.capacity() < self.next {
            return None;
        }
        let segment = *self.segments.iter().rev().find(|segment| segment.first <= index)?;
        let ended = self.segments.last().is_some_and(|last| last.first > index);
        let elapsed = now.saturating_duration_since(self.epoch?).as_millis() + 1;
        let millis = u32::try_from(elapsed % (1 << 32)).expect("below 2^32").max(1);
        let at = self.entry_at(index);
        let entry = &mut self.entries[at];
        // The pictures of a later start were counted without the ones that did not come before it.
        if ended && entry.state == SentState::Reserved {
            return None;
        }
        let since = u128::from(millis.wrapping_sub(entry.repeated));
        if entry.repeated != 0 && since < interval.as_millis() {
            return None;
        }
        entry.repeated = millis;
        Some(SentEntry {
            source_index: segment.source + segment.distance(entry),
            stream: segment.stream,
            offsets: Offsets {
                timestamp: segment.timestamp,
                picture_id: entry.picture_id,
                tl0_pic_idx: segment.tl0_pic_idx,
                frames: segment.frames,
            },
            state: entry.state,
        })
    }
}
