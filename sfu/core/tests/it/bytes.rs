//! Datagrams from nobody: no answer, no state, no panic.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use sfu_core::wire::stun;
use sfu_core::{Event, Input, SourceKind};

use crate::{core, join};

const CHROMIUM: &str = include_str!("offers/chromium-156.sdp");

fn value<'a>(answer: &'a str, prefix: &str) -> &'a str {
    answer
        .lines()
        .find_map(|line| line.strip_prefix(prefix))
        .expect("an answer has it")
}

/// W5.
#[test]
fn only_a_check_of_a_live_peer_is_answered_and_by_no_more_than_it_brought() {
    let now = Instant::now();
    let mut sfu = core(now);
    let sources = [("0", SourceKind::Microphone)];
    let Event::Joined { joined, .. } = join(&mut sfu, now, 1, CHROMIUM, &sources) else {
        panic!("refused")
    };
    let ours = value(&joined.answer, "a=ice-ufrag:").to_owned();
    let password = value(&joined.answer, "a=ice-pwd:").to_owned();
    let theirs = value(CHROMIUM, "a=ice-ufrag:");
    let local = SocketAddr::from(([192, 0, 2, 1], 7_000));
    let from = SocketAddr::from(([198, 51, 100, 1], 4_000));
    let check = |username: &str, password: &str| {
        let mut bytes = Vec::new();
        let transaction = [username.len().to_le_bytes()[0]; 12];
        let (password, priority, use_candidate, tie_breaker) = (password.as_bytes(), 1, true, 1);
        let request = stun::Request {
            transaction,
            username,
            password,
            priority,
            use_candidate,
            tie_breaker,
        };
        stun::write_request(&mut bytes, &request);
        bytes
    };
    let cases = [
        (format!("{ours}:{theirs}"), password.as_str(), true),
        (format!("{ours}:{theirs}"), "wrong", false),
        (format!("nobody:{theirs}"), password.as_str(), false),
        (format!("{ours}:somebody"), password.as_str(), false),
        (ours.clone(), password.as_str(), false),
    ];
    for (username, password, answered) in cases {
        let mut bytes = check(&username, password);
        sfu.handle(
            now,
            Input::Datagram {
                from,
                local,
                bytes: &mut bytes,
            },
        );
        let transmits = sfu.transmits();
        assert_eq!(transmits.iter().len(), usize::from(answered), "{username}");
        for transmit in transmits.iter() {
            assert_eq!((transmit.to, transmit.from_local), (from, local));
            assert!(transmit.bytes.len() <= bytes.len() + 12, "no amplifier");
            let parsed = stun::parse_response(transmit.bytes, password.as_bytes());
            assert!(matches!(parsed, Ok(stun::Response::Success { mapped, .. }) if mapped == from));
        }
    }
    let counters = sfu.counters();
    assert_eq!((counters.stun_checks, counters.stun_auth_failed), (1, 2));
    assert_eq!((counters.stun_unknown_ufrag, counters.stun_bad), (1, 1));
}

proptest! {
    #[test]
    fn random_bytes_get_no_answer(
        packets in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..1_600)), 1..50),
    ) {
        let now = Instant::now();
        let mut sfu = core(now);
        join(&mut sfu, now, 1, CHROMIUM, &[]);
        let local = SocketAddr::from(([192, 0, 2, 1], 7_000));
        let count = packets.len() as u64;
        for (first, mut bytes) in packets {
            if let Some(byte) = bytes.first_mut() {
                *byte = first;
            }
            let from = SocketAddr::from(([198, 51, 100, first], 4_000));
            sfu.handle(now, Input::Datagram { from, local, bytes: &mut bytes });
        }
        prop_assert!(sfu.transmits().is_empty());
        let counters = *sfu.counters();
        let dropped = counters.datagrams_unknown + counters.unvalidated + counters.stun_bad
            + counters.stun_unknown_ufrag + counters.stun_auth_failed;
        prop_assert_eq!((counters.datagrams_in, dropped), (count, count));
    }
}

#[test]
fn time_alone_ends_what_never_began() {
    let now = Instant::now();
    let mut sfu = core(now);
    assert_eq!(sfu.next_timeout(), None);
    join(&mut sfu, now, 1, CHROMIUM, &[]);
    let at = sfu.next_timeout().expect("the handshake has a limit");
    assert_eq!(at, now + Duration::from_secs(15));
    sfu.handle(at, Input::Timeout);
    assert!(matches!(
        sfu.poll_event(),
        Some(Event::Disconnected {
            present_until: None,
            ..
        })
    ));
    assert_eq!((sfu.next_timeout(), sfu.load()), (None, (0, 0)));
}
