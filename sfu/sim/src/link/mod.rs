//! One direction of a client's access: a bottleneck with a queue, and a path behind it that delays, loses and reorders.
//! Everything follows from the configuration, a seed and what is sent.

mod competitor;
mod profile;
mod rate;

use std::collections::VecDeque;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use self::competitor::{CompetingFlow, Competitor};
use self::competitor::{PACKET_BYTES, Running};
pub use self::profile::Profile;
pub use self::rate::Rate;

/// Bytes of IPv4 and UDP around a datagram.
const ENVELOPE_BYTES: usize = 28;

/// How packets get lost on the path, in parts of 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Each by itself.
    Random(u32),
    /// In bursts (Gilbert's model): a good path turns bad and back with these chances before each packet, and loses
    /// this share while it is bad.
    Burst { turns_bad: u32, turns_good: u32, lost: u32 },
}

/// What a link is like. Times are since the link was attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkConfig {
    pub rate: Rate,
    /// A packet that does not fit is dropped.
    pub queue_bytes: usize,
    /// From the bottleneck to the other end.
    pub delay: Duration,
    /// Added to the delay, evenly from zero. It keeps the order.
    pub jitter: Duration,
    pub loss: Loss,
    /// Of 1000 packets, those that take [`LinkConfig::REORDER_DELAY`] longer and are overtaken.
    pub reordered: u32,
    /// From and until; whatever is sent between is lost.
    pub outages: Vec<(Duration, Duration)>,
    pub competitor: Option<CompetingFlow>,
}

impl LinkConfig {
    pub const REORDER_DELAY: Duration = Duration::from_millis(12);

    /// A clean link of a constant rate, with a queue of a quarter of a second.
    #[must_use]
    pub fn clean(bps: u64, delay: Duration) -> Self {
        Self {
            rate: Rate::constant(bps),
            queue_bytes: usize::try_from(bps / 8 / 4).expect("a sensible rate"),
            delay,
            jitter: Duration::ZERO,
            loss: Loss::Random(0),
            reordered: 0,
            outages: Vec::new(),
            competitor: None,
        }
    }
}

/// A packet that came through the bottleneck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// When it entered the queue.
    pub at: Duration,
    /// How long it waited and took to leave.
    pub queued: Duration,
    /// With IP and UDP headers.
    pub bytes: usize,
}

/// What became of the packets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkStats {
    /// In order of time; those that the path lost later included.
    pub passed: Vec<Passed>,
    /// Dropped by the full queue.
    pub dropped: u64,
    /// Lost by the path, outages included.
    pub lost: u64,
    /// Bytes of the competing flow that came through.
    pub competing_bytes: u64,
}

/// One direction.
#[derive(Debug)]
pub struct Link {
    config: LinkConfig,
    random: ChaCha8Rng,
    /// When each leaves the bottleneck, and its bytes.
    queue: VecDeque<(Duration, usize)>,
    queued_bytes: usize,
    /// When the last one in order arrives.
    last_arrival: Duration,
    bad: bool,
    competitor: Option<Running>,
    pub stats: LinkStats,
}

impl Link {
    #[must_use]
    pub fn new(config: LinkConfig, seed: u64) -> Self {
        Self {
            competitor: config.competitor.map(Running::new),
            config,
            random: ChaCha8Rng::seed_from_u64(seed),
            queue: VecDeque::new(),
            queued_bytes: 0,
            last_arrival: Duration::ZERO,
            bad: false,
            stats: LinkStats::default(),
        }
    }

    #[must_use]
    pub fn config(&self) -> &LinkConfig {
        &self.config
    }

    /// Sends `len` bytes of UDP payload at `now`, which never runs backwards. When they arrive, or `None`.
    pub fn send(&mut self, now: Duration, len: usize) -> Option<Duration> {
        self.compete(now);
        let bytes = len + ENVELOPE_BYTES;
        let Some(leaves) = self.enqueue(now, bytes) else {
            self.stats.dropped += 1;
            return None;
        };
        self.stats.passed.push(Passed {
            at: now,
            queued: leaves - now,
            bytes,
        });
        // Drawn in any case, so that one packet's fate does not change that of the next.
        let lost = self.is_lost();
        let jitter = self.random.random_range(0..=self.config.jitter.as_nanos());
        let overtaken = self.random.random_range(0..1_000) < self.config.reordered;
        if lost || self.is_out(now) || self.is_out(leaves) {
            self.stats.lost += 1;
            return None;
        }
        let jitter = Duration::from_nanos(u64::try_from(jitter).expect("a jitter below centuries"));
        let arrives = (leaves + self.config.delay + jitter).max(self.last_arrival);
        if overtaken {
            return Some(arrives + LinkConfig::REORDER_DELAY);
        }
        self.last_arrival = arrives;
        Some(arrives)
    }

    fn is_out(&self, at: Duration) -> bool {
        self.config
            .outages
            .iter()
            .any(|(from, until)| (*from..*until).contains(&at))
    }

    fn is_lost(&mut self) -> bool {
        match self.config.loss {
            Loss::Random(lost) => self.random.random_range(0..1_000) < lost,
            Loss::Burst {
                turns_bad,
                turns_good,
                lost,
            } => {
                let turns = if self.bad { turns_good } else { turns_bad };
                self.bad ^= self.random.random_range(0..1_000) < turns;
                self.random.random_range(0..1_000) < lost && self.bad
            }
        }
    }

    /// When the packet has left; `None` when there is no room for it.
    fn enqueue(&mut self, now: Duration, bytes: usize) -> Option<Duration> {
        while let Some((_, left)) = self.queue.pop_front_if(|(leaves, _)| *leaves <= now) {
            self.queued_bytes -= left;
        }
        if self.queued_bytes + bytes > self.config.queue_bytes && !self.queue.is_empty() {
            return None;
        }
        let begins = self.queue.back().map_or(now, |(leaves, _)| *leaves);
        let leaves = self.config.rate.finish(begins, bytes as u64 * 8);
        self.queue.push_back((leaves, bytes));
        self.queued_bytes += bytes;
        Some(leaves)
    }

    /// Lets the competing flow send what it would have by now.
    fn compete(&mut self, now: Duration) {
        let Some(mut flow) = self.competitor.take() else { return };
        while let Some(at) = flow.next(now) {
            let leaves = self.enqueue(at, PACKET_BYTES);
            if leaves.is_some() {
                self.stats.competing_bytes += PACKET_BYTES as u64;
            }
            flow.sent(at, leaves.map(|leaves| leaves - at));
        }
        self.competitor = Some(flow);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// A link of 1 Mbit/s, 10 ms and 10 000 bytes.
    fn config() -> LinkConfig {
        LinkConfig {
            queue_bytes: 10_000,
            ..LinkConfig::clean(1_000_000, millis(10))
        }
    }

    /// Sends a packet of 1000 bytes with its headers each `every` for `count` times; those that arrived.
    fn send(link: &mut Link, every: Duration, count: u32) -> Vec<Duration> {
        (0..count)
            .filter_map(|number| link.send(every * number, 1_000 - ENVELOPE_BYTES))
            .collect()
    }

    #[test]
    fn a_queue_delays_and_then_drops() {
        let mut link = Link::new(config(), 1);
        // Twice what fits through: the queue of 80 ms fills, then half is dropped.
        let arrived = send(&mut link, millis(4), 500);
        assert_eq!(arrived[0], millis(18));
        assert!(arrived.windows(2).skip(20).all(|pair| pair[1] - pair[0] == millis(8)));
        assert_eq!(arrived.len() as u64 + link.stats.dropped, 500);
        assert!((230..250).contains(&link.stats.dropped), "{}", link.stats.dropped);
        let longest = link.stats.passed.iter().map(|passed| passed.queued).max();
        assert!(longest > Some(millis(72)) && longest <= Some(millis(80)), "{longest:?}");
    }

    #[test]
    fn losses_come_alone_or_in_bursts() {
        let lost = |loss| {
            let mut link = Link::new(LinkConfig { loss, ..config() }, 7);
            let arrived = send(&mut link, millis(10), 10_000);
            let longest = arrived
                .windows(2)
                .map(|pair| (pair[1] - pair[0]).as_millis() / 10 - 1)
                .max();
            (link.stats.lost, longest.unwrap_or(0))
        };
        let (count, longest) = lost(Loss::Random(50));
        assert!((400..600).contains(&count) && longest <= 5, "{count} {longest}");
        let bursts = Loss::Burst {
            turns_bad: 10,
            turns_good: 200,
            lost: 1_000,
        };
        let (count, longest) = lost(bursts);
        assert!((300..700).contains(&count) && longest >= 10, "{count} {longest}");
    }

    #[test]
    fn jitter_keeps_the_order_and_reordering_does_not() {
        let mut link = Link::new(
            LinkConfig {
                jitter: millis(30),
                ..config()
            },
            3,
        );
        assert!(send(&mut link, millis(10), 1_000).is_sorted());
        let mut link = Link::new(
            LinkConfig {
                reordered: 100,
                ..config()
            },
            3,
        );
        let arrived = send(&mut link, millis(10), 1_000);
        assert!(arrived.len() == 1_000 && !arrived.is_sorted());
    }

    #[test]
    fn nothing_crosses_an_outage() {
        let mut link = Link::new(
            LinkConfig {
                outages: vec![(millis(1_000), millis(3_000))],
                ..config()
            },
            3,
        );
        let arrived = send(&mut link, millis(10), 400);
        assert!(!arrived.iter().any(|at| (millis(1_010)..millis(3_018)).contains(at)));
        assert_eq!((arrived.len(), link.stats.lost), (200, 200));
    }

    #[test]
    fn a_download_takes_what_is_left_and_yields_to_loss() {
        let competing = |flow| {
            let competitor = Some(CompetingFlow {
                from: millis(0),
                until: millis(20_000),
                flow,
            });
            let mut link = Link::new(LinkConfig { competitor, ..config() }, 3);
            // Ours: 200 kbit/s.
            let arrived = send(&mut link, millis(40), 500);
            (arrived.len(), link.stats.competing_bytes * 8 / 20)
        };
        let (ours, theirs) = competing(Competitor::Download { round_trip: millis(50) });
        assert!(ours > 420 && (600_000..850_000).contains(&theirs), "{ours} {theirs}");
        let (ours, theirs) = competing(Competitor::Constant(500_000));
        assert!(ours == 500 && (490_000..510_000).contains(&theirs), "{ours} {theirs}");
    }
}
