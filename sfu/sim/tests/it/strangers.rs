//! Clients of other people: they wait for the handshake, say nothing of their SSRCs, or know one kind of request only.

use std::time::Duration;

use sfu_core::{Counters, DisconnectReason, Event, HandshakeFailure, Input, MediaKind, PeerId, SourceKind};
use sfu_sim::{Client, ClientConfig, Conditions, World};

const LOSSY: Conditions = Conditions {
    lost: 50,
    duplicated: 20,
    delay: Duration::from_millis(30),
    jitter: Duration::from_millis(5),
};

/// A call of two, of whom the first one is of this kind.
fn call(conditions: Conditions, first: ClientConfig) -> World {
    World::call(61, conditions, [first, ClientConfig::default()])
}

/// Packets of the first client's microphone and camera that the second one got, all in order.
fn got(world: &mut World) -> [usize; 2] {
    let received = world.client(1).check_received().expect("a whole stream");
    let count = |video: bool| {
        let stream = received.streams.iter().find(|stream| stream.video == video);
        let stream = stream.expect("a slot of each");
        assert!(stream.sources.iter().all(|(tag, _)| *tag == 1), "{stream:?}");
        stream.packets
    };
    [false, true].map(count)
}

/// How many more there are a while later.
fn got_in(world: &mut World, duration: Duration) -> [usize; 2] {
    let before = got(world);
    world.run_for(duration);
    let after = got(world);
    [0, 1].map(|kind| after[kind] - before[kind])
}

/// Trial D5: FFmpeg's muxer waits for the handshake (`a=setup:passive`).
#[test]
fn d5_who_waits_for_the_handshake_is_connected() {
    let waits = ClientConfig {
        dtls_server: true,
        ..ClientConfig::default()
    };
    let mut world = call(Conditions::PERFECT, waits.clone());
    world.run_for(Duration::from_secs(2));
    let [sound, pictures] = got(&mut world);
    assert!(sound > 90 && pictures > 60, "{sound} {pictures}");
    let back = world.client(0).check_received().expect("a whole stream");
    assert!(back.streams.iter().all(|stream| stream.packets > 60), "{back:?}");
    assert_eq!(world.sfu().counters().dtls_failed, 0);

    // What is lost of the handshake is sent again, whoever began it.
    for seed in 0..20 {
        let mut world = World::new(seed, LOSSY);
        world.join(ClientConfig { seed, ..waits.clone() });
        world.connect_all();
    }
}

/// W3. Trial D5: the certificate is held against the offer's fingerprint whoever begins the handshake.
#[test]
fn d5_another_certificate_than_promised_gets_no_keys() {
    for dtls_server in [false, true] {
        let config = || ClientConfig {
            dtls_server,
            ..ClientConfig::default()
        };
        let mut world = World::new(6, Conditions::PERFECT);
        world.join(config());
        // The same client, by its seed, but with a certificate of its own: as if somebody sat in between.
        let mut other = Client::new(config(), world.now());
        let (peer, offer) = (PeerId(500), world.client(0).offer());
        world.join_stranger(&mut other, peer, offer);
        world.run_with_stranger(&mut other, "203.0.113.50:9".parse().unwrap(), Duration::from_secs(3));
        let about = world.events().iter().filter(|event| event.peer() == Some(peer));
        let about: Vec<&Event> = about.collect();
        let [
            Event::Joined { .. },
            Event::Disconnected {
                present_until, reason, ..
            },
        ] = about[..]
        else {
            panic!("{about:?}");
        };
        let promised = DisconnectReason::HandshakeFailed(HandshakeFailure::OtherCertificate);
        assert_eq!((*present_until, *reason), (None, promised));
        assert_eq!(world.sfu().counters().dtls_failed, 1);
    }
}

/// W1. Trial D5: we begin only over a pair that the client has nominated, and what it sends before is not read.
#[test]
fn d5_nothing_of_a_handshake_goes_to_an_address_that_was_not_checked() {
    let mut world = World::new(7, Conditions::PERFECT);
    let index = world.join(ClientConfig {
        dtls_server: true,
        ..ClientConfig::default()
    });
    let address = world.address_of(index);
    let mut hello = [&[22, 0xfe, 0xfd][..], &[0; 8], &[0, 20], &[1; 20]].concat();
    world.inject(address, &mut hello.clone());
    assert_eq!(world.sfu().counters().unvalidated, 1);
    // The first check validates the pair, the second one nominates it.
    let second = Duration::from_secs(1);
    assert!(world.run_until(second, |world| world.sfu().counters().stun_checks == 1));
    world.inject(address, &mut hello.clone());
    assert_eq!(world.sfu().counters().dtls_early, 1);
    world.record();
    world.connect_all();
    let first = world
        .take_recorded()
        .into_iter()
        .map(|(_, bytes)| bytes[0])
        .find(|first| *first > 3);
    assert_eq!(first, Some(22), "the answer to our flight");
    world.inject(address, &mut hello);
    world.run_for(Duration::from_secs(1));
    assert!(world.client(index).is_connected());
}

/// Trial D6: nothing is declared and no packet says its mid; then the payload type tells (RFC 9143 9.2).
#[test]
fn d6_the_payload_type_tells_where_nothing_else_does() {
    let mut world = call(
        LOSSY,
        ClientConfig {
            declare_ssrcs: false,
            without_mid: true,
            ..ClientConfig::default()
        },
    );
    let [sound, pictures] = got_in(&mut world, Duration::from_secs(3));
    assert!(sound > 120 && pictures > 80, "{sound} {pictures}");
    assert_eq!(world.sfu().counters().unknown_ssrc, 0);

    // Two cameras of one payload type cannot be told apart like that.
    let mut world = call(
        Conditions::PERFECT,
        ClientConfig {
            sources: vec![SourceKind::Microphone, SourceKind::Camera, SourceKind::Screen],
            declare_ssrcs: false,
            without_mid: true,
            ..ClientConfig::default()
        },
    );
    let [sound, pictures] = got_in(&mut world, Duration::from_secs(2));
    assert!(sound > 90 && pictures == 0, "{sound} {pictures}");
    assert!(world.sfu().counters().unknown_ssrc > 100);
}

/// Trial D6: an encoder that is made anew sends under an SSRC that was not declared, again and again.
#[test]
fn d6_an_encoder_may_begin_anew_as_often_as_it_likes() {
    for without_mid in [true, false] {
        let mut world = call(
            Conditions::PERFECT,
            ClientConfig {
                without_mid,
                ..ClientConfig::default()
            },
        );
        world.run_for(Duration::from_secs(1));
        for restart in 0..80 {
            world.client(0).renew_ssrc(SourceKind::Camera);
            world.client(0).renew_ssrc(SourceKind::Microphone);
            let [sound, pictures] = got_in(&mut world, Duration::from_millis(600));
            assert!(sound >= 25 && pictures >= 15, "restart {restart}: {sound} {pictures}");
        }
        let Counters {
            unknown_ssrc,
            srtp_too_many_ssrcs,
            ..
        } = *world.sfu().counters();
        assert_eq!((unknown_ssrc, srtp_too_many_ssrcs), (0, 0));
    }
}

/// Trial D6: of a camera of several encodings with retransmissions, each time all take other SSRCs.
#[test]
fn d6_so_may_the_encoders_of_all_sizes_together() {
    let simulcast = ClientConfig {
        simulcast: true,
        ..ClientConfig::default()
    };
    let mut world = call(LOSSY, simulcast);
    world.run_for(Duration::from_secs(1));
    for restart in 0..20 {
        world.client(0).renew_ssrcs(SourceKind::Camera);
        world.client(0).renew_ssrcs(SourceKind::Microphone);
        let [sound, pictures] = got_in(&mut world, Duration::from_millis(1_500));
        assert!(sound >= 60 && pictures >= 25, "restart {restart}: {sound} {pictures}");
    }
    let Counters {
        unknown_ssrc,
        srtp_too_many_ssrcs,
        retransmitted,
        ..
    } = *world.sfu().counters();
    assert_eq!(srtp_too_many_ssrcs, 0);
    // Those that were on their way when their successors came.
    assert!(
        unknown_ssrc < 60 && retransmitted > 50,
        "{unknown_ssrc} {retransmitted}"
    );
}

/// Trial D6: the answer to a request that comes when the encoder has begun anew.
#[test]
fn d6_a_late_answer_is_none_of_the_new_stream() {
    let mut world = call(LOSSY, ClientConfig::default());
    world.run_for(Duration::from_secs(1));
    for restart in 1..=20 {
        let address = world.address_of(0);
        let [mut answer, late] = [0, 1].map(|_| world.client(0).repeat_newest(SourceKind::Camera).expect("it sends"));
        world.inject(address, &mut answer);
        world.client(0).renew_ssrcs(SourceKind::Camera);
        world.run_for(Duration::from_millis(500));
        let before = world.sfu().counters().retransmissions_stray;
        world.inject(address, &mut late.clone());
        assert_eq!(world.sfu().counters().retransmissions_stray - before, 1, "{restart}");
        let [_, pictures] = got_in(&mut world, Duration::from_millis(1_000));
        assert!(pictures >= 20, "restart {restart}: {pictures}");
    }
    // Of 1,500 packets of sound some are lost, of which none is asked for; a stream that jumped would lack thousands.
    let of = world.peer(0);
    let lost = world.events().iter().rev().find_map(|event| {
        if let Event::Stats { peer, stats } = event
            && *peer == of
        {
            Some(stats.packets_lost_in)
        } else {
            None
        }
    });
    assert!(lost.expect("told every two seconds") < 300, "{lost:?}");
}

/// Trial D7: who offers full intra requests only is asked by these (RFC 5104 4.3.1).
#[test]
fn d7_a_publisher_is_asked_in_the_way_that_it_offered() {
    let mut world = call(
        Conditions::PERFECT,
        ClientConfig {
            fir_only: true,
            ..ClientConfig::default()
        },
    );
    world.run_for(Duration::from_secs(2));
    let asked = |world: &mut World| world.client(0).check_received().expect("whole").keyframe_requests;
    let before = asked(&mut world);
    for _ in 0..3 {
        world.client(1).request_keyframes();
        world.run_for(Duration::from_secs(2));
    }
    assert_eq!(asked(&mut world) - before, 3);
    let mid = world.slot_mids(1, MediaKind::Video).remove(0);
    assert!(world.client(1).seen(&mid).is_some());
}

/// Trial D9: packets of the longest kind that there are leave no longer than they came, neither padded nor numbered anew.
#[test]
fn d9_long_packets_leave_no_longer_than_they_came() {
    let mut world = call(
        Conditions::PERFECT,
        ClientConfig {
            without_mid: true,
            ..ClientConfig::default()
        },
    );
    world.run_for(Duration::from_secs(1));
    // Nothing waits for the path, so that each leaves at once.
    world.client(0).stop_media();
    let (from, local) = (world.address_of(0), world.address());
    let forwarded = world.sfu().counters().forwarded;
    for payload_len in 1_420..=1_435 {
        world.run_for(Duration::from_millis(200));
        let now = world.now();
        let packet = world.client(0).media_packet(SourceKind::Camera, payload_len);
        let mut packet = packet.expect("connected");
        let came = packet.len();
        let bytes = &mut packet[..];
        world.sfu().handle(now, Input::Datagram { from, local, bytes });
        let transmits = world.sfu().transmits();
        let left: Vec<usize> = transmits.iter().map(|transmit| transmit.bytes.len()).collect();
        assert!(
            came > 1_452 && left.iter().all(|left| *left <= came),
            "{came} became {left:?}"
        );
    }
    assert!(world.sfu().counters().forwarded >= forwarded + 16);
}

/// Trial D9: what a client sends in vain is in its counters, and in those of who does not get it.
#[test]
fn d9_what_was_sent_in_vain_is_told() {
    let takes_h264 = ClientConfig {
        h264_slots: true,
        ..ClientConfig::default()
    };
    let mut world = World::call(22, Conditions::PERFECT, [ClientConfig::default(), takes_h264]);
    world.run_for(Duration::from_secs(5));
    let stats = |world: &World, index: usize| {
        let of = world.peer(index);
        let last = world.events().iter().rev().find_map(|event| {
            if let Event::Stats { peer, stats } = event
                && *peer == of
            {
                Some(*stats)
            } else {
                None
            }
        });
        last.expect("told every two seconds")
    };
    let (sender, viewer) = (stats(&world, 0), stats(&world, 1));
    assert!(
        sender.codec_not_taken_in > 100 && sender.codec_not_taken_out == 0,
        "{sender:?}"
    );
    assert!(
        viewer.codec_not_taken_out > 100 && viewer.codec_not_taken_in == 0,
        "{viewer:?}"
    );
    assert_eq!((sender.over_rate_in, viewer.over_rate_in), (0, 0));

    let address = world.address_of(0);
    for _ in 0..5_000 {
        let packet = world.client(0).media_packet(SourceKind::Microphone, 40);
        world.inject(address, &mut packet.expect("connected"));
    }
    world.run_for(Duration::from_secs(3));
    let [sender, viewer] = [0, 1].map(|index| stats(&world, index).over_rate_in);
    assert!(sender > 900 && viewer == 0, "{sender} {viewer}");
}
