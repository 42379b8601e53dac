//! What follows from time passing, without a clock.

use std::time::{Duration, Instant};

use sfu_core::{Command, Event, Joined, PeerId, RoomId};
use signaling::clock::Now;

use super::*;
use crate::limits::{PARTICIPANTS_MAX, RESTARTS_WAITING_MAX};

const OWNER: KeyHash = KeyHash([1; 32]);
const ROOM: RoomId = RoomId(1);
const ADA: ParticipantId = ParticipantId(1);

struct World {
    rooms: Rooms,
    begin: Instant,
    passed: Duration,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            rooms: Rooms::default(),
            begin: Instant::now(),
            passed: Duration::ZERO,
        };
        let new = NewRoom {
            name: None,
            participants_max: PARTICIPANTS_MAX,
        };
        let now = world.now();
        world.rooms.open(now, OWNER, ROOM, new).expect("there is room");
        world
    }

    fn now(&self) -> Now {
        Now {
            utc: i64::try_from(self.passed.as_micros()).expect("hours"),
            mono: self.begin + self.passed,
        }
    }

    fn pass(&mut self, time: Duration) -> usize {
        self.passed += time;
        let now = self.now();
        self.rooms.tick(now)
    }

    fn invite(&mut self, id: ParticipantId, expires_at_s: i64) -> Result<(), Refusal> {
        let now = self.now();
        let new = NewParticipant {
            name: String::new(),
            publish: true,
            subscribe: true,
            expires_at_s,
        };
        self.rooms.invite(now, OWNER, ROOM, id, new)
    }

    fn begin(&mut self, number: u64) -> SessionId {
        let session = SessionId(number.to_string());
        let new = NewSession {
            session: session.clone(),
            peer: PeerId(number),
            direction: Direction::Publish,
            room: ROOM,
            participant: ADA,
            offer: "a=ice-ufrag:abcd\r\nm=audio 9 X 1\r\na=mid:0\r\n".into(),
            publishers: Vec::new(),
        };
        let now = self.now();
        self.rooms.begin(now, new).expect("it can begin");
        session
    }

    fn answer(&mut self, session: &SessionId, number: u64) -> Result<(String, String), Refusal> {
        let now = self.now();
        let joined = Joined {
            answer: "v=0\r\n".into(),
            slots: Vec::new(),
        };
        self.rooms.answered(now, session, PeerId(number), Ok(joined))
    }
}

#[test]
fn a_room_ends_when_nobody_was_in_it_for_ten_minutes() {
    let mut world = World::new();
    world.invite(ADA, 86_400).expect("there is room");
    assert_eq!(world.pass(ROOM_IDLE_MAX - Duration::from_secs(1)), 0);
    let session = world.begin(1);
    world.answer(&session, 1).expect("it is answered");
    assert_eq!(world.pass(ROOM_IDLE_MAX * 3), 0, "somebody is in it");
    let now = world.now();
    world
        .rooms
        .end(now, &session, Direction::Publish, (ROOM, ADA))
        .expect("it is hers");
    assert_eq!(world.pass(ROOM_IDLE_MAX - Duration::from_secs(1)), 0);
    world.rooms.take_effects();
    assert_eq!(world.pass(Duration::from_secs(1)), 1);
    assert_eq!(
        world.rooms.take_effects(),
        [Effect::Media(Command::CloseRoom { room: ROOM })]
    );
    assert_eq!(world.rooms.sizes(), (0, 0));
}

#[test]
fn tickets_nobody_uses_are_forgotten_and_bounded() {
    let mut world = World::new();
    for number in 0..TICKETS_PER_ROOM_MAX {
        let id = ParticipantId(u128::try_from(number).expect("few") + 10);
        world.invite(id, 60).expect("there is room");
    }
    assert_eq!(world.invite(ADA, 60), Err(Refusal::TicketsFull));
    world.pass(Duration::from_secs(61));
    world.invite(ADA, 120).expect("the others expired");
    let session = world.begin(1);
    world.answer(&session, 1).expect("it is answered");
    world.pass(Duration::from_secs(120));
    let (_, participants) = world.rooms.show(OWNER, ROOM).expect("it is there");
    assert_eq!(participants.len(), 1, "who is present stays on the list");
}

#[test]
fn an_answer_that_comes_after_the_end_leaves_nobody_behind() {
    let mut world = World::new();
    world.invite(ADA, 60).expect("there is room");
    let session = world.begin(1);
    let now = world.now();
    world.rooms.remove(now, OWNER, ROOM, ADA).expect("she is on the list");
    assert_eq!(world.answer(&session, 1), Err(Refusal::Removed));
    assert_eq!(
        world.rooms.take_effects(),
        [Effect::Media(Command::Leave { peer: PeerId(1) })]
    );

    world.invite(ADA, 60).expect("there is room");
    let session = world.begin(2);
    world.rooms.close(OWNER, ROOM).expect("it is there");
    assert_eq!(world.answer(&session, 2), Err(Refusal::NoRoom));
    assert_eq!(
        world.rooms.take_effects(),
        [
            Effect::Media(Command::CloseRoom { room: ROOM }),
            Effect::Media(Command::Leave { peer: PeerId(2) })
        ]
    );
    assert_eq!(world.rooms.sizes(), (0, 0));
}

#[test]
fn a_late_answer_to_a_restart_is_not_one_to_the_next() {
    let mut world = World::new();
    world.invite(ADA, 60).expect("there is room");
    let session = world.begin(1);
    world.answer(&session, 1).expect("it is answered");
    let ask = |world: &mut World, if_match: &str, ufrag: &str| {
        let holder = (ROOM, ADA);
        let asked = world
            .rooms
            .patch(&session, Direction::Publish, holder, if_match, Some(ufrag.into()));
        world.rooms.take_effects();
        asked
    };
    let answers = |world: &mut World, ufrag: &str| {
        let (now, peer) = (world.now(), PeerId(1));
        let (ufrag, password) = (ufrag.into(), "secret".into());
        world.rooms.media_event(now, Event::Restarted { peer, ufrag, password });
        let of = |effect| match effect {
            Effect::Answer { restart, restarted, .. } => Some((restart, restarted)),
            Effect::Media(_) => None,
        };
        world.rooms.take_effects().into_iter().find_map(of)
    };
    let first = ask(&mut world, "\"1\"", "newu").expect("hers").expect("a restart");
    assert_eq!(ask(&mut world, "*", "newu"), Err(Refusal::RestartUnderWay));
    world.rooms.give_restart_up(&SessionId("1".into()), first);
    // Nothing of it reached the client: it may ask again, with the same credentials and the ETag that it has.
    let second = ask(&mut world, "\"1\"", "newu").expect("hers").expect("a restart");
    assert_eq!(answers(&mut world, "ours1"), None);
    let (restart, restarted) = answers(&mut world, "ours2").expect("it is waited for");
    assert_eq!((restart, restarted.etag.as_str()), (second, "\"2\""));
    assert!(restarted.fragment.contains("ours2"), "{}", restarted.fragment);
    assert_eq!(ask(&mut world, "\"2\"", "newu"), Ok(None), "it has begun");

    // What is never answered is not kept without measure.
    for _ in 0..RESTARTS_WAITING_MAX {
        let asked = ask(&mut world, "*", "more").expect("hers").expect("a restart");
        world.rooms.give_restart_up(&SessionId("1".into()), asked);
    }
    assert_eq!(ask(&mut world, "*", "more"), Err(Refusal::RestartUnderWay));
}
