//! Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1), written as browsers write it: run
//! lengths where packets arrived alike, vectors of two-bit symbols elsewhere.

/// Packets that one feedback speaks of; a wider gap starts anew.
const SPAN_MAX: i64 = 2_048;
/// Run-length chunks count with 13 bits.
const RUN_MAX: usize = 0x1fff;
/// A tick of a delta, nanoseconds.
const TICK_NS: i64 = 250_000;
/// Ticks of the reference time.
const REFERENCE_TICKS: i64 = 256;

/// What arrived since the last feedback.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    /// Unwrapped number and kernel time in nanoseconds, in order of arrival.
    list: Vec<(i64, u64)>,
    newest: Option<i64>,
    /// First number not yet spoken of.
    next: i64,
    count: u8,
    symbols: Vec<u8>,
    deltas: Vec<u8>,
}

impl Arrivals {
    pub(crate) fn record(&mut self, number: u16, at_ns: u64) {
        let number = match self.newest {
            None => i64::from(number),
            Some(newest) => newest + i64::from(number.wrapping_sub(newest as u16).cast_signed()),
        };
        self.newest = Some(self.newest.unwrap_or(number).max(number));
        self.list.push((number, at_ns));
    }

    /// Appends one feedback packet to `out` when anything has arrived.
    pub(crate) fn write(&mut self, sender_ssrc: u32, media_ssrc: u32, out: &mut Vec<u8>) {
        self.list.sort_unstable_by_key(|(number, _)| *number);
        self.list.dedup_by_key(|(number, _)| *number);
        let (Some(&(first, first_at)), Some(&(last, _))) = (self.list.first(), self.list.last()) else {
            return;
        };
        // What was reported lost and came late is told late; a browser does the same.
        let mut base = if self.count == 0 { first } else { self.next.min(first) };
        if last - base >= SPAN_MAX {
            base = first.max(last - SPAN_MAX + 1);
        }
        let reference = (first_at as i64 / TICK_NS) / REFERENCE_TICKS;
        self.fill(base, last, reference * REFERENCE_TICKS);
        let start = out.len();
        out.extend_from_slice(&[0x8f, 205, 0, 0]);
        out.extend_from_slice(&sender_ssrc.to_be_bytes());
        out.extend_from_slice(&media_ssrc.to_be_bytes());
        out.extend_from_slice(&(base as u16).to_be_bytes());
        out.extend_from_slice(&(self.symbols.len() as u16).to_be_bytes());
        out.extend_from_slice(&(reference as u32).to_be_bytes()[1..]);
        out.push(self.count);
        write_chunks(&self.symbols, out);
        out.extend_from_slice(&self.deltas);
        let padding = (out.len() - start).next_multiple_of(4) - (out.len() - start);
        if padding > 0 {
            out[start] |= 0x20;
            out.resize(out.len() + padding - 1, 0);
            out.push(padding as u8);
        }
        let words = ((out.len() - start) / 4 - 1) as u16;
        out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
        self.count = self.count.wrapping_add(1).max(1);
        self.next = last + 1;
        self.list.clear();
    }

    /// Symbols and deltas of `base..=last`; `ticks` is the reference time.
    fn fill(&mut self, base: i64, last: i64, mut ticks: i64) {
        self.symbols.clear();
        self.deltas.clear();
        let mut arrived = self.list.iter().skip_while(|(number, _)| *number < base).peekable();
        for number in base..=last {
            let Some((_, at)) = arrived.next_if(|(other, _)| *other == number) else {
                self.symbols.push(0);
                continue;
            };
            let delta = *at as i64 / TICK_NS - ticks;
            ticks += delta;
            if let Ok(small) = u8::try_from(delta) {
                self.symbols.push(1);
                self.deltas.push(small);
            } else {
                let large = delta.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
                self.symbols.push(2);
                self.deltas.extend_from_slice(&large.to_be_bytes());
            }
        }
    }
}

fn write_chunks(mut symbols: &[u8], out: &mut Vec<u8>) {
    while let Some(first) = symbols.first() {
        let run = symbols
            .iter()
            .take(RUN_MAX)
            .take_while(|symbol| *symbol == first)
            .count();
        let (chunk, taken) = if run >= 7 || run == symbols.len() {
            (u16::from(*first) << 13 | run as u16, run)
        } else {
            let taken = symbols.len().min(7);
            let packed = symbols[..taken]
                .iter()
                .enumerate()
                .fold(0xc000, |chunk, (index, symbol)| {
                    chunk | u16::from(*symbol) << (12 - 2 * index)
                });
            (packed, taken)
        };
        out.extend_from_slice(&chunk.to_be_bytes());
        symbols = &symbols[taken..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a feedback packet with the `rtc` crate: number, symbol by symbol, and deltas in microseconds.
    fn read(bytes: &[u8]) -> (u16, Vec<u16>, Vec<i64>) {
        use rtc::rtcp::transport_feedbacks::transport_layer_cc::{PacketStatusChunk, TransportLayerCc};
        use rtc::shared::marshal::Unmarshal;
        let packet = TransportLayerCc::unmarshal(&mut &*bytes).unwrap();
        let mut symbols = Vec::new();
        for chunk in &packet.packet_chunks {
            match chunk {
                PacketStatusChunk::RunLengthChunk(run) => {
                    symbols.extend(vec![run.packet_status_symbol as u16; usize::from(run.run_length)]);
                }
                PacketStatusChunk::StatusVectorChunk(vector) => {
                    symbols.extend(vector.symbol_list.iter().map(|symbol| *symbol as u16));
                }
            }
        }
        symbols.truncate(usize::from(packet.packet_status_count));
        let deltas = packet.recv_deltas.iter().map(|delta| delta.delta).collect();
        (packet.base_sequence_number, symbols, deltas)
    }

    #[test]
    fn an_independent_reader_understands_it() {
        let mut arrivals = Arrivals::default();
        // A millisecond apart, over the wrap, one lost, one late by more than a small delta can say.
        for (step, number) in (65_530_u32..65_545).enumerate() {
            if number != 65_538 {
                arrivals.record(number as u16, 64_000_000 * 10 + step as u64 * 1_000_000);
            }
        }
        arrivals.record(9, 64_000_000 * 10 + 114_000_000);
        let mut out = Vec::new();
        arrivals.write(1, 2, &mut out);
        let (base, symbols, deltas) = read(&out);
        assert_eq!(base, 65_530);
        assert_eq!(symbols, [1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 2][..].to_vec());
        assert_eq!(deltas.len(), 15);
        assert_eq!(
            (deltas[0], deltas[1], deltas[8], deltas[14]),
            (0, 1_000, 2_000, 100_000)
        );

        arrivals.record(11, 64_000_000 * 12);
        out.clear();
        arrivals.write(1, 2, &mut out);
        assert_eq!(read(&out).1, [0, 1], "what was missing in between is told too");
        out.clear();
        arrivals.write(1, 2, &mut out);
        assert!(out.is_empty(), "nothing new");
    }
}
