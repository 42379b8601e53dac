//! A flow of somebody else through the same queue.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Bytes of one of its packets.
pub(super) const PACKET_BYTES: usize = 1_500;
/// Packets on the way when it begins.
const WINDOW_START: f64 = 10.0;

/// What the other flow does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Competitor {
    /// Sends at a constant rate whatever happens, in bits a second.
    Constant(u64),
    /// A download: one packet more each round trip, half of them after a loss (as RFC 5681 has it). `round_trip` is
    /// that without queueing.
    Download { round_trip: Duration },
}

/// When it runs, and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompetingFlow {
    pub from: Duration,
    pub until: Duration,
    pub flow: Competitor,
}

/// What comes back to a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Arrived,
    Lost,
}

/// A running flow. It is asked for its next packet and told what became of it, in order of time.
#[derive(Debug)]
pub(super) struct Running {
    config: CompetingFlow,
    /// Of a constant flow.
    next_at: Duration,
    window: f64,
    on_the_way: u32,
    answers: BinaryHeap<Reverse<(Duration, Answer)>>,
    /// Losses before this are of the window that was halved already.
    recovered_at: Duration,
}

impl Running {
    pub(super) fn new(config: CompetingFlow) -> Self {
        Self {
            config,
            next_at: config.from,
            window: WINDOW_START,
            on_the_way: 0,
            answers: BinaryHeap::new(),
            recovered_at: Duration::ZERO,
        }
    }

    /// When its next packet enters the queue, if that is by `now`.
    pub(super) fn next(&mut self, now: Duration) -> Option<Duration> {
        let at = match self.config.flow {
            Competitor::Constant(bps) => {
                let at = self.next_at;
                let bits = PACKET_BYTES as u64 * 8;
                if at <= now && at < self.config.until {
                    self.next_at = at + Duration::from_nanos(bits * 1_000_000_000 / bps.max(1));
                }
                at
            }
            Competitor::Download { .. } => self.next_of_download(now)?,
        };
        (at <= now && at < self.config.until).then_some(at)
    }

    fn next_of_download(&mut self, now: Duration) -> Option<Duration> {
        if now < self.config.from {
            return None;
        }
        self.next_at = self.next_at.max(self.config.from);
        while f64::from(self.on_the_way) >= self.window.floor() {
            let Reverse((at, _)) = self.answers.peek()?;
            if *at > now {
                return None;
            }
            let Reverse((at, answer)) = self.answers.pop()?;
            self.next_at = self.next_at.max(at);
            self.on_the_way -= 1;
            match answer {
                Answer::Arrived => self.window += 1.0 / self.window,
                Answer::Lost if at >= self.recovered_at => {
                    self.window = (self.window / 2.0).max(1.0);
                    self.recovered_at = at + self.round_trip();
                }
                Answer::Lost => {}
            }
        }
        Some(self.next_at)
    }

    fn round_trip(&self) -> Duration {
        match self.config.flow {
            Competitor::Constant(_) => Duration::ZERO,
            Competitor::Download { round_trip } => round_trip,
        }
    }

    /// Its last packet entered at `at` and waits for `queued`, or was dropped.
    pub(super) fn sent(&mut self, at: Duration, queued: Option<Duration>) {
        if matches!(self.config.flow, Competitor::Constant(_)) {
            return;
        }
        self.on_the_way += 1;
        let answer = match queued {
            Some(queued) => (at + queued + self.round_trip(), Answer::Arrived),
            // Those behind it tell of the loss.
            None => (at + self.round_trip() * 2, Answer::Lost),
        };
        self.answers.push(Reverse(answer));
    }
}
