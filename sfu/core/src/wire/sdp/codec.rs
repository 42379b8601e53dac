//! The codecs that are forwarded, and which of them an m-line offers.

use webrtc_sdp::attribute_type::{SdpAttribute, SdpAttributePayloadType};
use webrtc_sdp::media_type::{SdpFormatList, SdpMedia};

use super::lines::Section;
use super::parameters::{H264, Opus, Parameters};
use crate::event::MediaKind;
use crate::limits;

/// Codecs that are forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Codec {
    Opus,
    Vp8,
    /// Packetization modes 0, from publishers only, and 1 (RFC 6184).
    H264(Profile),
    /// Profile 0 (RFC 9628).
    Vp9,
    /// Main profile.
    Av1,
}

/// Profiles of H.264 as RFC 6184 8.1 tells them apart. One who takes only some is sent none of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Profile {
    /// Baseline or constrained baseline, which everybody has to take (RFC 7742 6.2).
    Baseline,
    Main,
    ConstrainedHigh,
    High,
}

impl Profile {
    /// From the first two bytes of `profile-level-id`; `None` for what browsers do not make.
    pub(super) fn read(profile_level_id: u32) -> Option<Self> {
        let constraints = profile_level_id >> 8 & 0xff;
        match profile_level_id >> 16 {
            0x42 => Some(Self::Baseline),
            // With the first constraint it is constrained baseline, too.
            0x4d if constraints & 0x80 > 0 => Some(Self::Baseline),
            0x4d => Some(Self::Main),
            0x64 if constraints == 0x0c => Some(Self::ConstrainedHigh),
            0x64 if constraints == 0 => Some(Self::High),
            _ => None,
        }
    }
}

impl Codec {
    /// Ticks of the RTP clock a second.
    pub(crate) fn clock_rate(self) -> u32 {
        self.kind().clock_rate()
    }

    pub(crate) fn kind(self) -> MediaKind {
        match self {
            Self::Opus => MediaKind::Audio,
            Self::Vp8 | Self::H264(_) | Self::Vp9 | Self::Av1 => MediaKind::Video,
        }
    }

    /// Its name in `rtpmap`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Vp8 => "VP8",
            Self::H264(_) => "H264",
            Self::Vp9 => "VP9",
            Self::Av1 => "AV1",
        }
    }

    /// One of each name.
    const NAMED: [Self; 5] = [
        Self::Opus,
        Self::Vp8,
        Self::H264(Profile::Baseline),
        Self::Vp9,
        Self::Av1,
    ];
}

/// A supported codec with the payload types and feedback that this m-line offers for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OfferedCodec {
    pub(crate) codec: Codec,
    pub(crate) payload_type: u8,
    pub(crate) rtx: Option<u8>,
    /// Redundant audio around this codec (RFC 2198).
    pub(crate) red: Option<u8>,
    /// The client would rather send redundant audio than plain.
    pub(super) red_first: bool,
    pub(super) parameters: Parameters,
    pub(crate) nack: bool,
    pub(crate) pli: bool,
    pub(crate) fir: bool,
    pub(crate) remb: bool,
    /// Feedback on every packet of the transport.
    pub(crate) transport_cc: bool,
}

impl OfferedCodec {
    /// Which of two ways of one codec is better: of H.264 several packets for one unit of the picture, then the profile that
    /// everybody takes. What a decoder of constrained baseline takes, one of all of baseline takes too.
    fn rank(&self) -> (bool, bool) {
        match self.parameters {
            Parameters::H264(h264) => (!h264.single_units, h264.is_constrained_baseline()),
            Parameters::Opus(_) | Parameters::None => (true, true),
        }
    }

    fn has_single_units(&self) -> bool {
        matches!(self.parameters, Parameters::H264(H264 { single_units: true, .. }))
    }
}

/// The codecs of one m-line in the client's order of preference; each codec at most once, and at most
/// [`limits::CODECS_PER_LINE_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Codecs(Vec<OfferedCodec>);

impl Codecs {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &OfferedCodec> {
        self.0.iter()
    }

    /// What was negotiated for a codec; `None` when it cannot be carried.
    pub(crate) fn of(&self, codec: Codec) -> Option<&OfferedCodec> {
        self.0.iter().find(|offered| offered.codec == codec)
    }

    /// Leaves one profile of H.264 to a publisher: baseline, which every subscriber takes, where it has that, else the one it
    /// likes best.
    pub(super) fn keep_one_profile(&mut self) {
        let baseline = Codec::H264(Profile::Baseline);
        let is_h264 = |codec: Codec| matches!(codec, Codec::H264(_));
        let first = self.0.iter().map(|offered| offered.codec).find(|codec| is_h264(*codec));
        let kept = if self.of(baseline).is_some() {
            Some(baseline)
        } else {
            first
        };
        self.0
            .retain(|offered| !is_h264(offered.codec) || Some(offered.codec) == kept);
    }

    /// Leaves out what a subscriber takes in single units only, which no source keeps to.
    pub(super) fn drop_single_units(&mut self) {
        self.0.retain(|offered| !offered.has_single_units());
    }

    /// The codec that a payload type carries redundantly (RFC 2198).
    pub(crate) fn by_red(&self, payload_type: u8) -> Option<&OfferedCodec> {
        self.0.iter().find(|offered| offered.red == Some(payload_type))
    }

    /// The codec that a payload type stands for.
    pub(crate) fn by_payload_type(&self, payload_type: u8) -> Option<&OfferedCodec> {
        self.0.iter().find(|offered| offered.payload_type == payload_type)
    }

    /// The codec that a payload type repeats (RFC 4588).
    pub(crate) fn by_rtx(&self, payload_type: u8) -> Option<&OfferedCodec> {
        self.0.iter().find(|offered| offered.rtx == Some(payload_type))
    }

    /// Without feedback on every packet, for an m-line whose packets cannot be numbered.
    pub(super) fn drop_transport_cc(&mut self) {
        for offered in &mut self.0 {
            offered.transport_cc = false;
        }
    }

    /// Payload types in the client's order, those of repetition behind their codec. It sends the first, so redundant
    /// sound comes where it prefers that.
    pub(super) fn payload_types(&self) -> impl Iterator<Item = u8> {
        self.0.iter().flat_map(|offered| {
            let (first, last) = match offered.red.filter(|_| offered.red_first) {
                Some(red) => (Some(red), None),
                None => (None, offered.red),
            };
            [first, Some(offered.payload_type), offered.rtx, last]
                .into_iter()
                .flatten()
        })
    }
}

/// Reads the supported codecs of an m-line.
pub(super) fn pick(line: &SdpMedia, section: &Section<'_>, kind: MediaKind) -> Codecs {
    let offer = Formats::new(line, section);
    let mut codecs = Codecs::default();
    for &payload_type in &offer.payload_types {
        let Some(read) = offer.read(payload_type, kind) else {
            continue;
        };
        let full = codecs.0.len() == limits::CODECS_PER_LINE_MAX;
        match codecs.0.iter_mut().find(|before| before.codec == read.codec) {
            Some(before) if read.rank() > before.rank() => *before = read,
            None if !full => codecs.0.push(read),
            Some(_) | None => {}
        }
    }
    codecs
}

/// The formats of an m-line with what is said about each.
struct Formats<'a> {
    line: &'a SdpMedia,
    section: &'a Section<'a>,
    /// Usable ones in the client's order, each once.
    payload_types: Vec<u8>,
}

impl<'a> Formats<'a> {
    fn new(line: &'a SdpMedia, section: &'a Section<'a>) -> Self {
        let mut payload_types = Vec::new();
        if let SdpFormatList::Integers(formats) = line.get_formats() {
            for format in formats {
                let Ok(payload_type) = u8::try_from(*format) else {
                    continue;
                };
                // 64 to 95 cannot be told from RTCP on one port (RFC 5761 section 4).
                let usable = payload_type < 64 || (96..128).contains(&payload_type);
                if usable && !payload_types.contains(&payload_type) {
                    payload_types.push(payload_type);
                }
            }
        }
        Self {
            line,
            section,
            payload_types,
        }
    }

    /// A supported codec with what is said about it.
    fn read(&self, payload_type: u8, kind: MediaKind) -> Option<OfferedCodec> {
        let (codec, parameters) = self.codec(payload_type, kind)?;
        let video = kind == MediaKind::Video;
        let feedback = |name: &str, parameter: &str| self.feedback(payload_type, name, parameter);
        let red = self.red(payload_type).filter(|_| codec == Codec::Opus);
        let position = |payload_type: u8| self.payload_types.iter().position(|&other| other == payload_type);
        Some(OfferedCodec {
            codec,
            payload_type,
            rtx: self.rtx(payload_type).filter(|_| video),
            red,
            red_first: red.is_some_and(|red| position(red) < position(payload_type)),
            parameters,
            nack: video && feedback("nack", ""),
            pli: video && feedback("nack", "pli"),
            fir: video && feedback("ccm", "fir"),
            remb: video && feedback("goog-remb", ""),
            transport_cc: feedback("transport-cc", ""),
        })
    }

    fn named(&self, payload_type: u8, name: &str, clock_rate: u32) -> bool {
        self.line.get_attributes().iter().any(|attribute| {
            let SdpAttribute::Rtpmap(map) = attribute else {
                return false;
            };
            map.payload_type == payload_type && map.codec_name.eq_ignore_ascii_case(name) && map.frequency == clock_rate
        })
    }

    /// The codec of a payload type with its parameters, if they are those that are forwarded.
    fn codec(&self, payload_type: u8, kind: MediaKind) -> Option<(Codec, Parameters)> {
        let codec = Codec::NAMED
            .into_iter()
            .filter(|codec| codec.kind() == kind)
            .find(|codec| self.named(payload_type, codec.name(), codec.clock_rate()))?;
        let parameter = |name: &str| self.section.parameter(payload_type, name);
        let is_zero = |name| parameter(name).unwrap_or("0") == "0";
        match codec {
            Codec::Opus => Some((codec, Parameters::Opus(Opus::read(parameter)))),
            Codec::Vp8 => Some((codec, Parameters::None)),
            Codec::Vp9 => is_zero("profile-id").then_some((codec, Parameters::None)),
            Codec::Av1 => is_zero("profile").then_some((codec, Parameters::None)),
            Codec::H264(_) => {
                let (h264, profile) = H264::read(parameter)?;
                Some((Codec::H264(profile), Parameters::H264(h264)))
            }
        }
    }

    fn rtx(&self, payload_type: u8) -> Option<u8> {
        self.payload_types.iter().copied().find(|&rtx| {
            let apt = self.section.parameter(rtx, "apt").and_then(|apt| apt.parse().ok());
            rtx != payload_type && apt == Some(payload_type) && self.named(rtx, "rtx", 90_000)
        })
    }

    /// The payload type of redundant audio whose every block is of this one (RFC 2198 section 5).
    fn red(&self, payload_type: u8) -> Option<u8> {
        self.payload_types.iter().copied().find(|&red| {
            let blocks = self.section.format(red).unwrap_or_default();
            red != payload_type
                && self.named(red, "red", 48_000)
                && blocks.split('/').all(|block| block.parse() == Ok(payload_type))
        })
    }

    fn feedback(&self, payload_type: u8, name: &str, parameter: &str) -> bool {
        self.line.get_attributes().iter().any(|attribute| {
            let SdpAttribute::Rtcpfb(feedback) = attribute else {
                return false;
            };
            let ours = match feedback.payload_type {
                SdpAttributePayloadType::PayloadType(of) => of == payload_type,
                SdpAttributePayloadType::Wildcard => true,
            };
            ours && feedback.feedback_type.to_string() == name && feedback.parameter == parameter
        })
    }
}
