//! What the limit bench is made of: sealing under many keys, runs sent as one message, and sockets that take it all.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result};
use sfu_core::wire::rtp::{self, Fields};
use sfu_core::wire::srtp::{Keys, Profile, RTP_OVERHEAD, SrtpSender};
use sfu_syscalls::{Epoll, ReceiveBatch, Run, SEND_BATCH, SendBatch};

use super::network::open_socket;

/// Bytes of a header without extensions.
const HEADER_LEN: usize = 12;
/// How long the drain waits at most before it looks whether it is to end.
const DRAIN_WAIT: Duration = Duration::from_millis(50);

/// Seals and sends, and nothing else.
pub struct LimitSender {
    socket: UdpSocket,
    destinations: Vec<(SocketAddr, SrtpSender)>,
    batch: SendBatch,
    bytes: Vec<u8>,
    payload_len: usize,
    run: usize,
    sequence: u64,
    idle: Epoll,
}

impl LimitSender {
    /// Sends runs of `run` packets to each destination. The profile is the one that our DTLS agrees on.
    ///
    /// # Errors
    /// When no socket can be opened.
    pub fn new(destinations: &[SocketAddr], payload_len: usize, run: usize) -> Result<Self> {
        let any = destinations.first().context("a destination")?;
        let local: IpAddr = if any.is_ipv4() {
            [0, 0, 0, 0].into()
        } else {
            [0_u16; 8].into()
        };
        let keyed = destinations.iter().zip((0..=u8::MAX).cycle()).map(|(to, number)| {
            let keys = Keys::new(Profile::AeadAes256Gcm, &[number; 32], &[number; 12])?;
            Ok((*to, SrtpSender::new(&keys)))
        });
        let packet_len = HEADER_LEN + payload_len + RTP_OVERHEAD;
        Ok(Self {
            socket: open_socket(local)?,
            destinations: keyed.collect::<Result<_>>()?,
            batch: SendBatch::new(),
            bytes: vec![7; packet_len * run * destinations.len()],
            payload_len,
            run,
            sequence: 0,
            idle: Epoll::new()?,
        })
    }

    /// One run to each destination; how many packets the kernel took.
    ///
    /// # Errors
    /// When the kernel refuses for another reason than a full socket.
    pub fn round(&mut self) -> io::Result<usize> {
        let packet_len = HEADER_LEN + self.payload_len + RTP_OVERHEAD;
        let mut packets = self.bytes.chunks_exact_mut(packet_len);
        for (_, sender) in &self.destinations {
            for (packet, step) in packets.by_ref().take(self.run).zip(0..) {
                let sequence: u64 = self.sequence + step;
                let fields = Fields {
                    marker: false,
                    padding: false,
                    payload_type: 96,
                    sequence: sequence as u16,
                    timestamp: sequence as u32,
                    ssrc: 1,
                };
                let header_len = rtp::write_header(packet, &fields, &[]);
                sender.seal_rtp(
                    (sequence >> 16) as u32,
                    packet,
                    header_len,
                    header_len + self.payload_len,
                );
            }
        }
        self.sequence += self.run as u64;
        Ok(self.send_runs(packet_len)? * self.run)
    }

    /// Sends one run to each destination; how many of them the kernel took.
    fn send_runs(&mut self, packet_len: usize) -> io::Result<usize> {
        let segment = u16::try_from(packet_len).map_err(io::Error::other)?;
        let slices: Vec<&[u8]> = self.bytes.chunks_exact(packet_len * self.run).collect();
        let addresses = self.destinations.iter().zip(0..);
        let runs = addresses.map(|((to, _), first)| Run {
            to: *to,
            first,
            count: 1,
            segment,
        });
        let mut sent = 0;
        for runs in runs.collect::<Vec<_>>().chunks(SEND_BATCH) {
            sent += match self.batch.send(&self.socket, runs, &slices) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                taken => taken?,
            };
        }
        Ok(sent)
    }

    /// Waits without using the processor.
    pub fn wait(&mut self, time: Duration) {
        if !time.is_zero() {
            self.idle.wait(time, &mut Vec::new());
        }
    }

    /// CPU time of this thread so far.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        sfu_syscalls::thread_cpu()
    }
}

/// Takes everything that comes to some sockets, until it is dropped.
pub struct Drain {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed where it happened.
            let _ = thread.join();
        }
    }
}

/// Opens `count` sockets that are emptied by a thread.
///
/// # Errors
/// When the system gives no sockets or thread.
pub fn drain(local: IpAddr, count: usize) -> Result<(Vec<SocketAddr>, Drain)> {
    let epoll = Epoll::new()?;
    let sockets: Vec<UdpSocket> = (0..count).map(|_| open_socket(local)).collect::<io::Result<_>>()?;
    let mut addresses = Vec::with_capacity(count);
    for (socket, number) in sockets.iter().zip(0..) {
        epoll.add(socket, number)?;
        addresses.push(socket.local_addr()?);
    }
    let over = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&over);
    let thread = std::thread::Builder::new().name("drain".to_owned()).spawn(move || {
        let (mut batch, mut ready) = (ReceiveBatch::new(), Vec::new());
        while !end.load(Ordering::Relaxed) {
            epoll.wait(DRAIN_WAIT, &mut ready);
            for one in &ready {
                // What cannot be received is not missed: the sender's packets are counted where they leave.
                let _ = batch.receive(&sockets[one.token as usize]);
            }
        }
    })?;
    let drain = Drain {
        over,
        thread: Some(thread),
    };
    Ok((addresses, drain))
}
