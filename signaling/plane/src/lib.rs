//! The media driver as the media plane of calls and of the media API: answers are matched to joins, and a command that
//! finds a full queue waits for its turn.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sfu_core::{Command, Event, Join, JoinError, Joined, PeerId};
use sfu_driver::{CommandError, Driver, DriverConfig};
use signaling::MediaPlane;
use tokio::sync::oneshot;

/// Longest wait of a command in the backlog after its queue has room again.
const RETRY_EVERY: Duration = Duration::from_millis(20);

type Answer = Result<Joined, JoinError>;

/// Commands that wait for a shard whose queue is full. Beyond it a shard has stalled for good, and commands are dropped with
/// an error in the log.
const BACKLOG_MAX: usize = 65_536;

/// The running media server.
pub struct Plane {
    driver: Driver,
    waiting: Mutex<HashMap<PeerId, oneshot::Sender<Answer>>>,
    /// Commands that found a full queue, oldest first. None may be lost: a lost `CloseRoom` would leave a gate open.
    backlog: Mutex<VecDeque<Command>>,
}

impl Plane {
    /// Starts the media threads. Their reports are for [`Self::pump`].
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub fn start(config: DriverConfig) -> io::Result<(Arc<Self>, Receiver<Event>)> {
        let (driver, events) = Driver::start(config)?;
        let plane = Self {
            driver,
            waiting: Mutex::default(),
            backlog: Mutex::default(),
        };
        Ok((Arc::new(plane), events))
    }

    /// The driver, for its addresses, metrics and captures, and to stop it.
    #[must_use]
    pub fn driver(&self) -> &Driver {
        &self.driver
    }

    /// Hands what is no answer to a join to `pass_on` until the driver stops. Runs on a thread of its own, since the
    /// driver knows no async runtime.
    pub fn pump(&self, events: &Receiver<Event>, pass_on: impl Fn(Event)) {
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
            match event.into_answer() {
                Ok((peer, answer)) => self.answer_join(peer, answer),
                Err(event) => pass_on(*event),
            }
        }
    }

    fn answer_join(&self, peer: PeerId, answer: Answer) {
        let asked = self.waiting().remove(&peer);
        if asked.is_none_or(|asked| asked.send(answer).is_err()) {
            tracing::debug!(peer = peer.0, "nobody waits for this answer any more");
            self.queue_command(Command::Leave { peer });
        }
    }

    /// Hands a command on without ever waiting: the hub holds its lock while it calls.
    fn queue_command(&self, command: Command) {
        let mut backlog = self.backlog.lock().unwrap_or_else(PoisonError::into_inner);
        if backlog.len() >= BACKLOG_MAX {
            tracing::error!("the media plane takes no commands any more");
            return;
        }
        backlog.push_back(command);
        self.send_backlog(&mut backlog);
    }

    /// Tries again what found a full queue.
    fn retry(&self) {
        self.send_backlog(&mut self.backlog.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Keeps the order: what comes later waits behind what waits already.
    fn send_backlog(&self, backlog: &mut VecDeque<Command>) {
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
        self.queue_command(command);
    }
}
