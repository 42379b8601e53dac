//! What media does to segments, and what records that wait stop.

use sfu_core::PeerId;
use signaling_protocol::Role;
use signaling_protocol::message::Presence;

use super::{SECOND, Scene, grant};
use crate::authority::SegmentEnd;
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
