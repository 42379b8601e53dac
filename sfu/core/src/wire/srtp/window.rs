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
    list: Vec<Source>,
    max: usize,
    accepted: u64,
}

#[derive(Debug)]
struct Source {
    ssrc: u32,
    window: Window,
    /// How many packets of all sources had been accepted when its last one was.
    used: u64,
}

impl Windows {
    pub(super) fn new(max: usize) -> Self {
        Self {
            list: Vec::with_capacity(max),
            max,
            accepted: 0,
        }
    }

    /// The window of a source.
    pub(super) fn find(&self, ssrc: u32) -> Option<(usize, &Window)> {
        let mut known = self.list.iter().enumerate();
        known
            .find(|(_, source)| source.ssrc == ssrc)
            .map(|(known, source)| (known, &source.window))
    }

    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= self.max
    }

    /// The sources, oldest first.
    pub(super) fn sources(&self) -> impl Iterator<Item = u32> {
        self.list.iter().map(|source| source.ssrc)
    }

    /// Forgets a source, which makes room for another.
    pub(super) fn remove(&mut self, ssrc: u32) {
        self.list.retain(|source| source.ssrc != ssrc);
    }

    /// Forgets the source that has been silent for longest, and returns it.
    pub(super) fn remove_idlest(&mut self) -> Option<u32> {
        let idlest = self.list.iter().min_by_key(|source| source.used)?.ssrc;
        self.remove(idlest);
        Some(idlest)
    }

    /// Notes an authenticated packet of the source at index `known`, or of a new one.
    pub(super) fn accept(&mut self, known: Option<usize>, ssrc: u32, index: u64) {
        self.accepted += 1;
        let used = self.accepted;
        match known {
            Some(known) => {
                self.list[known].window.accept(index);
                self.list[known].used = used;
            }
            None => self.list.push(Source {
                ssrc,
                window: Window::starting_at(index),
                used,
            }),
        }
    }
}
