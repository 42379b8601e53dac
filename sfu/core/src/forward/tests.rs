//! Rewriting against a model: whatever the source loses, reorders, pads or is switched to, the slot is one stream.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::rtp::{Fields, write_header};

/// A VP8 packet of a source: its place, and the frame it belongs to. `empty` is padding only.
fn packet(stream: u32, index: u64, frame: u16, empty: bool, newest: bool) -> MediaPacket {
    let [high, low] = (frame | 0x8000).to_be_bytes();
    let payload = [0x90, 0xc0, high, low, frame.to_be_bytes()[1], 0];
    let fields = Fields {
        marker: false,
        padding: empty,
        payload_type: 96,
        sequence: u16::try_from(index & 0xffff).unwrap(),
        timestamp: u32::from(frame) * 3_000,
        ssrc: stream,
    };
    let mut bytes = [0; 12];
    write_header(&mut bytes, &fields, &[]);
    let mut bytes = bytes.to_vec();
    bytes.extend(if empty { &[1][..] } else { &payload[..] });
    let header = Header::parse(&bytes).unwrap();
    let vp8 = if empty { None } else { Vp8::parse(&payload) };
    MediaPacket {
        stream,
        encoding: 0,
        layer: Layer {
            spatial: 0,
            temporal: 0,
        },
        codec: Codec::Vp8,
        index,
        header,
        keyframe: vp8.is_some_and(|vp8| vp8.keyframe),
        vp8,
        newest,
    }
}

#[test]
fn a_first_source_keeps_its_timestamps_and_gets_our_numbers() {
    let now = Instant::now();
    let mut rewriter = Rewriter::new(0xffff);
    let placed = rewriter.start(&packet(1, 9_000, 7, false, true), now);
    assert_eq!(
        placed,
        Placed {
            index: 0x7fff,
            gap: 0,
            offsets: Offsets::default()
        }
    );
    let next = rewriter.place(&packet(1, 9_003, 8, false, true), now).unwrap();
    assert_eq!((next.index, next.gap), (0x8002, 2));
    let late = rewriter.place(&packet(1, 9_001, 7, false, false), now).unwrap();
    assert_eq!((late.index, late.gap), (0x8000, 0));
    assert_eq!(
        rewriter.place(&packet(1, 8_999, 6, false, false), now),
        None,
        "from before the start"
    );
}

#[test]
fn padding_closes_its_gap_and_late_packets_keep_their_place() {
    let now = Instant::now();
    let mut rewriter = Rewriter::new(0);
    rewriter.start(&packet(1, 100, 1, false, true), now);
    // 101 is lost, 102 is padding, 103 follows, then 101 comes late.
    assert_eq!(rewriter.place(&packet(1, 102, 1, true, true), now), None);
    let after = rewriter.place(&packet(1, 103, 2, false, true), now).unwrap();
    assert_eq!((after.index, after.gap), (2, 1));
    assert_eq!(rewriter.source_of(1), Some(101));
    assert_eq!(rewriter.source_of(2), Some(103));
    assert_eq!(rewriter.place(&packet(1, 101, 1, false, false), now).unwrap().index, 1);
    // Padding that comes late has a number already, which must not stay empty.
    let after = rewriter.place(&packet(1, 105, 3, false, true), now).unwrap();
    assert_eq!((after.index, after.gap), (4, 1));
    assert_eq!(rewriter.place(&packet(1, 104, 2, true, false), now).unwrap().index, 3);
}

#[test]
fn a_switch_continues_numbers_pictures_and_time() {
    let start = Instant::now();
    let mut rewriter = Rewriter::new(10);
    rewriter.start(&packet(1, 500, 100, false, true), start);
    let switched_at = start + Duration::from_secs(2);
    let placed = rewriter.start(&packet(2, 70_000, 9_000, false, true), switched_at);
    assert_eq!(placed.index, 11);
    let timestamp = (9_000u32 * 3_000).wrapping_add(placed.offsets.timestamp);
    assert_eq!(timestamp, 300_000 + 2 * 90_000);
    assert_eq!(9_000u16.wrapping_add(placed.offsets.picture_id), 101);
    assert_eq!(9_000u16.to_be_bytes()[1].wrapping_add(placed.offsets.tl0_pic_idx), 101);
    // In the same instant the clock still advances.
    let placed = rewriter.start(&packet(3, 1, 5, false, true), switched_at);
    assert_eq!((5u32 * 3_000).wrapping_add(placed.offsets.timestamp), timestamp + 1);
}

#[test]
fn no_number_is_sealed_twice_and_skipped_ones_are_known() {
    let now = Instant::now();
    let mut log = SentLog::default();
    assert!(log.request(1, now).is_none(), "nothing was ever sent");
    log.prepare(16);
    let placed = |index, gap| Placed {
        index,
        gap,
        offsets: Offsets::default(),
    };
    assert!(log.record(placed(5, 0), 105, 1));
    assert!(!log.record(placed(5, 0), 105, 1));
    log.skip(6, 106, 1, Offsets::default());
    assert!(log.record(placed(7, 1), 107, 1));
    let skipped = log.request(6, now).expect("known");
    assert_eq!((skipped.source_index, skipped.sent), (106, false));
    assert!(log.request(6, now).is_none(), "asked again too soon");
    assert!(log.request(6, now + Duration::from_millis(50)).is_some());
    assert!(log.record(placed(6, 0), 106, 1), "it came after all");
    assert!(log.record(placed(30, 0), 130, 1));
    assert!(!log.record(placed(14, 0), 114, 1), "older than the log");
    assert!(
        log.request(31, now).is_none() && log.request(13, now).is_none(),
        "never sent"
    );
}

/// What happens to a source's packet.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Content,
    Padding,
    Lost,
    /// Comes this many packets later.
    Late(usize),
    /// Another source takes over.
    Switch,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        10 => Just(Happening::Content),
        2 => Just(Happening::Padding),
        2 => Just(Happening::Lost),
        3 => (1usize..9).prop_map(Happening::Late),
        1 => Just(Happening::Switch),
    ]
}

/// The packets of all sources in the order in which they arrive.
fn arrivals(happenings: &[Happening]) -> Vec<(u32, u64, u16, bool)> {
    let mut out: Vec<(usize, (u32, u64, u16, bool))> = Vec::new();
    let (mut stream, mut index, mut frame) = (1, 65_000u64, 10u16);
    for (time, happening) in happenings.iter().enumerate() {
        let mut padding = false;
        let mut at = Some(time * 10);
        match happening {
            Happening::Content => {}
            Happening::Padding => padding = true,
            Happening::Lost => at = None,
            Happening::Late(by) => at = Some((time + by) * 10 + 5),
            Happening::Switch => {
                stream += 1;
                index = u64::from(stream) * 30_000;
                frame = u16::try_from(stream).unwrap() * 777;
            }
        }
        frame += u16::from(!padding);
        index += 1;
        if let Some(at) = at {
            out.push((at, (stream, index, frame, padding)));
        }
    }
    out.sort_by_key(|(at, _)| *at);
    out.into_iter().map(|(_, packet)| packet).collect()
}

proptest! {
    #[test]
    fn the_slot_is_one_stream(happenings in prop::collection::vec(happening(), 1..400)) {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(0);
        let mut log = SentLog::default();
        log.prepare(1_024);
        let mut live = None;
        let mut highest: BTreeMap<u32, u64> = BTreeMap::new();
        let mut sent: BTreeMap<u64, (u32, u64, u16, u32, bool)> = BTreeMap::new();
        for (order, (stream, index, frame, empty)) in arrivals(&happenings).into_iter().enumerate() {
            let before = highest.entry(stream).or_insert(0);
            let packet = packet(stream, index, frame, empty, index > *before);
            *before = index.max(*before);
            let now = now + Duration::from_millis(order as u64);
            let placed = if live == Some(stream) {
                rewriter.place(&packet, now)
            } else if empty || live > Some(stream) {
                // Sources follow one another, each from its first packet with content on.
                None
            } else {
                live = Some(stream);
                Some(rewriter.start(&packet, now))
            };
            let Some(placed) = placed else { continue };
            for back in 1..=placed.gap {
                if let Some(source) = rewriter.source_of(placed.index - back) {
                    prop_assert!(source < index);
                    log.skip(placed.index - back, source, stream, placed.offsets);
                }
            }
            prop_assert!(log.record(placed, index, stream), "number {} twice", placed.index);
            prop_assert_eq!(rewriter.source_of(placed.index), Some(index));
            let picture = frame.wrapping_add(placed.offsets.picture_id) & 0x7fff;
            let timestamp = packet.header.timestamp.wrapping_add(placed.offsets.timestamp);
            prop_assert!(sent.insert(placed.index, (stream, index, picture, timestamp, empty)).is_none());
        }
        // In the order of the slot's numbers: sources do not interleave, and within one the order is the source's.
        let sent: Vec<_> = sent.into_iter().collect();
        for pair in sent.windows(2) {
            let [(one_at, one), (two_at, two)] = pair else { unreachable!("windows of two") };
            prop_assert!(one.0 <= two.0);
            if one.0 == two.0 {
                prop_assert!(one.1 < two.1);
                prop_assert!(two_at - one_at <= two.1 - one.1, "numbers are never farther apart than the source's");
            } else if !two.4 && !one.4 {
                prop_assert!(two.3.wrapping_sub(one.3).cast_signed() > 0, "time goes on over a switch");
                prop_assert!(two.2 > one.2, "pictures go on over a switch");
            }
        }
    }
}
