//! The packets of one published stream, stored once for every subscriber's retransmissions.

/// Longest packet stored; longer ones are not kept.
pub const PACKET_LEN_MAX: usize = 1500;

/// Fixed slots, keyed by extended sequence number; the newest packet takes the slot of the one `slots` before it.
#[derive(Debug)]
pub struct PacketRing {
    slots: usize,
}

impl PacketRing {
    /// `slots` is rounded up to a power of two. All memory is taken here.
    pub fn new(slots: usize) -> Self {
        Self { slots }
    }

    /// Stores a plain packet under its index (`roc << 16 | sequence`). False when it was too long or older than what its slot holds.
    pub fn insert(&mut self, index: u64, packet: &[u8]) -> bool {
        unimplemented!("{index}{packet:?}{}", self.slots)
    }

    pub fn get(&self, index: u64) -> Option<&[u8]> {
        unimplemented!("{index}")
    }
}
