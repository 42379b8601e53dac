//! What decides has no clock, randomness, socket or thread of its own: they are parameters.

use super::{expect_none, files_ending, own_lines, read};

/// Asking for the time or for randomness.
const CHANCE: &[&str] = &[
    "Instant::now(",
    "SystemTime::now(",
    "Timestamp::now(",
    "Zoned::now(",
    "rand::rng(",
    "thread_rng(",
    "OsRng",
];

/// Doing I/O.
const OUTSIDE: &[&str] = &["tokio::", "UdpSocket", "TcpStream", "std::thread", "std::fs"];

/// Files that decide, by the beginning of their path, and what they must not do beside asking for time and randomness.
const PURE: &[(&str, &[&str])] = &[
    ("sfu/core/src/", OUTSIDE),
    ("media-api/src/rooms/", OUTSIDE),
    ("media-api/src/fragment.rs", OUTSIDE),
    ("media-api/src/offer.rs", OUTSIDE),
    ("signaling/service/src/room/", OUTSIDE),
    ("signaling/service/src/clock/", OUTSIDE),
    ("signaling/service/src/session.rs", OUTSIDE),
    ("signaling/service/src/slots.rs", OUTSIDE),
    ("signaling/service/src/intervals.rs", OUTSIDE),
    ("booking/", &[]),
];

/// Where the outside world is let in, as parameters for the rest.
const SHELLS: &[&str] = &[
    "booking/core/src/base/db/health.rs",
    "booking/core/src/base/ids.rs",
    "booking/core/src/base/time.rs",
];

#[test]
fn what_decides_is_told_the_time() {
    let mut findings = Vec::new();
    for path in files_ending(&["rs"]) {
        let name = path.display().to_string();
        let Some((_, outside)) = PURE.iter().find(|(beginning, _)| name.starts_with(beginning)) else {
            continue;
        };
        if SHELLS.contains(&name.as_str()) || name.ends_with("/tests.rs") || name.contains("/tests/") {
            continue;
        }
        for (number, line) in own_lines(&read(&path)) {
            for word in CHANCE.iter().chain(*outside).filter(|word| line.contains(**word)) {
                findings.push(format!("{name}:{number}: {word}"));
            }
        }
    }
    expect_none("time, randomness and I/O are the shells' business", &findings);
}
