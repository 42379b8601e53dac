//! The send arena: the bytes of every datagram of one wake-up, handed out grouped by destination.

use std::net::SocketAddr;

use crate::handles::PeerIndex;
use crate::limits;
use crate::transport::demux::Tuple;
use crate::wire::candidate::Protocol;

/// One datagram to send.
#[derive(Debug, Clone, Copy)]
pub struct Transmit<'a> {
    pub to: SocketAddr,
    /// The local address to send from: the one that the peer validated.
    pub from_local: SocketAddr,
    pub protocol: Protocol,
    pub bytes: &'a [u8],
}

/// Where a datagram goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) tuple: Tuple,
    /// Datagrams of one peer leave together, in order.
    pub(crate) peer: PeerIndex,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    destination: Destination,
    order: u32,
    start: u32,
    len: u32,
}

/// Reused from wake-up to wake-up, so that a warm arena allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    /// As many as were ever in use at once; never shortened, so that nothing has to be cleared before it is written.
    bytes: Vec<u8>,
    used: usize,
    entries: Vec<Entry>,
}

impl Arena {
    /// Appends one datagram of at most `len_max` bytes. `write` gets that many bytes, in which something may stand from
    /// before, and returns how many of them are the datagram, or `None` to send nothing. False: the arena is full or
    /// nothing was written.
    pub(crate) fn push(
        &mut self,
        destination: Destination,
        len_max: usize,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> bool {
        let start = self.used;
        let end = start + len_max;
        if end > limits::ARENA_BYTES_MAX {
            return false;
        }
        if end > self.bytes.len() {
            self.bytes.resize(end, 0);
        }
        let written = write(&mut self.bytes[start..end]).unwrap_or(0).min(len_max);
        if written == 0 {
            return false;
        }
        self.used = start + written;
        let order = u32::try_from(self.entries.len()).expect("the arena is bounded in bytes");
        self.entries.push(Entry {
            destination,
            order,
            start: u32::try_from(start).expect("the arena is bounded in bytes"),
            len: u32::try_from(written).expect("the arena is bounded in bytes"),
        });
        true
    }

    pub(crate) fn bytes_waiting(&self) -> usize {
        self.used
    }

    /// Every datagram with its destination, in the order in which they were written.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Destination, &[u8])> {
        self.entries.iter().map(|entry| {
            let bytes = &self.bytes[entry.start as usize..(entry.start + entry.len) as usize];
            (entry.destination, bytes)
        })
    }

    pub(crate) fn drain(&mut self) -> Transmits<'_> {
        self.entries
            .sort_unstable_by_key(|entry| (entry.destination.peer, entry.order));
        Transmits { arena: self }
    }
}

/// The datagrams to send now; dropping it clears them.
#[derive(Debug)]
pub struct Transmits<'a> {
    arena: &'a mut Arena,
}

impl Transmits<'_> {
    /// The datagrams, those of one destination side by side and in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Transmit<'_>> {
        self.arena.entries.iter().map(|entry| Transmit {
            to: entry.destination.tuple.remote,
            from_local: entry.destination.tuple.local,
            protocol: entry.destination.tuple.protocol,
            bytes: &self.arena.bytes[entry.start as usize..(entry.start + entry.len) as usize],
        })
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arena.entries.is_empty()
    }
}

impl Drop for Transmits<'_> {
    fn drop(&mut self) {
        self.arena.used = 0;
        self.arena.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(port: u16) -> Tuple {
        Tuple {
            protocol: Protocol::Udp,
            remote: ([127, 0, 0, 1], port).into(),
            local: ([127, 0, 0, 1], 1).into(),
        }
    }

    #[test]
    fn groups_by_destination_and_clears_after_the_drain() {
        let mut arena = Arena::default();
        let destination = |peer: u16| Destination {
            tuple: tuple(1000 + peer),
            peer: PeerIndex::new(peer.into()),
        };
        for (peer, byte) in [(2, 1u8), (1, 2), (2, 3), (1, 4)] {
            assert!(arena.push(destination(peer), 10, |out| {
                out[0] = byte;
                Some(1)
            }));
        }
        assert!(!arena.push(destination(3), 10, |_| None));
        let seen: Vec<u8> = arena.drain().iter().map(|transmit| transmit.bytes[0]).collect();
        assert_eq!(seen, [2, 4, 1, 3]);
        assert!(arena.drain().is_empty());
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let mut arena = Arena::default();
        let destination = Destination {
            tuple: tuple(2),
            peer: PeerIndex::new(0),
        };
        assert!(!arena.push(destination, limits::ARENA_BYTES_MAX + 1, |_| Some(1)));
    }
}
