//! Reads a browser's offer: what we support of it, checked and bounded; everything else is ignored.

use webrtc_sdp::attribute_type::{
    SdpAttribute, SdpAttributeFingerprintHashType, SdpAttributePayloadType, SdpAttributeSetup, SdpAttributeType,
    SdpSsrcGroupSemantic,
};
use webrtc_sdp::media_type::{SdpFormatList, SdpMedia, SdpMediaValue};
use webrtc_sdp::{SdpSession, parse_sdp};

use crate::dtls::{Fingerprint, Hash};
use crate::event::{JoinError, MediaKind, Mid};
use crate::limits;

pub(super) const MID_URI: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
pub(super) const TRANSPORT_CC_URI: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
pub(super) const AUDIO_LEVEL_URI: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

/// The lines that matter to us. The parser gives up on a whole offer for one odd line, so it sees no others.
const KEPT: &[&str] = &[
    "v=",
    "o=",
    "s=",
    "t=",
    "c=",
    "m=",
    "a=group:BUNDLE",
    "a=mid:",
    "a=rtpmap:",
    "a=sendrecv",
    "a=sendonly",
    "a=recvonly",
    "a=inactive",
    "a=ice-ufrag:",
    "a=ice-pwd:",
    "a=fingerprint:",
    "a=setup:",
    "a=ssrc:",
    "a=ssrc-group:FID",
    "a=rtcp-mux",
    "a=bundle-only",
];
const KEPT_FEEDBACK: &[&str] = &["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"];

/// Codecs that are forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Opus,
    Vp8,
}

impl Codec {
    /// Ticks of the RTP clock a second.
    pub(crate) fn clock_rate(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Vp8 => 90_000,
        }
    }
}

/// A supported codec with the payload types and feedback that this m-line offers for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OfferedCodec {
    pub(crate) codec: Codec,
    pub(crate) payload_type: u8,
    pub(crate) rtx: Option<u8>,
    pub(crate) nack: bool,
    pub(crate) pli: bool,
    pub(crate) fir: bool,
    pub(crate) remb: bool,
    /// Feedback on every packet of the transport.
    pub(crate) transport_cc: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Sendrecv,
    Sendonly,
    Recvonly,
    Inactive,
}

impl Direction {
    pub(crate) fn sends(self) -> bool {
        matches!(self, Self::Sendrecv | Self::Sendonly)
    }

    pub(crate) fn receives_only(self) -> bool {
        self == Self::Recvonly
    }
}

/// One m-line.
#[derive(Debug)]
pub(crate) struct OfferedMedia {
    pub(crate) mid: Mid,
    /// `None` for what is neither sound nor picture.
    pub(crate) kind: Option<MediaKind>,
    /// `m=` line without the port: media, protocol, formats; for rejecting it.
    pub(super) media: String,
    pub(super) protocol: String,
    pub(super) formats: String,
    pub(crate) direction: Direction,
    /// `None` when nothing offered is supported.
    pub(crate) codec: Option<OfferedCodec>,
    pub(crate) mid_extension: Option<u8>,
    pub(crate) audio_level_extension: Option<u8>,
    pub(crate) transport_cc_extension: Option<u8>,
    /// Declared SSRCs, those of retransmission included.
    pub(crate) ssrcs: Vec<u32>,
    /// (media, retransmission) pairs (RFC 5576, RFC 4588).
    pub(crate) flows: Vec<(u32, u32)>,
}

/// What a peer offers.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) ufrag: String,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) media: Vec<OfferedMedia>,
}

impl Offer {
    /// Parses an offer of at most [`limits::OFFER_BYTES_MAX`].
    pub(crate) fn parse(text: &str) -> Result<Self, JoinError> {
        if text.len() > limits::OFFER_BYTES_MAX {
            return bad("it is longer than 64 KiB");
        }
        if text
            .chars()
            .any(|letter| letter.is_control() && !"\r\n\t".contains(letter))
        {
            return bad("it has control characters");
        }
        let kept = keep(text)?;
        let session = parse_sdp(&kept, false).map_err(|error| JoinError::BadOffer(error.to_string()))?;
        if session.media.is_empty() {
            return bad("it has no m-line");
        }
        // A skipped m-line would shift the answer's against the offer's.
        if session.media.len() != kept.lines().filter(|line| line.starts_with("m=")).count() {
            return bad("an m-line is not understood");
        }
        let bundled = session.attribute.iter().find_map(|attribute| {
            if let SdpAttribute::Group(group) = attribute {
                Some(group.tags.as_slice())
            } else {
                None
            }
        });
        let bundled = bundled.unwrap_or_default();
        let mut media: Vec<OfferedMedia> = Vec::with_capacity(session.media.len());
        for line in &session.media {
            let read = read_media(line)?;
            if media.iter().any(|other| other.mid == read.mid) {
                return bad("two m-lines have one mid");
            }
            if session.media.len() > 1 && !bundled.contains(&read.mid.0) {
                return bad("its m-lines are not all bundled");
            }
            media.push(read);
        }
        let ufrag = transport(&session, |attribute| {
            if let SdpAttribute::IceUfrag(ufrag) = attribute {
                Some(ufrag)
            } else {
                None
            }
        });
        let Some(ufrag) = ufrag.filter(|ufrag| (4..=256).contains(&ufrag.len())) else {
            return bad("it has no ice-ufrag of 4 to 256 characters");
        };
        let setup = transport(&session, |attribute| {
            if let SdpAttribute::Setup(setup) = attribute {
                Some(setup)
            } else {
                None
            }
        });
        if !matches!(setup, Some(SdpAttributeSetup::Actpass | SdpAttributeSetup::Active)) {
            return bad("its setup is neither actpass nor active");
        }
        Ok(Self {
            ufrag: ufrag.clone(),
            fingerprint: read_fingerprint(&session)?,
            media,
        })
    }
}

fn bad<T>(what: &str) -> Result<T, JoinError> {
    Err(JoinError::BadOffer(what.to_owned()))
}

/// The lines of interest, bounded in number. A retransmission's `fmtp` is kept, a codec's own is not: ours is constant.
fn keep(text: &str) -> Result<String, JoinError> {
    let mut kept = String::with_capacity(text.len());
    let (mut lines, mut media_lines) = (0, 0);
    for line in text.lines() {
        let line = line.trim_end();
        let wanted = KEPT.iter().any(|prefix| line.starts_with(prefix))
            || (line.starts_with("a=fmtp:") && line.contains("apt="))
            || (line.starts_with("a=extmap:")
                && [MID_URI, AUDIO_LEVEL_URI, TRANSPORT_CC_URI]
                    .iter()
                    .any(|uri| line.contains(uri)))
            || line.strip_prefix("a=rtcp-fb:").is_some_and(|rest| {
                rest.split_once(' ')
                    .is_some_and(|(_, feedback)| KEPT_FEEDBACK.contains(&feedback))
            });
        if !wanted {
            continue;
        }
        lines += 1;
        media_lines += usize::from(line.starts_with("m="));
        if lines > limits::OFFER_LINES_MAX || media_lines > limits::MEDIA_LINES_MAX {
            return bad("it has too many lines");
        }
        kept.push_str(line);
        kept.push_str("\r\n");
    }
    Ok(kept)
}

/// Attributes of the transport stand at the session or, bundled, in any m-line; the first counts.
fn transport<'a, T>(session: &'a SdpSession, wanted: impl Fn(&'a SdpAttribute) -> Option<T>) -> Option<T> {
    let media = session.media.iter().flat_map(|media| media.get_attributes().iter());
    session.attribute.iter().chain(media).find_map(wanted)
}

fn read_fingerprint(session: &SdpSession) -> Result<Fingerprint, JoinError> {
    let found = transport(session, |attribute| {
        let SdpAttribute::Fingerprint(fingerprint) = attribute else {
            return None;
        };
        let (hash, len) = match fingerprint.hash_algorithm {
            SdpAttributeFingerprintHashType::Sha256 => (Hash::Sha256, 32),
            SdpAttributeFingerprintHashType::Sha384 => (Hash::Sha384, 48),
            SdpAttributeFingerprintHashType::Sha512 => (Hash::Sha512, 64),
            SdpAttributeFingerprintHashType::Sha1 | SdpAttributeFingerprintHashType::Sha224 => return None,
        };
        let bytes = fingerprint.fingerprint.clone();
        (bytes.len() == len).then_some(Fingerprint { hash, bytes })
    });
    found.ok_or_else(|| JoinError::BadOffer("it has no certificate fingerprint of SHA-256 or better".to_owned()))
}

fn read_media(line: &SdpMedia) -> Result<OfferedMedia, JoinError> {
    let Some(SdpAttribute::Mid(mid)) = line.get_attribute(SdpAttributeType::Mid) else {
        return bad("an m-line has no mid");
    };
    // The mid is written into the answer, so it has to be a token (RFC 5888), which also keeps line breaks out.
    if mid.is_empty() || mid.len() > limits::MID_BYTES_MAX || !mid.bytes().all(|byte| byte.is_ascii_graphic()) {
        return bad("a mid is not of 1 to 16 visible characters");
    }
    let kind = match line.get_type() {
        SdpMediaValue::Audio => Some(MediaKind::Audio),
        SdpMediaValue::Video => Some(MediaKind::Video),
        SdpMediaValue::Application | SdpMediaValue::Unknown(_) => None,
    };
    let direction = if line.get_attribute(SdpAttributeType::Sendonly).is_some() {
        Direction::Sendonly
    } else if line.get_attribute(SdpAttributeType::Recvonly).is_some() {
        Direction::Recvonly
    } else if line.get_attribute(SdpAttributeType::Inactive).is_some() {
        Direction::Inactive
    } else {
        Direction::Sendrecv
    };
    let (mut ssrcs, mut flows) = (Vec::new(), Vec::new());
    for attribute in line.get_attributes() {
        if let SdpAttribute::Ssrc(ssrc) = attribute {
            if !ssrcs.contains(&ssrc.id) && ssrcs.len() < limits::SSRCS_PER_TRACK_MAX {
                ssrcs.push(ssrc.id);
            }
        } else if let SdpAttribute::SsrcGroup(SdpSsrcGroupSemantic::FlowIdentification, members) = attribute
            && let [media, rtx] = members.as_slice()
            && flows.len() < limits::SSRCS_PER_TRACK_MAX
        {
            flows.push((media.id, rtx.id));
        }
    }
    let extension = |uri: &str| {
        line.get_attributes().iter().find_map(|attribute| {
            let SdpAttribute::Extmap(map) = attribute else {
                return None;
            };
            let id = u8::try_from(map.id).ok()?;
            (map.url == uri && (1..=14).contains(&id)).then_some(id)
        })
    };
    // Port 0 takes an m-line back, unless it only says that the bundle's port is meant (RFC 9143 6).
    let withdrawn = line.get_port() == 0 && line.get_attribute(SdpAttributeType::BundleOnly).is_none();
    Ok(OfferedMedia {
        mid: Mid(mid.clone()),
        kind,
        media: line.get_type().to_string(),
        protocol: line.get_proto().to_string(),
        formats: line.get_formats().to_string(),
        direction,
        codec: kind.filter(|_| !withdrawn).and_then(|kind| pick_codec(line, kind)),
        mid_extension: extension(MID_URI),
        audio_level_extension: extension(AUDIO_LEVEL_URI),
        transport_cc_extension: extension(TRANSPORT_CC_URI),
        ssrcs,
        flows,
    })
}

/// The first payload type of the m-line (its order is the client's preference) that names a supported codec.
fn pick_codec(line: &SdpMedia, kind: MediaKind) -> Option<OfferedCodec> {
    let SdpFormatList::Integers(formats) = line.get_formats() else {
        return None;
    };
    let (codec, name) = match kind {
        MediaKind::Audio => (Codec::Opus, "opus"),
        MediaKind::Video => (Codec::Vp8, "vp8"),
    };
    let named = |payload_type: u8, name: &str| {
        line.get_attributes().iter().any(|attribute| {
            let SdpAttribute::Rtpmap(map) = attribute else {
                return false;
            };
            map.payload_type == payload_type
                && map.codec_name.eq_ignore_ascii_case(name)
                && map.frequency == codec.clock_rate()
        })
    };
    // 64 to 95 cannot be told from RTCP on one port (RFC 5761 section 4).
    let usable = |payload_type: u8| payload_type < 64 || (96..128).contains(&payload_type);
    let mut offered = formats
        .iter()
        .filter_map(|format| u8::try_from(*format).ok())
        .filter(|&payload_type| usable(payload_type));
    let payload_type = offered.find(|&payload_type| named(payload_type, name))?;
    let rtx = line.get_attributes().iter().find_map(|attribute| {
        let SdpAttribute::Fmtp(fmtp) = attribute else {
            return None;
        };
        let apt = fmtp.parameters.rtx.as_ref()?.apt;
        let rtx = fmtp.payload_type;
        (apt == payload_type && rtx != payload_type && usable(rtx) && named(rtx, "rtx")).then_some(rtx)
    });
    let feedback = |name: &str, parameter: &str| {
        line.get_attributes().iter().any(|attribute| {
            let SdpAttribute::Rtcpfb(feedback) = attribute else {
                return false;
            };
            let ours = match feedback.payload_type {
                SdpAttributePayloadType::PayloadType(of) => of == payload_type,
                SdpAttributePayloadType::Wildcard => true,
            };
            ours && feedback.feedback_type.to_string() == name && feedback.parameter == parameter
        })
    };
    let video = kind == MediaKind::Video;
    Some(OfferedCodec {
        codec,
        payload_type,
        rtx: rtx.filter(|_| video),
        nack: video && feedback("nack", ""),
        pli: video && feedback("nack", "pli"),
        fir: video && feedback("ccm", "fir"),
        remb: video && feedback("goog-remb", ""),
        transport_cc: feedback("transport-cc", ""),
    })
}
