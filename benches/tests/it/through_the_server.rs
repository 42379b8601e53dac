//! Two bots in one room of our media server: nothing passes a shut gate, everything passes an open one.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};

use benches::bot::{Clip, Expectations, Peer, ReceiveSlots, Received, Sending};
use sfu_core::{
    Command, Event, Join, Joined, MediaKind, Mid, PeerId, RoomId, SlotContent, SlotMapping, Source, SourceKind,
};
use sfu_driver::{CommandError, Driver, DriverConfig, Listen};

use super::{BIND, WAIT_MAX, wait_for};

const ROOM: RoomId = RoomId(7);

/// One participant: a bot and what the server said about it.
struct Guest {
    id: PeerId,
    peer: Peer,
    received: Received,
    joined: Joined,
}

/// The next event that `pick` takes; others are passed over.
fn event<T>(events: &Receiver<Event>, mut pick: impl FnMut(Event) -> Option<T>) -> T {
    loop {
        match events.recv_timeout(WAIT_MAX) {
            Ok(event) => {
                if let Some(found) = pick(event) {
                    return found;
                }
            }
            Err(RecvTimeoutError::Timeout) => panic!("the expected event did not come"),
            Err(RecvTimeoutError::Disconnected) => panic!("the media server stopped"),
        }
    }
}

async fn join(driver: &Driver, events: &Receiver<Event>, id: PeerId, clip: &Arc<Clip>) -> anyhow::Result<Guest> {
    let received = Received::new(Some(Arc::clone(clip)));
    let peer = Peer::new(BIND, received.clone()).await?;
    let offer = peer.offer(ReceiveSlots::ONE_TO_ONE).await?;
    let sources = vec![
        (Mid(offer.microphone_mid), SourceKind::Microphone),
        (Mid(offer.camera_mid), SourceKind::Camera),
    ];
    let join = Join {
        room: ROOM,
        peer: id,
        offer: offer.sdp,
        sources,
        counted: true,
    };
    driver.command(Command::Join(join))?;
    let joined = event(events, |event| {
        let (peer, answer) = event.into_answer().ok()?;
        (peer == id).then_some(answer)
    })?;
    peer.accept_answer(joined.answer.clone()).await?;
    tokio::time::timeout(WAIT_MAX, peer.connected()).await??;
    Ok(Guest {
        id,
        peer,
        received,
        joined,
    })
}

/// Lets `to` receive what `from` sends.
fn map(driver: &Driver, to: &Guest, from: PeerId) -> Result<(), CommandError> {
    let slot = |kind: MediaKind, source: SourceKind| {
        let slot = to
            .joined
            .slots
            .iter()
            .find(|slot| slot.kind == kind)
            .expect("the offer had slots of both kinds");
        SlotMapping {
            mid: slot.mid.clone(),
            content: SlotContent::Source(Source {
                peer: from,
                kind: source,
            }),
        }
    };
    let slots = vec![
        slot(MediaKind::Audio, SourceKind::Microphone),
        slot(MediaKind::Video, SourceKind::Camera),
    ];
    driver.command(Command::MapSlots { peer: to.id, slots })
}

fn open_gate(driver: &Driver, peer: PeerId) -> Result<(), CommandError> {
    driver.command(Command::SetForwarding { peer, allowed: true })
}

/// Reads events until the server has counted a second of packets from both, and none to anybody.
fn both_send_and_nothing_is_forwarded(events: &Receiver<Event>, one: &Guest, two: &Guest) {
    let mut heard = [false; 2];
    event(events, |event| {
        if let Event::Stats { peer, stats } = event {
            assert_eq!(stats.packets_out, 0, "nothing leaves before both gates are open");
            heard[usize::from(peer == two.id)] |= stats.packets_in > 50;
        }
        heard.iter().all(|heard| *heard).then_some(())
    });
    for received in [one.received.totals(), two.received.totals()] {
        assert_eq!((received.audio_packets, received.video_packets), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clip_and_tone_cross_the_media_server_once_the_gate_is_open() {
    let listen = Listen {
        bind: BIND,
        advertise: Vec::new(),
    };
    let config = DriverConfig {
        shards: 1,
        ..DriverConfig::new(vec![listen], 0)
    };
    let (driver, events) = Driver::start(config).unwrap();
    let port = driver.candidates()[0][0].port();
    let clip = Arc::new(Clip::magenta());
    let one = join(&driver, &events, PeerId(1), &clip).await.unwrap();
    let two = join(&driver, &events, PeerId(2), &clip).await.unwrap();
    assert_eq!(one.joined.slots.len(), 5);
    let remote = one.peer.remote_candidate().await.unwrap();
    assert_eq!(remote, Some(format!("127.0.0.1:{port}/udp")), "media goes to our port");

    map(&driver, &one, two.id).unwrap();
    map(&driver, &two, one.id).unwrap();
    open_gate(&driver, one.id).unwrap();
    let from_one = Sending::start(&one.peer, Arc::clone(&clip), 523.0).await.unwrap();
    let from_two = Sending::start(&two.peer, Arc::clone(&clip), 660.0).await.unwrap();
    both_send_and_nothing_is_forwarded(&events, &one, &two);

    open_gate(&driver, two.id).unwrap();
    let expect = |hz| Expectations {
        tone_hz: Some(hz),
        video: true,
        clip: Some(Arc::clone(&clip)),
    };
    tokio::join!(
        wait_for(expect(523), &two.received),
        wait_for(expect(660), &one.received)
    );
    assert!(one.peer.keyframe_requests() > 0, "a slot that begins needs a keyframe");
    for received in [one.received.totals(), two.received.totals()] {
        assert_eq!(received.video_broken_frames, 0, "loopback loses nothing");
    }
    drop((from_one, from_two));
    one.peer.close().await.unwrap();
    event(&events, |event| {
        let Event::Disconnected {
            peer, present_until, ..
        } = event
        else {
            return None;
        };
        assert!(peer == one.id && present_until.is_some());
        Some(())
    });
    driver.stop();
}
