//! The aggregation header of AV1 payloads (RTP payload format for AV1, section 4.4).

/// What the first byte of a payload says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Av1 {
    /// The first packet of a coded video sequence (N bit): a decoder can begin here.
    pub keyframe: bool,
    /// It goes on with an OBU of the packet before (Z bit).
    pub continues: bool,
}

impl Av1 {
    /// Reads the header; `None` when nothing follows it.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&first, rest) = payload.split_first()?;
        let continues = first & 0x80 != 0;
        (!rest.is_empty()).then_some(Self {
            // Both at once may not be.
            keyframe: first & 0x08 != 0 && !continues,
            continues,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_sequence_is_a_place_to_begin() {
        let keyframe = |first: u8| Av1::parse(&[first, 0]).map(|read| read.keyframe);
        assert_eq!(
            [keyframe(0x18), keyframe(0x10), keyframe(0x90), keyframe(0x98)],
            [Some(true), Some(false), Some(false), Some(false)]
        );
        assert_eq!((Av1::parse(&[]), Av1::parse(&[0x18])), (None, None));
    }
}
