//! The vectors of RFC 5769, round trips, and hostile messages.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;

const PASSWORD: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";
const TRANSACTION: [u8; 12] = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// RFC 5769 2.1.
fn sample_request() -> Vec<u8> {
    hex(
        "00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74
         00240004 6e0001ff 80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020
         00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf",
    )
}

#[test]
fn rfc5769_request() {
    let bytes = sample_request();
    let request = BindingRequest::parse(&bytes).unwrap();
    assert_eq!(request.transaction, TRANSACTION);
    assert_eq!(request.username(), Some(("evtj", "h6vY")));
    assert_eq!(request.priority(), Some(0x6e00_01ff));
    assert!(request.ice_controlled() && !request.use_candidate() && request.unknown().is_empty());
    assert!(request.verify(PASSWORD));
    assert!(!request.verify(b"VOkJxbRl1RmTxUk/WvJxBu"));
}

#[test]
fn rfc5769_responses() {
    let v4 = hex(
        "0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220
        00200008 0001a147 e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96",
    );
    let v6 = hex(
        "01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220
        00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
        00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c",
    );
    for (bytes, mapped) in [
        (v4, "192.0.2.1:32853"),
        (v6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ] {
        let mapped: SocketAddr = mapped.parse().unwrap();
        assert_eq!(
            parse_response(&bytes, PASSWORD),
            Ok(Response::Success {
                transaction: TRANSACTION,
                mapped
            })
        );
        assert_eq!(parse_response(&bytes, b"other"), Err(StunError::Integrity));
    }
}

fn request(password: &[u8]) -> Request<'_> {
    Request {
        transaction: TRANSACTION,
        username: "ours:theirs",
        password,
        priority: 7,
        use_candidate: true,
        tie_breaker: 1,
    }
}

#[test]
fn requests_round_trip() {
    let mut bytes = Vec::new();
    write_request(&mut bytes, &request(PASSWORD));
    let parsed = BindingRequest::parse(&bytes).unwrap();
    assert_eq!(parsed.username(), Some(("ours", "theirs")));
    assert!(parsed.use_candidate() && parsed.verify(PASSWORD) && !parsed.verify(b""));
    assert!(!parsed.ice_controlled());
}

#[test]
fn unknown_required_attributes_are_listed_and_optional_ones_ignored() {
    let mut bytes = hex("00010010 2112a442 b7e7a701 bc34d686 fa87dfae 7abc0001 00000000 fabc0002 00000000");
    let parsed = BindingRequest::parse(&bytes).unwrap();
    assert_eq!(parsed.unknown(), [0x7abc]);
    assert!(!parsed.verify(b""));
    write_error(&mut bytes, TRANSACTION, 420, &[0x7abc], None);
    assert_eq!(
        parse_response(&bytes, b""),
        Ok(Response::Error {
            transaction: TRANSACTION,
            code: 420
        })
    );
}

#[test]
fn what_follows_integrity_is_ignored() {
    let mut bytes = Vec::new();
    write_request(
        &mut bytes,
        &Request {
            use_candidate: false,
            ..request(PASSWORD)
        },
    );
    let end = bytes.len() - 8;
    bytes.truncate(end);
    bytes.extend_from_slice(&[0, 0x25, 0, 0]);
    let length = u16::try_from(bytes.len() - 20).unwrap();
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    let parsed = BindingRequest::parse(&bytes).unwrap();
    assert!(parsed.verify(PASSWORD) && !parsed.use_candidate());
}

#[test]
fn bad_messages_are_named() {
    let good = sample_request();
    let check = |change: &dyn Fn(&mut Vec<u8>), expected: StunError| {
        let mut bytes = good.clone();
        change(&mut bytes);
        assert_eq!(BindingRequest::parse(&bytes).unwrap_err(), expected);
    };
    check(&|bytes| bytes.truncate(19), StunError::Length);
    check(&|bytes| bytes.push(0), StunError::Length);
    check(&|bytes| bytes[4] = 0, StunError::NotStun);
    check(&|bytes| bytes[1] = 0x11, StunError::Fingerprint);
    check(&|bytes| bytes[23] = 0xff, StunError::Attribute);
    check(&|bytes| bytes[107] ^= 1, StunError::Fingerprint);
    let mut response = Vec::new();
    write_success(&mut response, TRANSACTION, "127.0.0.1:1".parse().unwrap(), PASSWORD);
    assert_eq!(BindingRequest::parse(&response).unwrap_err(), StunError::Unexpected);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = BindingRequest::parse(&bytes);
        let _ = parse_response(&bytes, PASSWORD);
    }

    #[test]
    fn arbitrary_attributes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..60)) {
        let mut bytes = sample_request()[..20].to_vec();
        bytes.extend_from_slice(&body);
        bytes.resize(20 + body.len().next_multiple_of(4), 0);
        let length = u16::try_from(bytes.len() - 20).unwrap();
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        if let Ok(request) = BindingRequest::parse(&bytes) {
            prop_assert!(!request.verify(PASSWORD));
        }
    }

    #[test]
    fn any_flipped_bit_up_to_the_integrity_is_refused(bit in 0..100_usize * 8) {
        let mut bytes = sample_request();
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(BindingRequest::parse(&bytes).map_or(true, |request| !request.verify(PASSWORD)));
    }

    #[test]
    fn responses_round_trip(ip in any::<std::net::IpAddr>(), port in any::<u16>(), transaction in any::<[u8; 12]>()) {
        let mut bytes = Vec::new();
        let mapped = SocketAddr::new(ip.to_canonical(), port);
        write_success(&mut bytes, transaction, SocketAddr::new(ip, port), PASSWORD);
        prop_assert_eq!(parse_response(&bytes, PASSWORD), Ok(Response::Success { transaction, mapped }));
    }
}
