//! Sends what a core wants sent: runs of equal datagrams to one destination as one message, many messages a call.

use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};

use sfu_core::{Transmit, Transmits};

use crate::config::Sockets;
use crate::metrics::IoCounters;
use crate::sys::{Run, SEGMENTED_BYTES_MAX, SEGMENTS_MAX, SEND_BATCH, SendBatch};

/// Refused segmented messages after which a shard stops making them: this kernel or device cannot.
const REFUSALS_MAX: u64 = 16;

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

    /// Sends everything, or counts why not. Never blocks: what a full socket does not take is dropped, as a network
    /// would.
    pub(crate) fn send(&mut self, transmits: &Transmits<'_>, sockets: &Sockets, counters: &mut IoCounters) {
        let mut datagrams: Vec<&[u8]> = mem::take(&mut self.spare);
        let mut place = 0;
        for transmit in transmits.iter() {
            if sockets.locals[place] != transmit.from_local {
                self.flush(&sockets.sockets[place], &datagrams, counters);
                datagrams.clear();
                let Some(found) = find(&sockets.locals, transmit.from_local) else {
                    counters.send_errors += 1;
                    continue;
                };
                place = found;
            }
            if !self.extends_last_run(&transmit, &datagrams) {
                if self.runs.len() == SEND_BATCH {
                    self.flush(&sockets.sockets[place], &datagrams, counters);
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
        self.flush(&sockets.sockets[place], &datagrams, counters);
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
