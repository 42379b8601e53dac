//! The core: every input goes through [`Sfu::handle`]; packets, events and the next deadline come out.

mod audio;
mod binding;
mod capture;
mod commands;
mod control;
mod datagrams;
mod deadlines;
mod estimate;
mod layer_choice;
mod legs;
mod media;
mod replay;
mod scratch;
mod timers;

pub use capture::Captured;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::counters::Counters;
use crate::event::{Command, DisconnectReason, Event, RoomId};
use crate::handles::PeerIndex;
use crate::limits;
use crate::publish::clock::NtpClock;
use crate::room::peer::Transport;
use crate::room::{Peers, Rooms};
use crate::subscribe::repeats::Repeats;
use crate::transport::demux::{Routes, Tuple};
use crate::transport::transmit::{Arena, Destination, Transmits};
use crate::wire::candidate::{Candidate, Protocol};
use crate::wire::dtls::{self, Certificate, Simulated};
use capture::Capture;
use deadlines::Deadlines;
use scratch::Scratch;

/// Fills its argument with unpredictable bytes.
pub type Random = Box<dyn FnMut(&mut [u8]) + Send>;

/// What a core is made with.
pub struct SfuConfig {
    /// Addresses under which clients reach this core by UDP, best first; at least one.
    pub candidates: Vec<SocketAddr>,
    /// Addresses at which this core takes connections of clients that UDP does not get through to, best first.
    pub tcp_candidates: Vec<SocketAddr>,
    pub certificate: Certificate,
    /// The only randomness the core uses beside that of the DTLS library.
    pub random: Random,
    /// `None` but in simulations: what the DTLS library computes with there. All its randomness but keys is then drawn from
    /// [`Self::random`], so that handshakes replay; else it is the operating system's.
    pub simulated_crypto: Option<dimpl::crypto::CryptoProvider>,
    pub limits: Limits,
    /// Pad long video packets by a few bytes, so that those of one frame are of one length and leave as one message.
    pub padding: bool,
}

/// Bounds that an operator may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub rooms: usize,
    pub peers: usize,
    pub peers_per_room: usize,
    /// From the join until DTLS must be up.
    pub handshake_timeout: Duration,
    /// Without an authenticated packet for this long a peer is gone (RFC 7675: 30 s).
    pub consent_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rooms: limits::ROOMS_MAX,
            peers: limits::PEERS_MAX,
            peers_per_room: limits::PEERS_PER_ROOM_MAX,
            handshake_timeout: limits::HANDSHAKE_TIMEOUT,
            consent_timeout: limits::CONSENT_TIMEOUT,
        }
    }
}

/// Everything that can happen to a core.
#[derive(Debug)]
pub enum Input<'a> {
    /// A datagram that came in; its bytes are decrypted in place.
    Datagram {
        from: SocketAddr,
        local: SocketAddr,
        bytes: &'a mut [u8],
    },
    /// The content of one frame of a connection (RFC 4571); its bytes are decrypted in place.
    Frame {
        from: SocketAddr,
        local: SocketAddr,
        bytes: &'a mut [u8],
    },
    /// The connection between these addresses has ended.
    Closed {
        from: SocketAddr,
        local: SocketAddr,
    },
    Command(Command),
    /// The deadline of [`Sfu::next_timeout`] has passed. Harmless at any other time.
    Timeout,
}

/// One shard's media plane. After [`Sfu::handle`] (once, or for a batch of inputs) take what came of it:
/// [`Sfu::transmits`], [`Sfu::poll_event`], [`Sfu::next_timeout`]. Due timers run within every `handle`.
pub struct Sfu {
    candidates: Vec<Candidate>,
    certificate: Certificate,
    fingerprint: String,
    dtls_config: Arc<dimpl::Config>,
    random: Random,
    limits: Limits,
    padding: bool,
    ntp: NtpClock,
    peers: Peers,
    rooms: Rooms,
    routes: Routes,
    arena: Arena,
    events: VecDeque<Event>,
    counters: Counters,
    /// Of one room, while an operator captures it.
    capture: Option<Capture>,
    /// Number of the newest stream.
    last_stream: u32,
    /// When each peer has its next timeout, or a little earlier.
    deadlines: Deadlines,
    /// What is sent a second time in a moment.
    repeats: Repeats,
    /// Whose input is being worked on, for [`Sfu::fail_room`].
    working_on: Option<RoomId>,
    scratch: Scratch,
}

impl Sfu {
    /// A core without peers.
    #[must_use]
    pub fn new(mut config: SfuConfig, now: Instant) -> Self {
        let simulated = config.simulated_crypto.map(|crypto| {
            let mut seed = [0; 8];
            (config.random)(&mut seed);
            let seed = u64::from_be_bytes(seed);
            Simulated { crypto, seed }
        });
        Self {
            candidates: Candidate::all(&config.candidates, &config.tcp_candidates),
            fingerprint: config.certificate.fingerprint(),
            certificate: config.certificate,
            dtls_config: dtls::config(simulated),
            random: config.random,
            limits: config.limits,
            padding: config.padding,
            ntp: NtpClock::new(now),
            peers: Peers::default(),
            rooms: Rooms::default(),
            routes: Routes::default(),
            arena: Arena::default(),
            events: VecDeque::new(),
            counters: Counters::default(),
            capture: None,
            last_stream: 0,
            deadlines: Deadlines::default(),
            repeats: Repeats::default(),
            working_on: None,
            scratch: Scratch::new(),
        }
    }

    /// Takes one input. `now` must not run backwards.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        let counted_before = self.capture.as_mut().map(|capture| {
            capture.pass_time(now);
            self.counters
        });
        match input {
            Input::Datagram { from, local, bytes } => {
                let tuple = Tuple {
                    protocol: Protocol::Udp,
                    remote: from,
                    local,
                };
                self.handle_datagram(now, tuple, bytes);
            }
            Input::Frame { from, local, bytes } => {
                let tuple = Tuple {
                    protocol: Protocol::Tcp,
                    remote: from,
                    local,
                };
                self.handle_datagram(now, tuple, bytes);
            }
            Input::Closed { from, local } => self.close_connection(Tuple {
                protocol: Protocol::Tcp,
                remote: from,
                local,
            }),
            Input::Command(command) => self.handle_command(now, command),
            Input::Timeout => {}
        }
        if let (Some(capture), Some(before)) = (&mut self.capture, counted_before) {
            capture.record_counted(&before, &self.counters);
        }
        if self.next_timeout().is_some_and(|at| at <= now) {
            self.send_repeats(now);
            self.run_timers(now);
        }
        self.working_on = None;
    }

    /// The datagrams to send now, those to one peer side by side. Dropping the result clears them.
    pub fn transmits(&mut self) -> Transmits<'_> {
        if let Some(capture) = &mut self.capture {
            self.counters.captures_dropped += capture.outgoing(&self.arena, &self.peers);
        }
        self.arena.drain()
    }

    /// Bytes that [`Self::transmits`] would hand out, of [`limits::ARENA_BYTES_MAX`] at most.
    #[must_use]
    pub fn bytes_waiting(&self) -> usize {
        self.arena.bytes_waiting()
    }

    /// The next copy of a header, oldest first; `None` while nothing is captured.
    pub fn poll_captured(&mut self) -> Option<Captured> {
        self.capture.as_mut()?.poll()
    }

    /// Captures nothing more.
    pub fn end_capture(&mut self) {
        self.capture = None;
    }

    /// The next event, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Sfu::handle`] with [`Input::Timeout`], unless something else happens before.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        let deadline = self.deadlines.first().map(|(at, _)| at);
        deadline.into_iter().chain(self.repeats.due_at()).min()
    }

    /// What was done and dropped since the start.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// (rooms, peers) now.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        (self.rooms.len(), self.peers.len())
    }

    /// No peer, room or way to one is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rooms.len() == 0 && self.peers.len() == 0 && self.routes.is_empty()
    }

    /// Ends the room whose input was being worked on when [`Sfu::handle`] panicked; the others go on. `None` when the
    /// panic was in no room's work.
    pub fn fail_room(&mut self, now: Instant) -> Option<RoomId> {
        let room = self.working_on.take()?;
        self.counters.rooms_failed += 1;
        self.remove_room(now, room, DisconnectReason::RoomFailed);
        Some(room)
    }

    fn remove_room(&mut self, now: Instant, room: RoomId, reason: DisconnectReason) {
        for peer_index in self.rooms.members(room).to_vec() {
            self.remove_peer(now, peer_index, reason);
        }
    }

    /// Takes a peer out of every table, says goodbye to it and reports it gone.
    fn remove_peer(&mut self, now: Instant, peer_index: PeerIndex, reason: DisconnectReason) {
        self.clear_slots(peer_index);
        let Some(mut peer) = self.peers.remove(peer_index) else {
            return;
        };
        self.deadlines.remove(peer_index);
        self.rooms.remove_member(peer.room, peer_index);
        for ufrag in peer.ice.ufrags() {
            self.routes.remove_ufrag(ufrag);
        }
        for tuple in peer.ice.tuples() {
            self.routes.remove_tuple(&tuple, peer_index);
        }
        if let (Some(destination), Transport::Connected(secured)) = (peer.destination(), &mut peer.transport) {
            // The association may be the very thing that broke, so a failed room is left without goodbyes.
            if reason != DisconnectReason::RoomFailed {
                let arena = &mut self.arena;
                secured.dtls.close(&mut |record| {
                    push_bytes(arena, destination, record);
                });
            }
        }
        let connected = peer.is_connected();
        if connected {
            self.push_event(Event::Stats {
                peer: peer.id,
                stats: self.stats_of(&peer),
            });
        }
        self.push_event(Event::Disconnected {
            peer: peer.id,
            present_until: peer.present_until(),
            reason,
        });
        debug_assert!(peer.last_packet_at.is_none_or(|at| at <= now), "time ran backwards");
    }

    /// Queues an event. Periodic ones are left out when the queue is not read; the rest are as few as the joins, or
    /// bounded in time.
    fn push_event(&mut self, event: Event) {
        let periodic = matches!(
            event,
            Event::Alive { .. } | Event::Stats { .. } | Event::Legs { .. } | Event::Speakers { .. }
        );
        if periodic && self.events.len() >= limits::EVENTS_WAITING_MAX {
            self.counters.events_dropped += 1;
            return;
        }
        self.events.push_back(event);
    }

    /// Sets a peer's next deadline after something happened to it.
    fn reschedule(&mut self, now: Instant, peer_index: PeerIndex) {
        let handshake_timeout = self.limits.handshake_timeout;
        // What happened may have been its end.
        let Some(peer) = self.peers.get_mut(peer_index) else {
            return;
        };
        let wake_at = peer.schedule(now, handshake_timeout);
        self.deadlines.pull(peer_index, wake_at);
    }
}

/// Appends finished bytes; false when the arena is full.
fn push_bytes(arena: &mut Arena, destination: Destination, bytes: &[u8]) -> bool {
    arena.push(destination, bytes.len(), |out| {
        out.copy_from_slice(bytes);
        Some(bytes.len())
    })
}
