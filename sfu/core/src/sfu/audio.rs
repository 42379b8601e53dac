//! Sound: redundant packets taken apart (RFC 2198), and the loudest of a room carried to everybody in it.

use std::time::Instant;

use super::Sfu;
use crate::event::{Event, MediaKind, RoomId, Source, SourceKind};
use crate::publish::reception::Arrival;
use crate::publish::track::Received;
use crate::room::peer::Binding;
use crate::wire::rtp::red::{Block, Red};
use crate::wire::rtp::{Fields, Header, write_header};

impl Sfu {
    /// Takes redundant sound apart: frames whose own packets did not come are forwarded in their place, then the newest,
    /// everything as plain packets.
    pub(super) fn redundant(
        &mut self,
        now: Instant,
        place: usize,
        binding: Binding,
        (header, index): (Header, u64),
        plain: &mut [u8],
        payload_type: u8,
    ) {
        let Some(red) = Red::parse(header.payload(plain), payload_type) else {
            self.counters.rtp_malformed += 1;
            return;
        };
        let mut unpacked = std::mem::take(&mut self.unpacked);
        for (back, block) in (1..=red.blocks().len() as u64).rev().zip(red.blocks()) {
            let Some(index) = index.checked_sub(back) else { continue };
            if block.payload.is_empty() || !self.is_missing(place, binding, header.ssrc, index) {
                continue;
            }
            write_plain(&mut unpacked, &header, (payload_type, index), block);
            let Ok(header) = Header::parse(&unpacked) else { continue };
            let received = Received {
                encoding: binding.encoding,
                header,
                index,
                packet: &unpacked,
                arrival: Arrival::Retransmission,
            };
            self.counters.redundancy_used += 1;
            self.media(now, place, binding.track, &received);
        }
        self.unpacked = unpacked;
        let primary = header.header_len + red.primary_at;
        // The header moves up to the newest frame.
        plain.copy_within(..header.header_len, red.primary_at);
        let packet = &mut plain[primary - header.header_len..];
        packet[1] = packet[1] & 0x80 | payload_type;
        let packet = &*packet;
        let Ok(header) = Header::parse(packet) else { return };
        let received = Received {
            encoding: binding.encoding,
            header,
            index,
            packet,
            arrival: Arrival::First,
        };
        self.media(now, place, binding.track, &received);
    }

    /// Ranks a room's microphones, if it is time, and lets everybody hear the loudest.
    pub(super) fn rank(&mut self, now: Instant, room: RoomId) {
        if !self.rooms.ranking_mut(room).is_some_and(|ranking| ranking.is_due(now)) {
            return;
        }
        self.levels.clear();
        for &place in self.rooms.members(room) {
            let Some(peer) = self.peers.get(place).filter(|peer| peer.open) else {
                continue;
            };
            for track in &peer.tracks {
                let heard = track.kind == SourceKind::Microphone && !track.muted && track.streams().next().is_some();
                let source = Source {
                    peer: peer.id,
                    kind: track.kind,
                };
                self.levels.extend(heard.then(|| (source, track.loudness.value(now))));
            }
        }
        let Some(ranking) = self.rooms.ranking_mut(room) else {
            return;
        };
        let changed = ranking.look(&self.levels, now);
        if changed.speakers {
            let peers = ranking.speakers().to_vec();
            self.push_event(Event::Speakers { room, peers });
        }
        for member in 0..self.rooms.members(room).len() {
            let place = self.rooms.members(room)[member];
            // A slot may also have lost what it carried, when a peer left.
            let hollow = self.peers.get(place).is_some_and(|peer| {
                let mut slots = peer.slots.iter();
                slots.any(|slot| slot.loudest.flatten().is_some() && slot.selection.track().is_none())
            });
            if changed.loudest || hollow {
                self.assign_loudest(now, place);
            }
        }
    }

    /// Gives a subscriber's slots for the loudest what they are to carry. Who stays among the loudest keeps its slot.
    pub(super) fn assign_loudest(&mut self, now: Instant, place: usize) {
        let Some(peer) = self.peers.get(place) else { return };
        let Some(ranking) = self.rooms.ranking(peer.room) else {
            return;
        };
        let slots: Vec<usize> = (0..peer.slots.len())
            .filter(|slot| peer.slots[*slot].loudest.is_some())
            .collect();
        let carries = |slot: usize| {
            let slot = &peer.slots[slot];
            slot.loudest.flatten().filter(|_| slot.selection.track().is_some())
        };
        let wanted: Vec<Source> = ranking.loudest_for(peer.id).take(slots.len()).collect();
        let kept: Vec<Option<Source>> = slots
            .iter()
            .map(|slot| carries(*slot).filter(|source| wanted.contains(source)))
            .collect();
        let mut fresh = wanted.iter().copied().filter(|source| !kept.contains(&Some(*source)));
        let next: Vec<(usize, Option<Source>)> = slots
            .iter()
            .zip(&kept)
            .map(|(slot, kept)| (*slot, kept.or_else(|| fresh.next())))
            .collect();
        let mut told = Vec::new();
        for (slot, source) in next {
            let Some(peer) = self.peers.get(place) else { return };
            let track = source.and_then(|source| self.find_track(peer, MediaKind::Audio, source));
            self.carry(now, place, slot, track);
            let Some(peer) = self.peers.get_mut(place) else { return };
            let source = source.filter(|_| track.is_some());
            if peer.slots[slot].loudest.replace(source) != Some(source) {
                told.push((peer.slots[slot].mid.clone(), source));
            }
        }
        if let Some(peer) = self.peers.get(place).map(|peer| peer.id).filter(|_| !told.is_empty()) {
            self.push_event(Event::Loudest { peer, slots: told });
        }
    }

    /// A packet of a stream that has begun before it, not older than the ring, that never came.
    fn is_missing(&self, place: usize, binding: Binding, ssrc: u32, index: u64) -> bool {
        let Some(track) = self.peers.get(place).map(|peer| &peer.tracks[binding.track]) else {
            return false;
        };
        let stream = track.encodings[binding.encoding].stream.as_ref();
        stream.is_some_and(|stream| stream.ssrc == ssrc && stream.lacks(index))
    }
}

/// Writes an earlier frame as the packet that it was, but for header extensions.
fn write_plain(out: &mut Vec<u8>, header: &Header, (payload_type, index): (u8, u64), block: &Block<'_>) {
    let fields = Fields {
        marker: false,
        padding: false,
        payload_type,
        sequence: u16::try_from(index & 0xffff).expect("masked to 16 bits"),
        timestamp: header.timestamp.wrapping_sub(block.offset),
        ssrc: header.ssrc,
    };
    out.clear();
    out.resize(12, 0);
    write_header(out, &fields, &[]);
    out.extend_from_slice(block.payload);
}
