//! What a driver is started with.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

use sfu_core::Limits;

/// Receive and send buffer of a socket, where the system allows it: a tenth of a second of 300 Mbit/s.
const SOCKET_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// Free ports tried until one is found that is free for datagrams and connections alike.
const FREE_PORT_TRIES: u32 = 16;

/// A local address to take media at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The address to bind. Binding a wildcard on a host with several addresses lets the kernel choose the source of
    /// answers, which costs clients time: name each address instead.
    pub bind: IpAddr,
    /// Addresses that clients get, best first; empty for the bound one. Needed for a wildcard and behind NAT.
    pub advertise: Vec<IpAddr>,
}

/// What a driver is started with.
#[derive(Debug, Clone)]
pub struct DriverConfig {
    /// At least one.
    pub listen: Vec<Listen>,
    /// Port of the first shard; shard n has this plus n. Zero takes free ports.
    pub media_port: u16,
    /// Threads, at least one.
    pub shards: usize,
    /// Hand runs of equal datagrams to the kernel as one (UDP_SEGMENT).
    pub gso: bool,
    /// Pad long video packets by a few bytes, so that more of them are of one length.
    pub padding: bool,
    /// Take connections (ICE-TCP) beside datagrams, at the same addresses and ports.
    pub ice_tcp: bool,
    /// Bounds of each shard.
    pub limits: Limits,
}

impl DriverConfig {
    /// A driver at these addresses with one shard fewer than the machine has cores, but at least one.
    #[must_use]
    pub fn new(listen: Vec<Listen>, media_port: u16) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            listen,
            media_port,
            shards: cores.saturating_sub(1).max(1),
            gso: true,
            padding: true,
            ice_tcp: true,
            limits: Limits::default(),
        }
    }

    /// Opens the sockets of shard `number` and says which addresses clients get.
    pub(crate) fn open(&self, number: usize) -> io::Result<Sockets> {
        let port = if self.media_port == 0 {
            0
        } else {
            u16::try_from(usize::from(self.media_port) + number)
                .map_err(|_| invalid("the media ports of all shards must be at most 65535".to_owned()))?
        };
        let mut opened = Sockets {
            sockets: Vec::new(),
            listeners: Vec::new(),
            locals: Vec::new(),
            candidates: Vec::new(),
        };
        for listen in &self.listen {
            let address = SocketAddr::new(listen.bind, port);
            let (socket, listener) = self.open_both(address)?;
            opened.listeners.extend(listener);
            let buffer = sfu_syscalls::enlarge_buffers(&socket, SOCKET_BUFFER_BYTES);
            if buffer < SOCKET_BUFFER_BYTES {
                tracing::warn!(
                    %address,
                    bytes = buffer,
                    "the receive buffer is small and may lose bursts; raise net.core.rmem_max to {SOCKET_BUFFER_BYTES}"
                );
            }
            let local = socket.local_addr()?;
            if listen.advertise.is_empty() {
                if listen.bind.is_unspecified() {
                    return Err(invalid(format!("{} needs an advertised address", listen.bind)));
                }
                opened.candidates.push(local);
            }
            opened
                .candidates
                .extend(listen.advertise.iter().map(|ip| SocketAddr::new(*ip, local.port())));
            opened.locals.push(local);
            opened.sockets.push(socket);
        }
        if opened.sockets.is_empty() {
            return Err(invalid("no address to take media at".to_owned()));
        }
        Ok(opened)
    }

    /// A socket and, if wanted, a listener at the same port.
    fn open_both(&self, address: SocketAddr) -> io::Result<(UdpSocket, Option<TcpListener>)> {
        let mut tries = if address.port() == 0 { FREE_PORT_TRIES } else { 1 };
        loop {
            tries -= 1;
            let socket = sfu_syscalls::bind(address).map_err(|error| cannot("take media", address, &error))?;
            if !self.ice_tcp {
                return Ok((socket, None));
            }
            let local = socket.local_addr()?;
            match sfu_syscalls::listen(local) {
                Ok(listener) => return Ok((socket, Some(listener))),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
                Err(error) => return Err(cannot("take connections", local, &error)),
            }
        }
    }
}

fn cannot(what: &str, address: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what} at {address}: {error}"))
}

/// The sockets of one shard.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) sockets: Vec<UdpSocket>,
    /// At the same addresses; none without ICE-TCP.
    pub(crate) listeners: Vec<TcpListener>,
    /// Their bound addresses.
    pub(crate) locals: Vec<SocketAddr>,
    /// The addresses that clients get, best first.
    pub(crate) candidates: Vec<SocketAddr>,
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
