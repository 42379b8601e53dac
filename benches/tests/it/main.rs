//! Two bots in one process, connected to each other over loopback: clip and tone arrive both ways.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use benches::bot::{Clip, Expectations, Peer, ReceiveSlots, Received, Sending};

const BIND: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Waits until everything expected was received, and says what is missing if it never is.
async fn wait_for(expect: Expectations, received: &Received) {
    let mut look = tokio::time::interval(Duration::from_millis(50));
    let all_there = async {
        while !expect.missing(&received.totals()).is_empty() {
            look.tick().await;
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(30), all_there).await;
    assert!(
        outcome.is_ok(),
        "missing: {:?} of {:?}",
        expect.missing(&received.totals()),
        received.totals()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clip_and_tone_arrive_both_ways() {
    let clip = Arc::new(Clip::orange());
    let (caller_received, callee_received) = (
        Received::new(Some(Arc::clone(&clip))),
        Received::new(Some(Arc::clone(&clip))),
    );
    let caller = Peer::new(BIND, caller_received.clone()).await.unwrap();
    let callee = Peer::new(BIND, callee_received.clone()).await.unwrap();

    let offer = caller.offer(ReceiveSlots::ONE_TO_ONE).await.unwrap();
    assert_ne!(offer.microphone_mid, offer.camera_mid);
    assert_eq!(
        offer.sdp.matches("\r\nm=").count(),
        7,
        "two to send, five to receive:\n{}",
        offer.sdp
    );
    let answer = callee.answer(offer.sdp).await.unwrap();
    caller.accept_answer(answer).await.unwrap();
    tokio::time::timeout(Duration::from_secs(15), caller.connected())
        .await
        .unwrap()
        .unwrap();
    tokio::time::timeout(Duration::from_secs(15), callee.connected())
        .await
        .unwrap()
        .unwrap();

    let mut from_caller = Sending::start(&caller, Arc::clone(&clip), 523.0).await.unwrap();
    let mut from_callee = Sending::start(&callee, Arc::clone(&clip), 660.0).await.unwrap();
    let expect = |hz| Expectations {
        tone_hz: Some(hz),
        video: true,
        clip: Some(Arc::clone(&clip)),
    };
    tokio::join!(
        wait_for(expect(523), &callee_received),
        wait_for(expect(660), &caller_received)
    );

    // A receiver asks for a keyframe with its first packet, unless that packet brought one whole.
    assert!(caller.keyframe_requests() + callee.keyframe_requests() > 0);
    assert!(from_caller.totals().audio_packets > 0 && from_callee.totals().video_frames > 0);
    let remote = caller.remote_candidate().await.unwrap();
    assert!(
        remote.as_deref().is_some_and(|remote| remote.starts_with("127.0.0.1:")),
        "{remote:?}"
    );
    from_caller.check().unwrap();
    from_callee.check().unwrap();
    drop((from_caller, from_callee));
    caller.close().await.unwrap();
    callee.close().await.unwrap();
}
