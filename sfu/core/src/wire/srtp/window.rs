//! Packet indices from sequence numbers, and the window that refuses what has been seen (RFC 3711 3.3).

use super::SrtpError;

/// Packets behind the newest that are still accepted.
const WINDOW: u64 = 128;

/// What one source has sent so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    highest: u64,
    /// Bit n: `highest - n` has been accepted.
    seen: u128,
}

impl Window {
    /// The window after the first accepted packet.
    pub(super) fn starting_at(index: u64) -> Self {
        Self {
            highest: index,
            seen: 1,
        }
    }

    /// The index nearest to the newest one that has this sequence number (RFC 3711 appendix A).
    pub(super) fn estimate(&self, sequence: u16) -> u64 {
        let newest = u16::try_from(self.highest & 0xffff).expect("masked to 16 bits");
        let forward = sequence.wrapping_sub(newest);
        if forward < 0x8000 {
            self.highest + u64::from(forward)
        } else {
            let backward = u64::from(newest.wrapping_sub(sequence));
            // Before the first roll-over there is nothing to go back to, so the number can only be ahead.
            self.highest
                .checked_sub(backward)
                .unwrap_or(self.highest + u64::from(forward))
        }
    }

    pub(super) fn check(&self, index: u64) -> Result<(), SrtpError> {
        match self.highest.checked_sub(index) {
            None => Ok(()),
            Some(behind) if behind >= WINDOW => Err(SrtpError::TooOld),
            Some(behind) if self.seen >> behind & 1 == 1 => Err(SrtpError::Replayed),
            Some(_) => Ok(()),
        }
    }

    /// Notes an authenticated packet that has passed [`Self::check`].
    pub(super) fn accept(&mut self, index: u64) {
        if index > self.highest {
            let shift = index - self.highest;
            self.seen = if shift < WINDOW { self.seen << shift } else { 0 };
            self.seen |= 1;
            self.highest = index;
        } else {
            self.seen |= 1 << (self.highest - index);
        }
    }
}

/// The windows of a bounded number of sources. Few sources speak on one peer, so they are searched in order.
#[derive(Debug)]
pub(super) struct Windows {
    list: Vec<(u32, Window)>,
    max: usize,
}

impl Windows {
    pub(super) fn new(max: usize) -> Self {
        Self {
            list: Vec::with_capacity(max),
            max,
        }
    }

    /// The window of a source; a new source needs room.
    pub(super) fn find(&self, ssrc: u32) -> Result<Option<(usize, &Window)>, SrtpError> {
        let found = self.list.iter().enumerate().find(|(_, (other, _))| *other == ssrc);
        match found {
            Some((known, (_, window))) => Ok(Some((known, window))),
            None if self.list.len() < self.max => Ok(None),
            None => Err(SrtpError::TooManySources),
        }
    }

    /// Forgets a source, which makes room for another.
    pub(super) fn remove(&mut self, ssrc: u32) {
        self.list.retain(|(known, _)| *known != ssrc);
    }

    /// Notes an authenticated packet of the source at index `known`, or of a new one.
    pub(super) fn accept(&mut self, known: Option<usize>, ssrc: u32, index: u64) {
        match known {
            Some(known) => self.list[known].1.accept(index),
            None => self.list.push((ssrc, Window::starting_at(index))),
        }
    }
}
