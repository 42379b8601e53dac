//! Compounds written and read back, known bytes, and what is malformed.

use proptest::prelude::*;

use super::*;

fn only(compound: &[u8]) -> Rtcp<'_> {
    let all: Vec<_> = parse(compound).collect();
    assert_eq!(all.len(), 1);
    all[0].expect("well-formed")
}

const SENDER: SenderReport = SenderReport {
    ssrc: 7,
    ntp: 0x0102_0304_0506_0708,
    rtp_timestamp: 9,
    packets: 10,
    octets: 11,
};
const BLOCK: Report = Report {
    ssrc: 1,
    fraction_lost: 128,
    cumulative_lost: -2,
    highest_sequence: 3,
    jitter: 4,
    last_sr: 5,
    delay_since_sr: 6,
};

#[test]
fn a_compound_is_read_in_order() {
    let mut compound = Vec::new();
    write_sender_report(&mut compound, &SENDER, &[BLOCK]);
    write_cname(&mut compound, 7, "name");
    write_pli(&mut compound, 7, 8);
    write_fir(&mut compound, 7, 9, 3);
    compound.extend([0x81, BYE, 0, 1, 0, 0, 0, 7]);
    let packets: Vec<Rtcp<'_>> = parse(&compound).map(Result::unwrap).collect();
    let Rtcp::SenderReport(sender, reports) = packets[0] else {
        panic!("{packets:?}")
    };
    assert_eq!((sender, reports.iter().collect::<Vec<_>>()), (SENDER, vec![BLOCK]));
    assert_eq!(
        packets[1..],
        [
            Rtcp::Other { packet_type: 202 },
            Rtcp::PictureLoss { media_ssrc: 8 },
            Rtcp::FullIntra { media_ssrc: 9 },
            Rtcp::Bye { ssrc: 7 }
        ]
    );
}

#[test]
fn known_bytes_are_read() {
    // A receiver report with one block as a browser sends it: fraction 1, cumulative 2.
    let report = [
        0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0, 2, 0, 1, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6,
    ];
    let Rtcp::ReceiverReport { ssrc, reports } = only(&report) else {
        panic!("{:?}", only(&report))
    };
    let expected = Report {
        ssrc: 2,
        fraction_lost: 1,
        cumulative_lost: 2,
        highest_sequence: 0x1_0003,
        jitter: 4,
        last_sr: 5,
        delay_since_sr: 6,
    };
    assert_eq!((ssrc, reports.iter().collect::<Vec<_>>()), (1, vec![expected]));
    let intra = [0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 0, 0, 0];
    assert_eq!(only(&intra), Rtcp::FullIntra { media_ssrc: 9 });
    let transport_wide = [0x8f, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 1, 0, 0, 0, 0];
    assert_eq!(only(&transport_wide), Rtcp::TransportFeedback(&transport_wide));
    // Padding of a packet is not part of its list (RFC 3550 6.4.1).
    let padded = [0xa1, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 5, 0, 1, 0, 0, 0, 4];
    let Rtcp::Nack { media_ssrc: 2, lost } = only(&padded) else {
        panic!("{:?}", only(&padded))
    };
    assert_eq!(lost.iter().collect::<Vec<_>>(), [5, 6]);
}

#[test]
fn neighbouring_losses_share_an_entry() {
    let mut compound = Vec::new();
    write_nack(&mut compound, 1, 2, &[65_530, 65_535, 0, 10, 11, 30]);
    assert_eq!(compound.len(), 12 + 3 * 4);
    let Rtcp::Nack { media_ssrc: 2, lost } = only(&compound) else {
        panic!("{:?}", only(&compound))
    };
    assert_eq!(lost.iter().collect::<Vec<_>>(), [65_530, 65_535, 0, 10, 11, 30]);
}

#[test]
fn bitrates_survive_within_their_precision() {
    for bitrate_bps in [0, 1, 30_000, 1_500_000, 262_143, 262_144, 40_000_000_000, u64::MAX] {
        let mut compound = Vec::new();
        write_remb(&mut compound, 1, bitrate_bps, &[2, 3]);
        let Rtcp::Remb { bitrate_bps: read } = only(&compound) else {
            panic!("{:?}", only(&compound))
        };
        assert!(
            read <= bitrate_bps && bitrate_bps - read <= bitrate_bps >> 17,
            "{bitrate_bps} became {read}"
        );
    }
}

#[test]
fn malformed_compounds_end_with_one_error() {
    let check = |bytes: &[u8], good: usize| {
        let all: Vec<_> = parse(bytes).collect();
        assert_eq!(all.len(), good + 1, "{bytes:?}");
        assert_eq!(all[good], Err(RtcpError), "{bytes:?}");
    };
    check(&[0x80], 0);
    check(&[0x40, 200, 0, 0], 0);
    check(&[0x80, 202, 0, 1], 0);
    check(&[0x81, 201, 0, 1, 0, 0, 0, 1], 0);
    check(&[0x81, 206, 0, 1, 0, 0, 0, 1], 0);
    check(&[0xa0, 202, 0, 1, 0, 0, 0, 9], 0);
    check(&[0x80, 202, 0, 0, 0x80, 200, 0, 0], 1);
    check(&[0x80, 202, 0, 0].repeat(40), 32);
    assert_eq!(parse(&[]).count(), 0);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..120), kind in 199..210_u8) {
        if bytes.len() >= 4 {
            bytes[0] = bytes[0] & 0x3f | 0x80;
            bytes[1] = kind;
            bytes[2] = 0;
            bytes[3] %= 30;
        }
        for packet in parse(&bytes) {
            match packet {
                Ok(Rtcp::SenderReport(_, reports) | Rtcp::ReceiverReport { reports, .. }) => {
                    prop_assert!(reports.iter().count() <= 31);
                }
                Ok(Rtcp::Nack { lost, .. }) => prop_assert!(lost.iter().count() <= 17 * 30),
                Ok(_) | Err(_) => {}
            }
        }
    }

    #[test]
    fn nacks_round_trip(start in any::<u16>(), steps in proptest::collection::vec(1..40_u16, 0..60)) {
        let mut next = start;
        let lost: Vec<u16> = steps.iter().map(|step| { next = next.wrapping_add(*step); next }).collect();
        let mut compound = Vec::new();
        write_nack(&mut compound, 1, 2, &lost);
        let Rtcp::Nack { lost: read, .. } = only(&compound) else { panic!("{:?}", only(&compound)) };
        prop_assert_eq!(read.iter().collect::<Vec<_>>(), lost);
    }

    #[test]
    fn reports_round_trip(ssrc in any::<u32>(), lost in -0x80_0000..0x7f_ffff_i32, blocks in 0..40_usize) {
        let block = Report { ssrc, cumulative_lost: lost, ..BLOCK };
        let mut compound = Vec::new();
        write_receiver_report(&mut compound, 5, &vec![block; blocks]);
        let Rtcp::ReceiverReport { ssrc: 5, reports } = only(&compound) else { panic!("{:?}", only(&compound)) };
        prop_assert_eq!(reports.iter().collect::<Vec<_>>(), vec![block; blocks.min(31)]);
    }
}
