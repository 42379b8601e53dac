//! Sound: redundant packets taken apart (RFC 2198), and the loudest of a room carried to everybody in it.

use std::time::Instant;

use super::Sfu;
use crate::event::{Event, MediaKind, RoomId, Source, SourceKind};
use crate::handles::{PeerIndex, SlotRef, TrackRef};
use crate::publish::reception::Arrival;
use crate::publish::track::Received;
use crate::wire::rtp::red::{Block, Red};
use crate::wire::rtp::{Fields, Header, write_header};

/// A packet of redundant sound.
pub(super) struct Redundant {
    pub(super) encoding: usize,
    pub(super) header: Header,
    /// `roc << 16 | sequence`.
    pub(super) index: u64,
    /// Of the plain packets that are made of it.
    pub(super) payload_type: u8,
}

impl Sfu {
    /// Takes redundant sound apart: frames whose own packets did not come are forwarded in their place, then the newest,
    /// everything as plain packets.
    pub(super) fn take_apart(&mut self, now: Instant, track: TrackRef, redundant: &Redundant, packet: &mut [u8]) {
        let Redundant {
            encoding,
            header,
            index,
            payload_type,
        } = *redundant;
        let Some(red) = Red::parse(header.payload(packet), payload_type) else {
            self.counters.rtp_malformed += 1;
            return;
        };
        let mut unpacked = std::mem::take(&mut self.scratch.unpacked);
        for (back, block) in (1..=red.blocks().len() as u64).rev().zip(red.blocks()) {
            let Some(index) = index.checked_sub(back) else { continue };
            let stream = self.peers.track(track).encodings[encoding].stream.as_ref();
            let lacks = stream.is_some_and(|stream| stream.ssrc == header.ssrc && stream.lacks(index));
            if block.payload.is_empty() || !lacks {
                continue;
            }
            write_plain(&mut unpacked, redundant, index, block);
            let Ok(header) = Header::parse(&unpacked) else { continue };
            let received = Received {
                encoding,
                header,
                index,
                packet: &unpacked,
                arrival: Arrival::Retransmission,
            };
            self.counters.redundancy_used += 1;
            self.receive_media(now, track, &received);
        }
        self.scratch.unpacked = unpacked;
        let primary = header.header_len + red.primary_at;
        // The header moves up to the newest frame.
        packet.copy_within(..header.header_len, red.primary_at);
        let packet = &mut packet[primary - header.header_len..];
        packet[1] = packet[1] & 0x80 | payload_type;
        let packet = &*packet;
        let Ok(header) = Header::parse(packet) else { return };
        let received = Received {
            encoding,
            header,
            index,
            packet,
            arrival: Arrival::First,
        };
        self.receive_media(now, track, &received);
    }

    /// Ranks a room's microphones, if it is time, and lets everybody hear the loudest.
    pub(super) fn rank_speakers(&mut self, now: Instant, room: RoomId) {
        let ranking = self.rooms.ranking_mut(room);
        if !ranking.is_some_and(|ranking| ranking.take_turn(now)) {
            return;
        }
        self.scratch.levels.clear();
        for &member in self.rooms.members(room) {
            let peer = &self.peers[member];
            for track in peer.tracks.iter().filter(|_| peer.open) {
                let heard = track.kind == SourceKind::Microphone && !track.muted && track.streams().next().is_some();
                let source = Source {
                    peer: peer.id,
                    kind: track.kind,
                };
                self.scratch
                    .levels
                    .extend(heard.then(|| (source, track.loudness.value(now))));
            }
        }
        let Some(ranking) = self.rooms.ranking_mut(room) else {
            return;
        };
        let changed = ranking.update(&self.scratch.levels, now);
        if changed.speakers {
            let peers = ranking.speakers().to_vec();
            self.push_event(Event::Speakers { room, peers });
        }
        for member in 0..self.rooms.members(room).len() {
            let member = self.rooms.members(room)[member];
            // A slot may also have lost what it carried, when a peer left.
            let mut slots = self.peers[member].slots.iter();
            let lost = slots.any(|slot| slot.loudest.flatten().is_some() && slot.selection.track().is_none());
            if changed.loudest || lost {
                self.assign_loudest(now, member);
            }
        }
    }

    /// Gives a subscriber's slots for the loudest what they are to carry. Sources that stay among the loudest keep their slots.
    pub(super) fn assign_loudest(&mut self, now: Instant, subscriber: PeerIndex) {
        let peer = &self.peers[subscriber];
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
        let mut changed = Vec::new();
        for (slot, source) in next {
            let track = source.and_then(|source| self.find_track(subscriber, MediaKind::Audio, source));
            let slot = SlotRef { peer: subscriber, slot };
            self.carry(now, slot, track);
            let state = self.peers.slot_mut(slot);
            let source = source.filter(|_| track.is_some());
            if state.loudest.replace(source) != Some(source) {
                changed.push((state.mid.clone(), source));
            }
        }
        if !changed.is_empty() {
            let peer = self.peers[subscriber].id;
            self.push_event(Event::Loudest { peer, slots: changed });
        }
    }
}

/// Writes an earlier frame as the packet that it was, but for header extensions.
fn write_plain(out: &mut Vec<u8>, redundant: &Redundant, index: u64, block: &Block<'_>) {
    let fields = Fields {
        marker: false,
        padding: false,
        payload_type: redundant.payload_type,
        sequence: u16::try_from(index & 0xffff).expect("masked to 16 bits"),
        timestamp: redundant.header.timestamp.wrapping_sub(block.offset),
        ssrc: redundant.header.ssrc,
    };
    out.clear();
    out.resize(12, 0);
    write_header(out, &fields, &[]);
    out.extend_from_slice(block.payload);
}
