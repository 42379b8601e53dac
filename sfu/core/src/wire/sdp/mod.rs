//! The one negotiation of a peer: its offer read, what each m-line becomes, the answer written (RFC 8829, RFC 9143).

mod answer;
mod codec;
mod extension;
mod lines;
mod offer;
mod parameters;
#[cfg(test)]
mod tests;

pub(crate) use answer::{Answer, CNAME, write};
#[cfg(test)]
pub(crate) use codec::Profile;
pub(crate) use codec::{Codec, Codecs, OfferedCodec};
pub(crate) use extension::Extensions;
pub(crate) use lines::Rid;
pub(crate) use offer::{Offer, OfferedMedia};

use crate::event::{JoinError, Mid, SourceKind};

/// An offer is refused for this.
fn bad<T>(what: &str) -> Result<T, JoinError> {
    Err(JoinError::BadOffer(what.to_owned()))
}

/// What one m-line becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// No codec in common, or not media at all: port 0.
    Rejected,
    /// Nothing flows either way.
    Inactive,
    /// The peer sends this.
    Publish(SourceKind),
    /// We send, whatever is mapped to it.
    Slot { ssrc: u32, rtx_ssrc: Option<u32> },
}

/// An m-line with its role; in the order of the offer.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) media: &'a OfferedMedia,
    pub(crate) role: Role,
}

/// Decides every m-line of an offer. `sources` says which sending m-lines are wanted, and for what.
pub(crate) fn negotiate<'a>(
    offer: &'a Offer,
    sources: &[(Mid, SourceKind)],
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<Vec<Line<'a>>, JoinError> {
    check_sources(offer, sources)?;
    let mut taken: Vec<u32> = offer
        .media
        .iter()
        .flat_map(|media| media.ssrcs.iter().copied())
        .collect();
    let mut lines = Vec::with_capacity(offer.media.len());
    for media in &offer.media {
        let source = sources.iter().find(|(mid, _)| *mid == media.mid).map(|(_, kind)| *kind);
        let role = match source {
            _ if media.codecs.is_empty() => Role::Rejected,
            Some(kind) => Role::Publish(kind),
            None if media.direction.receives_only() => {
                let ssrc = fresh_ssrc(&mut taken, random);
                let repeats = media.codecs.iter().any(|codec| codec.rtx.is_some());
                Role::Slot {
                    ssrc,
                    rtx_ssrc: repeats.then(|| fresh_ssrc(&mut taken, random)),
                }
            }
            None => Role::Inactive,
        };
        lines.push(Line { media, role });
    }
    if lines.iter().all(|line| line.role == Role::Rejected) {
        return Err(JoinError::BadOffer(
            "no m-line has a codec that is supported".to_owned(),
        ));
    }
    Ok(lines)
}

fn check_sources(offer: &Offer, sources: &[(Mid, SourceKind)]) -> Result<(), JoinError> {
    for (index, (mid, kind)) in sources.iter().enumerate() {
        let bad = |what: &str| Err(JoinError::BadOffer(format!("source {index} {what}")));
        if sources[..index]
            .iter()
            .any(|(other, other_kind)| other == mid || other_kind == kind)
        {
            return bad("names an m-line or a kind twice");
        }
        let Some(media) = offer.media.iter().find(|media| media.mid == *mid) else {
            return bad("names no m-line of the offer");
        };
        if media.kind.is_some_and(|media_kind| media_kind != kind.media()) {
            return bad("is of another kind than its m-line");
        }
        if !media.direction.sends() {
            return bad("names an m-line that does not send");
        }
    }
    Ok(())
}

fn fresh_ssrc(taken: &mut Vec<u32>, random: &mut dyn FnMut(&mut [u8])) -> u32 {
    let mut bytes = [0; 4];
    random(&mut bytes);
    let mut ssrc = u32::from_ne_bytes(bytes);
    // A peer has few SSRCs, so the next number is free soon; this ends even with a constant "random" source.
    while ssrc == 0 || taken.contains(&ssrc) {
        ssrc = ssrc.wrapping_add(1);
    }
    taken.push(ssrc);
    ssrc
}
