//! Reads transport-wide feedback in one pass, without a list of what it says
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).

use crate::limits;

/// Up to the first chunk.
const HEAD_LEN: usize = 20;
/// Ticks (250 us) in one unit (64 ms) of the reference time.
const TICKS_PER_REFERENCE: i64 = 256;
/// The reference time has 24 bits.
const REFERENCES: i64 = 1 << 24;

/// It does not parse, or speaks of more packets than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// One feedback packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Feedback<'a> {
    /// The first number that it speaks of.
    pub(super) base: u16,
    count: usize,
    reference: i64,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

impl<'a> Feedback<'a> {
    /// `packet` is the whole RTCP packet.
    pub(super) fn parse(packet: &'a [u8]) -> Result<Self, Malformed> {
        let (head, rest) = packet.split_first_chunk::<HEAD_LEN>().ok_or(Malformed)?;
        let count = usize::from(u16::from_be_bytes([head[14], head[15]]));
        if count > limits::FEEDBACK_STATUSES_MAX {
            return Err(Malformed);
        }
        // The arrival times begin behind the chunks, whose number only they themselves say.
        let (mut chunks, mut reported) = (0, 0);
        while reported < count {
            let chunk = rest.get(2 * chunks..2 * chunks + 2).ok_or(Malformed)?;
            reported += symbols(u16::from_be_bytes([chunk[0], chunk[1]]));
            chunks += 1;
        }
        let (chunks, deltas) = rest.split_at(2 * chunks);
        Ok(Self {
            base: u16::from_be_bytes([head[12], head[13]]),
            count,
            reference: i64::from(u32::from_be_bytes([0, head[16], head[17], head[18]])),
            chunks,
            deltas,
        })
    }

    /// The reference time in units of 64 ms without its wrap: the one nearest to the one before.
    pub(super) fn reference(&self, before: Option<i64>) -> i64 {
        let Some(before) = before else { return self.reference };
        let ahead = (self.reference - before).rem_euclid(REFERENCES);
        if ahead < REFERENCES / 2 {
            before + ahead
        } else {
            before + ahead - REFERENCES
        }
    }

    /// Names every packet in order by its offset from the base, with its arrival in ticks of 250 us from `reference`
    /// on, or `None` for one that did not arrive.
    pub(super) fn each(&self, reference: i64, mut name: impl FnMut(u64, Option<i64>)) -> Result<(), Malformed> {
        let mut ticks = reference * TICKS_PER_REFERENCE;
        let mut deltas = self.deltas;
        let mut offset = 0;
        for chunk in self.chunks.chunks_exact(2) {
            let chunk = u16::from_be_bytes([chunk[0], chunk[1]]);
            let end = (offset + symbols(chunk)).min(self.count);
            if chunk >> 13 == 0 {
                // A run of packets that did not arrive.
                (offset..end).for_each(|lost| name(lost as u64, None));
                offset = end;
            }
            let start = offset;
            while offset < end {
                let delta = match symbol(chunk, offset - start) {
                    0 => None,
                    1 => {
                        let (delta, rest) = deltas.split_first().ok_or(Malformed)?;
                        deltas = rest;
                        Some(i64::from(*delta))
                    }
                    2 => {
                        let (delta, rest) = deltas.split_first_chunk().ok_or(Malformed)?;
                        deltas = rest;
                        Some(i64::from(i16::from_be_bytes(*delta)))
                    }
                    _ => return Err(Malformed),
                };
                if let Some(delta) = delta {
                    ticks += delta;
                }
                name(offset as u64, delta.map(|_| ticks));
                offset += 1;
            }
        }
        Ok(())
    }
}

/// How many packets a chunk speaks of.
fn symbols(chunk: u16) -> usize {
    match chunk >> 14 {
        0b10 => 14,
        0b11 => 7,
        _ => usize::from(chunk & 0x1fff),
    }
}

/// One symbol of a chunk: 0 lost, 1 short delta, 2 long delta, 3 reserved.
fn symbol(chunk: u16, index: usize) -> u16 {
    match chunk >> 14 {
        0b10 => chunk >> (13 - index) & 1,
        0b11 => chunk >> (12 - 2 * index) & 3,
        _ => chunk >> 13 & 3,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(base: u16, count: u16, reference: u32, chunks: &[u16], deltas: &[u8]) -> Vec<u8> {
        let mut out = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
        out.extend(base.to_be_bytes());
        out.extend(count.to_be_bytes());
        out.extend(&reference.to_be_bytes()[1..]);
        out.push(0);
        chunks.iter().for_each(|chunk| out.extend(chunk.to_be_bytes()));
        out.extend(deltas);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    fn read(packet: &[u8]) -> Result<Vec<(u64, Option<i64>)>, Malformed> {
        let feedback = Feedback::parse(packet)?;
        let mut out = Vec::new();
        feedback.each(feedback.reference(None), |offset, ticks| out.push((offset, ticks)))?;
        Ok(out)
    }

    #[test]
    fn reads_runs_and_vectors() {
        // Two that arrived, three that did not, then one of each symbol, then a vector of single bits.
        let chunks = [
            0b001 << 13 | 2,
            3,
            0b11 << 14 | 0b01_00_10_00_00_00_00,
            0b10 << 14 | 0b1 << 13,
        ];
        let bytes = packet(9, 13, 1, &chunks, &[4, 6, 1, 0xff, 0xfe, 7]);
        let seen: Vec<_> = read(&bytes).unwrap();
        assert_eq!(seen.len(), 13);
        let arrived: Vec<_> = seen.iter().filter_map(|(at, ticks)| Some((*at, (*ticks)?))).collect();
        assert_eq!(arrived, [(0, 260), (1, 266), (5, 267), (7, 265), (12, 272)]);
    }

    #[test]
    fn refuses_what_ends_early_or_claims_too_much() {
        let good = packet(9, 7, 1, &[0b11 << 14 | 0b01_01_01_01_01_01_01], &[1; 7]);
        assert!(read(&good).is_ok());
        assert_eq!(read(&good[..26]), Err(Malformed), "deltas missing");
        assert_eq!(read(&good[..20]), Err(Malformed), "chunks missing");
        assert_eq!(read(&good[..19]), Err(Malformed), "head missing");
        let reserved = packet(9, 7, 1, &[0b11 << 14 | 0b11], &[1; 7]);
        assert_eq!(read(&reserved), Err(Malformed));
        let claims = u16::try_from(limits::FEEDBACK_STATUSES_MAX + 1).unwrap();
        assert_eq!(read(&packet(9, claims, 1, &[0x1fff], &[])), Err(Malformed));
        // An empty run names nobody and must not keep the reader in place.
        assert_eq!(read(&packet(9, 1, 1, &[0; 8], &[])), Err(Malformed));
    }

    #[test]
    fn the_reference_time_goes_on_beyond_its_wrap() {
        let late = packet(0, 0, 0xff_ffff, &[], &[]);
        let early = packet(0, 0, 2, &[], &[]);
        let late = Feedback::parse(&late).unwrap();
        let early = Feedback::parse(&early).unwrap();
        let first = late.reference(None);
        assert_eq!(early.reference(Some(first)), first + 3);
        assert_eq!(late.reference(Some(first + 3)), first);
    }

    proptest! {
        #[test]
        fn never_panics_and_names_no_more_than_it_claims(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(seen) = read(&bytes) {
                prop_assert_eq!(seen.len(), usize::from(u16::from_be_bytes([bytes[14], bytes[15]])));
            }
        }
    }
}
