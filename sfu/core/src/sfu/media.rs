//! RTP in: opened once, stored once, forwarded to every slot that carries its track (RFC 3550, RFC 4588).

use std::time::Instant;

use super::Sfu;
use crate::forward::{MediaPacket, read_payload};
use crate::limits;
use crate::peer::{Binding, Peer, Transport};
use crate::rtp::Header;
use crate::slot::Forwarded;
use crate::track::{Arrival, Subscription, Unwanted};

/// A retransmission names the packet it repeats in its first two bytes (RFC 4588 section 4).
const ORIGINAL_SEQUENCE_LEN: usize = 2;

/// Packets behind a late start that are sent after it.
const CATCH_UP_MAX: u64 = 64;

/// A plain packet of a known track.
struct Identified<'a> {
    track: usize,
    header: Header,
    index: u64,
    packet: &'a [u8],
    arrival: Arrival,
}

impl Sfu {
    pub(super) fn srtp(&mut self, now: Instant, place: usize, bytes: &mut [u8]) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        if !peer.budget.take(now) {
            self.counters.rate_limited += 1;
            return;
        }
        let Transport::Connected(secured) = &mut peer.transport else {
            self.counters.srtp_early += 1;
            return;
        };
        let opened = match secured.receiver.open_rtp(bytes) {
            Ok(opened) => opened,
            Err(error) => {
                self.count_srtp(error);
                return;
            }
        };
        peer.authenticated(now);
        let plain = &mut bytes[..opened.len];
        peer.stats.packets_in += 1;
        peer.stats.bytes_in += plain.len() as u64;
        let Ok(header) = Header::parse(plain) else {
            self.counters.rtp_malformed += 1;
            return;
        };
        let number = peer.extensions.transport_cc.and_then(|id| header.extension(plain, id));
        if let Some(&[high, low]) = number {
            peer.arrivals.received(u16::from_be_bytes([high, low]), now);
        }
        let Some(binding) = bind(peer, &header, plain) else {
            self.counters.unknown_ssrc += 1;
            return;
        };
        let identified = if binding.rtx {
            restore(peer, binding, &header, plain)
        } else {
            let packet = &*plain;
            Some(Identified {
                track: binding.track,
                header,
                index: opened.index,
                packet,
                arrival: Arrival::First,
            })
        };
        // A retransmission without content is a probe for bandwidth; one for a stream that never began is of no use.
        if let Some(identified) = identified {
            self.media(now, place, &identified);
        }
    }

    fn media(&mut self, now: Instant, place: usize, identified: &Identified<'_>) {
        let Identified {
            track,
            header,
            index,
            packet,
            arrival,
        } = *identified;
        let Some(peer) = self.peers.get_mut(place) else { return };
        let received = peer.tracks[track].receive(header, index, packet, arrival, &mut self.last_stream, now);
        let media = match received {
            Ok(media) => media,
            Err(unwanted) => {
                *match unwanted {
                    Unwanted::PayloadType => &mut self.counters.unknown_payload_type,
                    Unwanted::Duplicate => &mut self.counters.rtp_duplicate,
                    Unwanted::TooManyStreams => &mut self.counters.unknown_ssrc,
                } += 1;
                return;
            }
        };
        if !peer.allowed {
            self.counters.gate_closed += 1;
            return;
        }
        // Taken out for the time of the loop, since subscribers live in the same table; no allocation.
        let subscriptions = std::mem::take(&mut peer.tracks[track].subscriptions);
        let (mut late_start, mut waiting) = (false, false);
        for subscription in &subscriptions {
            if let Some(subscriber) = self.peers.get_mut(subscription.peer) {
                let (arena, counters) = (&mut self.arena, &mut self.counters);
                match subscriber.forward(subscription.slot, &media, packet, now, arena, counters) {
                    Forwarded::Sent { starts, .. } => late_start |= starts && !media.newest,
                    Forwarded::Waiting => waiting = true,
                    Forwarded::Dropped => {}
                }
            }
        }
        if late_start {
            self.catch_up(now, place, track, &media, &subscriptions);
        }
        if let Some(peer) = self.peers.get_mut(place) {
            let track = &mut peer.tracks[track];
            track.subscriptions = subscriptions;
            if waiting {
                track.keyframes.want();
            }
        }
    }

    /// A keyframe's first packet came after some of its others, which nobody could use then: they follow it now.
    fn catch_up(
        &mut self,
        now: Instant,
        place: usize,
        track: usize,
        start: &MediaPacket,
        subscriptions: &[Subscription],
    ) {
        for index in start.index + 1..=start.index + CATCH_UP_MAX {
            let stream = self
                .peers
                .get(place)
                .and_then(|peer| peer.tracks[track].stream.as_ref());
            let Some(packet) = stream.and_then(|stream| stream.ring.get(index)) else {
                continue;
            };
            self.stored.clear();
            self.stored.extend_from_slice(packet);
            let Ok(header) = Header::parse(&self.stored) else {
                continue;
            };
            let (keyframe, vp8) = read_payload(start.codec, header.payload(&self.stored));
            let media = MediaPacket {
                index,
                header,
                keyframe,
                vp8,
                newest: false,
                ..*start
            };
            for subscription in subscriptions {
                if let Some(subscriber) = self.peers.get_mut(subscription.peer) {
                    // A slot that was live before has sent this packet, and its log keeps it from doing so twice.
                    let (arena, counters) = (&mut self.arena, &mut self.counters);
                    subscriber.forward(subscription.slot, &media, &self.stored, now, arena, counters);
                }
            }
        }
    }
}

/// Which track an SSRC is of: declared in the offer, or learnt from a packet that carries the mid (RFC 9143 9.2). An
/// SSRC once bound stays bound, so that no track can take another's over.
fn bind(peer: &mut Peer, header: &Header, packet: &[u8]) -> Option<Binding> {
    if let Some(binding) = peer.bindings.iter().find(|binding| binding.ssrc == header.ssrc) {
        return Some(*binding);
    }
    if peer.bindings.len() >= limits::SSRCS_PER_PEER_MAX {
        return None;
    }
    let mid = header.extension(packet, peer.extensions.mid?)?;
    let track = peer.tracks.iter().position(|track| track.mid.as_bytes() == mid)?;
    let codecs = &peer.tracks[track].codecs;
    let rtx = codecs.by_rtx(header.payload_type).is_some();
    if !rtx && codecs.by_payload_type(header.payload_type).is_none() {
        return None;
    }
    let binding = Binding {
        ssrc: header.ssrc,
        track,
        rtx,
    };
    peer.bindings.push(binding);
    Some(binding)
}

/// Turns a retransmission into the packet that it repeats, in place.
fn restore<'a>(peer: &Peer, binding: Binding, header: &Header, plain: &'a mut [u8]) -> Option<Identified<'a>> {
    let track = &peer.tracks[binding.track];
    let payload_type = track.codecs.by_rtx(header.payload_type)?.payload_type;
    if header.payload_len < ORIGINAL_SEQUENCE_LEN {
        return None;
    }
    let ssrc = track.stream.as_ref()?.ssrc;
    let payload = header.header_len;
    let sequence = u16::from_be_bytes([plain[payload], plain[payload + 1]]);
    let index = track.index_of(sequence)?;
    plain.copy_within(..payload, ORIGINAL_SEQUENCE_LEN);
    let packet = &mut plain[ORIGINAL_SEQUENCE_LEN..];
    packet[1] = (packet[1] & 0x80) | payload_type;
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
    let packet = &*packet;
    let header = Header::parse(packet).ok()?;
    Some(Identified {
        track: binding.track,
        header,
        index,
        packet,
        arrival: Arrival::Retransmission,
    })
}
