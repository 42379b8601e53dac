//! Which layer each slot shows: asked for by its size, aimed at among what arrives, muted by its publisher.

use std::time::Instant;

use super::Sfu;
use crate::event::{Event, MediaKind, SlotSize, Source};
use crate::handles::TrackRef;
use crate::packet::{Layer, bit};
use crate::publish::track::Subscription;
use crate::subscribe::slot::Slot;

impl Sfu {
    pub(super) fn size_slots(&mut self, now: Instant, place: usize, sizes: &[SlotSize]) {
        for size in sizes {
            let Some(peer) = self.peers.get_mut(place) else { return };
            let sized = |slot: &Slot| slot.mid == size.mid && slot.kind == MediaKind::Video;
            let Some(slot) = peer.slots.iter().position(sized) else {
                continue;
            };
            peer.slots[slot].size = Some((size.width, size.height));
            self.want_by_size(now, place, slot);
        }
    }

    /// Forwards nothing of a source any more, or begins anew.
    pub(super) fn mute(&mut self, now: Instant, source: Source, muted: bool) {
        let Some(place) = self.enter(source.peer) else { return };
        let Some(peer) = self.peers.get_mut(place) else { return };
        let Some(track) = peer.track_of(source.kind) else {
            return;
        };
        if std::mem::replace(&mut peer.tracks[track].muted, muted) == muted {
            return;
        }
        let track = TrackRef { peer: place, track };
        for subscription in self.subscriptions(track) {
            self.restart(now, subscription);
        }
    }

    /// Finds out what a slot's size asks for of what it carries now.
    pub(super) fn want_by_size(&mut self, now: Instant, place: usize, slot: usize) {
        let Some(subscriber) = self.peers.get(place) else {
            return;
        };
        let Some(track) = subscriber.slots[slot].selection.track() else {
            return;
        };
        let size = subscriber.slots[slot].size;
        let takes_descriptor = subscriber.slots[slot].extensions.dependency_descriptor.is_some();
        let wanted = self.peers.get(track.peer).and_then(|publisher| {
            let published = &publisher.tracks[track.track];
            let wanted = published.layer_for(size)?;
            let lowest = published.needs_descriptor() && !takes_descriptor;
            let spatial = if lowest { 0 } else { wanted.spatial };
            Some(Layer { spatial, ..wanted })
        });
        if let Some(subscriber) = self.peers.get_mut(place) {
            subscriber.slots[slot].set_wanted(wanted);
        }
        self.allocate(now, place);
        self.aim(now, place, slot);
    }

    /// Sets the layer that a slot is to show; `None` pauses it.
    pub(super) fn set_target(&mut self, now: Instant, place: usize, slot: usize, target: Option<Layer>) {
        if let Some(subscriber) = self.peers.get_mut(place) {
            subscriber.slots[slot].selection.set_target(target);
            self.aim(now, place, slot);
        }
    }

    /// Lets a slot go to the encoding that serves its target best of those that arrive, and asks for its keyframe.
    pub(super) fn aim(&mut self, now: Instant, place: usize, slot: usize) {
        let Some(subscriber) = self.peers.get(place) else {
            return;
        };
        let subscriber_open = subscriber.open;
        let mut selection = subscriber.slots[slot].selection;
        let Some(track) = selection.track() else { return };
        let Some(publisher) = self.peers.get_mut(track.peer) else {
            return;
        };
        let open = subscriber_open && publisher.open;
        let published = &mut publisher.tracks[track.track];
        let mut needed = 0;
        if let Some(target) = selection.target() {
            selection.set_aim(published.aim(target));
            needed = bit(published.encoding_for(target));
        }
        if let Some(subscriber) = self.peers.get_mut(place) {
            subscriber.slots[slot].selection = selection;
        }
        if let Some(encoding) = selection.awaited() {
            let starts = selection.live().is_none() && self.replay(now, place, slot, track, encoding);
            if !starts {
                self.want_keyframe(now, place, track, encoding);
            }
        }
        self.subscribe(place, slot, if open { needed } else { 0 });
        self.review_encodings(now, track);
    }

    /// Writes what a slot takes and needs into the list of its track.
    fn subscribe(&mut self, place: usize, slot: usize, needed: u8) {
        let Some(subscriber) = self.peers.get(place) else {
            return;
        };
        let selection = subscriber.slots[slot].selection;
        let publisher = selection
            .track()
            .and_then(|track| Some((track, self.peers.get_mut(track.peer)?)));
        let Some((track, publisher)) = publisher else { return };
        let published = &mut publisher.tracks[track.track];
        let ours = |one: &&mut Subscription| one.peer == place && one.slot == slot;
        if let Some(subscription) = published.subscriptions.iter_mut().find(ours) {
            subscription.interest = selection.interest();
            subscription.needed = needed;
        }
        published.sum_interest();
    }

    /// Tells the publisher which encodings of a track anybody watches, if that changed.
    pub(super) fn review_encodings(&mut self, now: Instant, track: TrackRef) {
        let Some(publisher) = self.peers.get_mut(track.peer) else {
            return;
        };
        let peer = publisher.id;
        let published = &mut publisher.tracks[track.track];
        let kind = published.kind;
        if let Some(encodings) = published.review(now) {
            let source = Source { peer, kind };
            self.push_event(Event::Encodings { source, encodings });
        }
    }

    /// Lets every slot of a track look again at what arrives of it.
    pub(super) fn aim_all(&mut self, now: Instant, track: TrackRef) {
        for subscription in self.subscriptions(track) {
            self.want_by_size(now, subscription.peer, subscription.slot);
        }
    }
}
