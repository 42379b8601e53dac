//! The packets of one published stream, stored once for every subscriber's retransmissions.

/// Longest packet stored; longer ones are not kept, since no network path carries them whole.
pub(crate) const PACKET_LEN_MAX: usize = 1500;

/// Fixed slots, keyed by extended sequence number; the newest packet takes the slot of the one `slots` before it.
#[derive(Debug)]
pub struct PacketRing {
    slots: Box<[Slot]>,
    bytes: Box<[u8]>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    index: u64,
    /// Zero while the slot is empty.
    len: u16,
}

impl PacketRing {
    /// `slots` is rounded up to a power of two. All memory is taken here: [`PACKET_LEN_MAX`] bytes a slot.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        let slots = slots.next_power_of_two();
        Self {
            slots: vec![Slot::default(); slots].into_boxed_slice(),
            bytes: vec![0; slots * PACKET_LEN_MAX].into_boxed_slice(),
        }
    }

    /// Stores a plain packet under its index (`roc << 16 | sequence`). False when it is empty, too long, or older than
    /// what its slot holds.
    pub fn insert(&mut self, index: u64, packet: &[u8]) -> bool {
        let slot_index = self.slot_of(index);
        let slot = &mut self.slots[slot_index];
        if packet.is_empty() || packet.len() > PACKET_LEN_MAX || (slot.len > 0 && slot.index > index) {
            return false;
        }
        slot.index = index;
        slot.len = u16::try_from(packet.len()).expect("at most PACKET_LEN_MAX");
        let start = slot_index * PACKET_LEN_MAX;
        self.bytes[start..start + packet.len()].copy_from_slice(packet);
        true
    }

    /// The packet with this index, if it is still here.
    #[must_use]
    pub fn get(&self, index: u64) -> Option<&[u8]> {
        let slot_index = self.slot_of(index);
        let slot = self.slots[slot_index];
        let start = slot_index * PACKET_LEN_MAX;
        (slot.len > 0 && slot.index == index).then(|| &self.bytes[start..start + usize::from(slot.len)])
    }

    fn slot_of(&self, index: u64) -> usize {
        usize::try_from(index & (self.slots.len() as u64 - 1)).expect("below the number of slots")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn newest_wins_and_unfit_packets_are_refused() {
        let mut ring = PacketRing::new(3);
        assert!(ring.insert(5, b"five") && ring.insert(6, b"six"));
        assert_eq!(ring.get(5), Some(&b"five"[..]));
        assert!(
            ring.insert(9, b"nine"),
            "nine shares the slot of five in a ring of four"
        );
        assert_eq!((ring.get(5), ring.get(9)), (None, Some(&b"nine"[..])));
        assert!(!ring.insert(5, b"late"));
        assert!(!ring.insert(7, &[]) && !ring.insert(7, &[0; PACKET_LEN_MAX + 1]));
        assert_eq!(ring.get(7), None);
    }

    proptest! {
        #[test]
        fn holds_exactly_the_last_packets(first in 0..u64::MAX / 2, count in 1..100_u64) {
            let mut ring = PacketRing::new(16);
            for index in first..first + count {
                prop_assert!(ring.insert(index, &index.to_be_bytes()));
            }
            for index in first..first + count {
                let kept = first + count - index <= 16;
                prop_assert_eq!(ring.get(index).is_some(), kept);
                prop_assert!(ring.get(index).is_none_or(|packet| packet == index.to_be_bytes()));
            }
        }
    }
}
