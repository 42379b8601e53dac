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

/// Gives up the oldest SSRC where a further one would be too many; false when none can be given up.
fn make_room(peer: &mut Peer, new: &Binding) -> bool {
    let alike =
        |one: &Binding, other: &Binding| (one.track, one.encoding, one.rtx) == (other.track, other.encoding, other.rtx);
    let full = peer.bindings.iter().filter(|binding| alike(binding, new)).count() >= limits::SSRCS_PER_TRACK_MAX;
    if !full && peer.bindings.len() < limits::SSRCS_PER_PEER_MAX {
        return true;
    }
    let given_up = (0..peer.bindings.len()).find(|&index| {
        let binding = &peer.bindings[index];
        let stream = peer.tracks[binding.track].encodings[binding.encoding].stream.as_ref();
        let flows = !binding.rtx && stream.is_some_and(|stream| stream.ssrc == binding.ssrc);
        let later = &peer.bindings[index + 1..];
        let replaced = alike(binding, new) || later.iter().any(|later| alike(later, binding));
        !flows && replaced && (!full || alike(binding, new))
    });
    let (Some(index), Transport::Connected(secured)) = (given_up, &mut peer.transport) else {
        return false;
    };
    let retired = secured.receiver.retire(peer.bindings[index].ssrc);
    if retired {
        peer.bindings.remove(index);
    }
    retired
}
