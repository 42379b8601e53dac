//! One shard: a thread that owns a core and its sockets, and loops over wait, receive, handle, send.

#[cfg(test)]
mod tests;
mod times;

use std::collections::HashMap;
use std::os::fd::AsRawFd;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sfu_core::{
    Captured, Certificate, Command, DisconnectReason, Event, Input, JoinError, Limits, PeerId, Protocol, Sfu,
    SfuConfig, limits,
};
use sfu_syscalls::{ReceiveBatch, Waits, Waker};

use self::times::Times;
use crate::config::Sockets;
use crate::egress::Egress;
use crate::metrics::{IoCounters, MetricsBoard, ShardMetrics};
use crate::placement::Placement;
use crate::tcp::{Arrived, Tcp};

/// The longest wait; bounds how late the metrics of an idle shard are.
const WAIT_MAX: Duration = Duration::from_millis(500);
/// The wait while an event finds no room in the queue out.
const WAIT_EVENTS_FULL: Duration = Duration::from_millis(5);
/// Commands taken in one wake-up, so that joins do not hold up packets.
const COMMANDS_PER_WAKE_UP: usize = 16;
/// Interval at which the counters are published.
const METRICS_INTERVAL: Duration = Duration::from_millis(100);

/// What a shard and its handle share.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) waker: Waker,
    pub(crate) stop: AtomicBool,
    pub(crate) metrics: MetricsBoard,
    /// The reader of the running capture, if any.
    pub(crate) captured: Mutex<Option<SyncSender<Captured>>>,
}

/// A command on its way to a shard.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) command: Command,
    pub(crate) at: Instant,
}

/// What makes a shard's core, kept to make it anew.
pub(crate) struct CoreSetup {
    pub(crate) certificate: Certificate,
    pub(crate) limits: Limits,
    pub(crate) padding: bool,
    pub(crate) random: fn(&mut [u8]),
}

/// A shard before its thread starts.
pub(crate) struct Shard {
    pub(crate) number: usize,
    pub(crate) setup: CoreSetup,
    pub(crate) sockets: Sockets,
    /// None without ICE-TCP.
    pub(crate) tcp: Option<Tcp>,
    pub(crate) gso: bool,
    pub(crate) line: Arc<Line>,
    pub(crate) placement: Arc<Placement>,
    pub(crate) commands: Receiver<Queued>,
    pub(crate) events: SyncSender<Event>,
}

impl Shard {
    /// Runs until the handle says stop; then closes every room and reports the peers gone.
    pub(crate) fn run(self) {
        Running::new(self, Instant::now()).run();
    }

    fn new_core(&self, now: Instant) -> Sfu {
        let config = SfuConfig {
            candidates: self.sockets.candidates.clone(),
            tcp_candidates: if self.tcp.is_some() {
                self.sockets.candidates.clone()
            } else {
                Vec::new()
            },
            certificate: self.setup.certificate.clone(),
            random: Box::new(self.setup.random),
            simulated_crypto: None,
            limits: self.setup.limits,
            padding: self.setup.padding,
        };
        Sfu::new(config, now)
    }
}

struct Running {
    shard: Shard,
    sfu: Sfu,
    egress: Egress,
    /// So much waiting is sent without looking at the rest of a batch.
    flush_at_bytes: usize,
    /// The event that found the queue full; later ones wait in the core.
    unsent: Option<Event>,
    /// False once events are not taken any more.
    listening: bool,
    io: IoCounters,
    /// When each peer that is not connected yet was told to join.
    joining: HashMap<PeerId, Instant>,
    times: Times,
    metrics_at: Instant,
    /// The newest counters are on the board.
    published: bool,
}

impl Running {
    fn new(shard: Shard, now: Instant) -> Self {
        Self {
            sfu: shard.new_core(now),
            egress: Egress::new(shard.gso),
            flush_at_bytes: limits::ARENA_BYTES_MAX / 2,
            shard,
            unsent: None,
            listening: true,
            io: IoCounters::default(),
            joining: HashMap::new(),
            times: Times::new(now),
            metrics_at: now,
            published: true,
        }
    }

    fn run(&mut self) {
        let mut receive = ReceiveBatch::new();
        let sockets = self.shard.sockets.sockets.iter().map(AsRawFd::as_raw_fd);
        let connections = self.shard.tcp.iter().map(AsRawFd::as_raw_fd);
        let mut waits = Waits::new(sockets.chain(connections), &self.shard.line.waker);
        let sockets = self.shard.sockets.sockets.len();
        let mut readable = Vec::with_capacity(sockets + 1);
        let line = Arc::clone(&self.shard.line);
        while !line.stop.load(Ordering::Acquire) {
            readable.clear();
            readable.extend(waits.wait(self.wait_time(), &line.waker));
            let woke_at = Instant::now();
            let packets_before = self.packets_in();
            self.take_commands();
            for (socket, _) in readable[..sockets]
                .iter()
                .enumerate()
                .filter(|(_, readable)| **readable)
            {
                self.receive(&mut receive, socket);
            }
            self.receive_frames(readable.get(sockets).is_some_and(|readable| *readable));
            self.handle(Instant::now(), Input::Timeout);
            self.flush();
            let now = Instant::now();
            let packets_in = self.packets_in() - packets_before;
            let took = now.saturating_duration_since(woke_at);
            self.times.woke(self.shard.number, packets_in, took, now, &mut self.io);
            self.publish_metrics(now);
        }
        self.finish();
    }

    fn packets_in(&self) -> u64 {
        self.io.datagrams_received + self.io.frames_received
    }

    fn wait_time(&self) -> Duration {
        let now = Instant::now();
        let core = self
            .sfu
            .next_timeout()
            .map_or(WAIT_MAX, |at| at.saturating_duration_since(now));
        let metrics = if self.published { WAIT_MAX } else { METRICS_INTERVAL };
        let events = if self.unsent.is_some() {
            WAIT_EVENTS_FULL
        } else {
            WAIT_MAX
        };
        core.min(metrics).min(events)
    }

    /// Hands commands to the core. More than one wake-up's worth makes the next wait end at once.
    fn take_commands(&mut self) {
        for _ in 0..COMMANDS_PER_WAKE_UP {
            let Ok(Queued { command, at }) = self.shard.commands.try_recv() else {
                return;
            };
            let joining = if let Command::Join(join) = &command {
                self.joining.insert(join.peer, at);
                Some(join.peer)
            } else {
                None
            };
            let handled = self.handle(Instant::now(), Input::Command(command));
            if let (false, Some(peer)) = (handled, joining) {
                self.refuse_broken(peer);
            }
        }
        self.shard.line.waker.wake();
    }

    /// Takes one batch from a socket; what is left makes the next wait end at once, after what this batch caused has
    /// been sent.
    fn receive(&mut self, batch: &mut ReceiveBatch, socket: usize) {
        let local = self.shard.sockets.locals[socket];
        let count = match batch.receive(&self.shard.sockets.sockets[socket]) {
            Ok(count) => count,
            Err(_) => {
                self.io.receive_errors += 1;
                return;
            }
        };
        let now = Instant::now();
        for index in 0..count {
            let Some((from, bytes)) = batch.datagram(index) else {
                self.io.datagrams_unusable += 1;
                continue;
            };
            self.io.datagrams_received += 1;
            self.handle(now, Input::Datagram { from, local, bytes });
            // The burst of a large room would not fit.
            if self.sfu.bytes_waiting() >= self.flush_at_bytes {
                self.flush();
            }
        }
    }

    /// Takes what connections brought.
    fn receive_frames(&mut self, readable: bool) {
        // Taken out for the time of the loop, since handling an input borrows the whole shard.
        let Some(mut tcp) = self.shard.tcp.take() else { return };
        let now = Instant::now();
        tcp.poll(readable, now, &mut self.io);
        while let Some(arrived) = tcp.next(now, &mut self.io) {
            let input = match arrived {
                Arrived::Frame { from, local, bytes } => Input::Frame { from, local, bytes },
                Arrived::Closed { from, local } => Input::Closed { from, local },
            };
            self.handle(now, input);
        }
        self.shard.tcp = Some(tcp);
    }

    /// A join that ended in a panic may have left neither a peer nor an answer.
    fn refuse_broken(&mut self, peer: PeerId) {
        self.flush();
        if self.shard.placement.shard_of_peer(peer).is_some() {
            let error = JoinError::BadOffer("it cannot be handled".to_owned());
            self.deliver_waiting(Event::Refused { peer, error });
        }
    }

    /// One input to the core. A panic in it costs the room it was about; false if there was one.
    fn handle(&mut self, now: Instant, input: Input<'_>) -> bool {
        self.published = false;
        let sfu = &mut self.sfu;
        if panic::catch_unwind(AssertUnwindSafe(|| sfu.handle(now, input))).is_ok() {
            return true;
        }
        self.io.panics += 1;
        match panic::catch_unwind(AssertUnwindSafe(|| sfu.fail_room(now))) {
            Ok(Some(room)) => tracing::error!(shard = self.shard.number, room = %room.0, "a panic ended a room"),
            Ok(None) => tracing::error!(shard = self.shard.number, "a panic in no room's work was caught"),
            Err(_) => self.start_anew(now),
        }
        false
    }

    /// The core cannot be trusted: all its peers are gone, and a new one takes over.
    fn start_anew(&mut self, now: Instant) {
        tracing::error!(shard = self.shard.number, "a second panic ended all rooms of a shard");
        self.sfu = self.shard.new_core(now);
        for peer in self.shard.placement.peers_of(self.shard.number) {
            let reason = DisconnectReason::RoomFailed;
            self.deliver_waiting(Event::Disconnected {
                peer,
                present_until: None,
                reason,
            });
        }
    }

    /// Sends packets and events out.
    fn flush(&mut self) {
        let transmits = self.sfu.transmits();
        if !transmits.is_empty() {
            self.egress.send(transmits.iter(), &self.shard.sockets, &mut self.io);
            if let Some(tcp) = self.shard.tcp.as_mut().filter(|tcp| tcp.len() > 0) {
                let now = Instant::now();
                for frame in transmits.iter().filter(|transmit| transmit.protocol == Protocol::Tcp) {
                    tcp.push(frame.to, frame.from_local, frame.bytes, now, &mut self.io);
                }
                tcp.flush(&mut self.io);
            }
        }
        drop(transmits);
        while let Some(captured) = self.sfu.poll_captured() {
            if !self.hand_over(captured) {
                self.sfu.end_capture();
            }
        }
        while let Some(event) = self.unsent.take().or_else(|| self.sfu.poll_event()) {
            if !self.deliver(event) {
                break;
            }
        }
    }

    /// False when copies of headers are not read any more. Only ever called while a room is captured.
    fn hand_over(&mut self, captured: Captured) -> bool {
        let mut reader = self.shard.line.captured.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = reader.as_ref() else { return false };
        match open.try_send(captured) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.io.captures_unread += 1;
                true
            }
            Err(TrySendError::Disconnected(_)) => {
                *reader = None;
                false
            }
        }
    }

    /// False when the queue was full; the event is kept and comes first next time.
    fn deliver(&mut self, event: Event) -> bool {
        self.record_join(&event);
        self.forget_peer(&event);
        if !self.listening {
            return true;
        }
        match self.shard.events.try_send(event) {
            Ok(()) => true,
            Err(TrySendError::Full(event)) => {
                self.unsent = Some(event);
                false
            }
            Err(TrySendError::Disconnected(_)) => {
                self.listening = false;
                true
            }
        }
    }

    /// Delivers an event that exists nowhere else, waiting for room in the queue if need be.
    fn deliver_waiting(&mut self, event: Event) {
        if let Some(earlier) = self.unsent.take() {
            self.listening = self.listening && self.shard.events.send(earlier).is_ok();
        }
        self.record_join(&event);
        self.forget_peer(&event);
        self.listening = self.listening && self.shard.events.send(event).is_ok();
    }

    /// A join has come to its end, one way or the other.
    fn record_join(&mut self, event: &Event) {
        if let Event::Connected { peer, at } = event
            && let Some(asked_at) = self.joining.remove(peer)
        {
            self.times.joins.record(at.saturating_duration_since(asked_at), 1);
        }
        if let Event::Disconnected { peer, .. } | Event::Refused { peer, .. } = event {
            self.joining.remove(peer);
        }
    }

    /// Forgets on which shard a peer was that is gone.
    fn forget_peer(&self, event: &Event) {
        if let Event::Disconnected { peer, .. } | Event::Refused { peer, .. } = event {
            self.shard.placement.remove(*peer);
        }
    }

    fn publish_metrics(&mut self, now: Instant) {
        if now < self.metrics_at {
            return;
        }
        self.times.count_rate(self.io.datagrams_sent + self.io.frames_sent, now);
        let (rooms, peers) = self.sfu.load();
        let metrics = ShardMetrics {
            core: *self.sfu.counters(),
            io: self.io,
            rooms,
            peers,
            connections: self.shard.tcp.as_ref().map_or(0, Tcp::len),
            packets_per_second: self.times.packets_per_second,
            forward_delay: self.times.forward_delay,
            joins: self.times.joins,
            silent_for: Duration::ZERO,
        };
        self.published = self.shard.line.metrics.publish(metrics, now);
        self.metrics_at = now + METRICS_INTERVAL;
    }

    /// Says goodbye to every peer.
    fn finish(&mut self) {
        let now = Instant::now();
        for room in self.shard.placement.rooms_of(self.shard.number) {
            self.handle(now, Input::Command(Command::CloseRoom { room }));
        }
        self.flush();
        self.metrics_at = now;
        self.publish_metrics(now);
    }
}
