//! A network that loses, repeats, delays and so reorders, by a seeded generator and a virtual clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

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
    pub bytes: Vec<u8>,
}

/// The datagrams on their way, soonest first.
#[derive(Debug)]
pub struct Network {
    pub conditions: Conditions,
    random: ChaCha8Rng,
    on_the_way: BinaryHeap<Reverse<(Instant, u64, Datagram)>>,
    sent: u64,
    pub lost: u64,
}

impl Network {
    #[must_use]
    pub fn new(seed: u64, conditions: Conditions) -> Self {
        Self {
            conditions,
            random: ChaCha8Rng::seed_from_u64(seed),
            on_the_way: BinaryHeap::new(),
            sent: 0,
            lost: 0,
        }
    }

    pub fn send(&mut self, now: Instant, datagram: Datagram) {
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
        self.sent += 1;
        self.on_the_way
            .push(Reverse((now + self.conditions.delay + jitter, self.sent, datagram)));
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
