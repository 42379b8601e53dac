//! Mutated and replayed packets into a running call: counted, answered by nothing, and the call goes on as if alone.

use std::net::SocketAddr;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sfu_core::wire::rtp::red::{self, Block};
use sfu_core::{Counters, Event, Source, SourceKind};
use sfu_sim::{ClientConfig, Conditions, World};

fn call() -> World {
    let mut world = World::new(31, Conditions::PERFECT);
    world.record();
    for tag in 1..=2 {
        world.join(ClientConfig {
            tag,
            ..ClientConfig::default()
        });
    }
    world.begin(2);
    world
}

/// Flips, cuts, lengthens or refills; never leaves a packet as it was.
fn mutate(random: &mut ChaCha8Rng, packet: &[u8]) -> Vec<u8> {
    let mut bytes = packet.to_vec();
    match random.random_range(0..5) {
        0 => {
            let at = random.random_range(0..bytes.len());
            bytes[at] ^= 1 << random.random_range(0..8);
        }
        1 => bytes.truncate(random.random_range(0..bytes.len())),
        2 => {
            // Only the first byte stays, so that it is still taken for what it was.
            random.fill(&mut bytes[1..]);
        }
        3 => {
            let more = random.random_range(1..200);
            bytes.extend((0..more).map(|_| random.random::<u8>()));
        }
        _ => {
            for _ in 0..random.random_range(2..20) {
                let at = random.random_range(1..bytes.len());
                bytes[at] = bytes[at].wrapping_add(random.random_range(1..=255));
            }
        }
    }
    bytes
}

/// Injects `count` mutated packets of a kind over ten seconds, from the victim's own address and from a stranger's.
fn attack(world: &mut World, samples: &[Vec<u8>], count: usize) {
    assert!(!samples.is_empty());
    let mut random = ChaCha8Rng::seed_from_u64(77);
    let stranger = SocketAddr::from(([203, 0, 113, 66], 666));
    for number in 0..count {
        let sample = random.random_range(0..samples.len());
        let mut bytes = mutate(&mut random, &samples[sample]);
        let from = if number % 4 == 3 { stranger } else { world.address_of(0) };
        world.inject(from, &mut bytes);
        if number % 2 == 0 {
            world.run_for(Duration::from_millis(10));
        }
    }
}

/// Both got everything that was sent, nobody was thrown out, nothing broke.
fn undisturbed(mut world: World) -> Counters {
    world.run_for(Duration::from_secs(1));
    for index in 0..2 {
        world.client(index).stop_media();
    }
    world.run_for(Duration::from_millis(500));
    for index in 0..2 {
        let received = world.client(index).check_received().expect("a whole stream");
        for stream in &received.streams {
            assert!(
                stream.packets > 500 && stream.holes == 0 && stream.sources.len() == 1,
                "{stream:?}"
            );
        }
    }
    assert!(
        !world
            .events()
            .iter()
            .any(|event| matches!(event, Event::Disconnected { .. })),
        "{:?}",
        world.events()
    );
    let counters = *world.sfu().counters();
    assert_eq!(counters.rooms_failed, 0);
    counters
}

/// What the first seconds of the call brought to the core from the first client, by the first byte.
fn samples(world: &mut World, first_bytes: std::ops::Range<u8>) -> Vec<Vec<u8>> {
    world.run_for(Duration::from_secs(3));
    let client = world.address_of(0);
    let recorded = world.take_recorded().into_iter();
    recorded
        .filter(|(from, bytes)| *from == client && first_bytes.contains(&bytes[0]))
        .map(|(_, bytes)| bytes)
        .collect()
}

#[test]
fn mutated_checks_do_nothing() {
    let mut world = call();
    let stun = samples(&mut world, 0..4);
    let before = *world.sfu().counters();
    attack(&mut world, &stun, 2_000);
    let after = undisturbed(world);
    let bad = after.stun_bad - before.stun_bad;
    let unknown = after.stun_unknown_ufrag - before.stun_unknown_ufrag;
    let forged = after.stun_auth_failed - before.stun_auth_failed;
    let other = after.datagrams_unknown - before.datagrams_unknown + after.unvalidated - before.unvalidated;
    // What became a record of DTLS by its first byte is the library's to ignore.
    let more = after.rtp_malformed - before.rtp_malformed + after.srtp_auth_failed - before.srtp_auth_failed;
    assert!(
        bad > 500 && bad + unknown + forged + other + more >= 1_950,
        "{bad} {unknown} {forged} {other} {more}"
    );
}

#[test]
fn mutated_handshakes_do_nothing() {
    let mut world = call();
    let dtls = samples(&mut world, 20..64);
    let before = *world.sfu().counters();
    attack(&mut world, &dtls, 2_000);
    let after = undisturbed(world);
    assert!(
        after.unvalidated - before.unvalidated >= 400,
        "a stranger's handshake is not even looked at"
    );
    assert_eq!(after.dtls_failed, before.dtls_failed);
}

/// Well-formed records that anybody can write who can put the victim's address on a datagram: they carry no key.
#[test]
fn forged_records_without_a_key_end_nothing() {
    let mut world = call();
    world.run_for(Duration::from_secs(1));
    let record = |kind: u8, epoch: u8, number: u8, body: &[u8]| {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        let head = [kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 1, number];
        [&head[..], &length, body].concat()
    };
    let hello = |sequence: u8| {
        let body = [&[0xfe, 0xfd][..], &[7; 32], &[0, 0, 0, 2, 0xc0, 0x2b, 1, 0]].concat();
        let length = u8::try_from(body.len()).unwrap();
        [&[1, 0, 0, length, 0, sequence, 0, 0, 0, 0, 0, length][..], &body].concat()
    };
    for number in 0..200 {
        for mut bytes in [
            record(21, 0, number, &[2, 40]),
            record(21, 0, number, &[1, 0]),
            record(21, 1, number, &[7; 26]),
            record(20, 0, number, &[1]),
            record(22, 0, number, &hello(number)),
            record(22, 0, number, &[14, 0, 0, 0, 0, number, 0, 0, 0, 0, 0, 0]),
            record(22, 1, number, &[7; 60]),
            record(23, 0, number, b"data"),
        ] {
            let victim = world.address_of(0);
            world.inject(victim, &mut bytes);
        }
        world.run_for(Duration::from_millis(50));
    }
    assert_eq!(undisturbed(world).dtls_failed, 0);
}

/// W6, W9.
#[test]
fn mutated_media_is_dropped_and_counted() {
    let mut world = call();
    let mut media = samples(&mut world, 128..192);
    // Old numbers are refused unread, so the samples get numbers that may as well be new.
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for packet in &mut media {
        random.fill(&mut packet[2..4]);
    }
    let before = *world.sfu().counters();
    attack(&mut world, &media, 4_000);
    let after = undisturbed(world);
    let forged = after.srtp_auth_failed - before.srtp_auth_failed;
    let replayed = after.srtp_replayed - before.srtp_replayed;
    let malformed = after.rtp_malformed - before.rtp_malformed;
    let strangers = after.unvalidated - before.unvalidated + after.datagrams_unknown - before.datagrams_unknown;
    assert!(
        forged > 800 && replayed > 300 && strangers >= 900,
        "{forged} {replayed} {malformed} {strangers}"
    );
    assert!(
        forged + replayed + malformed + strangers >= 3_900,
        "{forged} {replayed} {malformed} {strangers}"
    );
}

#[test]
fn a_replayed_minute_does_nothing() {
    let mut world = call();
    world.run_for(Duration::from_secs(60));
    let minute = world.take_recorded();
    assert!(minute.len() > 10_000, "{}", minute.len());
    let before = *world.sfu().counters();
    let stranger = SocketAddr::from(([203, 0, 113, 66], 666));
    for (number, (from, mut bytes)) in minute.into_iter().enumerate() {
        // Handshakes are part of it, and every tenth packet comes from elsewhere.
        let from = if number % 10 == 9 { stranger } else { from };
        world.inject(from, &mut bytes);
        if number % 10 == 0 {
            world.run_for(Duration::from_millis(5));
        }
    }
    let after = undisturbed(world);
    assert!(after.srtp_replayed - before.srtp_replayed > 8_000, "{after:?}");
    assert!(
        after.unvalidated - before.unvalidated > 900 && after.stun_replayed > before.stun_replayed,
        "{after:?}"
    );
}

#[test]
fn an_overheard_check_does_not_move_the_media() {
    let mut world = call();
    let checks = samples(&mut world, 0..4);
    let stranger = SocketAddr::from(([203, 0, 113, 66], 666));
    for mut check in checks {
        world.inject(stranger, &mut check);
    }
    world.run_for(Duration::from_secs(8));
    let counters = undisturbed(world);
    assert!(counters.stun_replayed > 0);
}

/// W10.
#[test]
fn one_client_cannot_flood_the_core() {
    let mut world = call();
    world.run_for(Duration::from_secs(1));
    let from = world.address_of(0);
    let mut flood = Vec::new();
    for _ in 0..6_000 {
        flood.extend(world.client(0).media_packet(SourceKind::Microphone, 100));
    }
    for mut packet in flood {
        world.inject(from, &mut packet);
    }
    let counters = *world.sfu().counters();
    assert!(counters.rate_limited > 1_900, "{counters:?}");
    let before = counters.rate_limited;
    world.run_for(Duration::from_secs(2));
    assert_eq!(world.sfu().counters().rate_limited, before, "afterwards it may go on");
}

/// Negative acknowledgements (RFC 4585 6.2.1) of every number that a stream can have, in datagrams of many.
fn everything_lost(ssrc: u32) -> Vec<Vec<u8>> {
    let numbers: Vec<u16> = (0..=u16::MAX).step_by(17).collect();
    let feedback = |numbers: &[u16]| {
        let words = 2 + u16::try_from(numbers.len()).expect("few");
        let mut bytes = vec![0x81, 205];
        bytes.extend(words.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(ssrc.to_be_bytes());
        for number in numbers {
            bytes.extend(number.to_be_bytes());
            bytes.extend([0xff; 2]);
        }
        bytes
    };
    // Seven entries are fewer than the 128 numbers that one packet may ask for.
    let packets: Vec<_> = numbers.chunks(7).map(feedback).collect();
    packets.chunks(30).map(<[_]>::concat).collect()
}

#[test]
fn one_client_cannot_have_everything_sent_again_and_again() {
    let mut world = call();
    world.run_for(Duration::from_secs(10));
    let from = world.address_of(1);
    let ssrcs = world.client(1).ssrcs();
    let before = world.sfu().counters().retransmitted;
    for _ in 0..10 {
        for ssrc in &ssrcs {
            for plain in everything_lost(*ssrc) {
                let mut packet = world.client(1).raw_rtcp(&plain).expect("connected");
                world.inject(from, &mut packet);
            }
        }
        world.run_for(Duration::from_millis(40));
    }
    let again = world.sfu().counters().retransmitted - before;
    // A second's worth at once and what is earned in 0.4 s, less what is asked for and no longer kept.
    assert!((500..1_450).contains(&again), "{again}");
}

/// A plain RTCP packet of a known type with the SSRCs of this call in it, and any bytes otherwise.
fn odd_rtcp(random: &mut ChaCha8Rng, ssrcs: &[u32]) -> Vec<u8> {
    let types = [200, 201, 202, 203, 204, 205, 206, 207, 192, 223];
    let mut bytes = vec![
        0x80 | random.random_range(0..64),
        types[random.random_range(0..types.len())],
    ];
    let words = random.random_range(2..60_u16);
    let claimed = if random.random_ratio(1, 4) {
        random.random()
    } else {
        words
    };
    bytes.extend(claimed.to_be_bytes());
    for _ in 0..words {
        let word = match random.random_range(0..3) {
            0 => ssrcs[random.random_range(0..ssrcs.len())],
            1 => 0x5245_4d42,
            _ => random.random(),
        };
        bytes.extend(word.to_be_bytes());
    }
    bytes.truncate(bytes.len() - usize::from(random.random_ratio(1, 8)) * random.random_range(0..4));
    if random.random_ratio(1, 5) {
        let again = bytes.clone();
        bytes.extend(again);
    }
    bytes
}

#[test]
fn an_authentic_client_cannot_break_anything_by_odd_packets() {
    let mut world = call();
    let attacker = world.join(ClientConfig {
        tag: 3,
        redundancy: true,
        ..ClientConfig::default()
    });
    world.connect_all();
    world.admit(attacker, true);
    // The victims do not watch the attacker, but the attacker watches them.
    let sources = [SourceKind::Microphone, SourceKind::Camera];
    let of = |world: &World, index| {
        sources.map(|kind| Source {
            peer: world.peer(index),
            kind,
        })
    };
    let watched = of(&world, 0);
    world.show(attacker, &watched);
    let audience = world.join(ClientConfig {
        tag: 4,
        ..ClientConfig::default()
    });
    world.connect_all();
    world.admit(audience, true);
    let shown = of(&world, attacker);
    world.show(audience, &shown);
    let from = world.address_of(attacker);
    let ssrcs = [
        world.client(attacker).ssrcs(),
        world.client(0).ssrcs(),
        world.client(1).ssrcs(),
    ]
    .concat();
    let mut random = ChaCha8Rng::seed_from_u64(99);
    for number in 0..6_000 {
        let packet = if number % 2 == 0 {
            let plain = odd_rtcp(&mut random, &ssrcs);
            world.client(attacker).raw_rtcp(&plain)
        } else {
            let kind = sources[random.random_range(0..2)];
            let payload_type = [63, 96, 97, 111, 96 | 0x80, random.random()][random.random_range(0..6)];
            let payload: Vec<u8> = (0..random.random_range(0..60)).map(|_| random.random()).collect();
            let payload = if payload_type == 63 && random.random() {
                redundant(&payload)
            } else {
                payload
            };
            let values: Vec<u8> = (0..random.random_range(0..24)).map(|_| random.random()).collect();
            let profile = [0xbede, 0x1000, random.random()][random.random_range(0..3)];
            let extension = random.random_bool(0.5).then_some((profile, values.as_slice()));
            let padding = random.random_ratio(1, 3);
            world
                .client(attacker)
                .raw_media(kind, payload_type, extension, &payload, padding)
        };
        let mut bytes = packet.expect("connected");
        world.inject(from, &mut bytes);
        if number % 4 == 0 {
            world.run_for(Duration::from_millis(5));
        }
    }
    world.run_for(Duration::from_secs(4));
    let forwarded = world.sfu().counters().forwarded;
    assert!(forwarded > 1_000, "some of it even goes through: {forwarded}");
    let counters = undisturbed(world);
    assert!(
        counters.rtcp_malformed > 300 && counters.unknown_payload_type > 300,
        "{counters:?}"
    );
    assert!(counters.rtp_malformed > 100, "{counters:?}");
}

/// Redundant sound whose lengths fit, whatever else it is.
fn redundant(bytes: &[u8]) -> Vec<u8> {
    let (block, primary) = bytes.split_at(bytes.len() / 2);
    let blocks = [Block {
        offset: u32::try_from(bytes.len()).expect("short") * 200,
        payload: block,
    }];
    let mut out = vec![0; red::written_len(&blocks, primary.len())];
    red::write(&mut out, 111, &blocks, primary);
    out
}
