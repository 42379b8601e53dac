//! RTP in: opened once, stored once, forwarded to every slot that carries its track (RFC 3550, RFC 4588).

use std::time::Instant;

use super::Sfu;
use crate::event::SourceKind;
use crate::handles::TrackRef;
use crate::limits;
use crate::packet::{MediaPacket, bit};
use crate::publish::reception::Arrival;
use crate::publish::track::{Received, Subscription, Unwanted};
use crate::room::peer::{Binding, Peer, Transport};
use crate::subscribe::slot::Forwarded;
use crate::transport::demux::Tuple;
use crate::wire::rtp::{AudioLevel, Header};
use crate::wire::sdp::Codec;

/// A retransmission names the packet it repeats in its first two bytes (RFC 4588 section 4).
const ORIGINAL_SEQUENCE_LEN: usize = 2;

/// Subscribers whose memory is asked for together: as many waits overlap as a core can have open.
const FETCHED_TOGETHER: usize = 8;

/// What came of one packet's way to all its subscribers.
#[derive(Debug, Default)]
struct FannedOut {
    /// Somebody starts with a packet that is not the newest.
    late_start: bool,
    /// Somebody waits for a keyframe.
    waiting: bool,
    /// Somebody's encoding changed.
    switched: bool,
}

impl Sfu {
    pub(super) fn srtp(&mut self, now: Instant, place: usize, tuple: Tuple, bytes: &mut [u8]) {
        let Some(peer) = self.peers.get_mut(place) else { return };
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
        self.counters.paths_moved += u64::from(peer.ice.heard(tuple, now));
        if !peer.budget.take(now) {
            self.counters.rate_limited += 1;
            return;
        }
        let plain = &mut bytes[..opened.len];
        peer.stats.packets_in += 1;
        peer.stats.bytes_in += plain.len() as u64;
        let Ok(header) = Header::parse(plain) else {
            self.counters.rtp_malformed += 1;
            return;
        };
        if let Some(capture) = &mut self.capture {
            let kept = capture.incoming(peer, &plain[..header.header_len], plain.len());
            self.counters.captures_dropped += u64::from(!kept);
        }
        let number = peer.extensions.transport_cc.and_then(|id| header.extension(plain, id));
        let mut left_out = 0;
        if let Some(&[high, low]) = number {
            left_out = peer.arrivals.received(u16::from_be_bytes([high, low]), now);
        }
        let Some(binding) = bind(peer, &header, plain) else {
            self.counters.unknown_ssrc += 1;
            return;
        };
        if left_out > 0 {
            suspect(peer, binding, (header.ssrc, opened.index), left_out, now);
        }
        let red = peer.tracks[binding.track].codecs.by_red(header.payload_type);
        if let Some(payload_type) = red.map(|codec| codec.payload_type) {
            self.redundant(now, place, binding, (header, opened.index), plain, payload_type);
            return;
        }
        let received = if binding.rtx {
            restore(peer, binding, &header, plain)
        } else {
            let packet = &*plain;
            Some(Received {
                encoding: binding.encoding,
                header,
                index: opened.index,
                packet,
                arrival: Arrival::First,
            })
        };
        // A retransmission without content is a probe for bandwidth; one for a stream that never began is of no use.
        if let Some(received) = received {
            self.media(now, place, binding.track, &received);
        }
    }

    pub(super) fn media(&mut self, now: Instant, place: usize, track: usize, received: &Received<'_>) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        let media = match peer.tracks[track].receive(received, &mut self.last_stream, now) {
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
        let changed = std::mem::take(&mut peer.tracks[track].changed);
        if !peer.open || peer.tracks[track].muted {
            self.counters.gate_closed += 1;
            return;
        }
        if peer.tracks[track].kind == SourceKind::Microphone {
            let room = peer.room;
            hear(peer, track, received, now);
            self.rank(now, room);
        }
        if changed {
            self.aim_all(now, TrackRef { peer: place, track });
        }
        let Some(peer) = self.peers.get_mut(place) else { return };
        // Taken out for the time of the loop, since subscribers live in the same table; no allocation.
        let mut subscriptions = std::mem::take(&mut peer.tracks[track].subscriptions);
        self.earlier.clear();
        if media.codec == Codec::Opus
            && let Some(stream) = peer.tracks[track].stream(media.stream)
        {
            self.earlier.load(&stream.ring, media.index, media.header.timestamp);
        }
        let came = self.fan_out(now, &media, received.packet, &mut subscriptions);
        if came.late_start {
            self.catch_up(now, TrackRef { peer: place, track }, &media, &subscriptions);
        }
        if let Some(peer) = self.peers.get_mut(place) {
            let track = &mut peer.tracks[track];
            track.subscriptions = subscriptions;
            if came.switched {
                track.sum_interest();
            }
            if came.waiting {
                track.keyframes.want(media.encoding);
            }
        }
    }

    /// Forwards one packet to all that take its encoding.
    fn fan_out(
        &mut self,
        now: Instant,
        media: &MediaPacket,
        packet: &[u8],
        subscriptions: &mut [Subscription],
    ) -> FannedOut {
        let encoding = bit(media.encoding);
        let mut came = FannedOut::default();
        for group in subscriptions.chunks_mut(FETCHED_TOGETHER) {
            self.prefetch(group, encoding);
            for subscription in group {
                if subscription.interest & encoding == 0 {
                    continue;
                }
                let Some(subscriber) = self.peers.get_mut(subscription.peer) else {
                    continue;
                };
                if let Some(at) = subscriber.hold(subscription.slot, (media, packet.len()), now, &mut self.counters) {
                    self.deadlines.pull(subscription.peer, at);
                    continue;
                }
                let (arena, counters) = (&mut self.arena, &mut self.counters);
                let plain = (packet, &self.earlier);
                match subscriber.forward(subscription.slot, media, plain, now, arena, counters) {
                    Forwarded::Sent { starts, again, .. } => {
                        self.repeats.note(again, subscription, subscriber.id, now);
                        came.late_start |= starts && !media.newest;
                        if starts {
                            subscription.interest = encoding;
                            came.switched = true;
                        }
                    }
                    Forwarded::Waiting => came.waiting = true,
                    Forwarded::Dropped => {}
                }
            }
        }
        came
    }

    /// Asks for what forwarding to these subscribers will touch, one step of the way to it after the other.
    fn prefetch(&self, subscriptions: &[Subscription], encoding: u8) {
        let takers = || {
            let takers = subscriptions.iter().filter(|taker| taker.interest & encoding != 0);
            takers.filter_map(|taker| Some((self.peers.get(taker.peer)?, taker.slot)))
        };
        takers().for_each(|(subscriber, _)| subscriber.prefetch());
        takers().for_each(|(subscriber, slot)| subscriber.prefetch_slot(slot));
        takers().for_each(|(subscriber, slot)| subscriber.prefetch_logs(slot));
    }
}

/// Transport-wide numbers were left out before a packet. What its own stream does not lack is of another one: sound comes so
/// often that the loss of a picture's last packet shows so before the next picture comes.
fn suspect(peer: &mut Peer, binding: Binding, (ssrc, index): (u32, u64), left_out: u64, now: Instant) {
    let Binding {
        track, encoding, rtx, ..
    } = binding;
    let own = peer.tracks[track].left_out(encoding, ssrc, index);
    if left_out > own {
        for (place, other) in peer.tracks.iter_mut().enumerate() {
            other.suspect((place == track && !rtx).then_some(encoding), now);
        }
    }
}

/// Notes how loud a packet of a microphone is.
fn hear(peer: &mut Peer, track: usize, received: &Received<'_>, now: Instant) {
    let level = peer.extensions.audio_level;
    let level = level.and_then(|id| AudioLevel::parse(received.header.extension(received.packet, id)?));
    peer.tracks[track].loudness.heard(level, now);
}

/// Which encoding of which track an SSRC is of: declared in the offer, or learnt from a packet that carries the mid and,
/// with simulcast, the RID (RFC 9143 9.2, RFC 8852). An SSRC once bound stays bound, so that no track can take another's
/// over.
fn bind(peer: &mut Peer, header: &Header, packet: &[u8]) -> Option<Binding> {
    if let Some(binding) = peer.bindings.iter().find(|binding| binding.ssrc == header.ssrc) {
        return Some(*binding);
    }
    if peer.bindings.len() >= limits::SSRCS_PER_PEER_MAX {
        return None;
    }
    let extension = |id: Option<u8>| header.extension(packet, id?);
    let mid = extension(peer.extensions.mid)?;
    let place = peer.tracks.iter().position(|track| track.mid.as_bytes() == mid)?;
    let track = &peer.tracks[place];
    let rtx = track.codecs.by_rtx(header.payload_type).is_some();
    let media = track.codecs.by_payload_type(header.payload_type);
    if !rtx && media.or(track.codecs.by_red(header.payload_type)).is_none() {
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
        track: place,
        encoding: track.encoding_of(rid)?,
        rtx,
    };
    peer.bindings.push(binding);
    Some(binding)
}

/// Turns a retransmission into the packet that it repeats, in place.
fn restore<'a>(peer: &Peer, binding: Binding, header: &Header, plain: &'a mut [u8]) -> Option<Received<'a>> {
    let track = &peer.tracks[binding.track];
    let payload_type = track.codecs.by_rtx(header.payload_type)?.payload_type;
    if header.payload_len < ORIGINAL_SEQUENCE_LEN {
        return None;
    }
    let stream = track.encodings[binding.encoding].stream.as_ref()?;
    let payload = header.header_len;
    let sequence = u16::from_be_bytes([plain[payload], plain[payload + 1]]);
    let index = stream.index_of(sequence)?;
    plain.copy_within(..payload, ORIGINAL_SEQUENCE_LEN);
    let packet = &mut plain[ORIGINAL_SEQUENCE_LEN..];
    packet[1] = (packet[1] & 0x80) | payload_type;
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[8..12].copy_from_slice(&stream.ssrc.to_be_bytes());
    let packet = &*packet;
    let header = Header::parse(packet).ok()?;
    Some(Received {
        encoding: binding.encoding,
        header,
        index,
        packet,
        arrival: Arrival::Retransmission,
    })
}
