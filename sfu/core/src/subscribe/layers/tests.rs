//! Choosing layers against a decoder that knows what depends on what: it never gets a frame that it cannot show.

use std::collections::BTreeSet;
use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::handles::PeerIndex;
use crate::packet::Descriptor;
use crate::wire::rtp::dependency_descriptor::DependencyDescriptor;
use crate::wire::rtp::{Fields, Header, Vp8, Vp9, write_header};
use crate::wire::sdp::Codec;

fn layer(spatial: u8, temporal: u8) -> Layer {
    Layer { spatial, temporal }
}

fn packet(index: u64, frame: u32, codec: Codec, payload: &[u8]) -> MediaPacket {
    let fields = Fields {
        marker: false,
        padding: false,
        payload_type: 96,
        sequence: 0,
        timestamp: frame * 3_000,
        ssrc: 1,
    };
    let mut bytes = vec![0; 12];
    write_header(&mut bytes, &fields, &[]);
    bytes.extend(payload);
    let descriptor = match codec {
        Codec::Vp8 => Descriptor::Vp8(Vp8::parse(payload).unwrap()),
        Codec::Vp9 => Descriptor::Vp9(Vp9::parse(payload).unwrap()),
        Codec::Av1 => Descriptor::read(codec, payload),
        Codec::Opus | Codec::H264(_) => unreachable!("not made here"),
    };
    MediaPacket {
        stream: 1,
        encoding: 0,
        layer: descriptor.layer(),
        codec,
        index,
        header: Header::parse(&bytes).unwrap(),
        seal_len: 16,
        descriptor,
        newest: true,
        captured: None,
        came_at: Instant::now(),
    }
}

/// A frame of VP8 with a temporal layer, and whether it depends on the lowest only.
fn vp8(index: u64, frame: u32, keyframe: bool, temporal: u8, sync: bool) -> MediaPacket {
    let layers = temporal << 6 | u8::from(sync) << 5;
    let payload = [0x90, 0x20, layers, u8::from(!keyframe), 0];
    packet(index, frame, Codec::Vp8, &payload)
}

/// A frame of VP9 of one spatial layer (non-flexible mode). `inter` is whether it depends on earlier pictures.
fn vp9(index: u64, frame: u32, at: Layer, inter: bool, up: bool) -> MediaPacket {
    let layers = at.temporal << 5 | u8::from(up) << 4 | at.spatial << 1 | u8::from(at.spatial > 0);
    let payload = [0x2c | u8::from(inter) << 6, layers, 0, 0];
    packet(index, frame, Codec::Vp9, &payload)
}

fn live(target: Layer, start: &MediaPacket) -> Selection {
    let mut selection = Selection::EMPTY;
    let track = TrackRef {
        peer: PeerIndex::new(0),
        track: 0,
    };
    selection.carry(Some(track));
    selection.set_target(Some(target));
    assert_eq!(selection.decide(start, false), Decision::Start);
    selection
}

#[test]
fn temporal_layers_go_down_at_once_and_up_where_it_is_safe() {
    let mut selection = live(layer(0, 2), &vp8(0, 0, true, 0, false));
    let mut index = 0;
    let mut keep = |selection: &mut Selection, temporal, sync| {
        index += 1;
        selection.decide(&vp8(index, u32::try_from(index).unwrap(), false, temporal, sync), false)
    };
    assert_eq!(keep(&mut selection, 2, false), Decision::Continue(Keep::Yes));
    assert_eq!(selection.live().map(Live::layer), Some(layer(0, 2)));
    selection.set_target(Some(layer(0, 0)));
    assert_eq!(keep(&mut selection, 1, false), Decision::Continue(Keep::NoPicture));
    assert_eq!(keep(&mut selection, 0, false), Decision::Continue(Keep::Yes));
    selection.set_target(Some(layer(0, 2)));
    assert_eq!(keep(&mut selection, 2, true), Decision::Continue(Keep::NoPicture));
    assert_eq!(keep(&mut selection, 1, false), Decision::Continue(Keep::NoPicture));
    assert_eq!(keep(&mut selection, 1, true), Decision::Continue(Keep::Yes));
    assert_eq!(keep(&mut selection, 2, false), Decision::Continue(Keep::NoPicture));
    assert_eq!(keep(&mut selection, 2, true), Decision::Continue(Keep::Yes));
    assert_eq!(selection.live().map(Live::layer), Some(layer(0, 2)));
}

#[test]
fn a_picture_is_left_out_whole_or_not_at_all() {
    let mut selection = live(layer(0, 0), &vp8(0, 0, true, 0, false));
    assert_eq!(
        selection.decide(&vp8(1, 1, false, 1, true), false),
        Decision::Continue(Keep::NoPicture)
    );
    // The target rises in the middle of the picture.
    selection.set_target(Some(layer(0, 1)));
    assert_eq!(
        selection.decide(&vp8(2, 1, false, 1, true), false),
        Decision::Continue(Keep::NoPicture)
    );
    assert_eq!(
        selection.decide(&vp8(3, 2, false, 1, true), false),
        Decision::Continue(Keep::Yes)
    );
    selection.set_target(Some(layer(0, 0)));
    assert_eq!(
        selection.decide(&vp8(4, 2, false, 1, true), false),
        Decision::Continue(Keep::Yes)
    );
    assert_eq!(
        selection.decide(&vp8(5, 3, false, 1, true), false),
        Decision::Continue(Keep::NoPicture)
    );
}

#[test]
fn spatial_layers_go_up_at_a_keyframe_and_the_last_one_shown_ends_the_picture() {
    let start = vp9(0, 0, layer(0, 0), false, true);
    let mut selection = live(layer(0, 0), &start);
    assert!(selection.live().unwrap().ends_picture(&start));
    let upper = |index, frame, inter| vp9(index, frame, layer(1, 0), inter, false);
    assert_eq!(
        selection.decide(&upper(1, 0, false), false),
        Decision::Continue(Keep::NoLayer)
    );
    selection.set_target(Some(layer(1, 0)));
    assert_eq!(selection.awaited(), Some(0), "only a keyframe lets it up");
    let lower = vp9(2, 1, layer(0, 0), true, true);
    assert_eq!(selection.decide(&lower, false), Decision::Continue(Keep::Yes));
    assert_eq!(
        selection.decide(&upper(3, 1, true), false),
        Decision::Continue(Keep::NoLayer)
    );
    let lower = vp9(4, 2, layer(0, 0), false, true);
    assert_eq!(selection.decide(&lower, false), Decision::Continue(Keep::Yes));
    assert!(!selection.live().unwrap().ends_picture(&lower));
    assert_eq!(
        selection.decide(&upper(5, 2, false), false),
        Decision::Continue(Keep::Yes)
    );
    assert!(selection.live().unwrap().ends_picture(&upper(5, 2, false)));
    assert_eq!(selection.awaited(), None);
    selection.set_target(Some(layer(0, 0)));
    assert_eq!(
        selection.decide(&upper(6, 2, true), false),
        Decision::Continue(Keep::Yes)
    );
    let lower = vp9(7, 3, layer(0, 0), true, true);
    assert_eq!(selection.decide(&lower, false), Decision::Continue(Keep::Yes));
    assert_eq!(
        selection.decide(&upper(8, 3, true), false),
        Decision::Continue(Keep::NoLayer)
    );
}

#[test]
fn another_encoding_takes_over_at_its_keyframe_only() {
    let other = |index, keyframe| MediaPacket {
        stream: 2,
        encoding: 1,
        layer: layer(1, 0),
        ..vp8(index, 9, keyframe, 0, false)
    };
    let mut selection = live(layer(0, 2), &vp8(0, 0, true, 0, false));
    assert_eq!((selection.awaited(), selection.interest()), (None, 0b01));
    assert_eq!(selection.decide(&other(5, true), false), Decision::Drop);
    selection.set_target(Some(layer(1, 2)));
    selection.set_aim(1);
    assert_eq!((selection.awaited(), selection.interest()), (Some(1), 0b11));
    assert_eq!(selection.decide(&other(6, false), false), Decision::Wait);
    assert_eq!(
        selection.decide(&vp8(1, 1, false, 0, false), false),
        Decision::Continue(Keep::Yes)
    );
    assert_eq!(selection.decide(&other(7, true), false), Decision::Start);
    assert_eq!((selection.awaited(), selection.interest()), (None, 0b10));
    assert_eq!(selection.decide(&vp8(2, 2, false, 0, false), false), Decision::Drop);
    selection.set_target(None);
    assert_eq!((selection.awaited(), selection.interest()), (None, 0));
    assert_eq!(selection.decide(&other(8, true), false), Decision::Drop);
}

/// The descriptor of a keyframe that brings the structure of three temporal layers, bit by bit (A.8.2): the lowest is a
/// switch to every layer, the middle one to itself and the highest. Templates 0 to 2 are of layers 0 to 2.
const STRUCTURE: &str = "11 000000 0000000000000000 10000 000000 00010 01 01 11 101010 001010 000001 \
                         0 100010 100000 00 0";

fn bits(text: &str) -> Vec<u8> {
    let bits: Vec<u8> = text.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
    let byte = |chunk: &[u8]| (0..8).fold(0, |byte, at| byte << 1 | chunk.get(at).copied().unwrap_or(0));
    bits.chunks(8).map(byte).collect()
}

#[test]
fn a_dependency_descriptor_tells_where_layers_may_be_raised() {
    let mut structure = None;
    let mut index = 0;
    let mut av1 = |template: u8| {
        index += 1;
        let key = template == 0 && index == 1;
        let value = if key {
            bits(STRUCTURE)
        } else {
            vec![0xc0 | template, 0, 0]
        };
        let made = packet(
            index,
            u32::try_from(index).unwrap(),
            Codec::Av1,
            &[0x10 | u8::from(key) << 3, 0],
        );
        let descriptor = made.descriptor.layered(&value, 0..value.len(), structure.as_deref());
        assert!(!key || DependencyDescriptor::parse(&value, &mut structure).is_some());
        let layer = descriptor.layer();
        MediaPacket {
            descriptor,
            layer,
            ..made
        }
    };
    let mut selection = live(layer(0, 0), &av1(0));
    let mut keep = |selection: &mut Selection, template| selection.decide(&av1(template), false);
    let (yes, no) = (Decision::Continue(Keep::Yes), Decision::Continue(Keep::NoPicture));
    assert_eq!([2, 1, 0].map(|template| keep(&mut selection, template)), [no, no, yes]);
    selection.set_target(Some(layer(0, 1)));
    assert_eq!(
        [2, 1].map(|template| keep(&mut selection, template)),
        [no, no],
        "only from the lowest up"
    );
    assert_eq!([0, 2, 1].map(|template| keep(&mut selection, template)), [yes, no, yes]);
    // From the middle one the highest is reached at once.
    selection.set_target(Some(layer(0, 2)));
    assert_eq!([2, 1, 2].map(|template| keep(&mut selection, template)), [no, yes, yes]);
}

/// Frames of a stream with three temporal layers: layer, and the frames (as distances) that it depends on.
const PATTERN: [(u8, &[u32], bool); 8] = [
    (0, &[4], false),
    (2, &[1], true),
    (1, &[2], true),
    (2, &[1, 2], false),
    (0, &[4], false),
    (2, &[1, 2], false),
    (1, &[2, 4], false),
    (2, &[1, 3], false),
];

proptest! {
    #[test]
    fn a_decoder_gets_nothing_that_it_cannot_show(
        targets in prop::collection::vec((0u32..3, 0u8..3, prop::bool::weighted(0.05)), 1..200),
    ) {
        let start = vp8(0, 0, true, 0, false);
        let mut selection = live(layer(0, 2), &start);
        let mut shown = BTreeSet::from([0]);
        let mut position = 0;
        let mut frame = 0;
        for (frames, target, keyframe) in targets {
            selection.set_target(Some(layer(0, target)));
            let mut without = 0;
            for at in 0..=frames * 12 {
                frame += 1;
                position = if keyframe && at == 0 { 0 } else { position + 1 };
                let key = position == 0;
                let (temporal, depends, sync) = PATTERN[position % 8];
                let made = vp8(u64::from(frame), frame, key, temporal, sync);
                if selection.decide(&made, false) == Decision::Continue(Keep::Yes) {
                    prop_assert!(key || temporal <= target, "more than the target");
                    for distance in depends.iter().filter(|_| !key) {
                        prop_assert!(shown.contains(&(frame - distance)), "frame {frame} needs {distance} before");
                    }
                    shown.insert(frame);
                    without = if temporal == target { 0 } else { without + 1 };
                } else {
                    without += 1;
                }
                // Two rounds of the pattern suffice to climb from the lowest layer to the highest.
                prop_assert!(without <= 16, "the target is not reached");
            }
        }
    }
}
