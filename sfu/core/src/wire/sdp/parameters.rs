//! What the two sides say of a codec in `fmtp`: what is of use to the other one is echoed, the rest is not ours to promise.

use std::fmt::{self, Write};
use std::ops::RangeInclusive;

use super::codec::{Codec, Profile};

/// Bits a second that `maxaveragebitrate` may be (RFC 7587 6.1); one outside of it is passed over.
const OPUS_BPS: RangeInclusive<u32> = 6_000..=510_000;
/// What is meant where H.264 has no `profile-level-id`: baseline of level 1 (RFC 6184 8.1).
const PROFILE_LEVEL_ID_ASSUMED: u32 = 0x0042_000a;

/// What an offer says of one payload type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameters {
    /// Nothing that matters.
    None,
    Opus(Opus),
    H264(H264),
}

/// Of Opus (RFC 7587 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Opus {
    /// The client plays two channels.
    receives_stereo: bool,
    /// It is likely to send two.
    sends_stereo: bool,
    max_average_bps: Option<u32>,
    /// Silence is not sent.
    dtx: bool,
    /// One bitrate all the time.
    cbr: bool,
    /// What was lost is not wanted within later packets.
    no_fec: bool,
}

/// Of H.264 (RFC 6184 8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct H264 {
    /// As offered.
    profile_level_id: Option<u32>,
    /// Packetization mode 0: a packet holds one unit of the picture, never several or a part of one.
    pub(super) single_units: bool,
}

impl Opus {
    /// `parameter` finds the value of a name.
    pub(super) fn read<'a>(parameter: impl Fn(&str) -> Option<&'a str>) -> Self {
        let is = |name: &str, value: &str| parameter(name) == Some(value);
        let bps = parameter("maxaveragebitrate").and_then(|bps| bps.parse().ok());
        Self {
            receives_stereo: is("stereo", "1"),
            sends_stereo: is("sprop-stereo", "1"),
            max_average_bps: bps.filter(|bps| OPUS_BPS.contains(bps)),
            dtx: is("usedtx", "1"),
            cbr: is("cbr", "1"),
            no_fec: is("useinbandfec", "0"),
        }
    }

    /// Our side: of what a client sends, how we like to get it, which is how it wants to send; of what we send, whether two
    /// channels may come, which depends on who is heard and so is always said.
    fn write(self, out: &mut String, we_send: bool) -> fmt::Result {
        write!(out, "minptime=10;useinbandfec={}", u8::from(!self.no_fec))?;
        if we_send {
            out.push_str(if self.receives_stereo { ";stereo=1" } else { "" });
            out.push_str(";sprop-stereo=1");
            return Ok(());
        }
        if self.receives_stereo || self.sends_stereo {
            out.push_str(";stereo=1");
        }
        if let Some(bps) = self.max_average_bps {
            write!(out, ";maxaveragebitrate={bps}")?;
        }
        out.push_str(if self.dtx { ";usedtx=1" } else { "" });
        out.push_str(if self.cbr { ";cbr=1" } else { "" });
        Ok(())
    }
}

impl H264 {
    /// With the profile; `None` for what is not forwarded.
    pub(super) fn read<'a>(parameter: impl Fn(&str) -> Option<&'a str>) -> Option<(Self, Profile)> {
        let single_units = match parameter("packetization-mode") {
            Some("1") => false,
            Some("0") | None => true,
            Some(_) => return None,
        };
        let profile_level_id = match parameter("profile-level-id") {
            None => None,
            Some(text) => Some(u32::from_str_radix(text, 16).ok().filter(|_| text.len() == 6)?),
        };
        let profile = Profile::read(profile_level_id.unwrap_or(PROFILE_LEVEL_ID_ASSUMED))?;
        let read = Self {
            profile_level_id,
            single_units,
        };
        Some((read, profile))
    }

    /// Of the profile that everybody takes (RFC 7742 6.2): baseline with the second constraint, main with the first.
    pub(super) fn is_constrained_baseline(self) -> bool {
        let id = self.profile_level_id.unwrap_or(PROFILE_LEVEL_ID_ASSUMED);
        let constrained = match id >> 16 {
            0x42 => id & 0x4000 > 0,
            _ => true,
        };
        Profile::read(id) == Some(Profile::Baseline) && constrained
    }

    fn write(self, out: &mut String) -> fmt::Result {
        let mode = u8::from(!self.single_units);
        write!(out, "level-asymmetry-allowed=1;packetization-mode={mode}")?;
        match self.profile_level_id {
            Some(id) => write!(out, ";profile-level-id={id:06x}"),
            None => Ok(()),
        }
    }
}

impl Parameters {
    /// The answer's `fmtp`, if the codec has one. `we_send` on the m-line of a slot.
    pub(super) fn write(self, out: &mut String, codec: Codec, payload_type: u8, we_send: bool) -> fmt::Result {
        if codec == Codec::Vp8 {
            return Ok(());
        }
        write!(out, "a=fmtp:{payload_type} ")?;
        match self {
            Self::Opus(opus) => opus.write(out, we_send)?,
            Self::H264(h264) => h264.write(out)?,
            Self::None => out.push_str(if codec == Codec::Av1 {
                "profile=0"
            } else {
                "profile-id=0"
            }),
        }
        out.push_str("\r\n");
        Ok(())
    }
}
