//! Fuzz targets: one function for each parser of what strangers send. Whatever the bytes are, none panics, and what was
//! read keeps its promises. `cargo test -p fuzz` replays the corpora in `src/__fuzz__` and makes inputs of its own;
//! `cargo bolero test -p fuzz tests::sdp` hunts with an engine that sees which code was reached.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Instant;

use sfu_core::wire::rtcp::{self, Rtcp};
use sfu_core::wire::rtp::dependency_descriptor::DependencyDescriptor;
use sfu_core::wire::rtp::red::{self, Red};
use sfu_core::wire::rtp::{AudioLevel, Av1, H264, Header, Vp8, Vp9};
use sfu_core::wire::srtp::{Keys, Profile, SrtpReceiver};
use sfu_core::wire::stun::{self, BindingRequest};
use sfu_core::{
    Certificate, Command, Event, Input, Join, Limits, Mid, PeerId, RoomId, Sfu, SfuConfig, SourceKind, fuzzing, limits,
};
use signaling_protocol::ClientMessage;

/// STUN requests and responses. Nothing is authentic under a password that nobody knows.
pub fn stun(bytes: &[u8]) {
    if let Ok(request) = BindingRequest::parse(bytes) {
        assert!(stun::is_stun(bytes), "what parses looks like STUN");
        let _ = (request.username(), request.priority(), request.unknown());
        let _ = (request.use_candidate(), request.ice_controlled());
        assert!(!request.verify(b"a password that nobody knows"), "forged");
    }
    assert!(
        stun::parse_response(bytes, b"a password that nobody knows").is_err(),
        "forged"
    );
}

/// Frames of a TCP connection, in pieces whose length the first byte gives: however the stream is cut, they are the same.
pub fn tcp_frames(bytes: &[u8]) {
    let Some((&piece, stream)) = bytes.split_first() else {
        return;
    };
    let frames = sfu_driver::fuzzing::frames(usize::from(piece), stream);
    let mut rest = stream;
    for frame in frames {
        let (head, after) = rest.split_at(2);
        let (content, next) = after.split_at(usize::from(u16::from_be_bytes([head[0], head[1]])));
        assert_eq!(frame, content, "what was sent");
        assert!(content.len() <= limits::DATAGRAM_BYTES_MAX, "no longer than a datagram");
        rest = next;
    }
    if let Some((head, after)) = rest.split_first_chunk::<2>() {
        let len = usize::from(u16::from_be_bytes(*head));
        assert!(
            len > after.len() || len > limits::DATAGRAM_BYTES_MAX,
            "no whole frame is left"
        );
    }
}

/// RTP headers with their extensions, and every payload format.
pub fn rtp(bytes: &[u8]) {
    let Ok(header) = Header::parse(bytes) else { return };
    let payload = header.payload(bytes);
    assert_eq!(
        header.header_len + payload.len() + header.padding_len,
        bytes.len(),
        "nothing is left over"
    );
    for id in 0..=15 {
        let value = header.extension(bytes, id);
        let _ = value.and_then(AudioLevel::parse);
    }
    let _ = (H264::parse(payload), Av1::parse(payload));
    let mut rewritten = payload.to_vec();
    if let Some(vp8) = Vp8::parse(payload) {
        let _ = vp8.picture_size(payload);
        vp8.rewrite(&mut rewritten, 1, 1);
    }
    if let Some(vp9) = Vp9::parse(payload) {
        vp9.rewrite(&mut rewritten, 1, 1);
    }
}

/// Redundant sound: what was read is written again as it was.
pub fn redundant_audio(bytes: &[u8]) {
    let Some(payload_type) = bytes.first().map(|first| first & 0x7f) else {
        return;
    };
    if let Some(read) = Red::parse(bytes, payload_type) {
        let primary = &bytes[read.primary_at..];
        let mut out = vec![0; red::written_len(read.blocks(), primary.len())];
        red::write(&mut out, payload_type, read.blocks(), primary);
        assert_eq!(out, bytes, "the same again");
    }
}

/// Dependency descriptors one after the other, each after a byte that gives its length: later ones build on the template
/// structures of earlier ones.
pub fn dependency_descriptor(bytes: &[u8]) {
    let mut structure = None;
    let mut rest = bytes;
    while let Some((&len, after)) = rest.split_first() {
        let (value, next) = after.split_at(usize::from(len).min(after.len()));
        if let Some(read) = DependencyDescriptor::parse(value, &mut structure) {
            let known = structure.as_deref().expect("read by its templates");
            for target in 0..=known.decode_targets {
                let _ = (read.is_part_of(target), known.layer_of(target), known.chain_of(target));
            }
        }
        rest = next;
    }
}

/// Compound RTCP packets.
pub fn rtcp(bytes: &[u8]) {
    for packet in rtcp::parse(bytes) {
        match packet {
            Ok(Rtcp::SenderReport(_, reports) | Rtcp::ReceiverReport { reports, .. }) => {
                assert!(reports.iter().count() <= 31, "five bits of them");
            }
            Ok(Rtcp::Nack { lost, .. }) => {
                let _ = lost.iter().count();
            }
            Ok(
                Rtcp::Bye { .. }
                | Rtcp::PictureLoss { .. }
                | Rtcp::FullIntra { .. }
                | Rtcp::Remb { .. }
                | Rtcp::TransportFeedback(_)
                | Rtcp::Other { .. },
            )
            | Err(_) => {}
        }
    }
}

/// Transport-wide feedback, as congestion control takes it.
pub fn transport_feedback(bytes: &[u8]) {
    fuzzing::transport_feedback(bytes, *START);
}

/// SRTP and SRTCP under keys that the sender does not have: nothing of it is opened.
pub fn srtp(bytes: &[u8]) {
    for profile in [
        Profile::AeadAes128Gcm,
        Profile::AeadAes256Gcm,
        Profile::AesCm128HmacSha1_80,
    ] {
        let (key, salt) = (vec![7; profile.key_len()], vec![9; profile.salt_len()]);
        let keys = Keys::new(profile, &key, &salt).expect("of the right lengths");
        let mut receiver = SrtpReceiver::new(&keys, 4);
        assert!(receiver.open_rtp(&mut bytes.to_vec()).is_err(), "forged");
        assert!(receiver.open_rtcp(&mut bytes.to_vec()).is_err(), "forged");
    }
}

/// Offers: each is answered or refused, and leaves nothing behind.
pub fn sdp(bytes: &[u8]) {
    let offer = String::from_utf8_lossy(bytes).into_owned();
    let mut sfu = Sfu::new(config(), *START);
    let sources = [("0", SourceKind::Microphone), ("1", SourceKind::Camera)];
    let sources = sources.map(|(mid, kind)| (Mid(mid.to_owned()), kind)).to_vec();
    for sources in [Vec::new(), sources] {
        let join = Join {
            room: RoomId(1),
            peer: PeerId(1),
            offer: offer.clone(),
            sources,
            counted: true,
        };
        sfu.handle(*START, Input::Command(Command::Join(join)));
        if let Some(Event::Joined { joined, .. }) = sfu.poll_event() {
            assert!(
                joined.answer.starts_with("v=0\r\n") && !joined.answer.contains('\0'),
                "an answer"
            );
        }
        sfu.handle(*START, Input::Command(Command::Leave { peer: PeerId(1) }));
        assert_eq!(sfu.load(), (0, 0), "nothing stays");
        while sfu.poll_event().is_some() {}
    }
}

/// Messages of the signaling socket: what is understood is written so that it is understood the same way.
pub fn signaling(bytes: &[u8]) {
    if let Ok(message) = serde_json::from_slice::<ClientMessage>(bytes) {
        let written = serde_json::to_vec(&message).expect("what was read can be written");
        let again: ClientMessage = serde_json::from_slice(&written).expect("what was written can be read");
        assert_eq!(again, message, "the same again");
    }
}

/// Offers of WHIP and WHEP.
pub fn media_offer(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        media_api::fuzzing::offer(text);
    }
}

/// Fragments that WHIP and WHEP clients send later.
pub fn media_fragment(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        media_api::fuzzing::fragment(text);
    }
}

/// No parser asks what time it is; all inputs come at the same moment.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn config() -> SfuConfig {
    static CERTIFICATE: LazyLock<Certificate> =
        LazyLock::new(|| Certificate::generate().expect("the system has randomness"));
    let mut next = 0u8;
    SfuConfig {
        candidates: vec![SocketAddr::from(([192, 0, 2, 1], 7_000))],
        tcp_candidates: Vec::new(),
        certificate: CERTIFICATE.clone(),
        random: Box::new(move |bytes| {
            for byte in bytes {
                next = next.wrapping_mul(5).wrapping_add(1);
                *byte = next;
            }
        }),
        simulated_crypto: None,
        limits: Limits::default(),
        padding: true,
    }
}
