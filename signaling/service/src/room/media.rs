//! Peers: offers, what the media plane reports, segments of presence, and slots.

use std::collections::VecDeque;
use std::time::Instant;

use sfu_core::{Command, Event, Join, JoinError, Joined, Mid, PeerId};
use signaling_protocol::ServerMessage;
use signaling_protocol::message::ErrorCode;

use super::request::Offer;
use super::seat::{Admission, Attendance, Joining, Link, Peer, Seat};
use super::slots::{Slot, Wanted};
use super::vocabulary::{ConnectionId, Effect, Record};
use super::{Closing, Room};
use crate::authority::SegmentEnd;
use crate::clock::SegmentId;
use crate::limits::CLOSE_WAIT;
use crate::media::media_source;
use crate::slots::{self, Surplus};

impl Room {
    /// Passes an offer on. The peer that the seat has goes only when the new one is answered.
    pub(super) fn handle_offer(&mut self, connection: ConnectionId, peer: PeerId, offer: Offer) {
        let (going, room, backed_up) = (self.going(), self.id, self.backed_up());
        let Some(seat) = self.seats.values_mut().find(|seat| seat.held_by(connection)) else {
            return;
        };
        if !going || backed_up {
            self.refuse(connection, ErrorCode::Internal, "no media can be started now");
            return;
        }
        self.effects.extend(
            seat.joining
                .take()
                .map(|joining| Effect::Media(Command::Leave { peer: joining.peer })),
        );
        let sources: Vec<_> = offer
            .sources
            .into_iter()
            .map(|source| (Mid(source.mid), media_source(source.source)))
            .collect();
        let kinds = sources.iter().map(|(_, kind)| *kind).collect();
        seat.joining = Some(Joining {
            peer,
            connection,
            offer: offer.id,
            sources: kinds,
        });
        self.effects.push(Effect::Join(Join {
            room,
            peer,
            offer: offer.sdp,
            sources,
            counted: true,
        }));
    }

    /// The media plane answered an offer.
    pub(super) fn handle_answer(&mut self, now: Instant, peer: PeerId, result: Result<Joined, JoinError>) {
        let awaited = |seat: &&mut Seat| seat.joining.as_ref().is_some_and(|joining| joining.peer == peer);
        let joining = self
            .seats
            .values_mut()
            .find(awaited)
            .and_then(|seat| Some((seat.id.clone(), seat.joining.take()?)));
        let (seat_id, joining, joined) = match (joining, result) {
            (Some((seat_id, joining)), Ok(joined)) => (seat_id, joining, joined),
            (Some((_, joining)), Err(error)) => {
                self.refuse(joining.connection, join_error_code(&error), &error.to_string());
                return;
            }
            // The connection that asked is gone.
            (None, Ok(_)) => {
                self.effects.push(Effect::Media(Command::Leave { peer }));
                return;
            }
            (None, Err(_)) => return,
        };
        self.remove_peer(now, &seat_id, SegmentEnd::TakenOver);
        let Some(seat) = self.seats.get_mut(&seat_id) else {
            return;
        };
        let slots: Vec<_> = joined.slots.iter().map(Slot::new).collect();
        let description = slots.iter().map(Slot::describe).collect();
        seat.peer = Some(Peer {
            id: peer,
            sources: joining.sources,
            slots,
            link: Link::Answered,
            stats: sfu_core::PeerStats::default(),
            restarts: VecDeque::new(),
            quality: (None, None),
            withheld: Vec::new(),
        });
        if seat.admitted() {
            self.effects
                .push(Effect::Media(Command::SetForwarding { peer, allowed: true }));
        }
        let answer = ServerMessage::Answer {
            id: joining.offer,
            sdp: joined.answer,
            slots: description,
        };
        self.send(joining.connection, answer);
    }

    pub(super) fn handle_media_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Connected { peer, at } => self.connected(peer, at),
            Event::Alive { peer, present_until } => self.alive(peer, present_until),
            Event::Absent { peer, present_until } => self.absent(peer, present_until),
            Event::Present { peer, at } => self.present(peer, at),
            Event::PathLost { peer } => self.path_lost(peer),
            Event::Disconnected {
                peer, present_until, ..
            } => self.disconnected(now, peer, present_until),
            Event::Stats { peer, stats } => {
                let own = self
                    .seats
                    .values_mut()
                    .filter_map(|seat| seat.peer.as_mut())
                    .find(|own| own.id == peer);
                if let Some(own) = own {
                    own.stats = stats;
                }
            }
            // These come back as the result of the join itself.
            Event::Joined { .. } | Event::Refused { .. } => {}
            Event::Legs { peer, legs } => self.set_quality(peer, &legs),
            Event::Restarted { peer, ufrag, password } => self.restarted(peer, ufrag, password),
            Event::Encodings { source, encodings } => self.encodings(source, encodings),
            Event::Loudest { peer, slots } => self.loudest(peer, &slots),
            Event::Withheld { peer, slots } => self.withheld(peer, slots),
            Event::Speakers { peers, .. } => self.set_speakers(&peers),
        }
    }

    fn connected(&mut self, peer: PeerId, at: Instant) {
        let Some(seat) = self.seats.values_mut().find(|seat| seat.has_peer(peer)) else {
            return;
        };
        let Some(own) = seat.peer.as_mut() else { return };
        match own.link {
            Link::Answered => {
                own.link = Link::Connected {
                    since: at,
                    heard_at: at,
                    absent: false,
                    held: false,
                    segment: None,
                }
            }
            Link::Connected { .. } => return,
        }
        if seat.admitted() {
            seat.attendance = Attendance::Met;
        }
        seat.away_since = None;
        let seat_id = seat.id.clone();
        self.open_segment(&seat_id);
    }

    /// Opens a segment at the later of admission and media, if both are there. While too many records wait, the gate is shut
    /// instead: what cannot be counted is not forwarded.
    pub(super) fn open_segment(&mut self, seat_id: &str) {
        if !self.going() {
            return;
        }
        let backed_up = self.backed_up();
        let Some(seat) = self.seats.get_mut(seat_id) else {
            return;
        };
        let Admission::Admitted { at: admitted_at } = seat.admission else {
            return;
        };
        let Some(own) = seat.peer.as_mut() else { return };
        let peer = own.id;
        let Link::Connected {
            since,
            heard_at,
            absent,
            held,
            segment,
        } = &mut own.link
        else {
            return;
        };
        if segment.is_some() || *absent || *held {
            return;
        }
        if backed_up {
            *held = true;
            self.effects
                .push(Effect::Media(Command::SetForwarding { peer, allowed: false }));
            return;
        }
        let id = SegmentId {
            seat: seat.id.clone(),
            seq: seat.next_segment,
        };
        seat.next_segment = seat
            .next_segment
            .checked_add(1)
            .expect("a seat has fewer than four billion segments");
        seat.attendance = Attendance::Met;
        *segment = Some(id.clone());
        let (begin, heard_at) = (admitted_at.max(*since), *heard_at);
        let started_at = self.clock.begin(id.clone(), seat.role, begin);
        self.clock.seen(&id, heard_at);
        self.record(Record::Open {
            segment: id,
            started_at,
        });
    }

    /// Opens the gates that were shut because too many records waited, now that there are fewer.
    pub(super) fn release_held(&mut self, now: Instant) {
        if !self.going() || self.backed_up() {
            return;
        }
        let mut released = Vec::new();
        for seat in self.seats.values_mut() {
            let Some(own) = seat.peer.as_mut() else { continue };
            if let Link::Connected {
                since,
                held: held @ true,
                ..
            } = &mut own.link
            {
                (*since, *held) = (now, false);
                let (peer, allowed) = (own.id, true);
                self.effects
                    .push(Effect::Media(Command::SetForwarding { peer, allowed }));
                released.push(seat.id.clone());
            }
        }
        for seat_id in released {
            self.open_segment(&seat_id);
        }
    }

    /// A peer was present until `at` at least.
    fn alive(&mut self, peer: PeerId, at: Instant) {
        let Some(seat) = self.seats.values_mut().find(|seat| seat.has_peer(peer)) else {
            return;
        };
        let Some(Link::Connected { heard_at, segment, .. }) = seat.peer.as_mut().map(|peer| &mut peer.link) else {
            return;
        };
        if at <= *heard_at {
            return;
        }
        *heard_at = at;
        let (seat_id, segment) = (seat.id.clone(), segment.clone());
        match segment {
            Some(segment) => self.clock.seen(&segment, at),
            None => self.open_segment(&seat_id),
        }
    }

    /// A peer was not present after `until`: its segment ends there. When silence is long enough for that, the media plane
    /// alone decides, since it shuts the gate by the same rule.
    fn absent(&mut self, peer: PeerId, until: Instant) {
        self.alive(peer, until);
        let seat = self.seats.values_mut().find(|seat| seat.has_peer(peer));
        let Some(Link::Connected { absent, segment, .. }) =
            seat.and_then(|seat| seat.peer.as_mut()).map(|peer| &mut peer.link)
        else {
            return;
        };
        *absent = true;
        if let Some(segment) = segment.take() {
            self.close_segment(&segment, SegmentEnd::ConnectionLost);
        }
    }

    /// A peer is present again, which begins a new segment.
    fn present(&mut self, peer: PeerId, at: Instant) {
        let Some(seat) = self.seats.values_mut().find(|seat| seat.has_peer(peer)) else {
            return;
        };
        if let Some(Link::Connected {
            since,
            heard_at,
            absent,
            ..
        }) = seat.peer.as_mut().map(|peer| &mut peer.link)
        {
            (*since, *heard_at, *absent) = (at, at.max(*heard_at), false);
        }
        let seat_id = seat.id.clone();
        self.open_segment(&seat_id);
    }

    /// What is sent to a peer does not get through: its client may find another path.
    fn path_lost(&mut self, peer: PeerId) {
        let seat = self.seats.values().find(|seat| seat.has_peer(peer));
        if let Some(connection) = seat.and_then(|seat| seat.connection.as_ref()) {
            self.send(connection.id, ServerMessage::PathLost {});
        }
    }

    /// A peer is gone; its segment ends at its last authenticated packet.
    fn disconnected(&mut self, now: Instant, peer: PeerId, present_until: Option<Instant>) {
        if let Some(closing) = self.closing.remove(&peer) {
            if let Some(at) = present_until {
                self.clock.seen(&closing.segment, at);
            }
            self.close_segment(&closing.segment, closing.end);
            self.finish(now);
            return;
        }
        let Some(seat) = self.seats.values_mut().find(|seat| seat.has_peer(peer)) else {
            return;
        };
        let Some(Peer {
            link: Link::Connected {
                segment: Some(segment), ..
            },
            ..
        }) = seat.peer.take()
        else {
            return;
        };
        if let Some(at) = present_until {
            self.clock.seen(&segment, at);
        }
        self.close_segment(&segment, SegmentEnd::ConnectionLost);
    }

    pub(super) fn close_segment(&mut self, segment: &SegmentId, end: SegmentEnd) {
        if let Some(ended_at) = self.clock.end(segment) {
            self.record(Record::Close {
                segment: segment.clone(),
                ended_at,
                end,
            });
        }
    }

    /// Removes the peer of a seat. Its segment is closed when the media plane has reported its last packet, or soon after.
    pub(super) fn remove_peer(&mut self, now: Instant, seat_id: &str, end: SegmentEnd) {
        let Some(peer) = self.seats.get_mut(seat_id).and_then(|seat| seat.peer.take()) else {
            return;
        };
        self.effects.push(Effect::Media(Command::Leave { peer: peer.id }));
        if let Link::Connected {
            segment: Some(segment), ..
        } = peer.link
        {
            self.closing.insert(
                peer.id,
                Closing {
                    segment,
                    end,
                    by: now + CLOSE_WAIT,
                },
            );
        }
    }

    /// Removes the peer of a seat, and the one that was on its way.
    pub(super) fn drop_media(&mut self, now: Instant, seat_id: &str, end: SegmentEnd) {
        let joining = self.seats.get_mut(seat_id).and_then(|seat| seat.joining.take());
        self.effects
            .extend(joining.map(|joining| Effect::Media(Command::Leave { peer: joining.peer })));
        self.remove_peer(now, seat_id, end);
    }

    /// Maps everyone's slots anew and tells only what changed.
    pub(super) fn refresh_slots(&mut self) {
        let mut sources: Vec<(u8, u32, Wanted)> = Vec::new();
        for seat in self.seats.values() {
            sources.extend(seat.offers().map(|(rank, wanted)| (rank, seat.order, wanted)));
        }
        sources.sort_by_key(|(rank, order, _)| (*rank, *order));
        for seat in self.seats.values_mut() {
            let admitted = seat.admitted();
            let Some(peer) = seat.peer.as_mut() else { continue };
            let others = sources
                .iter()
                .filter(|(_, _, wanted)| admitted && wanted.who != seat.id);
            let wanted: Vec<_> = others.map(|(_, _, wanted)| wanted.clone()).collect();
            let changed = slots::assign(&mut peer.slots, &wanted, Surplus::Loudest);
            if changed.is_empty() {
                continue;
            }
            // Of what they carry now nothing is known yet.
            peer.withheld
                .retain(|mid| changed.iter().all(|mapping| mapping.mid != *mid));
            self.effects.push(Effect::Media(Command::MapSlots {
                peer: peer.id,
                slots: changed,
            }));
            if let Some(connection) = &seat.connection {
                self.effects.push(Effect::Send {
                    connection: connection.id,
                    message: peer.slots_message(),
                });
            }
        }
    }
}

fn join_error_code(error: &JoinError) -> ErrorCode {
    match error {
        JoinError::BadOffer(_) => ErrorCode::BadOffer,
        JoinError::RoomFull | JoinError::ServerFull => ErrorCode::Full,
        JoinError::Stopped => ErrorCode::Internal,
    }
}
