//! Who joins, who watches whom, what they send; and one measured run of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use dimpl::DtlsCertificate;
use futures_util::StreamExt as _;
use rand::Rng as _;

use super::client::{NewClient, StreamPlan, Tally};
use super::machine;
use super::network::{Network, open_socket};
use super::pool::{self, Pool};
use super::report::Report;
use super::sdp::{Local, LocalStream, Media};
use super::target::{Participant, Target};

/// Joins under way at once.
const JOINS_AT_ONCE: usize = 8;
/// How long connecting may take, all together.
const CONNECT_MAX: Duration = Duration::from_secs(60);

/// A load.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub name: String,
    pub rooms: usize,
    /// Who publish, in each room.
    pub publishers: usize,
    /// Who only watch, in each room; `None` when the publishers watch each other.
    pub watchers: Option<usize>,
    /// What each publisher sends.
    pub streams: Vec<StreamPlan>,
    /// Receivers tell when every packet came.
    pub transport_cc: bool,
    pub feedback_interval: Duration,
    /// Share of packets that receivers lose.
    pub loss: f64,
    pub warm_up: Duration,
    pub measured: Duration,
    /// Watchers join evenly over this time, while media flows, instead of before.
    pub join_over: Option<Duration>,
    /// Every so often one watcher leaves and another comes.
    pub churn: Option<Duration>,
}

impl Scenario {
    /// How many times each packet that is sent is to be delivered.
    #[must_use]
    pub fn fan_out(&self) -> usize {
        self.watchers.unwrap_or(self.publishers.saturating_sub(1))
    }

    /// Connections that receive.
    #[must_use]
    pub fn watching(&self) -> usize {
        self.rooms * self.watchers.unwrap_or(self.publishers)
    }

    /// Received streams, all together.
    #[must_use]
    pub fn legs(&self) -> usize {
        self.rooms * self.publishers * self.fan_out() * self.streams.len()
    }
}

/// Somebody who watches: the room, and whom.
#[derive(Debug, Clone)]
struct Seat {
    room: String,
    publishers: Vec<Participant>,
}

/// Somebody who watches now.
struct Watching {
    client: u64,
    participant: Participant,
    seat: Seat,
}

/// A scenario under way.
pub struct Run<'a> {
    scenario: &'a Scenario,
    target: &'a dyn Target,
    network: &'a Network,
    pool: &'a Pool,
    certificate: Arc<(DtlsCertificate, String)>,
    next: AtomicU64,
}

/// Everything read at one moment.
struct Moment {
    at: Instant,
    pool: pool::State,
    cpu: Duration,
    memory: u64,
    cores: Vec<(u64, u64)>,
    path_dropped: u64,
    counters: Vec<(String, u64)>,
}

impl<'a> Run<'a> {
    /// # Errors
    /// When no certificate can be made.
    pub fn new(scenario: &'a Scenario, target: &'a dyn Target, network: &'a Network, pool: &'a Pool) -> Result<Self> {
        let certificate = dimpl::certificate::generate_self_signed_certificate()
            .map_err(|error| anyhow::anyhow!("make a certificate: {error}"))?;
        let fingerprint = certificate.fingerprint_str();
        Ok(Self {
            scenario,
            target,
            network,
            pool,
            certificate: Arc::new((certificate, fingerprint)),
            next: AtomicU64::new(1),
        })
    }

    /// Everybody joins, media flows, the middle part is measured.
    ///
    /// # Errors
    /// When somebody cannot join or connect.
    pub async fn measure(&self) -> Result<Report> {
        let empty = self.memory()?;
        let seats = self.publish_all().await?;
        self.wait_connected(self.next.load(Ordering::Relaxed) - 1).await?;
        let mut watching = Vec::new();
        if self.scenario.join_over.is_none() {
            watching = self.watch_all(&seats).await?;
        }
        let connections = self.next.load(Ordering::Relaxed) - 1;
        self.wait_connected(connections).await?;
        self.pool.start_sending()?;
        tokio::time::sleep(self.scenario.warm_up).await;
        let before = self.moment().await?;
        if let Some(over) = self.scenario.join_over {
            self.storm(&seats, over).await?;
        }
        let (held, memory_course) = tokio::join!(
            self.hold(&mut watching, before.at + self.scenario.measured),
            self.memory_course()
        );
        held?;
        let after = self.moment().await?;
        Ok(Report {
            memory_course: memory_course?,
            ..self.report(&before, &after, empty)
        })
    }

    /// The server's memory after each tenth of the measured time but the last.
    async fn memory_course(&self) -> Result<Vec<u64>> {
        let mut course = Vec::new();
        for _ in 1..10 {
            tokio::time::sleep(self.scenario.measured / 10).await;
            course.push(self.memory()?);
        }
        Ok(course)
    }

    fn memory(&self) -> Result<u64> {
        self.target.pid().map_or(Ok(0), machine::process_memory)
    }

    async fn moment(&self) -> Result<Moment> {
        Ok(Moment {
            counters: self.target.counters().await?,
            cpu: self.target.pid().map_or(Ok(Duration::ZERO), machine::process_cpu)?,
            memory: self.memory()?,
            cores: machine::core_ticks()?,
            path_dropped: self.network.dropped()?,
            pool: self.pool.state()?,
            at: Instant::now(),
        })
    }

    /// Opens the rooms and lets the publishers join; who is to watch whom.
    async fn publish_all(&self) -> Result<Vec<Seat>> {
        let rooms = futures_util::stream::iter(0..self.scenario.rooms)
            .map(|_| self.publish_room())
            .buffered(JOINS_AT_ONCE);
        let mut seats = Vec::new();
        for room in rooms.collect::<Vec<_>>().await {
            let (room, publishers) = room?;
            let seat = |publishers| Seat {
                room: room.clone(),
                publishers,
            };
            match self.scenario.watchers {
                Some(count) => seats.extend((0..count).map(|_| seat(publishers.clone()))),
                None => seats.extend(publishers.iter().map(|own| {
                    let others = publishers.iter().filter(|other| *other != own);
                    seat(others.cloned().collect())
                })),
            }
        }
        Ok(seats)
    }

    async fn publish_room(&self) -> Result<(String, Vec<Participant>)> {
        let room = self.target.open_room(self.scenario.publishers).await?;
        let mut publishers = Vec::new();
        for _ in 0..self.scenario.publishers {
            let (client, local) = self.prepare(true, 0)?;
            let (participant, remote) = self.target.publish(&room, &local).await.context("publish")?;
            self.pool.add(client.finish(local, remote, &self.scenario.streams))?;
            publishers.push(participant);
        }
        Ok((room, publishers))
    }

    async fn watch_all(&self, seats: &[Seat]) -> Result<Vec<Watching>> {
        let joins = futures_util::stream::iter(seats).map(|seat| self.watch(seat));
        let joined: Vec<_> = joins.buffer_unordered(JOINS_AT_ONCE).collect().await;
        joined.into_iter().collect()
    }

    async fn watch(&self, seat: &Seat) -> Result<Watching> {
        let (client, local) = self.prepare(false, seat.publishers.len())?;
        let watched = self.target.watch(&seat.room, &local, &seat.publishers).await;
        let (participant, remote) = watched.context("watch")?;
        Ok(Watching {
            client: self.pool.add(client.finish(local, remote, &[]))?,
            participant,
            seat: seat.clone(),
        })
    }

    /// All seats join, evenly over the time.
    async fn storm(&self, seats: &[Seat], over: Duration) -> Result<()> {
        let begin = tokio::time::Instant::now();
        let step = over / u32::try_from(seats.len()).context("few seats")?.max(1);
        let joins = one_by_one(seats, begin, step)
            .map(|seat| self.watch(seat))
            .buffer_unordered(seats.len().max(1));
        let mut joins = std::pin::pin!(joins);
        while let Some(joined) = joins.next().await {
            joined?;
        }
        Ok(())
    }

    /// Waits, and lets people come and go where the scenario says so.
    async fn hold(&self, watching: &mut [Watching], until: Instant) -> Result<()> {
        let until = tokio::time::Instant::from_std(until);
        let Some(every) = self.scenario.churn else {
            tokio::time::sleep_until(until).await;
            return Ok(());
        };
        let mut ticks = tokio::time::interval(every);
        for index in (0..watching.len()).cycle() {
            tokio::select! {
                () = tokio::time::sleep_until(until) => break,
                _ = ticks.tick() => {}
            }
            let gone = &watching[index];
            self.pool.remove(gone.client)?;
            self.target.leave(&gone.participant).await?;
            watching[index] = self.watch(&gone.seat).await?;
        }
        Ok(())
    }

    async fn wait_connected(&self, connections: u64) -> Result<()> {
        let deadline = Instant::now() + CONNECT_MAX;
        loop {
            let tally = self.pool.state()?.tally;
            ensure!(
                tally.failed == 0,
                "{} of {connections} connections failed",
                tally.failed
            );
            if tally.connected >= connections {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "only {} of {connections} connected in time",
                tally.connected
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn prepare(&self, publishes: bool, watched: usize) -> Result<(Preparing, Local)> {
        let asked_at = Instant::now();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let socket = open_socket(self.network.clients_ip()).context("open a client's socket")?;
        let mut random = rand::rngs::OsRng;
        let mut word = || -> u64 { rand::TryRngCore::unwrap_mut(&mut random).random() };
        let streams = &self.scenario.streams;
        let sends = if publishes {
            streams
                .iter()
                .map(|plan| LocalStream {
                    media: plan.media,
                    ssrc: (word() as u32).max(1),
                })
                .collect()
        } else {
            Vec::new()
        };
        let slots = |media: Media| {
            streams
                .iter()
                .filter(move |plan| plan.media == media)
                .map(move |_| media)
        };
        let mut wanted: Vec<Media> = Vec::new();
        for media in [Media::Audio, Media::Video] {
            (0..watched).for_each(|_| wanted.extend(slots(media)));
        }
        let local = Local {
            ufrag: format!("{:08x}", word() as u32),
            password: format!("{:016x}{:016x}", word(), word()),
            fingerprint: self.certificate.1.clone(),
            address: socket.local_addr()?,
            transport_cc: self.scenario.transport_cc,
            sends,
            slots: wanted,
        };
        let preparing = Preparing {
            socket,
            asked_at,
            certificate: self.certificate.0.clone(),
            feedback_interval: self.scenario.feedback_interval,
            loss: if publishes { 0.0 } else { self.scenario.loss },
            seed: word() ^ number,
        };
        Ok((preparing, local))
    }

    fn report(&self, before: &Moment, after: &Moment, empty: u64) -> Report {
        let tally: Tally = after.pool.tally.since(&before.pool.tally);
        // A server may name more of them once there is something to count.
        let then = |name: &str| {
            let found = before.counters.iter().find(|(known, _)| known == name);
            found.map_or(0, |(_, value)| *value)
        };
        let idle = after.cores.iter().zip(&before.cores);
        Report {
            target: self.target.name().to_owned(),
            scenario: self.scenario.name.clone(),
            seconds: (after.at - before.at).as_secs_f64(),
            fan_out: self.scenario.fan_out(),
            legs: self.scenario.legs(),
            watching: self.scenario.watching(),
            churned: self.scenario.churn.is_some() || self.scenario.join_over.is_some(),
            total_joins: after.pool.tally.joins.clone(),
            total_video_joins: after.pool.tally.video_joins.clone(),
            failed: after.pool.tally.failed,
            tally,
            server_cpu: after.cpu.saturating_sub(before.cpu),
            clients_cpu: after.pool.cpu.saturating_sub(before.pool.cpu),
            memory: after.memory,
            memory_before: before.memory,
            memory_empty: empty,
            memory_course: Vec::new(),
            idle: idle
                .map(|((idle, all), (idle_before, all_before))| {
                    (idle - idle_before) as f64 / (all - all_before).max(1) as f64
                })
                .collect(),
            path_dropped: after.path_dropped - before.path_dropped,
            profiles: after.pool.profiles.clone(),
            counters: after
                .counters
                .iter()
                .map(|(name, now)| (name.clone(), now.saturating_sub(then(name))))
                .collect(),
        }
    }
}

/// One after another as their time comes.
fn one_by_one(seats: &[Seat], begin: tokio::time::Instant, step: Duration) -> impl futures_util::Stream<Item = &Seat> {
    futures_util::stream::iter(seats.iter().zip(0_u32..)).then(move |(seat, index)| async move {
        tokio::time::sleep_until(begin + step * index).await;
        seat
    })
}

/// A client whose answer has not come yet.
struct Preparing {
    socket: std::net::UdpSocket,
    asked_at: Instant,
    certificate: DtlsCertificate,
    feedback_interval: Duration,
    loss: f64,
    seed: u64,
}

impl Preparing {
    fn finish(self, local: Local, remote: super::sdp::Remote, sends: &[StreamPlan]) -> NewClient {
        NewClient {
            socket: self.socket,
            local,
            remote,
            sends: sends.to_vec(),
            certificate: self.certificate,
            asked_at: self.asked_at,
            feedback_interval: self.feedback_interval,
            loss: self.loss,
            seed: self.seed,
        }
    }
}
