//! What media does to segments, and what records that wait stop.

use sfu_core::PeerId;
use signaling_protocol::message::Presence;
use signaling_protocol::{PriceModel, PriceTerms, Role, ServerMessage};

use super::{SECOND, Scene, grant};
use crate::authority::{CallGrant, SegmentEnd};
use crate::limits::{RECORDS_WAITING_MAX, SILENCE_MAX};
use crate::room::*;

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

/// Trial F2: one rule for the gate and the record, and it is the media plane's.
#[test]
fn absence_parts_segments_and_is_not_counted() {
    let mut scene = Scene::talking();
    scene.talk_until(10);
    let noticed = 10 + SILENCE_MAX.as_secs();
    for second in 11..=noticed {
        scene.at(second);
        scene.alive(11);
    }
    assert_eq!(scene.presence("c"), Presence::Reconnecting);
    scene.done.clear();
    scene.absent(12, 10);
    assert_eq!(scene.log(), ["record close c1 at 10 ConnectionLost"]);
    scene.confirm();
    // Nothing that is not presence opens it again.
    scene.ask(1, Request::Admit { seat: "c".into() });
    assert!(!scene.log().iter().any(|line| line.starts_with("record open")));
    scene.done.clear();
    let back = noticed + 5;
    scene.at(back);
    scene.present(12);
    assert_eq!(scene.log()[..1], [format!("record open c2 at {back}")]);
    scene.confirm();
    scene.at(back + 1);
    scene.alive(11);
    scene.alive(12);
    assert_eq!(scene.billable(), 10 * SECOND);
}

#[test]
fn who_is_let_in_while_absent_is_counted_from_the_return_on() {
    let mut scene = Scene::new();
    scene.hello(1, grant("p", Role::Provider));
    scene.hello(2, grant("c", Role::Consumer));
    scene.media_up(1, 11);
    scene.media_up(2, 12);
    scene.at(12);
    scene.absent(12, 1);
    scene.ask(1, Request::Admit { seat: "c".into() });
    scene.confirm();
    assert!(
        !scene
            .records()
            .iter()
            .any(|record| matches!(record, Record::Open { segment, .. } if segment.seat == "c"))
    );
    scene.done.clear();
    scene.at(14);
    scene.present(12);
    assert!(scene.log().contains(&"record open c1 at 14".to_owned()));
}

/// Trial B1: the client is asked for another path.
#[test]
fn who_is_heard_and_does_not_hear_is_told() {
    let mut scene = Scene::talking();
    scene.give(Input::Media(sfu_core::Event::PathLost { peer: PeerId(12) }));
    assert_eq!(scene.log(), ["path_lost to 2"]);
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

/// What both sides agreed to beyond the highest price counts from when the room hears of it, and is told once.
#[test]
fn a_price_that_rose_is_told_once_and_counted() {
    let capped = |cap_minor| PriceTerms {
        currency: "NOK".into(),
        discount: None,
        model: PriceModel::PerMinute {
            rate_minor: 60,
            increment_s: 1,
            free_s: 0,
            cap_minor,
        },
    };
    let first = CallGrant {
        price: capped(5),
        ..grant("p", Role::Provider)
    };
    let mut scene = Scene::talking_by(&first);
    scene.talk_until(8);
    assert_eq!(scene.room.clock_message(scene.now).cost_minor, 5);
    assert_eq!(scene.room.review().map(|review| review.most_minor), Some(5));
    for _ in 0..2 {
        scene.give(Input::PriceChanged(capped(30)));
    }
    let told = |effect: &&Effect| matches!(effect, Effect::Send { message: ServerMessage::Price { price }, .. } if *price == capped(30));
    assert_eq!(scene.done.iter().filter(told).count(), 2, "each of both, once");
    assert_eq!(
        scene.room.clock_message(scene.now).cost_minor,
        scene.billable() / SECOND
    );
    assert_eq!(scene.room.call_info(scene.now).price, capped(30));
}
