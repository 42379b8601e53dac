//! How large a picture is, as the packet says that begins a keyframe: VP8 (RFC 6386 9.1), VP9 (its uncompressed header, 6.2),
//! H.264 (sequence parameter set, ITU-T H.264 7.3.2.1.1) and AV1 (sequence header, 5.5.1). What is encrypted from end to end,
//! or does not fit, has no size.

use super::bits::Bits;
use super::{Vp8, Vp9};
use crate::wire::sdp::Codec;

/// H.264 NAL unit types (RFC 6184 table 1).
const SPS: u8 = 7;
const STAP_A: u8 = 24;
/// More than any sequence parameter set of use.
const SPS_BYTES_MAX: usize = 256;
/// AV1 OBU type (5.3.2).
const SEQUENCE_HEADER: u8 = 1;

/// Width and height of the picture that this payload begins.
pub(crate) fn picture_size(codec: Codec, payload: &[u8]) -> Option<(u16, u16)> {
    let (width, height) = match codec {
        Codec::Opus => return None,
        Codec::Vp8 => Vp8::parse(payload)?.picture_size(payload)?,
        Codec::Vp9 => vp9(payload)?,
        Codec::H264(_) => h264(payload)?,
        Codec::Av1 => av1(payload)?,
    };
    (width > 0 && height > 0).then_some((width, height))
}

fn side(value: u32) -> Option<u16> {
    u16::try_from(value).ok()
}

fn vp9(payload: &[u8]) -> Option<(u16, u16)> {
    let descriptor = Vp9::parse(payload)?;
    if !descriptor.keyframe() {
        return None;
    }
    // That of the largest layer, where there are several.
    if descriptor.largest.is_some() {
        return descriptor.largest;
    }
    let mut bits = Bits::new(payload.get(descriptor.len..)?);
    let marker = bits.take(2)?;
    let (low, high) = (bits.take(1)?, bits.take(1)?);
    let profile = high << 1 | low;
    if marker != 2 || profile != 0 || bits.flag()? || bits.flag()? {
        return None;
    }
    bits.take(2)?;
    if bits.take(24)? != 0x49_83_42 {
        return None;
    }
    let srgb = bits.take(3)? == 7;
    if srgb {
        // Not in this profile.
        return None;
    }
    bits.flag()?;
    Some((side(bits.take(16)? + 1)?, side(bits.take(16)? + 1)?))
}

fn h264(payload: &[u8]) -> Option<(u16, u16)> {
    let (&first, rest) = payload.split_first()?;
    match first & 0x1f {
        SPS => sps(rest),
        STAP_A => {
            let mut rest = rest;
            while let Some((&len, units)) = rest.split_first_chunk::<2>() {
                let (unit, after) = units.split_at_checked(usize::from(u16::from_be_bytes(len)))?;
                if let Some((kind, set)) = unit.split_first()
                    && kind & 0x1f == SPS
                {
                    return sps(set);
                }
                rest = after;
            }
            None
        }
        _ => None,
    }
}

/// Reads a sequence parameter set up to the size of its pictures.
fn sps(set: &[u8]) -> Option<(u16, u16)> {
    let mut plain = [0; SPS_BYTES_MAX];
    let plain = without_emulation(set, &mut plain);
    let mut bits = Bits::new(plain);
    let profile = bits.take(8)?;
    bits.take(16)?;
    golomb(&mut bits)?;
    let mut chroma = 1;
    if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128) {
        chroma = golomb(&mut bits)?;
        if chroma == 3 {
            bits.flag()?;
        }
        golomb(&mut bits)?;
        golomb(&mut bits)?;
        bits.flag()?;
        if bits.flag()? {
            // Scaling lists are in no encoder of browsers.
            return None;
        }
    }
    golomb(&mut bits)?;
    match golomb(&mut bits)? {
        0 => {
            golomb(&mut bits)?;
        }
        1 => {
            bits.flag()?;
            golomb(&mut bits)?;
            golomb(&mut bits)?;
            for _ in 0..golomb(&mut bits)?.min(255) {
                golomb(&mut bits)?;
            }
        }
        _ => {}
    }
    golomb(&mut bits)?;
    bits.flag()?;
    let width = golomb(&mut bits)?.checked_add(1)?.checked_mul(16)?;
    let lines = golomb(&mut bits)?.checked_add(1)?.checked_mul(16)?;
    let frames_only = bits.flag()?;
    let height = if frames_only { lines } else { lines.checked_mul(2)? };
    if !frames_only {
        bits.flag()?;
    }
    bits.flag()?;
    let mut crop = [0; 4];
    if bits.flag()? {
        for edge in &mut crop {
            *edge = golomb(&mut bits)?;
        }
    }
    let unit_x = if matches!(chroma, 1 | 2) { 2 } else { 1 };
    let unit_y = (if chroma == 1 { 2 } else { 1 }) * (if frames_only { 1 } else { 2 });
    let [left, right, top, bottom] = crop;
    let width = width.checked_sub(left.checked_add(right)?.checked_mul(unit_x)?)?;
    let height = height.checked_sub(top.checked_add(bottom)?.checked_mul(unit_y)?)?;
    Some((side(width)?, side(height)?))
}

/// Takes out the bytes that keep a NAL unit from looking like the beginning of another (7.4.1.1).
fn without_emulation<'a>(set: &[u8], out: &'a mut [u8; SPS_BYTES_MAX]) -> &'a [u8] {
    let (mut len, mut zeros) = (0, 0);
    for &byte in set {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        let Some(slot) = out.get_mut(len) else { break };
        *slot = byte;
        len += 1;
    }
    &out[..len]
}

/// An unsigned Exp-Golomb number (9.1).
fn golomb(bits: &mut Bits<'_>) -> Option<u32> {
    let mut zeros = 0;
    while !bits.flag()? {
        zeros += 1;
        if zeros > 31 {
            return None;
        }
    }
    Some((1 << zeros) - 1 + bits.take(zeros)?)
}

/// The first OBU of a new sequence is its header (RTP payload format for AV1, 4.4).
fn av1(payload: &[u8]) -> Option<(u16, u16)> {
    let (&aggregation, mut rest) = payload.split_first()?;
    let elements = aggregation >> 4 & 3;
    let mut left = elements;
    loop {
        let obu;
        if elements > 0 && left == 1 {
            (obu, rest) = (rest, &[][..]);
        } else {
            let len = leb128(&mut rest)?;
            (obu, rest) = rest.split_at_checked(len)?;
        }
        left = left.wrapping_sub(1);
        if let Some(header) = sequence_header(obu) {
            return av1_size(header);
        }
        if rest.is_empty() {
            return None;
        }
    }
}

/// The content of an OBU that is a sequence header.
fn sequence_header(obu: &[u8]) -> Option<&[u8]> {
    let (&head, mut rest) = obu.split_first()?;
    if head >> 3 & 15 != SEQUENCE_HEADER {
        return None;
    }
    if head & 0x04 != 0 {
        (_, rest) = rest.split_first()?;
    }
    if head & 0x02 != 0 {
        leb128(&mut rest)?;
    }
    Some(rest)
}

fn leb128(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for index in 0..4 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn av1_size(header: &[u8]) -> Option<(u16, u16)> {
    let mut bits = Bits::new(header);
    // Profile, still picture.
    bits.take(4)?;
    if bits.flag()? {
        bits.take(5)?;
    } else {
        skip_av1_timing(&mut bits)?;
    }
    let (width_bits, height_bits) = (bits.take(4)? + 1, bits.take(4)? + 1);
    Some((side(bits.take(width_bits)? + 1)?, side(bits.take(height_bits)? + 1)?))
}

fn skip_av1_timing(bits: &mut Bits<'_>) -> Option<()> {
    let mut delay_bits = None;
    if bits.flag()? {
        bits.take(32)?;
        bits.take(32)?;
        if bits.flag()? {
            golomb(bits)?;
        }
        if bits.flag()? {
            delay_bits = Some(bits.take(5)? + 1);
            bits.take(32)?;
            bits.take(10)?;
        }
    }
    let initial_delays = bits.flag()?;
    for _ in 0..=bits.take(5)? {
        bits.take(12)?;
        if bits.take(5)? > 7 {
            bits.flag()?;
        }
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            bits.take(delay_bits)?;
            bits.take(delay_bits)?;
            bits.flag()?;
        }
        if initial_delays && bits.flag()? {
            bits.take(4)?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::sdp::Profile;

    const H264: Codec = Codec::H264(Profile::Baseline);

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    fn check(codec: Codec, payload: &str, expected: Option<(u16, u16)>) {
        assert_eq!(picture_size(codec, &hex(payload)), expected, "{payload}");
    }

    /// As x264, libvpx and SVT-AV1 write them.
    #[test]
    fn keyframes_of_every_codec_say_how_large_they_are() {
        let baseline = "6742c01fd9005005ba10000003001000000303c8f1832480";
        check(H264, baseline, Some((1_280, 720)));
        check(
            H264,
            "6764001facb201e022fdc2000003000200000300791e306490",
            Some((960, 540)),
        );
        let cropped = "6742c00dd901419ea2210000030001000003003c8f142a48";
        check(H264, cropped, Some((318, 178)));
        check(H264, &format!("78 0018 {cropped} 0002 68ce"), Some((318, 178)));
        check(H264, "7c8588", None);
        check(H264, &cropped[..12], None);

        check(
            Codec::Vp9,
            "08 82498342004ff02cf60a38241c184a1804fc",
            Some((1_280, 720)),
        );
        check(Codec::Vp9, "08 824983420014000b460438241c184a000780", Some((321, 181)));
        check(Codec::Vp9, "48 824983420014000b460438241c184a000780", None);
        let layered = "aa 9234 00 07 58 0140 00b4 0280 0168 0500 02d0 01 14 01 82";
        check(Codec::Vp9, layered, Some((1_280, 720)));

        let (large, small) = ("08 0000002d4cffb3c6af9804", "08 000000043cfecc6af98040");
        check(Codec::Av1, &format!("28 0c {large} 32b546"), Some((1_280, 720)));
        check(Codec::Av1, &format!("18 {small}"), Some((320, 180)));
        // A temporal delimiter before it, lengths of all, and one within the OBU.
        check(
            Codec::Av1,
            &format!("08 02 1200 0c {small} 03 32b546"),
            Some((320, 180)),
        );
        check(Codec::Av1, "18 0a 0b 000000043cfecc6af98040", Some((320, 180)));
        check(Codec::Av1, "18 32b546", None);

        check(Codec::Vp8, "10 000000 9d012a 40010000", None);
        check(Codec::Vp8, "10 100000 9d012a 4001 b400", Some((320, 180)));
        check(Codec::Vp8, "10 110000 9d012a 4001 b400", None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(payload in prop::collection::vec(any::<u8>(), 0..96)) {
            for codec in [Codec::Vp8, Codec::Vp9, H264, Codec::Av1] {
                let _ = picture_size(codec, &payload);
            }
        }
    }
}
