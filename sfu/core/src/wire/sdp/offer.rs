//! Reads a browser's offer: what we support of it, checked and bounded; everything else is ignored.

use webrtc_sdp::attribute_type::{
    SdpAttribute, SdpAttributeFingerprintHashType, SdpAttributeSetup, SdpAttributeType, SdpSsrcGroupSemantic,
};
use webrtc_sdp::media_type::{SdpMedia, SdpMediaValue};
use webrtc_sdp::{SdpSession, parse_sdp};

use super::bad;
use super::codec::{self, Codecs};
use super::extension::Extensions;
use super::lines::{self, Rid, Section};
use crate::event::{JoinError, MediaKind, Mid};
use crate::limits;
use crate::wire::dtls::{Fingerprint, Hash, Role};

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
    /// [`Mid::unnamed`] where the offer gives none.
    pub(crate) mid: Mid,
    pub(super) has_mid: bool,
    /// `None` for what is neither sound nor picture.
    pub(crate) kind: Option<MediaKind>,
    /// `m=` line without the port: media, protocol, formats; for rejecting it.
    pub(super) media: String,
    pub(super) protocol: String,
    pub(super) formats: String,
    pub(crate) direction: Direction,
    /// Empty when nothing offered is supported.
    pub(crate) codecs: Codecs,
    /// What is answered: only what was offered in a way that is of use.
    pub(crate) extensions: Extensions,
    /// Header extensions of both forms may be mixed.
    pub(super) mixed_extensions: bool,
    /// RTCP has no port of its own, and that is to be confirmed.
    pub(super) mux_only: bool,
    /// The encodings of a simulcast source; empty without simulcast.
    pub(crate) rids: Vec<Rid>,
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
    /// Our side of the handshake; we are the server where the client leaves us the choice.
    pub(crate) dtls_role: Role,
    /// The m-lines come as one bundle.
    pub(crate) bundle: bool,
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
        let sifted = lines::sift(text)?;
        let session = parse_sdp(&sifted.text, false).map_err(|error| JoinError::BadOffer(error.to_string()))?;
        if session.media.is_empty() {
            return bad("it has no m-line");
        }
        // A skipped m-line would shift the answer's against the offer's.
        if session.media.len() != sifted.media.len() {
            return bad("an m-line is not understood");
        }
        let bundled = session.attribute.iter().find_map(|attribute| {
            if let SdpAttribute::Group(group) = attribute {
                Some(group.tags.as_slice())
            } else {
                None
            }
        });
        let bundle = bundled.is_some();
        let bundled = bundled.unwrap_or_default();
        let mut media: Vec<OfferedMedia> = Vec::with_capacity(session.media.len());
        for (line, section) in session.media.iter().zip(&sifted.media) {
            let mut read = read_media(line, section, session.media.len() == 1)?;
            read.mixed_extensions |= sifted.session.mixed_extensions;
            // Structures are longer than the one-byte form can carry (RFC 8285 4.1.2).
            if read.direction.receives_only() && !read.mixed_extensions {
                read.extensions.dependency_descriptor = None;
            }
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
        let Some(ufrag) = ufrag.filter(|ufrag| limits::UFRAG_BYTES.contains(&ufrag.len())) else {
            return bad("it has no ice-ufrag of 4 to 256 characters");
        };
        let setup = transport(&session, |attribute| {
            if let SdpAttribute::Setup(setup) = attribute {
                Some(setup)
            } else {
                None
            }
        });
        let dtls_role = match setup {
            Some(SdpAttributeSetup::Actpass | SdpAttributeSetup::Active) => Role::Server,
            Some(SdpAttributeSetup::Passive) => Role::Client,
            Some(SdpAttributeSetup::Holdconn) | None => return bad("its setup is none of actpass, active and passive"),
        };
        Ok(Self {
            ufrag: ufrag.clone(),
            fingerprint: read_fingerprint(&session)?,
            dtls_role,
            bundle,
            media,
        })
    }
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

/// The mid of an m-line; `None` where it has none and needs none, since it is `alone` in its offer.
fn read_mid(line: &SdpMedia, alone: bool) -> Result<Option<Mid>, JoinError> {
    let Some(SdpAttribute::Mid(mid)) = line.get_attribute(SdpAttributeType::Mid) else {
        return if alone { Ok(None) } else { bad("an m-line has no mid") };
    };
    // The mid is written into the answer, so it has to be a token (RFC 5888), which also keeps line breaks out.
    if mid.is_empty() || mid.len() > limits::MID_BYTES_MAX || !mid.bytes().all(|byte| byte.is_ascii_graphic()) {
        return bad("a mid is not of 1 to 16 visible characters");
    }
    Ok(Some(Mid(mid.clone())))
}

fn read_media(line: &SdpMedia, section: &Section<'_>, alone: bool) -> Result<OfferedMedia, JoinError> {
    let mid = read_mid(line, alone)?;
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
    // Port 0 takes an m-line back, unless it only says that the bundle's port is meant (RFC 9143 6).
    let withdrawn = line.get_port() == 0 && line.get_attribute(SdpAttributeType::BundleOnly).is_none();
    let kept = kind.filter(|_| !withdrawn);
    let mut codecs = kept.map(|kind| codec::pick(line, section, kind)).unwrap_or_default();
    if direction.sends() {
        codecs.keep_one_profile();
    } else {
        codecs.drop_single_units();
    }
    let mut extensions = Extensions::read(line, direction);
    // Both, or neither: a number without feedback, or the other way round, is of no use.
    extensions.transport_cc = extensions
        .transport_cc
        .filter(|_| codecs.iter().any(|codec| codec.transport_cc));
    if extensions.transport_cc.is_none() {
        codecs.drop_transport_cc();
    }
    // Without the extensions nobody could tell which packet is of which encoding.
    let simulcast = kind == Some(MediaKind::Video) && extensions.mid.is_some() && extensions.rid.is_some();
    let rids = if simulcast { section.rids() } else { Vec::new() };
    Ok(OfferedMedia {
        has_mid: mid.is_some(),
        mid: mid.unwrap_or_else(Mid::unnamed),
        kind,
        media: line.get_type().to_string(),
        protocol: line.get_proto().to_string(),
        formats: line.get_formats().to_string(),
        direction,
        codecs,
        extensions,
        mixed_extensions: section.mixed_extensions,
        mux_only: section.mux_only,
        rids,
        ssrcs,
        flows,
    })
}
