//! Sizes, ICE restarts, encodings, quality and speakers: who hears of what.

use std::time::Duration;

use sfu_core::{Event, LegDirection, LegStats, Mid, PeerId, SlotSize, Source};
use signaling_protocol::message::{Quality, SeatQuality};
use signaling_protocol::{Role, ServerMessage};

use super::{Scene, grant};
use crate::limits::{QUALITY_PERIOD, RESTARTS_WAITING_MAX};
use crate::room::*;

fn size(mid: &str, width: u16, height: u16) -> SlotSize {
    let mid = Mid(mid.into());
    SlotSize { mid, width, height }
}

fn leg(direction: LegDirection, score: Option<f32>) -> LegStats {
    LegStats {
        mid: Mid("0".into()),
        direction,
        source: None,
        packets: 0,
        bytes: 0,
        lost: 0,
        jitter: Duration::ZERO,
        layer: None,
        wanted_layer: None,
        score,
    }
}

impl Scene {
    fn restarted(&mut self, peer: u64, ufrag: &str) {
        self.give(Input::Media(Event::Restarted {
            peer: PeerId(peer),
            ufrag: ufrag.into(),
            password: "secret".into(),
        }));
    }

    fn legs(&mut self, peer: u64, legs: Vec<LegStats>) {
        let peer = PeerId(peer);
        self.give(Input::Media(Event::Legs { peer, legs }));
    }

    fn speak(&mut self, peers: &[u64]) {
        let peers = peers.iter().copied().map(PeerId).collect();
        let room = self.room.id();
        self.give(Input::Media(Event::Speakers { room, peers }));
    }
}

#[test]
fn sizes_reach_the_peer_for_the_video_slots_that_it_has() {
    let mut scene = Scene::talking();
    let sizes = vec![size("3", 640, 360), size("2", 9, 9), size("77", 9, 9)];
    scene.ask(2, Request::Sizes(sizes));
    assert_eq!(scene.log(), ["size 12 3=640x360"]);
    scene.done.clear();
    scene.ask(2, Request::Sizes(vec![size("77", 9, 9)]));
    scene.ask(9, Request::Sizes(vec![size("3", 9, 9)]));
    assert!(scene.log().is_empty());
}

#[test]
fn restarts_are_answered_in_order_to_whoever_asked() {
    let mut scene = Scene::talking();
    for id in [7, 8] {
        let ufrag = format!("new{id}");
        scene.ask(2, Request::Restart { id, ufrag });
    }
    assert_eq!(scene.log(), ["restart 12 new7", "restart 12 new8"]);
    scene.done.clear();
    scene.restarted(12, "one");
    scene.restarted(12, "two");
    scene.restarted(12, "three");
    let answer = |id, ufrag: &str| ServerMessage::Restarted {
        id,
        ufrag: ufrag.into(),
        password: "secret".into(),
    };
    assert_eq!(scene.sent(2), [&answer(7, "one"), &answer(8, "two")]);
    assert!(scene.sent(1).is_empty());
}

#[test]
fn a_restart_needs_a_peer_and_has_an_end() {
    let mut scene = Scene::talking();
    scene.gone(12, 1);
    scene.done.clear();
    let restart = |id| Request::Restart {
        id,
        ufrag: "abcd".into(),
    };
    scene.ask(2, restart(1));
    assert_eq!(scene.log(), ["error to 2"]);
    for id in 0..RESTARTS_WAITING_MAX {
        scene.ask(1, restart(u32::try_from(id).expect("few")));
    }
    scene.done.clear();
    scene.ask(1, restart(99));
    assert_eq!(scene.log(), ["error to 1"]);
}

#[test]
fn encodings_are_told_to_their_publisher_only() {
    let mut scene = Scene::talking();
    let source = Source {
        peer: PeerId(12),
        kind: sfu_core::SourceKind::Camera,
    };
    let encodings = vec![("l".to_owned(), true), ("h".to_owned(), false)];
    scene.give(Input::Media(Event::Encodings { source, encodings }));
    assert_eq!(scene.log(), ["encodings to 2"]);
}

/// Trial D3: a picture that is not sent is told to whoever misses it.
#[test]
fn a_withheld_picture_is_told_to_its_viewer_until_it_comes_or_another_takes_its_place() {
    let mut scene = Scene::talking();
    let withheld = |scene: &mut Scene, slots: &[&str]| {
        scene.done.clear();
        let slots = slots.iter().map(|mid| Mid((*mid).into())).collect();
        let peer = PeerId(12);
        scene.give(Input::Media(Event::Withheld { peer, slots }));
    };
    let told = |scene: &Scene| {
        let slots = scene.sent(2).into_iter().rev().find_map(|message| {
            let ServerMessage::Slots { slots } = message else {
                return None;
            };
            Some(slots.clone())
        });
        let slots = slots.expect("the viewer is told").into_iter();
        slots
            .filter(|slot| slot.withheld)
            .map(|slot| slot.mid)
            .collect::<Vec<_>>()
    };
    // The camera of the other is on slot 3; 77 is of no peer of this seat.
    withheld(&mut scene, &["3", "77"]);
    assert_eq!(scene.log(), ["slots to 2"]);
    assert_eq!(told(&scene), ["3"]);
    withheld(&mut scene, &[]);
    assert!(told(&scene).is_empty());
    withheld(&mut scene, &["3"]);
    scene.done.clear();
    scene.gone(11, 1);
    scene.media_up(1, 21);
    scene.confirm();
    assert!(
        scene.log().iter().any(|line| line.contains("3=21")),
        "{:?}",
        scene.log()
    );
    assert!(told(&scene).is_empty(), "of what comes next nothing is known");
}

#[test]
fn quality_is_the_worst_leg_each_way_and_told_seldom() {
    let mut scene = Scene::talking();
    scene.at(2 + QUALITY_PERIOD.as_secs());
    scene.done.clear();
    let sends = |score| leg(LegDirection::Publishes, Some(score));
    scene.legs(12, vec![sends(4.4), sends(2.0), leg(LegDirection::Receives, Some(4.0))]);
    let poor = vec![SeatQuality {
        seat: "c".into(),
        sends: Some(Quality::Poor),
        receives: Some(Quality::Good),
    }];
    let expected = ServerMessage::Quality { seats: poor };
    assert_eq!(scene.log(), ["quality to 2", "quality to 1"]);
    assert_eq!(scene.sent(1).last(), Some(&&expected));
    scene.done.clear();
    scene.legs(12, vec![sends(3.0), leg(LegDirection::Receives, None)]);
    assert!(scene.log().is_empty(), "not again so soon");
    scene.now += QUALITY_PERIOD;
    scene.give(Input::Tick);
    let fair = vec![SeatQuality {
        seat: "c".into(),
        sends: Some(Quality::Fair),
        receives: None,
    }];
    assert_eq!(scene.sent(1).last(), Some(&&ServerMessage::Quality { seats: fair }));
}

#[test]
fn speakers_are_told_to_those_inside_and_only_when_they_change() {
    let mut scene = Scene::talking();
    scene.hello(3, grant("d", Role::Consumer));
    scene.done.clear();
    scene.speak(&[12, 99, 11]);
    let speakers = |seats: &[&str]| ServerMessage::Speakers {
        seats: seats.iter().map(|seat| (*seat).to_owned()).collect(),
    };
    assert_eq!(scene.sent(1), [&speakers(&["c", "p"])]);
    assert_eq!(scene.sent(2), [&speakers(&["c", "p"])]);
    assert!(scene.sent(3).is_empty(), "nobody speaks to the lobby");
    scene.done.clear();
    scene.speak(&[12, 11]);
    assert!(scene.log().is_empty());
    scene.speak(&[]);
    assert_eq!(scene.sent(1), [&speakers(&[])]);
}
