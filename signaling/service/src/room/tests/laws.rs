//! What holds in a room whatever happens, in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sfu_core::{Command, Event, PeerId};
use signaling_protocol::Role;
use signaling_protocol::message::EndReason;

use super::{Scene, grant};
use crate::room::*;

/// Something that happens; numbers choose among the few connections, peers and seats there are.
#[derive(Debug, Clone)]
enum Happening {
    Hello(u64, usize),
    Offer(u64),
    Answered(u64),
    Connected(u64),
    Alive(u64),
    Absent(u64),
    Present(u64),
    Gone(u64),
    Closed(u64),
    Ask(u64, Request),
    Confirm,
    Wait(u64),
    Cancel,
    Review,
    SignOut(usize),
    /// Records cannot be written for so long that too many wait, until they are confirmed.
    BackUp,
    Drain,
}

const SEATS: [&str; 3] = ["p", "c", "d"];

fn happening() -> impl Strategy<Value = Happening> {
    let seat = (0usize..3).prop_map(|seat| SEATS[seat].to_owned());
    let request = prop_oneof![
        4 => seat.clone().prop_map(|seat| Request::Admit { seat }),
        1 => seat.prop_map(|seat| Request::Dismiss { seat }),
        1 => any::<bool>().prop_map(|for_good| Request::Leave { for_good }),
        1 => Just(Request::End),
        1 => any::<bool>().prop_map(|screen| Request::Media(MediaFlags { screen, ..MediaFlags::default() })),
    ];
    prop_oneof![
        4 => (0u64..6, 0usize..3).prop_map(|(connection, seat)| Happening::Hello(connection, seat)),
        4 => (0u64..6).prop_map(Happening::Offer),
        4 => (0u64..12).prop_map(Happening::Answered),
        4 => (0u64..12).prop_map(Happening::Connected),
        4 => (0u64..12).prop_map(Happening::Alive),
        2 => (0u64..12).prop_map(Happening::Absent),
        2 => (0u64..12).prop_map(Happening::Present),
        1 => (0u64..12).prop_map(Happening::Gone),
        1 => (0u64..6).prop_map(Happening::Closed),
        4 => (0u64..6, request).prop_map(|(connection, request)| Happening::Ask(connection, request)),
        4 => Just(Happening::Confirm),
        4 => (0u64..15).prop_map(Happening::Wait),
        1 => (0usize..3).prop_map(Happening::SignOut),
        1 => Just(Happening::Review),
        1 => Just(Happening::BackUp),
        1 => prop_oneof![9 => Just(Happening::Wait(1)), 3 => Just(Happening::Cancel), 1 => Just(Happening::Drain)],
    ]
}

/// The world around the room: which peers were asked for, and what was confirmed.
#[derive(Default)]
struct Watch {
    /// The seat of each connection that said hello, the newest first.
    seat_of: BTreeMap<u64, &'static str>,
    peer_of: BTreeMap<u64, &'static str>,
    next_peer: u64,
    /// Peers of which the media plane forwards nothing since they are absent.
    absent: BTreeSet<u64>,
    /// Whether the gate of a peer may be open, as the media plane was told last.
    forwarded: BTreeMap<u64, bool>,
    /// Records of others that wait.
    backlog: usize,
    admitted: BTreeSet<String>,
    opened: BTreeSet<(String, u32)>,
    closed: BTreeSet<(String, u32)>,
    /// Who left for good.
    left: BTreeSet<String>,
    /// Whether the authority has said that the appointment lives no more.
    dead: bool,
    ended: bool,
}

impl Watch {
    fn step(&mut self, scene: &mut Scene, happening: Happening) {
        match happening {
            Happening::Hello(connection, seat) => self.say_hello(scene, connection, seat),
            Happening::Offer(pick) => {
                let Some((connection, seat)) = self.connection(pick) else {
                    return;
                };
                self.next_peer += 1;
                self.peer_of.insert(self.next_peer, seat);
                scene.offer(connection, self.next_peer);
            }
            Happening::Answered(peer) => scene.joined(peer),
            Happening::Connected(peer) => {
                scene.give(Input::Media(Event::Connected {
                    peer: PeerId(peer),
                    at: scene.now,
                }));
            }
            // The media plane says nothing of the time of who is absent.
            Happening::Alive(peer) if self.absent.contains(&peer) => {}
            Happening::Alive(peer) => scene.alive(peer),
            Happening::Absent(peer) => self.fall_silent(scene, peer),
            Happening::Present(peer) => {
                if self.absent.remove(&peer) {
                    scene.present(peer);
                }
            }
            Happening::Gone(peer) => {
                let second = scene.now.duration_since(scene.base).as_secs();
                scene.gone(peer, second);
            }
            Happening::Closed(pick) => {
                let Some((connection, _)) = self.connection(pick) else {
                    return;
                };
                scene.give(Input::Closed {
                    connection: ConnectionId(connection),
                });
            }
            Happening::Ask(pick, request) => {
                let Some((connection, _)) = self.connection(pick) else {
                    return;
                };
                scene.ask(connection, request);
            }
            Happening::Confirm => self.confirm(scene),
            Happening::Wait(seconds) => {
                scene.now += std::time::Duration::from_secs(seconds);
                scene.give(Input::Tick);
            }
            // The appointment is cancelled elsewhere: the room hears of it by asking.
            Happening::Cancel => self.dead = true,
            Happening::Review => {
                if self.dead {
                    scene.give(Input::AppointmentOver(EndReason::Cancelled));
                    assert!(!scene.room.going(), "a room does not outlive its appointment");
                }
            }
            Happening::SignOut(seat) => sign_out(scene, SEATS[seat]),
            Happening::BackUp => {
                self.backlog += RECORDS_WAITING_MAX;
                scene.room.unrecorded += RECORDS_WAITING_MAX;
            }
            Happening::Drain => scene.give(Input::Drain),
        }
        self.watch(scene);
        self.compare_gates(scene);
    }

    fn say_hello(&mut self, scene: &mut Scene, connection: u64, seat: usize) {
        let seat = SEATS[seat];
        let role = if seat == "p" { Role::Provider } else { Role::Consumer };
        // Connections are never used twice.
        let connection = connection + 10 * u64::try_from(self.seat_of.len()).expect("few");
        self.seat_of.insert(connection, seat);
        scene.hello(connection, grant(seat, role));
    }

    /// Only who is connected can be missed.
    fn fall_silent(&mut self, scene: &mut Scene, peer: u64) {
        let up = scene.room.seats.values().any(|seat| {
            let own = seat.peer.as_ref().filter(|own| own.id == PeerId(peer));
            own.is_some_and(|own| matches!(own.link, seat::Link::Connected { .. }))
        });
        if up && self.absent.insert(peer) {
            let second = scene.now.duration_since(scene.base).as_secs();
            scene.absent(peer, second);
        }
    }

    /// What is forwarded is counted, and nothing else: whoever is admitted, connected and present has an open segment,
    /// unless its gate is shut while records back up.
    fn compare_gates(&self, scene: &Scene) {
        for seat in scene.room.seats.values().filter(|_| scene.room.going()) {
            let Some(own) = &seat.peer else { continue };
            let seat::Link::Connected { segment, .. } = &own.link else {
                continue;
            };
            let allowed = self.forwarded.get(&own.id.0) == Some(&true);
            let forwarded = allowed && !self.absent.contains(&own.id.0);
            assert_eq!(segment.is_some(), forwarded, "{} is counted or forwarded", seat.id);
            assert!(
                allowed || !seat.admitted() || scene.room.backed_up(),
                "{} is held for no reason",
                seat.id
            );
        }
    }

    fn connection(&self, pick: u64) -> Option<(u64, &'static str)> {
        let nth = usize::try_from(pick).expect("small");
        self.seat_of
            .iter()
            .rev()
            .nth(nth)
            .map(|(connection, seat)| (*connection, *seat))
    }

    fn confirm(&mut self, scene: &mut Scene) {
        self.watch(scene);
        if self.backlog > 0 {
            // Its last record is confirmed as all others are.
            scene.room.unrecorded -= std::mem::take(&mut self.backlog) - 1;
            let (seat, at) = (String::new(), 0);
            scene.give(Input::Recorded {
                record: Record::LeftForGood { seat, at },
                standing: Standing::Lives,
            });
        }
        let waiting = std::mem::take(&mut scene.unconfirmed);
        for record in waiting {
            // Once the appointment is gone, no admission and no segment is taken any more.
            let asks = matches!(record, Record::Admitted { .. } | Record::Open { .. });
            let standing = if self.dead && asks {
                Standing::Over(EndReason::Cancelled)
            } else {
                Standing::Lives
            };
            if let (Record::Admitted { seat, .. }, Standing::Lives) = (&record, standing) {
                self.admitted.insert(seat.clone());
            }
            scene.give(Input::Recorded { record, standing });
        }
    }

    /// Checks the laws on what was done since the last look.
    fn watch(&mut self, scene: &mut Scene) {
        for effect in std::mem::take(&mut scene.done) {
            match effect {
                Effect::Media(Command::SetForwarding { peer, allowed }) => {
                    let seat = self.peer_of[&peer.0];
                    self.forwarded.insert(peer.0, allowed);
                    assert!(
                        seat == "p" || self.admitted.contains(seat),
                        "{seat} is let in before it is on record"
                    );
                }
                Effect::Record(record) => {
                    self.recorded(&record);
                    scene.unconfirmed.push(record);
                }
                Effect::Send { .. } | Effect::Close { .. } | Effect::Join(_) | Effect::Media(_) => {}
            }
        }
    }

    fn recorded(&mut self, record: &Record) {
        match record {
            Record::Open { segment, .. } => {
                let seat = segment.seat.as_str();
                assert!(
                    seat == "p" || self.admitted.contains(seat),
                    "{seat} is counted before it is let in"
                );
                assert!(
                    self.opened.insert((segment.seat.clone(), segment.seq)),
                    "a number is used once"
                );
                assert!(!self.ended, "nothing begins after the end");
            }
            Record::Close { segment, .. } => {
                let key = (segment.seat.clone(), segment.seq);
                assert!(self.opened.contains(&key), "what is closed was opened");
                assert!(self.closed.insert(key), "and is closed once");
            }
            Record::CallEnded { .. } => {
                assert!(!std::mem::replace(&mut self.ended, true), "a call ends once");
                assert_eq!(self.opened, self.closed, "after its last segment");
            }
            Record::LeftForGood { seat, .. } => {
                assert!(!self.ended, "nobody leaves after the end");
                assert!(self.left.insert(seat.clone()), "{seat} leaves for good once");
            }
            Record::Arrived { seat, .. } | Record::Admitted { seat, .. } => {
                assert!(!self.ended, "nobody comes after the end");
                assert!(!self.left.contains(seat), "{seat} came back after leaving for good");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn the_laws_hold_whatever_happens(happenings in proptest::collection::vec(happening(), 0..80)) {
        let mut scene = Scene::new();
        let mut watch = Watch::default();
        for happening in happenings {
            watch.step(&mut scene, happening);
        }
    }
}

/// The end of the sign-in that a seat was taken with.
fn sign_out(scene: &mut Scene, seat: &str) {
    let session = format!("session of {seat}");
    scene.give(Input::SeatOver(
        SeatSession {
            seat: seat.to_owned(),
            session,
        },
        EndReason::SignedOut,
    ));
    let held = scene.room.seats.get(seat);
    assert!(
        held.is_none_or(|seat| seat.connection.is_none() && seat.peer.is_none() && seat.joining.is_none()),
        "{seat} stays after its sign-in is over"
    );
}
