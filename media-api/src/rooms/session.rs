//! Sessions: begun with an offer, answered by the media plane, restarted, ended.

use std::collections::VecDeque;

use sfu_core::{
    Command, DisconnectReason, Join, JoinError, Joined, Mid, PeerId, PeerStats, RoomId, SlotSize, Source, SourceKind,
};
use signaling::clock::Now;
use signaling::slots::Slot;

use super::{Direction, Effect, NewSession, ParticipantId, Refusal, Restarted, Rooms, SessionId, SessionView, seconds};
use crate::fragment::Frame;
use crate::limits::{RESTARTS_WAITING_MAX, SESSIONS_MAX};
use crate::offer;

/// One WHIP or WHEP session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) room: RoomId,
    pub(super) participant: ParticipantId,
    pub(super) peer: PeerId,
    pub(super) role: Role,
    pub(super) stage: Stage,
    /// Counts ICE sessions; the ETag.
    pub(super) generation: u32,
    /// The client's `ice-ufrag`.
    pub(super) ufrag: String,
    pub(super) restarts: Restarts,
    pub(super) stats: Option<PeerStats>,
    /// Pictures that its path has no room for, as the media plane told last.
    pub(super) pictures_withheld: usize,
}

/// ICE restarts that the media plane has not answered yet.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    /// Oldest first; they are answered in this order.
    waiting: VecDeque<Restart>,
    /// Counts all that began.
    begun: u64,
}

/// An ICE restart under way.
#[derive(Debug)]
struct Restart {
    number: u64,
    /// The client's next `ice-ufrag`.
    ufrag: String,
    /// Nobody waits for its answer any more.
    given_up: bool,
}

/// What a session is for.
#[derive(Debug)]
pub(super) enum Role {
    Publish {
        /// The m-lines that send, and what each is.
        mids: Vec<Mid>,
        sources: Vec<SourceKind>,
    },
    Receive {
        /// Empty for everyone.
        publishers: Vec<ParticipantId>,
        slots: Vec<Slot<ParticipantId>>,
    },
}

/// How far a session has come.
#[derive(Debug)]
pub(super) enum Stage {
    /// The media plane has not answered yet.
    Joining,
    Answered {
        frame: Frame,
        connected: bool,
    },
}

impl Session {
    pub(super) fn sources(&self) -> &[SourceKind] {
        match (&self.role, &self.stage) {
            (Role::Publish { sources, .. }, Stage::Answered { .. }) => sources,
            (Role::Publish { .. }, Stage::Joining) | (Role::Receive { .. }, _) => &[],
        }
    }

    /// The m-lines that were offered to send.
    fn offered(&self) -> &[Mid] {
        match &self.role {
            Role::Publish { mids, .. } => mids,
            Role::Receive { .. } => &[],
        }
    }

    pub(super) fn direction(&self) -> Direction {
        match self.role {
            Role::Publish { .. } => Direction::Publish,
            Role::Receive { .. } => Direction::Receive,
        }
    }

    pub(super) fn view(&self) -> SessionView {
        SessionView {
            connected: matches!(self.stage, Stage::Answered { connected: true, .. }),
            stats: self.stats,
            pictures_withheld: self.pictures_withheld,
        }
    }

    pub(super) fn etag(&self) -> String {
        format!("\"{}\"", self.generation)
    }
}

impl Rooms {
    /// Begins a session: what it returns is to be asked of the media plane, whose reply goes to [`Rooms::answered`].
    ///
    /// # Errors
    /// Everything that can be wrong before the media plane has looked at the offer.
    pub fn begin(&mut self, now: Now, new: NewSession) -> Result<Join, Refusal> {
        if self.stopping {
            return Err(Refusal::Stopping);
        }
        let sessions = self.sessions.len();
        let room = self.rooms.get_mut(&new.room).ok_or(Refusal::NoRoom)?;
        let (present, participants_max) = (room.present(), room.participants_max);
        let unknown = new.publishers.iter().any(|id| !room.participants.contains_key(id));
        let participant = room.participants.get_mut(&new.participant).ok_or(Refusal::Removed)?;
        let permitted = match new.direction {
            Direction::Publish => participant.publish,
            Direction::Receive => participant.subscribe,
        };
        if !permitted {
            return Err(Refusal::NotPermitted);
        }
        if unknown {
            return Err(Refusal::NoParticipant);
        }
        if !participant.posts.take(now.mono) {
            return Err(Refusal::TicketTooBusy);
        }
        if !participant.present() && present >= participants_max {
            return Err(Refusal::RoomFull);
        }
        if sessions >= SESSIONS_MAX {
            return Err(Refusal::SessionsFull);
        }
        let ufrag = offer::ufrag(&new.offer).ok_or(Refusal::NoUfrag)?.to_owned();
        let (sources, text) = match new.direction {
            Direction::Publish => (offer::published(&new.offer), new.offer),
            Direction::Receive => (Vec::new(), offer::receiving_only(&new.offer)),
        };
        let role = match new.direction {
            Direction::Publish if sources.is_empty() => return Err(Refusal::NothingToPublish),
            Direction::Publish if offer::sends_too_much(&text) => return Err(Refusal::TooMuchToPublish),
            Direction::Publish => Role::Publish {
                mids: sources.iter().map(|(mid, _)| mid.clone()).collect(),
                sources: sources.iter().map(|(_, kind)| *kind).collect(),
            },
            Direction::Receive => Role::Receive {
                publishers: new.publishers,
                slots: Vec::new(),
            },
        };
        participant.sessions += 1;
        room.idle_since = None;
        room.sessions.insert(new.peer, new.session.clone());
        self.peers.insert(new.peer, new.session.clone());
        self.sessions.insert(
            new.session,
            Session {
                room: new.room,
                participant: new.participant,
                peer: new.peer,
                role,
                stage: Stage::Joining,
                generation: 1,
                ufrag,
                restarts: Restarts::default(),
                stats: None,
                pictures_withheld: 0,
            },
        );
        Ok(Join {
            room: new.room,
            peer: new.peer,
            offer: text,
            sources,
            counted: false,
        })
    }

    /// The media plane's reply to [`Rooms::begin`]. Returns the SDP answer and the ETag. The former session of the
    /// participant in this direction ends only now, so that a refused offer costs nobody anything.
    ///
    /// # Errors
    /// Why there is no session after all.
    pub fn answered(
        &mut self,
        now: Now,
        id: &SessionId,
        peer: PeerId,
        result: Result<Joined, JoinError>,
    ) -> Result<(String, String), Refusal> {
        let joined = match result {
            Ok(joined) => joined,
            Err(error) => {
                self.end_session(now, id);
                return Err(refusal(error));
            }
        };
        // Half a session would mislead whoever sends (RFC 9725 4.4.3).
        let sources = self.sessions.get(id).map_or(&[][..], |session| session.offered());
        if let Some(mid) = offer::rejected(&joined.answer, sources).cloned() {
            self.end_session(now, id);
            return Err(Refusal::LineRejected(mid));
        }
        let Some(session) = self.sessions.get_mut(id) else {
            // The room ended, or the participant was removed, while the media plane was asked.
            self.effects.push(Effect::Media(Command::Leave { peer }));
            return Err(Refusal::NoRoom);
        };
        session.stage = Stage::Answered {
            frame: Frame::of(&joined.answer),
            connected: false,
        };
        if let Role::Receive { slots, .. } = &mut session.role {
            *slots = joined.slots.iter().map(Slot::new).collect();
        }
        let (room_id, participant_id, direction) = (session.room, session.participant, session.direction());
        let etag = session.etag();
        let sources: Vec<_> = session.sources().to_vec();
        let room = self.rooms.get_mut(&room_id).expect("sessions end with their room");
        let Some(participant) = room.participants.get_mut(&participant_id) else {
            self.end_session(now, id);
            return Err(Refusal::Removed);
        };
        let former = participant.session_mut(direction).replace(id.clone());
        *participant.ended_mut(direction) = None;
        for kind in sources.into_iter().filter(|kind| participant.muted.contains(kind)) {
            let source = Source { peer, kind };
            self.effects.push(Effect::Media(Command::Mute { source, muted: true }));
        }
        self.effects
            .push(Effect::Media(Command::SetForwarding { peer, allowed: true }));
        if let Some(former) = former {
            self.end_session(now, &former);
        }
        self.map_slots(room_id, direction, peer);
        Ok((joined.answer, etag))
    }

    /// Ends a session that its holder or the media plane gave up.
    ///
    /// # Errors
    /// [`Refusal::NoSession`] when it is not this participant's.
    pub fn end(
        &mut self,
        now: Now,
        id: &SessionId,
        direction: Direction,
        holder: (RoomId, ParticipantId),
    ) -> Result<(), Refusal> {
        self.held(id, direction, holder)?;
        self.record_end(id, DisconnectReason::Closed);
        self.end_session(now, id);
        Ok(())
    }

    /// Takes a fragment of trickle ICE. Returns the number of the ICE restart if it begins one, which [`Effect::Answer`] will
    /// answer.
    ///
    /// # Errors
    /// [`Refusal::NoSession`], [`Refusal::EtagDiffers`], [`Refusal::RestartUnderWay`].
    pub fn patch(
        &mut self,
        id: &SessionId,
        direction: Direction,
        holder: (RoomId, ParticipantId),
        if_match: &str,
        ufrag: Option<String>,
    ) -> Result<Option<u64>, Refusal> {
        let session = self.held(id, direction, holder)?;
        let etag = session.etag();
        if !if_match.split(',').map(str::trim).any(|tag| tag == "*" || tag == etag) {
            return Err(Refusal::EtagDiffers);
        }
        let Some(ufrag) = ufrag.filter(|ufrag| *ufrag != session.ufrag) else {
            return Ok(None);
        };
        let restarts = &mut session.restarts;
        let waited_for = restarts.waiting.iter().any(|restart| !restart.given_up);
        if waited_for || restarts.waiting.len() >= RESTARTS_WAITING_MAX {
            return Err(Refusal::RestartUnderWay);
        }
        restarts.begun += 1;
        let number = restarts.begun;
        restarts.waiting.push_back(Restart {
            number,
            ufrag: ufrag.clone(),
            given_up: false,
        });
        let peer = session.peer;
        self.effects.push(Effect::Media(Command::Restart { peer, ufrag }));
        Ok(Some(number))
    }

    /// Says how large a receiving session shows its slots; slots that it does not have are left out.
    ///
    /// # Errors
    /// [`Refusal::NoSession`] when it is not this participant's.
    pub fn size_slots(
        &mut self,
        id: &SessionId,
        holder: (RoomId, ParticipantId),
        mut sizes: Vec<SlotSize>,
    ) -> Result<(), Refusal> {
        let session = self.held(id, Direction::Receive, holder)?;
        if let Role::Receive { slots, .. } = &session.role {
            sizes.retain(|size| slots.iter().any(|slot| *slot.mid() == size.mid));
        }
        let peer = session.peer;
        self.effects.push(Effect::Media(Command::SizeSlots { peer, sizes }));
        Ok(())
    }

    /// Nobody waits for the answer to a restart any more. It may still come, and is no answer to the next one.
    pub fn give_restart_up(&mut self, id: &SessionId, number: u64) {
        let sessions = self.sessions.get_mut(id).into_iter();
        for restart in sessions.flat_map(|session| &mut session.restarts.waiting) {
            restart.given_up |= restart.number == number;
        }
    }

    pub(super) fn restarted(&mut self, peer: PeerId, ufrag: &str, password: &str) {
        let Some(id) = self.peers.get(&peer).cloned() else {
            return;
        };
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let Stage::Answered { frame, .. } = &session.stage else {
            return;
        };
        let fragment = frame.with(ufrag, password);
        // The client of one that was given up does not have these credentials: it goes on with the old ones, or asks again.
        let Some(restart) = session.restarts.waiting.pop_front().filter(|restart| !restart.given_up) else {
            return;
        };
        session.ufrag = restart.ufrag;
        session.generation += 1;
        let etag = session.etag();
        self.effects.push(Effect::Answer {
            session: id,
            restart: restart.number,
            restarted: Restarted { fragment, etag },
        });
    }

    fn held(
        &mut self,
        id: &SessionId,
        direction: Direction,
        (room, participant): (RoomId, ParticipantId),
    ) -> Result<&mut Session, Refusal> {
        let found = self.sessions.get_mut(id).filter(|session| {
            session.room == room && session.participant == participant && session.direction() == direction
        });
        found.ok_or(Refusal::NoSession)
    }

    /// Keeps why a session is about to end for the owner of its room, if it is the participant's newest.
    pub(super) fn record_end(&mut self, id: &SessionId, reason: DisconnectReason) {
        let Some(session) = self.sessions.get(id) else { return };
        let direction = session.direction();
        let room = self.rooms.get_mut(&session.room);
        let participant = room.and_then(|room| room.participants.get_mut(&session.participant));
        if let Some(participant) = participant.filter(|holder| holder.session(direction) == Some(id)) {
            *participant.ended_mut(direction) = Some(reason);
        }
    }

    pub(super) fn end_session(&mut self, now: Now, id: &SessionId) {
        let Some(session) = self.sessions.remove(id) else {
            return;
        };
        self.peers.remove(&session.peer);
        self.effects.push(Effect::Media(Command::Leave { peer: session.peer }));
        let direction = session.direction();
        if let Some(room) = self.rooms.get_mut(&session.room) {
            if let Some(participant) = room.participants.get_mut(&session.participant) {
                let own = participant.session_mut(direction);
                own.take_if(|current| current == id);
                participant.sessions -= 1;
            }
            room.forget_expired(seconds(now));
            room.sessions.remove(&session.peer);
            if room.sessions.is_empty() {
                room.idle_since = Some(now.mono);
            }
        }
        if direction == Direction::Publish {
            self.map_slots(session.room, direction, session.peer);
        }
    }
}

fn refusal(error: JoinError) -> Refusal {
    match error {
        JoinError::BadOffer(_) => Refusal::BadOffer(error),
        JoinError::RoomFull => Refusal::RoomFull,
        JoinError::ServerFull => Refusal::SessionsFull,
        JoinError::Stopped => Refusal::MediaSilent,
    }
}
