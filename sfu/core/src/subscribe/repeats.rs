//! Packets that are sent a second time, a moment after the first, to a path that loses some. The last packet of a
//! picture is missed only when the next picture comes, and a lost answer only a round trip later: by then the picture has
//! stood still for long.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::event::PeerId;
use crate::handles::SlotRef;
use crate::limits;

/// From the first time to the second: long enough that one burst does not take both, short beside a picture.
const DELAY: Duration = Duration::from_millis(10);

/// A packet, by the number that it has in its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repeat {
    pub(crate) slot: SlotRef,
    /// Whose the slot was: its index may be another peer's by then.
    pub(crate) peer: PeerId,
    pub(crate) sequence: u16,
}

/// What waits, first due first: all wait equally long.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    waiting: VecDeque<(Instant, Repeat)>,
}

impl Repeats {
    /// Takes a packet that was sent now. When too many wait it is not repeated.
    pub(crate) fn push(&mut self, repeat: Repeat, now: Instant) {
        if self.waiting.len() < limits::REPEATS_WAITING_MAX {
            self.waiting.push_back((now + DELAY, repeat));
        }
    }

    /// When the next one is due.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        self.waiting.front().map(|(at, _)| *at)
    }

    /// The next one whose time has come.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Repeat> {
        self.due_at().filter(|at| *at <= now)?;
        self.waiting.pop_front().map(|(_, repeat)| repeat)
    }
}

/// How many bytes a slot may send a second time until the next grant.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RepeatCredit {
    bytes: u64,
    /// By the last grant.
    granted: u64,
    /// All that the slot had sent at the last grant.
    sent_before: u64,
}

impl RepeatCredit {
    /// Called once a second with the bytes that the slot has sent since its start: grants an eighth of the last second, or
    /// what the pictures of a small stream need, but no more than `spare`. Returns the bytes granted.
    pub(crate) fn grant(&mut self, sent: u64, spare: u64) -> u64 {
        let last = sent.saturating_sub(std::mem::replace(&mut self.sent_before, sent));
        self.bytes = (last / 8).max(limits::REPEATED_BYTES_PER_SECOND).min(spare);
        self.granted = self.bytes;
        self.bytes
    }

    /// Takes `bytes` for an answer; false when the credit does not hold as many.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        self.take_above(0, bytes)
    }

    /// Takes `bytes` for the end of a picture, but leaves a quarter for answers, which are late already.
    pub(crate) fn take_for_end(&mut self, bytes: usize) -> bool {
        self.take_above(self.granted / 4, bytes)
    }

    fn take_above(&mut self, kept: u64, bytes: usize) -> bool {
        let left = self.bytes.checked_sub(bytes as u64).filter(|left| *left >= kept);
        self.bytes = left.unwrap_or(self.bytes);
        left.is_some()
    }
}

/// Numbers that are remembered: more than are sent until feedback speaks of them. A power of two.
const RECENT: usize = 512;

/// What was sent under the last transport-wide numbers of a path that loses packets.
#[derive(Debug)]
pub(crate) struct RecentNumbers {
    /// Number, slot and number in the slot, by the low bits of the first.
    entries: Box<[Option<(u16, u16, u16)>]>,
}

impl RecentNumbers {
    pub(crate) fn new() -> Self {
        Self {
            entries: vec![None; RECENT].into_boxed_slice(),
        }
    }

    /// Records what was forwarded under a transport-wide number.
    pub(crate) fn record(&mut self, number: u16, slot: usize, sequence: u16) {
        let slot = u16::try_from(slot).ok();
        self.entries[usize::from(number) % RECENT] = slot.map(|slot| (number, slot, sequence));
    }

    /// Slot and number there of what was forwarded under a transport-wide number.
    pub(crate) fn find(&self, number: u16) -> Option<(usize, u16)> {
        let (recorded, slot, sequence) = self.entries[usize::from(number) % RECENT]?;
        (recorded == number).then_some((usize::from(slot), sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handles::PeerIndex;

    #[test]
    fn the_last_numbers_are_known() {
        let mut recent = RecentNumbers::new();
        assert_eq!(recent.find(3), None);
        recent.record(3, 1, 700);
        recent.record(65_535, 2, 9);
        assert_eq!((recent.find(3), recent.find(65_535)), (Some((1, 700)), Some((2, 9))));
        recent.record(3 + RECENT as u16, 1, 701);
        assert_eq!((recent.find(3), recent.find(3 + RECENT as u16)), (None, Some((1, 701))));
    }

    #[test]
    fn what_was_sent_is_due_a_moment_later_and_in_order() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let repeat = |sequence| Repeat {
            slot: SlotRef {
                peer: PeerIndex::new(1),
                slot: 3,
            },
            peer: PeerId(2),
            sequence,
        };
        let mut repeats = Repeats::default();
        assert_eq!((repeats.due_at(), repeats.take_due(start)), (None, None));
        repeats.push(repeat(7), at(0));
        repeats.push(repeat(8), at(4));
        assert_eq!((repeats.due_at(), repeats.take_due(at(9))), (Some(at(10)), None));
        assert_eq!(
            (repeats.take_due(at(10)), repeats.take_due(at(10))),
            (Some(repeat(7)), None)
        );
        assert_eq!(repeats.take_due(at(100)), Some(repeat(8)));
        for sequence in 0..limits::REPEATS_WAITING_MAX + 5 {
            repeats.push(repeat((sequence & 0xffff) as u16), start);
        }
        assert_eq!(repeats.waiting.len(), limits::REPEATS_WAITING_MAX);
    }

    #[test]
    fn credit_is_a_share_of_what_is_sent_and_never_more_than_there_is_room_for() {
        let floor = limits::REPEATED_BYTES_PER_SECOND;
        let mut credit = RepeatCredit::default();
        assert!(!credit.take(1), "nothing before the first look");
        assert_eq!(credit.grant(1_000, 100_000), floor);
        assert!(credit.take(1_200) && credit.bytes == floor - 1_200);
        assert_eq!(
            credit.grant(1_000 + 64 * floor, 10_000_000),
            8 * floor,
            "an eighth of the last second"
        );
        assert_eq!(credit.grant(1_000 + 64 * floor, 700), 700);
        assert!(!credit.take(701) && credit.take(700) && !credit.take(1));
        credit.grant(0, 1_000);
        assert!(credit.take_for_end(750) && !credit.take_for_end(1) && credit.take(250));
    }
}
