//! Redundant audio data (RFC 2198): blocks of earlier frames before the newest one, read and written.

/// Redundant blocks that are read of one packet; one with more is not read.
pub const BLOCKS_MAX: usize = 8;
/// The furthest that a block may lie back, in ticks of the RTP clock: 14 bits.
pub const OFFSET_MAX: u32 = 0x3fff;
/// The longest block: 10 bits.
pub const BLOCK_BYTES_MAX: usize = 0x3ff;

/// Bytes that announce a redundant block, and the newest one.
const BLOCK_HEADER_LEN: usize = 4;
const PRIMARY_HEADER_LEN: usize = 1;

/// An earlier frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Block<'a> {
    /// Ticks before the packet's own timestamp, at most [`OFFSET_MAX`].
    pub offset: u32,
    pub payload: &'a [u8],
}

/// A payload taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Red<'a> {
    blocks: [Block<'a>; BLOCKS_MAX],
    count: usize,
    /// Where the newest frame begins; it goes on to the end.
    pub primary_at: usize,
}

impl<'a> Red<'a> {
    /// Reads a payload whose blocks are all of one payload type; `None` for any other, and where lengths do not fit.
    #[must_use]
    pub fn parse(payload: &'a [u8], payload_type: u8) -> Option<Self> {
        let mut lens = [(0, 0); BLOCKS_MAX];
        let (mut count, mut rest) = (0, payload);
        while *rest.first()? & 0x80 != 0 {
            let (&[first, a, b, c], after) = rest.split_first_chunk::<BLOCK_HEADER_LEN>()?;
            let value = u32::from_be_bytes([0, a, b, c]);
            let len = usize::try_from(value & 0x3ff).ok()?;
            *lens.get_mut(count)? = (value >> 10, len);
            count += 1;
            rest = after;
            if first & 0x7f != payload_type {
                return None;
            }
        }
        if rest[0] != payload_type {
            return None;
        }
        let mut at = payload.len() - rest.len() + PRIMARY_HEADER_LEN;
        let mut blocks = [Block::default(); BLOCKS_MAX];
        for (block, (offset, len)) in blocks.iter_mut().zip(&lens[..count]) {
            *block = Block {
                offset: *offset,
                payload: payload.get(at..at + len)?,
            };
            at += len;
        }
        Some(Self {
            blocks,
            count,
            primary_at: at,
        })
    }

    /// The earlier frames, oldest first.
    #[must_use]
    pub fn blocks(&self) -> &[Block<'a>] {
        &self.blocks[..self.count]
    }
}

/// Bytes of a payload with these blocks before a frame of `primary_len`.
#[must_use]
pub fn written_len(blocks: &[Block<'_>], primary_len: usize) -> usize {
    let announced: usize = blocks.iter().map(|block| BLOCK_HEADER_LEN + block.payload.len()).sum();
    announced + PRIMARY_HEADER_LEN + primary_len
}

/// Writes a payload into `out`, which is of [`written_len`]. Blocks come oldest first, each at most [`BLOCK_BYTES_MAX`]
/// long and [`OFFSET_MAX`] back.
pub fn write(out: &mut [u8], payload_type: u8, blocks: &[Block<'_>], primary: &[u8]) {
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        out[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    for block in blocks {
        let len = u32::try_from(block.payload.len()).expect("at most BLOCK_BYTES_MAX");
        debug_assert!(
            block.offset <= OFFSET_MAX && block.payload.len() <= BLOCK_BYTES_MAX,
            "fits"
        );
        put(&(u32::from(0x80 | payload_type) << 24 | block.offset << 10 | len).to_be_bytes());
    }
    put(&[payload_type]);
    for block in blocks {
        put(block.payload);
    }
    put(primary);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_chromium_sends() {
        let payload = [0xef, 0x0f, 0x00, 0x03, 0x6f, 1, 2, 3, 9, 9];
        let read = Red::parse(&payload, 111).unwrap();
        let block = Block {
            offset: 960,
            payload: &[1, 2, 3],
        };
        assert_eq!(
            (read.blocks(), &payload[read.primary_at..]),
            (&[block][..], &[9, 9][..])
        );
        let alone = Red::parse(&[0x6f, 7], 111).unwrap();
        assert_eq!((alone.blocks().len(), alone.primary_at), (0, 1));
    }

    #[test]
    fn what_does_not_fit_is_not_read() {
        let many = [[0xef, 0, 0, 0]; BLOCKS_MAX + 1].concat();
        let cut: [&[u8]; 7] = [
            &[],
            &[0xef, 0, 0],
            &[0xef, 0, 0, 0],
            &[0xef, 0, 0, 4, 0x6f, 1, 2, 3],
            &[0xee, 0, 0, 0, 0x6f],
            &[0x6e, 1],
            &[&many[..], &[0x6f]].concat(),
        ];
        for payload in cut {
            assert_eq!(Red::parse(payload, 111), None, "{payload:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            blocks in prop::collection::vec((0..=OFFSET_MAX, prop::collection::vec(any::<u8>(), 0..200)), 0..=BLOCKS_MAX),
            primary in prop::collection::vec(any::<u8>(), 0..200),
            payload_type in 0u8..128,
        ) {
            let blocks: Vec<Block<'_>> =
                blocks.iter().map(|(offset, payload)| Block { offset: *offset, payload }).collect();
            let mut out = vec![0xff; written_len(&blocks, primary.len())];
            write(&mut out, payload_type, &blocks, &primary);
            let read = Red::parse(&out, payload_type).expect("what was written");
            prop_assert_eq!(read.blocks(), &blocks[..]);
            prop_assert_eq!(&out[read.primary_at..], &primary[..]);
        }

        #[test]
        fn any_bytes_are_read_or_refused(payload in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(read) = payload.first().and_then(|first| Red::parse(&payload, first & 0x7f)) {
                prop_assert!(read.primary_at <= payload.len());
            }
        }
    }
}
