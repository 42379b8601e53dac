//! Descriptors written bit by bit after the specification's tables, and any bytes at all.

use proptest::prelude::*;

use super::*;

/// Bits put one behind the other.
#[derive(Default)]
struct Writer(Vec<bool>);

impl Writer {
    fn put(&mut self, value: u32, count: u32) -> &mut Self {
        self.0.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let bits = |chunk: &[bool]| (0..8).fold(0, |byte, at| byte << 1 | u8::from(chunk.get(at) == Some(&true)));
        self.0.chunks(8).map(bits).collect()
    }
}

/// Start of a descriptor: of a whole frame in one packet.
fn head(template_id: u32, frame_number: u32) -> Writer {
    let mut writer = Writer::default();
    writer.put(0b11, 2).put(template_id, 6).put(frame_number, 16);
    writer
}

/// L1T2 with one chain: templates for a keyframe, the base layer, and the upper layer (A.10.1.2); ids from 62 on.
fn l1t2() -> Vec<u8> {
    let mut writer = head(62, 7);
    writer.put(0b10000, 5).put(62, 6).put(1, 5);
    // Layers: 0, then the same, then the next temporal one, then the end.
    writer.put(0, 2).put(1, 2).put(3, 2);
    // Decode targets are both layers, then the base alone.
    writer.put(2, 2).put(2, 2).put(3, 2).put(3, 2).put(1, 2).put(0, 2);
    // The base refers two frames back, the upper layer one.
    writer
        .put(0, 1)
        .put(1, 1)
        .put(1, 4)
        .put(0, 1)
        .put(1, 1)
        .put(0, 4)
        .put(0, 1);
    // One chain of three possible counts: `ns(3)` of 1 is two bits; both targets are protected by it (`ns(1)`, no bits).
    writer.put(0b10, 2).put(0, 4).put(2, 4).put(1, 4);
    writer.put(1, 1).put(1279, 16).put(719, 16);
    writer.bytes()
}

#[test]
fn a_structure_says_what_later_frames_are() {
    let mut structure = None;
    let key = DependencyDescriptor::parse(&l1t2(), &mut structure).unwrap();
    assert_eq!((key.frame_number, key.spatial, key.temporal), (7, 0, 0));
    assert!(key.start_of_frame && key.end_of_frame && key.has_structure);
    assert_eq!((key.active_targets, key.references.as_slice()), (Some(0b11), &[][..]));
    let known = structure.as_deref().unwrap();
    assert_eq!((known.decode_targets, known.chains, known.templates().len()), (2, 1, 3));
    assert_eq!(
        (known.layer_of(0), known.layer_of(1), known.layer_of(2)),
        (Some((0, 1)), Some((0, 0)), None)
    );
    assert_eq!(
        (known.chain_of(0), known.chain_of(1), known.chain_of(2)),
        (Some(0), Some(0), None)
    );
    assert_eq!(known.resolutions[0], (1_280, 720));

    // Ids count modulo 64.
    let upper = DependencyDescriptor::parse(&head(0, 8).bytes(), &mut structure).unwrap();
    assert_eq!(
        (upper.temporal, upper.references.as_slice(), upper.chains[0]),
        (1, &[1][..], 1)
    );
    assert_eq!(upper.indications.get(0), Indication::Discardable);
    assert!(upper.is_part_of(0) && !upper.is_part_of(1));
    let base = DependencyDescriptor::parse(&head(63, 9).bytes(), &mut structure).unwrap();
    assert_eq!((base.temporal, base.references.as_slice()), (0, &[2][..]));
    assert_eq!(base.indications.get(1), Indication::Required);
    assert_eq!(DependencyDescriptor::parse(&head(1, 9).bytes(), &mut structure), None);
}

#[test]
fn a_frame_may_differ_from_its_template() {
    let mut structure = None;
    DependencyDescriptor::parse(&l1t2(), &mut structure).unwrap();
    let mut writer = head(63, 300);
    writer.put(0b01111, 5).put(0b01, 2).put(3, 2).put(2, 2);
    // References of 4, 8 and 12 bits.
    writer
        .put(1, 2)
        .put(15, 4)
        .put(2, 2)
        .put(255, 8)
        .put(3, 2)
        .put(4_095, 12)
        .put(0, 2);
    writer.put(200, 8);
    let value = writer.bytes();
    let read = DependencyDescriptor::parse(&value, &mut structure).unwrap();
    assert_eq!((read.active_targets, read.has_structure), (Some(0b01), false));
    assert_eq!(read.indications.get(1), Indication::Switch);
    assert_eq!(
        (read.references.as_slice(), read.chains[0]),
        (&[16, 256, 4_096][..], 200)
    );
    let known = structure.as_deref().unwrap();
    let passable = Passable::read(&value, &read, known).unwrap();
    let renumber = Renumber {
        frame_number: 0xfffe_u16.wrapping_sub(300),
        template: 0,
    };
    let passed = pass(&passable, &value, renumber, Some(0b10));
    assert_eq!(passed.len(), value.len(), "what is told already only changes");
    let again = DependencyDescriptor::parse(&passed, &mut structure).unwrap();
    assert_eq!(
        again,
        DependencyDescriptor {
            frame_number: 0xfffe,
            active_targets: Some(0b10),
            ..read
        }
    );
}

fn pass(passable: &Passable, value: &[u8], renumber: Renumber, active: Option<u32>) -> Vec<u8> {
    let mut out = [0; VALUE_LEN_MAX];
    let len = passable.write(value, renumber, active, &mut out);
    out[..len].to_vec()
}

#[test]
fn passed_on_it_is_the_same_under_other_numbers_for_fewer_targets() {
    let mut structure = None;
    let whole = l1t2();
    let key = DependencyDescriptor::parse(&whole, &mut structure).unwrap();
    let known = structure.clone().unwrap();
    let passable = Passable::read(&whole, &key, &known).unwrap();
    assert_eq!((passable.frame_number, passable.brought), (7, Some((62, 3))));
    assert_eq!(
        (passable.targets_up_to(0, 1), passable.targets_up_to(0, 0)),
        (None, Some(0b10))
    );
    let renumber = Renumber {
        frame_number: 0xffff,
        template: 5,
    };
    assert_eq!(pass(&passable, &whole, Renumber::default(), None), whole);
    let mut other = None;
    let passed = pass(&passable, &whole, renumber, Some(0b10));
    let again = DependencyDescriptor::parse(&passed, &mut other).unwrap();
    assert_eq!((again.frame_number, again.active_targets), (6, Some(0b10)));
    let other_structure = other.as_deref().unwrap();
    assert_eq!(other_structure.template_id_offset, 3);
    assert_eq!(other_structure.templates(), known.templates());
    assert_eq!(other_structure.resolutions, known.resolutions);

    // A short one gets flags and targets, and its template is found in the structure that was passed on.
    let short = head(0, 8).bytes();
    let read = DependencyDescriptor::parse(&short, &mut structure).unwrap();
    let passable = Passable::read(&short, &read, &known).unwrap();
    let passed = pass(&passable, &short, renumber, Some(0b10));
    assert_eq!(passed.len(), 4);
    let again = DependencyDescriptor::parse(&passed, &mut other).unwrap();
    assert_eq!((again.frame_number, again.active_targets), (7, Some(0b10)));
    assert_eq!((again.temporal, again.references), (read.temporal, read.references));

    // Of what cannot be read, the numbers are still right.
    let passable = Passable::unread(&short).unwrap();
    assert_eq!(passable.targets_up_to(0, 0), None);
    assert_eq!(pass(&passable, &short, renumber, None), [0xc5, 0, 7]);
    assert_eq!((Passable::unread(&[0; 2]), Passable::unread(&[0; 256])), (None, None));
}

#[test]
fn without_a_structure_nothing_is_known_and_a_bad_one_replaces_none() {
    let mut structure = None;
    assert_eq!(DependencyDescriptor::parse(&head(62, 1).bytes(), &mut structure), None);
    let whole = l1t2();
    DependencyDescriptor::parse(&whole, &mut structure).unwrap();
    let before = structure.clone();
    let mut other = whole.clone();
    other[3] ^= 0x02;
    for len in 0..whole.len() {
        let _ = DependencyDescriptor::parse(&other[..len], &mut structure);
        assert_eq!(structure, before, "cut to {len}");
    }
}

#[test]
fn numbers_take_as_few_bits_as_they_can() {
    let read = |range: u32, bytes: &[u8]| Bits::new(bytes).non_symmetric(range);
    // The table of A.8.1 for n = 5.
    let found = [0b0000_0000, 0b0100_0000, 0b1000_0000, 0b1100_0000, 0b1110_0000].map(|byte| read(5, &[byte]));
    assert_eq!(found, [Some(0), Some(1), Some(2), Some(3), Some(4)]);
    assert_eq!((read(1, &[]), read(33, &[0xff])), (Some(0), Some(32)));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..6)) {
        let mut structure = None;
        for value in values {
            if let Some(read) = DependencyDescriptor::parse(&value, &mut structure) {
                let known = structure.as_deref().expect("kept");
                prop_assert!(read.spatial < 4 && read.temporal < 8 && known.chains <= known.decode_targets);
                let passable = Passable::read(&value, &read, known).expect("it has a fitting length");
                let renumber = Renumber { frame_number: 40_000, template: 33 };
                let passed = pass(&passable, &value, renumber, Some(known.all_targets() & 0b101));
                let mut other = structure.clone();
                let before = other.as_deref_mut().expect("kept");
                // A structure that came before goes on under the numbers of the slot.
                before.template_id_offset = (before.template_id_offset + 33) % 64;
                let again = DependencyDescriptor::parse(&passed, &mut other).expect("still one");
                prop_assert_eq!(again.frame_number, read.frame_number.wrapping_add(40_000));
                prop_assert_eq!(again.active_targets, Some(known.all_targets() & 0b101));
                prop_assert_eq!((again.references, again.chains), (read.references, read.chains));
                for target in 0..known.decode_targets {
                    prop_assert!(known.chain_of(target).is_none_or(|chain| chain < known.chains));
                }
            }
        }
    }

    /// A structure turned upside down bit by bit is one again, or is refused.
    #[test]
    fn damaged_structures_are_read_or_refused(flips in prop::collection::vec(0usize..200, 1..8)) {
        let mut value = l1t2();
        let bits = value.len() * 8;
        for flip in flips {
            value[flip % bits / 8] ^= 0x80 >> (flip % 8);
        }
        let mut structure = None;
        let read = DependencyDescriptor::parse(&value, &mut structure);
        prop_assert_eq!(read.is_some_and(|read| read.has_structure), structure.is_some());
    }
}
