//! RTCP in: reports, keyframe requests and NACKs, each only for what the peer has to do with (RFC 3550, RFC 4585).

use std::time::Instant;

use super::Sfu;
use super::media::open;
use crate::handles::{PeerIndex, SlotRef};
use crate::limits;
use crate::packet::MediaPacket;
use crate::publish::clock::{SenderClock, ticks};
use crate::publish::track::Track;
use crate::room::peer::{Peer, Transport};
use crate::subscribe::forward::SentState;
use crate::subscribe::repeats::Repeat;
use crate::subscribe::slot::{Path, Request};
use crate::transport::demux::Tuple;
use crate::wire::rtcp::{self, NackList, Reports, Rtcp, SenderReport};

impl Sfu {
    pub(super) fn handle_srtcp(&mut self, now: Instant, from: PeerIndex, tuple: Tuple, bytes: &mut [u8]) {
        let peer = &mut self.peers[from];
        let opened = open(peer, &mut self.counters, now, tuple, |receiver| {
            receiver.open_rtcp(bytes)
        });
        let Some(len) = opened else { return };
        if let Some(capture) = &mut self.capture {
            self.counters.captures_dropped += u64::from(!capture.incoming(peer, &bytes[..len], len));
        }
        for packet in rtcp::parse(&bytes[..len]) {
            match packet {
                Ok(packet) => self.handle_rtcp(now, from, &packet),
                Err(_) => self.counters.rtcp_malformed += 1,
            }
        }
    }

    fn handle_rtcp(&mut self, now: Instant, from: PeerIndex, packet: &Rtcp<'_>) {
        match *packet {
            Rtcp::SenderReport(report, blocks) => {
                self.handle_sender_report(now, from, &report);
                self.handle_report_blocks(now, from, blocks);
            }
            Rtcp::ReceiverReport { reports, .. } => self.handle_report_blocks(now, from, reports),
            Rtcp::Nack { media_ssrc, lost } => self.handle_nack(now, from, media_ssrc, lost),
            Rtcp::PictureLoss { media_ssrc } | Rtcp::FullIntra { media_ssrc } => {
                self.handle_keyframe_request(now, from, media_ssrc);
            }
            Rtcp::TransportFeedback(feedback) => self.handle_transport_feedback(now, from, feedback),
            Rtcp::Remb { bitrate_bps } => self.handle_remb(now, from, bitrate_bps),
            // A BYE does not end the connection: DTLS or lost consent does.
            Rtcp::Bye { .. } | Rtcp::Other { .. } => {}
        }
    }

    fn handle_sender_report(&mut self, now: Instant, from: PeerIndex, report: &SenderReport) {
        let ours = self.ntp.ntp(now);
        let peer = &mut self.peers[from];
        let stream = peer
            .tracks
            .iter_mut()
            .flat_map(Track::streams_mut)
            .find(|stream| stream.ssrc == report.ssrc);
        if let Some(stream) = stream {
            peer.clock.learn(report.ntp, ours);
            stream.sender = Some(SenderClock {
                ntp: report.ntp,
                rtp_timestamp: report.rtp_timestamp,
                arrived_at: now,
            });
        }
    }

    fn handle_report_blocks(&mut self, now: Instant, from: PeerIndex, blocks: Reports<'_>) {
        let ntp = self.ntp;
        let peer = &mut self.peers[from];
        let mut acknowledged = false;
        for block in blocks.iter() {
            let Some(slot) = peer.slots.iter_mut().find(|slot| slot.ssrc == block.ssrc) else {
                continue;
            };
            acknowledged |= slot.highest_reported.replace(block.highest_sequence) != Some(block.highest_sequence);
            slot.lost = u64::try_from(block.cumulative_lost).unwrap_or(0);
            slot.reported = (
                block.fraction_lost,
                ticks(u64::from(block.jitter), slot.kind.clock_rate()),
            );
            if peer.path_loss.share().is_none() {
                let lost = slot.lost_here(block.fraction_lost);
                peer.add_redundancy(lost, now);
            }
            if let Some(measured) = ntp.round_trip(&block, now) {
                peer.round_trip = Some(peer.round_trip.map_or(measured, |before| (before * 7 + measured) / 8));
            }
        }
        if acknowledged {
            peer.acknowledged(now);
        }
    }

    fn handle_keyframe_request(&mut self, now: Instant, from: PeerIndex, ssrc: u32) {
        let peer = &mut self.peers[from];
        let Some(index) = peer.slots.iter().position(|slot| slot.ssrc == ssrc) else {
            return;
        };
        let slot = &mut peer.slots[index];
        slot.keyframe_requests += 1;
        peer.stats.keyframe_requests_in += 1;
        let awaited = slot.selection.awaited();
        let encoding = awaited.or(slot.selection.live().map(|live| live.encoding));
        let (Some(track), Some(encoding)) = (slot.selection.track(), encoding) else {
            return;
        };
        if self.peers.track(track).keyframes.wants(encoding) {
            return;
        }
        // What a slot waits for costs no credit: its client cannot know that the source changed.
        if awaited.is_some() || self.peers[from].slots[index].keyframe_credit.take(now) {
            self.request_keyframe(now, from, track, encoding);
        } else {
            self.counters.keyframe_requests_ignored += 1;
        }
    }

    fn handle_nack(&mut self, now: Instant, from: PeerIndex, ssrc: u32, lost: NackList<'_>) {
        let peer = &self.peers[from];
        let slot = peer.slots.iter().position(|slot| slot.ssrc == ssrc);
        let Some(slot) = slot.filter(|_| peer.open) else {
            return;
        };
        for sequence in lost.iter().take(limits::NACKS_PER_FEEDBACK_MAX) {
            let peer = &mut self.peers[from];
            peer.stats.nacks_in += 1;
            if let Some(request) = peer.slots[slot].requested(sequence, now) {
                let more = self.answer_request(now, SlotRef { peer: from, slot }, request);
                if !more {
                    return;
                }
            }
        }
    }

    /// Sends again what this feedback is the first to call lost, unless it was sent again before. The client's own request
    /// comes later for the end of a picture, and may itself be lost.
    pub(super) fn resend_lost(&mut self, now: Instant, subscriber: PeerIndex) {
        for at in 0.. {
            let peer = &mut self.peers[subscriber];
            let (true, Some(estimator), Some(recent)) = (peer.open, &peer.estimator, &peer.recent) else {
                return;
            };
            let Some(number) = estimator.lost_lately().get(at) else {
                return;
            };
            let Some((slot, sequence)) = recent.find(*number) else {
                continue;
            };
            let slots = &mut peer.slots;
            if let Some(request) = slots.get_mut(slot).and_then(|slot| slot.recall_first(sequence, now)) {
                let slot = SlotRef { peer: subscriber, slot };
                let more = self.answer_request(now, slot, request);
                if !more {
                    return;
                }
            }
        }
    }

    /// Sends a packet of a slot again, and if there is room for it a second time a moment later. False when no more can be
    /// sent again now.
    fn answer_request(&mut self, now: Instant, slot: SlotRef, request: Request) -> bool {
        let Request { sequence, entry } = request;
        // Not published yet, or held by the pacer: it is decided about when it is sent.
        if entry.state == SentState::Reserved {
            return true;
        }
        let Some(track) = self.peers.slot(slot).selection.track() else {
            return true;
        };
        if !self.peers[slot.peer].retransmissions.take(now) {
            self.counters.rate_limited += 1;
            return false;
        }
        let packet = self.load_packet(now, track, entry.stream, entry.source_index);
        if !self.may_repeat(now, slot.peer) {
            self.counters.retransmit_held += 1;
            return false;
        }
        if !packet.is_some_and(|packet| self.retransmit(now, slot, request, &packet)) {
            self.counters.retransmit_missing += 1;
            return true;
        }
        // The answer may get lost like what it repeats, and then it is late already.
        let len = self.scratch.stored.len();
        if self.peers.slot_mut(slot).repeats.take(len) {
            self.plan_repeat(now, slot, sequence);
        }
        true
    }

    /// Lets a packet that was sent now be sent a second time in a moment.
    pub(super) fn plan_repeat(&mut self, now: Instant, slot: SlotRef, sequence: u16) {
        let peer = self.peers[slot.peer].id;
        let repeat = Repeat { slot, peer, sequence };
        self.repeats.push(repeat, now);
    }

    /// Sends a second time what is due for it and still of use.
    pub(super) fn send_repeats(&mut self, now: Instant) {
        while let Some(Repeat {
            slot,
            peer: id,
            sequence,
        }) = self.repeats.take_due(now)
        {
            let peer = self.peers.get_mut(slot.peer);
            let Some(peer) = peer.filter(|peer| peer.id == id && peer.open) else {
                continue;
            };
            self.working_on = Some(peer.room);
            let selection = peer.slots[slot.slot].selection;
            let request = peer.slots[slot.slot].recall(sequence, now);
            let (Some(track), Some(request)) = (selection.track(), request) else {
                continue;
            };
            let entry = request.entry;
            if selection.live().is_none_or(|live| live.stream != entry.stream) || !peer.retransmissions.take(now) {
                continue;
            }
            let Some(packet) = self.load_packet(now, track, entry.stream, entry.source_index) else {
                continue;
            };
            if !self.may_repeat(now, slot.peer) {
                self.counters.retransmit_held += 1;
                continue;
            }
            if self.retransmit(now, slot, request, &packet) {
                self.counters.repeated += 1;
            }
        }
    }

    /// The path of a subscriber has room for the packet that was loaded.
    fn may_repeat(&mut self, now: Instant, subscriber: PeerIndex) -> bool {
        let len = self.scratch.stored.len();
        let estimator = &mut self.peers[subscriber].estimator;
        estimator
            .as_mut()
            .is_none_or(|estimator| estimator.may_repeat(len, now))
    }

    /// Sends the packet that was loaded on the retransmission stream of a slot.
    fn retransmit(&mut self, now: Instant, slot: SlotRef, request: Request, packet: &MediaPacket) -> bool {
        let peer = &mut self.peers[slot.peer];
        let Some(destination) = peer.destination() else {
            return false;
        };
        let Peer {
            transport: Transport::Connected(secured),
            slots,
            stats,
            estimator,
            ..
        } = peer
        else {
            return false;
        };
        let mut path = Path {
            destination,
            sender: &mut secured.sender,
            estimator: estimator.as_deref_mut(),
            arena: &mut self.arena,
            counters: &mut self.counters,
        };
        let stored = &self.scratch.stored;
        let sent = slots[slot.slot].retransmit(request, packet, stored, now, &mut path);
        if sent {
            stats.packets_out += 1;
            stats.bytes_out += stored.len() as u64;
        }
        sent
    }
}
