//! The core from outside, without a client: what it makes of offers and of bytes from nobody.

mod bytes;
mod offers;

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Instant;

use sfu_core::{Certificate, Event, Input, Join, PeerId, RoomId, Sfu, SfuConfig};

/// A core whose random numbers follow one another. All share a certificate, since making one is slow.
fn core(now: Instant) -> Sfu {
    static CERTIFICATE: OnceLock<Certificate> = OnceLock::new();
    let certificate = CERTIFICATE.get_or_init(|| Certificate::generate().expect("the system has randomness"));
    let mut next = 0u64;
    let config = SfuConfig {
        candidates: vec![SocketAddr::from(([192, 0, 2, 1], 7_000))],
        tcp_candidates: Vec::new(),
        certificate: certificate.clone(),
        random: Box::new(move |bytes| {
            for byte in bytes {
                next = next
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                *byte = next.to_be_bytes()[0];
            }
        }),
        simulated_crypto: None,
        limits: sfu_core::Limits::default(),
        padding: true,
    };
    Sfu::new(config, now)
}

/// Joins and returns what the core says.
fn join(sfu: &mut Sfu, now: Instant, peer: u64, offer: &str, sources: &[(&str, sfu_core::SourceKind)]) -> Event {
    let sources = sources
        .iter()
        .map(|(mid, kind)| (sfu_core::Mid((*mid).to_owned()), *kind))
        .collect();
    let join = Join {
        room: RoomId(1),
        peer: PeerId(peer),
        offer: offer.to_owned(),
        sources,
        counted: true,
    };
    sfu.handle(now, Input::Command(sfu_core::Command::Join(join)));
    sfu.poll_event().expect("a join is always answered")
}
