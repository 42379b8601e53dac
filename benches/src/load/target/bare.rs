//! Our media server alone, without booking and signaling, in a process of its own that is steered by lines of JSON.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::IpAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sfu_core::{
    Command, Event, Join, Joined, Limits, Mid, PeerId, RoomId, SlotContent, SlotMapping, Source, SourceKind,
};
use sfu_driver::{Driver, DriverConfig, Listen, ShardMetrics};

use super::super::network::Network;
use super::super::sdp::{Local, Media, Remote};
use super::{Participant, Target};

/// Answers to joins that nobody has taken yet; there is one at a time.
const ANSWERS_MAX: usize = 16;
/// Joins that one core may hold in a load test.
const PEERS_MAX: usize = 8_192;

/// The media server in this process.
pub struct BareHost {
    driver: Driver,
    answers: Receiver<Event>,
    published: HashMap<PeerId, Vec<SourceKind>>,
    next: u64,
}

impl BareHost {
    /// Starts it at a free port of `listen`.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub fn start(listen: IpAddr, shards: usize) -> Result<Self> {
        let listen = Listen {
            bind: listen,
            advertise: Vec::new(),
        };
        let config = DriverConfig {
            shards,
            limits: Limits {
                peers: PEERS_MAX,
                peers_per_room: PEERS_MAX,
                ..Limits::default()
            },
            ..DriverConfig::new(vec![listen], 0)
        };
        let (driver, events) = Driver::start(config).context("start the media server")?;
        Ok(Self {
            driver,
            answers: answers_of(events)?,
            published: HashMap::new(),
            next: 1,
        })
    }

    /// Joins a peer that sends what its m-lines `sends` (mid, is it a picture) say and sees everything of `watched`.
    ///
    /// # Errors
    /// When the offer is refused or the server is gone.
    pub fn join(
        &mut self,
        room: u64,
        offer: String,
        sends: Vec<(String, bool)>,
        watched: &[u64],
    ) -> Result<(u64, String)> {
        let peer = PeerId(self.next);
        self.next += 1;
        let kind = |video| {
            if video {
                SourceKind::Camera
            } else {
                SourceKind::Microphone
            }
        };
        let sources: Vec<_> = sends.into_iter().map(|(mid, video)| (Mid(mid), kind(video))).collect();
        self.published
            .insert(peer, sources.iter().map(|(_, kind)| *kind).collect());
        self.driver.command(Command::Join(Join {
            room: RoomId(room.into()),
            peer,
            offer,
            sources,
            counted: true,
        }))?;
        let joined = self.wait_for_answer(peer)?;
        self.driver.command(Command::SetForwarding { peer, allowed: true })?;
        if !watched.is_empty() {
            let slots = self.slots(&joined, watched);
            self.driver.command(Command::MapSlots { peer, slots })?;
        }
        Ok((peer.0, joined.answer))
    }

    fn wait_for_answer(&self, wanted: PeerId) -> Result<Joined> {
        loop {
            let event = self.answers.recv().context("the media server is gone")?;
            if let Ok((peer, answer)) = event.into_answer()
                && peer == wanted
            {
                return Ok(answer?);
            }
        }
    }

    fn slots(&self, joined: &Joined, watched: &[u64]) -> Vec<SlotMapping> {
        let mut sources: Vec<Source> = Vec::new();
        for peer in watched.iter().copied().map(PeerId) {
            let kinds = self.published.get(&peer).map(Vec::as_slice).unwrap_or_default();
            sources.extend(kinds.iter().map(|kind| Source { peer, kind: *kind }));
        }
        let mut mappings = Vec::new();
        for slot in &joined.slots {
            let found = sources.iter().position(|source| source.kind.media() == slot.kind);
            if let Some(index) = found {
                mappings.push(SlotMapping {
                    mid: slot.mid.clone(),
                    content: SlotContent::Source(sources.remove(index)),
                });
            }
        }
        mappings
    }

    /// # Errors
    /// When the server is gone.
    pub fn leave(&mut self, peer: u64) -> Result<()> {
        let peer = PeerId(peer);
        self.published.remove(&peer);
        Ok(self.driver.command(Command::Leave { peer })?)
    }

    /// Everything that all shards counted.
    #[must_use]
    pub fn counters(&self) -> Vec<(String, u64)> {
        let mut total = ShardMetrics::default();
        for shard in self.driver.metrics() {
            total.add(&shard);
        }
        let core = total.core.iter().map(|(name, value)| (format!("core.{name}"), value));
        let io = total.io.iter().map(|(name, value)| (format!("io.{name}"), value));
        core.chain(io).collect()
    }
}

/// Takes every event as it comes, as signaling does, and keeps the answers to joins. Those that wait for a reader would be
/// counted as memory of the media server.
fn answers_of(events: Receiver<Event>) -> Result<Receiver<Event>> {
    let (sender, answers) = mpsc::sync_channel(ANSWERS_MAX);
    thread::Builder::new().name("events".to_owned()).spawn(move || {
        for event in events {
            let answers = matches!(event, Event::Joined { .. } | Event::Refused { .. });
            if answers && sender.send(event).is_err() {
                return;
            }
        }
    })?;
    Ok(answers)
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
enum Ask {
    Join {
        room: u64,
        offer: String,
        sends: Vec<(String, bool)>,
        watched: Vec<u64>,
    },
    Leave {
        peer: u64,
    },
    Counters,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Reply {
    peer: u64,
    answer: String,
    error: Option<String>,
    counters: Vec<(String, u64)>,
}

/// Runs the media server and obeys the lines of standard input until they end.
///
/// # Errors
/// When the server cannot start or a line is not understood.
pub fn serve(listen: IpAddr, shards: usize) -> Result<()> {
    let mut host = BareHost::start(listen, shards)?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let reply = match serde_json::from_str(&line?)? {
            Ask::Join {
                room,
                offer,
                sends,
                watched,
            } => match host.join(room, offer, sends, &watched) {
                Ok((peer, answer)) => Reply {
                    peer,
                    answer,
                    ..Reply::default()
                },
                Err(error) => Reply {
                    error: Some(format!("{error:#}")),
                    ..Reply::default()
                },
            },
            Ask::Leave { peer } => Reply {
                error: host.leave(peer).err().map(|error| error.to_string()),
                ..Reply::default()
            },
            Ask::Counters => Reply {
                counters: host.counters(),
                ..Reply::default()
            },
        };
        serde_json::to_writer(&mut out, &reply)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}

/// The media server in another process.
pub struct Bare {
    child: Mutex<(Child, ChildStdin, BufReader<ChildStdout>)>,
    rooms: std::sync::atomic::AtomicU64,
    pid: u32,
}

impl Bare {
    /// Starts this same program as the media server.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(network: &Network, shards: usize) -> Result<Self> {
        let mut process = Process::new(std::env::current_exe()?);
        process
            .args(["serve-bare", "--listen", &network.server_ip().to_string()])
            .args(["--shards", &shards.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = network.spawn(process)?;
        let input = child.stdin.take().context("it was started with a pipe")?;
        let output = child.stdout.take().context("it was started with a pipe")?;
        Ok(Self {
            pid: child.id(),
            child: Mutex::new((child, input, BufReader::new(output))),
            rooms: 1.into(),
        })
    }

    fn ask(&self, ask: &Ask) -> Result<Reply> {
        tokio::task::block_in_place(|| {
            let mut child = self.child.lock().expect("nobody panics while holding it");
            let (_, input, output) = &mut *child;
            let mut line = serde_json::to_string(ask)?;
            line.push('\n');
            input.write_all(line.as_bytes())?;
            input.flush()?;
            line.clear();
            output.read_line(&mut line)?;
            let reply: Reply = serde_json::from_str(&line).context("the media server is gone")?;
            match reply.error {
                Some(error) => bail!("the media server refused: {error}"),
                None => Ok(reply),
            }
        })
    }

    fn join(&self, room: &str, local: &Local, watched: Vec<u64>) -> Result<(Participant, Remote)> {
        let reply = self.ask(&Ask::Join {
            room: room.parse()?,
            offer: local.offer(),
            sends: local
                .sending_mids()
                .map(|(mid, media)| (mid, media == Media::Video))
                .collect(),
            watched,
        })?;
        let participant = Participant {
            room: room.to_owned(),
            id: reply.peer.to_string(),
        };
        let remote = Remote::read(&reply.answer).context("the answer misses something")?;
        Ok((participant, remote))
    }
}

#[async_trait]
impl Target for Bare {
    fn name(&self) -> &'static str {
        "booka-sfu"
    }

    fn pid(&self) -> Option<u32> {
        Some(self.pid)
    }

    async fn open_room(&self, _people: usize) -> Result<String> {
        Ok(self
            .rooms
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            .to_string())
    }

    async fn publish(&self, room: &str, local: &Local) -> Result<(Participant, Remote)> {
        self.join(room, local, Vec::new())
    }

    async fn watch(&self, room: &str, local: &Local, publishers: &[Participant]) -> Result<(Participant, Remote)> {
        let watched = publishers
            .iter()
            .map(|publisher| publisher.id.parse())
            .collect::<Result<_, _>>()?;
        self.join(room, local, watched)
    }

    async fn leave(&self, participant: &Participant) -> Result<()> {
        let peer = participant.id.parse()?;
        self.ask(&Ask::Leave { peer }).map(|_| ())
    }

    async fn counters(&self) -> Result<Vec<(String, u64)>> {
        Ok(self.ask(&Ask::Counters)?.counters)
    }

    async fn stop(&self) -> Result<()> {
        let mut child = self.child.lock().expect("nobody panics while holding it");
        child.0.kill()?;
        child.0.wait()?;
        Ok(())
    }
}
