//! Which encoding of which track an SSRC is of: declared in the offer, or learnt from a packet (RFC 9143 9.2, RFC 8852).

use std::time::Instant;

use crate::limits;
use crate::publish::track::Track;
use crate::room::peer::{Binding, Peer, Transport};
use crate::wire::rtp::Header;

/// The binding of a packet's SSRC. One that is bound stays bound, so that no track can take another's over, until so many
/// newer ones are of the same encoding that it has to make room.
pub(super) fn bind(peer: &mut Peer, header: &Header, packet: &[u8], now: Instant) -> Option<Binding> {
    if let Some(binding) = peer.bindings.iter().find(|binding| binding.ssrc == header.ssrc) {
        return Some(*binding);
    }
    let bound = learn(peer, header, packet, now);
    keep_room(peer, Some(header.ssrc));
    bound
}

/// Binds an SSRC that is not bound yet.
fn learn(peer: &mut Peer, header: &Header, packet: &[u8], now: Instant) -> Option<Binding> {
    let extension = |id: Option<u8>| header.extension(packet, id?);
    let index = match extension(peer.extensions.mid) {
        Some(mid) => peer.tracks.iter().position(|track| track.mid.as_bytes() == mid)?,
        None => only_track_of(&peer.tracks, header.payload_type)?,
    };
    let track = &mut peer.tracks[index];
    let rtx = track.codecs.by_rtx(header.payload_type).is_some();
    if !takes(track, header.payload_type) {
        return None;
    }
    // A stream of retransmissions names the encoding that it repairs, and its own RID says nothing.
    let repaired = extension(peer.extensions.repaired_rid);
    let rid = if rtx { repaired } else { extension(peer.extensions.rid) };
    if !rtx && repaired.is_some() {
        return None;
    }
    let binding = Binding {
        ssrc: header.ssrc,
        track: index,
        encoding: track.encoding_of(rid)?,
        rtx,
        bound_at: now,
    };
    if !track.encodings[binding.encoding].take_new_ssrc(now) || !make_room(peer, &binding) {
        return None;
    }
    peer.bindings.push(binding);
    Some(binding)
}

/// The payload type is of a codec of the track, of its repetition or of its redundancy.
fn takes(track: &Track, payload_type: u8) -> bool {
    let codecs = &track.codecs;
    let media = codecs.by_payload_type(payload_type).or(codecs.by_red(payload_type));
    media.or(codecs.by_rtx(payload_type)).is_some()
}

/// The track of this payload type, where no other one has it, too.
fn only_track_of(tracks: &[Track], payload_type: u8) -> Option<usize> {
    let mut having = (0..tracks.len()).filter(|&index| takes(&tracks[index], payload_type));
    having.next().filter(|_| having.next().is_none())
}

/// Sees to it that the next SSRC finds room for its replay window: an SSRC that belongs to nothing gives up its own, but for
/// the newest, else the oldest of those whose place another one has taken.
pub(super) fn keep_room(peer: &mut Peer, newest: Option<u32>) {
    let Transport::Connected(secured) = &peer.transport else {
        return;
    };
    if !secured.receiver.is_full() {
        return;
    }
    let taken: Vec<u32> = secured.receiver.sources().collect();
    let bound = |ssrc: u32| peer.bindings.iter().any(|binding| binding.ssrc == ssrc);
    let unbound = taken.iter().find(|ssrc| Some(**ssrc) != newest && !bound(**ssrc));
    let replaced = || oldest_replaced(peer, None, |binding| taken.contains(&binding.ssrc));
    let given_up = unbound.copied().or_else(|| Some(peer.bindings[replaced()?].ssrc));
    if let Some(ssrc) = given_up {
        give_up(peer, ssrc);
    }
}

/// Gives up the oldest SSRC where a further one would be too many; false when none can be given up.
fn make_room(peer: &mut Peer, new: &Binding) -> bool {
    let full = peer.bindings.iter().filter(|binding| alike(binding, new)).count() >= limits::SSRCS_PER_TRACK_MAX;
    if !full && peer.bindings.len() < limits::SSRCS_PER_PEER_MAX {
        return true;
    }
    let oldest = oldest_replaced(peer, Some(new), |binding| !full || alike(binding, new));
    oldest.is_some_and(|index| give_up(peer, peer.bindings[index].ssrc))
}

/// Whether two SSRCs are for the same.
fn alike(one: &Binding, other: &Binding) -> bool {
    (one.track, one.encoding, one.rtx) == (other.track, other.encoding, other.rtx)
}

/// The oldest binding of this kind that another one, `new` or there already, has taken the place of.
fn oldest_replaced(peer: &Peer, new: Option<&Binding>, of_kind: impl Fn(&Binding) -> bool) -> Option<usize> {
    (0..peer.bindings.len()).find(|&index| {
        let binding = &peer.bindings[index];
        let stream = peer.tracks[binding.track].encodings[binding.encoding].stream.as_ref();
        let flows = !binding.rtx && stream.is_some_and(|stream| stream.ssrc == binding.ssrc);
        let mut later = peer.bindings[index + 1..].iter().chain(new);
        !flows && later.any(|later| alike(later, binding)) && of_kind(binding)
    })
}

/// Takes nothing of an SSRC any more; false when too many were given up.
fn give_up(peer: &mut Peer, ssrc: u32) -> bool {
    let Transport::Connected(secured) = &mut peer.transport else {
        return false;
    };
    let retired = secured.receiver.retire(ssrc);
    if retired {
        peer.bindings.retain(|binding| binding.ssrc != ssrc);
    }
    retired
}
