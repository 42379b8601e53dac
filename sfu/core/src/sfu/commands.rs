//! Commands: joins and leaves, the gate, and what the slots carry.

use std::time::Instant;

use super::Sfu;
use super::capture::Capture;
use crate::event::{
    Command, DisconnectReason, Event, Join, JoinError, Joined, MediaKind, PeerId, SlotContent, SlotInfo, SlotMapping,
    Source,
};
use crate::handles::{PeerIndex, SlotRef, TrackRef};
use crate::publish::track::{Subscription, Track};
use crate::room::peer::{Binding, Joining, Negotiated, Peer};
use crate::subscribe::slot::Slot;
use crate::transport::ice::{Credentials, IceAgent, is_ufrag};
use crate::wire::sdp::{self, Answer, Line, Offer, Role};

impl Sfu {
    pub(super) fn handle_command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Join(join) => self.join(now, &join),
            Command::Leave { peer } => {
                if let Some(peer_index) = self.begin_work_on(peer) {
                    self.remove_peer(now, peer_index, DisconnectReason::Removed);
                }
            }
            Command::SetForwarding { peer, allowed } => {
                if let Some(peer_index) = self.begin_work_on(peer) {
                    self.set_forwarding(now, peer_index, allowed);
                }
            }
            Command::MapSlots { peer, slots } => {
                if let Some(peer_index) = self.begin_work_on(peer) {
                    for mapping in &slots {
                        self.map_slot(now, peer_index, mapping);
                    }
                }
            }
            Command::SizeSlots { peer, sizes } => {
                if let Some(peer_index) = self.begin_work_on(peer) {
                    self.size_slots(now, peer_index, &sizes);
                }
            }
            Command::Mute { source, muted } => self.mute(now, source, muted),
            Command::Restart { peer, ufrag } => {
                if let Some(peer_index) = self.begin_work_on(peer) {
                    self.restart_ice(peer_index, ufrag);
                }
            }
            Command::Capture { room } => self.capture = Some(Capture::new(room, now)),
            Command::CloseRoom { room } => {
                self.working_on = Some(room);
                self.remove_room(now, room, DisconnectReason::Removed);
            }
        }
    }

    /// The index of a peer; from now on its room is the one worked on.
    pub(super) fn begin_work_on(&mut self, peer: PeerId) -> Option<PeerIndex> {
        let peer_index = self.peers.find(peer)?;
        self.working_on = Some(self.peers[peer_index].room);
        Some(peer_index)
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
        let negotiated = self.build_negotiated(&lines, now);
        let peer_index = self.peers.next_index();
        let credentials = self.credentials(peer_index);
        let answer = sdp::write(
            &Answer {
                session_id: u64::from_be_bytes(self.random_bytes()),
                candidates: &self.candidates,
                ufrag: &credentials.ufrag,
                password: &credentials.password,
                fingerprint: &self.fingerprint,
                bundle: offer.bundle,
                setup: offer.dtls_role.setup(),
            },
            &lines,
        );
        let slots = negotiated
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
            index: peer_index,
            ice: IceAgent::new(credentials, offer.ufrag),
            fingerprint: offer.fingerprint,
            dtls_role: offer.dtls_role,
            negotiated,
            rtcp_ssrc: u32::from_be_bytes(self.random_bytes()).max(1),
            counted: join.counted,
        };
        let inserted = self.peers.insert(Peer::new(joining, now));
        debug_assert_eq!(inserted, peer_index, "the index was free a moment ago");
        self.rooms.add_member(join.room, peer_index);
        self.reschedule(now, peer_index);
        Ok(Joined { answer, slots })
    }

    fn build_negotiated(&mut self, lines: &[Line<'_>], now: Instant) -> Negotiated {
        let mut negotiated = Negotiated::default();
        for line in lines {
            if matches!(line.role, Role::Publish(_) | Role::Slot { .. }) {
                negotiated.extensions.join(&line.media.extensions);
            }
            match line.role {
                Role::Publish(kind) => {
                    let track = negotiated.tracks.len();
                    // Which of several encodings an SSRC is of, only its packets say.
                    let declared = if line.media.rids.len() > 1 {
                        &[][..]
                    } else {
                        &line.media.ssrcs
                    };
                    for &ssrc in declared {
                        let rtx = line.media.flows.iter().any(|(_, rtx)| *rtx == ssrc);
                        // An SSRC declared twice stays with the first m-line.
                        if !negotiated.bindings.iter().any(|binding| binding.ssrc == ssrc) {
                            negotiated.bindings.push(Binding {
                                ssrc,
                                track,
                                encoding: 0,
                                rtx,
                                bound_at: now,
                            });
                        }
                    }
                    negotiated.tracks.push(Track::new(
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
                    negotiated.slots.push(slot);
                }
                Role::Inactive | Role::Rejected => {}
            }
        }
        negotiated
    }

    fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }

    /// Credentials under a ufrag that no other peer has.
    fn credentials(&mut self, peer_index: PeerIndex) -> Credentials {
        loop {
            let credentials = Credentials::generate(&mut *self.random);
            if self.routes.add_ufrag(&credentials.ufrag, peer_index) {
                return credentials;
            }
        }
    }

    fn restart_ice(&mut self, peer_index: PeerIndex, remote_ufrag: String) {
        if !is_ufrag(&remote_ufrag) {
            return;
        }
        let credentials = self.credentials(peer_index);
        let peer = &mut self.peers[peer_index];
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

    fn set_forwarding(&mut self, now: Instant, peer_index: PeerIndex, allowed: bool) {
        self.peers[peer_index].admitted = allowed;
        self.set_gate(now, peer_index);
    }

    /// Opens the gate of a peer that was let in and is present, and shuts that of any other.
    pub(super) fn set_gate(&mut self, now: Instant, peer_index: PeerIndex) {
        let peer = &mut self.peers[peer_index];
        let open = peer.may_be_open();
        if std::mem::replace(&mut peer.open, open) == open {
            return;
        }
        // What was not forwarded meanwhile leaves a hole, so everything that crosses this gate starts anew.
        for track in peer.track_refs() {
            self.restart_slots_of(now, track);
        }
        for slot in self.peers[peer_index].slot_refs() {
            self.restart_slot(now, slot);
        }
    }

    /// The slots that carry a track.
    pub(super) fn slots_carrying(&self, track: TrackRef) -> Vec<SlotRef> {
        let subscriptions = &self.peers.track(track).subscriptions;
        subscriptions.iter().map(|subscription| subscription.slot).collect()
    }

    /// Asks a publisher for a keyframe that a subscriber needs, unless a shut gate keeps it from getting one.
    pub(super) fn request_keyframe(&mut self, now: Instant, subscriber: PeerIndex, track: TrackRef, encoding: usize) {
        let allowed = self.peers[subscriber].open && self.peers[track.peer].open;
        let published = self.peers.track_mut(track);
        if allowed && published.kind.media() == MediaKind::Video {
            published.keyframes.request(encoding);
            self.reschedule(now, track.peer);
        }
    }

    /// Maps one slot. A source that is not there, is of another kind or in another room empties it.
    fn map_slot(&mut self, now: Instant, subscriber: PeerIndex, mapping: &SlotMapping) {
        let peer = &mut self.peers[subscriber];
        let Some(index) = peer.slots.iter().position(|slot| slot.mid == mapping.mid) else {
            return;
        };
        let slot = &mut peer.slots[index];
        let kind = slot.kind;
        let loudest = mapping.content == SlotContent::Loudest && kind == MediaKind::Audio;
        if loudest && slot.loudest.is_some() {
            return;
        }
        slot.loudest = loudest.then_some(None);
        let track = match mapping.content {
            SlotContent::Source(source) => self.find_track(subscriber, kind, source),
            SlotContent::Nothing | SlotContent::Loudest => None,
        };
        let slot = SlotRef {
            peer: subscriber,
            slot: index,
        };
        self.carry(now, slot, track);
        if loudest {
            self.assign_loudest(now, subscriber);
        }
    }

    /// Lets a slot carry a track, or nothing.
    pub(super) fn carry(&mut self, now: Instant, slot: SlotRef, track: Option<TrackRef>) {
        if self.peers.slot(slot).selection.track() == track {
            return;
        }
        self.clear_slot(slot);
        let Some(track) = track else { return };
        self.peers.slot_mut(slot).carry(Some(track));
        let published = self.peers.track_mut(track);
        published.subscriptions.push(Subscription::new(slot));
        self.choose_layers_after(now, slot);
    }

    /// A source of a subscriber's room, if it is of this kind.
    pub(super) fn find_track(&self, subscriber: PeerIndex, kind: MediaKind, source: Source) -> Option<TrackRef> {
        let peer = self.peers.find(source.peer)?;
        let publisher = &self.peers[peer];
        if publisher.room != self.peers[subscriber].room || source.kind.media() != kind {
            return None;
        }
        let track = publisher.track_of(source.kind)?;
        Some(TrackRef { peer, track })
    }

    fn clear_slot(&mut self, slot: SlotRef) {
        let state = self.peers.slot_mut(slot);
        let Some(track) = state.selection.track() else {
            return;
        };
        state.carry(None);
        let published = self.peers.track_mut(track);
        published.subscriptions.retain(|subscription| subscription.slot != slot);
        published.sum_interest();
    }

    /// Clears every handle to a peer: its slots' sources, and the slots that carry its tracks.
    pub(super) fn clear_slots(&mut self, peer_index: PeerIndex) {
        // A room that fails may lack it already.
        let Some(peer) = self.peers.get(peer_index) else { return };
        let (slots, tracks) = (peer.slot_refs(), peer.track_refs());
        for slot in slots {
            self.clear_slot(slot);
        }
        for track in tracks {
            for slot in self.slots_carrying(track) {
                self.clear_slot(slot);
            }
        }
    }
}
