//! Tells a publisher when each of its packets arrived, so that it can find its own bitrate
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).

use std::time::{Duration, Instant};

/// Between two feedback packets.
const INTERVAL: Duration = Duration::from_millis(100);
/// Arrivals remembered; beyond them the oldest are never reported. A power of two.
const WINDOW: u64 = 1_024;
/// Packets that one feedback packet speaks of, so that it and what goes with it stay below any MTU.
const STATUSES_MAX: u64 = 200;
/// Unit of an arrival delta, in microseconds.
const TICK_MICROS: u128 = 250;
/// Ticks in one unit (64 ms) of the reference time.
const TICKS_PER_REFERENCE: u64 = 256;

/// Arrivals at one peer's transport.
#[derive(Debug)]
pub(crate) struct ArrivalLog {
    start: Instant,
    /// Ticks since `start` plus one by number modulo the window; zero for what did not arrive.
    ticks: Vec<u64>,
    /// The first number not yet reported.
    base: u64,
    /// One more than the highest number that arrived.
    end: u64,
    due_at: Option<Instant>,
    packets: u8,
}

impl ArrivalLog {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            start: now,
            ticks: Vec::new(),
            base: 0,
            end: 0,
            due_at: None,
            packets: 0,
        }
    }

    /// When the next feedback is to be written; `None` when there is nothing to say.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    fn entry_of(number: u64) -> usize {
        usize::try_from(number & (WINDOW - 1)).expect("below the window")
    }

    /// Notes the arrival of a transport-wide number. Returns how many it leaves out.
    pub(crate) fn received(&mut self, number: u16, now: Instant) -> u64 {
        let number = if self.ticks.is_empty() {
            // Takes its memory at the first number; one round ahead, so that an earlier one has an entry too.
            self.ticks.resize(Self::entry_of(WINDOW - 1) + 1, 0);
            self.base = u64::from(number) + (1 << 16);
            self.end = self.base;
            self.base
        } else {
            #[expect(clippy::cast_possible_truncation, reason = "the distance modulo 2^16 is meant")]
            let ahead = number.wrapping_sub(self.end as u16).cast_signed();
            let Some(number) = self.end.checked_add_signed(i64::from(ahead)) else {
                return 0;
            };
            number
        };
        // What was reported lost stays so: the publisher has drawn its conclusions.
        if number < self.base {
            return 0;
        }
        let left_out = number.saturating_sub(self.end);
        // Only the last numbers have an entry: a client that jumps ahead in every packet must not buy a walk with each.
        self.end = self.end.max((number + 1).saturating_sub(WINDOW));
        while self.end <= number {
            let entry = Self::entry_of(self.end);
            self.ticks[entry] = 0;
            self.end += 1;
        }
        self.base = self.base.max(self.end.saturating_sub(WINDOW));
        let ticks = now.saturating_duration_since(self.start).as_micros() / TICK_MICROS;
        self.ticks[Self::entry_of(number)] = u64::try_from(ticks).unwrap_or(u64::MAX - 1) + 1;
        self.due_at.get_or_insert(now + INTERVAL);
        left_out
    }

    /// Appends what is due, at most one packet; the rest is due at once.
    pub(crate) fn write_due(&mut self, now: Instant, sender_ssrc: u32, media_ssrc: u32, out: &mut Vec<u8>) {
        if self.due_at.is_none_or(|at| at > now) {
            return;
        }
        let arrived = |number: u64| self.ticks[Self::entry_of(number)].checked_sub(1);
        let Some(first) = (self.base..self.end).find_map(arrived) else {
            self.base = self.end;
            self.due_at = None;
            return;
        };
        let reference = first / TICKS_PER_REFERENCE;
        let mut last = reference * TICKS_PER_REFERENCE;
        let mut count = 0;
        for number in self.base..self.end.min(self.base + STATUSES_MAX) {
            if let Some(ticks) = arrived(number) {
                if i16::try_from(ticks.wrapping_sub(last).cast_signed()).is_err() {
                    break;
                }
                last = ticks;
            }
            count += 1;
        }
        self.write(reference, count, sender_ssrc, media_ssrc, out);
        self.base += count;
        self.due_at = (self.base < self.end).then_some(now);
    }

    fn write(&mut self, reference: u64, count: u64, sender_ssrc: u32, media_ssrc: u32, out: &mut Vec<u8>) {
        let start = out.len();
        // Version 2, format 15 of RTPFB; length and padding follow at the end.
        out.extend([0x8f, 205, 0, 0]);
        out.extend(sender_ssrc.to_be_bytes());
        out.extend(media_ssrc.to_be_bytes());
        out.extend(&self.base.to_be_bytes()[6..]);
        out.extend(&count.to_be_bytes()[6..]);
        out.extend(&reference.to_be_bytes()[5..]);
        out.push(self.packets);
        self.packets = self.packets.wrapping_add(1);
        let numbers = self.base..self.base + count;
        let mut last = reference * TICKS_PER_REFERENCE;
        let delta = |number: u64, last: &mut u64| {
            let ticks = self.ticks[Self::entry_of(number)].checked_sub(1)?;
            let delta = ticks.wrapping_sub(std::mem::replace(last, ticks)).cast_signed();
            Some(i16::try_from(delta).expect("the caller stopped before a longer delta"))
        };
        // Chunks of seven two-bit symbols: nothing, short delta, long or negative delta.
        let (mut chunk, mut symbols) = (0b11u16, 0);
        for number in numbers.clone() {
            let symbol = match delta(number, &mut last) {
                None => 0,
                Some(0..256) => 1,
                Some(_) => 2,
            };
            chunk = (chunk << 2) | symbol;
            symbols += 1;
            if symbols == 7 {
                out.extend(chunk.to_be_bytes());
                (chunk, symbols) = (0b11, 0);
            }
        }
        if symbols > 0 {
            out.extend((chunk << (2 * (7 - symbols))).to_be_bytes());
        }
        last = reference * TICKS_PER_REFERENCE;
        for number in numbers {
            match delta(number, &mut last).map(|delta| (u8::try_from(delta), delta)) {
                None => {}
                Some((Ok(short), _)) => out.push(short),
                Some((Err(_), long)) => out.extend(long.to_be_bytes()),
            }
        }
        let len = out.len() - start;
        let padding = len.next_multiple_of(4) - len;
        if padding > 0 {
            out[start] |= 0x20;
            out.resize(out.len() + padding - 1, 0);
            out.push(u8::try_from(padding).expect("below four"));
        }
        let words = u16::try_from((out.len() - start) / 4 - 1).expect("bounded by the statuses");
        out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads feedback packets as the draft describes them: numbers with arrival ticks, `None` for lost ones.
    fn read(mut bytes: &[u8]) -> Vec<(u16, Option<i64>)> {
        let mut out = Vec::new();
        while !bytes.is_empty() {
            let len = 4 * (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])) + 1);
            let (packet, rest) = bytes.split_at(len);
            bytes = rest;
            assert_eq!((packet[0] & 0xdf, packet[1]), (0x8f, 205));
            let padding = if packet[0] & 0x20 > 0 {
                usize::from(packet[len - 1])
            } else {
                0
            };
            let word = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
            let (base, count) = (word(12), usize::from(word(14)));
            let reference = i64::from(u32::from_be_bytes([0, packet[16], packet[17], packet[18]]));
            let chunks = count.div_ceil(7);
            let mut deltas = &packet[20 + 2 * chunks..len - padding];
            let mut ticks = reference * 256;
            for number in 0..count {
                let chunk = word(20 + 2 * (number / 7));
                assert_eq!(chunk >> 14, 0b11, "a vector of two-bit symbols");
                let used = match (chunk >> (2 * (6 - number % 7))) & 3 {
                    0 => 0,
                    1 => 1,
                    2 => 2,
                    _ => panic!("reserved symbol"),
                };
                let (delta, rest) = deltas.split_at(used);
                deltas = rest;
                ticks += match delta {
                    [short] => i64::from(*short),
                    [high, low] => i64::from(i16::from_be_bytes([*high, *low])),
                    _ => 0,
                };
                let number = base.wrapping_add(u16::try_from(number).unwrap());
                out.push((number, (used > 0).then_some(ticks)));
            }
            assert!(deltas.is_empty(), "nothing but padding is left");
        }
        out
    }

    #[test]
    fn says_what_arrived_when_and_what_did_not() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut log = ArrivalLog::new(start);
        assert_eq!(log.due_at(), None);
        for (number, ms) in [(65_534, 10), (65_535, 30), (1, 50), (0, 55), (3, 400)] {
            log.received(number, at(ms));
        }
        let mut out = Vec::new();
        log.write_due(at(109), 1, 2, &mut out);
        assert!(out.is_empty(), "not due yet");
        log.write_due(at(410), 1, 2, &mut out);
        let expected = [
            (65_534, Some(40)),
            (65_535, Some(120)),
            (0, Some(220)),
            (1, Some(200)),
            (2, None),
            (3, Some(1_600)),
        ];
        assert_eq!(read(&out), expected);
        assert_eq!((out.len() % 4, log.due_at()), (0, None));
        // What comes after its loss was reported is not spoken of again.
        log.received(2, at(420));
        log.received(4, at(430));
        out.clear();
        log.write_due(at(600), 1, 2, &mut out);
        assert_eq!(read(&out), [(4, Some(1_720))]);
    }

    #[test]
    fn a_jump_beyond_the_window_forgets_what_was_before() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut log = ArrivalLog::new(start);
        for number in 0..500 {
            log.received(number, at(10));
        }
        log.received(30_000, at(50));
        let mut out = Vec::new();
        while log.due_at().is_some_and(|due| due <= at(200)) {
            log.write_due(at(200), 1, 2, &mut out);
        }
        let reported = read(&out);
        assert_eq!((reported.len(), reported.first()), (1_024, Some(&(28_977, None))));
        let arrived: Vec<_> = reported.iter().filter(|(_, ticks)| ticks.is_some()).collect();
        assert_eq!(arrived, [&(30_000, Some(200))]);
    }

    proptest! {
        #[test]
        fn every_arrival_is_told_once(
            steps in prop::collection::vec((0u16..2_000, 0u64..12_000, 0u64..5), 1..300),
        ) {
            let start = Instant::now();
            let mut log = ArrivalLog::new(start);
            let (mut now, mut number) = (start, 40_000u16);
            let mut reported = Vec::new();
            for (step, wait, kind) in steps {
                now += Duration::from_millis(if kind == 0 { wait } else { wait % 30 });
                number = number.wrapping_add(if kind == 1 { step } else { step % 3 });
                log.received(number, now);
                let mut out = Vec::new();
                while log.due_at().is_some_and(|at| at <= now) {
                    log.write_due(now, 1, 2, &mut out);
                }
                for (number, ticks) in read(&out) {
                    if let Some(ticks) = ticks {
                        let elapsed = i64::try_from((now - start).as_micros() / 250).unwrap();
                        prop_assert!(ticks <= elapsed, "from the future");
                    }
                    reported.push(number);
                }
            }
            // Numbers only go up, so none is told twice.
            for pair in reported.windows(2) {
                prop_assert!(pair[1].wrapping_sub(pair[0]).cast_signed() > 0);
            }
        }
    }
}
