//! What the media plane reports, and which slots carry what.

use sfu_core::{Command, Event, PeerId, RoomId, Source, SourceKind};
use signaling::clock::Now;
use signaling::slots::{self, Surplus};

use super::session::{Role, Session, Stage};
use super::{Direction, Effect, ParticipantId, Rooms};

type Wanted = slots::Wanted<ParticipantId>;

impl Rooms {
    /// Takes one report of the media plane; those about peers of others are ignored.
    pub fn media_event(&mut self, now: Now, event: Event) {
        match event {
            Event::Connected { peer, .. } => {
                if let Some(Stage::Answered { connected, .. }) = self.of_peer(peer).map(|session| &mut session.stage) {
                    *connected = true;
                }
            }
            Event::Disconnected { peer, reason, .. } => {
                if let Some(id) = self.peers.get(&peer).cloned() {
                    self.record_end(&id, reason);
                    self.end_session(now, &id);
                }
            }
            Event::Stats { peer, stats } => {
                if let Some(session) = self.of_peer(peer) {
                    session.stats = Some(stats);
                }
            }
            Event::Withheld { peer, slots } => {
                if let Some(session) = self.of_peer(peer) {
                    session.pictures_withheld = slots.len();
                }
            }
            Event::Restarted { peer, ufrag, password } => self.restarted(peer, &ufrag, &password),
            // Answers to joins come to whoever asked; the rest tells clients that have a channel for it.
            Event::Joined { .. }
            | Event::Refused { .. }
            | Event::Alive { .. }
            | Event::Absent { .. }
            | Event::Present { .. }
            | Event::PathLost { .. }
            | Event::Legs { .. }
            | Event::Encodings { .. }
            | Event::Loudest { .. }
            | Event::Speakers { .. } => {}
        }
    }

    fn of_peer(&mut self, peer: PeerId) -> Option<&mut Session> {
        self.sessions.get_mut(self.peers.get(&peer)?)
    }

    /// Maps slots after a session came or went: its own when it receives, else everyone's in the room.
    pub(super) fn map_slots(&mut self, room: RoomId, direction: Direction, peer: PeerId) {
        let published = self.published(room);
        let Some(room) = self.rooms.get(&room) else { return };
        for (other, id) in &room.sessions {
            if direction == Direction::Receive && *other != peer {
                continue;
            }
            let Some(session) = self.sessions.get_mut(id) else {
                continue;
            };
            let Role::Receive { publishers, slots } = &mut session.role else {
                continue;
            };
            let (wanted, surplus): (Vec<Wanted>, _) = if publishers.is_empty() {
                let others = published.iter().filter(|wanted| wanted.who != session.participant);
                (others.cloned().collect(), Surplus::Loudest)
            } else {
                let named = publishers
                    .iter()
                    .flat_map(|id| published.iter().filter(move |wanted| wanted.who == *id));
                (named.cloned().collect(), Surplus::First)
            };
            let changed = slots::assign(slots, &wanted, surplus);
            if !changed.is_empty() {
                self.effects.push(Effect::Media(Command::MapSlots {
                    peer: session.peer,
                    slots: changed,
                }));
            }
        }
    }

    /// Everything published in a room: screens before the rest, then in the order in which the peers came.
    fn published(&self, room: RoomId) -> Vec<Wanted> {
        let Some(room) = self.rooms.get(&room) else {
            return Vec::new();
        };
        let mut published = Vec::new();
        for (&peer, id) in &room.sessions {
            let Some(session) = self.sessions.get(id) else { continue };
            let participant = session.participant;
            let current = room
                .participants
                .get(&participant)
                .and_then(|own| own.publishing.as_ref());
            if current != Some(id) {
                continue;
            }
            published.extend(session.sources().iter().map(|&kind| Wanted {
                who: participant,
                source: Source { peer, kind },
            }));
        }
        published.sort_by_key(|wanted| wanted.source.kind != SourceKind::Screen);
        published
    }
}
