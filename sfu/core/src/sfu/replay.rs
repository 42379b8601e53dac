//! Packets out of a publisher's ring for who could not use them when they came.

use std::time::Instant;

use super::Sfu;
use crate::handles::TrackRef;
use crate::packet::{MediaPacket, bit};
use crate::publish::track::{Keyframe, Subscription};
use crate::subscribe::bandwidth::Held;
use crate::subscribe::slot::Forwarded;
use crate::wire::rtp::Header;
use crate::wire::sdp::Codec;

/// Packets behind a late start that are sent after it.
const CATCH_UP_MAX: u64 = 64;

impl Sfu {
    /// A keyframe's first packet came after some of its others, which nobody could use then: they follow it now.
    pub(super) fn catch_up(
        &mut self,
        now: Instant,
        track: TrackRef,
        start: &MediaPacket,
        subscriptions: &[Subscription],
    ) {
        let stream = (start.encoding, start.stream, start.codec);
        for index in start.index + 1..=start.index + CATCH_UP_MAX {
            let Some(media) = self.load_packet(now, track, stream, index) else {
                continue;
            };
            let takers = subscriptions
                .iter()
                .filter(|one| one.interest & bit(start.encoding) > 0);
            for subscription in takers {
                // All that came after what a subscriber holds is held as well, and leaves in order.
                let subscriber = self.peers.get(subscription.peer);
                if subscriber.is_some_and(|peer| peer.pacer.holds_any(subscription.slot)) {
                    continue;
                }
                // A slot that was live before has sent this packet, and its log keeps it from doing so twice.
                self.forward_stored(now, subscription.peer, subscription.slot, &media);
            }
        }
    }

    /// Lets a slot begin with a keyframe that came a moment ago, and all that came since. True when it flows.
    pub(super) fn replay(&mut self, now: Instant, place: usize, slot: usize, track: TrackRef, encoding: usize) -> bool {
        let Some(publisher) = self.peers.get(track.peer) else {
            return false;
        };
        let published = &publisher.tracks[track.track];
        if !publisher.open || published.muted {
            return false;
        }
        let Some((keyframe, newest)) = published.encodings[encoding].fresh_keyframe(now) else {
            return false;
        };
        let Keyframe {
            stream, codec, index, ..
        } = keyframe;
        if let Some(peer) = self.peers.get_mut(place) {
            peer.pacer.forget(slot);
        }
        let mut flows = false;
        for at in index..=newest {
            let Some(mut media) = self.load_packet(now, track, (encoding, stream, codec), at) else {
                continue;
            };
            if at == index {
                // So that its timestamp fits to those that follow.
                media.came_at = keyframe.came_at;
            }
            if flows && self.hold_stored(now, place, slot, &media) {
                continue;
            }
            let forwarded = self.forward_stored(now, place, slot, &media);
            flows |= matches!(forwarded, Forwarded::Sent { .. });
            if !flows {
                return false;
            }
        }
        flows
    }

    /// Sends what the pacer of a subscriber held until now.
    pub(super) fn release(&mut self, now: Instant, place: usize) {
        while let Some(held) = self.peers.get_mut(place).and_then(|peer| peer.pacer.take(now)) {
            if !self.still_carries(place, &held) {
                continue;
            }
            let Some(mut media) = self.load_packet(held.came_at, held.track, held.stream, held.index) else {
                self.counters.paced_gone += 1;
                continue;
            };
            media.newest = held.newest;
            match self.forward_stored(now, place, held.slot, &media) {
                Forwarded::Sent { starts, again, .. } => {
                    self.released(now, place, (&held, &media), (starts, again));
                }
                Forwarded::Waiting => self.want_keyframe(now, place, held.track, media.encoding),
                Forwarded::Dropped => {}
            }
        }
    }

    fn still_carries(&self, place: usize, held: &Held) -> bool {
        let carried = self
            .peers
            .get(place)
            .and_then(|peer| peer.slots[held.slot].selection.track());
        carried == Some(held.track)
            && self
                .peers
                .get(held.track.peer)
                .is_some_and(|peer| peer.open && !peer.tracks[held.track.track].muted)
    }

    /// A packet that was held has left: it may be the first of its encoding on the slot, and one to be sent `again`.
    fn released(
        &mut self,
        now: Instant,
        place: usize,
        (held, packet): (&Held, &MediaPacket),
        (starts, again): (bool, Option<u16>),
    ) {
        let Some(subscriber) = self.peers.get(place).map(|peer| peer.id) else {
            return;
        };
        let Some(publisher) = self.peers.get_mut(held.track.peer) else {
            return;
        };
        let track = &mut publisher.tracks[held.track.track];
        let ours = |one: &&mut Subscription| one.peer == place && one.slot == held.slot;
        let Some(subscription) = track.subscriptions.iter_mut().find(ours) else {
            return;
        };
        self.repeats.note(again, subscription, subscriber, now);
        if !starts {
            return;
        }
        subscription.interest = bit(packet.encoding);
        let subscription = *subscription;
        track.sum_interest();
        if !packet.newest {
            if let Some(peer) = self.peers.get_mut(place) {
                peer.pacer.forget(held.slot);
            }
            self.catch_up(now, held.track, packet, &[subscription]);
        }
    }

    /// Holds a packet that was copied aside, if the subscriber's path is busy.
    fn hold_stored(&mut self, now: Instant, place: usize, slot: usize, media: &MediaPacket) -> bool {
        let len = self.stored.len();
        let subscriber = self.peers.get_mut(place);
        let at = subscriber.and_then(|peer| peer.hold(slot, (media, len), now, &mut self.counters));
        if let Some(at) = at {
            self.deadlines.pull(place, at);
        }
        at.is_some()
    }

    /// Copies a packet of a ring aside, since publishers and subscribers live in one table.
    fn load_packet(
        &mut self,
        now: Instant,
        track: TrackRef,
        stream: (usize, u32, Codec),
        index: u64,
    ) -> Option<MediaPacket> {
        let published = &self.peers.get(track.peer)?.tracks[track.track];
        let packet = published.stream(stream.1)?.ring.get(index)?;
        self.stored.clear();
        self.stored.extend_from_slice(packet);
        let header = Header::parse(&self.stored).ok()?;
        Some(published.describe(stream, header, index, &self.stored, (false, now)))
    }

    fn forward_stored(&mut self, now: Instant, place: usize, slot: usize, media: &MediaPacket) -> Forwarded {
        let Some(subscriber) = self.peers.get_mut(place) else {
            return Forwarded::Dropped;
        };
        self.earlier.clear();
        let plain = (&*self.stored, &self.earlier);
        let (arena, counters) = (&mut self.arena, &mut self.counters);
        subscriber.forward(slot, media, plain, now, arena, counters)
    }
}
