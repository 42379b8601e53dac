//! RTCP in: reports, keyframe requests and NACKs, each only for what the peer has to do with (RFC 3550, RFC 4585).

use std::time::Instant;

use super::Sfu;
use crate::handles::TrackRef;
use crate::limits;
use crate::packet::Descriptor;
use crate::publish::clock::{SenderClock, ticks};
use crate::publish::track::Track;
use crate::room::peer::{Peer, Transport};
use crate::subscribe::forward::{SentEntry, SentState};
use crate::subscribe::repeats::Repeat;
use crate::subscribe::slot::Path;
use crate::transport::demux::Tuple;
use crate::wire::rtcp::{self, NackList, Reports, Rtcp, SenderReport};
use crate::wire::rtp::Header;
use crate::wire::sdp::Codec;

impl Sfu {
    pub(super) fn srtcp(&mut self, now: Instant, place: usize, tuple: Tuple, bytes: &mut [u8]) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        let Transport::Connected(secured) = &mut peer.transport else {
            self.counters.srtp_early += 1;
            return;
        };
        let len = match secured.receiver.open_rtcp(bytes) {
            Ok(len) => len,
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
        if let Some(capture) = &mut self.capture {
            self.counters.captures_dropped += u64::from(!capture.incoming(peer, &bytes[..len], len));
        }
        for packet in rtcp::parse(&bytes[..len]) {
            match packet {
                Ok(packet) => self.rtcp(now, place, &packet),
                Err(_) => self.counters.rtcp_malformed += 1,
            }
        }
    }

    fn rtcp(&mut self, now: Instant, place: usize, packet: &Rtcp<'_>) {
        match *packet {
            Rtcp::SenderReport(report, blocks) => {
                self.sender_report(now, place, &report);
                self.report_blocks(now, place, blocks);
            }
            Rtcp::ReceiverReport { reports, .. } => self.report_blocks(now, place, reports),
            Rtcp::Nack { media_ssrc, lost } => self.nack(now, place, media_ssrc, lost),
            Rtcp::PictureLoss { media_ssrc } | Rtcp::FullIntra { media_ssrc } => {
                self.keyframe_request(now, place, media_ssrc);
            }
            Rtcp::TransportFeedback(feedback) => self.transport_feedback(now, place, feedback),
            Rtcp::Remb { bitrate_bps } => self.receiver_estimate(now, place, bitrate_bps),
            // A BYE does not end the connection: DTLS or lost consent does.
            Rtcp::Bye { .. } | Rtcp::Other { .. } => {}
        }
    }

    fn sender_report(&mut self, now: Instant, place: usize, report: &SenderReport) {
        let ours = self.ntp.ntp(now);
        let Some(peer) = self.peers.get_mut(place) else { return };
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

    fn report_blocks(&mut self, now: Instant, place: usize, blocks: Reports<'_>) {
        let ntp = self.ntp;
        let Some(peer) = self.peers.get_mut(place) else { return };
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

    fn keyframe_request(&mut self, now: Instant, place: usize, ssrc: u32) {
        let Some(peer) = self.peers.get_mut(place) else { return };
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
        let publisher = self.peers.get(track.peer);
        if publisher.is_some_and(|publisher| publisher.tracks[track.track].keyframes.wants(encoding)) {
            return;
        }
        let Some(peer) = self.peers.get_mut(place) else { return };
        // What a slot waits for it is owed.
        if awaited.is_some() || peer.slots[index].keyframe_credit.take(now) {
            self.want_keyframe(now, place, track, encoding);
        } else {
            self.counters.keyframe_requests_ignored += 1;
        }
    }

    fn nack(&mut self, now: Instant, place: usize, ssrc: u32, lost: NackList<'_>) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        let Some(slot) = peer.slots.iter().position(|slot| slot.ssrc == ssrc) else {
            return;
        };
        if !peer.open {
            return;
        }
        for sequence in lost.iter().take(limits::NACKS_PER_FEEDBACK_MAX) {
            let Some(peer) = self.peers.get_mut(place) else { return };
            peer.stats.nacks_in += 1;
            if let Some(entry) = peer.slots[slot].request(sequence, now) {
                let more = self.answer(now, place, slot, sequence, entry);
                if !more {
                    return;
                }
            }
        }
    }

    /// Sends again what the feedback that came just now is the first to call lost, if it was not sent again before. The
    /// client's own request comes later for the end of a picture, and may itself be lost.
    pub(super) fn resend_lost(&mut self, now: Instant, place: usize) {
        for at in 0.. {
            let Some(peer) = self.peers.get_mut(place).filter(|peer| peer.open) else {
                return;
            };
            let (Some(estimator), Some(carried)) = (&peer.estimator, &peer.carried) else {
                return;
            };
            let Some(number) = estimator.lost_lately().get(at) else {
                return;
            };
            let Some((slot, sequence)) = carried.find(*number) else {
                continue;
            };
            let slots = &mut peer.slots;
            if let Some(entry) = slots.get_mut(slot).and_then(|slot| slot.recall_first(sequence, now)) {
                let more = self.answer(now, place, slot, sequence, entry);
                if !more {
                    return;
                }
            }
        }
    }

    /// Sends a packet of a slot again, and if there is room for it a second time a moment later. False when no more can be
    /// sent again now.
    fn answer(&mut self, now: Instant, place: usize, slot: usize, sequence: u16, entry: SentEntry) -> bool {
        let Some(peer) = self.peers.get_mut(place) else {
            return false;
        };
        // It did not come yet, or is held: whether it is to be shown is decided when it leaves.
        if entry.state == SentState::Reserved {
            return true;
        }
        let selection = peer.slots[slot].selection;
        let Some(track) = selection.track() else { return true };
        if !peer.retransmissions.take(now) {
            self.counters.rate_limited += 1;
            return false;
        }
        // The answer may get lost like what it repeats, and then it is late already.
        let again = Repeat {
            place,
            peer: peer.id,
            slot,
            sequence,
        };
        let stored = self.load_stored(now, track, entry);
        if !self.may_repeat(now, place) {
            self.counters.retransmit_held += 1;
            return false;
        }
        if stored.is_none_or(|stored| !self.retransmit(now, place, slot, (sequence, entry, stored))) {
            self.counters.retransmit_missing += 1;
            return true;
        }
        let Some(peer) = self.peers.get_mut(place) else {
            return false;
        };
        if peer.slots[slot].repeats.take(self.stored.len()) {
            self.repeats.push(again, now);
        }
        true
    }

    /// Sends a second time what is due for it and still of use.
    pub(super) fn send_repeats(&mut self, now: Instant) {
        while let Some(Repeat {
            place,
            peer: id,
            slot,
            sequence,
        }) = self.repeats.take_due(now)
        {
            let Some(peer) = self.peers.get_mut(place).filter(|peer| peer.id == id && peer.open) else {
                continue;
            };
            self.working_on = Some(peer.room);
            let selection = peer.slots[slot].selection;
            let entry = peer.slots[slot].recall(sequence, now);
            let (Some(track), Some(entry)) = (selection.track(), entry) else {
                continue;
            };
            if selection.live().is_none_or(|live| live.stream != entry.stream) || !peer.retransmissions.take(now) {
                continue;
            }
            let stored = self.load_stored(now, track, entry);
            if stored.is_some() && !self.may_repeat(now, place) {
                self.counters.retransmit_held += 1;
                continue;
            }
            if stored.is_some_and(|stored| self.retransmit(now, place, slot, (sequence, entry, stored))) {
                self.counters.repeated += 1;
            }
        }
    }

    /// The path of a subscriber has room for the packet that was loaded.
    fn may_repeat(&mut self, now: Instant, place: usize) -> bool {
        let len = self.stored.len();
        let estimator = self.peers.get_mut(place).and_then(|peer| peer.estimator.as_mut());
        estimator.is_none_or(|estimator| estimator.may_repeat(len, now))
    }

    /// Copies the publisher's packet aside, since publisher and subscriber live in one table, and says of which codec it
    /// is and what it tells of itself.
    fn load_stored(&mut self, now: Instant, track: TrackRef, entry: SentEntry) -> Option<(Codec, Descriptor)> {
        let publisher = self.peers.get(track.peer).filter(|publisher| publisher.open)?;
        let track = &publisher.tracks[track.track];
        if track.muted {
            return None;
        }
        let packet = track.stream(entry.stream)?.ring.get(entry.source_index)?;
        let header = Header::parse(packet).ok()?;
        let codec = track.codecs.by_payload_type(header.payload_type)?.codec;
        self.stored.clear();
        self.stored.extend_from_slice(packet);
        let place = (0, entry.stream, codec);
        let described = track.describe(place, header, entry.source_index, packet, (false, now));
        Some((codec, described.descriptor))
    }

    fn retransmit(
        &mut self,
        now: Instant,
        place: usize,
        slot: usize,
        (sequence, entry, (codec, descriptor)): (u16, SentEntry, (Codec, Descriptor)),
    ) -> bool {
        let Some(peer) = self.peers.get_mut(place) else {
            return false;
        };
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
        let arena = &mut self.arena;
        let mut path = Path {
            destination,
            sender: &mut secured.sender,
            estimator: estimator.as_deref_mut(),
            arena,
            counters: &mut self.counters,
        };
        let sent = slots[slot].retransmit(sequence, entry, (codec, descriptor, &self.stored), now, &mut path);
        if sent {
            stats.packets_out += 1;
            stats.bytes_out += self.stored.len() as u64;
        }
        sent
    }
}
