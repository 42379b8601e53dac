//! Headers, extensions and VP8 descriptors: known bytes, round trips, and arbitrary ones.

use proptest::prelude::*;

use super::*;

const FIELDS: Fields = Fields {
    marker: true,
    padding: false,
    payload_type: 96,
    sequence: 0xfffe,
    timestamp: 0x0102_0304,
    ssrc: 0xdead_beef,
};

#[test]
fn headers_round_trip() {
    let mut packet = [0xff; 40];
    let len = write_header(&mut packet, &FIELDS, &[(3, &[1, 2]), (9, &[7])]);
    assert_eq!(
        len, 24,
        "three bytes of elements head, three of values, padded to eight"
    );
    let header = Header::parse(&packet).unwrap();
    assert_eq!(
        (header.marker, header.payload_type, header.sequence),
        (true, 96, 0xfffe)
    );
    assert_eq!((header.timestamp, header.ssrc), (0x0102_0304, 0xdead_beef));
    assert_eq!((header.header_len, header.payload_len, header.padding_len), (24, 16, 0));
    assert_eq!(header.extension(&packet, 3), Some(&[1, 2][..]));
    assert_eq!(header.extension(&packet, 9), Some(&[7][..]));
    assert_eq!(header.extension(&packet, 4), None);
    assert_eq!(write_header(&mut packet, &FIELDS, &[]), 12);
    assert_eq!(Header::parse(&packet[..12]).unwrap().header_len, 12);
}

#[test]
fn long_and_empty_extensions_are_written_in_two_byte_form() {
    let mut packet = [0xff; 60];
    let long = [7; 17];
    let len = write_header(&mut packet, &FIELDS, &[(3, &[1, 2]), (9, &long), (5, &[])]);
    assert_eq!(
        len, 44,
        "six bytes of elements' heads, nineteen of values, padded to 28"
    );
    let header = Header::parse(&packet).unwrap();
    assert_eq!(header.header_len, 44);
    assert_eq!(header.extension(&packet, 3), Some(&[1, 2][..]));
    assert_eq!(header.extension(&packet, 9), Some(&long[..]));
    assert_eq!(header.extension(&packet, 5), Some(&[][..]));
}

#[test]
fn contributing_sources_and_padding_are_left_out_of_the_payload() {
    let packet = [
        &[0xa2, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3][..],
        &[0; 8],
        b"pay",
        &[0, 0, 3],
    ]
    .concat();
    let header = Header::parse(&packet).unwrap();
    assert_eq!((header.header_len, header.padding_len), (20, 3));
    assert_eq!(header.payload(&packet), b"pay");
}

#[test]
fn two_byte_extensions_are_read() {
    let packet = [
        &[0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3][..],
        &[0x10, 0x00, 0, 2],
        &[0, 5, 0, 6, 2, 8, 9, 0],
        b"x",
    ]
    .concat();
    let header = Header::parse(&packet).unwrap();
    assert_eq!(header.extension(&packet, 5), Some(&[][..]));
    assert_eq!(header.extension(&packet, 6), Some(&[8, 9][..]));
    assert_eq!(header.extension(&packet, 7), None);
}

#[test]
fn bad_packets_are_refused() {
    let check = |bytes: &[u8]| assert_eq!(Header::parse(bytes), Err(RtpError), "{bytes:?}");
    let fixed = [0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    let with = |first: u8, tail: &[u8]| [&[first], &fixed[1..], tail].concat();
    check(&fixed[..11]);
    check(&with(0x40, &[]));
    check(&with(0x81, &[0; 3]));
    check(&with(0x90, &[0xbe, 0xde, 0]));
    check(&with(0x90, &[0xbe, 0xde, 0, 1, 0, 0, 0]));
    check(&with(0xa0, &[]));
    check(&with(0xa0, &[0]));
    check(&with(0xa0, &[2]));
}

#[test]
fn kinds_of_datagram_are_told_apart() {
    assert!(is_media(&[0x80, 96]) && !is_rtcp(&[0x80, 96]) && !is_rtcp(&[0x80, 0x80 | 96]));
    assert!(is_rtcp(&[0x80, 200]) && is_rtcp(&[0x81, 206]));
    assert!(!is_media(&[22]) && !is_media(&[]) && !is_rtcp(&[0x80]));
}

#[test]
fn vp8_descriptors_are_read_and_rewritten() {
    // X, S; I, L, T; 15-bit picture id 0x1234; TL0PICIDX 9; TID 2 with Y; a key frame's first byte.
    let mut payload = [0x90, 0xe0, 0x92, 0x34, 9, 0xa0, 0x10];
    let descriptor = Vp8::parse(&payload).unwrap();
    assert!(descriptor.frame_start && descriptor.keyframe && descriptor.layer_sync && descriptor.picture_id_long);
    assert_eq!(
        (descriptor.picture_id, descriptor.tl0_pic_idx, descriptor.tid),
        (Some(0x1234), Some(9), Some(2))
    );
    assert_eq!(descriptor.len, 6);
    descriptor.rewrite(&mut payload, 0x7fff, 10);
    assert_eq!(payload, [0x90, 0xe0, 0xff, 0xff, 10, 0xa0, 0x10]);

    let mut short = [0x80, 0x80, 0x05, 0x11];
    let descriptor = Vp8::parse(&short).unwrap();
    assert!(!descriptor.frame_start && !descriptor.keyframe);
    assert_eq!(
        (descriptor.picture_id, descriptor.tl0_pic_idx, descriptor.tid),
        (Some(5), None, None)
    );
    descriptor.rewrite(&mut short, 0x81, 10);
    assert_eq!(short, [0x80, 0x80, 0x01, 0x11]);

    let delta = Vp8::parse(&[0x10, 0x01]).unwrap();
    assert!(delta.frame_start && !delta.keyframe);
    let later_partition = Vp8::parse(&[0x11, 0x00]).unwrap();
    assert!(!later_partition.frame_start && !later_partition.keyframe);
    assert_eq!(Vp8::parse(&[]), None);
    assert_eq!(Vp8::parse(&[0x10]), None);
    assert_eq!(Vp8::parse(&[0x90, 0x80, 0x80]), None);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), id in any::<u8>()) {
        if let Ok(header) = Header::parse(&bytes) {
            let _ = header.extension(&bytes, id);
            if let Some(descriptor) = Vp8::parse(header.payload(&bytes)) {
                let mut payload = header.payload(&bytes).to_vec();
                descriptor.rewrite(&mut payload, 1, 1);
            }
        }
    }

    #[test]
    fn arbitrary_extension_blocks_never_panic(
        words in 0..8_usize, two_byte in any::<bool>(), block in proptest::array::uniform32(any::<u8>()), id in 1..15_u8
    ) {
        let profile = if two_byte { [0x10, 0] } else { [0xbe, 0xde] };
        let head = [0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, profile[0], profile[1], 0, words as u8];
        let packet = [&head[..], &block[..words * 4]].concat();
        let header = Header::parse(&packet).unwrap();
        prop_assert!(header.extension(&packet, id).is_none_or(|value| value.len() <= words * 4));
    }

    #[test]
    fn vp8_descriptors_survive_rewriting(bytes in proptest::collection::vec(any::<u8>(), 1..12), id in any::<u16>(), tl0 in any::<u8>()) {
        let Some(before) = Vp8::parse(&bytes) else { return Ok(()) };
        let mut rewritten = bytes.clone();
        before.rewrite(&mut rewritten, id, tl0);
        let after = Vp8::parse(&rewritten).unwrap();
        let mask = if before.picture_id_long { 0x7fff } else { 0x7f };
        prop_assert_eq!(after, Vp8 {
            picture_id: before.picture_id.map(|_| id & mask),
            tl0_pic_idx: before.tl0_pic_idx.map(|_| tl0),
            ..before
        });
    }
}
