//! RTP in: opened once, stored once, forwarded to every slot that carries its track (RFC 3550, RFC 4588).

use std::time::Instant;

use super::Sfu;
use super::audio::Redundant;
use super::binding::{bind, keep_room};
use crate::counters::{Counters, DropReason};
use crate::event::SourceKind;
use crate::handles::{PeerIndex, TrackRef};
use crate::packet::{MediaPacket, bit};
use crate::publish::reception::Arrival;
use crate::publish::track::{Received, Subscription, Unwanted};
use crate::room::peer::{Binding, Peer, Transport};
use crate::subscribe::slot::{Content, Forwarded};
use crate::transport::demux::Tuple;
use crate::wire::rtp::{AudioLevel, Header};
use crate::wire::sdp::Codec;
use crate::wire::srtp::{SrtpError, SrtpReceiver};

/// A retransmission names the packet it repeats in its first two bytes (RFC 4588 section 4).
const ORIGINAL_SEQUENCE_LEN: usize = 2;

/// Subscribers whose memory is asked for together: as many waits overlap as a core can have open.
const FETCHED_TOGETHER: usize = 8;

/// What one packet's way to all its subscribers leaves to be done.
#[derive(Debug, Default)]
struct FannedOut {
    /// Somebody starts with a packet that is not the newest.
    late_start: bool,
    /// Somebody waits for a keyframe.
    waiting: bool,
    /// Somebody's encoding changed.
    switched: bool,
    /// So many do not take its codec.
    not_taken: u64,
}

/// Opens SRTP or SRTCP by `open`, once the keys are there and while the peer may send; what is dropped is counted.
pub(super) fn open<T>(
    peer: &mut Peer,
    counters: &mut Counters,
    now: Instant,
    tuple: Tuple,
    open: impl FnOnce(&mut SrtpReceiver) -> Result<T, SrtpError>,
) -> Option<T> {
    let Transport::Connected(secured) = &mut peer.transport else {
        counters.srtp_early += 1;
        return None;
    };
    match open(&mut secured.receiver) {
        Ok(opened) => {
            if peer.ice.heard(tuple, now) {
                counters.paths_moved += 1;
                peer.path_changed(now);
            }
            peer.record_presence(now);
            if peer.budget.take(now) {
                return Some(opened);
            }
            counters.rate_limited += 1;
            peer.stats.over_rate_in += 1;
        }
        Err(SrtpError::Forged) => counters.srtp_auth_failed += 1,
        Err(SrtpError::Replayed | SrtpError::TooOld) => counters.srtp_replayed += 1,
        Err(SrtpError::TooManySources) => {
            counters.srtp_too_many_ssrcs += 1;
            // Nothing tells whether it was authentic, but one place is made for any number of such packets.
            keep_room(peer, None);
        }
        Err(SrtpError::Malformed | SrtpError::KeyLength) => counters.rtp_malformed += 1,
    }
    None
}

impl Sfu {
    pub(super) fn handle_srtp(&mut self, now: Instant, from: PeerIndex, tuple: Tuple, bytes: &mut [u8]) {
        let peer = &mut self.peers[from];
        let opened = open(peer, &mut self.counters, now, tuple, |receiver| {
            receiver.open_rtp(bytes)
        });
        let Some(opened) = opened else { return };
        let packet = &mut bytes[..opened.len];
        peer.stats.packets_in += 1;
        peer.stats.bytes_in += packet.len() as u64;
        let Ok(header) = Header::parse(packet) else {
            self.counters.rtp_malformed += 1;
            return;
        };
        if let Some(capture) = &mut self.capture {
            let kept = capture.incoming(peer, &packet[..header.header_len], packet.len());
            self.counters.captures_dropped += u64::from(!kept);
        }
        let number = peer.extensions.transport_cc.and_then(|id| header.extension(packet, id));
        let mut left_out = 0;
        if let Some(&[high, low]) = number {
            left_out = peer.arrivals.received(u16::from_be_bytes([high, low]), now);
        }
        let Some(binding) = bind(peer, &header, packet, now) else {
            self.counters.unknown_ssrc += 1;
            return;
        };
        if left_out > 0 {
            suspect_losses(peer, binding, opened.index, left_out, now);
        }
        let track = TrackRef {
            peer: from,
            track: binding.track,
        };
        let red = peer.tracks[binding.track].codecs.by_red(header.payload_type);
        if let Some(payload_type) = red.map(|codec| codec.payload_type) {
            let redundant = Redundant {
                encoding: binding.encoding,
                header,
                index: opened.index,
                payload_type,
            };
            self.take_apart(now, track, &redundant, packet);
            return;
        }
        let received = if binding.rtx {
            restore(peer, binding, &header, packet, now, &mut self.counters)
        } else {
            let packet = &*packet;
            Some(Received {
                encoding: binding.encoding,
                header,
                index: opened.index,
                packet,
                arrival: Arrival::First,
            })
        };
        // A retransmission without content is a probe for bandwidth; one for a stream that never began, or has ended, is of no
        // use.
        if let Some(received) = received {
            self.receive_media(now, track, &received);
        }
    }

    /// Keeps a packet of a track and forwards it.
    pub(super) fn receive_media(&mut self, now: Instant, track: TrackRef, received: &Received<'_>) {
        let peer = &mut self.peers[track.peer];
        let published = &mut peer.tracks[track.track];
        let media = match published.receive(received, &mut self.last_stream, now) {
            Ok(media) => media,
            Err(unwanted) => {
                *match unwanted {
                    Unwanted::PayloadType => &mut self.counters.unknown_payload_type,
                    Unwanted::Duplicate => &mut self.counters.rtp_duplicate,
                    Unwanted::Superseded => &mut self.counters.unknown_ssrc,
                } += 1;
                return;
            }
        };
        if !peer.open || published.muted {
            self.counters.gate_closed += 1;
            return;
        }
        let changed = std::mem::take(&mut published.changed);
        let reordered = std::mem::take(&mut published.reordered);
        if published.kind == SourceKind::Microphone {
            let room = peer.room;
            record_loudness(peer, track.track, received, now);
            self.rank_speakers(now, room);
        }
        if reordered {
            for slot in self.slots_carrying(track) {
                self.restart_slot(now, slot);
            }
        }
        if changed {
            self.choose_layers_of(now, track);
        }
        let published = self.peers.track_mut(track);
        // Taken out for the time of the loop, since subscribers live in the same table; no allocation.
        let mut subscriptions = std::mem::take(&mut published.subscriptions);
        self.scratch.earlier.clear();
        if media.codec == Codec::Opus
            && let Some(stream) = published.stream(media.stream)
        {
            self.scratch
                .earlier
                .load(&stream.ring, media.index, media.header.timestamp);
        }
        let done = self.fan_out(now, &media, received.packet, &mut subscriptions);
        if done.late_start {
            self.catch_up(now, track, &media, &subscriptions);
        }
        self.peers[track.peer].stats.codec_not_taken_in += done.not_taken;
        let published = self.peers.track_mut(track);
        published.subscriptions = subscriptions;
        if done.switched {
            published.sum_interest();
        }
        if done.waiting {
            published.keyframes.request(media.encoding);
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
        let mut done = FannedOut::default();
        for group in subscriptions.chunks_mut(FETCHED_TOGETHER) {
            self.prefetch(group, encoding);
            for subscription in group {
                if subscription.interest & encoding == 0 {
                    continue;
                }
                let slot = subscription.slot;
                let subscriber = &mut self.peers[slot.peer];
                if let Some(at) = subscriber.hold(slot.slot, media, packet.len(), now, &mut self.counters) {
                    self.deadlines.pull(slot.peer, at);
                    continue;
                }
                let (arena, counters) = (&mut self.arena, &mut self.counters);
                let content = Content {
                    packet,
                    earlier: &self.scratch.earlier,
                };
                match subscriber.forward(slot.slot, media, content, now, arena, counters) {
                    Forwarded::Sent {
                        starts,
                        repeat,
                        sequence,
                        ..
                    } => {
                        if repeat {
                            self.plan_repeat(now, slot, sequence);
                        }
                        done.late_start |= starts && !media.newest;
                        if starts {
                            subscription.interest = encoding;
                            done.switched = true;
                        }
                    }
                    Forwarded::Waiting => done.waiting = true,
                    Forwarded::Dropped(reason) => done.not_taken += u64::from(reason == DropReason::CodecNotNegotiated),
                }
            }
        }
        done
    }

    /// Asks for what forwarding to these subscribers will touch, one step of the way to it after the other.
    fn prefetch(&self, subscriptions: &[Subscription], encoding: u8) {
        let takers = || {
            let takers = subscriptions.iter().filter(|taker| taker.interest & encoding != 0);
            takers.map(|taker| (&self.peers[taker.slot.peer], taker.slot.slot))
        };
        takers().for_each(|(subscriber, _)| subscriber.prefetch());
        takers().for_each(|(subscriber, slot)| subscriber.prefetch_slot(slot));
        takers().for_each(|(subscriber, slot)| subscriber.prefetch_logs(slot));
    }
}

/// Transport-wide numbers were left out before a packet. What its own stream does not lack is of another one: sound comes so
/// often that the loss of a picture's last packet shows so before the next picture comes.
fn suspect_losses(peer: &mut Peer, binding: Binding, index: u64, left_out: u64, now: Instant) {
    let Binding {
        ssrc,
        track,
        encoding,
        rtx,
        bound_at: _,
    } = binding;
    let own = peer.tracks[track].left_out(encoding, ssrc, index);
    if left_out > own {
        for (other, suspected) in peer.tracks.iter_mut().enumerate() {
            suspected.suspect_losses((other == track && !rtx).then_some(encoding), now);
        }
    }
}

/// Records how loud a packet of a microphone is.
fn record_loudness(peer: &mut Peer, track: usize, received: &Received<'_>, now: Instant) {
    let level = peer.extensions.audio_level;
    let level = level.and_then(|id| AudioLevel::parse(received.header.extension(received.packet, id)?));
    peer.tracks[track].loudness.record(level, now);
}

/// Turns a retransmission into the packet that it repeats, in place.
fn restore<'a>(
    peer: &Peer,
    binding: Binding,
    header: &Header,
    plain: &'a mut [u8],
    now: Instant,
    counters: &mut Counters,
) -> Option<Received<'a>> {
    let track = &peer.tracks[binding.track];
    let payload_type = track.codecs.by_rtx(header.payload_type)?.payload_type;
    if header.payload_len < ORIGINAL_SEQUENCE_LEN {
        return None;
    }
    let stream = track.encodings[binding.encoding].stream.as_ref()?;
    let payload = header.header_len;
    let sequence = u16::from_be_bytes([plain[payload], plain[payload + 1]]);
    let index = stream.index_of(sequence);
    let Some(index) = index.filter(|index| stream.takes_repeated(*index, binding.bound_at, now)) else {
        counters.retransmissions_stray += 1;
        return None;
    };
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
