//! H.264 payloads (RFC 6184): where a decoder can begin.

/// NAL unit types (RFC 6184 table 1, ITU-T H.264 table 7-1).
const IDR: u8 = 5;
const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// What one packet holds of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct H264 {
    /// It has a sequence parameter set, or the beginning of a picture that depends on no other.
    pub keyframe: bool,
}

impl H264 {
    /// Reads a payload of packetization mode 1: a single NAL unit, a STAP-A or an FU-A. `None` for anything else, and
    /// where a length does not fit.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&first, rest) = payload.split_first()?;
        let keyframe = match first & 0x1f {
            STAP_A => {
                let mut rest = rest;
                let mut found = false;
                while let Some((&len, units)) = rest.split_first_chunk::<2>() {
                    let (unit, after) = units.split_at_checked(usize::from(u16::from_be_bytes(len)))?;
                    found |= starts_anew(*unit.first()? & 0x1f);
                    rest = after;
                }
                found && rest.is_empty()
            }
            FU_A => {
                let header = *rest.first()?;
                // Only the first fragment is a start.
                header & 0x80 != 0 && starts_anew(header & 0x1f)
            }
            unit @ 1..=23 => starts_anew(unit),
            _ => return None,
        };
        Some(Self { keyframe })
    }
}

fn starts_anew(unit: u8) -> bool {
    matches!(unit, IDR | SPS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(payload: &[u8], expected: Option<bool>) {
        assert_eq!(H264::parse(payload).map(|read| read.keyframe), expected, "{payload:?}");
    }

    #[test]
    fn a_keyframe_begins_with_parameters_or_an_idr_picture() {
        check(&[0x67, 0x42, 0xe0, 0x1f], Some(true));
        check(&[0x68, 0xce], Some(false));
        check(&[0x65, 0x88], Some(true));
        check(&[0x41, 0x9a], Some(false));
        // As Chromium sends them: parameter sets together, then the picture in fragments.
        check(&[0x78, 0, 3, 0x67, 0x42, 0xe0, 0, 2, 0x68, 0xce], Some(true));
        check(&[0x78, 0, 2, 0x41, 0x9a, 0, 2, 0x41, 0x9b], Some(false));
        check(&[0x7c, 0x85, 0x88], Some(true));
        check(&[0x7c, 0x05, 0x88], Some(false));
        check(&[0x7c, 0x45, 0x88], Some(false));
        check(&[0x5c, 0x81, 0x9a], Some(false));
    }

    #[test]
    fn what_does_not_fit_is_not_read() {
        for payload in [
            &[][..],
            &[0x78, 0, 9, 0x67],
            &[0x78, 0, 0],
            &[0x7c],
            &[0x19, 1],
            &[0x80, 1],
        ] {
            check(payload, None);
        }
        check(&[0x78, 0, 1, 0x67, 0], Some(false));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(payload in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = H264::parse(&payload);
        }
    }
}
