//! The RFCs' vectors, round trips of every profile, and what must be refused.

use proptest::prelude::*;

use super::cipher::Cipher;
use super::keys::{Session, Stream};
use super::*;

const PROFILES: [Profile; 3] = [
    Profile::AeadAes128Gcm,
    Profile::AeadAes256Gcm,
    Profile::AesCm128HmacSha1_80,
];

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn session(key: &[u8], salt: &[u8]) -> Session {
    let mut session = Session {
        key: [0; 32],
        auth: [0; 20],
        salt: [0; 14],
    };
    session.key[..key.len()].copy_from_slice(key);
    session.salt[..salt.len()].copy_from_slice(salt);
    session
}

/// RFC 3711 appendix B.3.
#[test]
fn rfc3711_key_derivation() {
    let keys = Keys::new(
        Profile::AesCm128HmacSha1_80,
        &hex("E1F97A0D3E018BE0D64FA32C06DE4139"),
        &hex("0EC675AD498AFEEBB6960B3AABE6"),
    )
    .unwrap();
    let session = keys.derive(Stream::Rtp);
    assert_eq!(session.key[..16], hex("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(session.salt[..], hex("30CBBC08863D8C85D49DB34A9AE1"));
    assert_eq!(session.auth[..], hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
}

/// RFC 3711 appendix B.2: the key stream of SSRC 0, index 0, seen by encrypting zeros.
#[test]
fn rfc3711_counter_mode() {
    let key = hex("2B7E151628AED2A6ABF7158809CF4F3C");
    let salt = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
    let cipher = Cipher::from_session(Profile::AesCm128HmacSha1_80, &session(&key, &salt));
    let mut packet = vec![0; 12 + 48 + 10];
    packet[0] = 0x80;
    assert_eq!(cipher.seal_rtp(0, &mut packet, 12, 60), 70);
    let expected = hex("E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB
         41E95B3BB0A2E8DD477901E4FCA894C0");
    assert_eq!(packet[12..60], expected);
}

fn gcm(profile: Profile) -> Cipher {
    let key: Vec<u8> = (0..32).take(profile.key_len()).collect();
    Cipher::from_session(profile, &session(&key, b"Quid pro quo"))
}

/// RFC 7714 16.1.1 and 16.2.1.
#[test]
fn rfc7714_rtp() {
    let plain = [
        hex("8040f17b 8041f8d3 5501a0b2"),
        b"Gallia est omnis divisa in partes tres".to_vec(),
    ]
    .concat();
    let vectors = [
        (
            Profile::AeadAes128Gcm,
            "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a
             51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
        ),
        (
            Profile::AeadAes256Gcm,
            "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02
             76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13",
        ),
    ];
    for (profile, sealed) in vectors {
        let mut packet = plain.clone();
        packet.resize(plain.len() + RTP_OVERHEAD, 0);
        let cipher = gcm(profile);
        let len = cipher.seal_rtp(0, &mut packet, 12, plain.len());
        assert_eq!(packet[..len], hex(sealed), "{profile:?}");
        let opened = cipher.open_rtp(0, &mut packet[..len], 12).unwrap();
        assert_eq!(packet[..opened], plain);
    }
}

/// RFC 7714 17.1 and 17.3.
#[test]
fn rfc7714_rtcp() {
    let plain = hex("81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
         deadbeef deadbeef deadbeef deadbeef deadbeef");
    let vectors = [
        (
            Profile::AeadAes128Gcm,
            "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46
             86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
        ),
        (
            Profile::AeadAes256Gcm,
            "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be 8415f658
             c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4",
        ),
    ];
    for (profile, sealed) in vectors {
        let mut packet = plain.clone();
        packet.resize(plain.len() + RTCP_OVERHEAD, 0);
        let cipher = gcm(profile);
        let len = cipher.seal_rtcp(0x5d4, &mut packet, plain.len());
        assert_eq!(packet[..len], hex(sealed), "{profile:?}");
        assert_eq!(cipher.rtcp_index(&packet[..len]), Ok(0x5d4));
        let opened = cipher.open_rtcp(0x5d4, &mut packet[..len]).unwrap();
        assert_eq!(packet[..opened], plain);
    }
}

/// A client's sender and our receiver, keyed by the same DTLS export.
fn pair(profile: Profile, sources_max: usize) -> (SrtpSender, SrtpReceiver) {
    let material: Vec<u8> = (0..2 * (profile.key_len() + profile.salt_len()))
        .map(|byte| byte as u8)
        .collect();
    let (_, client_out) = Keys::from_dtls(profile, &material, false).unwrap();
    let (server_in, _) = Keys::from_dtls(profile, &material, true).unwrap();
    (SrtpSender::new(&client_out), SrtpReceiver::new(&server_in, sources_max))
}

fn plain_rtp(ssrc: u32, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 96];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 9]);
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

fn sealed_rtp(sender: &SrtpSender, ssrc: u32, index: u64) -> Vec<u8> {
    let mut packet = plain_rtp(ssrc, (index & 0xffff) as u16, b"payload");
    let plain_len = packet.len();
    packet.resize(plain_len + RTP_OVERHEAD, 0);
    let len = sender.seal_rtp((index >> 16) as u32, &mut packet, 12, plain_len);
    packet.truncate(len);
    packet
}

#[test]
fn keying_material_of_a_wrong_length_is_refused() {
    assert_eq!(
        Keys::from_dtls(Profile::AeadAes128Gcm, &[0; 60], true).unwrap_err(),
        SrtpError::KeyLength
    );
    assert!(Keys::from_dtls(Profile::AeadAes128Gcm, &[0; 56], true).is_ok());
    assert!(Keys::from_dtls(Profile::AeadAes256Gcm, &[0; 88], true).is_ok());
    assert!(Keys::from_dtls(Profile::AesCm128HmacSha1_80, &[0; 60], true).is_ok());
}

#[test]
fn replays_and_stale_packets_are_told_apart() {
    for profile in PROFILES {
        let (sender, mut receiver) = pair(profile, 4);
        for index in [100, 300, 200] {
            let packet = sealed_rtp(&sender, 1, index);
            assert_eq!(receiver.open_rtp(&mut packet.clone()).unwrap().index, index);
            assert_eq!(receiver.open_rtp(&mut packet.clone()), Err(SrtpError::Replayed));
        }
        assert_eq!(
            receiver.open_rtp(&mut sealed_rtp(&sender, 1, 172)),
            Err(SrtpError::TooOld)
        );
        assert_eq!(receiver.open_rtp(&mut sealed_rtp(&sender, 1, 173)).unwrap().index, 173);
    }
}

#[test]
fn the_roll_over_counter_is_followed_through_reordering() {
    let (sender, mut receiver) = pair(Profile::AeadAes128Gcm, 4);
    for index in [
        65_000, 65_535, 65_537, 65_534, 65_536, 98_000, 130_000, 131_072, 131_071,
    ] {
        assert_eq!(
            receiver.open_rtp(&mut sealed_rtp(&sender, 1, index)).unwrap().index,
            index
        );
    }
}

#[test]
fn forgeries_change_nothing() {
    for profile in PROFILES {
        let (sender, mut receiver) = pair(profile, 1);
        let mut forged = sealed_rtp(&sender, 1, 500);
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(receiver.open_rtp(&mut forged), Err(SrtpError::Forged));
        // The forged source took no room, and the forged sequence number moved no window.
        assert_eq!(receiver.open_rtp(&mut sealed_rtp(&sender, 2, 5)).unwrap().index, 5);
        assert_eq!(
            receiver.open_rtp(&mut sealed_rtp(&sender, 1, 500)),
            Err(SrtpError::TooManySources)
        );
    }
}

#[test]
fn a_retired_source_makes_room_and_is_not_heard_again() {
    for profile in PROFILES {
        let (sender, mut receiver) = pair(profile, 1);
        let first = sealed_rtp(&sender, 1, 500);
        assert!(receiver.open_rtp(&mut first.clone()).is_ok());
        assert!(receiver.retire(1));
        assert!(receiver.open_rtp(&mut sealed_rtp(&sender, 2, 5)).is_ok());
        for mut old in [first, sealed_rtp(&sender, 1, 501)] {
            let refused = receiver.open_rtp(&mut old).unwrap_err();
            assert!(matches!(refused, SrtpError::Replayed | SrtpError::TooManySources));
        }
        assert!(receiver.retire(2));
        assert_eq!(
            receiver.open_rtp(&mut sealed_rtp(&sender, 1, 502)),
            Err(SrtpError::Replayed),
            "a place that is free is none for it"
        );
        let count = (0..).take_while(|number| receiver.retire(1_000 + number)).count();
        assert_eq!(count + 2, crate::limits::SSRCS_RETIRED_MAX);
    }
}

#[test]
fn rtcp_round_trips_and_replays_are_refused() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile, 4);
        let plain = hex("80c90001 00000007 81ce0002 00000007 00000008");
        let mut packet = plain.clone();
        packet.resize(plain.len() + RTCP_OVERHEAD, 0);
        let len = sender.seal_rtcp(&mut packet, plain.len());
        packet.truncate(len);
        let mut first = packet.clone();
        assert_eq!(receiver.open_rtcp(&mut first), Ok(plain.len()));
        assert_eq!(first[..plain.len()], plain);
        assert_eq!(receiver.open_rtcp(&mut packet.clone()), Err(SrtpError::Replayed));
        packet[10] ^= 1;
        let at = len - if profile == Profile::AesCm128HmacSha1_80 { 14 } else { 4 };
        packet[at + 3] += 1;
        assert_eq!(receiver.open_rtcp(&mut packet), Err(SrtpError::Forged));
    }
}

#[test]
fn unencrypted_rtcp_is_refused() {
    let (mut sender, mut receiver) = pair(Profile::AeadAes128Gcm, 4);
    let mut packet = hex("80c90001 00000007");
    packet.resize(8 + RTCP_OVERHEAD, 0);
    let len = sender.seal_rtcp(&mut packet, 8);
    packet[len - 4] &= 0x7f;
    assert_eq!(receiver.open_rtcp(&mut packet[..len]), Err(SrtpError::Malformed));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), marked in any::<bool>()) {
        for profile in PROFILES {
            let (_, mut receiver) = pair(profile, 2);
            let mut bytes = bytes.clone();
            if let (true, Some(first)) = (marked, bytes.first_mut()) {
                *first = *first & 0x3f | 0x80;
            }
            prop_assert!(receiver.open_rtp(&mut bytes.clone()).is_err());
            prop_assert!(receiver.open_rtcp(&mut bytes).is_err());
        }
    }

    #[test]
    fn packets_round_trip(payload in proptest::collection::vec(any::<u8>(), 0..200), sequence in any::<u16>()) {
        for profile in PROFILES {
            let (sender, mut receiver) = pair(profile, 2);
            let plain = plain_rtp(3, sequence, &payload);
            let mut packet = plain.clone();
            packet.resize(plain.len() + RTP_OVERHEAD, 0);
            let len = sender.seal_rtp(0, &mut packet, 12, plain.len());
            prop_assert_eq!(len, plain.len() + profile.tag_len());
            let opened = receiver.open_rtp(&mut packet[..len]).unwrap();
            prop_assert_eq!(&packet[..opened.len], &plain[..]);
        }
    }

    #[test]
    fn any_flipped_bit_is_refused(bit in 0..(12 + 7 + 10) * 8_usize) {
        for profile in PROFILES {
            let (sender, mut receiver) = pair(profile, 2);
            let mut packet = sealed_rtp(&sender, 1, 77);
            packet[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(receiver.open_rtp(&mut packet).is_err());
        }
    }
}

/// Trial D6: a client goes on reporting under a source that it sends no more of, and under new ones.
#[test]
fn d6_reports_outlive_the_source_they_are_named_after() {
    let (mut sender, mut receiver) = pair(Profile::AeadAes128Gcm, 4);
    let mut report = |receiver: &mut SrtpReceiver, ssrc: u32| {
        let mut packet = [&[0x80, 201, 0, 1][..], &ssrc.to_be_bytes()].concat();
        packet.resize(8 + RTCP_OVERHEAD, 0);
        let sealed = sender.seal_rtcp(&mut packet, 8);
        packet.truncate(sealed);
        let before = packet.clone();
        receiver.open_rtcp(&mut packet).map(|_| before)
    };
    report(&mut receiver, 7).unwrap();
    assert!(receiver.retire(7));
    report(&mut receiver, 7).expect("only its RTP is over");
    let old = report(&mut receiver, 1).unwrap();
    for ssrc in 100..200 {
        report(&mut receiver, ssrc).expect("there is room");
        report(&mut receiver, 7).expect("it is used");
    }
    assert_eq!(receiver.open_rtcp(&mut old.clone()), Err(SrtpError::Replayed));
    assert_eq!(report(&mut receiver, 1), Err(SrtpError::Replayed), "never forgotten");
}
