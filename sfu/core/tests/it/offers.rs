//! Offers: of real browsers, and thousands made from it by accident.

use std::time::Instant;

use proptest::prelude::*;
use sfu_core::{Command, Event, Input, MediaKind, PeerId, SourceKind};

use crate::{core, join};

/// Chromium 156: two senders, then two slots of each kind; no codec preferences.
const CHROMIUM: &str = include_str!("offers/chromium-156.sdp");
/// Firefox ESR 153: the same lines.
const FIREFOX: &str = include_str!("offers/firefox-153.sdp");

#[test]
fn browsers_whole_offers_are_answered() {
    let chromium = answered(CHROMIUM);
    assert!(chromium.contains("a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"));
    assert!(chromium.contains("a=rtpmap:111 opus/48000/2\r\n"));
    let firefox = answered(FIREFOX);
    assert!(firefox.contains("a=rtpmap:120 VP8/90000\r\na=rtpmap:124 rtx/90000\r\na=fmtp:124 apt=120\r\n"));
    assert!(firefox.contains("a=rtpmap:109 opus/48000/2\r\n"));
    for answer in [chromium, firefox] {
        // Every m-line takes part in the feedback, in both directions and whatever the codec.
        assert_eq!(
            answer.matches(" transport-cc\r\n").count(),
            answer.matches(" nack pli\r\n").count() + 3
        );
        assert_eq!(answer.matches("transport-wide-cc-extensions-01\r\n").count(), 6);
    }
}

/// The answer to an offer of two senders, then two slots of each kind, after the checks common to all browsers.
fn answered(offer: &str) -> String {
    let now = Instant::now();
    let mut sfu = core(now);
    let sources = [("0", SourceKind::Microphone), ("1", SourceKind::Camera)];
    let Event::Joined { joined, .. } = join(&mut sfu, now, 5, offer, &sources) else {
        panic!("refused")
    };
    let slots: Vec<_> = joined
        .slots
        .iter()
        .map(|slot| (slot.mid.0.as_str(), slot.kind))
        .collect();
    let (audio, video) = (MediaKind::Audio, MediaKind::Video);
    assert_eq!(slots, [("2", audio), ("3", audio), ("4", video), ("5", video)]);
    let directions: Vec<&str> = joined
        .answer
        .lines()
        .filter(|line| line.ends_with("only") || *line == "a=inactive")
        .collect();
    let expected = [
        "a=recvonly",
        "a=recvonly",
        "a=sendonly",
        "a=sendonly",
        "a=sendonly",
        "a=sendonly",
    ];
    assert_eq!(directions, expected);
    assert_eq!(joined.answer.matches("a=ssrc-group:FID ").count(), 2);
    assert_eq!(
        joined.answer.matches("a=candidate:").count(),
        joined.answer.matches("\r\nm=").count()
    );
    // Both kinds of slot are named so that a browser plays the first sound in step with the first picture.
    assert!(joined.answer.contains("a=msid:slot1 track-2\r\n") && joined.answer.contains("a=msid:slot1 track-4\r\n"));
    joined.answer
}

#[test]
fn the_same_offer_gets_other_credentials_each_time() {
    let now = Instant::now();
    let mut sfu = core(now);
    let mut seen = std::collections::HashSet::new();
    for peer in 0..100 {
        let Event::Joined { joined, .. } = join(&mut sfu, now, peer, CHROMIUM, &[]) else {
            panic!("refused")
        };
        for prefix in ["a=ice-ufrag:", "a=ice-pwd:", "a=ssrc:"] {
            let value = joined
                .answer
                .lines()
                .find(|line| line.starts_with(prefix))
                .expect("there")
                .to_owned();
            assert!(seen.insert(value));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// Bytes overwritten, lines dropped, doubled and swapped: answered or refused, never a panic, and nothing stays.
    #[test]
    fn a_damaged_offer_is_answered_or_refused(
        bytes in prop::collection::vec((0usize..20_000, any::<u8>()), 0..12),
        lines in prop::collection::vec((0usize..600, 0usize..600, 0u8..4), 0..12),
        named in any::<bool>(),
    ) {
        let mut all: Vec<String> = CHROMIUM.lines().map(str::to_owned).collect();
        for (from, to, what) in lines {
            let (from, to) = (from % all.len(), to % all.len());
            match what {
                0 => { all.remove(from); }
                1 => { let line = all[from].clone(); all.insert(to, line); }
                2 => all.swap(from, to),
                _ => { let half = all[from].len() / 2; all[from].truncate(half); }
            }
            if all.is_empty() {
                break;
            }
        }
        let mut text = all.join("\r\n").into_bytes();
        for (at, byte) in bytes {
            if !text.is_empty() {
                let len = text.len();
                text[at % len] = byte;
            }
        }
        let text = String::from_utf8_lossy(&text);
        let now = Instant::now();
        let mut sfu = core(now);
        let sources: &[_] = if named { &[("0", SourceKind::Microphone), ("1", SourceKind::Camera)] } else { &[] };
        let event = join(&mut sfu, now, 1, &text, sources);
        if let Event::Joined { joined, .. } = event {
            prop_assert!(joined.answer.lines().count() < 2_000);
            prop_assert!(!joined.answer.contains('\0') && joined.answer.contains("a=ice-lite"));
            sfu.handle(now, Input::Command(Command::Leave { peer: PeerId(1) }));
        } else if let Event::Refused { error, .. } = event {
            prop_assert!(!error.to_string().is_empty());
        } else {
            prop_assert!(false, "{:?}", event);
        }
        prop_assert_eq!(sfu.load(), (0, 0));
    }
}
