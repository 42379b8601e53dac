//! Packets out of a publisher's ring for subscribers that could not use them when they came.

use std::time::Instant;

use super::Sfu;
use crate::handles::{PeerIndex, SlotRef, TrackRef};
use crate::packet::{MediaPacket, bit};
use crate::publish::track::Subscription;
use crate::subscribe::bandwidth::PacedPacket;
use crate::subscribe::slot::{Content, Forwarded};
use crate::wire::rtp::Header;

/// Packets behind a late start that are sent after it.
const CATCH_UP_MAX: u64 = 64;

impl Sfu {
    /// A keyframe's first packet came after others of it, which no slot could send before it: they follow now.
    pub(super) fn catch_up(
        &mut self,
        now: Instant,
        track: TrackRef,
        start: &MediaPacket,
        subscriptions: &[Subscription],
    ) {
        for index in start.index + 1..=start.index + CATCH_UP_MAX {
            let Some(media) = self.load_packet(now, track, start.stream, index) else {
                continue;
            };
            let takers = subscriptions
                .iter()
                .filter(|one| one.interest & bit(start.encoding) > 0);
            for Subscription { slot, .. } in takers {
                // All that came after what a subscriber holds is held as well, and leaves in order.
                if self.peers[slot.peer].pacer.holds_any(slot.slot) {
                    continue;
                }
                // A slot that was live before has sent this packet, and its log keeps it from doing so twice.
                self.forward_stored(now, *slot, &media);
            }
        }
    }

    /// Lets a slot begin with a keyframe that came a moment ago, and all that came since. True when it flows.
    pub(super) fn replay(&mut self, now: Instant, slot: SlotRef, track: TrackRef, encoding: usize) -> bool {
        let keyframe = self.peers.track(track).encodings[encoding].fresh_keyframe(now);
        let Some((keyframe, newest)) = keyframe.filter(|_| self.may_forward(track)) else {
            return false;
        };
        self.peers[slot.peer].pacer.forget(slot.slot);
        let mut flows = false;
        for index in keyframe.index..=newest {
            let Some(mut media) = self.load_packet(now, track, keyframe.stream.id, index) else {
                continue;
            };
            if index == keyframe.index {
                // So that its timestamp fits to those that follow.
                media.came_at = keyframe.came_at;
            }
            if flows && self.hold_stored(now, slot, &media) {
                continue;
            }
            let forwarded = self.forward_stored(now, slot, &media);
            flows |= matches!(forwarded, Forwarded::Sent { .. });
            if !flows {
                return false;
            }
        }
        flows
    }

    /// Sends what the pacer of a subscriber held until now.
    pub(super) fn release_paced(&mut self, now: Instant, subscriber: PeerIndex) {
        while let Some(paced) = self.peers[subscriber].pacer.pop_due(now) {
            let slot = SlotRef {
                peer: subscriber,
                slot: paced.slot,
            };
            let carried = self.peers.slot(slot).selection.track() == Some(paced.track);
            if !carried || !self.may_forward(paced.track) {
                continue;
            }
            let Some(mut media) = self.load_packet(paced.came_at, paced.track, paced.stream.id, paced.index) else {
                self.counters.paced_gone += 1;
                continue;
            };
            media.newest = paced.newest;
            match self.forward_stored(now, slot, &media) {
                Forwarded::Sent {
                    starts,
                    repeat,
                    sequence,
                    ..
                } => {
                    if repeat {
                        self.plan_repeat(now, slot, sequence);
                    }
                    if starts {
                        self.record_start(now, slot, &paced, &media);
                    }
                }
                Forwarded::Waiting => self.request_keyframe(now, subscriber, paced.track, media.encoding),
                Forwarded::Dropped(_) => {}
            }
        }
    }

    /// A packet that was held is the first of its encoding on a slot.
    fn record_start(&mut self, now: Instant, slot: SlotRef, paced: &PacedPacket, packet: &MediaPacket) {
        let track = self.peers.track_mut(paced.track);
        let Some(subscription) = track.subscriptions.iter_mut().find(|one| one.slot == slot) else {
            return;
        };
        subscription.interest = bit(packet.encoding);
        let subscription = *subscription;
        track.sum_interest();
        if !packet.newest {
            self.peers[slot.peer].pacer.forget(slot.slot);
            self.catch_up(now, paced.track, packet, &[subscription]);
        }
    }

    /// Holds a packet that was copied aside, if the subscriber's path is busy.
    fn hold_stored(&mut self, now: Instant, slot: SlotRef, media: &MediaPacket) -> bool {
        let len = self.scratch.stored.len();
        let at = self.peers[slot.peer].hold(slot.slot, media, len, now, &mut self.counters);
        if let Some(at) = at {
            self.deadlines.pull(slot.peer, at);
        }
        at.is_some()
    }

    /// No gate or mute of its publisher keeps a track from being forwarded.
    fn may_forward(&self, track: TrackRef) -> bool {
        self.peers[track.peer].open && !self.peers.track(track).muted
    }

    /// Copies a packet out of a ring to where publishers and subscribers, which live in one table, do not matter, and
    /// describes it; `None` where it is not there any more, or is not to be forwarded.
    pub(super) fn load_packet(
        &mut self,
        came_at: Instant,
        track: TrackRef,
        stream: u32,
        index: u64,
    ) -> Option<MediaPacket> {
        if !self.may_forward(track) {
            return None;
        }
        let published = self.peers.track(track);
        let packet = published.stream(stream)?.ring.get(index)?;
        self.scratch.stored.clear();
        self.scratch.stored.extend_from_slice(packet);
        let header = Header::parse(packet).ok()?;
        let stream = published.stream_ref(stream, header.payload_type)?;
        Some(published.describe(stream, header, index, packet, came_at))
    }

    fn forward_stored(&mut self, now: Instant, slot: SlotRef, media: &MediaPacket) -> Forwarded {
        self.scratch.earlier.clear();
        let content = Content {
            packet: &self.scratch.stored,
            earlier: &self.scratch.earlier,
        };
        self.peers[slot.peer].forward(slot.slot, media, content, now, &mut self.arena, &mut self.counters)
    }
}
