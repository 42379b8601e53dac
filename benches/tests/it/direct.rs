//! Two bots in one process, connected to each other over loopback: clip and tone arrive both ways.

use std::sync::Arc;

use benches::bot::{Clip, Expectations, Peer, ReceiveSlots, Received, Sending};

use super::{BIND, WAIT_MAX, wait_for};

#[tokio::test(flavor = "multi_thread")]
async fn clip_and_tone_arrive_both_ways() {
    let clip = Arc::new(Clip::magenta());
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
    tokio::time::timeout(WAIT_MAX, caller.connected())
        .await
        .unwrap()
        .unwrap();
    tokio::time::timeout(WAIT_MAX, callee.connected())
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
