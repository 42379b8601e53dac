//! One shard: a thread that owns a core and its sockets, and loops over wait, receive, handle, send.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::time::{Duration, Instant};

use sfu_core::{Certificate, Command, DisconnectReason, Event, Input, Limits, Sfu, SfuConfig};

use crate::config::Sockets;
use crate::egress::Egress;
use crate::metrics::{IoCounters, MetricsBoard, ShardMetrics};
use crate::placement::Placement;
use crate::sys::{ReceiveBatch, Waits, Waker};

/// The longest wait; bounds how late the metrics of an idle shard are.
const WAIT_MAX: Duration = Duration::from_millis(500);
/// The wait while an event finds no room in the queue out.
const WAIT_EVENTS_FULL: Duration = Duration::from_millis(5);
/// Commands taken in one wake-up, so that joins do not hold up packets.
const COMMANDS_PER_WAKE_UP: usize = 16;
/// Time between two looks at the counters for readers.
const METRICS_INTERVAL: Duration = Duration::from_millis(100);

/// What a shard and its handle share.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) waker: Waker,
    pub(crate) stop: AtomicBool,
    pub(crate) metrics: MetricsBoard,
}

/// What makes a shard's core, kept to make it anew.
pub(crate) struct CoreSetup {
    pub(crate) certificate: Certificate,
    pub(crate) limits: Limits,
    pub(crate) random: fn(&mut [u8]),
}

/// A shard before its thread starts.
pub(crate) struct Shard {
    pub(crate) number: usize,
    pub(crate) setup: CoreSetup,
    pub(crate) sockets: Sockets,
    pub(crate) gso: bool,
    pub(crate) line: Arc<Line>,
    pub(crate) placement: Arc<Placement>,
    pub(crate) commands: Receiver<Command>,
    pub(crate) events: SyncSender<Event>,
}

impl Shard {
    /// Runs until the handle says stop; then closes every room and reports the peers gone.
    pub(crate) fn run(self) {
        let now = Instant::now();
        let sfu = self.new_core(now);
        let waits = Waits::new(&self.sockets.sockets, &self.line.waker);
        let egress = Egress::new(self.gso);
        let mut running = Running {
            shard: self,
            sfu,
            egress,
            unsent: None,
            listening: true,
            io: IoCounters::default(),
            metrics_at: now,
            published: true,
        };
        running.run(waits);
    }

    fn new_core(&self, now: Instant) -> Sfu {
        let config = SfuConfig {
            candidates: self.sockets.candidates.clone(),
            certificate: self.setup.certificate.clone(),
            random: Box::new(self.setup.random),
            limits: self.setup.limits,
        };
        Sfu::new(config, now)
    }
}

struct Running {
    shard: Shard,
    sfu: Sfu,
    egress: Egress,
    /// The event that found the queue full; later ones wait in the core.
    unsent: Option<Event>,
    /// False once nobody takes events any more.
    listening: bool,
    io: IoCounters,
    metrics_at: Instant,
    /// The newest counters are on the board.
    published: bool,
}

impl Running {
    fn run(&mut self, mut waits: Waits) {
        let mut receive = ReceiveBatch::new();
        let mut readable = Vec::with_capacity(self.shard.sockets.sockets.len());
        let line = Arc::clone(&self.shard.line);
        while !line.stop.load(Ordering::Acquire) {
            readable.clear();
            readable.extend(waits.wait(self.wait_time(), &line.waker));
            self.take_commands();
            for (place, _) in readable.iter().enumerate().filter(|(_, readable)| **readable) {
                self.receive(&mut receive, place);
            }
            self.handle(Instant::now(), Input::Timeout);
            self.flush();
            self.publish_metrics(Instant::now());
        }
        self.finish();
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
            let Ok(command) = self.shard.commands.try_recv() else {
                return;
            };
            self.handle(Instant::now(), Input::Command(command));
        }
        self.shard.line.waker.wake();
    }

    /// Takes one batch from a socket; what is left makes the next wait end at once, after what this batch caused has
    /// been sent.
    fn receive(&mut self, batch: &mut ReceiveBatch, place: usize) {
        let local = self.shard.sockets.locals[place];
        let count = match batch.receive(&self.shard.sockets.sockets[place]) {
            Ok(count) => count,
            Err(_) => {
                self.io.receive_errors += 1;
                return;
            }
        };
        let now = Instant::now();
        for place in 0..count {
            let Some((from, bytes)) = batch.datagram(place) else {
                self.io.datagrams_unusable += 1;
                continue;
            };
            self.io.datagrams_received += 1;
            self.handle(now, Input::Datagram { from, local, bytes });
        }
    }

    /// One input to the core. A panic in it costs the room it was about.
    fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.published = false;
        let sfu = &mut self.sfu;
        if panic::catch_unwind(AssertUnwindSafe(|| sfu.handle(now, input))).is_ok() {
            return;
        }
        self.io.panics += 1;
        match panic::catch_unwind(AssertUnwindSafe(|| sfu.fail_room(now))) {
            Ok(Some(room)) => tracing::error!(shard = self.shard.number, room = %room.0, "a panic ended a room"),
            Ok(None) => tracing::error!(shard = self.shard.number, "a panic in no room's work was caught"),
            Err(_) => self.start_anew(now),
        }
    }

    /// The core cannot be trusted: all its peers are gone, and a new one takes over.
    fn start_anew(&mut self, now: Instant) {
        tracing::error!(shard = self.shard.number, "a second panic ended all rooms of a shard");
        self.sfu = self.shard.new_core(now);
        for peer in self.shard.placement.peers_of(self.shard.number) {
            let reason = DisconnectReason::RoomFailed;
            self.deliver_waiting(Event::Disconnected {
                peer,
                last_packet_at: None,
                reason,
            });
        }
    }

    /// Sends packets and events out.
    fn flush(&mut self) {
        let transmits = self.sfu.transmits();
        if !transmits.is_empty() {
            self.egress.send(transmits.iter(), &self.shard.sockets, &mut self.io);
        }
        drop(transmits);
        while let Some(event) = self.unsent.take().or_else(|| self.sfu.poll_event()) {
            if !self.deliver(event) {
                break;
            }
        }
    }

    /// False when the queue was full; the event is kept and comes first next time.
    fn deliver(&mut self, event: Event) -> bool {
        if let Event::Disconnected { peer, .. } | Event::Refused { peer, .. } = &event {
            self.shard.placement.remove(*peer);
        }
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
        if let Event::Disconnected { peer, .. } = &event {
            self.shard.placement.remove(*peer);
        }
        self.listening = self.listening && self.shard.events.send(event).is_ok();
    }

    fn publish_metrics(&mut self, now: Instant) {
        if now < self.metrics_at || self.published {
            return;
        }
        let (rooms, peers) = self.sfu.load();
        let metrics = ShardMetrics {
            core: *self.sfu.counters(),
            io: self.io,
            rooms,
            peers,
        };
        self.published = self.shard.line.metrics.publish(metrics);
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use sfu_core::{Join, PeerId, RoomId};

    use super::*;
    use crate::config::{DriverConfig, Listen};

    /// A source of randomness that fails once asked, to break the core in the middle of a command.
    fn broken(_: &mut [u8]) {
        panic!("no randomness, as the test wants it");
    }

    fn running(random: fn(&mut [u8])) -> (Running, Receiver<Event>, Arc<Placement>) {
        let listen = Listen {
            bind: [127, 0, 0, 1].into(),
            advertise: Vec::new(),
        };
        let config = DriverConfig::new(vec![listen], 0);
        let (events, receiver) = mpsc::sync_channel(2);
        let placement = Arc::new(Placement::new(1));
        let shard = Shard {
            number: 0,
            setup: CoreSetup {
                certificate: Certificate::generate().unwrap(),
                limits: config.limits,
                random,
            },
            sockets: config.open(0).unwrap(),
            gso: true,
            line: Arc::new(Line {
                waker: Waker::new().unwrap(),
                stop: AtomicBool::new(false),
                metrics: MetricsBoard::default(),
            }),
            placement: Arc::clone(&placement),
            commands: mpsc::sync_channel(1).1,
            events,
        };
        let now = Instant::now();
        let running = Running {
            sfu: shard.new_core(now),
            shard,
            egress: Egress::new(true),
            unsent: None,
            listening: true,
            io: IoCounters::default(),
            metrics_at: now,
            published: true,
        };
        (running, receiver, placement)
    }

    fn bad_join(peer: u64) -> Input<'static> {
        let join = Join {
            room: RoomId(1),
            peer: PeerId(peer),
            offer: "v=0".to_owned(),
            sources: Vec::new(),
        };
        Input::Command(Command::Join(join))
    }

    #[test]
    fn events_wait_while_the_queue_is_full_and_none_is_lost() {
        let (mut running, events, placement) = running(crate::sys::random);
        for peer in 1..=5 {
            placement.place(RoomId(1), PeerId(peer)).unwrap();
            running.handle(Instant::now(), bad_join(peer));
        }
        running.flush();
        assert!(running.unsent.is_some());
        let mut refused = Vec::new();
        while let Ok(event) = events.try_recv() {
            let Event::Refused { peer, .. } = event else {
                panic!("{event:?}")
            };
            refused.push(peer.0);
            running.flush();
        }
        assert_eq!(refused, [1, 2, 3, 4, 5]);
        assert_eq!(placement.shard_of_room(RoomId(1)), None, "refused peers hold no place");
    }

    #[test]
    fn a_core_that_is_made_anew_reports_every_peer_gone() {
        let (mut running, events, placement) = running(broken);
        placement.place(RoomId(1), PeerId(1)).unwrap();
        placement.place(RoomId(2), PeerId(2)).unwrap();
        running.start_anew(Instant::now());
        let mut gone: Vec<u64> = events
            .try_iter()
            .map(|event| match event {
                Event::Disconnected {
                    peer,
                    last_packet_at: None,
                    reason: DisconnectReason::RoomFailed,
                } => peer.0,
                other => panic!("{other:?}"),
            })
            .collect();
        gone.sort_unstable();
        assert_eq!(gone, [1, 2]);
        assert!(placement.peers_of(0).is_empty());
    }
}
