//! The frames of sound before a packet, copied out of its publisher's ring once for all its subscribers.

use crate::publish::ring::PacketRing;
use crate::wire::rtp::Header;
use crate::wire::rtp::red::{BLOCK_BYTES_MAX, Block, OFFSET_MAX};

/// Frames that may go along with a packet.
pub(crate) const FRAMES_MAX: usize = 2;
/// Bytes of frames in one packet, the newest included.
const PAYLOAD_BYTES_MAX: usize = 1_100;

#[derive(Debug, Clone, Copy, Default)]
struct Frame {
    index: u64,
    offset: u32,
    start: usize,
    end: usize,
}

/// The frames before one packet; reused from packet to packet.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    bytes: Vec<u8>,
    /// Oldest first.
    frames: [Frame; FRAMES_MAX],
    count: usize,
}

impl Earlier {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }

    /// Takes what is there of the packets before `index`, which is at `timestamp`. What lies too far back or is too long
    /// for a block (RFC 2198 section 3) is left out.
    pub(crate) fn load(&mut self, ring: &PacketRing, index: u64, timestamp: u32) {
        self.clear();
        for back in (1..=FRAMES_MAX as u64).rev() {
            let Some(index) = index.checked_sub(back) else { continue };
            let Some(packet) = ring.get(index) else { continue };
            let Ok(header) = Header::parse(packet) else { continue };
            let payload = header.payload(packet);
            let offset = timestamp.wrapping_sub(header.timestamp);
            if payload.is_empty() || payload.len() > BLOCK_BYTES_MAX || !(1..=OFFSET_MAX).contains(&offset) {
                continue;
            }
            let start = self.bytes.len();
            self.bytes.extend_from_slice(payload);
            self.frames[self.count] = Frame {
                index,
                offset,
                start,
                end: self.bytes.len(),
            };
            self.count += 1;
        }
    }

    /// The newest `count` frames that are not from before `first`, oldest first; fewer where they would make a packet of
    /// a payload of `payload_len` longer than networks carry.
    pub(crate) fn blocks(&self, count: usize, first: u64, payload_len: usize) -> ([Block<'_>; FRAMES_MAX], usize) {
        let mut blocks = [Block::default(); FRAMES_MAX];
        let mut taken = 0;
        let from = self.count.saturating_sub(count);
        let bytes = |frames: &[Frame]| -> usize { frames.iter().map(|frame| frame.end - frame.start).sum() };
        for at in from..self.count {
            let frame = self.frames[at];
            if frame.index >= first && payload_len + bytes(&self.frames[at..self.count]) <= PAYLOAD_BYTES_MAX {
                blocks[taken] = Block {
                    offset: frame.offset,
                    payload: &self.bytes[frame.start..frame.end],
                };
                taken += 1;
            }
        }
        (blocks, taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::rtp::{Fields, write_header};

    fn packet(index: u64, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let fields = Fields {
            marker: false,
            padding: false,
            payload_type: 111,
            sequence: u16::try_from(index).unwrap(),
            timestamp,
            ssrc: 1,
        };
        let mut bytes = vec![0; 12];
        write_header(&mut bytes, &fields, &[]);
        bytes.extend_from_slice(payload);
        bytes
    }

    fn check(stored: &[(u64, u32, &[u8])], count: usize, first: u64, expected: &[(u32, &[u8])]) {
        let mut ring = PacketRing::new(8);
        for (index, timestamp, payload) in stored {
            assert!(ring.insert(*index, &packet(*index, *timestamp, payload)));
        }
        let mut earlier = Earlier::default();
        earlier.load(&ring, 10, 20_000);
        let (blocks, taken) = earlier.blocks(count, first, 100);
        let found: Vec<(u32, &[u8])> = blocks[..taken]
            .iter()
            .map(|block| (block.offset, block.payload))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn takes_the_newest_frames_that_fit() {
        let two: [(u64, u32, &[u8]); 2] = [(8, 18_080, b"eight"), (9, 19_040, b"nine")];
        check(&two, 2, 0, &[(1_920, b"eight"), (960, b"nine")]);
        check(&two, 1, 0, &[(960, b"nine")]);
        check(&two, 2, 9, &[(960, b"nine")]);
        check(&two, 0, 0, &[]);
        // One is missing, one too far back, one too long, one empty, one of the same time.
        check(&two[..1], 2, 0, &[(1_920, b"eight")]);
        check(&[(9, 3_616, b"far")], 2, 0, &[]);
        check(&[(9, 3_617, b"near")], 2, 0, &[(16_383, b"near")]);
        check(&[(9, 19_040, &[0; 1_024])], 2, 0, &[]);
        check(&[(9, 19_040, b"")], 2, 0, &[]);
        check(&[(9, 20_000, b"same")], 2, 0, &[]);
        // Together too long for a packet.
        let long = [7; 600];
        check(&[(8, 18_080, &long), (9, 19_040, &long)], 2, 0, &[(960, &long)]);
    }
}
