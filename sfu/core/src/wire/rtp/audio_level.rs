//! The audio level of one packet, as its sender says (RFC 6464).

/// How loud a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioLevel {
    /// Decibels below the loudest possible: 0 is loudest, 127 is silence.
    pub below_full: u8,
    /// The sender thinks it is speech; many senders never say so.
    pub voice: bool,
}

impl AudioLevel {
    /// Reads the value of the header extension; the two-byte form may have a byte of padding.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let &byte = value.first()?;
        Some(Self {
            below_full: byte & 0x7f,
            voice: byte & 0x80 != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_level_and_voice() {
        let level = |below_full, voice| Some(AudioLevel { below_full, voice });
        assert_eq!(AudioLevel::parse(&[0x9e]), level(30, true));
        assert_eq!(AudioLevel::parse(&[0x7f, 0]), level(127, false));
        assert_eq!(AudioLevel::parse(&[]), None);
    }
}
