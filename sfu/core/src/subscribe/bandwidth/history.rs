//! What was sent to one peer under each transport-wide number.

use crate::prefetch::prefetch;

/// Packets remembered: a second and more of the fastest subscriber, in eight bytes each. A power of two.
const WINDOW: u64 = 1_024;

/// A packet that was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// Microseconds since the start, modulo 2^32.
    pub(super) at: u32,
    /// With all headers.
    pub(super) bytes: u16,
    /// The probe it was part of; zero for none.
    pub(super) probe: u8,
    /// Its arrival was counted; set as well on what was never sent, which never counts.
    pub(super) counted: bool,
}

/// The last packets, by number.
#[derive(Debug)]
pub(super) struct History {
    entries: Box<[Sent]>,
    /// Far enough from zero that a number before it has an entry.
    next: u64,
}

impl History {
    pub(super) fn new() -> Self {
        let nothing = Sent {
            counted: true,
            ..Sent::default()
        };
        Self {
            entries: vec![nothing; index_of(WINDOW - 1) + 1].into_boxed_slice(),
            next: 1 << 16,
        }
    }

    /// Records a packet and gives it its number.
    pub(super) fn send(&mut self, at: u32, bytes: u16, probe: u8) -> u16 {
        let number = self.next;
        self.next += 1;
        self.entries[index_of(number)] = Sent {
            at,
            bytes,
            probe,
            counted: false,
        };
        low(number)
    }

    /// Prefetches the entry of the next packet.
    pub(super) fn prefetch(&self) {
        prefetch(&self.entries[index_of(self.next)]);
    }

    /// The number given last.
    pub(super) fn newest(&self) -> u16 {
        low(self.next - 1)
    }

    /// The full number of the packet that `number` means: the newest with these 16 bits.
    pub(super) fn unroll(&self, number: u16) -> u64 {
        let newest = self.next - 1;
        newest - u64::from(low(newest).wrapping_sub(number))
    }

    /// The packet with this full number; `None` when it is too old, or was never sent.
    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Sent> {
        let known = number < self.next && number + WINDOW >= self.next;
        known.then(|| &mut self.entries[index_of(number)])
    }

    /// The oldest number that is still known.
    pub(super) fn oldest(&self) -> u64 {
        self.next - WINDOW
    }
}

fn index_of(number: u64) -> usize {
    usize::try_from(number & (WINDOW - 1)).expect("below the window")
}

pub(super) fn low(number: u64) -> u16 {
    u16::try_from(number & 0xffff).expect("masked to 16 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_last_packets_by_the_low_half_of_their_numbers() {
        let mut history = History::new();
        let mut numbers = Vec::new();
        for sent in 0..70_000u32 {
            numbers.push(history.send(sent, 128, 0));
        }
        for (back, expected) in [(0, Some(69_999)), (1_023, Some(68_976)), (1_024, None)] {
            let number = history.unroll(numbers[numbers.len() - 1 - back]);
            let found = history.get_mut(number).map(|sent| (sent.at, sent.bytes));
            assert_eq!(found, expected.map(|at| (at, 128)), "{back} back");
        }
        // A number that comes next is taken for one a whole round ago.
        let ahead = history.unroll(numbers[numbers.len() - 1].wrapping_add(1));
        assert_eq!(history.get_mut(ahead), None);
    }
}
