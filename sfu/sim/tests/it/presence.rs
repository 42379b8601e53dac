//! What is counted and what is forwarded are one: silence, paths that lead nowhere, and clients that say nothing of what they
//! got.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sfu_core::{Command, Event, Join, MediaKind, PeerId, RoomId, SlotContent, SlotMapping, Source, SourceKind};
use sfu_sim::{Client, ClientConfig, Conditions, Reach, World};

/// A call of two in which the second is as told.
fn pair(second: ClientConfig) -> World {
    let mut world = World::call(31, Conditions::PERFECT, [ClientConfig::default(), second]);
    world.run_for(Duration::from_secs(5));
    world
}

/// Packets of sound that a client got so far; fifty are a second of a call.
fn heard(world: &mut World, index: usize) -> usize {
    heard_by(world.client(index))
}

fn heard_by(client: &Client) -> usize {
    let received = client.check_received().expect("a whole stream");
    let sound = received.streams.iter().filter(|stream| !stream.video);
    sound.map(|stream| stream.packets).sum()
}

/// The spans for which the core says that a peer was present.
fn spans(world: &World, peer: PeerId) -> Vec<(Instant, Instant)> {
    let mut spans: Vec<(Instant, Instant)> = Vec::new();
    for event in world.events() {
        if let Event::Connected { peer: of, at } | Event::Present { peer: of, at } = event
            && *of == peer
        {
            spans.push((*at, *at));
        } else if let Event::Alive {
            peer: of,
            present_until,
        }
        | Event::Absent {
            peer: of,
            present_until,
        } = event
            && *of == peer
        {
            let span = spans.last_mut().expect("it is connected");
            assert!(*present_until >= span.1, "time that was counted is taken back");
            span.1 = *present_until;
        }
    }
    spans
}

/// Seconds of presence since a moment.
fn counted(world: &World, peer: PeerId, since: Instant) -> f64 {
    let span = |(from, until): (Instant, Instant)| until.saturating_duration_since(from.max(since));
    spans(world, peer).into_iter().map(span).sum::<Duration>().as_secs_f64()
}

fn lost_paths(world: &World, peer: PeerId) -> usize {
    let lost = |event: &&Event| matches!(event, Event::PathLost { peer: of } if *of == peer);
    world.events().iter().filter(lost).count()
}

/// Trial F2.
#[test]
fn who_lets_out_a_packet_every_22_seconds_hears_as_much_as_is_counted() {
    let mut world = pair(ClientConfig::default());
    let (peer, start, before) = (world.peer(1), world.now(), heard(&mut world, 1));
    world.muffle(1, Some(Duration::from_secs(22)));
    world.run_for(Duration::from_secs(96));
    let seconds = (heard(&mut world, 1) - before) as f64 / 50.0;
    // Ten seconds until it shows, and two after each of four packets, since nothing of it is left to trust.
    assert!(seconds < 18.5, "{seconds} s heard");
    assert!(counted(&world, peer, start) < 0.1);
    assert_eq!(world.sfu().counters().absences, 4);
    // Nothing of it is lost for good: heard again, it hears again.
    world.muffle(1, None);
    let (before, back) = (heard(&mut world, 1), world.now());
    world.run_for(Duration::from_secs(10));
    let seconds = (heard(&mut world, 1) - before) as f64 / 50.0;
    assert!(seconds > 9.5 && counted(&world, peer, back) > 8.9, "{seconds} s heard");
}

/// It talks on, but nothing that it is sent gets through to it.
#[test]
fn nobody_hears_a_peer_that_is_not_counted() {
    let mut world = pair(ClientConfig::default());
    world.deafen(1, true);
    // Ten seconds until it shows, and a try of two.
    world.run_for(Duration::from_millis(12_200));
    let (before, made) = (heard(&mut world, 0), world.client(1).made(SourceKind::Microphone));
    world.run_for(Duration::from_millis(3_500));
    assert_eq!(heard(&mut world, 0), before);
    assert!(world.client(1).made(SourceKind::Microphone) - made > 170);
    // What gets across in tries is little.
    world.run_for(Duration::from_secs(300));
    let seconds = (heard(&mut world, 0) - before) as f64 / 50.0;
    assert!(seconds < 17.0, "{seconds} s heard of 300");
}

/// A viewer that sends nothing but checks, and reports as RFC 3550 has it.
fn seldom_reporting() -> ClientConfig {
    ClientConfig {
        sources: Vec::new(),
        reports_seldom: true,
        ..ClientConfig::default()
    }
}

/// Nothing gets from a client or to it for so long.
fn cut_off(world: &mut World, index: usize, duration: Duration) {
    world.muffle(index, Some(Duration::from_secs(1_000)));
    world.deafen(index, true);
    world.run_for(duration);
    world.muffle(index, None);
    world.deafen(index, false);
}

/// Trial F2: one outage costs a client that reports seldom what it costs others.
#[test]
fn who_reports_every_five_seconds_is_trusted_again_after_an_outage() {
    for outages in [1, 3] {
        let mut world = pair(seldom_reporting());
        let peer = world.peer(1);
        world.run_for(Duration::from_secs(60));
        for outage in 1..=outages {
            cut_off(&mut world, 1, Duration::from_secs(12));
            assert_eq!(world.sfu().counters().absences, outage);
            world.run_for(Duration::from_secs(60));
        }
        let (before, since) = (heard(&mut world, 1), world.now());
        world.run_for(Duration::from_secs(120));
        let seconds = (heard(&mut world, 1) - before) as f64 / 50.0;
        assert!(seconds > 0.95 * 120.0, "{seconds} s of 120 heard after {outages}");
        let counted = counted(&world, peer, since);
        assert!(counted > 110.0, "{counted} s of 120 counted");
        assert_eq!(
            (world.sfu().counters().absences, lost_paths(&world, peer)),
            (outages, 0)
        );
    }
}

/// Nobody pays by the time in a room of the media API: what was agreed there is consent (RFC 7675).
#[test]
fn of_who_is_not_counted_consent_alone_decides() {
    let mut world = World::new(33, Conditions::PERFECT);
    let seldom = ClientConfig {
        counted: false,
        ..seldom_reporting()
    };
    world.join(ClientConfig::default());
    world.join(ClientConfig { tag: 2, ..seldom });
    world.connect_all();
    world.show_everybody();
    for index in 0..2 {
        world.admit(index, true);
    }
    let viewer = world.peer(1);
    // It waits with a sign of life every 20 seconds, and goes on like that.
    world.muffle(1, Some(Duration::from_secs(20)));
    world.run_for(Duration::from_secs(60));
    let now = world.now();
    world.client(0).start_media(now);
    world.run_for(Duration::from_secs(120));
    let seconds = heard(&mut world, 1) as f64 / 50.0;
    assert!(seconds > 119.0, "{seconds} s of 120 heard");
    let told = world.events().iter().any(|event| {
        matches!(
            event,
            Event::Absent { peer, .. }
            | Event::Present { peer, .. }
            | Event::Alive { peer, .. }
            | Event::PathLost { peer }
            | Event::Disconnected { peer, .. } if *peer == viewer
        )
    });
    assert!(!told);
}

#[test]
fn the_gate_opens_with_the_packet_that_opens_it() {
    // By a packet of media, and by a check.
    for second in [ClientConfig::default(), seldom_reporting()] {
        let mut world = pair(second);
        let peer = world.peer(1);
        for _ in 0..10 {
            cut_off(&mut world, 1, Duration::from_millis(11_130));
            let before = heard(&mut world, 1);
            let present = |world: &mut World| {
                let mut events = world.events().iter().rev();
                events
                    .any(|event| matches!(event, Event::Present { peer: of, at } if *of == peer && *at == world.now()))
            };
            assert!(world.run_until(Duration::from_secs(3), present));
            world.run_for(Duration::from_millis(90));
            let packets = heard(&mut world, 1) - before;
            assert!(packets >= 3, "{packets} packets of 90 ms");
            world.run_for(Duration::from_secs(60));
        }
    }
}

/// Trial B1: what a restart has mended is not waited for.
#[test]
fn a_new_path_is_tried_at_once() {
    let mut world = pair(ClientConfig::default());
    let peer = world.peer(1);
    world.deafen(1, true);
    // The next try would be more than half a minute later.
    world.run_for(Duration::from_secs(48));
    world.deafen(1, false);
    let ufrag = world.client(1).restart();
    world.command(Command::Restart { peer, ufrag });
    let Some(Event::Restarted { ufrag, password, .. }) = world.events().last().cloned() else {
        panic!("no answer: {:?}", world.events().last());
    };
    let (now, before) = (world.now(), heard(&mut world, 1));
    world.client(1).restarted(&ufrag, &password, now);
    assert!(world.run_until(Duration::from_millis(300), |world| heard(world, 1) > before + 5));
    world.run_for(Duration::from_secs(10));
    assert!(counted(&world, peer, now) > 9.5);
}

/// A client that hears the first one of a world over a connection, from the address that comes last, and says only once
/// which pair it means.
fn by_connection(world: &mut World) -> (Client, PeerId, SocketAddr) {
    let (now, peer) = (world.now(), PeerId(500));
    let connection = "203.0.113.50:9".parse().expect("an address");
    let config = ClientConfig {
        tag: 2,
        nominates_once: true,
        ..ClientConfig::default()
    };
    let mut client = Client::new(config, now);
    let join = Join {
        room: RoomId(1),
        peer,
        offer: client.offer(),
        sources: client.sources(),
        counted: true,
    };
    world.command(Command::Join(join));
    let Some(Event::Joined { joined, .. }) = world.events().last().cloned() else {
        panic!("refused: {:?}", world.events().last());
    };
    client.accept(&joined.answer, &joined.slots, now).expect("an answer");
    world.run_with_stranger_by(Reach::Frames, &mut client, connection, Duration::from_secs(2));
    let sound = joined.slots.iter().find(|slot| slot.kind == MediaKind::Audio);
    let source = Source {
        peer: world.peer(0),
        kind: SourceKind::Microphone,
    };
    let slots = vec![SlotMapping {
        mid: sound.expect("a slot").mid.clone(),
        content: SlotContent::Source(source),
    }];
    world.command(Command::SetForwarding { peer, allowed: true });
    world.command(Command::MapSlots { peer, slots });
    world.run_with_stranger_by(Reach::Frames, &mut client, connection, Duration::from_secs(3));
    assert!(heard_by(&client) > 140, "{}", heard_by(&client));
    (client, peer, connection)
}

/// Trial B1 by another door: whose connection breaks is sent to where it is heard, or told that it is not.
#[test]
fn a_client_whose_connection_ended_is_sent_to_where_it_is_heard() {
    let mut world = World::new(34, Conditions::PERFECT);
    world.join(ClientConfig::default());
    world.begin(1);
    let (mut client, peer, connection) = by_connection(&mut world);
    let port = "203.0.113.50:10".parse().expect("an address");
    // It is heard from another port, which it checks but does not nominate, when the connection ends.
    let now = world.now();
    client.moved(now);
    world.run_with_stranger(&mut client, port, Duration::from_secs(1));
    world.close_connection(connection);
    let before = heard_by(&client);
    world.run_with_stranger(&mut client, port, Duration::from_secs(2));
    let packets = heard_by(&client) - before;
    assert!(packets > 90, "{packets} packets of 2 s");
    assert_eq!((lost_paths(&world, peer), world.sfu().counters().paths_moved), (0, 1));
}

/// What cannot be sent for want of a path is not acknowledged either.
#[test]
fn a_client_to_which_no_path_leads_is_told_and_not_counted() {
    let mut world = World::new(35, Conditions::PERFECT);
    world.join(ClientConfig::default());
    world.begin(1);
    let (mut client, peer, connection) = by_connection(&mut world);
    let port = "203.0.113.50:10".parse().expect("an address");
    // It begins anew elsewhere, but does not say over which pair.
    world.close_connection(connection);
    let ufrag = client.restart();
    world.command(Command::Restart { peer, ufrag });
    let Some(Event::Restarted { ufrag, password, .. }) = world.events().last().cloned() else {
        panic!("no answer: {:?}", world.events().last());
    };
    let now = world.now();
    client.restarted(&ufrag, &password, now);
    // What came before is reported on once more.
    world.run_with_stranger(&mut client, port, Duration::from_millis(10_500));
    assert_eq!(lost_paths(&world, peer), 1);
    world.run_with_stranger(&mut client, port, Duration::from_secs(10));
    let counted = counted(&world, peer, now);
    assert!(counted < 1.1, "{counted} s counted");
    assert_eq!(world.sfu().counters().absences, 1);
}

/// Trial B1: a NAT gives a client another port, and its checks do not nominate the pair that comes of it.
#[test]
fn media_follows_a_relay_that_moves() {
    for nominates_once in [true, false] {
        let mut world = pair(ClientConfig {
            nominates_once,
            ..ClientConfig::default()
        });
        let (peer, moved_at, before) = (world.peer(1), world.now(), heard(&mut world, 1));
        world.rebind(1);
        let came = world.run_until(Duration::from_secs(6), |world| heard(world, 1) > before);
        // A check goes out every 2.5 s; a pair must have been silent for three.
        let most = if nominates_once { 3_050 } else { 2_550 };
        let took = world.now() - moved_at;
        assert!(came && took < Duration::from_millis(most), "after {took:?}");
        world.run_for(Duration::from_secs(64) - took);
        let seconds = (heard(&mut world, 1) - before) as f64 / 50.0;
        assert!(seconds > 60.5, "{seconds} s of 64 heard");
        assert_eq!(world.sfu().counters().paths_moved, u64::from(nominates_once));
        assert_eq!((world.sfu().counters().absences, lost_paths(&world, peer)), (0, 0));
    }
}

/// Trial B1: a path that leads nowhere.
#[test]
fn what_does_not_arrive_is_neither_sent_for_long_nor_counted() {
    let mut world = pair(ClientConfig::default());
    let before = world.sfu().counters().forwarded;
    world.run_for(Duration::from_secs(5));
    let a_second = (world.sfu().counters().forwarded - before) as f64 / 5.0;
    let (peer, start) = (world.peer(1), world.now());
    world.deafen(1, true);
    world.run_for(Duration::from_millis(7_500));
    assert_eq!(lost_paths(&world, peer), 0);
    world.run_for(Duration::from_millis(1_000));
    assert_eq!(
        lost_paths(&world, peer),
        1,
        "an ICE restart is asked for before anything is cut off"
    );
    let before = world.sfu().counters().forwarded;
    world.run_for(Duration::from_millis(56_500));
    // What is left of ten seconds, and tries of two after pauses of 0, 4, 8 and 16.
    let seconds = (world.sfu().counters().forwarded - before) as f64 / a_second;
    assert!(seconds < 10.5, "sent for {seconds} s");
    let counted_for = counted(&world, peer, start);
    assert!(counted_for < 0.3, "{counted_for} s counted");
    // It is tried again, and what is acknowledged is counted.
    world.deafen(1, false);
    let (back, before) = (world.now(), heard(&mut world, 1));
    assert!(world.run_until(Duration::from_secs(33), |world| heard(world, 1) > before + 100));
    assert!(counted(&world, peer, back) > 1.0);
}

/// Trial B1: whoever withholds reports gains nothing.
#[test]
fn who_says_nothing_of_what_came_hears_nothing() {
    let mut world = pair(ClientConfig {
        reports: false,
        ..ClientConfig::default()
    });
    world.run_for(Duration::from_secs(295));
    let seconds = heard(&mut world, 1) as f64 / 50.0;
    let peer = world.peer(1);
    let beginning = world.now() - Duration::from_secs(400);
    // Ten seconds, and tries of two, each after a pause twice as long, in the end of a minute.
    assert!(seconds < 26.2, "{seconds} s of 300 heard");
    assert!(counted(&world, peer, beginning) < 0.3);
    // While nothing was sent to it, nothing was unacknowledged: before it was let in it is present.
    let mut world = World::new(32, Conditions::PERFECT);
    for tag in 1..=2 {
        world.join(ClientConfig {
            tag,
            reports: false,
            ..ClientConfig::default()
        });
    }
    world.begin(1);
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.sfu().counters().absences, 0);
}
