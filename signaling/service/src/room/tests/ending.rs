//! Leaving, the grace, the window, and going down.

use signaling_protocol::message::{EndReason, Presence};
use signaling_protocol::{Role, ServerMessage};

use super::{Scene, grant};
use crate::limits::CLOSE_WAIT;
use crate::room::*;

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
