//! Sends what a core wants sent: runs of equal datagrams to one destination as one message, many messages a call.

use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use sfu_core::{Protocol, Transmit};
use sfu_syscalls::{Run, SEGMENTED_BYTES_MAX, SEGMENTS_MAX, SEND_BATCH, SendBatch, wait_writable};

use crate::config::Sockets;
use crate::metrics::IoCounters;

/// Refused segmented messages after which a shard stops making them: this kernel or device cannot.
const REFUSALS_MAX: u64 = 16;

/// How long a burst may wait for a full socket, once a call. Other packets wait as long, so it is short.
const FULL_WAIT: Duration = Duration::from_millis(2);

/// The sending side of one shard.
pub(crate) struct Egress {
    batch: SendBatch,
    runs: Vec<Run>,
    /// The memory of the list of datagrams between two calls; always empty.
    spare: Vec<&'static [u8]>,
    gso: bool,
}

impl Egress {
    pub(crate) fn new(gso: bool) -> Self {
        Self {
            batch: SendBatch::new(),
            runs: Vec::with_capacity(SEND_BATCH),
            spare: Vec::with_capacity(SEND_BATCH * SEGMENTS_MAX),
            gso,
        }
    }

    /// Sends all datagrams (frames of connections are not its own), or counts why not. A full socket gets a moment to drain; what it does not take then is
    /// dropped, as a network would.
    pub(crate) fn send<'a>(
        &mut self,
        transmits: impl Iterator<Item = Transmit<'a>>,
        sockets: &Sockets,
        counters: &mut IoCounters,
    ) {
        let mut datagrams: Vec<&'a [u8]> = mem::take(&mut self.spare);
        let mut socket = 0;
        for transmit in transmits.filter(|transmit| transmit.protocol == Protocol::Udp) {
            if sockets.locals[socket] != transmit.from_local {
                self.flush(&sockets.sockets[socket], &datagrams, counters);
                datagrams.clear();
                let Some(found) = find(&sockets.locals, transmit.from_local) else {
                    counters.send_errors += 1;
                    continue;
                };
                socket = found;
            }
            if !self.extends_last_run(&transmit, &datagrams) {
                if self.runs.len() == SEND_BATCH {
                    self.flush(&sockets.sockets[socket], &datagrams, counters);
                    datagrams.clear();
                }
                let segment = u16::try_from(transmit.bytes.len()).unwrap_or(u16::MAX);
                self.runs.push(Run {
                    to: transmit.to,
                    first: datagrams.len(),
                    count: 0,
                    segment,
                });
            }
            datagrams.push(transmit.bytes);
            self.runs.last_mut().expect("one was pushed if there was none").count += 1;
        }
        self.flush(&sockets.sockets[socket], &datagrams, counters);
        datagrams.clear();
        // The list is empty: this only gives its memory another lifetime.
        self.spare = datagrams.into_iter().map(|_| &[][..]).collect();
    }

    fn extends_last_run(&self, transmit: &Transmit<'_>, datagrams: &[&[u8]]) -> bool {
        let (Some(run), Some(last)) = (self.runs.last(), datagrams.last()) else {
            return false;
        };
        let segment = usize::from(run.segment);
        self.gso
            && run.to == transmit.to
            && run.count < SEGMENTS_MAX
            // Only the last segment may be shorter.
            && last.len() == segment
            && transmit.bytes.len() <= segment
            && (run.count + 1) * segment <= SEGMENTED_BYTES_MAX
    }

    fn flush(&mut self, socket: &UdpSocket, datagrams: &[&[u8]], counters: &mut IoCounters) {
        let runs = mem::take(&mut self.runs);
        let mut rest = &runs[..];
        let mut waited = false;
        while let Some(first) = rest.first() {
            counters.send_calls += 1;
            match self.batch.send(socket, rest, datagrams) {
                Ok(count) => {
                    let (sent, next) = rest.split_at(count.min(rest.len()));
                    for run in sent {
                        counters.datagrams_sent += run.count as u64;
                        counters.segmented_messages += u64::from(run.count > 1);
                    }
                    rest = next;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !waited && wait_writable(socket, FULL_WAIT) {
                        waited = true;
                        continue;
                    }
                    counters.send_dropped += rest.iter().map(|run| run.count as u64).sum::<u64>();
                    rest = &[];
                }
                Err(error) => {
                    if first.count > 1 && refuses_segments(&error) {
                        self.send_singly(socket, first, datagrams, counters);
                        if error.raw_os_error() == Some(libc::EIO) || counters.segmentation_refused >= REFUSALS_MAX {
                            self.stop_segmenting();
                        }
                    } else {
                        counters.send_errors += first.count as u64;
                    }
                    rest = &rest[1..];
                }
            }
        }
        self.runs = runs;
        self.runs.clear();
    }

    /// Sends the datagrams of a refused message each on its own.
    fn send_singly(&mut self, socket: &UdpSocket, run: &Run, datagrams: &[&[u8]], counters: &mut IoCounters) {
        counters.segmentation_refused += 1;
        for first in run.first..run.first + run.count {
            counters.send_calls += 1;
            match self.batch.send(
                socket,
                &[Run {
                    first,
                    count: 1,
                    ..*run
                }],
                datagrams,
            ) {
                Ok(_) => counters.datagrams_sent += 1,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => counters.send_dropped += 1,
                Err(_) => counters.send_errors += 1,
            }
        }
    }

    fn stop_segmenting(&mut self) {
        if self.gso {
            tracing::warn!("the kernel refuses segmented datagrams; sending them one by one from now on");
        }
        self.gso = false;
    }
}

/// EIO comes from devices without checksum offload, EINVAL from kernels without UDP_SEGMENT or a small path MTU.
fn refuses_segments(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EIO | libc::EINVAL | libc::EMSGSIZE))
}

fn find(locals: &[SocketAddr], wanted: SocketAddr) -> Option<usize> {
    locals.iter().position(|local| *local == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DriverConfig, Listen};

    fn open() -> Sockets {
        let loopback = Listen {
            bind: [127, 0, 0, 1].into(),
            advertise: Vec::new(),
        };
        DriverConfig::new(vec![loopback.clone(), loopback], 0).open(0).unwrap()
    }

    fn receiver() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    /// Lengths of what arrives, each with the port it came from.
    fn lengths(socket: &UdpSocket, count: usize) -> Vec<(usize, u16)> {
        let mut buffer = [0; 2048];
        let mut next = || {
            socket
                .recv_from(&mut buffer)
                .map(|(len, from)| (len, from.port()))
                .unwrap()
        };
        (0..count).map(|_| next()).collect()
    }

    const BYTES: [u8; 1200] = [9; 1200];

    fn transmit(to: SocketAddr, from_local: SocketAddr, len: usize) -> Transmit<'static> {
        Transmit {
            to,
            from_local,
            protocol: Protocol::Udp,
            bytes: &BYTES[..len],
        }
    }

    #[test]
    fn equal_datagrams_to_one_destination_leave_as_one_message() {
        let sockets = open();
        let (near, near_address) = receiver();
        let (far, far_address) = receiver();
        let port = sockets.locals[0].port();
        for (gso, calls, segmented) in [(true, 1, 2), (false, 1, 0)] {
            let mut counters = IoCounters::default();
            let lens = [1000, 1000, 700, 1000, 1000, 1001];
            let transmits = lens.map(|len| transmit(near_address, sockets.locals[0], len));
            let transmits = transmits
                .into_iter()
                .chain([transmit(far_address, sockets.locals[0], 50)]);
            Egress::new(gso).send(transmits, &sockets, &mut counters);
            assert_eq!(lengths(&near, 6), lens.map(|len| (len, port)));
            assert_eq!(lengths(&far, 1), [(50, port)]);
            assert_eq!((counters.datagrams_sent, counters.send_calls), (7, calls));
            assert_eq!(counters.segmented_messages, segmented);
        }
    }

    #[test]
    fn each_datagram_leaves_from_its_own_socket() {
        let sockets = open();
        let (near, address) = receiver();
        let [first, second] = [sockets.locals[0], sockets.locals[1]];
        let unknown = SocketAddr::from(([127, 0, 0, 1], 1));
        let order = [first, second, unknown, first, second];
        let mut counters = IoCounters::default();
        let mut egress = Egress::new(true);
        egress.send(
            order.iter().map(|local| transmit(address, *local, 40)),
            &sockets,
            &mut counters,
        );
        let mut ports: Vec<u16> = lengths(&near, 4).into_iter().map(|(_, port)| port).collect();
        ports.sort_unstable();
        let mut expected = [first.port(), first.port(), second.port(), second.port()];
        expected.sort_unstable();
        assert_eq!(ports, expected);
        assert_eq!((counters.datagrams_sent, counters.send_errors), (4, 1));
    }

    #[test]
    fn more_messages_than_one_call_takes_all_arrive() {
        let sockets = open();
        let (near, address) = receiver();
        let mut counters = IoCounters::default();
        // Growing lengths cannot be segments of one message.
        let count = SEND_BATCH + 10;
        let transmits = (1..=count).map(|len| transmit(address, sockets.locals[0], len));
        Egress::new(true).send(transmits, &sockets, &mut counters);
        assert_eq!(lengths(&near, count).last().map(|(len, _)| *len), Some(count));
        assert_eq!((counters.datagrams_sent, counters.send_calls), (count as u64, 2));
    }

    #[test]
    fn what_cannot_be_sent_is_counted_and_the_rest_goes_out() {
        let sockets = open();
        let (near, address) = receiver();
        let mut counters = IoCounters::default();
        // An IPv6 destination on an IPv4 socket.
        let unreachable = "[2001:db8::1]:9".parse().unwrap();
        let transmits = [
            transmit(unreachable, sockets.locals[0], 30),
            transmit(address, sockets.locals[0], 31),
        ];
        Egress::new(true).send(transmits.into_iter(), &sockets, &mut counters);
        assert_eq!(lengths(&near, 1), [(31, sockets.locals[0].port())]);
        assert_eq!((counters.datagrams_sent, counters.send_errors), (1, 1));
    }
}
