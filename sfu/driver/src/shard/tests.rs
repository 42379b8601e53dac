//! A shard's loop without its thread: events that wait, panics, and what is counted.

use std::cell::Cell;
use std::sync::mpsc;

use sfu_core::{Join, RoomId};
use sfu_sim::{Client, ClientConfig};

use super::*;
use crate::config::{DriverConfig, Listen};

/// Held by a test while a shard is to hang.
static HANG: Mutex<()> = Mutex::new(());

/// Randomness that takes as long as [`HANG`] is held.
fn hanging(out: &mut [u8]) {
    drop(HANG.lock().unwrap());
    sfu_syscalls::random(out);
}

thread_local! {
    static BROKEN: Cell<bool> = const { Cell::new(false) };
}

/// Randomness that fails when told to, to break the core in the middle of a command.
fn brittle(out: &mut [u8]) {
    assert!(!BROKEN.get(), "no randomness, as the test wants it");
    sfu_syscalls::random(out);
}

/// A shard with its other ends: commands, events, placement.
fn shard(events_max: usize, random: fn(&mut [u8])) -> (Shard, SyncSender<Queued>, Receiver<Event>, Arc<Placement>) {
    let listen = Listen {
        bind: [127, 0, 0, 1].into(),
        advertise: Vec::new(),
    };
    let config = DriverConfig::new(vec![listen], 0);
    let (events, receiver) = mpsc::sync_channel(events_max);
    let (commands, command_receiver) = mpsc::sync_channel(8);
    let placement = Arc::new(Placement::new(1));
    let shard = Shard {
        number: 0,
        setup: CoreSetup {
            certificate: Certificate::generate().unwrap(),
            limits: config.limits,
            padding: true,
            random,
        },
        sockets: config.open(0).unwrap(),
        tcp: None,
        gso: true,
        line: Arc::new(Line {
            waker: Waker::new().unwrap(),
            stop: AtomicBool::new(false),
            metrics: MetricsBoard::new(Instant::now()),
            captured: Mutex::default(),
        }),
        placement: Arc::clone(&placement),
        commands: command_receiver,
        events,
    };
    (shard, commands, receiver, placement)
}

fn join(room: RoomId, peer: PeerId, offer: &str) -> Queued {
    let join = Join {
        room,
        peer,
        offer: offer.to_owned(),
        sources: Vec::new(),
        counted: true,
    };
    Queued {
        command: Command::Join(join),
        at: Instant::now(),
    }
}

struct Bench {
    running: Running,
    commands: SyncSender<Queued>,
    events: Receiver<Event>,
    placement: Arc<Placement>,
}

impl Bench {
    fn new(events_max: usize) -> Self {
        let (shard, commands, events, placement) = shard(events_max, brittle);
        Self {
            running: Running::new(shard, Instant::now()),
            commands,
            events,
            placement,
        }
    }

    fn join(&mut self, room: u128, peer: u64, offer: &str) {
        let (room, peer) = (RoomId(room), PeerId(peer));
        self.placement.assign(room, peer, |_| 0).unwrap();
        self.commands.send(join(room, peer, offer)).unwrap();
        self.running.take_commands();
    }

    /// Everything reported, one word and the peer for each.
    fn reported(&mut self) -> Vec<(&'static str, u64)> {
        self.running.flush();
        let mut all = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            all.push(match event {
                Event::Joined { peer, .. } => ("joined", peer.0),
                Event::Refused { peer, .. } => ("refused", peer.0),
                Event::Disconnected {
                    peer,
                    reason: DisconnectReason::RoomFailed,
                    ..
                } => ("failed", peer.0),
                Event::Disconnected { peer, .. } => ("gone", peer.0),
                other @ (Event::Connected { .. }
                | Event::Alive { .. }
                | Event::Absent { .. }
                | Event::Present { .. }
                | Event::PathLost { .. }
                | Event::Stats { .. }
                | Event::Restarted { .. }
                | Event::Encodings { .. }
                | Event::Legs { .. }
                | Event::Withheld { .. }
                | Event::Loudest { .. }
                | Event::Speakers { .. }) => ("other", other.peer().map_or(0, |peer| peer.0)),
            });
            self.running.flush();
        }
        all
    }
}

fn offer() -> String {
    Client::new(ClientConfig::default(), Instant::now()).offer()
}

#[test]
fn events_wait_while_the_queue_is_full_and_none_is_lost() {
    let mut bench = Bench::new(2);
    for peer in 1..=5 {
        bench.join(1, peer, "v=0");
    }
    bench.running.flush();
    assert!(bench.running.unsent.is_some());
    assert_eq!(bench.reported(), [1, 2, 3, 4, 5].map(|peer| ("refused", peer)));
    assert_eq!(
        bench.placement.shard_of_room(RoomId(1)),
        None,
        "refused peers are on no shard"
    );
}

#[test]
fn a_panic_ends_its_room_and_no_other() {
    let mut bench = Bench::new(16);
    let offer = offer();
    bench.join(1, 1, &offer);
    bench.join(2, 2, &offer);
    BROKEN.set(true);
    bench.join(1, 3, &offer);
    BROKEN.set(false);
    assert_eq!(
        bench.reported(),
        [("joined", 1), ("joined", 2), ("failed", 1), ("refused", 3)]
    );
    assert_eq!(bench.placement.peers_of(0), [PeerId(2)]);
    bench.join(1, 4, &offer);
    bench.join(2, 5, &offer);
    assert_eq!(bench.reported(), [("joined", 4), ("joined", 5)]);
    assert_eq!(
        (bench.running.io.panics, bench.running.sfu.counters().rooms_failed),
        (1, 1)
    );
}

#[test]
fn a_core_that_is_made_anew_reports_every_peer_gone() {
    let mut bench = Bench::new(16);
    let offer = offer();
    bench.join(1, 1, &offer);
    bench.join(2, 2, &offer);
    bench.running.start_anew(Instant::now());
    let mut reported = bench.reported();
    reported.sort_unstable();
    assert_eq!(reported, [("failed", 1), ("failed", 2)]);
    assert!(bench.placement.peers_of(0).is_empty());
    bench.join(1, 3, &offer);
    assert_eq!(bench.reported(), [("joined", 3)]);
}

#[test]
fn a_batch_that_makes_too_much_is_sent_in_parts() {
    for (flush_at_bytes, send_calls) in [(1, 2), (limits::ARENA_BYTES_MAX / 2, 0)] {
        let mut bench = Bench::new(16);
        let now = Instant::now();
        let mut client = Client::new(ClientConfig::default(), now);
        bench.join(1, 1, &client.offer());
        bench.running.flush();
        let joined = bench.events.try_recv().unwrap().into_answer().unwrap().1.unwrap();
        client.accept(&joined.answer, &joined.slots, now).unwrap();
        client.timeout(now);
        let check = client.poll_transmit().unwrap();
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..2 {
            socket.send_to(&check, bench.running.shard.sockets.locals[0]).unwrap();
        }
        bench.running.flush_at_bytes = flush_at_bytes;
        bench.running.receive(&mut ReceiveBatch::new(), 0);
        let io = bench.running.io;
        assert_eq!((io.datagrams_received, io.send_calls), (2, send_calls));
        assert_eq!(
            bench.running.sfu.transmits().iter().len(),
            2 - usize::try_from(send_calls).unwrap()
        );
    }
}

#[test]
fn a_shard_that_hangs_is_silent_until_it_goes_on() {
    let (shard, commands, _events, _) = shard(16, hanging);
    let line = Arc::clone(&shard.line);
    let thread = std::thread::spawn(move || shard.run());
    let silent_for = || line.metrics.read(Instant::now()).silent_for;
    let until = |wanted: &dyn Fn() -> bool| {
        let patience = Instant::now() + Duration::from_secs(30);
        while !wanted() {
            assert!(Instant::now() < patience, "silent for {:?}", silent_for());
            std::thread::yield_now();
        }
    };
    // Nothing happens, and yet it is heard of.
    until(&|| silent_for() > 2 * METRICS_INTERVAL);
    until(&|| silent_for() < METRICS_INTERVAL);
    let hang = HANG.lock().unwrap();
    commands.send(join(RoomId(1), PeerId(1), &offer())).unwrap();
    line.waker.wake();
    until(&|| silent_for() > 3 * WAIT_MAX);
    drop(hang);
    until(&|| silent_for() < METRICS_INTERVAL);
    line.stop.store(true, Ordering::Release);
    line.waker.wake();
    thread.join().unwrap();
}
