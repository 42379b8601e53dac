//! Rooms, participants and sessions as a state machine. Time and fresh ids are parameters; what is to be done leaves as
//! [`Effect`]s, which the caller takes after every call and carries out in order.

mod media;
mod session;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use sfu_core::{Command, DisconnectReason, PeerId, RoomId, Source, SourceKind};
use signaling::Bucket;
use signaling::clock::Now;

use crate::keys::KeyHash;
use crate::limits::{ROOM_IDLE_MAX, ROOMS_MAX, TICKET_POSTS_BURST, TICKET_POSTS_REFILL, TICKETS_PER_ROOM_MAX};
use session::Session;
pub use vocabulary::*;

/// Everything there is.
#[derive(Debug, Default)]
pub struct Rooms {
    rooms: BTreeMap<RoomId, Room>,
    sessions: HashMap<SessionId, Session>,
    peers: HashMap<PeerId, SessionId>,
    effects: Vec<Effect>,
    /// Nothing new begins any more.
    stopping: bool,
}

#[derive(Debug)]
struct Room {
    owner: KeyHash,
    name: Option<String>,
    participants_max: usize,
    created_at_s: i64,
    /// Since when there has been no session; `None` while there is one.
    idle_since: Option<Instant>,
    participants: BTreeMap<ParticipantId, Participant>,
    /// In the order in which they began.
    sessions: BTreeMap<PeerId, SessionId>,
}

#[derive(Debug)]
struct Participant {
    name: String,
    publish: bool,
    subscribe: bool,
    expires_at_s: i64,
    /// What its owner wants not to be forwarded, whether it is published now or not.
    muted: Vec<SourceKind>,
    /// The answered ones; beside them may be some that are not answered yet.
    publishing: Option<SessionId>,
    receiving: Option<SessionId>,
    /// Why the last answered one in each direction ended, until there is another.
    publishing_ended: Option<DisconnectReason>,
    receiving_ended: Option<DisconnectReason>,
    /// All of them.
    sessions: usize,
    posts: Bucket,
}

impl Participant {
    fn session(&self, direction: Direction) -> Option<&SessionId> {
        match direction {
            Direction::Publish => self.publishing.as_ref(),
            Direction::Receive => self.receiving.as_ref(),
        }
    }

    fn session_mut(&mut self, direction: Direction) -> &mut Option<SessionId> {
        match direction {
            Direction::Publish => &mut self.publishing,
            Direction::Receive => &mut self.receiving,
        }
    }

    fn ended_mut(&mut self, direction: Direction) -> &mut Option<DisconnectReason> {
        match direction {
            Direction::Publish => &mut self.publishing_ended,
            Direction::Receive => &mut self.receiving_ended,
        }
    }

    fn present(&self) -> bool {
        self.sessions > 0
    }
}

fn seconds(now: Now) -> i64 {
    now.utc.div_euclid(1_000_000)
}

impl Rooms {
    /// Effects not taken yet, oldest first.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Makes a room with a fresh id.
    ///
    /// # Errors
    /// [`Refusal::RoomsFull`], [`Refusal::Stopping`].
    pub fn open(&mut self, now: Now, owner: KeyHash, room: RoomId, new: NewRoom) -> Result<RoomView, Refusal> {
        if self.stopping {
            return Err(Refusal::Stopping);
        }
        if self.rooms.len() >= ROOMS_MAX {
            return Err(Refusal::RoomsFull);
        }
        let made = self.rooms.entry(room).or_insert(Room {
            owner,
            name: new.name,
            participants_max: new.participants_max,
            created_at_s: seconds(now),
            idle_since: Some(now.mono),
            participants: BTreeMap::new(),
            sessions: BTreeMap::new(),
        });
        Ok(made.view(room))
    }

    /// The rooms of one owner.
    #[must_use]
    pub fn list(&self, owner: KeyHash) -> Vec<RoomView> {
        let own = self.rooms.iter().filter(|(_, room)| room.owner == owner);
        own.map(|(id, room)| room.view(*id)).collect()
    }

    /// One room and the holders of tickets and sessions in it.
    ///
    /// # Errors
    /// [`Refusal::NoRoom`]
    pub fn show(&self, owner: KeyHash, room: RoomId) -> Result<(RoomView, Vec<ParticipantView>), Refusal> {
        let found = self.own(owner, room)?;
        let participants = found.participants.iter();
        let views = participants.map(|(id, participant)| self.participant_view(*id, participant));
        Ok((found.view(room), views.collect()))
    }

    fn participant_view(&self, id: ParticipantId, participant: &Participant) -> ParticipantView {
        let session = |direction| self.sessions.get(participant.session(direction)?);
        let publishing = session(Direction::Publish);
        let sources = publishing.map(Session::sources).unwrap_or_default();
        ParticipantView {
            participant: id,
            name: participant.name.clone(),
            publishing: publishing.map(Session::view),
            receiving: session(Direction::Receive).map(Session::view),
            publishing_ended: participant.publishing_ended,
            receiving_ended: participant.receiving_ended,
            sources: sources
                .iter()
                .map(|kind| (*kind, participant.muted.contains(kind)))
                .collect(),
        }
    }

    /// Ends a room and every session in it.
    ///
    /// # Errors
    /// [`Refusal::NoRoom`]
    pub fn close(&mut self, owner: KeyHash, room: RoomId) -> Result<(), Refusal> {
        self.own(owner, room)?;
        self.end_room(room);
        Ok(())
    }

    /// Puts a participant on the list of a room, for whom the caller signs a ticket.
    ///
    /// # Errors
    /// [`Refusal::NoRoom`], [`Refusal::TicketsFull`], [`Refusal::Stopping`].
    pub fn invite(
        &mut self,
        now: Now,
        owner: KeyHash,
        room: RoomId,
        participant: ParticipantId,
        new: NewParticipant,
    ) -> Result<(), Refusal> {
        if self.stopping {
            return Err(Refusal::Stopping);
        }
        let found = self.own_mut(owner, room)?;
        if found.participants.len() >= TICKETS_PER_ROOM_MAX {
            found.forget_expired(seconds(now));
            if found.participants.len() >= TICKETS_PER_ROOM_MAX {
                return Err(Refusal::TicketsFull);
            }
        }
        found.participants.insert(
            participant,
            Participant {
                name: new.name,
                publish: new.publish,
                subscribe: new.subscribe,
                expires_at_s: new.expires_at_s,
                muted: Vec::new(),
                publishing: None,
                receiving: None,
                publishing_ended: None,
                receiving_ended: None,
                sessions: 0,
                posts: Bucket::new(TICKET_POSTS_BURST, TICKET_POSTS_REFILL, now.mono),
            },
        );
        Ok(())
    }

    /// Takes a participant off the list: its sessions end and its ticket is worth nothing.
    ///
    /// # Errors
    /// [`Refusal::NoRoom`], [`Refusal::NoParticipant`].
    pub fn remove(
        &mut self,
        now: Now,
        owner: KeyHash,
        room: RoomId,
        participant: ParticipantId,
    ) -> Result<(), Refusal> {
        let found = self.own_mut(owner, room)?;
        let removed = found.participants.get(&participant).ok_or(Refusal::NoParticipant)?;
        let sessions: Vec<_> = [&removed.publishing, &removed.receiving]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        for session in sessions {
            self.end_session(now, &session);
        }
        if let Some(found) = self.rooms.get_mut(&room) {
            found.participants.remove(&participant);
        }
        Ok(())
    }

    /// Forwards nothing of a source, or forwards it again. Holds for later sessions of the participant too.
    ///
    /// # Errors
    /// [`Refusal::NoRoom`], [`Refusal::NoParticipant`], [`Refusal::NotPublished`].
    pub fn mute(
        &mut self,
        owner: KeyHash,
        room: RoomId,
        participant: ParticipantId,
        kind: SourceKind,
        muted: bool,
    ) -> Result<(), Refusal> {
        let found = self.own(owner, room)?;
        let asked = found.participants.get(&participant).ok_or(Refusal::NoParticipant)?;
        let session = asked.publishing.as_ref().and_then(|id| self.sessions.get(id));
        let publishing = session.filter(|session| session.sources().contains(&kind));
        let peer = publishing.ok_or(Refusal::NotPublished)?.peer;
        let found = self.rooms.get_mut(&room).ok_or(Refusal::NoRoom)?;
        let asked = found.participants.get_mut(&participant).ok_or(Refusal::NoParticipant)?;
        asked.muted.retain(|other| *other != kind);
        if muted {
            asked.muted.push(kind);
        }
        let source = Source { peer, kind };
        self.effects.push(Effect::Media(Command::Mute { source, muted }));
        Ok(())
    }

    /// Forgets what has run out: tickets that nobody uses and rooms that nobody is in. Returns how many rooms ended.
    pub fn tick(&mut self, now: Now) -> usize {
        let idle = |room: &Room| {
            room.idle_since
                .is_some_and(|since| now.mono.saturating_duration_since(since) >= ROOM_IDLE_MAX)
        };
        let over: Vec<_> = self
            .rooms
            .iter()
            .filter(|(_, room)| idle(room))
            .map(|(id, _)| *id)
            .collect();
        for room in &over {
            self.end_room(*room);
        }
        for room in self.rooms.values_mut() {
            room.forget_expired(seconds(now));
        }
        over.len()
    }

    /// Ends every room; nothing new begins.
    pub fn stop(&mut self) {
        self.stopping = true;
        let rooms: Vec<_> = self.rooms.keys().copied().collect();
        for room in rooms {
            self.end_room(room);
        }
    }

    /// How many rooms and sessions there are.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        (self.rooms.len(), self.sessions.len())
    }

    fn end_room(&mut self, id: RoomId) {
        let Some(room) = self.rooms.remove(&id) else { return };
        for (peer, session) in &room.sessions {
            self.peers.remove(peer);
            self.sessions.remove(session);
        }
        self.effects.push(Effect::Media(Command::CloseRoom { room: id }));
    }

    fn own(&self, owner: KeyHash, room: RoomId) -> Result<&Room, Refusal> {
        let found = self.rooms.get(&room).filter(|room| room.owner == owner);
        found.ok_or(Refusal::NoRoom)
    }

    fn own_mut(&mut self, owner: KeyHash, room: RoomId) -> Result<&mut Room, Refusal> {
        let found = self.rooms.get_mut(&room).filter(|room| room.owner == owner);
        found.ok_or(Refusal::NoRoom)
    }
}

impl Room {
    fn view(&self, room: RoomId) -> RoomView {
        RoomView {
            room,
            name: self.name.clone(),
            participants_max: self.participants_max,
            created_at_s: self.created_at_s,
            present: self.present(),
        }
    }

    fn present(&self) -> usize {
        self.participants
            .values()
            .filter(|participant| participant.present())
            .count()
    }

    fn forget_expired(&mut self, now_s: i64) {
        self.participants
            .retain(|_, participant| participant.present() || now_s < participant.expires_at_s);
    }
}
