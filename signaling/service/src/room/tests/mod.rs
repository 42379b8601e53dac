//! Scenes in one room: what is done, in which order, and what is not.

mod arrival;
mod ending;
mod laws;
mod presence;
mod steering;

use std::time::{Duration, Instant};

use sfu_core::{Command, DisconnectReason, Event, Joined, MediaKind, Mid, PeerId, RoomId, SlotContent, SlotInfo};
use signaling_protocol::message::{Presence, PublishedSource, SourceKind};
use signaling_protocol::{PriceModel, PriceTerms, Role, ServerMessage};

use super::*;
use crate::authority::CallGrant;
use crate::quality::QualityBoard;

const SECOND: i64 = 1_000_000;
const WINDOW: i64 = 600 * SECOND;

/// A room with a virtual clock; records are confirmed only when a scene says so.
struct Scene {
    base: Instant,
    now: Instant,
    room: Room,
    done: Vec<Effect>,
    /// Records that somebody else took out of `done` to confirm them later.
    unconfirmed: Vec<Record>,
}

impl Scene {
    fn new() -> Self {
        Self::of(&grant("p", Role::Provider))
    }

    /// The room that a grant opens.
    fn of(grant: &CallGrant) -> Self {
        let base = Instant::now();
        let now = Now { utc: 0, mono: base };
        let room = Room::new(RoomConfig::default(), RoomId(1), now, grant);
        Self {
            base,
            now: base,
            room,
            done: Vec::new(),
            unconfirmed: Vec::new(),
        }
    }

    /// A room in which provider (connection 1, peer 11) and consumer (connection 2, peer 12) are connected, from second 1.
    fn talking() -> Self {
        Self::talking_by(&grant("p", Role::Provider))
    }

    /// As [`Self::talking`], in the room of another grant of the provider.
    fn talking_by(provider: &CallGrant) -> Self {
        let mut scene = Self::of(provider);
        scene.hello(1, provider.clone());
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
            present_until: self.now,
        }));
    }

    /// The media plane says that a peer was present until a second and not after.
    fn absent(&mut self, peer: u64, second: u64) {
        self.give(Input::Media(Event::Absent {
            peer: PeerId(peer),
            present_until: self.base + Duration::from_secs(second),
        }));
    }

    /// The media plane says that a peer is present again.
    fn present(&mut self, peer: u64) {
        self.give(Input::Media(Event::Present {
            peer: PeerId(peer),
            at: self.now,
        }));
    }

    /// The media plane says that a peer is gone, last heard at a second.
    fn gone(&mut self, peer: u64, last_second: u64) {
        let present_until = Some(self.base + Duration::from_secs(last_second));
        let reason = DisconnectReason::ConsentExpired;
        self.give(Input::Media(Event::Disconnected {
            peer: PeerId(peer),
            present_until,
            reason,
        }));
    }

    /// Confirms every record so far.
    fn confirm(&mut self) {
        let records: Vec<_> = self.records();
        self.done.retain(|effect| !matches!(effect, Effect::Record(_)));
        for record in records {
            self.give(Input::Recorded {
                record,
                standing: Standing::Lives,
            });
        }
    }

    fn records(&self) -> Vec<Record> {
        let record = |effect: &Effect| {
            if let Effect::Record(record) = effect {
                Some(record.clone())
            } else {
                None
            }
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
        let live = self.room.snapshot(self.now, &QualityBoard::default());
        live.seats
            .iter()
            .find(|live| live.seat == seat)
            .expect("the seat is known")
            .presence
    }

    fn billable(&self) -> i64 {
        self.room.snapshot(self.now, &QualityBoard::default()).billable
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
        Effect::Media(command) => command_in_short(command)?,
        Effect::Record(Record::Arrived { seat, .. }) => format!("record arrived {seat}"),
        Effect::Record(Record::Admitted { seat, .. }) => format!("record admitted {seat}"),
        Effect::Record(Record::LeftForGood { seat, .. }) => format!("record left {seat}"),
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

fn command_in_short(command: &Command) -> Option<String> {
    Some(match command {
        Command::Leave { peer } => format!("leave {}", peer.0),
        Command::SetForwarding { peer, allowed } => format!("forward {} {allowed}", peer.0),
        Command::MapSlots { peer, slots } => {
            let slot = |slot: &sfu_core::SlotMapping| match slot.content {
                SlotContent::Source(source) => format!("{}={}", slot.mid.0, source.peer.0),
                SlotContent::Loudest => format!("{}=loudest", slot.mid.0),
                SlotContent::Nothing => format!("{}=-", slot.mid.0),
            };
            format!(
                "map {} {}",
                peer.0,
                slots.iter().map(slot).collect::<Vec<_>>().join(" ")
            )
        }
        Command::SizeSlots { peer, sizes } => {
            let size = |size: &sfu_core::SlotSize| format!("{}={}x{}", size.mid.0, size.width, size.height);
            format!(
                "size {} {}",
                peer.0,
                sizes.iter().map(size).collect::<Vec<_>>().join(" ")
            )
        }
        Command::Restart { peer, ufrag } => format!("restart {} {ufrag}", peer.0),
        Command::CloseRoom { .. } => "stop".into(),
        Command::Join(_) | Command::Mute { .. } | Command::Capture { .. } => return None,
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
            discount: None,
            // One a second.
            model: PriceModel::PerMinute {
                rate_minor: 60,
                increment_s: 1,
                free_s: 0,
                cap_minor: 1_000_000,
            },
        },
        admitted: role == Role::Provider,
        left_for_good: Vec::new(),
        billed_before: 0,
        took_place: false,
        next_segment: 1,
        session: format!("session of {seat}"),
    }
}
