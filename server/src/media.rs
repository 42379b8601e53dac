//! The media driver as the media plane of the calls and of the media API: answers are matched to joins, everything else
//! goes to whose peer it is about.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use async_trait::async_trait;
use media_api::MediaApi;
use sfu_core::{Captured, Command, Event, Join, JoinError, Joined, PeerId, RoomId};
use sfu_driver::{CommandError, Driver, DriverConfig, Listen, ShardMetrics};
use signaling::{Hub, MediaPlane};
use tokio::sync::oneshot;

use crate::config::Media;

/// Longest wait of a command in the backlog after its queue has room again.
const RETRY_EVERY: Duration = Duration::from_millis(20);

type Answer = Result<Joined, JoinError>;

/// Commands that wait for a shard whose queue is full. Beyond it a shard has stalled for good, and commands are dropped with
/// an error in the log.
const BACKLOG_MAX: usize = 65_536;

/// The running media server.
pub(crate) struct Plane {
    driver: Driver,
    waiting: Mutex<HashMap<PeerId, oneshot::Sender<Answer>>>,
    /// Commands that found a full queue, oldest first. None may be lost: a lost `CloseRoom` would leave a gate open.
    backlog: Mutex<VecDeque<Command>>,
}

impl Plane {
    /// Starts the media threads.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub(crate) fn start(media: &Media) -> anyhow::Result<(Arc<Self>, Receiver<Event>)> {
        let listen = media
            .bind
            .iter()
            .zip(media.advertised().context("media.advertise does not fit media.bind")?)
            .map(|(bind, advertise)| Listen { bind: *bind, advertise })
            .collect();
        let mut config = DriverConfig::new(listen, media.port);
        if media.shards > 0 {
            config.shards = media.shards;
        }
        config.gso = media.gso;
        config.padding = media.padding;
        config.ice_tcp = media.ice_tcp;
        let (driver, events) = Driver::start(config).context("the media server cannot start")?;
        Ok((
            Arc::new(Self {
                driver,
                waiting: Mutex::default(),
                backlog: Mutex::default(),
            }),
            events,
        ))
    }

    /// Where browsers are told to send media.
    pub(crate) fn candidates(&self) -> Vec<String> {
        self.driver
            .candidates()
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect()
    }

    /// Counters of every shard.
    pub(crate) fn metrics(&self) -> Vec<ShardMetrics> {
        self.driver.metrics()
    }

    /// Copies of the headers of a room's packets, until their queue is dropped; `None` when the room is not here.
    pub(crate) fn capture(&self, room: RoomId) -> Option<Receiver<Captured>> {
        self.driver.capture(room).ok().flatten()
    }

    /// Closes every room and waits for the media threads; the queue of events ends with them.
    pub(crate) fn stop(&self) {
        self.driver.stop();
    }

    /// Passes events on until the driver stops. Runs on a thread of its own, since the driver knows no async runtime.
    pub(crate) fn pump(&self, events: &Receiver<Event>, hub: &Hub, api: Option<&MediaApi>) {
        loop {
            let event = match events.recv_timeout(RETRY_EVERY) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => {
                    self.retry();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            self.retry();
            hub.quality().record(Instant::now(), &event);
            match event.into_answer() {
                Ok((peer, answer)) => self.answer(peer, answer),
                Err(event) => pass_on(*event, hub, api),
            }
        }
    }

    fn answer(&self, peer: PeerId, answer: Answer) {
        let asked = self.waiting().remove(&peer);
        if asked.is_none_or(|asked| asked.send(answer).is_err()) {
            tracing::debug!(peer = peer.0, "nobody waits for this answer any more");
            self.queue(Command::Leave { peer });
        }
    }

    /// Hands a command on without ever waiting: the hub holds its lock while it calls.
    fn queue(&self, command: Command) {
        let mut backlog = self.backlog.lock().unwrap_or_else(PoisonError::into_inner);
        if backlog.len() >= BACKLOG_MAX {
            tracing::error!("the media plane takes no commands any more");
            return;
        }
        backlog.push_back(command);
        self.hand_on(&mut backlog);
    }

    /// Tries again what found a full queue.
    fn retry(&self) {
        self.hand_on(&mut self.backlog.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Keeps the order: what comes later waits behind what waits already.
    fn hand_on(&self, backlog: &mut VecDeque<Command>) {
        while let Some(command) = backlog.front() {
            match self.driver.command(command.clone()) {
                Ok(()) | Err(CommandError::DuplicatePeer | CommandError::Stopped) => {
                    backlog.pop_front();
                }
                Err(CommandError::Full) => return,
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<PeerId, oneshot::Sender<Answer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is about a peer goes to whoever it joined through. What is about a room is the hub's: the API's participants have
/// no channel on which they could be told.
fn pass_on(event: Event, hub: &Hub, api: Option<&MediaApi>) {
    match api {
        Some(api) if event.peer().is_some_and(MediaApi::owns) => api.media_event(event),
        Some(_) | None => hub.media_event(event),
    }
}

#[async_trait]
impl MediaPlane for Plane {
    async fn join(&self, join: Join) -> Answer {
        let peer = join.peer;
        let (answer, answered) = oneshot::channel();
        self.waiting().insert(peer, answer);
        if let Err(error) = self.driver.command(Command::Join(join)) {
            self.waiting().remove(&peer);
            return Err(match error {
                CommandError::Full | CommandError::DuplicatePeer => JoinError::ServerFull,
                CommandError::Stopped => JoinError::Stopped,
            });
        }
        answered.await.unwrap_or(Err(JoinError::Stopped))
    }

    fn command(&self, command: Command) {
        self.queue(command);
    }
}
