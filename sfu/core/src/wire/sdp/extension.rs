//! The header extensions that are understood, with the ids that a client gave them (RFC 8285).

use webrtc_sdp::attribute_type::{SdpAttribute, SdpAttributeDirection, SdpAttributeExtmap};
use webrtc_sdp::media_type::SdpMedia;

use super::offer::Direction;

const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
const RID: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
const REPAIRED_RID: &str = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
const TRANSPORT_CC: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
const DEPENDENCY_DESCRIPTOR: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

pub(super) const URIS: [&str; 6] = [MID, RID, REPAIRED_RID, AUDIO_LEVEL, TRANSPORT_CC, DEPENDENCY_DESCRIPTOR];

/// Whether the value of an `extmap` line names an extension that is understood, in a direction that there is; the parser
/// refuses what is `inactive` (RFC 8285 5).
pub(super) fn is_of_use(value: &str) -> bool {
    let (numbered, _) = value.split_once(' ').unwrap_or((value, ""));
    let direction = numbered.split_once('/').map(|(_, direction)| direction);
    URIS.iter().any(|uri| value.contains(uri)) && matches!(direction, None | Some("sendrecv" | "sendonly" | "recvonly"))
}

/// Ids of 1 to 14; `None` for what was not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Extensions {
    pub(crate) mid: Option<u8>,
    /// Which encoding of a simulcast source a packet is of (RFC 8852).
    pub(crate) rid: Option<u8>,
    /// Which encoding a retransmission is of.
    pub(crate) repaired_rid: Option<u8>,
    pub(crate) audio_level: Option<u8>,
    pub(crate) transport_cc: Option<u8>,
    pub(crate) dependency_descriptor: Option<u8>,
    /// A bit for each of [`URIS`] that was offered in one direction only.
    pub(super) one_way: u8,
}

impl Extensions {
    /// Reads those that may go the way of the line's media (RFC 8285 6); of a line for both ways, what the client sends.
    pub(super) fn read(line: &SdpMedia, line_direction: Direction) -> Self {
        let mut one_way = 0;
        let mut find = |uri: &str| {
            line.get_attributes().iter().find_map(|attribute| {
                let SdpAttribute::Extmap(SdpAttributeExtmap { id, direction, url, .. }) = attribute else {
                    return None;
                };
                let id = u8::try_from(*id).ok().filter(|id| (1..=14).contains(id))?;
                let both_ways = matches!(direction, None | Some(SdpAttributeDirection::Sendrecv));
                let this_way = match direction {
                    None | Some(SdpAttributeDirection::Sendrecv) => true,
                    Some(SdpAttributeDirection::Sendonly) => !line_direction.receives_only(),
                    Some(SdpAttributeDirection::Recvonly) => line_direction.receives_only(),
                };
                if url != uri || !this_way {
                    return None;
                }
                if !both_ways {
                    let index = URIS.iter().position(|known| *known == uri)?;
                    one_way |= 1 << index;
                }
                Some(id)
            })
        };
        Self {
            mid: find(MID),
            rid: find(RID),
            repaired_rid: find(REPAIRED_RID),
            audio_level: find(AUDIO_LEVEL),
            transport_cc: find(TRANSPORT_CC),
            dependency_descriptor: find(DEPENDENCY_DESCRIPTOR),
            one_way,
        }
    }

    /// Ids with their URIs, and whether they were offered one way only, for the answer.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u8, &'static str, bool)> {
        let ids = [
            self.mid,
            self.rid,
            self.repaired_rid,
            self.audio_level,
            self.transport_cc,
            self.dependency_descriptor,
        ];
        let one_way = self.one_way;
        let numbered = ids.into_iter().zip(URIS).enumerate();
        numbered.filter_map(move |(index, (id, uri))| Some((id?, uri, one_way & 1 << index != 0)))
    }

    /// Takes over the ids of a further m-line where there is none yet: within a bundle an extension has one id (RFC 9143
    /// 9.1).
    pub(crate) fn join(&mut self, other: &Self) {
        let fill = |id: &mut Option<u8>, other: Option<u8>| *id = id.or(other);
        fill(&mut self.mid, other.mid);
        fill(&mut self.rid, other.rid);
        fill(&mut self.repaired_rid, other.repaired_rid);
        fill(&mut self.audio_level, other.audio_level);
        fill(&mut self.transport_cc, other.transport_cc);
        fill(&mut self.dependency_descriptor, other.dependency_descriptor);
    }
}
