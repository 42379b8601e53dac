//! ICE-TCP: connections that clients make where datagrams do not get through (RFC 6544), framed by RFC 4571. Anybody may
//! connect, so each connection is worth little until the core has answered a check on it.

pub(crate) mod frame;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use sfu_core::wire::{rtp, stun};
use sfu_core::{limits, network_of};

use sfu_syscalls::{Epoll, Interest, Readiness, tune_connection};

use self::frame::{FRAME_HEAD, Next, Partial, next_frame};
use crate::metrics::IoCounters;

/// Connections of one shard; a further one takes the place of the oldest without an answer, or is refused.
const CONNECTIONS_MAX: usize = 4_096;
/// Connections from one IPv4 address or IPv6 /64; a further one takes the place of the oldest of them without an answer,
/// or is refused. An office behind one address fits.
const CONNECTIONS_PER_REMOTE_MAX: usize = 256;
/// Connections without an answer; a further one takes the place of the oldest of them.
const UNANSWERED_MAX: usize = 256;
/// Connections accepted in one wake-up; the others wait in the kernel.
const ACCEPTED_PER_WAKE_UP: usize = 16;
/// From the connection to the first answered check; then it is closed.
const UNANSWERED_TIMEOUT: Duration = Duration::from_secs(10);
/// After the last frame that the core had for it, a connection is closed. Its peer would get answers to its checks.
const IDLE_TIMEOUT: Duration = limits::CONSENT_TIMEOUT;
/// Bytes waiting to be written to one connection; further frames are dropped.
const QUEUE_BYTES_MAX: usize = 64 * 1024;
/// Of these, bytes that media may take, so that checks, handshakes and reports still get through when it is too much.
const QUEUE_MEDIA_BYTES_MAX: usize = 48 * 1024;
/// Bytes read from one connection in one wake-up.
const READ_BYTES: usize = 16 * 1024;
/// Interval at which connections are searched for those whose time is over.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// What [`Tcp::next`] found.
#[derive(Debug)]
pub(crate) enum Arrived<'a> {
    Frame {
        from: SocketAddr,
        local: SocketAddr,
        bytes: &'a mut [u8],
    },
    /// A connection that the core may know has ended.
    Closed { from: SocketAddr, local: SocketAddr },
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    from: SocketAddr,
    local: SocketAddr,
    /// The core has had something from it.
    heard: bool,
    /// The core has had something for it, so it is a live peer's.
    answered: bool,
    ends_at: Instant,
    partial: Partial,
    /// Frames to write, of which this many bytes have been written.
    queue: Vec<u8>,
    written: usize,
    interest: Interest,
}

/// The listeners and connections of one shard.
#[derive(Debug)]
pub(crate) struct Tcp {
    /// Their tokens are their indices.
    listeners: Vec<(TcpListener, SocketAddr)>,
    /// Listening again after the system had no descriptor left.
    listen_again_at: Option<Instant>,
    epoll: Epoll,
    connections: HashMap<u64, Connection>,
    by_ends: HashMap<(SocketAddr, SocketAddr), u64>,
    by_remote: HashMap<IpAddr, usize>,
    /// In the order of their coming, with some that have been answered or are gone.
    unanswered: VecDeque<u64>,
    unanswered_count: usize,
    next_token: u64,
    ready: Vec<Readiness>,
    reading: Option<Reading>,
    buffer: Box<[u8]>,
    closed: Vec<(SocketAddr, SocketAddr)>,
    /// Connections with something new to write.
    to_write: Vec<u64>,
    sweep_at: Instant,
}

/// The connection whose bytes are in the buffer, and which of them are not read yet.
#[derive(Debug, Clone, Copy)]
struct Reading {
    token: u64,
    at: usize,
    end: usize,
}

impl Tcp {
    /// # Errors
    /// When the system has no descriptor left.
    pub(crate) fn new(listeners: Vec<TcpListener>, now: Instant) -> io::Result<Self> {
        let epoll = Epoll::new()?;
        let mut with_addresses = Vec::with_capacity(listeners.len());
        for (token, listener) in (0..).zip(listeners) {
            epoll.add(&listener, token)?;
            let local = listener.local_addr()?;
            with_addresses.push((listener, local));
        }
        Ok(Self {
            next_token: with_addresses.len() as u64,
            listeners: with_addresses,
            listen_again_at: None,
            epoll,
            connections: HashMap::new(),
            by_ends: HashMap::new(),
            by_remote: HashMap::new(),
            unanswered: VecDeque::new(),
            unanswered_count: 0,
            ready: Vec::new(),
            reading: None,
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            closed: Vec::new(),
            to_write: Vec::new(),
            sweep_at: now + SWEEP_INTERVAL,
        })
    }

    /// Connections now.
    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    /// Asks which connections can be read or written, and ends those whose time is over. [`Tcp::next`] says what came.
    pub(crate) fn poll(&mut self, readable: bool, now: Instant, io: &mut IoCounters) {
        if readable {
            self.epoll.ready(&mut self.ready);
        }
        if now >= self.sweep_at {
            self.sweep_at = now + SWEEP_INTERVAL;
            self.sweep(now, io);
        }
    }

    /// The next thing that came in since [`Tcp::poll`].
    pub(crate) fn next(&mut self, now: Instant, io: &mut IoCounters) -> Option<Arrived<'_>> {
        let (from, local, start, end) = loop {
            if let Some((from, local)) = self.closed.pop() {
                return Some(Arrived::Closed { from, local });
            }
            let Some(reading) = self.reading else {
                let ready = self.ready.pop()?;
                self.serve(ready, now, io);
                continue;
            };
            let Some(connection) = self.connections.get_mut(&reading.token) else {
                self.reading = None;
                continue;
            };
            match next_frame(&self.buffer[reading.at..reading.end]) {
                Next::Frame(start, end) => {
                    let (start, end) = (reading.at + start, reading.at + end);
                    self.reading = Some(Reading { at: end, ..reading });
                    if connection.heard || stun::is_stun(&self.buffer[start..end]) {
                        io.frames_received += 1;
                        connection.heard = true;
                        break (connection.from, connection.local, start, end);
                    }
                    // Every client of ours begins with a check.
                    io.connections_bad += 1;
                    self.close(reading.token);
                }
                Next::Partial => {
                    connection.partial.keep(&self.buffer[reading.at..reading.end]);
                    self.reading = None;
                }
                Next::TooLong => {
                    io.connections_bad += 1;
                    self.close(reading.token);
                }
            }
        };
        let bytes = &mut self.buffer[start..end];
        Some(Arrived::Frame { from, local, bytes })
    }

    fn serve(&mut self, ready: Readiness, now: Instant, io: &mut IoCounters) {
        let listener = usize::try_from(ready.token).ok();
        if let Some(listener) = listener.filter(|listener| *listener < self.listeners.len()) {
            self.accept(listener, now, io);
            return;
        }
        if ready.writable {
            self.write(ready.token, io);
        }
        if ready.readable {
            self.read(ready.token);
        }
    }

    fn read(&mut self, token: u64) {
        let Some(connection) = self.connections.get_mut(&token) else {
            return;
        };
        let before = connection.partial.restore(&mut self.buffer);
        match connection.stream.read(&mut self.buffer[before..]) {
            Ok(0) => self.close(token),
            Ok(count) => {
                let end = before + count;
                self.reading = Some(Reading { token, at: 0, end });
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.close(token),
        }
    }

    fn accept(&mut self, listener: usize, now: Instant, io: &mut IoCounters) {
        for _ in 0..ACCEPTED_PER_WAKE_UP {
            let (listener, local) = &self.listeners[listener];
            match listener.accept() {
                Ok((stream, from)) => {
                    let local = *local;
                    self.add_connection(stream, from, local, now, io);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                Err(_) => {
                    // No descriptor left, most likely: the waiting connections would wake us without end.
                    io.connections_refused += 1;
                    self.listen(Interest::Nothing);
                    self.listen_again_at = Some(now + SWEEP_INTERVAL);
                    return;
                }
            }
        }
    }

    fn listen(&self, interest: Interest) {
        for (token, (listener, _)) in (0..).zip(&self.listeners) {
            // A descriptor that was added can be changed; if not, accepting fails again and is counted again.
            let _ = self.epoll.change(listener, token, interest);
        }
    }

    fn add_connection(
        &mut self,
        stream: TcpStream,
        from: SocketAddr,
        local: SocketAddr,
        now: Instant,
        io: &mut IoCounters,
    ) {
        let remote = network_of(from.ip());
        let crowded = self.by_remote.get(&remote).copied().unwrap_or(0) >= CONNECTIONS_PER_REMOTE_MAX;
        let full = self.connections.len() >= CONNECTIONS_MAX || self.unanswered_count >= UNANSWERED_MAX;
        if crowded || full {
            io.connections_refused += 1;
            let made_room = self.close_oldest_unanswered(crowded.then_some(remote));
            if !made_room {
                return;
            }
        }
        let token = self.next_token;
        if tune_connection(&stream).is_err() || self.epoll.add(&stream, token).is_err() {
            io.connections_refused += 1;
            return;
        }
        io.connections_accepted += 1;
        self.next_token += 1;
        *self.by_remote.entry(remote).or_default() += 1;
        self.by_ends.insert((from, local), token);
        self.unanswered.push_back(token);
        self.unanswered_count += 1;
        let connection = Connection {
            stream,
            from,
            local,
            heard: false,
            answered: false,
            ends_at: now + UNANSWERED_TIMEOUT,
            partial: Partial::default(),
            queue: Vec::new(),
            written: 0,
            interest: Interest::Reading,
        };
        self.connections.insert(token, connection);
        if self.unanswered.len() > 2 * UNANSWERED_MAX {
            let connections = &self.connections;
            let waits = |token: &u64| connections.get(token).is_some_and(|one| !one.answered);
            self.unanswered.retain(waits);
        }
    }

    /// Closes the connection that has gone longest without an answer, if there is one (from a remote).
    fn close_oldest_unanswered(&mut self, from: Option<IpAddr>) -> bool {
        let oldest = self.unanswered.iter().position(|token| {
            let one = self.connections.get(token).filter(|one| !one.answered);
            one.is_some_and(|one| from.is_none_or(|from| from == network_of(one.from.ip())))
        });
        let Some(token) = oldest.and_then(|oldest| self.unanswered.remove(oldest)) else {
            return false;
        };
        self.close(token);
        true
    }

    fn close(&mut self, token: u64) {
        let Some(connection) = self.connections.remove(&token) else {
            return;
        };
        let ends = (connection.from, connection.local);
        if self.by_ends.get(&ends) == Some(&token) {
            self.by_ends.remove(&ends);
        }
        let remote = network_of(connection.from.ip());
        if let Some(count) = self.by_remote.get_mut(&remote) {
            *count -= 1;
            if *count == 0 {
                self.by_remote.remove(&remote);
            }
        }
        if connection.heard {
            self.closed.push(ends);
        }
        if !connection.answered {
            self.unanswered_count -= 1;
        }
    }

    fn sweep(&mut self, now: Instant, io: &mut IoCounters) {
        if self.listen_again_at.is_some_and(|at| at <= now) {
            self.listen_again_at = None;
            self.listen(Interest::Reading);
        }
        let over = self.connections.iter().filter(|(_, one)| one.ends_at <= now);
        let over: Vec<u64> = over.map(|(token, _)| *token).collect();
        for token in over {
            io.connections_idle += 1;
            self.close(token);
        }
    }

    /// Takes a frame of the core for a connection; [`Tcp::flush`] writes it.
    pub(crate) fn push(&mut self, to: SocketAddr, local: SocketAddr, bytes: &[u8], now: Instant, io: &mut IoCounters) {
        let token = self.by_ends.get(&(to, local)).copied();
        let found = token.and_then(|token| Some((token, self.connections.get_mut(&token)?)));
        let (Some((token, connection)), Ok(len)) = (found, u16::try_from(bytes.len())) else {
            io.frames_dropped += 1;
            return;
        };
        connection.ends_at = now + IDLE_TIMEOUT;
        if !connection.answered {
            connection.answered = true;
            self.unanswered_count -= 1;
        }
        let waiting = connection.queue.len() - connection.written;
        let room = if rtp::is_media(bytes) && !rtp::is_rtcp(bytes) {
            QUEUE_MEDIA_BYTES_MAX
        } else {
            QUEUE_BYTES_MAX
        };
        if waiting + FRAME_HEAD + bytes.len() > room {
            io.frames_dropped += 1;
            return;
        }
        io.frames_sent += 1;
        connection.queue.extend_from_slice(&len.to_be_bytes());
        connection.queue.extend_from_slice(bytes);
        if self.to_write.last() != Some(&token) {
            self.to_write.push(token);
        }
    }

    /// Writes what was pushed, as far as the connections take it.
    pub(crate) fn flush(&mut self, io: &mut IoCounters) {
        let mut to_write = std::mem::take(&mut self.to_write);
        for token in to_write.drain(..) {
            let waits = |one: &Connection| one.interest == Interest::ReadingAndWriting;
            // One that is full says so when it is not any more.
            if !self.connections.get(&token).is_none_or(waits) {
                self.write(token, io);
            }
        }
        self.to_write = to_write;
    }

    fn write(&mut self, token: u64, io: &mut IoCounters) {
        let Some(connection) = self.connections.get_mut(&token) else {
            return;
        };
        while connection.written < connection.queue.len() {
            io.send_calls += 1;
            match connection.stream.write(&connection.queue[connection.written..]) {
                Ok(count) => connection.written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    // Its end is found by reading; until then nothing can be written.
                    connection.written = connection.queue.len();
                }
            }
        }
        connection.queue.drain(..connection.written);
        connection.written = 0;
        let interest = if connection.queue.is_empty() {
            Interest::Reading
        } else {
            Interest::ReadingAndWriting
        };
        if interest != connection.interest && self.epoll.change(&connection.stream, token, interest).is_ok() {
            connection.interest = interest;
        }
    }
}

impl AsRawFd for Tcp {
    fn as_raw_fd(&self) -> RawFd {
        self.epoll.as_raw_fd()
    }
}
