//! Spreads bursts of pictures over a path that is hardly wider than they are on average: a keyframe that leaves at once
//! would stand before the sound in the bottleneck's queue. Where the path is wide, nothing is held.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::ENVELOPE_BYTES;
use crate::counters::Counters;
use crate::handles::TrackRef;
use crate::limits;
use crate::packet::{MediaPacket, StreamRef};

/// What may leave at once: this much time at the pace.
const BURST: Duration = Duration::from_millis(20);
/// Shortest wait before held packets are tried again.
const STEP: Duration = Duration::from_millis(5);
/// Nothing is held for much longer, whatever the pace.
const HELD_WITHIN: Duration = Duration::from_millis(300);

/// A packet that is held, by its index in its publisher's ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PacedPacket {
    pub(crate) slot: usize,
    pub(crate) track: TrackRef,
    pub(crate) stream: StreamRef,
    pub(crate) index: u64,
    /// Nothing of this stream with a higher index had come before it.
    pub(crate) newest: bool,
    pub(crate) came_at: Instant,
    pub(crate) len: usize,
}

impl PacedPacket {
    pub(crate) fn new(slot: usize, track: TrackRef, packet: &MediaPacket, len: usize) -> Self {
        Self {
            slot,
            track,
            stream: packet.stream_ref(),
            index: packet.index,
            newest: packet.newest,
            came_at: packet.came_at,
            len: len + ENVELOPE_BYTES,
        }
    }
}

/// The pictures of one subscriber on their way out.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    /// Anything may be held.
    on: bool,
    /// In bits a second; `None`: nothing more is held.
    pace_bps: Option<u64>,
    /// What was sent lately takes the path until then.
    busy_until: Option<Instant>,
    held: VecDeque<PacedPacket>,
    held_bytes: usize,
}

impl Pacer {
    /// Whether the caller must use [`Self::hold`] and [`Self::record_sent`].
    pub(crate) fn is_on(&self) -> bool {
        self.on
    }

    /// Sets the pace in bits a second; `None` for a path that is wide enough.
    pub(crate) fn set_pace(&mut self, pace_bps: Option<u64>) {
        self.pace_bps = pace_bps;
        self.on = pace_bps.is_some() || !self.held.is_empty();
        if !self.on {
            // Most paths are wide: a peer without a queue keeps no memory for one.
            self.held = VecDeque::new();
        }
    }

    /// Holds a packet and says when to try again; `None` when it may leave now. What comes to a full queue is
    /// dropped, as if lost on the way: the client asks for it again.
    pub(crate) fn hold(&mut self, packet: PacedPacket, now: Instant, counters: &mut Counters) -> Option<Instant> {
        let busy = self.busy_until.is_some_and(|until| until > now + BURST);
        if self.held.is_empty() && !busy {
            return None;
        }
        if self.held.len() >= limits::PACED_PACKETS_MAX {
            counters.paced_dropped += 1;
            return self.due_at(now);
        }
        if self.held.capacity() == 0 {
            self.held.reserve_exact(limits::PACED_PACKETS_MAX);
        }
        self.held_bytes += packet.len;
        self.held.push_back(packet);
        self.due_at(now)
    }

    /// Something is held.
    pub(crate) fn holds_anything(&self) -> bool {
        !self.held.is_empty()
    }

    /// Something is held for a slot.
    pub(crate) fn holds_any(&self, slot: usize) -> bool {
        self.held.iter().any(|held| held.slot == slot)
    }

    /// Drops what is held for a slot, since it begins anew.
    pub(crate) fn forget(&mut self, slot: usize) {
        self.held.retain(|held| held.slot != slot);
        self.held_bytes = self.held.iter().map(|held| held.len).sum();
        self.on = self.pace_bps.is_some() || !self.held.is_empty();
    }

    /// Records `bytes` of header and payload that leave now.
    pub(crate) fn record_sent(&mut self, bytes: usize, now: Instant) {
        let Some(pace_bps) = self.pace_bps else { return };
        let within = u64::try_from(HELD_WITHIN.as_millis()).expect("a short time");
        let pace_bps = pace_bps.max(self.held_bytes as u64 * 8 * 1_000 / within).max(1);
        let bits = (bytes + ENVELOPE_BYTES) as u64 * 8;
        let from = self.busy_until.map_or(now, |until| until.max(now));
        self.busy_until = Some(from + Duration::from_nanos(bits * 1_000_000_000 / pace_bps));
    }

    /// When the next packet that is held may leave.
    pub(crate) fn due_at(&self, now: Instant) -> Option<Instant> {
        let oldest = self.held.front()?;
        let Some(busy_until) = self.busy_until.filter(|_| self.pace_bps.is_some()) else {
            return Some(now);
        };
        let room_at = busy_until.checked_sub(BURST).unwrap_or(now);
        Some(room_at.max(now + STEP).min(oldest.came_at + HELD_WITHIN))
    }

    /// The next packet that leaves now.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<PacedPacket> {
        let oldest = self.held.front()?;
        let busy = self.busy_until.is_some_and(|until| until > now + BURST);
        if busy && self.pace_bps.is_some() && now < oldest.came_at + HELD_WITHIN {
            return None;
        }
        let packet = self.held.pop_front()?;
        self.held_bytes -= packet.len;
        self.on = self.pace_bps.is_some() || !self.held.is_empty();
        Some(packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handles::PeerIndex;
    use crate::wire::sdp::Codec;

    fn packet(index: u64, came_at: Instant) -> PacedPacket {
        PacedPacket {
            slot: 1,
            track: TrackRef {
                peer: PeerIndex::new(2),
                track: 0,
            },
            stream: StreamRef {
                encoding: 0,
                id: 7,
                codec: Codec::Vp8,
            },
            index,
            newest: true,
            came_at,
            len: 1_000,
        }
    }

    /// Offers a burst of packets at once and takes what leaves in steps; the millisecond at which each left.
    fn leaves(pacer: &mut Pacer, start: Instant, count: u64) -> Vec<u128> {
        let mut left = Vec::new();
        for index in 0..count {
            if pacer
                .hold(packet(index, start), start, &mut Counters::default())
                .is_none()
            {
                pacer.record_sent(1_000 - ENVELOPE_BYTES, start);
                left.push(0);
            }
        }
        let mut now = start;
        while let Some(at) = pacer.due_at(now) {
            now = at;
            while let Some(held) = pacer.pop_due(now) {
                assert_eq!(held.index, left.len() as u64, "in order");
                pacer.record_sent(held.len - ENVELOPE_BYTES, now);
                left.push((now - start).as_millis());
            }
        }
        left
    }

    #[test]
    fn a_burst_leaves_at_the_pace_and_in_order() {
        let start = Instant::now();
        let mut pacer = Pacer::default();
        assert!(!pacer.is_on());
        // 1 Mbit/s: 8 ms a packet.
        pacer.set_pace(Some(1_000_000));
        let left = leaves(&mut pacer, start, 20);
        assert!(left.iter().filter(|at| **at == 0).count() <= 4, "{left:?}");
        assert!(left.is_sorted() && (120..=152).contains(&left[19]), "{left:?}");
    }

    #[test]
    fn nothing_is_held_for_long_and_nothing_by_a_wide_path() {
        let start = Instant::now();
        let mut pacer = Pacer::default();
        pacer.set_pace(Some(30_000));
        let left = leaves(&mut pacer, start, 100);
        assert!(left.len() == 100 && left[99] <= 310, "{left:?}");
        let mut pacer = Pacer::default();
        pacer.set_pace(Some(100_000));
        for index in 0..50 {
            if pacer
                .hold(packet(index, start), start, &mut Counters::default())
                .is_none()
            {
                pacer.record_sent(1_000, start);
            }
        }
        pacer.set_pace(None);
        assert!(pacer.is_on() && pacer.due_at(start) == Some(start));
        while pacer.pop_due(start).is_some() {}
        assert!(!pacer.is_on() && pacer.due_at(start).is_none());
    }

    #[test]
    fn a_full_queue_takes_no_more_and_a_slot_may_begin_anew() {
        let start = Instant::now();
        let mut counters = Counters::default();
        let mut pacer = Pacer::default();
        pacer.set_pace(Some(30_000));
        pacer.record_sent(10_000, start);
        let most = limits::PACED_PACKETS_MAX as u64;
        for index in 0..most + 10 {
            assert!(pacer.hold(packet(index, start), start, &mut counters).is_some());
        }
        assert_eq!(counters.paced_dropped, 10);
        assert!(pacer.held.len() as u64 == most && !pacer.holds_any(0));
        pacer.forget(0);
        assert!(pacer.holds_any(1));
        pacer.forget(1);
        assert!(pacer.due_at(start).is_none() && pacer.held_bytes == 0);
    }
}
