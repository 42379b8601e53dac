//! Scenes in one room: what is done, in which order, and what is not.

use std::time::{Duration, Instant};

use sfu_core::{DisconnectReason, Event, Joined, MediaKind, Mid, PeerId, RoomId, SlotInfo};
use signaling_protocol::message::{EndReason, ErrorCode, Presence, PublishedSource, SourceKind};
use signaling_protocol::{PriceModel, PriceTerms, Role, ServerMessage};

use super::*;
use crate::authority::{CallGrant, SegmentEnd};
use crate::limits::{CLOSE_WAIT, DISMISSED_PAUSE, RECORDS_WAITING_MAX, SILENCE_MAX};

const SECOND: i64 = 1_000_000;
const WINDOW: i64 = 600 * SECOND;

/// A room with a virtual clock; records are confirmed only when a scene says so.
struct Scene {
    base: Instant,
    now: Instant,
    room: Room,
    done: Vec<Effect>,
}

impl Scene {
    fn new() -> Self {
        let base = Instant::now();
        let grant = grant("p", Role::Provider);
        let pricing: Pricing = std::sync::Arc::new(|_, billable| billable / SECOND);
        let now = Now { utc: 0, mono: base };
        let room = Room::new(RoomConfig::default(), pricing, RoomId(1), now, &grant);
        Self {
            base,
            now: base,
            room,
            done: Vec::new(),
        }
    }

    /// A room in which provider (connection 1, peer 11) and consumer (connection 2, peer 12) are connected, from second 1.
    fn talking() -> Self {
        let mut scene = Self::new();
        scene.hello(1, grant("p", Role::Provider));
        scene.hello(2, grant("c", Role::Consumer));
        scene.media_up(1, 11);
        scene.ask(1, Request::Admit { seat: "c".into() });
        scene.confirm();
        scene.at(1);
        scene.media_up(2, 12);
        scene.confirm();
        scene.done.clear();
        scene
    }

    fn at(&mut self, second: u64) {
        self.now = self.base + Duration::from_secs(second);
    }

    /// Both talk until a second; what that brings is forgotten.
    fn talk_until(&mut self, second: u64) {
        let from = self.now.duration_since(self.base).as_secs();
        for second in from + 1..=second {
            self.at(second);
            self.alive(11);
            self.alive(12);
        }
        self.done.clear();
    }

    fn give(&mut self, input: Input) {
        let now = Now {
            utc: 77,
            mono: self.now,
        };
        let effects = self.room.handle(now, input);
        self.done.extend(effects);
    }

    fn hello(&mut self, connection: u64, grant: CallGrant) {
        self.give(Input::Hello {
            connection: ConnectionId(connection),
            grant,
        });
    }

    fn ask(&mut self, connection: u64, request: Request) {
        self.give(Input::Request {
            connection: ConnectionId(connection),
            request,
        });
    }

    fn offer(&mut self, connection: u64, peer: u64) {
        let source = |mid: &str, source| PublishedSource {
            mid: mid.into(),
            source,
        };
        let sources = vec![source("0", SourceKind::Microphone), source("1", SourceKind::Camera)];
        let offer = Offer {
            id: 5,
            sdp: "offer".into(),
            sources,
        };
        self.give(Input::Offer {
            connection: ConnectionId(connection),
            peer: PeerId(peer),
            offer,
        });
    }

    fn joined(&mut self, peer: u64) {
        let slot = |mid: &str, kind| SlotInfo {
            mid: Mid(mid.into()),
            kind,
        };
        let slots = vec![slot("2", MediaKind::Audio), slot("3", MediaKind::Video)];
        self.give(Input::Joined {
            peer: PeerId(peer),
            result: Ok(Joined {
                answer: "answer".into(),
                slots,
            }),
        });
    }

    fn media_up(&mut self, connection: u64, peer: u64) {
        self.offer(connection, peer);
        self.joined(peer);
        self.give(Input::Media(Event::Connected {
            peer: PeerId(peer),
            at: self.now,
        }));
    }

    fn alive(&mut self, peer: u64) {
        self.give(Input::Media(Event::Alive {
            peer: PeerId(peer),
            last_packet_at: self.now,
        }));
    }

    /// The media plane says that a peer is gone, last heard at a second.
    fn gone(&mut self, peer: u64, last_second: u64) {
        let last_packet_at = Some(self.base + Duration::from_secs(last_second));
        let reason = DisconnectReason::ConsentExpired;
        self.give(Input::Media(Event::Disconnected {
            peer: PeerId(peer),
            last_packet_at,
            reason,
        }));
    }

    /// Confirms every record so far.
    fn confirm(&mut self) {
        let records: Vec<_> = self.records();
        self.done.retain(|effect| !matches!(effect, Effect::Record(_)));
        for record in records {
            self.give(Input::Recorded(record));
        }
    }

    fn records(&self) -> Vec<Record> {
        let record = |effect: &Effect| match effect {
            Effect::Record(record) => Some(record.clone()),
            _ => None,
        };
        self.done.iter().filter_map(record).collect()
    }

    fn sent(&self, connection: u64) -> Vec<&ServerMessage> {
        let message = |effect: &'_ Effect| matches!(effect, Effect::Send { connection: to, .. } if to.0 == connection);
        let sent = self.done.iter().filter(|effect| message(effect));
        sent.filter_map(|effect| {
            if let Effect::Send { message, .. } = effect {
                Some(message)
            } else {
                None
            }
        })
        .collect()
    }

    /// What was done, in short words, without clock messages.
    fn log(&self) -> Vec<String> {
        self.done.iter().filter_map(short).collect()
    }

    fn presence(&self, seat: &str) -> Presence {
        let live = self.room.snapshot(self.now);
        live.seats
            .iter()
            .find(|live| live.seat == seat)
            .expect("the seat is known")
            .presence
    }

    fn billable(&self) -> i64 {
        self.room.snapshot(self.now).billable
    }
}

fn short(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Send { connection, message } => {
            let json = serde_json::to_value(message).expect("messages are JSON");
            let kind = json["type"].as_str().expect("messages have a type").to_owned();
            if kind == "clock" {
                return None;
            }
            format!("{kind} to {}", connection.0)
        }
        Effect::Close { connection, code } => format!("close {} {code:?}", connection.0),
        Effect::Join(join) => format!("join {}", join.peer.0),
        Effect::LeaveMedia(peer) => format!("leave {}", peer.0),
        Effect::SetForwarding { peer, allowed } => format!("forward {} {allowed}", peer.0),
        Effect::MapSlots { peer, slots } => {
            let slot = |slot: &sfu_core::SlotMapping| match &slot.source {
                Some(source) => format!("{}={}", slot.mid.0, source.peer.0),
                None => format!("{}=-", slot.mid.0),
            };
            format!(
                "map {} {}",
                peer.0,
                slots.iter().map(slot).collect::<Vec<_>>().join(" ")
            )
        }
        Effect::StopMedia(_) => "stop".into(),
        Effect::Record(Record::Arrived { seat, .. }) => format!("record arrived {seat}"),
        Effect::Record(Record::Admitted { seat, .. }) => format!("record admitted {seat}"),
        Effect::Record(Record::Open { segment, started_at }) => {
            format!("record open {}{} at {}", segment.seat, segment.seq, started_at / SECOND)
        }
        Effect::Record(Record::Close { segment, ended_at, end }) => {
            format!(
                "record close {}{} at {} {end:?}",
                segment.seat,
                segment.seq,
                ended_at / SECOND
            )
        }
        Effect::Record(Record::CallEnded { .. }) => "record ended".into(),
    })
}

fn grant(seat: &str, role: Role) -> CallGrant {
    CallGrant {
        call: "call".into(),
        seat: seat.into(),
        role,
        name: seat.to_uppercase(),
        title: "Advice".into(),
        opens_at: -SECOND,
        starts_at: 0,
        ends_at: WINDOW,
        price: PriceTerms {
            currency: "NOK".into(),
            model: PriceModel::Free,
        },
        admitted: role == Role::Provider,
        billed_before: 0,
        next_segment: 1,
    }
}

#[test]
fn nothing_flows_and_nothing_counts_before_the_admission_is_on_record() {
    let mut scene = Scene::new();
    scene.hello(1, grant("p", Role::Provider));
    scene.media_up(1, 11);
    scene.confirm();
    scene.hello(2, grant("c", Role::Consumer));
    scene.media_up(2, 12);
    scene.done.clear();
    scene.at(5);
    scene.ask(1, Request::Admit { seat: "c".into() });
    assert_eq!(scene.log(), ["record admitted c"]);
    assert_eq!(scene.presence("c"), Presence::Lobby);
    scene.at(7);
    scene.confirm();
    assert_eq!(
        scene.log(),
        [
            "forward 12 true",
            "admitted to 2",
            "record open c1 at 7",
            "map 12 2=11 3=11",
            "slots to 2",
            "map 11 2=12 3=12",
            "slots to 1",
            "participants to 2",
            "participants to 1",
        ]
        .map(str::to_owned)
    );
    // Time counts from the record of the segment on, back to its beginning.
    scene.at(10);
    scene.alive(11);
    scene.alive(12);
    assert_eq!(scene.billable(), 0);
    scene.confirm();
    assert_eq!(scene.billable(), 3 * SECOND);
    assert_eq!(scene.presence("c"), Presence::Connected);
}

#[test]
fn only_the_provider_admits_and_only_who_waits() {
    let mut scene = Scene::new();
    scene.hello(1, grant("p", Role::Provider));
    scene.hello(2, grant("c", Role::Consumer));
    scene.done.clear();
    scene.ask(2, Request::Admit { seat: "c".into() });
    scene.ask(1, Request::Admit { seat: "nobody".into() });
    scene.ask(1, Request::Admit { seat: "p".into() });
    let refused = |connection| -> Vec<ErrorCode> {
        let code = |message: &&ServerMessage| match message {
            ServerMessage::Error { code, fatal: false, .. } => Some(*code),
            _ => None,
        };
        scene.sent(connection).iter().filter_map(code).collect()
    };
    assert_eq!(refused(2), [ErrorCode::Forbidden]);
    assert_eq!(refused(1), [ErrorCode::UnknownSeat, ErrorCode::UnknownSeat]);
    assert!(scene.records().is_empty());
}

#[test]
fn a_new_connection_takes_the_seat_over_at_once() {
    let mut scene = Scene::talking();
    scene.talk_until(20);
    scene.hello(3, grant("c", Role::Consumer));
    assert_eq!(
        scene.log()[..4],
        ["taken_over to 2", "close 2 TakenOver", "leave 12", "record arrived c"].map(str::to_owned)
    );
    let welcome = scene.sent(3)[0];
    assert!(
        matches!(welcome, ServerMessage::Welcome { admitted: true, .. }),
        "{welcome:?}"
    );
    assert_eq!(scene.presence("c"), Presence::Reconnecting);
    scene.done.clear();
    scene.gone(12, 20);
    assert_eq!(scene.log(), ["record close c1 at 20 TakenOver"]);
    // The old connection has no say any more.
    scene.ask(2, Request::Leave);
    scene.give(Input::Closed {
        connection: ConnectionId(2),
    });
    assert_eq!(scene.presence("c"), Presence::Reconnecting);
    scene.done.clear();
    scene.at(22);
    scene.media_up(3, 13);
    assert!(scene.log().contains(&"forward 13 true".to_owned()));
    assert!(scene.log().contains(&"record open c2 at 22".to_owned()));
    assert!(scene.log().contains(&"map 11 2=13 3=13".to_owned()));
}

#[test]
fn a_dead_socket_does_not_end_media() {
    let mut scene = Scene::talking();
    scene.give(Input::Closed {
        connection: ConnectionId(2),
    });
    scene.at(5);
    scene.alive(12);
    scene.hello(3, grant("c", Role::Consumer));
    assert_eq!(scene.presence("c"), Presence::Connected);
    assert!(
        !scene.log().iter().any(|done| done.starts_with("leave")),
        "{:?}",
        scene.log()
    );
    scene.offer(3, 13);
    scene.done.clear();
    scene.joined(13);
    assert_eq!(
        scene.log()[..3],
        ["leave 12", "forward 13 true", "answer to 3"].map(str::to_owned)
    );
}

#[test]
fn a_refused_offer_keeps_what_there_was() {
    let mut scene = Scene::talking();
    scene.offer(2, 13);
    scene.done.clear();
    let refusal = Err(sfu_core::JoinError::BadOffer("no codec".into()));
    scene.give(Input::Joined {
        peer: PeerId(13),
        result: refusal,
    });
    assert_eq!(scene.log(), ["error to 2"]);
    assert_eq!(scene.presence("c"), Presence::Connected);
    // An answer that nobody waits for any more is taken back.
    scene.offer(2, 14);
    scene.offer(2, 15);
    scene.done.clear();
    scene.joined(14);
    assert_eq!(scene.log(), ["leave 14"]);
}

#[test]
fn leaving_ends_the_call_after_a_grace() {
    let mut scene = Scene::talking();
    scene.talk_until(10);
    scene.ask(2, Request::Leave);
    assert_eq!(scene.log()[..2], ["leave 12", "close 2 Done"].map(str::to_owned));
    scene.gone(12, 10);
    assert_eq!(scene.presence("c"), Presence::Left);
    scene.at(19);
    scene.give(Input::Tick);
    assert!(!scene.log().contains(&"stop".to_owned()));
    scene.done.clear();
    scene.at(20);
    scene.give(Input::Tick);
    assert_eq!(scene.log(), ["leave 11", "stop"].map(str::to_owned));
    scene.done.clear();
    scene.gone(11, 20);
    assert_eq!(
        scene.log(),
        [
            "record close p1 at 20 Left",
            "ended to 1",
            "close 1 Done",
            "record ended"
        ]
        .map(str::to_owned)
    );
    let end = scene
        .sent(1)
        .into_iter()
        .find(|message| matches!(message, ServerMessage::Ended { .. }));
    let Some(ServerMessage::Ended { reason, clock }) = end else {
        panic!("the end is announced")
    };
    assert_eq!(
        (*reason, clock.billable_ms, clock.cost_minor),
        (EndReason::Left, 9_000, 9)
    );
    scene.done.clear();
    scene.hello(4, grant("c", Role::Consumer));
    assert_eq!(scene.log(), ["error to 4", "close 4 NotOpen"].map(str::to_owned));
    assert!(scene.room.over_since().is_none());
    scene.done.push(Effect::Record(Record::CallEnded { at: 0 }));
    for _ in 0..4 {
        scene.give(Input::Recorded(Record::CallEnded { at: 0 }));
    }
    assert!(scene.room.over_since().is_some());
}

#[test]
fn coming_back_within_the_grace_goes_on_with_the_call() {
    let mut scene = Scene::talking();
    scene.talk_until(10);
    scene.ask(2, Request::Leave);
    scene.at(15);
    scene.hello(3, grant("c", Role::Consumer));
    scene.at(60);
    scene.give(Input::Tick);
    assert!(!scene.log().contains(&"stop".to_owned()));
    assert_eq!(scene.presence("c"), Presence::Connecting);
}

#[test]
fn leaving_before_anything_took_place_ends_nothing() {
    let mut scene = Scene::new();
    scene.hello(1, grant("p", Role::Provider));
    scene.hello(2, grant("c", Role::Consumer));
    scene.ask(2, Request::Leave);
    scene.ask(1, Request::Leave);
    scene.at(100);
    scene.give(Input::Tick);
    assert!(!scene.log().contains(&"stop".to_owned()));
    scene.hello(3, grant("c", Role::Consumer));
    assert!(matches!(
        scene.sent(3)[0],
        ServerMessage::Welcome { admitted: false, .. }
    ));
}

#[test]
fn the_window_ends_the_call_and_nothing_after_it_counts() {
    let mut scene = Scene::talking();
    scene.talk_until(599);
    scene.at(600);
    scene.give(Input::Tick);
    scene.gone(11, 601);
    scene.gone(12, 601);
    let log = scene.log();
    assert!(
        log.contains(&"record close c1 at 600 WindowEnded".to_owned()),
        "{log:?}"
    );
    assert_eq!(log.last().map(String::as_str), Some("record ended"));
    let ended = |message: &&ServerMessage| matches!(message, ServerMessage::Ended { reason: EndReason::WindowEnded, clock } if clock.remaining_ms == 0);
    assert_eq!(scene.sent(2).iter().filter(|message| ended(message)).count(), 1);
}

#[test]
fn an_end_does_not_wait_for_ever_for_the_last_packets() {
    let mut scene = Scene::talking();
    scene.give(Input::Cancel);
    assert!(!scene.log().contains(&"record ended".to_owned()));
    scene.now += CLOSE_WAIT;
    scene.give(Input::Tick);
    assert_eq!(scene.log().last().map(String::as_str), Some("record ended"));
}

#[test]
fn silence_parts_segments_and_is_not_counted() {
    let mut scene = Scene::talking();
    scene.talk_until(10);
    let resumed = 11 + SILENCE_MAX.as_secs();
    for second in 11..=resumed {
        scene.at(second);
        scene.alive(11);
    }
    assert_eq!(scene.presence("c"), Presence::Reconnecting);
    scene.done.clear();
    scene.alive(12);
    let expected = [
        "record close c1 at 10 ConnectionLost".to_owned(),
        format!("record open c2 at {resumed}"),
    ];
    assert_eq!(scene.log()[..2], expected);
    scene.confirm();
    scene.at(resumed + 1);
    scene.alive(11);
    scene.alive(12);
    assert_eq!(scene.billable(), 10 * SECOND);
}

#[test]
fn a_lost_peer_ends_its_segment_at_its_last_packet() {
    let mut scene = Scene::talking();
    scene.at(4);
    scene.alive(12);
    scene.at(40);
    scene.gone(12, 5);
    assert_eq!(
        scene.records().last(),
        Some(&Record::Close {
            segment: SegmentId {
                seat: "c".into(),
                seq: 1
            },
            ended_at: 5 * SECOND,
            end: SegmentEnd::ConnectionLost,
        })
    );
    assert_eq!(scene.presence("c"), Presence::Reconnecting);
    assert!(scene.log().contains(&"map 11 2=- 3=-".to_owned()));
}

#[test]
fn who_is_turned_away_waits_before_knocking_again() {
    let mut scene = Scene::new();
    scene.hello(1, grant("p", Role::Provider));
    scene.hello(2, grant("c", Role::Consumer));
    scene.media_up(2, 12);
    scene.done.clear();
    scene.ask(1, Request::Dismiss { seat: "c".into() });
    assert_eq!(
        scene.log()[..3],
        ["leave 12", "ended to 2", "close 2 Done"].map(str::to_owned)
    );
    scene.done.clear();
    scene.hello(3, grant("c", Role::Consumer));
    assert_eq!(scene.log(), ["error to 3", "close 3 NotOpen"].map(str::to_owned));
    scene.now += DISMISSED_PAUSE;
    scene.hello(4, grant("c", Role::Consumer));
    assert_eq!(scene.presence("c"), Presence::Lobby);
}

#[test]
fn people_in_the_lobby_see_the_provider_and_themselves() {
    let mut scene = Scene::talking();
    scene.hello(3, grant("d", Role::Consumer));
    let seats = |connection| -> Vec<String> {
        let list = |message: &&ServerMessage| match message {
            ServerMessage::Participants { participants } => {
                Some(participants.iter().map(|one| one.seat.clone()).collect())
            }
            _ => None,
        };
        scene
            .sent(connection)
            .iter()
            .filter_map(list)
            .next_back()
            .unwrap_or_default()
    };
    assert_eq!(seats(3), ["p", "d"]);
    assert_eq!(seats(1), ["p", "c", "d"]);
    assert!(seats(2).is_empty(), "nothing changed for an admitted consumer");
}

#[test]
fn going_down_closes_segments_but_not_the_call() {
    let mut scene = Scene::talking();
    scene.at(3);
    scene.give(Input::Drain);
    assert!(!scene.room.settled());
    scene.gone(11, 3);
    scene.gone(12, 2);
    let log = scene.log();
    assert!(
        log.contains(&"moving to 1".to_owned()) && log.contains(&"close 2 Moving".to_owned()),
        "{log:?}"
    );
    assert!(log.contains(&"record close p1 at 3 Shutdown".to_owned()), "{log:?}");
    assert!(log.contains(&"record close c1 at 2 Shutdown".to_owned()), "{log:?}");
    assert!(!log.contains(&"record ended".to_owned()), "{log:?}");
    scene.confirm();
    assert!(scene.room.settled());
}

#[test]
fn unwritten_records_stop_what_is_new_and_not_what_runs() {
    let mut scene = Scene::talking();
    let mut connection = 100;
    while scene.records().len() < RECORDS_WAITING_MAX {
        scene.hello(connection, grant("c", Role::Consumer));
        connection += 1;
    }
    scene.done.clear();
    scene.hello(connection, grant("c", Role::Consumer));
    assert_eq!(
        scene.log(),
        [
            format!("error to {connection}"),
            format!("close {connection} Unavailable")
        ]
    );
    scene.at(2);
    scene.alive(11);
    assert_eq!(scene.presence("p"), Presence::Connected);
    scene.gone(11, 2);
    assert!(
        scene
            .records()
            .iter()
            .any(|record| matches!(record, Record::Close { .. }))
    );
}

#[test]
fn a_room_that_is_not_open_lets_nobody_in() {
    let check = |opens_at, second, text: &str| {
        let mut scene = Scene::new();
        scene.room.opens_at = opens_at;
        scene.at(second);
        scene.hello(1, grant("p", Role::Provider));
        let Some(ServerMessage::Error {
            message,
            code: ErrorCode::NotOpen,
            fatal: true,
        }) = scene.sent(1).first().copied()
        else {
            panic!("refused: {:?}", scene.log());
        };
        assert_eq!(message, text);
    };
    check(5 * SECOND, 4, "the room is not open yet");
    check(0, 600, "the call is over");
}
