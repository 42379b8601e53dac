//! What is counted and what is forwarded are one: silence, paths that lead nowhere, and clients that say nothing of what they
//! got.

use std::time::{Duration, Instant};

use sfu_core::{Event, PeerId};
use sfu_sim::{ClientConfig, Conditions, World};

/// A call of two in which the second is as told.
fn pair(second: ClientConfig) -> World {
    let mut world = World::call(31, Conditions::PERFECT, [ClientConfig::default(), second]);
    world.run_for(Duration::from_secs(5));
    world
}

/// Packets of sound that a client got so far; fifty are a second of a call.
fn heard(world: &mut World, index: usize) -> usize {
    let received = world.client(index).check_received().expect("a whole stream");
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
    world.run_for(Duration::from_secs(94));
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

#[test]
fn nobody_hears_a_peer_that_is_not_counted() {
    let mut world = pair(ClientConfig::default());
    world.muffle(1, Some(Duration::from_secs(1_000)));
    world.run_for(Duration::from_secs(11));
    let before = world.sfu().counters().forwarded;
    world.run_for(Duration::from_secs(15));
    assert_eq!(world.sfu().counters().forwarded, before);
    assert!(world.sfu().counters().gate_closed > 500);
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
    assert!(seconds < 26.0, "{seconds} s of 300 heard");
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
