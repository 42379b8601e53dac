//! A running driver and clients with a socket each, all on loopback and real time.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use sfu_core::{Command, Event, Join, Joined, PeerId, RoomId, SlotContent, SlotMapping, Source};
use sfu_driver::{Driver, DriverConfig, Listen, ShardMetrics};
use sfu_sim::{Client, ClientConfig};

/// Nothing here takes longer, on however busy a machine.
const LIMIT: Duration = Duration::from_secs(30);
/// How long a client's socket is listened at before the others have their turn.
const TURN: Duration = Duration::from_millis(1);

pub(crate) fn config(shards: usize) -> DriverConfig {
    let listen = Listen {
        bind: [127, 0, 0, 1].into(),
        advertise: Vec::new(),
    };
    DriverConfig {
        shards,
        ..DriverConfig::new(vec![listen], 0)
    }
}

pub(crate) struct Member {
    pub(crate) client: Client,
    pub(crate) peer: PeerId,
    pub(crate) joined: Joined,
    pub(crate) socket: UdpSocket,
    /// Used in place of the socket, if there is one.
    pub(crate) connection: Option<Framed>,
    /// Sent to in place of the first candidate.
    pub(crate) to: Option<SocketAddr>,
}

/// The driver, its events so far, and the clients.
pub(crate) struct Harness {
    pub(crate) driver: Driver,
    pub(crate) events: Receiver<Event>,
    pub(crate) seen: Vec<Event>,
    pub(crate) members: Vec<Member>,
}

impl Harness {
    pub(crate) fn start(shards: usize) -> Self {
        Self::start_with(config(shards))
    }

    pub(crate) fn start_with(config: DriverConfig) -> Self {
        let (driver, events) = Driver::start(config).expect("loopback has free ports");
        Self {
            driver,
            events,
            seen: Vec::new(),
            members: Vec::new(),
        }
    }

    /// Joins a client and returns its number.
    pub(crate) fn join(&mut self, room: u128) -> usize {
        let number = self.members.len();
        let tag = u32::try_from(number).expect("few clients") + 1;
        let mut client = Client::new(
            ClientConfig {
                seed: 7,
                tag,
                ..ClientConfig::default()
            },
            Instant::now(),
        );
        let peer = PeerId(u64::from(tag));
        let join = Join {
            room: RoomId(room),
            peer,
            offer: client.offer(),
            sources: client.sources(),
            counted: true,
        };
        self.driver.command(Command::Join(join)).expect("the queue has room");
        let joined = self.event(|event| {
            if let Event::Joined { peer: of, joined } = event {
                (*of == peer).then(|| joined.clone())
            } else {
                None
            }
        });
        client
            .accept(&joined.answer, &joined.slots, Instant::now())
            .expect("a good answer");
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has free ports");
        socket.set_read_timeout(Some(TURN)).expect("the time is not zero");
        self.members.push(Member {
            client,
            peer,
            joined,
            socket,
            connection: None,
            to: None,
        });
        number
    }

    /// Sends a client's datagrams to one of the candidates from now on, from a socket of that family.
    pub(crate) fn reach_by(&mut self, number: usize, to: SocketAddr) {
        let any: SocketAddr = if to.is_ipv6() { "[::1]:0" } else { "127.0.0.1:0" }
            .parse()
            .expect("an address");
        let socket = UdpSocket::bind(any).expect("loopback has free ports");
        socket.set_read_timeout(Some(TURN)).expect("the time is not zero");
        let member = &mut self.members[number];
        (member.socket, member.to) = (socket, Some(to));
        member.client.moved(Instant::now());
    }

    /// Joins a client that talks over a connection only.
    pub(crate) fn join_by_connection(&mut self, room: u128) -> usize {
        let number = self.join(room);
        self.members[number].connection = Some(Framed::connect(self.media_address(number)));
        number
    }

    /// Waits for an event (the first that fits) while the clients live on.
    pub(crate) fn event<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        let mut looked_at = 0;
        let mut found = None;
        self.run_until("an event", |harness| {
            found = harness.seen[looked_at..].iter().find_map(&mut wanted);
            looked_at = harness.seen.len();
            found.is_some()
        });
        found.expect("run_until ends with it or panics")
    }

    /// Lets sockets and clients work until `done`.
    pub(crate) fn run_until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let end = Instant::now() + LIMIT;
        while !done(self) {
            assert!(Instant::now() < end, "{what} did not come; events: {:?}", self.seen);
            self.seen.extend(self.events.try_iter());
            for member in &mut self.members {
                member.turn();
            }
            if self.members.is_empty() {
                self.seen.extend(self.events.recv_timeout(TURN));
            }
        }
    }

    pub(crate) fn connect(&mut self) {
        self.run_until("the connection", |harness| {
            harness.members.iter().all(|member| member.client.is_connected())
        });
    }

    /// Connects everybody, shows each the others' sources and lets media flow.
    pub(crate) fn call(&mut self) {
        self.connect();
        for number in 0..self.members.len() {
            self.show_others(number);
            self.members[number].client.start_media(Instant::now());
        }
    }

    pub(crate) fn show_others(&self, number: usize) {
        let own = &self.members[number];
        let others = self.members.iter().filter(|member| member.peer != own.peer);
        let mut sources: Vec<Source> = others
            .flat_map(|other| {
                other
                    .client
                    .sources()
                    .into_iter()
                    .map(|(_, kind)| Source { peer: other.peer, kind })
            })
            .collect();
        let slots = own.joined.slots.iter().map(|slot| {
            let index = sources.iter().position(|source| source.kind.media() == slot.kind);
            SlotMapping {
                mid: slot.mid.clone(),
                content: index.map_or(SlotContent::Nothing, |index| SlotContent::Source(sources.remove(index))),
            }
        });
        let slots = slots.collect();
        self.driver
            .command(Command::MapSlots { peer: own.peer, slots })
            .expect("the queue has room");
    }

    pub(crate) fn admit(&self, number: usize) {
        let peer = self.members[number].peer;
        self.driver
            .command(Command::SetForwarding { peer, allowed: true })
            .expect("the queue has room");
    }

    /// Packets that a client has received in all its slots; its checks have passed.
    pub(crate) fn received(&self, number: usize) -> usize {
        let received = self.members[number]
            .client
            .check_received()
            .expect("what arrives is one whole stream");
        received.streams.iter().map(|stream| stream.packets).sum()
    }

    /// All shards' numbers, added up.
    pub(crate) fn total(&self) -> ShardMetrics {
        let mut total = ShardMetrics::default();
        for shard in self.driver.metrics() {
            total.add(&shard);
        }
        total
    }

    pub(crate) fn media_address(&self, number: usize) -> SocketAddr {
        self.members[number].client.remote().expect("it has its answer")
    }
}

impl Member {
    fn turn(&mut self) {
        self.client.timeout(Instant::now());
        self.send();
        let mut buffer = [0; 2_048];
        while let Some(len) = self.receive(&mut buffer) {
            self.client.receive(&mut buffer[..len], Instant::now());
            self.send();
            if self.client.next_timeout().is_some_and(|at| at <= Instant::now()) {
                break;
            }
        }
    }

    pub(crate) fn send(&mut self) {
        let Some(to) = self.to.or(self.client.remote()) else {
            return;
        };
        while let Some(bytes) = self.client.poll_transmit() {
            match &mut self.connection {
                Some(connection) => connection.send(&bytes),
                None => assert_eq!(self.socket.send_to(&bytes, to).expect("loopback takes it"), bytes.len()),
            }
        }
    }

    /// The length of the next datagram or frame, if one comes.
    fn receive(&mut self, buffer: &mut [u8]) -> Option<usize> {
        match &mut self.connection {
            Some(connection) => connection.receive(buffer),
            None => Some(self.socket.recv_from(buffer).ok()?.0),
        }
    }
}

/// A connection with frames as in RFC 4571.
pub(crate) struct Framed {
    pub(crate) stream: TcpStream,
    /// What came in and is not yet a whole frame.
    bytes: Vec<u8>,
    /// The other side has closed it.
    pub(crate) ended: bool,
}

impl Framed {
    pub(crate) fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).expect("the shard listens");
        stream.set_read_timeout(Some(TURN)).expect("the time is not zero");
        Self {
            stream,
            bytes: Vec::new(),
            ended: false,
        }
    }

    /// Sends a frame; nobody may be there to take it any more.
    pub(crate) fn send(&mut self, content: &[u8]) {
        let len = u16::try_from(content.len()).expect("short");
        let frame = [&len.to_be_bytes(), content].concat();
        self.ended |= self.stream.write_all(&frame).is_err();
    }

    /// Waits a moment for a frame.
    pub(crate) fn receive(&mut self, content: &mut [u8]) -> Option<usize> {
        loop {
            if let Some(head) = self.bytes.first_chunk::<2>() {
                let end = 2 + usize::from(u16::from_be_bytes(*head));
                if let Some(frame) = self.bytes.get(2..end) {
                    content[..frame.len()].copy_from_slice(frame);
                    self.bytes.drain(..end);
                    return Some(end - 2);
                }
            }
            let mut more = [0; 4_096];
            match self.stream.read(&mut more) {
                Ok(0) => {
                    self.ended = true;
                    return None;
                }
                Ok(count) => self.bytes.extend_from_slice(&more[..count]),
                Err(error) => {
                    self.ended |= error.kind() == std::io::ErrorKind::ConnectionReset;
                    return None;
                }
            }
        }
    }
}
