//! A network that loses, repeats, delays and so reorders, by a seeded generator and a virtual clock. Single addresses can
//! have links of their own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sfu_core::wire::rtp::{is_media, is_rtcp};
use sfu_core::wire::stun::is_stun;

use crate::link::{Link, LinkConfig};

/// How bad the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// Of 1000 datagrams.
    pub lost: u32,
    /// Of 1000 datagrams.
    pub duplicated: u32,
    pub delay: Duration,
    /// Added to the delay, evenly from zero; a span above the packet interval reorders.
    pub jitter: Duration,
}

impl Conditions {
    /// Nothing is lost and everything takes one millisecond.
    pub const PERFECT: Self = Self {
        lost: 0,
        duplicated: 0,
        delay: Duration::from_millis(1),
        jitter: Duration::ZERO,
    };
}

/// A datagram on its way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub sent: Instant,
    pub bytes: Vec<u8>,
}

/// Both directions of an access.
#[derive(Debug)]
pub struct Access {
    since: Instant,
    /// From the client.
    pub up: Link,
    /// To the client.
    pub down: Link,
    /// When packets of each stream were sent to the client, by SSRC, since the link was attached.
    pub streams: BTreeMap<u32, Vec<Duration>>,
}

/// Bytes at the start of a datagram that no key changes, whatever it is.
const CLEAR_BYTES: usize = 8;

/// All datagrams that were sent, as one number: when, from where to where, how long, and what of them is in the clear.
#[derive(Debug, Default)]
struct Transcript {
    hasher: DefaultHasher,
    began: Option<Instant>,
}

impl Transcript {
    fn record(&mut self, datagram: &Datagram) {
        let began = *self.began.get_or_insert(datagram.sent);
        let at = datagram.sent.saturating_duration_since(began);
        let bytes = &datagram.bytes[..];
        let clear = if is_stun(bytes) {
            bytes
        } else {
            &bytes[..bytes.len().min(CLEAR_BYTES)]
        };
        (at, datagram.from, datagram.to, bytes.len(), clear).hash(&mut self.hasher);
    }
}

/// The datagrams on their way, soonest first.
#[derive(Debug)]
pub struct Network {
    /// For whoever has no link.
    pub conditions: Conditions,
    accesses: BTreeMap<SocketAddr, Access>,
    /// What is sent from or to these is lost.
    pub cut_off: BTreeSet<SocketAddr>,
    random: ChaCha8Rng,
    on_the_way: BinaryHeap<Reverse<(Instant, u64, Datagram)>>,
    sent: u64,
    pub lost: u64,
    transcript: Transcript,
}

impl Network {
    #[must_use]
    pub fn new(seed: u64, conditions: Conditions) -> Self {
        Self {
            conditions,
            accesses: BTreeMap::new(),
            cut_off: BTreeSet::new(),
            random: ChaCha8Rng::seed_from_u64(seed),
            on_the_way: BinaryHeap::new(),
            sent: 0,
            lost: 0,
            transcript: Transcript::default(),
        }
    }

    /// From now on what an address sends and gets goes through links.
    pub fn attach(&mut self, now: Instant, address: SocketAddr, up: LinkConfig, down: LinkConfig) {
        let access = Access {
            since: now,
            up: Link::new(up, self.random.random()),
            down: Link::new(down, self.random.random()),
            streams: BTreeMap::new(),
        };
        self.accesses.insert(address, access);
    }

    /// The links of an address.
    #[must_use]
    pub fn access(&self, address: SocketAddr) -> Option<&Access> {
        self.accesses.get(&address)
    }

    /// The links of an address are those of another one now.
    pub fn reattach(&mut self, from: SocketAddr, to: SocketAddr) {
        if let Some(access) = self.accesses.remove(&from) {
            self.accesses.insert(to, access);
        }
    }

    /// Of all that was sent so far: two runs with the same number went the same way.
    #[must_use]
    pub fn transcript(&self) -> u64 {
        self.transcript.hasher.finish()
    }

    pub fn send(&mut self, datagram: Datagram) {
        self.transcript.record(&datagram);
        let now = datagram.sent;
        if self.cut_off.contains(&datagram.from) || self.cut_off.contains(&datagram.to) {
            self.lost += 1;
            return;
        }
        let len = datagram.bytes.len();
        let linked = if let Some(access) = self.accesses.get_mut(&datagram.from) {
            Some((access.since, &mut access.up))
        } else if let Some(access) = self.accesses.get_mut(&datagram.to) {
            if is_media(&datagram.bytes)
                && !is_rtcp(&datagram.bytes)
                && let Some((_, ssrc)) = datagram.bytes[..].split_at_checked(8)
                && let Some(ssrc) = ssrc.first_chunk()
            {
                let sent = access.streams.entry(u32::from_be_bytes(*ssrc)).or_default();
                sent.push(now.saturating_duration_since(access.since));
            }
            Some((access.since, &mut access.down))
        } else {
            None
        };
        if let Some((since, link)) = linked {
            match link.send(now.saturating_duration_since(since), len) {
                Some(arrives) => self.push(since + arrives, datagram),
                None => self.lost += 1,
            }
            return;
        }
        if self.random.random_range(0..1_000) < self.conditions.lost {
            self.lost += 1;
            return;
        }
        if self.random.random_range(0..1_000) < self.conditions.duplicated {
            self.enqueue(now, datagram.clone());
        }
        self.enqueue(now, datagram);
    }

    fn enqueue(&mut self, now: Instant, datagram: Datagram) {
        let micros = u64::try_from(self.conditions.jitter.as_micros()).unwrap_or(u64::MAX);
        let jitter = Duration::from_micros(self.random.random_range(0..=micros));
        self.push(now + self.conditions.delay + jitter, datagram);
    }

    fn push(&mut self, arrives: Instant, datagram: Datagram) {
        self.sent += 1;
        self.on_the_way.push(Reverse((arrives, self.sent, datagram)));
    }

    /// When the next datagram arrives.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Instant> {
        self.on_the_way.peek().map(|Reverse((at, ..))| *at)
    }

    /// The next datagram that has arrived by `now`.
    pub fn arrive(&mut self, now: Instant) -> Option<Datagram> {
        if self.next_arrival()? > now {
            return None;
        }
        self.on_the_way.pop().map(|Reverse((_, _, datagram))| datagram)
    }
}
