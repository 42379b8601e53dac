//! What a run brought, as a table row, as a line of JSON, and as a ratio to another target's.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;
use sfu_core::wire::srtp::Profile;

use super::client::Tally;
use super::histogram::Histogram;

/// A run with more loss says nothing.
pub const LOSS_MAX: f64 = 0.001;
/// With less idle time a core is full, and delays say as much of the machine as of the server.
const IDLE_MIN: f64 = 0.05;

/// One measured run, or several of one target added up.
#[derive(Debug, Clone)]
pub struct Report {
    pub target: String,
    pub scenario: String,
    pub seconds: f64,
    pub fan_out: usize,
    pub legs: usize,
    pub watching: usize,
    /// People came and went, so that what should have arrived is known from sequence numbers only.
    pub churned: bool,
    pub tally: Tally,
    /// Since the very start.
    pub total_joins: Histogram,
    pub total_video_joins: Histogram,
    pub failed: u64,
    pub server_cpu: Duration,
    pub clients_cpu: Duration,
    /// Bytes: at the end, when the measurement began, and of the server without anybody.
    pub memory: u64,
    pub memory_before: u64,
    pub memory_empty: u64,
    /// After each tenth of the measurement but the last.
    pub memory_course: Vec<u64>,
    /// Idle share of each core.
    pub idle: Vec<f64>,
    /// What the path between clients and server dropped, which no server is to blame for.
    pub path_dropped: u64,
    pub profiles: Vec<Profile>,
    pub counters: Vec<(String, u64)>,
}

#[derive(Serialize)]
struct Line<'a> {
    target: &'a str,
    scenario: &'a str,
    seconds: f64,
    valid: bool,
    offered_packets: u64,
    delivered_packets: u64,
    delivered_bytes: u64,
    loss: f64,
    withheld: Option<f64>,
    sequence_loss: f64,
    verified: u64,
    broken: u64,
    nacked: u64,
    feedbacks: u64,
    extra: u64,
    keyframe_requests: u64,
    delay_ms: [f64; 3],
    join_ms: [f64; 2],
    video_join_ms: [f64; 2],
    joins: u64,
    failed: u64,
    server_cpu_s: f64,
    clients_cpu_share: f64,
    packets_per_cpu_s: f64,
    memory_mib: f64,
    memory_growth_kib: f64,
    memory_per_leg_kib: f64,
    idle: &'a [f64],
    saturated: bool,
    path_dropped: u64,
    profiles: Vec<String>,
    counters: serde_json::Map<String, serde_json::Value>,
}

fn millis(time: Option<Duration>) -> f64 {
    time.map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0)
}

impl Report {
    /// Packets forwarded for each second of the server's CPU.
    #[must_use]
    pub fn packets_per_cpu_second(&self) -> f64 {
        self.tally.received as f64 / self.server_cpu.as_secs_f64().max(0.01)
    }

    /// Share of what should have been delivered and was not: of what was offered, or by sequence numbers where people
    /// came and went. What clients threw away on purpose is not missing.
    #[must_use]
    pub fn loss(&self) -> f64 {
        let wanted = if self.churned {
            self.tally.expected
        } else {
            self.tally.sent * self.fan_out as u64
        };
        let arrived = self.tally.received + if self.churned { 0 } else { self.tally.dropped_here };
        1.0 - (arrived as f64 / wanted.max(1) as f64).min(1.0)
    }

    /// Share of what was offered that the server decided not to send on, which leaves no gap in its numbers (trial F17); `None`
    /// where people came and went.
    #[must_use]
    pub fn withheld(&self) -> Option<f64> {
        let wanted = self.tally.sent * self.fan_out as u64;
        let known = !self.churned && wanted > 0;
        known.then(|| 1.0 - (self.tally.expected as f64 / wanted as f64).min(1.0))
    }

    /// Nothing speaks against the figures.
    #[must_use]
    pub fn valid(&self) -> bool {
        let whole = self.tally.broken == 0 && self.failed == 0 && self.tally.verified > 0;
        whole && self.loss() < LOSS_MAX && self.path_dropped == 0
    }

    /// A core had next to nothing to spare.
    #[must_use]
    pub fn saturated(&self) -> bool {
        self.idle.iter().any(|idle| *idle < IDLE_MIN)
    }

    /// What to think of the figures, in a word.
    fn verdict(&self) -> String {
        match (self.path_dropped, self.valid(), self.saturated()) {
            (1.., _, _) => format!("**no**, the path dropped {}", self.path_dropped),
            (0, false, _) => "**no**".to_owned(),
            (0, true, true) => "yes, a core was full".to_owned(),
            (0, true, false) => "yes".to_owned(),
        }
    }

    /// Adds another round of the same target and scenario.
    pub fn add(&mut self, other: &Self) {
        self.seconds += other.seconds;
        self.tally.add(&other.tally);
        self.total_joins.add(&other.total_joins);
        self.total_video_joins.add(&other.total_video_joins);
        self.failed += other.failed;
        self.server_cpu += other.server_cpu;
        self.path_dropped += other.path_dropped;
        self.clients_cpu += other.clients_cpu;
        self.memory = self.memory.max(other.memory);
        self.memory_before = self.memory_before.max(other.memory_before);
        self.memory_empty = self.memory_empty.max(other.memory_empty);
        for (name, more) in &other.counters {
            match self.counters.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum += more,
                None => self.counters.push((name.clone(), *more)),
            }
        }
        for (idle, other) in self.idle.iter_mut().zip(&other.idle) {
            *idle = idle.min(*other);
        }
    }

    fn memory_per_leg(&self) -> f64 {
        self.memory_before.saturating_sub(self.memory_empty) as f64 / 1_024.0 / self.legs.max(1) as f64
    }

    fn memory_by_tenths(&self) -> String {
        let course = [&[self.memory_before][..], &self.memory_course, &[self.memory]].concat();
        let mib = course
            .iter()
            .map(|bytes| format!("{:.1}", *bytes as f64 / f64::from(1 << 20)));
        mib.collect::<Vec<_>>().join(" ")
    }

    /// Everything as one line of JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let quantiles = |times: &Histogram| [0.5, 0.99].map(|share| millis(times.quantile(share)));
        let line = Line {
            target: &self.target,
            scenario: &self.scenario,
            seconds: self.seconds,
            valid: self.valid(),
            offered_packets: self.tally.sent,
            delivered_packets: self.tally.received,
            delivered_bytes: self.tally.received_bytes,
            loss: self.loss(),
            withheld: self.withheld(),
            sequence_loss: 1.0 - self.tally.received as f64 / self.tally.expected.max(1) as f64,
            verified: self.tally.verified,
            broken: self.tally.broken,
            nacked: self.tally.nacked,
            feedbacks: self.tally.feedbacks,
            extra: self.tally.extra,
            keyframe_requests: self.tally.keyframe_requests,
            delay_ms: [0.5, 0.99, 0.999].map(|share| millis(self.tally.delays.quantile(share))),
            join_ms: quantiles(&self.total_joins),
            video_join_ms: quantiles(&self.total_video_joins),
            joins: self.total_joins.count(),
            failed: self.failed,
            server_cpu_s: self.server_cpu.as_secs_f64(),
            clients_cpu_share: self.clients_cpu.as_secs_f64() / self.seconds,
            packets_per_cpu_s: self.packets_per_cpu_second(),
            memory_mib: self.memory as f64 / f64::from(1 << 20),
            memory_growth_kib: (self.memory as f64 - self.memory_before as f64) / 1_024.0,
            memory_per_leg_kib: self.memory_per_leg(),
            idle: &self.idle,
            saturated: self.saturated(),
            path_dropped: self.path_dropped,
            profiles: self.profiles.iter().map(|profile| format!("{profile:?}")).collect(),
            counters: self
                .counters
                .iter()
                .map(|(name, value)| (name.clone(), (*value).into()))
                .collect(),
        };
        serde_json::to_string(&line).expect("numbers and strings")
    }

    /// What a long run must show beside its row: what the server says it dropped, how its memory grew, what it wrote.
    #[must_use]
    pub fn endurance(&self) -> String {
        const LOSSES: [&str; 5] = ["arena_full", "send_dropped", "send_errors", "panics", "log_lines"];
        let losses = self
            .counters
            .iter()
            .filter(|(name, _)| LOSSES.iter().any(|loss| name.contains(loss)));
        let mut text = format!(
            "memory {} MiB, from tenth to tenth of the measurement; {} joins, {} connections failed",
            self.memory_by_tenths(),
            self.total_joins.count(),
            self.failed
        );
        for (name, value) in losses {
            let _ = write!(text, "; {name} {value}");
        }
        text
    }

    /// The head of the table that [`Self::row`] fills.
    #[must_use]
    pub fn head() -> &'static str {
        "| scenario | target | offered/s | delivered/s | loss % | withheld % | delay p50/p99/p99.9 ms | join p50/p99 ms | CPU s | \
         packets per CPU-second | KiB per leg | idle % by core | profile | valid |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|---|---|"
    }

    /// One row of a Markdown table.
    #[must_use]
    pub fn row(&self) -> String {
        let delays = [0.5, 0.99, 0.999].map(|share| format!("{:.2}", millis(self.tally.delays.quantile(share))));
        let joins = [0.5, 0.99].map(|share| format!("{:.0}", millis(self.total_joins.quantile(share))));
        let withheld = self.withheld();
        let withheld = withheld.map_or_else(String::new, |share| format!("{:.3}", share * 100.0));
        let mut row = String::new();
        let idle: Vec<String> = self.idle.iter().map(|idle| format!("{:.0}", idle * 100.0)).collect();
        let profiles: Vec<String> = self.profiles.iter().map(|profile| format!("{profile:?}")).collect();
        write!(
            row,
            "| {} | {} | {:.0} | {:.0} | {:.3} | {} | {} | {} | {:.1} | {:.0} | {:.0} | {} | {} | {} |",
            self.scenario,
            self.target,
            self.tally.sent as f64 / self.seconds,
            self.tally.received as f64 / self.seconds,
            self.loss() * 100.0,
            withheld,
            delays.join("/"),
            joins.join("/"),
            self.server_cpu.as_secs_f64(),
            self.packets_per_cpu_second(),
            self.memory_per_leg(),
            idle.join("/"),
            profiles.join("+"),
            self.verdict(),
        )
        .expect("a String takes everything");
        row
    }
}
