//! The handle to all shards.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use sfu_core::{Captured, Certificate, Command, Event, RoomId, Source};
use sfu_syscalls::Waker;

use crate::config::DriverConfig;
use crate::metrics::{MetricsBoard, ShardMetrics};
use crate::placement::Placement;
use crate::shard::{CoreSetup, Line, Queued, Shard};
use crate::tcp::Tcp;

/// Commands waiting for one shard; further ones are refused.
const COMMANDS_MAX: usize = 1_024;
/// Events waiting for the reader; while it is full, events wait in the cores, which leave out periodic ones.
const EVENTS_MAX: usize = 16_384;

/// Copies of headers waiting for the reader of a capture; further ones are dropped and counted.
const CAPTURED_MAX: usize = 8_192;

/// Why a command was not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("too many commands are waiting")]
    Full,
    #[error("this peer has joined already")]
    DuplicatePeer,
    #[error("the media plane has stopped")]
    Stopped,
}

/// A running media plane. Dropping it stops it as [`Driver::stop`] does.
#[derive(Debug)]
pub struct Driver {
    shards: Vec<Handle>,
    placement: Arc<Placement>,
}

#[derive(Debug)]
struct Handle {
    line: Arc<Line>,
    commands: SyncSender<Queued>,
    candidates: Vec<SocketAddr>,
    /// Taken by whoever joins it.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Driver {
    /// Opens the sockets, starts the threads and returns the handle with the queue of events, which must be read.
    ///
    /// # Errors
    /// When a socket cannot be bound, the configuration names no usable address, or a thread cannot be started.
    pub fn start(config: DriverConfig) -> io::Result<(Self, Receiver<Event>)> {
        let shards = config.shards.max(1);
        let certificate = Certificate::generate().map_err(io::Error::other)?;
        let (events, receiver) = mpsc::sync_channel(EVENTS_MAX);
        let placement = Arc::new(Placement::new(shards));
        let mut driver = Self {
            shards: Vec::with_capacity(shards),
            placement: Arc::clone(&placement),
        };
        for number in 0..shards {
            let mut sockets = config.open(number)?;
            let listeners = std::mem::take(&mut sockets.listeners);
            let tcp = if listeners.is_empty() {
                None
            } else {
                Some(Tcp::new(listeners, Instant::now())?)
            };
            let (commands, command_receiver) = mpsc::sync_channel(COMMANDS_MAX);
            let line = Arc::new(Line {
                waker: Waker::new()?,
                stop: AtomicBool::new(false),
                metrics: MetricsBoard::new(Instant::now()),
                captured: Mutex::default(),
            });
            let candidates = sockets.candidates.clone();
            let shard = Shard {
                number,
                setup: CoreSetup {
                    certificate: certificate.clone(),
                    limits: config.limits,
                    padding: config.padding,
                    random: sfu_syscalls::random,
                },
                sockets,
                tcp,
                gso: config.gso,
                line: Arc::clone(&line),
                placement: Arc::clone(&placement),
                commands: command_receiver,
                events: events.clone(),
            };
            let thread = std::thread::Builder::new()
                .name(format!("media-{number}"))
                .spawn(move || shard.run())?;
            driver.shards.push(Handle {
                line,
                commands,
                candidates,
                thread: Mutex::new(Some(thread)),
            });
        }
        Ok((driver, receiver))
    }

    /// Passes a command to the shard it is for; the answer comes as an event. A command for a peer or room that is not
    /// (or no longer) here is done already.
    ///
    /// # Errors
    /// When the shard's queue is full, the peer of a join is known, or the driver has stopped.
    pub fn command(&self, command: Command) -> Result<(), CommandError> {
        let (shard, joining) = match &command {
            Command::Join(join) => {
                let shard = self
                    .placement
                    .assign(join.room, join.peer, |shard| self.packets_per_second(shard))
                    .ok_or(CommandError::DuplicatePeer)?;
                (Some(shard), Some(join.peer))
            }
            Command::Leave { peer }
            | Command::SetForwarding { peer, .. }
            | Command::MapSlots { peer, .. }
            | Command::SizeSlots { peer, .. }
            | Command::Mute {
                source: Source { peer, .. },
                ..
            }
            | Command::Restart { peer, .. } => (self.placement.shard_of_peer(*peer), None),
            Command::Capture { room } | Command::CloseRoom { room } => (self.placement.shard_of_room(*room), None),
        };
        let Some(shard) = shard else { return Ok(()) };
        let handle = &self.shards[shard];
        let queued = Queued {
            command,
            at: Instant::now(),
        };
        let result = match handle.commands.try_send(queued) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(CommandError::Full),
            Err(TrySendError::Disconnected(_)) => Err(CommandError::Stopped),
        };
        if let (Err(_), Some(peer)) = (&result, joining) {
            self.placement.remove(peer);
        }
        handle.line.waker.wake();
        result
    }

    /// Copies the headers of a room's packets into a queue, until its reader is dropped. `None` when the room is not
    /// here. A capture that runs on the same shard ends.
    ///
    /// # Errors
    /// When the shard's queue is full or the driver has stopped.
    pub fn capture(&self, room: RoomId) -> Result<Option<Receiver<Captured>>, CommandError> {
        let Some(shard) = self.placement.shard_of_room(room) else {
            return Ok(None);
        };
        let (sender, receiver) = mpsc::sync_channel(CAPTURED_MAX);
        let captured = &self.shards[shard].line.captured;
        *captured.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        self.command(Command::Capture { room })?;
        Ok(Some(receiver))
    }

    fn packets_per_second(&self, shard: usize) -> u64 {
        self.shards[shard].line.metrics.read(Instant::now()).packets_per_second
    }

    /// The media addresses of each shard, as clients get them.
    #[must_use]
    pub fn candidates(&self) -> Vec<&[SocketAddr]> {
        self.shards.iter().map(|handle| &handle.candidates[..]).collect()
    }

    /// The state of every shard, at most a tenth of a second old while packets flow, else half a second.
    #[must_use]
    pub fn metrics(&self) -> Vec<ShardMetrics> {
        let now = Instant::now();
        self.shards.iter().map(|handle| handle.line.metrics.read(now)).collect()
    }

    /// Closes every room, reports the peers gone and waits for the threads; the queue of events then ends. What is
    /// commanded afterwards is answered by [`CommandError::Stopped`].
    pub fn stop(&self) {
        for handle in &self.shards {
            handle.line.stop.store(true, Ordering::Release);
            handle.line.waker.wake();
        }
        for handle in &self.shards {
            let thread = handle.thread.lock().expect("nobody panics while holding it").take();
            if let Some(Err(_)) = thread.map(JoinHandle::join) {
                tracing::error!("a media thread ended by a panic");
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.stop();
    }
}
