//! One core and its clients on a virtual clock. A run follows from its seed.

mod begin;
mod check;
mod model;
mod pair;
mod plan;
mod stranger;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sfu_core::{Certificate, Command, Event, Input, Join, PeerId, RoomId, Sfu, SfuConfig, SlotInfo};

pub use self::check::{Failure, Report};
pub use self::pair::Outcome;
pub use self::stranger::Reach;
use crate::client::{Client, ClientConfig, Taken};
use crate::crypto;
use crate::link::Profile;
use crate::network::{Access, Conditions, Datagram, Network};

const ROOM: RoomId = RoomId(1);

/// A client in the world.
struct Member {
    client: Client,
    peer: PeerId,
    address: SocketAddr,
    slots: Vec<SlotInfo>,
    /// False once it left: it neither sends nor hears any more.
    inside: bool,
    /// What a firewall before it lets out: one datagram in such a time, the next from then on.
    lets_out: Option<(Duration, Instant)>,
    /// Nothing gets through to it.
    deaf: bool,
    /// Gets no processor time for such times, one after the other; what comes meanwhile waits for it.
    stalls: Vec<Duration>,
    stalled_until: Instant,
    backlog: VecDeque<Datagram>,
}

/// A packet of media that a client took from the core.
#[derive(Debug, Clone)]
struct Delivery {
    client: usize,
    /// When the core sent it.
    sent: Instant,
    taken: Taken,
}

/// The world.
pub struct World {
    now: Instant,
    sfu: Sfu,
    /// Makes the core's random source panic.
    broken: Arc<AtomicBool>,
    address: SocketAddr,
    network: Network,
    members: Vec<Member>,
    events: Vec<Event>,
    /// What the clients took, when the world is watched.
    deliveries: Option<Vec<Delivery>>,
    /// Every datagram that was delivered to the core, when recording is on.
    recorded: Option<Vec<(SocketAddr, Vec<u8>)>>,
    /// The last datagrams to addresses of nobody in the world.
    strays: VecDeque<Datagram>,
}

/// What a core on a single address is made with.
fn core_config(seed: u64, address: SocketAddr, broken: &Arc<AtomicBool>) -> SfuConfig {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let breaks = Arc::clone(broken);
    SfuConfig {
        candidates: vec![address],
        tcp_candidates: Vec::new(),
        certificate: Certificate::from(crypto::certificate()),
        random: Box::new(move |bytes| {
            assert!(!breaks.load(Ordering::Relaxed), "the world was told to break");
            random.fill_bytes(bytes);
        }),
        simulated_crypto: Some(crypto::provider()),
        limits: sfu_core::Limits::default(),
        padding: true,
    }
}

impl World {
    /// A core with nobody in it.
    ///
    /// # Panics
    /// When the system has no randomness for a certificate.
    #[must_use]
    pub fn new(seed: u64, conditions: Conditions) -> Self {
        Self::with_limits(seed, conditions, sfu_core::Limits::default())
    }

    /// As [`Self::new`], with other bounds of the core.
    ///
    /// # Panics
    /// When the system has no randomness for a certificate.
    #[must_use]
    pub fn with_limits(seed: u64, conditions: Conditions, limits: sfu_core::Limits) -> Self {
        let now = Instant::now();
        let address = SocketAddr::from(([192, 0, 2, 1], 7_000));
        let broken = Arc::new(AtomicBool::new(false));
        Self {
            now,
            sfu: Sfu::new(
                SfuConfig {
                    limits,
                    ..core_config(seed, address, &broken)
                },
                now,
            ),
            broken,
            address,
            network: Network::new(seed.wrapping_add(1), conditions),
            members: Vec::new(),
            events: Vec::new(),
            deliveries: None,
            recorded: None,
            strays: VecDeque::new(),
        }
    }

    /// The process with the core dies and another one takes its place: nobody is in it, and it knows no old keys.
    pub fn crash(&mut self, seed: u64) {
        self.sfu = Sfu::new(core_config(seed, self.address, &self.broken), self.now);
        for member in &mut self.members {
            member.inside = false;
        }
    }

    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    pub fn sfu(&mut self) -> &mut Sfu {
        &mut self.sfu
    }

    pub fn client(&mut self, index: usize) -> &mut Client {
        &mut self.members[index].client
    }

    #[must_use]
    pub fn peer(&self, index: usize) -> PeerId {
        self.members[index].peer
    }

    #[must_use]
    pub fn address_of(&self, index: usize) -> SocketAddr {
        self.members[index].address
    }

    /// The core's address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn network(&mut self) -> &mut Network {
        &mut self.network
    }

    /// What the core reported so far.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// From now on keeps what is delivered to the core.
    pub fn record(&mut self) {
        self.recorded = Some(Vec::new());
    }

    /// What was delivered since [`World::record`].
    pub fn take_recorded(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        self.recorded.take().unwrap_or_default()
    }

    /// Joins a client and returns its number.
    ///
    /// # Panics
    /// When the core refuses it.
    pub fn join(&mut self, config: ClientConfig) -> usize {
        self.join_room(ROOM, config)
    }

    fn join_room(&mut self, room: RoomId, config: ClientConfig) -> usize {
        let index = self.members.len();
        let host = u8::try_from(index / 60_000).expect("few clients");
        let port = u16::try_from(index % 60_000 + 1_024).expect("below 2^16");
        self.join_at(room, config, SocketAddr::from(([198, 51, 100, host], port)))
    }

    /// Joins a client that has a certain address. Another that had it does not hear anything any more.
    ///
    /// # Panics
    /// When the core refuses it.
    pub fn join_from(&mut self, config: ClientConfig, address: SocketAddr) -> usize {
        self.join_at(ROOM, config, address)
    }

    fn join_at(&mut self, room: RoomId, config: ClientConfig, address: SocketAddr) -> usize {
        if let Some(before) = self.members.iter_mut().find(|member| member.address == address) {
            before.address = SocketAddr::from(([0, 0, 0, 0], 0));
        }
        let index = self.members.len();
        let counted = config.counted;
        let client = Client::new(config, self.now);
        let peer = PeerId(index as u64 + 100);
        let join = Join {
            room,
            peer,
            offer: client.offer(),
            sources: client.sources(),
            counted,
        };
        self.members.push(Member {
            client,
            peer,
            address,
            slots: Vec::new(),
            inside: true,
            lets_out: None,
            deaf: false,
            stalls: Vec::new(),
            stalled_until: self.now,
            backlog: VecDeque::new(),
        });
        let joined = self.join_core(join);
        let member = &mut self.members[index];
        let accepted = member.client.accept(&joined.answer, &joined.slots, self.now);
        accepted.unwrap_or_else(|wrong| panic!("{wrong}"));
        member.slots = joined.slots;
        index
    }

    pub fn command(&mut self, command: Command) {
        self.sfu.handle(self.now, Input::Command(command));
        self.collect();
    }

    /// Opens or shuts a client's gate.
    pub fn admit(&mut self, index: usize, allowed: bool) {
        let peer = self.peer(index);
        self.command(Command::SetForwarding { peer, allowed });
    }

    /// Gives a client a new address, as when it changes from one network to another.
    pub fn roam(&mut self, index: usize) {
        let member = &mut self.members[index];
        let before = member.address;
        member.address = SocketAddr::from(([203, 0, 113, 9], before.port()));
        self.network.reattach(before, member.address);
        member.client.moved(self.now);
        self.flush_client(index);
    }

    /// A relay or a NAT gives a client another port, of which the client knows nothing.
    pub fn rebind(&mut self, index: usize) {
        let before = self.members[index].address;
        let after = SocketAddr::new(before.ip(), before.port() ^ 0x4000);
        self.members[index].address = after;
        self.network.reattach(before, after);
    }

    /// A firewall lets out one datagram of a client in such a time, or everything again.
    pub fn muffle(&mut self, index: usize, period: Option<Duration>) {
        let now = self.now;
        self.members[index].lets_out = period.map(|period| (period, now + period));
    }

    /// Nothing that is sent to a client gets through to it, or everything again.
    pub fn deafen(&mut self, index: usize, deaf: bool) {
        self.members[index].deaf = deaf;
    }

    /// A client gets no processor time for such times, again and again; none brings it back.
    pub fn starve(&mut self, index: usize, stalls: Vec<Duration>) {
        let member = &mut self.members[index];
        (member.stalls, member.stalled_until) = (stalls, self.now);
    }

    /// Gives a client an access of this kind, in place of the common conditions.
    pub fn attach(&mut self, index: usize, profile: Profile) {
        let address = self.address_of(index);
        self.network.attach(self.now, address, profile.up(), profile.down());
    }

    /// The access of a client that has one.
    #[must_use]
    pub fn access(&self, index: usize) -> Option<&Access> {
        self.network.access(self.address_of(index))
    }

    /// Feeds the core a datagram that nobody of ours sent.
    pub fn inject(&mut self, from: SocketAddr, bytes: &mut [u8]) {
        self.sfu.handle(
            self.now,
            Input::Datagram {
                from,
                local: self.address,
                bytes,
            },
        );
        self.collect();
    }

    /// From now on the core panics when it draws a random number: a broken invariant, as far as anybody can tell.
    pub fn break_randomness(&mut self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// Lets time pass.
    pub fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(next) = self.next_time().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
        self.step();
    }

    /// Lets time pass until `done`, at most `limit`. False when it did not come to that.
    pub fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.now + limit;
        loop {
            if done(self) {
                return true;
            }
            let Some(next) = self.next_time().filter(|next| *next <= end) else {
                return false;
            };
            self.now = self.now.max(next);
            self.step();
        }
    }

    fn next_time(&self) -> Option<Instant> {
        let inside = self.members.iter().filter(|member| member.inside);
        let clients = inside.filter_map(|member| {
            let at = member.client.next_timeout();
            if member.stalls.is_empty() {
                return at;
            }
            let stalled = (!member.backlog.is_empty()).then_some(member.stalled_until);
            at.map(|at| at.max(member.stalled_until))
                .into_iter()
                .chain(stalled)
                .min()
        });
        clients
            .chain(self.sfu.next_timeout())
            .chain(self.network.next_arrival())
            .min()
    }

    fn step(&mut self) {
        while let Some(mut datagram) = self.network.arrive(self.now) {
            if datagram.to == self.address {
                if let Some(recorded) = &mut self.recorded {
                    recorded.push((datagram.from, datagram.bytes.clone()));
                }
                let Datagram { from, bytes, .. } = &mut datagram;
                self.sfu.handle(
                    self.now,
                    Input::Datagram {
                        from: *from,
                        local: self.address,
                        bytes,
                    },
                );
                self.collect();
            } else if let Some(index) = self.members.iter().position(|member| member.address == datagram.to) {
                let member = &mut self.members[index];
                if member.inside && !member.stalls.is_empty() {
                    member.backlog.push_back(datagram);
                } else if member.inside && !member.deaf {
                    self.deliver(index, datagram);
                }
            } else {
                self.strays.push_back(datagram);
                if self.strays.len() > 100 {
                    self.strays.pop_front();
                }
            }
        }
        if self.sfu.next_timeout().is_some_and(|at| at <= self.now) {
            self.sfu.handle(self.now, Input::Timeout);
            self.collect();
        }
        for index in 0..self.members.len() {
            if !self.wake(index) {
                continue;
            }
            let member = &self.members[index];
            if member.inside && member.client.next_timeout().is_some_and(|at| at <= self.now) {
                self.members[index].client.timeout(self.now);
                self.flush_client(index);
            }
        }
    }

    /// Lets a client that was stalled take what came meanwhile; false while it still is.
    fn wake(&mut self, index: usize) -> bool {
        let member = &mut self.members[index];
        if member.stalls.is_empty() {
            return true;
        }
        if self.now < member.stalled_until {
            return false;
        }
        let waiting = std::mem::take(&mut member.backlog);
        member.stalls.rotate_left(1);
        member.stalled_until = self.now + member.stalls[0];
        for datagram in waiting {
            self.deliver(index, datagram);
        }
        true
    }

    fn deliver(&mut self, index: usize, mut datagram: Datagram) {
        let client = &mut self.members[index].client;
        client.receive(&mut datagram.bytes, self.now);
        if let (Some(deliveries), Some(taken)) = (&mut self.deliveries, client.take_last()) {
            deliveries.push(Delivery {
                client: index,
                sent: datagram.sent,
                taken,
            });
        }
        self.flush_client(index);
    }

    fn flush_client(&mut self, index: usize) {
        let member = &mut self.members[index];
        let Some(to) = member.client.remote() else { return };
        while let Some(bytes) = member.client.poll_transmit() {
            if let Some((period, next)) = &mut member.lets_out {
                if self.now < *next {
                    continue;
                }
                *next = self.now + *period;
            }
            self.network.send(Datagram {
                from: member.address,
                to,
                sent: self.now,
                bytes,
            });
        }
    }

    /// Takes away what the core has to say.
    fn collect(&mut self) {
        let transmits = self.sfu.transmits();
        for transmit in transmits.iter() {
            assert_eq!(
                transmit.from_local, self.address,
                "sent from an address that it does not have"
            );
            let datagram = Datagram {
                from: self.address,
                to: transmit.to,
                sent: self.now,
                bytes: transmit.bytes.to_vec(),
            };
            self.network.send(datagram);
        }
        drop(transmits);
        while let Some(event) = self.sfu.poll_event() {
            self.events.push(event);
        }
    }
}
