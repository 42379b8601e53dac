//! Commands: joins and leaves, the gate, and what the slots carry.

use std::time::Instant;

use super::Sfu;
use super::capture::Capture;
use crate::event::{
    Command, DisconnectReason, Event, Join, JoinError, Joined, MediaKind, PeerId, SlotContent, SlotInfo, SlotMapping,
    Source,
};
use crate::handles::TrackRef;
use crate::publish::track::{Subscription, Track};
use crate::room::peer::{Binding, Joining, Peer};
use crate::subscribe::slot::Slot;
use crate::transport::ice::{Credentials, IceAgent, is_ufrag};
use crate::transport::presence::Presence;
use crate::wire::sdp::{self, Answer, Extensions, Line, Offer, Role};

/// What the peer will be, read off the negotiated lines.
#[derive(Default)]
struct Parts {
    tracks: Vec<Track>,
    slots: Vec<Slot>,
    bindings: Vec<Binding>,
    extensions: Extensions,
}

impl Sfu {
    pub(super) fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Join(join) => self.join(now, &join),
            Command::Leave { peer } => {
                if let Some(place) = self.enter(peer) {
                    self.remove_peer(now, place, DisconnectReason::Removed);
                }
            }
            Command::SetForwarding { peer, allowed } => {
                if let Some(place) = self.enter(peer) {
                    self.set_forwarding(now, place, allowed);
                }
            }
            Command::MapSlots { peer, slots } => {
                if let Some(place) = self.enter(peer) {
                    for mapping in &slots {
                        self.map_slot(now, place, mapping);
                    }
                }
            }
            Command::SizeSlots { peer, sizes } => {
                if let Some(place) = self.enter(peer) {
                    self.size_slots(now, place, &sizes);
                }
            }
            Command::Mute { source, muted } => self.mute(now, source, muted),
            Command::Restart { peer, ufrag } => {
                if let Some(place) = self.enter(peer) {
                    self.restart_ice(place, ufrag);
                }
            }
            Command::Capture { room } => self.capture = Some(Capture::new(room, now)),
            Command::CloseRoom { room } => {
                self.working_on = Some(room);
                self.remove_room(now, room, DisconnectReason::Removed);
            }
        }
    }

    /// The place of a peer, and from now on its room is the one worked on.
    pub(super) fn enter(&mut self, peer: PeerId) -> Option<usize> {
        let place = self.peers.find(peer)?;
        self.working_on = self.peers.get(place).map(|peer| peer.room);
        Some(place)
    }

    fn join(&mut self, now: Instant, join: &Join) {
        self.working_on = Some(join.room);
        let event = match self.admit(now, join) {
            Ok(joined) => Event::Joined {
                peer: join.peer,
                joined,
            },
            Err(error) => {
                self.counters.joins_refused += 1;
                Event::Refused { peer: join.peer, error }
            }
        };
        self.push_event(event);
    }

    fn admit(&mut self, now: Instant, join: &Join) -> Result<Joined, JoinError> {
        if self.peers.find(join.peer).is_some() {
            return Err(JoinError::BadOffer("this peer has joined already".to_owned()));
        }
        if self.rooms.members(join.room).len() >= self.limits.peers_per_room {
            return Err(JoinError::RoomFull);
        }
        let new_room = !self.rooms.contains(join.room);
        if self.peers.len() >= self.limits.peers || (new_room && self.rooms.len() >= self.limits.rooms) {
            return Err(JoinError::ServerFull);
        }
        let offer = Offer::parse(&join.offer)?;
        let lines = sdp::negotiate(&offer, &join.sources, &mut *self.random)?;
        let parts = self.parts(&lines);
        let place = self.peers.next_place();
        let credentials = self.credentials(place);
        let answer = sdp::write(
            &Answer {
                session_id: u64::from_be_bytes(self.random_bytes()),
                candidates: &self.candidates,
                ufrag: &credentials.ufrag,
                password: &credentials.password,
                fingerprint: &self.fingerprint,
            },
            &lines,
        );
        let slots = parts
            .slots
            .iter()
            .map(|slot| SlotInfo {
                mid: slot.mid.clone(),
                kind: slot.kind,
            })
            .collect();
        let joining = Joining {
            id: join.peer,
            room: join.room,
            key: u32::try_from(place).expect("peers are bounded"),
            ice: IceAgent::new(credentials, offer.ufrag),
            fingerprint: offer.fingerprint,
            tracks: parts.tracks,
            slots: parts.slots,
            bindings: parts.bindings,
            extensions: parts.extensions,
            rtcp_ssrc: u32::from_be_bytes(self.random_bytes()).max(1),
        };
        let inserted = self.peers.insert(Peer::new(joining, now));
        debug_assert_eq!(inserted, place, "the place was free a moment ago");
        self.rooms.enter(join.room, place);
        self.reschedule(now, place);
        Ok(Joined { answer, slots })
    }

    fn parts(&mut self, lines: &[Line<'_>]) -> Parts {
        let mut parts = Parts::default();
        for line in lines {
            if matches!(line.role, Role::Publish(_) | Role::Slot { .. }) {
                parts.extensions.join(&line.media.extensions);
            }
            match line.role {
                Role::Publish(kind) => {
                    let track = parts.tracks.len();
                    // Which of several encodings an SSRC is of, only its packets say.
                    let declared = if line.media.rids.len() > 1 {
                        &[][..]
                    } else {
                        &line.media.ssrcs
                    };
                    for &ssrc in declared {
                        let rtx = line.media.flows.iter().any(|(_, rtx)| *rtx == ssrc);
                        // An SSRC declared twice stays with the first m-line.
                        if !parts.bindings.iter().any(|binding| binding.ssrc == ssrc) {
                            parts.bindings.push(Binding {
                                ssrc,
                                track,
                                encoding: 0,
                                rtx,
                            });
                        }
                    }
                    parts.tracks.push(Track::new(
                        kind,
                        line.media.mid.0.clone(),
                        line.media.codecs.clone(),
                        &line.media.rids,
                        line.media.extensions.dependency_descriptor,
                    ));
                }
                Role::Slot { ssrc, rtx_ssrc } => {
                    let Some(kind) = line.media.kind else { continue };
                    let first = u16::from_be_bytes(self.random_bytes());
                    let mut slot = Slot::new(
                        line.media.mid.clone(),
                        kind,
                        ssrc,
                        rtx_ssrc,
                        line.media.codecs.clone(),
                        first,
                        self.padding,
                    );
                    let answers = line.media.codecs.iter().any(|codec| codec.transport_cc);
                    slot.extensions.transport_cc = line.media.extensions.transport_cc.filter(|_| answers);
                    slot.extensions.dependency_descriptor = line.media.extensions.dependency_descriptor;
                    parts.slots.push(slot);
                }
                Role::Inactive | Role::Rejected => {}
            }
        }
        parts
    }

    fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }

    /// Credentials under a ufrag that no other peer has.
    fn credentials(&mut self, place: usize) -> Credentials {
        loop {
            let credentials = Credentials::generate(&mut *self.random);
            if self.routes.add_ufrag(&credentials.ufrag, place) {
                return credentials;
            }
        }
    }

    fn restart_ice(&mut self, place: usize, remote_ufrag: String) {
        if !is_ufrag(&remote_ufrag) {
            return;
        }
        let credentials = self.credentials(place);
        let Some(peer) = self.peers.get_mut(place) else { return };
        let event = Event::Restarted {
            peer: peer.id,
            ufrag: credentials.ufrag.clone(),
            password: credentials.password.clone(),
        };
        if let Some(ufrag) = peer.ice.restart(credentials, remote_ufrag) {
            self.routes.remove_ufrag(&ufrag);
        }
        self.push_event(event);
    }

    fn set_forwarding(&mut self, now: Instant, place: usize, allowed: bool) {
        if let Some(peer) = self.peers.get_mut(place) {
            peer.admitted = allowed;
            self.set_gate(now, place);
        }
    }

    /// Opens the gate of a peer that was let in and is present, and shuts that of any other.
    pub(super) fn set_gate(&mut self, now: Instant, place: usize) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        let open = peer.admitted && peer.presence.as_ref().is_none_or(Presence::is_open);
        if std::mem::replace(&mut peer.open, open) == open {
            return;
        }
        // What was not forwarded meanwhile leaves a hole, so everything that crosses this gate starts anew.
        for track in 0..peer.tracks.len() {
            for subscription in self.subscriptions(TrackRef { peer: place, track }) {
                self.restart(now, subscription);
            }
        }
        for slot in 0..self.peers.get(place).map_or(0, |peer| peer.slots.len()) {
            self.restart(now, Subscription::new(place, slot));
        }
    }

    pub(super) fn subscriptions(&self, track: TrackRef) -> Vec<Subscription> {
        self.peers
            .get(track.peer)
            .map(|peer| peer.tracks[track.track].subscriptions.clone())
            .unwrap_or_default()
    }

    pub(super) fn restart(&mut self, now: Instant, subscription: Subscription) {
        if let Some(subscriber) = self.peers.get_mut(subscription.peer) {
            subscriber.slots[subscription.slot].selection.restart();
        }
        self.aim(now, subscription.peer, subscription.slot);
    }

    /// Notes that a subscriber needs a keyframe, unless a shut gate keeps it from getting one.
    pub(super) fn want_keyframe(&mut self, now: Instant, subscriber: usize, track: TrackRef, encoding: usize) {
        if !self.peers.get(subscriber).is_some_and(|peer| peer.open) {
            return;
        }
        let Some(publisher) = self.peers.get_mut(track.peer) else {
            return;
        };
        let wanted = &mut publisher.tracks[track.track];
        if publisher.open && wanted.kind.media() == MediaKind::Video {
            wanted.keyframes.want(encoding);
            self.reschedule(now, track.peer);
        }
    }

    /// Maps one slot. A source that is not there, is of another kind or in another room empties it.
    fn map_slot(&mut self, now: Instant, place: usize, mapping: &SlotMapping) {
        let Some(peer) = self.peers.get(place) else { return };
        let Some(slot) = peer.slots.iter().position(|slot| slot.mid == mapping.mid) else {
            return;
        };
        let loudest = mapping.content == SlotContent::Loudest && peer.slots[slot].kind == MediaKind::Audio;
        if loudest && peer.slots[slot].loudest.is_some() {
            return;
        }
        let track = match mapping.content {
            SlotContent::Source(source) => self.find_track(peer, peer.slots[slot].kind, source),
            SlotContent::Nothing | SlotContent::Loudest => None,
        };
        if let Some(peer) = self.peers.get_mut(place) {
            peer.slots[slot].loudest = loudest.then_some(None);
        }
        self.carry(now, place, slot, track);
        if loudest {
            self.assign_loudest(now, place);
        }
    }

    /// Lets a slot carry a track, or nothing.
    pub(super) fn carry(&mut self, now: Instant, place: usize, slot: usize, track: Option<TrackRef>) {
        let Some(peer) = self.peers.get(place) else { return };
        if peer.slots[slot].selection.track() == track {
            return;
        }
        self.unmap(place, slot);
        let Some(track) = track else { return };
        if let Some(peer) = self.peers.get_mut(place) {
            peer.slots[slot].carry(Some(track));
        }
        if let Some(publisher) = self.peers.get_mut(track.peer) {
            publisher.tracks[track.track]
                .subscriptions
                .push(Subscription::new(place, slot));
        }
        self.want_by_size(now, place, slot);
    }

    pub(super) fn find_track(&self, subscriber: &Peer, kind: MediaKind, source: Source) -> Option<TrackRef> {
        let place = self.peers.find(source.peer)?;
        let publisher = self.peers.get(place)?;
        if publisher.room != subscriber.room || source.kind.media() != kind {
            return None;
        }
        Some(TrackRef {
            peer: place,
            track: publisher.track_of(source.kind)?,
        })
    }

    fn unmap(&mut self, place: usize, slot: usize) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        let Some(track) = peer.slots[slot].selection.track() else {
            return;
        };
        peer.slots[slot].carry(None);
        if let Some(publisher) = self.peers.get_mut(track.peer) {
            publisher.tracks[track.track]
                .subscriptions
                .retain(|subscription| (subscription.peer, subscription.slot) != (place, slot));
            publisher.tracks[track.track].sum_interest();
        }
    }

    /// Clears every reference to a peer: its slots' sources, and the slots that carry its tracks.
    pub(super) fn unmap_all(&mut self, place: usize) {
        let Some((slots, tracks)) = self.peers.get(place).map(|peer| (peer.slots.len(), peer.tracks.len())) else {
            return;
        };
        for slot in 0..slots {
            self.unmap(place, slot);
        }
        for track in 0..tracks {
            for subscription in self.subscriptions(TrackRef { peer: place, track }) {
                self.unmap(subscription.peer, subscription.slot);
            }
        }
    }
}
