//! What happens by time alone: handshakes repeated or given up, consent, reports, NACKs and keyframe requests.

use std::time::{Duration, Instant};

use super::{Sfu, push_bytes};
use crate::event::{DisconnectReason, Event, HandshakeFailure, PeerStats};
use crate::handles::{PeerIndex, TrackRef};
use crate::limits;
use crate::publish::receive_limit;
use crate::publish::track::Track;
use crate::room::peer::{Peer, Transport};
use crate::subscribe::slot::Slot;
use crate::transport::presence::{Change, Presence};
use crate::wire::dtls::Progress;
use crate::wire::rtcp;
use crate::wire::sdp::CNAME;

/// A compound is closed before it grows beyond this; a packet of ours is far smaller than the rest of the datagram.
const COMPOUND_BYTES_MAX: usize = 1_000;

/// Shortest time between two timeouts of one peer, whatever its deadlines say.
const TIMER_GRAIN: Duration = Duration::from_micros(1);

impl Sfu {
    /// Looks at every peer whose time has come.
    pub(super) fn run_timers(&mut self, now: Instant) {
        while let Some((at, peer_index)) = self.deadlines.first().filter(|(at, _)| *at <= now) {
            // Always later than now: so this loop ends, and a panic leaves no peer without a deadline.
            let next = now.max(at) + TIMER_GRAIN;
            let peer = &self.peers[peer_index];
            if peer.wake_at > now {
                self.deadlines.set(peer_index, peer.wake_at);
                continue;
            }
            self.working_on = Some(peer.room);
            self.deadlines.set(peer_index, next);
            self.handle_deadline(now, peer_index);
            self.reschedule(now, peer_index);
            if let Some(peer) = self.peers.get(peer_index) {
                self.deadlines.set(peer_index, peer.wake_at.max(next));
            }
        }
    }

    fn handle_deadline(&mut self, now: Instant, peer_index: PeerIndex) {
        self.handle_dtls_timeout(now, peer_index);
        // That may have been the end of it.
        let Some(peer) = self.peers.get(peer_index) else { return };
        if !peer.is_connected() {
            if now >= peer.joined_at + self.limits.handshake_timeout {
                let failure = match peer.ice.tuples().next() {
                    Some(_) => HandshakeFailure::TimedOut,
                    None => HandshakeFailure::NoPath,
                };
                self.remove_peer(now, peer_index, DisconnectReason::HandshakeFailed(failure));
            }
            return;
        }
        let heard_at = peer.last_packet_at.unwrap_or(peer.joined_at);
        if now >= heard_at + self.limits.consent_timeout {
            self.remove_peer(now, peer_index, DisconnectReason::ConsentExpired);
            return;
        }
        self.follow_presence(now, peer_index);
        self.send_requests(now, peer_index);
        self.send_probe_padding(now, peer_index);
        self.release_paced(now, peer_index);
        self.forget_stale_pairs(now, peer_index);
        if now >= self.peers[peer_index].report_at {
            self.send_reports(now, peer_index);
        }
    }

    /// Lets the gate follow the client's presence, and tells the room's owner, by the same rule.
    fn follow_presence(&mut self, now: Instant, peer_index: PeerIndex) {
        let peer = &mut self.peers[peer_index];
        let id = peer.id;
        let Some(presence) = &mut peer.presence else { return };
        presence.pass_time(now);
        for change in presence.take_changes() {
            self.counters.absences += u64::from(matches!(change, Change::Absent { .. }));
            self.push_event(match change {
                Change::Absent { until } => Event::Absent {
                    peer: id,
                    present_until: until,
                },
                Change::Present { at } => Event::Present { peer: id, at },
                Change::PathLost => Event::PathLost { peer: id },
            });
        }
        self.set_gate(now, peer_index);
    }

    fn forget_stale_pairs(&mut self, now: Instant, peer_index: PeerIndex) {
        let peer = &mut self.peers[peer_index];
        while let Some(tuple) = peer.ice.forget_stale(now) {
            self.routes.remove_tuple(&tuple, peer_index);
        }
    }

    pub(super) fn handle_dtls_timeout(&mut self, now: Instant, peer_index: PeerIndex) {
        let peer = &mut self.peers[peer_index];
        let destination = peer.destination();
        let dtls = match &mut peer.transport {
            Transport::Waiting => return,
            Transport::Handshaking(dtls) => &mut **dtls,
            Transport::Connected(secured) => &mut secured.dtls,
        };
        if dtls.next_timeout().is_none_or(|at| at > now) {
            return;
        }
        let arena = &mut self.arena;
        let progress = dtls.timeout(now, &mut |record| {
            if let Some(destination) = destination {
                push_bytes(arena, destination, record);
            }
        });
        if progress != Progress::Nothing {
            self.follow_dtls(now, peer_index, progress);
        }
    }

    /// NACKs for what is missing, keyframe requests and arrival times, in one compound.
    fn send_requests(&mut self, now: Instant, peer_index: PeerIndex) {
        let peer = &mut self.peers[peer_index];
        let round_trip = peer.round_trip();
        self.scratch.message.clear();
        for track in &mut peer.tracks {
            for stream in track.streams_mut() {
                self.scratch.sequences.clear();
                if let Some(nack) = &mut stream.nack {
                    nack.due(now, round_trip, &mut self.scratch.sequences);
                }
                if !self.scratch.sequences.is_empty() {
                    peer.stats.nacks_out += self.scratch.sequences.len() as u64;
                    rtcp::write_nack(
                        &mut self.scratch.message,
                        peer.rtcp_ssrc,
                        stream.ssrc,
                        &self.scratch.sequences,
                    );
                }
            }
            if track.can_ask_keyframe() && track.streams().next().is_some() {
                let wanted = track.keyframes.take_due(now);
                peer.stats.keyframe_requests_out += u64::from(wanted > 0);
                for ssrc in track.keyframe_ssrcs(wanted) {
                    if track.takes_picture_loss() {
                        rtcp::write_pli(&mut self.scratch.message, peer.rtcp_ssrc, ssrc);
                    } else {
                        let number = track.keyframes.number();
                        rtcp::write_fir(&mut self.scratch.message, peer.rtcp_ssrc, ssrc, number);
                    }
                }
            }
        }
        let media_ssrc = peer
            .tracks
            .iter()
            .find_map(|track| track.streams().next())
            .map_or(0, |stream| stream.ssrc);
        peer.arrivals
            .write_due(now, peer.rtcp_ssrc, media_ssrc, &mut self.scratch.message);
        if !self.scratch.message.is_empty() {
            peer.send_rtcp(&self.scratch.message, &mut self.arena, &mut self.counters);
        }
    }

    /// Once a second: reports both ways, and what the room's owner wants to know.
    fn send_reports(&mut self, now: Instant, peer_index: PeerIndex) {
        self.report_to_publisher(now, peer_index);
        self.report_to_subscriber(now, peer_index);
        // Also when no sound arrives any more: the last speaker has to stop.
        self.rank_speakers(now, self.peers[peer_index].room);
        self.measure_tracks(now, peer_index);
        self.measure_path_loss(now, peer_index);
        // A client that gets nothing reports nothing, so what is paused would stay so.
        if self.peers[peer_index].slots.iter().any(Slot::is_paused) {
            self.choose_layers(now, peer_index, None);
        }
        self.report_withheld(peer_index);
        let peer = &mut self.peers[peer_index];
        peer.report_at = now + limits::REPORT_INTERVAL;
        let id = peer.id;
        let present = peer.presence.as_ref().filter(|presence| !presence.is_absent());
        let alive = present
            .map(Presence::until)
            .filter(|until| peer.alive_reported != Some(*until));
        peer.alive_reported = alive.or(peer.alive_reported);
        let stats_due = now >= peer.stats_at;
        if stats_due {
            peer.stats_at = now + limits::STATS_INTERVAL;
        }
        if let Some(present_until) = alive {
            self.push_event(Event::Alive {
                peer: id,
                present_until,
            });
        }
        if stats_due {
            let stats = self.stats_of(&self.peers[peer_index]);
            self.push_event(Event::Stats { peer: id, stats });
            let legs = self.judge_legs(now, peer_index, limits::STATS_INTERVAL);
            self.push_event(Event::Legs { peer: id, legs });
        }
    }

    /// Tells which pictures a subscriber's path has no room for, if that changed. A pause of a moment is none of the viewer's.
    fn report_withheld(&mut self, peer_index: PeerIndex) {
        let peer = &mut self.peers[peer_index];
        let looks = peer.slots.iter_mut().map(Slot::look_whether_withheld);
        if looks.fold(false, |one, other| one | other) {
            let withheld = peer.slots.iter().filter(|slot| slot.is_withheld());
            let slots = withheld.map(|slot| slot.mid.clone()).collect();
            let peer = peer.id;
            self.push_event(Event::Withheld { peer, slots });
        }
    }

    fn measure_tracks(&mut self, now: Instant, peer_index: PeerIndex) {
        for track in 0..self.peers[peer_index].tracks.len() {
            let track = TrackRef {
                peer: peer_index,
                track,
            };
            self.peers.track_mut(track).measure(now);
            self.report_watched(now, track);
        }
    }

    /// A receiver report with a block for each stream, and the bitrate that the publisher may use.
    fn report_to_publisher(&mut self, now: Instant, peer_index: PeerIndex) {
        let peer = &mut self.peers[peer_index];
        let mut blocks = Vec::with_capacity(peer.tracks.len());
        let mut limited = Vec::with_capacity(peer.tracks.len());
        for track in &mut peer.tracks {
            let remb = track.codecs.iter().any(|codec| codec.remb);
            for stream in track.streams_mut() {
                blocks.extend(stream.reception.report(stream.ssrc, stream.sender.as_ref(), now));
                if remb {
                    limited.push(stream.ssrc);
                }
            }
        }
        self.scratch.message.clear();
        rtcp::write_receiver_report(&mut self.scratch.message, peer.rtcp_ssrc, &blocks);
        rtcp::write_cname(&mut self.scratch.message, peer.rtcp_ssrc, CNAME);
        if !limited.is_empty() {
            let bitrate_bps = receive_limit::receive_limit_bps(peer.tracks.iter().map(|track| track.kind));
            rtcp::write_remb(&mut self.scratch.message, peer.rtcp_ssrc, bitrate_bps, &limited);
        }
        peer.send_rtcp(&self.scratch.message, &mut self.arena, &mut self.counters);
    }

    /// A sender report for each slot that carries something, its times taken from the publisher's own report.
    fn report_to_subscriber(&mut self, now: Instant, peer_index: PeerIndex) {
        let now_ntp = self.ntp.ntp(now);
        self.scratch.message.clear();
        for index in 0..self.peers[peer_index].slots.len() {
            let peer = &self.peers[peer_index];
            let slot = &peer.slots[index];
            let (Some(track), Some(live)) = (slot.selection.track(), slot.selection.live()) else {
                continue;
            };
            let stream = self.peers.track(track).stream(live.stream);
            let Some(sender) = stream.and_then(|stream| stream.sender.as_ref()) else {
                continue;
            };
            let clock_rate = slot.kind.clock_rate();
            let rewriter = &slot.rewriter;
            let (ntp, rtp_timestamp) = (sender.ntp, sender.rtp_timestamp);
            let times = self.peers[track.peer]
                .clock
                .translate(sender, clock_rate, now_ntp, |source| rewriter.timestamp(source));
            let peer = &mut self.peers[peer_index];
            let slot = &mut peer.slots[index];
            slot.rewriter.learn_clock(ntp, rtp_timestamp);
            let Some(times) = times else { continue };
            rtcp::write_sender_report(&mut self.scratch.message, &slot.counts.report(slot.ssrc, times), &[]);
            rtcp::write_cname(&mut self.scratch.message, slot.ssrc, CNAME);
            if self.scratch.message.len() > COMPOUND_BYTES_MAX {
                self.flush_compound(peer_index);
            }
        }
        self.flush_compound(peer_index);
    }

    fn flush_compound(&mut self, peer_index: PeerIndex) {
        self.peers[peer_index].send_rtcp(&self.scratch.message, &mut self.arena, &mut self.counters);
        self.scratch.message.clear();
    }

    pub(super) fn stats_of(&self, peer: &Peer) -> PeerStats {
        let streams = peer.tracks.iter().flat_map(Track::streams);
        PeerStats {
            packets_lost_in: streams.map(|stream| stream.reception.lost()).sum(),
            packets_lost_out: peer.slots.iter().map(|slot| slot.lost).sum(),
            round_trip: peer.round_trip,
            estimate_bps: peer.estimate_bps(),
            ..peer.stats
        }
    }
}
