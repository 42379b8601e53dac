//! Rewriting against a model: whatever the source loses, reorders, pads or is switched to, and whatever is left out of
//! it, the slot is one stream.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::packet::{Descriptor, MediaPacket, Offsets};
use crate::wire::rtp::dependency_descriptor::Renumber;
use crate::wire::rtp::{Fields, Header, Vp8, write_header};
use crate::wire::sdp::Codec;

/// A packet of a VP8 source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Made {
    stream: u32,
    index: u64,
    frame: u16,
    empty: bool,
    /// Of an upper temporal layer.
    upper: bool,
}

fn content(stream: u32, index: u64, frame: u16) -> Made {
    Made {
        stream,
        index,
        frame,
        empty: false,
        upper: false,
    }
}

fn padding(stream: u32, index: u64, frame: u16) -> Made {
    Made {
        empty: true,
        ..content(stream, index, frame)
    }
}

fn upper(stream: u32, index: u64, frame: u16) -> Made {
    Made {
        upper: true,
        ..content(stream, index, frame)
    }
}

fn packet(made: Made) -> MediaPacket {
    let Made {
        stream,
        index,
        frame,
        empty,
        upper,
    } = made;
    let [high, low] = (frame | 0x8000).to_be_bytes();
    let payload = [0x90, 0xe0, high, low, frame.to_be_bytes()[1], u8::from(upper) << 6, 0];
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
    let descriptor = vp8.map_or(Descriptor::Plain { keyframe: false }, Descriptor::Vp8);
    MediaPacket {
        stream,
        encoding: 0,
        layer: descriptor.layer(),
        codec: Codec::Vp8,
        index,
        header,
        seal_len: 16,
        descriptor,
        newest: true,
        captured: None,
        came_at: Instant::now(),
    }
}

fn rewriter(first_sequence: u16, now: Instant) -> Rewriter {
    let mut rewriter = Rewriter::new(first_sequence);
    rewriter.prepare(1_024, now);
    rewriter
}

/// Places a packet, left out if it is of an upper layer, and says its number with its picture id, or minus one.
fn number(rewriter: &mut Rewriter, made: Made, now: Instant) -> Option<(u64, i32)> {
    let keep = if made.upper { Keep::NoPicture } else { Keep::Yes };
    match rewriter.number(&packet(made), keep, now) {
        None => None,
        Some(Numbering::Whole(numbers)) => {
            let picture = made.frame.wrapping_add(numbers.offsets.picture_id) & 0x7fff;
            Some((numbers.index, i32::from(picture)))
        }
        Some(Numbering::Empty(numbers)) => Some((numbers.index, -1)),
    }
}

#[test]
fn a_first_source_keeps_its_timestamps_and_gets_our_numbers() {
    let now = Instant::now();
    let mut rewriter = rewriter(0xffff, now);
    let numbers = rewriter.start(&packet(content(1, 9_000, 7)), now);
    let offsets = Offsets::default();
    assert_eq!(numbers, Numbers { index: 0x7fff, offsets });
    assert_eq!(number(&mut rewriter, content(1, 9_003, 8), now), Some((0x8002, 8)));
    assert_eq!(number(&mut rewriter, content(1, 9_001, 7), now), Some((0x8000, 7)));
    assert_eq!(number(&mut rewriter, content(1, 9_001, 7), now), None, "a second time");
    assert_eq!(
        number(&mut rewriter, content(1, 8_999, 6), now),
        None,
        "before the start"
    );
}

#[test]
fn padding_closes_its_gap_and_late_packets_keep_their_place() {
    let now = Instant::now();
    let mut rewriter = rewriter(0, now);
    rewriter.start(&packet(content(1, 100, 1)), now);
    // 101 is lost, 102 is padding, 103 follows, then 101 comes late.
    assert_eq!(number(&mut rewriter, padding(1, 102, 1), now), None);
    assert_eq!(number(&mut rewriter, content(1, 103, 2), now), Some((2, 2)));
    assert_eq!(number(&mut rewriter, content(1, 101, 1), now), Some((1, 1)));
    // Padding that comes late has a number already, which must not stay empty.
    assert_eq!(number(&mut rewriter, content(1, 105, 3), now), Some((4, 3)));
    assert_eq!(number(&mut rewriter, padding(1, 104, 2), now), Some((3, -1)));
}

#[test]
fn a_picture_left_out_leaves_no_trace() {
    let now = Instant::now();
    let mut rewriter = rewriter(0, now);
    rewriter.start(&packet(content(1, 100, 1)), now);
    assert_eq!(number(&mut rewriter, upper(1, 101, 2), now), None);
    assert_eq!(number(&mut rewriter, upper(1, 102, 2), now), None);
    assert_eq!(number(&mut rewriter, content(1, 103, 3), now), Some((1, 2)));
    // 104 and 105 are lost, 106 is left out; 105 belongs to it, 104 to what is shown.
    assert_eq!(number(&mut rewriter, upper(1, 106, 4), now), None);
    assert_eq!(number(&mut rewriter, content(1, 107, 5), now), Some((4, 3)));
    assert_eq!(number(&mut rewriter, content(1, 104, 3), now), Some((2, 2)));
    assert_eq!(number(&mut rewriter, upper(1, 105, 4), now), Some((3, -1)));
    assert_eq!(number(&mut rewriter, upper(1, 106, 4), now), None, "it has no number");
}

#[test]
fn a_switch_continues_numbers_pictures_and_time() {
    let start = Instant::now();
    let mut rewriter = rewriter(10, start);
    rewriter.start(&packet(content(1, 500, 100)), start);
    let switched_at = start + Duration::from_secs(2);
    let numbers = rewriter.start(&packet(content(2, 70_000, 9_000)), switched_at);
    assert_eq!(numbers.index, 11);
    let timestamp = (9_000u32 * 3_000).wrapping_add(numbers.offsets.timestamp);
    assert_eq!(timestamp, 300_000 + 2 * 90_000);
    assert_eq!(9_000u16.wrapping_add(numbers.offsets.picture_id), 101);
    assert_eq!(9_000u16.to_be_bytes()[1].wrapping_add(numbers.offsets.tl0_pic_idx), 101);
    // In the same instant the clock still advances.
    let numbers = rewriter.start(&packet(content(3, 1, 5)), switched_at);
    assert_eq!((5u32 * 3_000).wrapping_add(numbers.offsets.timestamp), timestamp + 1);
}

#[test]
fn encodings_of_one_publisher_are_placed_by_its_clock() {
    let now = Instant::now();
    let at = |ms| now + Duration::from_millis(ms);
    let captured = |ms: u64| Some((5 << 32) + ((ms << 32) / 1_000));
    let mut rewriter = rewriter(10, now);
    let mut first = packet(content(1, 500, 100));
    first.captured = captured(0);
    rewriter.start(&first, now);
    // It was taken 200 ms later and came 300 ms later.
    let mut second = packet(content(2, 70_000, 9_000));
    second.captured = captured(200);
    let numbers = rewriter.start(&second, at(300));
    let timestamp = |numbers: Numbers, frame: u32| (frame * 3_000).wrapping_add(numbers.offsets.timestamp);
    assert!(timestamp(numbers, 9_000).abs_diff(300_000 + 18_000) <= 1);
    // A clock that says nonsense is not believed.
    let mut third = packet(content(3, 1, 5));
    third.captured = captured(900_000);
    let before = timestamp(numbers, 9_000);
    let numbers = rewriter.start(&third, at(400));
    assert_eq!(timestamp(numbers, 5), before + 9_000);
}

#[test]
fn requests_find_what_was_sent_and_what_was_kept_free() {
    let now = Instant::now();
    let mut rewriter = Rewriter::new(5);
    assert!(rewriter.entry_to_resend(5, now).is_none(), "nothing was ever sent");
    rewriter.prepare(16, now);
    rewriter.start(&packet(content(7, 105, 1)), now);
    number(&mut rewriter, content(7, 107, 1), now);
    let found = |rewriter: &mut Rewriter, sequence, now| {
        let entry: Option<SentEntry> = rewriter.entry_to_resend(sequence, now);
        entry.map(|entry| (entry.source_index, entry.stream, entry.state))
    };
    assert_eq!(found(&mut rewriter, 6, now), Some((106, 7, SentState::Reserved)));
    assert_eq!(found(&mut rewriter, 6, now), None, "asked again too soon");
    let later = now + Duration::from_millis(50);
    assert_eq!(found(&mut rewriter, 6, later), Some((106, 7, SentState::Reserved)));
    assert_eq!(found(&mut rewriter, 7, now), Some((107, 7, SentState::Sent)));
    assert_eq!(
        (found(&mut rewriter, 4, now), found(&mut rewriter, 8, now)),
        (None, None)
    );
    number(&mut rewriter, padding(7, 106, 1), now);
    let later = later + Duration::from_millis(50);
    assert_eq!(found(&mut rewriter, 6, later), Some((106, 7, SentState::Empty)));
    // Another source begins; what was sent of the one before is still known, until it is too old.
    rewriter.start(&packet(content(8, 3, 1)), now);
    assert_eq!(found(&mut rewriter, 8, now), Some((3, 8, SentState::Sent)));
    let later = later + Duration::from_millis(50);
    assert_eq!(found(&mut rewriter, 7, later), Some((107, 7, SentState::Sent)));
    for index in 4..20 {
        number(&mut rewriter, content(8, index, 1), now);
    }
    assert_eq!(found(&mut rewriter, 7, later + Duration::from_secs(1)), None);
}

#[test]
fn what_was_kept_free_before_a_new_start_stays_free() {
    let now = Instant::now();
    let mut rewriter = rewriter(5, now);
    rewriter.start(&packet(content(7, 105, 1)), now);
    // Picture 2 is missing before padding of its own; then the same stream begins anew, and its picture is counted as 2.
    number(&mut rewriter, padding(7, 107, 2), now);
    rewriter.start(&packet(content(7, 200, 9)), now);
    assert_eq!(
        rewriter.entry_to_resend(6, now),
        None,
        "its picture would have the number of another"
    );
    assert!(rewriter.entry_to_resend(5, now).is_some() && rewriter.entry_to_resend(7, now).is_some());
}

/// What happens to a source's packet.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Content,
    Upper,
    Padding,
    Lost,
    /// Comes this many packets later.
    Late(usize),
    LateUpper(usize),
    Twice(usize),
    /// Another source takes over.
    Switch,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        10 => Just(Happening::Content),
        6 => Just(Happening::Upper),
        2 => Just(Happening::Padding),
        2 => Just(Happening::Lost),
        3 => (1usize..9).prop_map(Happening::Late),
        2 => (1usize..9).prop_map(Happening::LateUpper),
        1 => (1usize..9).prop_map(Happening::Twice),
        1 => Just(Happening::Switch),
    ]
}

/// The packets of all sources in the order in which they arrive. Pictures are of one packet each.
fn arrivals(happenings: &[Happening]) -> Vec<Made> {
    let mut out: Vec<(usize, Made)> = Vec::new();
    let mut made = content(1, 65_000, 10);
    for (time, happening) in happenings.iter().enumerate() {
        (made.empty, made.upper) = (false, false);
        let mut at = vec![time * 10];
        match happening {
            Happening::Content => {}
            Happening::Upper => made.upper = true,
            Happening::Padding => made.empty = true,
            Happening::Lost => at.clear(),
            Happening::Late(by) => at = vec![(time + by) * 10 + 5],
            Happening::LateUpper(by) => {
                made.upper = true;
                at = vec![(time + by) * 10 + 5];
            }
            Happening::Twice(by) => at.push((time + by) * 10 + 5),
            Happening::Switch => {
                made.stream += 1;
                made.index = u64::from(made.stream) * 30_000;
                made.frame = u16::try_from(made.stream).unwrap() * 777;
            }
        }
        made.frame += u16::from(!made.empty);
        made.index += 1;
        out.extend(at.into_iter().map(|at| (at, made)));
    }
    out.sort_by_key(|(at, _)| *at);
    out.into_iter().map(|(_, made)| made).collect()
}

proptest! {
    #[test]
    fn the_slot_is_one_stream(happenings in prop::collection::vec(happening(), 1..400)) {
        let now = Instant::now();
        let mut rewriter = rewriter(0, now);
        let mut live = None;
        // By number: the packet, and its picture id and timestamp in the slot; none for an empty one.
        let mut sent: BTreeMap<u64, (Made, Option<(u16, u32)>)> = BTreeMap::new();
        for (order, made) in arrivals(&happenings).into_iter().enumerate() {
            let packet = packet(made);
            let now = now + Duration::from_millis(order as u64);
            let keep = if made.upper { Keep::NoPicture } else { Keep::Yes };
            let numbering = if live == Some(made.stream) {
                rewriter.number(&packet, keep, now)
            } else if made.empty || made.upper || live > Some(made.stream) {
                // Sources follow one another, each from its first packet that is shown on.
                None
            } else {
                live = Some(made.stream);
                Some(Numbering::Whole(rewriter.start(&packet, now)))
            };
            let (numbers, shown) = match numbering {
                None => continue,
                Some(Numbering::Whole(numbers)) => (numbers, true),
                Some(Numbering::Empty(numbers)) => (numbers, false),
            };
            prop_assert_eq!(shown, !made.empty && !made.upper, "what is left out is never shown");
            let picture = made.frame.wrapping_add(numbers.offsets.picture_id) & 0x7fff;
            let timestamp = packet.header.timestamp.wrapping_add(numbers.offsets.timestamp);
            let before = sent.insert(numbers.index, (made, shown.then_some((picture, timestamp))));
            prop_assert!(before.is_none(), "number {} twice", numbers.index);
            let found = rewriter.entry_to_resend(u16::try_from(numbers.index & 0xffff).unwrap(), now);
            let found = found.map(|entry| (entry.stream, entry.source_index));
            prop_assert_eq!(found, Some((made.stream, made.index)));
        }
        // In the order of the slot's numbers: sources do not interleave, and within one the order is the source's.
        let sent: Vec<_> = sent.into_iter().collect();
        for pair in sent.windows(2) {
            let [(one_at, (one, _)), (two_at, (two, _))] = pair else { unreachable!("windows of two") };
            prop_assert!(one.stream <= two.stream);
            if one.stream == two.stream {
                prop_assert!(one.index < two.index);
                prop_assert!(two_at - one_at <= two.index - one.index, "numbers are never farther apart than the source's");
            }
        }
        let shown: Vec<_> = sent.iter().filter_map(|(at, (made, shown))| Some((*at, made.stream, (*shown)?))).collect();
        for pair in shown.windows(2) {
            let [(one_at, one_stream, one), (two_at, two_stream, two)] = pair else { unreachable!("windows of two") };
            prop_assert!(two.1.wrapping_sub(one.1).cast_signed() > 0, "time goes on");
            prop_assert!(two.0 > one.0, "pictures go on");
            if one_stream == two_stream && two_at == &(one_at + 1) {
                // Whatever was left out between them.
                prop_assert_eq!(two.0, one.0 + 1, "pictures are numbered without a gap");
            }
        }
    }
}

/// A packet with a dependency descriptor; `first` is the first template id of a structure of two, if it brings one.
fn layered(stream: u32, index: u64, frame_number: u16, first: Option<u8>) -> MediaPacket {
    let mut value = vec![0xc0 | first.unwrap_or(0)];
    value.extend(frame_number.to_be_bytes());
    if let Some(first) = first {
        // One decode target, two templates that are part of it; no references, chains or resolutions.
        let bits = 0b1_0000 << 27 | u32::from(first) << 21 | 0b0011 << 12 | 0b1010 << 8;
        value.extend(bits.to_be_bytes());
    }
    let at = 0..value.len();
    let keyframe = first.is_some();
    MediaPacket {
        codec: Codec::Av1,
        descriptor: Descriptor::Plain { keyframe }.layered(&value, at, None),
        ..packet(content(stream, index, frame_number))
    }
}

#[test]
fn numbers_of_dependency_descriptors_go_on_over_a_switch() {
    let now = Instant::now();
    let mut rewriter = rewriter(10, now);
    let frames = |numbering: Option<Numbering>| match numbering {
        Some(Numbering::Whole(numbers)) => Some(numbers.offsets.frames),
        Some(Numbering::Empty(_)) | None => None,
    };
    let same = Renumber::default();
    let started = rewriter.start(&layered(1, 100, 500, Some(62)), now);
    assert_eq!(started.offsets.frames, same, "the first source keeps its numbers");
    assert_eq!(
        frames(rewriter.number(&layered(1, 101, 501, None), Keep::Yes, now)),
        Some(same)
    );
    // What is left out leaves a gap, since others name their references by distance.
    assert_eq!(
        frames(rewriter.number(&layered(1, 102, 502, None), Keep::NoLayer, now)),
        None
    );
    assert_eq!(
        frames(rewriter.number(&layered(1, 103, 503, Some(0)), Keep::Yes, now)),
        Some(same)
    );
    assert_eq!(
        frames(rewriter.number(&layered(1, 104, 504, None), Keep::NoLayer, now)),
        None
    );
    let switched = rewriter.start(&layered(2, 7, 9, Some(60)), now);
    let shifted = Renumber {
        frame_number: 505 - 9,
        template: 64 + 2 - 60,
    };
    assert_eq!(switched.offsets.frames, shifted);
    assert_eq!(
        frames(rewriter.number(&layered(2, 8, 10, None), Keep::Yes, now)),
        Some(shifted)
    );
    // A source without them changes nothing for the next one that has them.
    assert_eq!(rewriter.start(&packet(content(3, 1, 1)), now).offsets.frames, shifted);
    let back = rewriter.start(&layered(1, 200, 505, Some(0)), now);
    assert_eq!(
        back.offsets.frames,
        Renumber {
            frame_number: 2,
            template: 4
        }
    );
    // What is asked for again goes out under the numbers that it had.
    let before = rewriter.entry_to_resend(10, now).unwrap();
    assert_eq!((before.source_index, before.offsets.frames), (100, same));
    let after = rewriter.entry_to_resend(13, now).unwrap();
    assert_eq!((after.source_index, after.offsets.frames), (7, shifted));
}
