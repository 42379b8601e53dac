//! One WebRTC connection: its path, its keys, what it publishes and the slots it receives on.

use std::time::{Duration, Instant};

use crate::counters::{Counters, DropReason};
use crate::event::{MediaKind, PeerId, PeerStats, RoomId, SourceKind};
use crate::handles::{PeerIndex, SlotRef, TrackRef};
use crate::limits;
use crate::packet::MediaPacket;
use crate::prefetch::prefetch;
use crate::publish::arrivals::ArrivalLog;
use crate::publish::clock::PublisherClock;
use crate::publish::track::Track;
use crate::quality::leg::PathLoss;
use crate::subscribe::bandwidth::{Estimator, PacedPacket, Pacer};
use crate::subscribe::redundancy::Redundancy;
use crate::subscribe::repeats::RecentNumbers;
use crate::subscribe::slot::{Content, Forwarded, Path, Slot};
use crate::transport::budget::Budget;
use crate::transport::demux::Tuple;
use crate::transport::ice::IceAgent;
use crate::transport::presence::Presence;
use crate::transport::transmit::{Arena, Destination};
use crate::wire::dtls::{Association, Fingerprint, Role};
use crate::wire::sdp::{Codec, Extensions};
use crate::wire::srtp::{RTCP_OVERHEAD, SrtpReceiver, SrtpSender};

/// Taken for a round trip until one is measured.
const ROUND_TRIP_ASSUMED: Duration = Duration::from_millis(100);

/// How far the connection has come.
pub(crate) enum Transport {
    /// The handshake has not begun: no datagram of the client's came from a validated pair, or, where we begin, no pair is
    /// nominated.
    Waiting,
    Handshaking(Box<Association>),
    Connected(Box<Secured>),
}

/// A connection with keys.
pub(crate) struct Secured {
    pub(crate) dtls: Association,
    pub(crate) receiver: SrtpReceiver,
    pub(crate) sender: SrtpSender,
}

/// An SSRC of the client, bound to one encoding of one of its tracks until newer ones need its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) ssrc: u32,
    pub(crate) track: usize,
    pub(crate) encoding: usize,
    pub(crate) rtx: bool,
    pub(crate) bound_at: Instant,
}

/// A peer.
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    pub(crate) room: RoomId,
    pub(crate) index: PeerIndex,
    pub(crate) ice: IceAgent,
    pub(crate) fingerprint: Fingerprint,
    /// Our side of the handshake.
    pub(crate) dtls_role: Role,
    pub(crate) transport: Transport,
    /// Let in by the room's owner.
    pub(crate) admitted: bool,
    /// The gate: it is let in, and present.
    pub(crate) open: bool,
    pub(crate) counted: bool,
    /// Since the connection, if it is counted.
    pub(crate) presence: Option<Presence>,
    pub(crate) tracks: Vec<Track>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) bindings: Vec<Binding>,
    /// Ids of header extensions; one id means the same on every m-line.
    pub(crate) extensions: Extensions,
    pub(crate) arrivals: ArrivalLog,
    /// What the path to the client carries; only if it sends transport-wide feedback.
    pub(crate) estimator: Option<Box<Estimator>>,
    /// Spreads its pictures where the estimate binds.
    pub(crate) pacer: Pacer,
    /// Receiver estimated maximum bitrate, in bits a second: what a client without such feedback says itself.
    pub(crate) remb_bps: Option<u64>,
    /// When the layers of its slots are chosen again.
    pub(crate) allocate_at: Option<Instant>,
    /// Under which we report to this peer.
    pub(crate) rtcp_ssrc: u32,
    pub(crate) clock: PublisherClock,
    pub(crate) round_trip: Option<Duration>,
    redundancy: Redundancy,
    pub(crate) path_loss: PathLoss,
    pub(crate) stats: PeerStats,
    /// Authentic packets that it may send.
    pub(crate) budget: Budget,
    /// Authentic checks that are answered.
    pub(crate) checks: Budget,
    /// DTLS datagrams that are read.
    pub(crate) handshakes: Budget,
    /// Only while its path loses packets.
    pub(crate) recent: Option<RecentNumbers>,
    /// What is sent to it again.
    pub(crate) retransmissions: Budget,
    pub(crate) joined_at: Instant,
    pub(crate) last_packet_at: Option<Instant>,
    pub(crate) alive_reported: Option<Instant>,
    pub(crate) report_at: Instant,
    pub(crate) stats_at: Instant,
    /// When its next deadline is; kept by [`Peer::schedule`].
    pub(crate) wake_at: Instant,
}

/// What a peer publishes and receives, read off the negotiated lines.
#[derive(Default)]
pub(crate) struct Negotiated {
    pub(crate) tracks: Vec<Track>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) extensions: Extensions,
}

/// What a peer is made of when it joins.
pub(crate) struct Joining {
    pub(crate) id: PeerId,
    pub(crate) room: RoomId,
    pub(crate) index: PeerIndex,
    pub(crate) ice: IceAgent,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) dtls_role: Role,
    pub(crate) negotiated: Negotiated,
    pub(crate) rtcp_ssrc: u32,
    pub(crate) counted: bool,
}

impl Peer {
    pub(crate) fn new(joining: Joining, now: Instant) -> Self {
        let Negotiated {
            tracks,
            slots,
            bindings,
            extensions,
        } = joining.negotiated;
        let estimator = slots.iter().any(|slot| slot.extensions.transport_cc.is_some());
        Self {
            id: joining.id,
            room: joining.room,
            index: joining.index,
            ice: joining.ice,
            fingerprint: joining.fingerprint,
            dtls_role: joining.dtls_role,
            transport: Transport::Waiting,
            admitted: false,
            open: false,
            counted: joining.counted,
            presence: None,
            tracks,
            slots,
            bindings,
            extensions,
            arrivals: ArrivalLog::new(now),
            estimator: estimator.then(|| Box::new(Estimator::new(now))),
            pacer: Pacer::default(),
            remb_bps: None,
            allocate_at: None,
            rtcp_ssrc: joining.rtcp_ssrc,
            clock: PublisherClock::default(),
            round_trip: None,
            redundancy: Redundancy::default(),
            path_loss: PathLoss::default(),
            stats: PeerStats::default(),
            budget: Budget::new(limits::PACKETS_PER_SECOND_MAX, now),
            checks: Budget::new(limits::CHECKS_PER_SECOND_MAX, now),
            handshakes: Budget::new(limits::HANDSHAKES_PER_SECOND_MAX, now),
            recent: None,
            retransmissions: Budget::new(limits::RETRANSMISSIONS_PER_SECOND_MAX, now),
            joined_at: now,
            last_packet_at: None,
            alive_reported: None,
            report_at: now + limits::REPORT_INTERVAL,
            stats_at: now + limits::STATS_INTERVAL,
            wake_at: now,
        }
    }

    /// Adds the redundancy to its sound that a path needs which loses this share (0 to 1).
    pub(crate) fn add_redundancy(&mut self, lost: f32, now: Instant) {
        let frames = self.redundancy.reported(lost, now);
        for slot in &mut self.slots {
            slot.redundancy = frames;
        }
    }

    /// Its path loses packets, or did so a few seconds ago.
    pub(crate) fn loses(&self) -> bool {
        self.redundancy.frames() > 0
    }

    /// A slot waits for a keyframe of another encoding, or one is not sent whole yet.
    pub(crate) fn awaits_keyframe(&self) -> bool {
        self.pacer.holds_anything() || self.slots.iter().any(|slot| slot.selection.awaited().is_some())
    }

    /// Lets its pictures be sent twice in part while its path loses packets, for `spare` bytes in the next second at most.
    pub(crate) fn allow_repeats(&mut self, spare: u64) {
        let mut spare = spare;
        let lossy = self.loses();
        self.recent = self
            .recent
            .take()
            .filter(|_| lossy)
            .or_else(|| lossy.then(RecentNumbers::new));
        for slot in &mut self.slots {
            if slot.kind == MediaKind::Video {
                let room = if lossy { spare } else { 0 };
                spare -= slot.repeats.grant(slot.counts.bytes_in_all, room);
            }
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.transport, Transport::Connected(_))
    }

    pub(crate) fn destination(&self) -> Option<Destination> {
        let tuple = self.ice.selected()?;
        Some(Destination {
            tuple,
            peer: self.index,
        })
    }

    pub(crate) fn round_trip(&self) -> Duration {
        self.round_trip.unwrap_or(ROUND_TRIP_ASSUMED)
    }

    /// Whether the peer keeps a pair that another peer claims: the client was heard over it lately.
    pub(crate) fn keeps(&self, tuple: Tuple, now: Instant) -> bool {
        let lately = |at: Instant| now.saturating_duration_since(at) < limits::PAIR_KEPT;
        self.ice.heard_at(tuple).is_some_and(lately)
    }

    /// Records a packet that proves the client's presence.
    pub(crate) fn record_presence(&mut self, now: Instant) {
        self.last_packet_at = Some(now);
        if let Some(presence) = &mut self.presence {
            presence.heard(now);
        }
    }

    /// Whether the gate is to be open: it is let in, and present. Where that is not so yet, its deadline is now.
    pub(crate) fn may_be_open(&self) -> bool {
        self.admitted && self.presence.as_ref().is_none_or(Presence::is_open)
    }

    /// What is sent to it goes another way from now on.
    pub(crate) fn path_changed(&mut self, now: Instant) {
        if let Some(presence) = &mut self.presence {
            presence.path_changed(now);
        }
    }

    /// The client acknowledged something that it was sent.
    pub(crate) fn acknowledged(&mut self, now: Instant) {
        if let Some(presence) = &mut self.presence {
            presence.acknowledged(now);
        }
    }

    /// The last moment at which it was there for certain, if it ever was.
    pub(crate) fn present_until(&self) -> Option<Instant> {
        self.presence.as_ref().map(Presence::until)
    }

    pub(crate) fn track_refs(&self) -> impl Iterator<Item = TrackRef> + use<> {
        let peer = self.index;
        (0..self.tracks.len()).map(move |track| TrackRef { peer, track })
    }

    pub(crate) fn slot_refs(&self) -> impl Iterator<Item = SlotRef> + use<> {
        let peer = self.index;
        (0..self.slots.len()).map(move |slot| SlotRef { peer, slot })
    }

    pub(crate) fn track_of(&self, kind: SourceKind) -> Option<usize> {
        self.tracks.iter().position(|track| track.kind == kind)
    }

    /// Prefetches what [`Peer::forward`] reads first.
    pub(crate) fn prefetch(&self) {
        prefetch(&self.open);
        prefetch(&self.transport);
        prefetch(&self.slots);
        prefetch(&self.estimator);
        prefetch(&self.pacer);
        prefetch(&self.stats);
        self.ice.prefetch_selected();
    }

    /// Prefetches the slot, the keys and the estimate, once what [`Peer::prefetch`] asked for is here.
    pub(crate) fn prefetch_slot(&self, slot: usize) {
        if let Some(slot) = self.slots.get(slot) {
            prefetch(slot);
        }
        if let Transport::Connected(secured) = &self.transport {
            prefetch(&secured.sender);
        }
        if let Some(estimator) = &self.estimator {
            estimator.prefetch();
        }
    }

    /// Prefetches where the next packet is recorded, once what [`Peer::prefetch_slot`] asked for is here.
    pub(crate) fn prefetch_logs(&self, slot: usize) {
        if let Some(slot) = self.slots.get(slot) {
            slot.prefetch_logs();
        }
        if let Some(estimator) = &self.estimator {
            estimator.prefetch_history();
        }
    }

    /// Forwards one packet on a slot.
    pub(crate) fn forward(
        &mut self,
        slot: usize,
        packet: &MediaPacket,
        content: Content<'_>,
        now: Instant,
        arena: &mut Arena,
        counters: &mut Counters,
    ) -> Forwarded {
        let forwarded = self.try_forward(slot, packet, content, now, arena, counters);
        match forwarded {
            Forwarded::Sent {
                bytes,
                sequence,
                numbered,
                ..
            } => self.record_sent(slot, bytes, numbered.then_some(sequence), now),
            Forwarded::Dropped(DropReason::CodecNotNegotiated) => {
                self.stats.codec_not_taken_out += 1;
                counters.add_dropped(DropReason::CodecNotNegotiated);
            }
            Forwarded::Dropped(reason) => {
                // For the client it is no matter why nothing comes.
                if let (DropReason::NoPath, Some(presence)) = (reason, &mut self.presence) {
                    presence.sent(now);
                }
                counters.add_dropped(reason);
            }
            Forwarded::Waiting => {}
        }
        forwarded
    }

    fn try_forward(
        &mut self,
        slot: usize,
        packet: &MediaPacket,
        content: Content<'_>,
        now: Instant,
        arena: &mut Arena,
        counters: &mut Counters,
    ) -> Forwarded {
        if !self.open {
            return Forwarded::Dropped(DropReason::GateClosed);
        }
        let destination = self.destination();
        let (Some(destination), Transport::Connected(secured)) = (destination, &mut self.transport) else {
            return Forwarded::Dropped(DropReason::NoPath);
        };
        let mut path = Path {
            destination,
            sender: &mut secured.sender,
            estimator: self.estimator.as_deref_mut(),
            arena,
            counters,
        };
        self.slots[slot].forward(packet, content, now, &mut path)
    }

    /// `numbered` is the slot's own number of a packet that has a transport-wide one, too.
    fn record_sent(&mut self, slot: usize, bytes: usize, numbered: Option<u16>, now: Instant) {
        self.stats.packets_out += 1;
        self.stats.bytes_out += bytes as u64;
        if let Some(presence) = &mut self.presence {
            presence.sent(now);
        }
        if self.pacer.is_on() {
            self.pacer.record_sent(bytes, now);
        }
        if let (Some(recent), Some(estimator), Some(sequence)) = (&mut self.recent, &self.estimator, numbered)
            && self.slots[slot].kind == MediaKind::Video
        {
            recent.record(estimator.newest(), slot, sequence);
        }
    }

    /// Holds a packet of `len` bytes for a slot back, if it is of a picture and the path is busy; the time at which some of
    /// what is held may leave.
    pub(crate) fn hold(
        &mut self,
        slot: usize,
        packet: &MediaPacket,
        len: usize,
        now: Instant,
        counters: &mut Counters,
    ) -> Option<Instant> {
        if !self.pacer.is_on() || packet.codec == Codec::Opus {
            return None;
        }
        let track = self.slots[slot].selection.track()?;
        let at = self
            .pacer
            .hold(PacedPacket::new(slot, track, packet, len), now, counters)?;
        self.wake_at = self.wake_at.min(at);
        Some(at)
    }

    /// What may be sent to the client, in bits a second; `None` while nothing is known.
    pub(crate) fn estimate_bps(&self) -> Option<u64> {
        let estimated = self.estimator.as_ref().filter(|estimator| estimator.is_settled());
        match (estimated.map(|estimator| estimator.bps()), self.remb_bps) {
            // With both, the client's own limit holds as well (it may be set by its user).
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        }
    }

    /// When a probe wants to send something.
    fn probe_at(&self, now: Instant) -> Option<Instant> {
        self.estimator.as_ref().filter(|_| self.open)?.due_at(now)
    }

    /// Sends a compound; false when there is no path or key for it yet.
    pub(crate) fn send_rtcp(&mut self, compound: &[u8], arena: &mut Arena, counters: &mut Counters) -> bool {
        let destination = self.destination();
        let (Some(destination), Transport::Connected(secured)) = (destination, &mut self.transport) else {
            return false;
        };
        if compound.is_empty() {
            return false;
        }
        let sent = arena.push(destination, compound.len() + RTCP_OVERHEAD, |out| {
            out[..compound.len()].copy_from_slice(compound);
            Some(secured.sender.seal_rtcp(out, compound.len()))
        });
        counters.arena_full += u64::from(!sent);
        sent
    }

    /// Sets this peer's deadline: the time of whatever is due first.
    pub(crate) fn schedule(&mut self, now: Instant, handshake_timeout: Duration) -> Instant {
        self.wake_at = match &self.transport {
            Transport::Waiting => self.joined_at + handshake_timeout,
            Transport::Handshaking(dtls) => {
                let deadline = self.joined_at + handshake_timeout;
                dtls.next_timeout().map_or(deadline, |at| at.min(deadline))
            }
            Transport::Connected(secured) => {
                let tracks = self.tracks.iter().filter_map(|track| track.due_at(now));
                [
                    Some(self.report_at),
                    (self.may_be_open() != self.open).then_some(now),
                    self.presence.as_ref().and_then(|presence| presence.due_at(now)),
                    secured.dtls.next_timeout(),
                    tracks.min(),
                    self.arrivals.due_at(),
                    self.probe_at(now),
                    self.pacer.due_at(now),
                ]
                .into_iter()
                .flatten()
                .min()
                .unwrap_or(now)
            }
        };
        self.wake_at
    }
}
