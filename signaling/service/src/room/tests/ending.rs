//! Leaving, ending, the window, and going down.

use signaling_protocol::message::{EndReason, Presence};
use signaling_protocol::{Role, ServerMessage};

use super::{SECOND, Scene, grant};
use crate::limits::CLOSE_WAIT;
use crate::room::*;

fn ended_of(scene: &Scene, connection: u64) -> Option<(EndReason, i64, i64)> {
    scene.sent(connection).into_iter().find_map(|message| {
        if let ServerMessage::Ended { reason, clock } = message {
            Some((*reason, clock.billable_ms, clock.cost_minor))
        } else {
            None
        }
    })
}

/// Trial B3: whoever leaves may come back until the window ends, and nothing is over before that.
#[test]
fn leaving_ends_nothing_and_the_leaver_may_come_back() {
    let mut scene = Scene::talking();
    scene.talk_until(10);
    scene.ask(2, Request::Leave { for_good: false });
    let expected = ["leave 12", "map 11 2=- 3=-", "slots to 1", "participants to 1"];
    assert_eq!(scene.log(), expected.map(str::to_owned));
    assert_eq!(scene.presence("c"), Presence::Left);
    scene.done.clear();
    scene.gone(12, 10);
    assert_eq!(
        scene.log(),
        ["record close c1 at 10 Left", "ended to 2", "close 2 Done"].map(str::to_owned),
        "the final figures come when the last packet is known"
    );
    assert_eq!(ended_of(&scene, 2), Some((EndReason::Left, 9_000, 9)));
    scene.at(300);
    scene.give(Input::Tick);
    assert!(!scene.log().contains(&"stop".to_owned()));
    scene.hello(3, grant("c", Role::Consumer));
    assert_eq!(scene.presence("c"), Presence::Connecting);
    scene.at(599);
    scene.give(Input::Tick);
    assert!(!scene.log().contains(&"stop".to_owned()), "only the window ends it");
}

/// Trial E21: the figures of whoever left were told before the other side was heard once more, and were too small.
#[test]
fn e21_the_final_figures_wait_for_the_other_side_but_not_long() {
    for heard in [true, false] {
        let mut scene = Scene::talking();
        scene.talk_until(9);
        scene.at(10);
        scene.alive(12);
        scene.ask(2, Request::Leave { for_good: false });
        scene.gone(12, 10);
        assert_eq!(ended_of(&scene, 2), None, "the provider was last heard before");
        scene.at(11);
        if heard {
            scene.alive(11);
            assert_eq!(ended_of(&scene, 2), Some((EndReason::Left, 9_000, 9)));
        }
        scene.at(10 + CLOSE_WAIT.as_secs());
        scene.give(Input::Tick);
        let told = ended_of(&scene, 2).map(|(_, billable_ms, _)| billable_ms);
        assert_eq!(told, Some(if heard { 9_000 } else { 8_000 }));
    }
}

#[test]
fn the_provider_ends_the_call_for_both() {
    let mut scene = Scene::talking();
    scene.talk_until(10);
    scene.ask(2, Request::End);
    assert!(scene.log().contains(&"error to 2".to_owned()), "the consumer cannot");
    scene.done.clear();
    scene.ask(1, Request::End);
    assert_eq!(scene.log(), ["leave 12", "leave 11", "stop"].map(str::to_owned));
    scene.done.clear();
    scene.gone(12, 10);
    scene.gone(11, 10);
    let log = scene.log();
    assert!(log.contains(&"record close p1 at 10 Left".to_owned()), "{log:?}");
    assert_eq!(log.last().map(String::as_str), Some("record ended"));
    for connection in [1, 2] {
        let expected = Some((EndReason::EndedByProvider, 9_000, 9));
        assert_eq!(ended_of(&scene, connection), expected);
    }
    scene.done.clear();
    scene.hello(4, grant("c", Role::Consumer));
    assert_eq!(scene.log(), ["error to 4", "close 4 NotOpen"].map(str::to_owned));
    assert!(scene.room.over_since().is_none());
    for _ in 0..4 {
        scene.give(Input::Recorded {
            record: Record::CallEnded { at: 0 },
            standing: Standing::Lives,
        });
    }
    assert!(scene.room.over_since().is_some());
}

/// Trial B3: a call of 16:30 was ended and charged at 16:16, after three seconds.
#[test]
fn nothing_can_be_ended_before_the_start_nor_before_anybody_talked_since() {
    let mut early = grant("p", Role::Provider);
    early.starts_at = 60 * SECOND;
    let mut scene = Scene::talking_by(&early);
    scene.talk_until(5);
    scene.ask(1, Request::End);
    scene.ask(2, Request::Leave { for_good: true });
    assert_eq!(scene.log(), ["error to 1", "error to 2"].map(str::to_owned));
    scene.talk_until(60);
    scene.ask(1, Request::End);
    assert_eq!(
        scene.log(),
        ["error to 1".to_owned()],
        "a hello before the start is no call"
    );
    scene.talk_until(61);
    scene.ask(1, Request::End);
    assert!(scene.log().contains(&"stop".to_owned()));

    let mut scene = Scene::new();
    scene.hello(1, grant("p", Role::Provider));
    scene.hello(2, grant("c", Role::Consumer));
    scene.at(100);
    scene.done.clear();
    scene.ask(1, Request::End);
    assert_eq!(scene.log(), ["error to 1".to_owned()], "nobody has talked");
}

#[test]
fn the_call_is_over_when_the_consumer_left_for_good_and_the_provider_too() {
    let mut scene = Scene::talking();
    scene.talk_until(10);
    scene.ask(2, Request::Leave { for_good: true });
    scene.gone(12, 10);
    assert_eq!(ended_of(&scene, 2), Some((EndReason::LeftForGood, 9_000, 9)));
    assert!(scene.log().contains(&"record left c".to_owned()));
    assert_eq!(scene.presence("c"), Presence::LeftForGood);
    scene.done.clear();
    scene.hello(3, grant("c", Role::Consumer));
    assert_eq!(scene.log()[..2], ["error to 3", "close 3 NotOpen"].map(str::to_owned));
    scene.at(20);
    scene.alive(11);
    assert_eq!(scene.billable(), 9 * SECOND, "alone, nobody pays");
    scene.done.clear();
    scene.ask(1, Request::Leave { for_good: false });
    scene.gone(11, 20);
    assert_eq!(ended_of(&scene, 1), Some((EndReason::EndedByProvider, 9_000, 9)));
    assert_eq!(scene.log().last().map(String::as_str), Some("record ended"));
}

/// Trial F12: whose sign-in ended, wherever that was, has not said that the call is over.
#[test]
fn who_was_signed_out_has_not_agreed_to_end() {
    let mut scene = Scene::talking();
    scene.talk_until(10);
    scene.give(Input::SeatOver(
        SeatSession {
            seat: "p".into(),
            session: "session of p".into(),
        },
        EndReason::SignedOut,
    ));
    scene.gone(11, 10);
    assert_eq!(scene.presence("p"), Presence::Left);
    scene.ask(2, Request::Leave { for_good: true });
    scene.gone(12, 10);
    let log = scene.log();
    assert!(
        !log.iter().any(|line| line == "stop" || line == "record ended"),
        "{log:?}"
    );
    assert_eq!(ended_of(&scene, 2), Some((EndReason::LeftForGood, 9_000, 9)));
    // Back by another sign-in, the provider says so itself.
    scene.done.clear();
    scene.hello(3, grant("p", Role::Provider));
    assert_eq!(scene.presence("p"), Presence::Connecting);
    scene.ask(3, Request::Leave { for_good: false });
    assert_eq!(scene.log().last().map(String::as_str), Some("record ended"));
}

#[test]
fn the_provider_cannot_leave_for_good() {
    let mut scene = Scene::talking();
    scene.talk_until(10);
    scene.ask(1, Request::Leave { for_good: true });
    assert_eq!(scene.log(), ["error to 1".to_owned()]);
}

/// That a seat was left for good is on record, so a server that starts anew knows it.
#[test]
fn leaving_for_good_outlives_the_room() {
    let mut scene = Scene::new();
    let mut known = grant("p", Role::Provider);
    known.left_for_good = vec!["c".into()];
    known.billed_before = 9 * SECOND;
    known.took_place = true;
    scene.hello(1, known);
    scene.hello(2, grant("c", Role::Consumer));
    assert!(scene.log().contains(&"close 2 NotOpen".to_owned()));
    scene.done.clear();
    scene.ask(1, Request::Leave { for_good: false });
    assert_eq!(scene.log().last().map(String::as_str), Some("record ended"));
}

/// Trial F3: admitting somebody to a call whose appointment was cancelled elsewhere ends it for both.
#[test]
fn an_admission_that_is_not_taken_ends_the_call() {
    let mut scene = Scene::new();
    scene.hello(1, grant("p", Role::Provider));
    scene.hello(2, grant("c", Role::Consumer));
    scene.ask(1, Request::Admit { seat: "c".into() });
    let record = scene.records().pop().expect("the admission is to be recorded");
    scene.done.clear();
    scene.give(Input::Recorded {
        record,
        standing: Standing::Over(EndReason::Cancelled),
    });
    for connection in [1, 2] {
        assert_eq!(ended_of(&scene, connection), Some((EndReason::Cancelled, 0, 0)));
    }
    let log = scene.log();
    assert!(!log.iter().any(|line| line.starts_with("forward")), "{log:?}");
}

/// Trial F12: a seat ends with the sign-in through which it was taken, and with no other; and when somebody else has it.
#[test]
fn a_seat_ends_when_it_is_no_longer_that_sign_ins() {
    for reason in [EndReason::SignedOut, EndReason::HandedOver] {
        let mut scene = Scene::talking();
        scene.talk_until(10);
        let gone = |session: &str| SeatSession {
            seat: "c".into(),
            session: session.into(),
        };
        scene.give(Input::SeatOver(gone("an older one"), reason));
        assert_eq!(scene.log(), Vec::<String>::new());
        scene.give(Input::SeatOver(gone("session of c"), reason));
        scene.gone(12, 10);
        assert_eq!(ended_of(&scene, 2), Some((reason, 9_000, 9)));
        assert!(!scene.log().contains(&"stop".to_owned()));
        let review = scene.room.review().expect("the call goes on");
        assert_eq!(review.seats.len(), 1, "{review:?}");
    }
}

#[test]
fn leaving_before_anything_took_place_ends_nothing() {
    let mut scene = Scene::new();
    scene.hello(1, grant("p", Role::Provider));
    scene.hello(2, grant("c", Role::Consumer));
    scene.ask(2, Request::Leave { for_good: false });
    scene.ask(1, Request::Leave { for_good: false });
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
    scene.give(Input::AppointmentOver(EndReason::Cancelled));
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
