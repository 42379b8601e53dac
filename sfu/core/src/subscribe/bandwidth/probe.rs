//! Asks the path for more than media needs: for a moment as much is sent as would be wanted, and how fast it arrives is
//! what the path can carry. In libwebrtc: `ProbeController` and `ProbeBitrateEstimator`.

use std::time::{Duration, Instant};

use crate::prefetch::prefetch;

/// How long a probe lasts, and how often something is sent for it.
const LENGTH: Duration = Duration::from_millis(30);
const STEP: Duration = Duration::from_millis(5);
/// A probe is given up when feedback on all its packets has not come by then.
const TOLD_WITHIN: Duration = Duration::from_secs(1);
/// Between two probes: the shortest after one that found more, doubled with each that did not.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
const INTERVAL_MAX: Duration = Duration::from_secs(16);
const AGAIN: Duration = Duration::from_millis(50);
/// Bits that a probe sends at least, so that a slow one lasts longer: they make more packets than a result takes.
const BITS_MIN: f64 = 16_000.0;
/// Packets that must arrive for a result, and the share of all: libwebrtc wants 0.8, and a path that loses much never
/// gets a result then.
const PACKETS_MIN: u32 = 5;
const ARRIVED_MIN: f64 = 0.7;
/// A path that arrives slower than this share of what was sent is full.
const FULL_BELOW: f64 = 0.9;
/// Of the rate at which a full path delivers.
const FULL_SHARE: f64 = 0.95;

/// What arrived of a probe.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    sent: u32,
    reported: u32,
    arrived: u32,
    bytes: u64,
    /// When the first and the last arrived, in ticks of 250 us, and the bytes of those that arrived first.
    first: i64,
    last: i64,
    first_bytes: u64,
    /// When the first and the last that arrived were sent, in microseconds, and the bytes of those sent last.
    first_sent: u32,
    last_sent: u32,
    last_bytes: u64,
}

impl Tally {
    fn arrived(&mut self, sent: u32, ticks: i64, bytes: u64) {
        self.arrived += 1;
        self.bytes += bytes;
        if self.arrived == 1 || ticks < self.first {
            (self.first, self.first_bytes) = (ticks, bytes);
        }
        if self.arrived == 1 {
            (self.last, self.first_sent, self.last_sent) = (ticks, sent, sent);
        }
        self.last = self.last.max(ticks);
        if sent == self.last_sent {
            self.last_bytes += bytes;
        } else {
            (self.last_sent, self.last_bytes) = (sent, bytes);
        }
    }

    /// What the path carried, in bits a second.
    fn bps(&self) -> Option<f64> {
        if self.arrived < PACKETS_MIN || f64::from(self.arrived) < ARRIVED_MIN * f64::from(self.sent) {
            return None;
        }
        let sent_seconds = f64::from(self.last_sent.wrapping_sub(self.first_sent)) / 1e6;
        let arrived_seconds = (self.last - self.first) as f64 / 4_000.0;
        if !(0.005..1.0).contains(&sent_seconds) || !(0.0..1.0).contains(&arrived_seconds) {
            return None;
        }
        let sent_bps = (self.bytes - self.last_bytes) as f64 * 8.0 / sent_seconds;
        // Infinite where all arrived at once, which shows no limit.
        let arrived_bps = (self.bytes - self.first_bytes) as f64 * 8.0 / arrived_seconds;
        Some(if arrived_bps < FULL_BELOW * sent_bps {
            FULL_SHARE * arrived_bps
        } else {
            sent_bps.min(arrived_bps)
        })
    }
}

/// A probe.
#[derive(Debug)]
struct Running {
    number: u8,
    target_bps: f64,
    started: Instant,
    next_at: Instant,
    sent_bytes: u64,
    /// Nothing more is sent for it.
    sent: bool,
    tally: Tally,
}

/// Probes of one path, one at a time.
#[derive(Debug)]
pub(super) struct Prober {
    running: Option<Running>,
    last_number: u8,
    interval: Duration,
    /// None begins before.
    not_before: Option<Instant>,
    begun_at: Option<Instant>,
    /// Put off until then, by what the path said.
    calm_until: Option<Instant>,
}

impl Prober {
    pub(super) fn new() -> Self {
        Self {
            running: None,
            last_number: 0,
            interval: INTERVAL_MIN,
            not_before: None,
            begun_at: None,
            calm_until: None,
        }
    }

    /// A probe may begin now.
    pub(super) fn may_begin(&self, now: Instant) -> bool {
        self.running.is_none() && self.not_before.is_none_or(|at| at <= now)
    }

    /// When one may begin, if none runs.
    pub(super) fn begins_at(&self) -> Option<Instant> {
        self.not_before.filter(|_| self.running.is_none())
    }

    pub(super) fn begin(&mut self, target_bps: f64, now: Instant) {
        self.last_number = self.last_number % 200 + 1;
        self.not_before = Some(now + self.interval);
        self.begun_at = Some(now);
        self.running = Some(Running {
            number: self.last_number,
            target_bps,
            started: now,
            next_at: now,
            sent_bytes: 0,
            sent: false,
            tally: Tally::default(),
        });
    }

    /// Begins none for at least this long.
    pub(super) fn pause(&mut self, pause: Duration, now: Instant) {
        let until = now + pause;
        self.not_before = Some(self.not_before.map_or(until, |at| at.max(until)));
        self.calm_until = Some(self.calm_until.map_or(until, |at| at.max(until)));
    }

    /// The path has changed, so that the failures before say little: the next begins after this long.
    pub(super) fn hasten(&mut self, pause: Duration, now: Instant) {
        self.interval = INTERVAL_MIN;
        self.not_before = Some(now + pause);
        self.calm_until = self.not_before;
    }

    /// Somebody waits for what the next may find, so it does not wait for as long as the failures before would have it; but for
    /// a second after the last, however often this is called, and while it is put off. In libwebrtc: the probes after
    /// `OnMaxTotalAllocatedBitrate`.
    pub(super) fn bring_forward(&mut self, now: Instant) {
        self.interval = INTERVAL_MIN;
        let spaced = self.begun_at.map_or(now, |at| at + INTERVAL_MIN);
        let earliest = self.calm_until.unwrap_or(now).max(spaced).max(now);
        self.not_before = self.not_before.map(|at| at.min(earliest));
    }

    /// When the probe sends again, or is given up.
    pub(super) fn due_at(&self) -> Option<Instant> {
        let running = self.running.as_ref()?;
        Some(if running.sent {
            running.started + TOLD_WITHIN
        } else {
            running.next_at
        })
    }

    /// Bytes to be sent for the probe now, beside what media sends.
    pub(super) fn probe_bytes_due(&mut self, now: Instant) -> Option<u64> {
        let running = self.running.as_mut()?;
        if running.sent {
            if now >= running.started + TOLD_WITHIN {
                self.finish(None, now);
            }
            return None;
        }
        if now < running.next_at {
            return None;
        }
        running.next_at = now + STEP;
        let elapsed = now.saturating_duration_since(running.started);
        let length = LENGTH.as_secs_f64().max(BITS_MIN / running.target_bps);
        let elapsed = elapsed.as_secs_f64();
        if elapsed >= length {
            running.sent = true;
            return None;
        }
        let due = (running.target_bps / 8.0) * (elapsed + STEP.as_secs_f64());
        Some((due as u64).saturating_sub(running.sent_bytes)).filter(|bytes| *bytes > 0)
    }

    /// Prefetches what [`Prober::sending`] reads.
    pub(super) fn prefetch(&self) {
        prefetch(&self.running);
    }

    /// Records a packet that is being sent; the number of the probe that it is part of, zero for none.
    pub(super) fn sending(&mut self, bytes: u64) -> u8 {
        let Some(running) = self.running.as_mut().filter(|running| !running.sent) else {
            return 0;
        };
        running.sent_bytes += bytes;
        running.tally.sent += 1;
        running.number
    }

    pub(super) fn arrived(&mut self, number: u8, sent: u32, ticks: i64, bytes: u16) {
        if let Some(running) = self.running.as_mut().filter(|running| running.number == number) {
            running.tally.reported += 1;
            running.tally.arrived(sent, ticks, u64::from(bytes));
        }
    }

    pub(super) fn lost(&mut self, number: u8) {
        if let Some(running) = self.running.as_mut().filter(|running| running.number == number) {
            running.tally.reported += 1;
        }
    }

    /// The result of a probe whose packets were all reported: its target and what the path carried.
    pub(super) fn result(&mut self) -> Option<(f64, f64)> {
        let running = self.running.as_ref()?;
        if !running.sent || running.tally.reported < running.tally.sent {
            return None;
        }
        Some((running.target_bps, running.tally.bps().unwrap_or(0.0)))
    }

    /// Ends the probe, with what was found if that is more than was known.
    pub(super) fn finish(&mut self, found_more: Option<f64>, now: Instant) {
        self.running = None;
        if found_more.is_some() {
            self.interval = INTERVAL_MIN;
            self.not_before = Some(now + AGAIN);
        } else {
            self.not_before = Some(now + self.interval);
            self.interval = (self.interval * 2).min(INTERVAL_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: u16 = 500;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Sends what a probe of this rate owes, in packets of [`PACKET`] bytes; their numbers and microseconds, and the time
    /// at which nothing more was owed. `media` bytes are sent beside it with each look.
    fn send(prober: &mut Prober, target_bps: f64, start: Instant, media: u64) -> (Vec<(u8, u32)>, Instant) {
        prober.begin(target_bps, start);
        let mut sent = Vec::new();
        let mut now = start;
        while prober.running.as_ref().is_some_and(|running| !running.sent) {
            now = prober.due_at().expect("it runs");
            let micros = u32::try_from((now - start).as_micros()).unwrap();
            if media > 0 {
                prober.sending(media);
            }
            let mut owed = prober.probe_bytes_due(now).unwrap_or(0);
            while owed > 0 {
                sent.push((prober.sending(u64::from(PACKET)), micros));
                owed = owed.saturating_sub(u64::from(PACKET));
            }
        }
        (sent, now)
    }

    /// What a probe of 2 Mbit/s finds where each packet arrives as `arrives` says of its index and microsecond, if it does.
    fn found(arrives: impl Fn(usize, u32) -> Option<i64>) -> f64 {
        let mut prober = Prober::new();
        let (sent, _) = send(&mut prober, 2_000_000.0, Instant::now(), 0);
        for (index, (number, micros)) in sent.iter().enumerate() {
            assert_eq!(prober.result(), None, "not all is reported");
            match arrives(index, *micros) {
                Some(ticks) => prober.arrived(*number, *micros, ticks, PACKET),
                None => prober.lost(*number),
            }
        }
        let (target, found) = prober.result().expect("all is reported");
        assert!((target - 2_000_000.0).abs() < 1.0);
        found
    }

    fn kbps(bps: f64) -> u64 {
        (bps / 1_000.0).round() as u64
    }

    #[test]
    fn sends_at_its_rate_for_its_time() {
        let start = Instant::now();
        let (sent, end) = send(&mut Prober::new(), 2_000_000.0, start, 0);
        let bytes = sent.len() as u64 * u64::from(PACKET);
        assert!((7_500..8_000).contains(&bytes) && end == start + millis(30), "{bytes}");
        assert!(sent.iter().all(|(number, _)| *number == 1));
        // A slow one goes on until it has sent enough to tell.
        let (sent, end) = send(&mut Prober::new(), 100_000.0, start, 0);
        assert!(sent.len() == 4 && end == start + millis(160), "{sent:?}");
        // Media counts towards it.
        let (sent, _) = send(&mut Prober::new(), 2_000_000.0, start, 2_000);
        assert!(sent.is_empty(), "{sent:?}");
    }

    #[test]
    fn finds_what_was_sent_or_what_a_full_path_delivers() {
        // As fast as it was sent: 2 Mbit/s, in steps of 5 ms that hold 1250 bytes.
        let wide = kbps(found(|_, micros| Some(i64::from(micros / 250))));
        assert!((1_900..2_300).contains(&wide), "{wide}");
        // 1 Mbit/s: 4 ms a packet.
        let narrow = kbps(found(|index, _| Some(16 * index as i64)));
        assert_eq!(narrow, 950);
        // All at once shows no more than was sent.
        let wide = kbps(found(|_, _| Some(9)));
        assert!((1_900..2_300).contains(&wide), "{wide}");
        // The order of arrival is none of its business.
        let swapped = kbps(found(|index, _| Some(16 * (index ^ 1) as i64)));
        assert!((850..=1_000).contains(&swapped), "{swapped}");
    }

    #[test]
    fn much_loss_and_jumps_of_the_clock_find_nothing() {
        let arrives = |micros: u32| Some(i64::from(micros / 250));
        assert!(found(|index, micros| arrives(micros).filter(|_| index % 5 > 0)) > 1_000_000.0);
        let none = |found: f64| assert_eq!(kbps(found), 0);
        none(found(|index, micros| arrives(micros).filter(|_| index % 5 > 1)));
        none(found(|index, micros| arrives(micros).filter(|_| index < 4)));
        // 1.5 s between packets of one probe.
        none(found(|index, micros| {
            arrives(micros).map(|ticks| if index > 9 { ticks + 6_000 } else { ticks })
        }));
        let mut tally = Tally::default();
        for packet in 0..PACKETS_MIN {
            assert_eq!(tally.bps(), None, "{packet} are too few");
            tally.sent += 1;
            tally.arrived(packet * 5_000, i64::from(packet) * 20, 1_000);
        }
        assert!(tally.bps().is_some());
    }

    #[test]
    fn counts_its_own_packets_only() {
        let start = Instant::now();
        let mut prober = Prober::new();
        assert_eq!(prober.sending(1_000), 0, "none runs");
        let (first, end) = send(&mut prober, 2_000_000.0, start, 0);
        assert_eq!(prober.sending(1_000), 0, "it has sent all");
        prober.finish(None, end);
        let (second, _) = send(&mut prober, 2_000_000.0, end + millis(1_000), 0);
        assert_ne!(first[0].0, second[0].0);
        for (number, micros) in &first {
            prober.arrived(*number, *micros, 0, PACKET);
            prober.lost(*number);
        }
        assert_eq!(prober.result(), None);
    }

    #[test]
    fn tries_less_and_less_often_until_one_finds_more() {
        let mut prober = Prober::new();
        let mut now = Instant::now();
        assert!(prober.may_begin(now));
        for seconds in [1, 2, 4, 8, 16, 16] {
            prober.begin(1_000_000.0, now);
            assert!(!prober.may_begin(now + millis(60_000)), "one runs");
            prober.finish(None, now);
            let at = now + millis(seconds * 1_000);
            assert_eq!(prober.begins_at(), Some(at));
            assert!(!prober.may_begin(at - millis(1)) && prober.may_begin(at));
            now = at;
        }
        prober.begin(1_000_000.0, now);
        prober.finish(Some(1_000_000.0), now);
        assert_eq!(prober.begins_at(), Some(now + millis(50)));
        prober.finish(None, now);
        assert_eq!(prober.begins_at(), Some(now + millis(1_000)));
    }

    #[test]
    fn is_given_up_when_nobody_tells_of_it() {
        let start = Instant::now();
        let mut prober = Prober::new();
        send(&mut prober, 2_000_000.0, start, 0);
        assert_eq!(prober.due_at(), Some(start + millis(1_000)));
        assert_eq!(prober.probe_bytes_due(start + millis(999)), None);
        assert!(prober.running.is_some());
        assert_eq!(prober.probe_bytes_due(start + millis(1_000)), None);
        assert!(prober.running.is_none() && !prober.may_begin(start + millis(1_999)));
    }

    #[test]
    fn is_put_off_or_hastened() {
        let now = Instant::now();
        let mut prober = Prober::new();
        prober.pause(millis(800), now);
        assert_eq!(prober.begins_at(), Some(now + millis(800)));
        prober.pause(millis(100), now);
        assert_eq!(prober.begins_at(), Some(now + millis(800)), "never sooner");
        for _ in 0..5 {
            prober.finish(None, now);
        }
        assert_eq!(prober.begins_at(), Some(now + millis(16_000)));
        prober.hasten(millis(800), now);
        assert_eq!(prober.begins_at(), Some(now + millis(800)));
        prober.finish(None, now);
        assert_eq!(prober.begins_at(), Some(now + millis(1_000)), "and begins anew");
    }

    #[test]
    fn is_brought_forward_for_who_waits() {
        let start = Instant::now();
        let at = |ms| start + millis(ms);
        let mut prober = Prober::new();
        let fail = |prober: &mut Prober, ms| {
            for _ in 0..5 {
                prober.finish(None, at(ms));
            }
            assert_eq!(prober.begins_at(), Some(at(ms + 16_000)));
        };
        prober.begin(1_000_000.0, at(0));
        fail(&mut prober, 100);
        for ms in [300, 500] {
            prober.bring_forward(at(ms));
            assert_eq!(prober.begins_at(), Some(at(1_000)), "at most one a second");
        }
        fail(&mut prober, 1_500);
        prober.pause(millis(800), at(1_500));
        prober.bring_forward(at(1_600));
        assert_eq!(prober.begins_at(), Some(at(2_300)), "not while it is put off");
        fail(&mut prober, 3_000);
        prober.bring_forward(at(3_100));
        assert!(prober.may_begin(at(3_100)));
    }
}
