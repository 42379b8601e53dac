//! What the estimate becomes on paths of known width.

use super::*;

const ROUND_TRIP: Duration = Duration::from_millis(40);
const STEP: Duration = Duration::from_millis(5);
/// UDP payload of a packet, of media as of probes.
const LEN: usize = 250;

/// A path of `bps` with a queue without end, whose client tells of every packet each 50 ms.
struct Link {
    estimator: Estimator,
    start: Instant,
    now: Instant,
    bps: u64,
    /// What is sent of media.
    media_bps: u64,
    /// The media that was not sent yet, in bits.
    due_bits: u64,
    free_at: Instant,
    /// Numbers and arrivals that nobody told of.
    unreported: Vec<(u16, Instant)>,
    tells: bool,
    probed_bytes: u64,
}

impl Link {
    fn new(bps: u64, media_bps: u64, wanted_bps: u64) -> Self {
        let now = Instant::now();
        let mut estimator = Estimator::new(now);
        estimator.set_wanted_bps(wanted_bps);
        Self {
            estimator,
            start: now,
            now,
            bps,
            media_bps,
            due_bits: 0,
            free_at: now,
            unreported: Vec::new(),
            tells: true,
            probed_bytes: 0,
        }
    }

    fn send(&mut self) {
        let number = self.estimator.record_sent(LEN, self.now);
        let bits = (LEN + ENVELOPE_BYTES) as u64 * 8;
        self.free_at = self.free_at.max(self.now) + Duration::from_nanos(bits * 1_000_000_000 / self.bps);
        self.unreported.push((number, self.free_at + ROUND_TRIP / 2));
    }

    /// Lets time pass; the estimate in kbit/s then.
    fn run(&mut self, millis: u64) -> u64 {
        let end = self.now + Duration::from_millis(millis);
        while self.now < end {
            self.now += STEP;
            self.due_bits += self.media_bps / 200;
            while self.due_bits >= LEN as u64 * 8 {
                self.due_bits -= LEN as u64 * 8;
                self.send();
            }
            let mut owed = self.estimator.probe_bytes_due(self.now).unwrap_or(0);
            while owed > 0 {
                self.send();
                self.probed_bytes += LEN as u64;
                owed = owed.saturating_sub(LEN as u64);
            }
            if (self.now - self.start).as_millis().is_multiple_of(50) && self.tells {
                self.tell();
            }
        }
        self.estimator.bps() / 1_000
    }

    /// Feedback on all that arrived by now.
    fn tell(&mut self) {
        let arrived = self.unreported.iter().filter(|(_, at)| *at <= self.now).count();
        let sent: Vec<_> = self.unreported.drain(..arrived).collect();
        for part in sent.chunks(limits::FEEDBACK_STATUSES_MAX) {
            let packet = feedback(self.start, part, &[]);
            self.estimator.feedback(&packet, ROUND_TRIP, self.now).unwrap();
        }
    }

    fn settled(mut self) -> Self {
        self.run(3_000);
        assert!(self.estimator.is_settled());
        self
    }
}

/// Feedback on packets with following numbers that arrived then, but for `lost` ones of them by their index.
fn feedback(start: Instant, sent: &[(u16, Instant)], lost: &[usize]) -> Vec<u8> {
    let ticks = |at: Instant| i64::try_from((at - start).as_micros() / 250).unwrap();
    let reference = ticks(sent[0].1) / 256;
    let mut last = reference * 256;
    let mut out = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
    out.extend(sent[0].0.to_be_bytes());
    out.extend(u16::try_from(sent.len()).unwrap().to_be_bytes());
    out.extend(&reference.to_be_bytes()[5..]);
    out.push(0);
    let missing = |index: &usize| lost.contains(index);
    for index in 0..sent.len() {
        let symbol: u16 = if missing(&index) { 0 } else { 2 };
        out.extend((symbol << 13 | 1).to_be_bytes());
    }
    for (index, (_, at)) in sent.iter().enumerate().filter(|(index, _)| !missing(index)) {
        let delta = i16::try_from(ticks(*at) - last).unwrap_or_else(|_| panic!("a gap at {index}"));
        out.extend(delta.to_be_bytes());
        last = ticks(*at);
    }
    out
}

#[test]
fn finds_what_is_wanted_and_no_more() {
    let mut link = Link::new(5_000_000, 500_000, 2_000_000);
    assert!(!link.estimator.is_settled() && link.estimator.spare_bps() == 0);
    // The first probes follow one another.
    let found = link.run(600);
    assert!(found > 1_500, "{found}");
    let found = link.run(3_400);
    assert!((2_200..3_000).contains(&found), "{found}");
    assert!(link.estimator.is_settled());
    let spare = link.estimator.spare_bps() / 1_000;
    assert!((found - 700..found - 400).contains(&spare), "{spare} of {found}");
    // Probes end when there is no more to be wanted.
    let probed = link.probed_bytes;
    link.run(5_000);
    assert_eq!(link.probed_bytes, probed);
    assert_eq!(link.estimator.due_at(link.now), None);
    link.estimator.set_wanted_bps(5_000_000);
    assert!(link.estimator.due_at(link.now).is_some());
}

#[test]
fn finds_the_limit_of_a_narrow_path_and_lets_its_queue_drain() {
    let mut link = Link::new(300_000, 500_000, 500_000);
    let found = link.run(1_500);
    assert!((100..300).contains(&found), "{found}");
    // The queue stands until less is sent.
    assert!(link.estimator.queue.delay() > Duration::from_millis(500));
    assert!(found < link.estimator.path_bps() as u64 / 1_000 * 6 / 10, "{found}");
    link.media_bps = 100_000;
    let found = link.run(3_000);
    assert!(link.estimator.queue.delay() < QUEUE_ALLOWED);
    assert!((120..330).contains(&found), "{found}");
}

#[test]
fn what_is_wanted_makes_no_estimate_without_room() {
    let found = Link::new(700_000, 300_000, 2_000_000).settled().run(10_000);
    assert!((450..720).contains(&found), "{found}");
}

#[test]
fn the_first_probe_may_find_less() {
    let found = Link::new(300_000, 100_000, 2_000_000).run(300);
    assert!((180..240).contains(&found), "{found}");
}

#[test]
fn a_queue_at_the_beginning_shows_the_limit_without_a_probe() {
    let mut link = Link::new(300_000, 500_000, 0);
    link.run(400);
    assert!(link.estimator.is_settled());
    let path = link.estimator.path_bps();
    assert!((200_000.0..280_000.0).contains(&path), "{path}");
}

#[test]
fn a_great_fall_hastens_the_next_probe() {
    let mut link = Link::new(700_000, 300_000, 5_000_000).settled();
    // Probes in vain have become rare.
    link.run(47_000);
    let waits = |link: &Link| {
        link.estimator
            .prober
            .begins_at()
            .map(|at| at.saturating_duration_since(link.now))
    };
    assert!(waits(&link) > Some(Duration::from_secs(5)), "{:?}", waits(&link));
    (link.bps, link.media_bps) = (100_000, 300_000);
    let fallen = link.run(1_500);
    assert!(fallen < 150, "{fallen}");
    assert!(waits(&link) < Some(Duration::from_secs(3)), "{:?}", waits(&link));
}

#[test]
fn goes_down_with_the_path_and_up_again() {
    let mut link = Link::new(2_500_000, 900_000, 1_200_000).settled();
    link.bps = 600_000;
    let fallen = link.run(1_500);
    assert!(fallen < 600, "{fallen}");
    // After such a fall the next probe does not wait long.
    (link.bps, link.media_bps) = (2_500_000, 200_000);
    let risen = link.run(5_000);
    assert!(risen > 1_100, "{risen}");
}

#[test]
fn an_outage_says_nothing_about_what_comes_after() {
    let mut link = Link::new(2_500_000, 500_000, 1_000_000).settled();
    let before = link.estimator.bps();
    let after_silence = |link: &mut Link, silence: Duration| {
        let mut sent = Vec::new();
        for _ in 0..100 {
            link.now += silence / 100;
            sent.push((link.estimator.record_sent(LEN, link.now), link.now + ROUND_TRIP / 2));
        }
        link.now += ROUND_TRIP;
        let lost: Vec<usize> = (1..99).collect();
        let packet = feedback(link.start, &sent, &lost);
        link.estimator.feedback(&packet, ROUND_TRIP, link.now).unwrap();
        link.estimator.bps()
    };
    link.unreported.clear();
    assert!(after_silence(&mut link, Duration::from_secs(2)) >= before);
    // Nor does what was lost in it count later.
    link.run(600);
    assert!(link.estimator.bps() >= before && link.estimator.loss.limit_bps().is_infinite());
    link.unreported.clear();
    assert!(
        after_silence(&mut link, Duration::from_millis(600)) < before,
        "no outage"
    );
}

#[test]
fn each_packet_is_counted_once() {
    let start = Instant::now();
    let mut estimator = Estimator::new(start);
    let sent: Vec<_> = (0..30u64)
        .map(|number| {
            let now = start + Duration::from_millis(number * 10);
            (estimator.record_sent(LEN, now), now + ROUND_TRIP / 2)
        })
        .collect();
    let end = start + Duration::from_secs(1);
    let packet = feedback(start, &sent[..20], &[3, 4]);
    for _ in 0..3 {
        estimator.feedback(&packet, ROUND_TRIP, end).unwrap();
        assert_eq!(estimator.reported_in_all(), (2, 18));
    }
    // One that was called lost may come late.
    estimator
        .feedback(&feedback(start, &sent[2..6], &[2]), ROUND_TRIP, end)
        .unwrap();
    assert_eq!(estimator.reported_in_all(), (2, 19));
    estimator
        .feedback(&feedback(start, &sent[10..], &[]), ROUND_TRIP, end)
        .unwrap();
    assert_eq!(estimator.reported_in_all(), (2, 29));
    // What was never sent, and what does not parse, count for nothing.
    let before = estimator.bps();
    let never = [(sent[29].0.wrapping_add(9), end)];
    estimator
        .feedback(&feedback(start, &never, &[]), ROUND_TRIP, end)
        .unwrap();
    let cut = &packet[..packet.len() - 1];
    assert_eq!(estimator.feedback(&cut[..22], ROUND_TRIP, end), Err(Malformed));
    assert_eq!((estimator.reported_in_all(), estimator.bps()), ((2, 29), before));
}

#[test]
fn repeats_are_bounded_while_a_queue_stands() {
    let mut link = Link::new(2_500_000, 500_000, 500_000).settled();
    let allowed = |link: &mut Link, millis: u64| {
        let times = (0..millis).filter(|_| {
            link.now += Duration::from_millis(1);
            link.estimator.may_repeat(1_000, link.now)
        });
        times.count() as u64 * (1_000 + ENVELOPE_BYTES as u64) * 8 / millis
    };
    assert!(allowed(&mut link, 1_000) > 8_000, "without a queue everything");
    link.bps = 250_000;
    link.run(1_000);
    assert!(link.estimator.queue.delay() > QUEUE_TELLS);
    let path = link.estimator.path_bps() / 1_000.0;
    // What was taken before is paid back first.
    allowed(&mut link, 1_000);
    let share = allowed(&mut link, 2_000) as f64 / path;
    assert!((0.3..0.5).contains(&share), "{share}");
}

#[test]
fn repeats_are_bounded_where_loss_limits() {
    let mut link = Link::new(2_500_000, 500_000, 500_000).settled();
    link.unreported.clear();
    let half: Vec<usize> = (1..40).step_by(2).collect();
    let mut sent = Vec::new();
    for number in 0..80 {
        link.now += Duration::from_millis(10);
        sent.push((link.estimator.record_sent(LEN, link.now), link.now + ROUND_TRIP / 2));
        assert!(
            number >= 40 || link.estimator.may_repeat(1_000, link.now),
            "nothing limits yet"
        );
        if number % 40 == 39 {
            let packet = feedback(link.start, &sent, &half);
            link.estimator.feedback(&packet, ROUND_TRIP, link.now).unwrap();
            sent.clear();
        }
    }
    assert!(link.estimator.loss.limit_bps().is_finite() && link.estimator.queue.delay() < QUEUE_TELLS);
    let allowed = (0..1_000).filter(|_| {
        link.now += Duration::from_millis(1);
        link.estimator.may_repeat(1_000, link.now)
    });
    let bps = allowed.count() as f64 * 8_000.0;
    assert!(bps < 0.5 * link.estimator.path_bps(), "{bps}");
}

#[test]
fn the_beginning_is_over_in_time() {
    // Nothing is wanted, so that no probe tells: time does.
    let mut link = Link::new(2_500_000, 100_000, 0);
    link.run(1_400);
    assert!(!link.estimator.is_settled());
    link.run(300);
    assert!(link.estimator.is_settled());
    let mut silent = Link::new(2_500_000, 100_000, 0);
    silent.tells = false;
    silent.run(5_000);
    assert!(!silent.estimator.is_settled() && silent.estimator.probe_bytes_due(silent.now).is_none());
}
