//! Lobby, admission, take-over, and who is told of whom.

use signaling_protocol::message::{ErrorCode, Presence};
use signaling_protocol::{Role, ServerMessage};

use super::{SECOND, Scene, grant};
use crate::limits::DISMISSED_PAUSE;
use crate::limits::RETURN_WAIT;
use crate::room::*;

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
        let code = |message: &&ServerMessage| {
            if let ServerMessage::Error { code, fatal: false, .. } = message {
                Some(*code)
            } else {
                None
            }
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
    scene.ask(2, Request::Leave { for_good: false });
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

/// Trial E7: the others read at once that somebody reconnects, and once that they are back.
#[test]
fn a_dead_socket_is_told_at_once_and_until_media_is_made_anew() {
    let mut scene = Scene::talking();
    scene.give(Input::Closed {
        connection: ConnectionId(2),
    });
    assert_eq!(scene.log(), ["participants to 1"], "without a tick of the clock");
    assert_eq!(scene.presence("c"), Presence::Reconnecting);
    scene.done.clear();
    scene.alive(12);
    scene.hello(3, grant("c", Role::Consumer));
    scene.alive(12);
    assert_eq!(scene.presence("c"), Presence::Reconnecting);
    assert!(
        !scene.log().contains(&"participants to 1".to_owned()),
        "nothing has changed"
    );
    scene.media_up(3, 13);
    assert_eq!(scene.presence("c"), Presence::Connected);
    // Who comes back and keeps the media that it has is not away for ever.
    scene.give(Input::Closed {
        connection: ConnectionId(3),
    });
    scene.hello(4, grant("c", Role::Consumer));
    assert_eq!(scene.presence("c"), Presence::Reconnecting);
    scene.now += RETURN_WAIT;
    scene.alive(13);
    assert_eq!(scene.presence("c"), Presence::Connected);
}

/// Trial E20: the provider is told of who waits for nobody, and of nobody else.
#[test]
fn an_arrival_says_whether_anybody_of_the_provider_is_here() {
    let mut scene = Scene::new();
    let unattended = |scene: &Scene| -> Vec<bool> {
        let flag = |record: &Record| match record {
            Record::Arrived { unattended, .. } => Some(*unattended),
            Record::Admitted { .. }
            | Record::LeftForGood { .. }
            | Record::Open { .. }
            | Record::Close { .. }
            | Record::CallEnded { .. } => None,
        };
        scene.records().iter().filter_map(flag).collect()
    };
    scene.hello(2, grant("c", Role::Consumer));
    scene.hello(1, grant("p", Role::Provider));
    scene.hello(3, grant("c", Role::Consumer));
    scene.give(Input::Closed {
        connection: ConnectionId(1),
    });
    scene.hello(4, grant("c", Role::Consumer));
    let mut let_in = grant("d", Role::Consumer);
    let_in.admitted = true;
    scene.hello(5, let_in);
    assert_eq!(unattended(&scene), [true, false, false, true, false]);
    scene.done.clear();
    let told = Input::ProviderTold {
        seat: "c".into(),
        at: 7,
    };
    scene.give(told);
    assert_eq!(scene.sent(4), [&ServerMessage::ProviderTold { at: 7 }]);
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
    let code = scene
        .sent(3)
        .first()
        .map(|message| serde_json::to_value(message).expect("JSON")["code"].clone());
    assert_eq!(code, Some("turned_away".into()));
    scene.now += DISMISSED_PAUSE;
    scene.hello(4, grant("c", Role::Consumer));
    assert_eq!(scene.presence("c"), Presence::Lobby);
}

#[test]
fn people_in_the_lobby_see_the_provider_and_themselves() {
    let mut scene = Scene::talking();
    scene.hello(3, grant("d", Role::Consumer));
    let seats = |connection| -> Vec<String> {
        let list = |message: &&ServerMessage| {
            let ServerMessage::Participants { participants } = message else {
                return None;
            };
            Some(participants.iter().map(|one| one.seat.clone()).collect())
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
