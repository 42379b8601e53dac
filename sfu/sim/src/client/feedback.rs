//! Says when each packet of the core's transport-wide numbers arrived
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1), in the shapes that browsers use: runs, vectors of
//! one bit and of two.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Between two feedback packets, as in browsers: the fewer bits a second, the longer.
const INTERVAL_MIN: Duration = Duration::from_millis(50);
const INTERVAL_MAX: Duration = Duration::from_millis(100);
/// Above this rate the interval is the shortest, in bytes a second.
const FAST_BYTES: u64 = 25_000;
/// Packets that one feedback packet speaks of.
const STATUSES_MAX: u64 = 400;
/// Arrivals kept, most of them reported.
const REMEMBERED: usize = 1_000;
/// Microseconds of one tick of an arrival time.
const TICK_MICROS: u128 = 250;
/// Ticks of a unit of the reference time.
const TICKS_PER_REFERENCE: i64 = 256;
/// A run is worth a chunk from this length on.
const RUN_MIN: usize = 15;
/// The longest run of one chunk (13 bits).
const RUN_MAX: usize = 8_191;

/// Arrivals not yet reported.
#[derive(Debug)]
pub(super) struct FeedbackWriter {
    epoch: Instant,
    /// Ticks by unrolled number, the last ones that were reported included.
    arrived: BTreeMap<u64, i64>,
    /// The first number that was not reported.
    base: Option<u64>,
    highest: u64,
    due_at: Option<Instant>,
    /// Since the last feedback.
    bytes: u64,
    packets: u8,
}

/// A packet's part: nothing, a delta of one byte, or of two.
type Symbol = u16;

impl FeedbackWriter {
    pub(super) fn new(epoch: Instant) -> Self {
        Self {
            epoch,
            arrived: BTreeMap::new(),
            base: None,
            // Far from zero, so that numbers can lie before the first.
            highest: 1 << 32,
            due_at: None,
            bytes: 0,
            packets: 0,
        }
    }

    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    /// Notes a packet's number.
    pub(super) fn received(&mut self, number: u16, len: usize, now: Instant) {
        let low = u16::try_from(self.highest & 0xffff).expect("masked to 16 bits");
        let ahead = number.wrapping_sub(low).cast_signed();
        let index = self.highest.saturating_add_signed(i64::from(ahead));
        if self.base.is_none() {
            self.base = Some(index);
        }
        // Reported already as lost: browsers go back and tell anew from there on.
        self.base = self.base.min(Some(index));
        self.highest = self.highest.max(index);
        let ticks = now.saturating_duration_since(self.epoch).as_micros() / TICK_MICROS;
        let ticks = i64::try_from(ticks).expect("a run of a sensible length");
        self.arrived.entry(index).or_insert(ticks);
        self.bytes += len as u64;
        self.due_at.get_or_insert(now + INTERVAL_MIN);
    }

    /// Appends what is due.
    pub(super) fn write_due(&mut self, now: Instant, media_ssrc: u32, out: &mut Vec<u8>) {
        if self.due_at.is_none_or(|at| at > now) {
            return;
        }
        while let Some(base) = self.base
            && let Some((first, ticks)) = self.arrived.range(base..).next()
        {
            self.base = Some(self.write(base, (*first, *ticks), media_ssrc, out));
        }
        while self.arrived.len() > REMEMBERED {
            self.arrived.pop_first();
        }
        let slow = self.bytes < FAST_BYTES * 2 / 10;
        self.bytes = 0;
        self.due_at = Some(now + if slow { INTERVAL_MAX } else { INTERVAL_MIN });
    }

    /// One packet from `base` on, of which this was the first to arrive, at these ticks; the number after its last.
    fn write(&mut self, base: u64, (first, ticks_first): (u64, i64), media_ssrc: u32, out: &mut Vec<u8>) -> u64 {
        let reference = ticks_first.div_euclid(TICKS_PER_REFERENCE);
        let mut last = reference * TICKS_PER_REFERENCE;
        let mut symbols: Vec<Symbol> = Vec::new();
        let mut deltas = Vec::new();
        // What an outage swallowed is told in one run, however long.
        let end = first.max(base + STATUSES_MAX - 1);
        for index in base..=self.highest.min(end) {
            let Some(ticks) = self.arrived.get(&index) else {
                symbols.push(0);
                continue;
            };
            let Ok(delta) = i16::try_from(ticks - last) else { break };
            last = *ticks;
            match u8::try_from(delta) {
                Ok(short) => {
                    symbols.push(1);
                    deltas.push(short);
                }
                Err(_) => {
                    symbols.push(2);
                    deltas.extend(delta.to_be_bytes());
                }
            }
        }
        // What was not received after the last that was is for the next one.
        while symbols.last() == Some(&0) {
            symbols.pop();
        }
        let start = out.len();
        out.extend([0x8f, 205, 0, 0]);
        out.extend(1u32.to_be_bytes());
        out.extend(media_ssrc.to_be_bytes());
        out.extend(&base.to_be_bytes()[6..]);
        out.extend(&(symbols.len() as u64).to_be_bytes()[6..]);
        out.extend(&reference.to_be_bytes()[5..]);
        out.push(self.packets);
        self.packets = self.packets.wrapping_add(1);
        write_chunks(&symbols, out);
        out.extend(&deltas);
        let padding = (out.len() - start).next_multiple_of(4) - (out.len() - start);
        if padding > 0 {
            out[start] |= 0x20;
            out.resize(out.len() + padding - 1, 0);
            out.push(u8::try_from(padding).expect("below four"));
        }
        let words = u16::try_from((out.len() - start) / 4 - 1).expect("bounded by the statuses");
        out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
        base + symbols.len() as u64
    }
}

fn write_chunks(mut symbols: &[Symbol], out: &mut Vec<u8>) {
    while let Some(first) = symbols.first() {
        let run = symbols
            .iter()
            .take_while(|symbol| *symbol == first)
            .count()
            .min(RUN_MAX);
        let vector = symbols.iter().take(14).take_while(|symbol| **symbol < 2).count();
        let (chunk, taken) = if run >= RUN_MIN || run == symbols.len() {
            (first << 13 | u16::try_from(run).expect("at most 13 bits"), run)
        } else if vector == 14 {
            let bits = symbols[..14].iter().fold(0b10, |bits, symbol| bits << 1 | symbol);
            (bits, 14)
        } else {
            let taken = symbols.len().min(7);
            let bits = symbols[..taken].iter().fold(0b11, |bits, symbol| bits << 2 | symbol);
            (bits << (2 * (7 - taken)), taken)
        };
        out.extend(chunk.to_be_bytes());
        symbols = &symbols[taken..];
    }
}

/// Counts what a transport-wide feedback says arrived and did not; it is made of two-bit vectors only.
pub(super) fn read_feedback(packet: &[u8]) -> (u64, u64) {
    let word = |at: usize| {
        packet
            .get(at..at + 2)
            .map_or(0, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    };
    let symbols = (0..usize::from(word(14))).map(|number| (word(20 + 2 * (number / 7)) >> (2 * (6 - number % 7))) & 3);
    symbols.fold((0, 0), |(arrived, lost), symbol| {
        if symbol == 0 {
            (arrived, lost + 1)
        } else {
            (arrived + 1, lost)
        }
    })
}

#[cfg(test)]
mod tests {
    use sfu_core::wire::rtcp::{self, Rtcp};

    use super::*;

    /// Reads one packet as the draft has it: numbers that arrived, with their ticks.
    fn read(packet: &[u8]) -> Vec<(u16, i64)> {
        let word = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
        let (base, count) = (word(12), usize::from(word(14)));
        let mut ticks = i64::from(u32::from_be_bytes([0, packet[16], packet[17], packet[18]])) * 256;
        let (mut at, mut symbols) = (20, Vec::new());
        while symbols.len() < count {
            let chunk = word(at);
            at += 2;
            match chunk >> 14 {
                0b10 => symbols.extend((0..14).map(|bit| (chunk >> (13 - bit)) & 1)),
                0b11 => symbols.extend((0..7).map(|pair| (chunk >> (2 * (6 - pair))) & 3)),
                _ => symbols.extend(std::iter::repeat_n(chunk >> 13, usize::from(chunk & 0x1fff))),
            }
        }
        let mut out = Vec::new();
        for (number, symbol) in symbols[..count].iter().enumerate() {
            let delta = match symbol {
                0 => continue,
                1 => i64::from(packet[at]),
                _ => i64::from(word(at).cast_signed()),
            };
            at += usize::from(*symbol);
            ticks += delta;
            out.push((base.wrapping_add(u16::try_from(number).unwrap()), ticks));
        }
        out
    }

    #[test]
    fn arrivals_are_told_in_every_shape() {
        let epoch = Instant::now();
        let mut writer = FeedbackWriter::new(epoch);
        let mut sent = Vec::new();
        // Runs, single losses, long gaps in time, going back, and across the roll-over.
        for number in 0..700u64 {
            let missing = number % 100 > 80 && number % 3 == 0 || (300..330).contains(&number);
            let pause = if number % 90 == 89 { 70_000 } else { 0 };
            let swapped = if number % 50 == 7 { 30_000 } else { 0 };
            let micros = 500_000 + number * 1_000 + pause + swapped;
            if !missing {
                sent.push((u16::try_from((65_000 + number) & 0xffff).unwrap(), micros));
            }
        }
        let mut out = Vec::new();
        for (number, micros) in &sent {
            writer.received(*number, 1_000, epoch + Duration::from_micros(*micros));
        }
        let end = epoch + Duration::from_secs(2);
        writer.write_due(end, 5, &mut out);
        let mut seen = Vec::new();
        for packet in rtcp::parse(&out) {
            let Ok(Rtcp::TransportFeedback(packet)) = packet else {
                panic!("{packet:?}")
            };
            seen.extend(read(packet));
        }
        let sent: Vec<_> = sent
            .iter()
            .map(|(number, micros)| (*number, i64::try_from(*micros / 250).unwrap()))
            .collect();
        assert_eq!(seen, sent);
        assert!(writer.due_at() > Some(end));
        out.clear();
        writer.write_due(end + INTERVAL_MAX, 5, &mut out);
        assert!(out.is_empty(), "nothing new");
        // One that was late brings those behind it again.
        let late = u16::try_from(65_000 + 84).unwrap();
        writer.received(late, 1_000, end);
        writer.write_due(end + INTERVAL_MAX * 2, 5, &mut out);
        assert_eq!(u16::from_be_bytes([out[12], out[13]]), late);
        assert!(read(&out).len() > 100);
    }

    #[test]
    fn a_long_outage_is_told_in_one_packet() {
        let epoch = Instant::now();
        let mut writer = FeedbackWriter::new(epoch);
        let mut out = Vec::new();
        writer.received(10, 1_000, epoch);
        writer.write_due(epoch + INTERVAL_MAX, 5, &mut out);
        let after = 10 + 3 * u16::try_from(STATUSES_MAX).unwrap();
        let back = epoch + Duration::from_secs(3);
        writer.received(after, 1_000, back);
        out.clear();
        writer.write_due(back + INTERVAL_MAX, 5, &mut out);
        assert_eq!(u16::from_be_bytes([out[12], out[13]]), 11);
        assert_eq!(
            read(&out).into_iter().map(|(number, _)| number).collect::<Vec<_>>(),
            [after]
        );
    }
}
