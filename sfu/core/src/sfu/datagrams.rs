//! Datagrams in: checks, handshakes, and the way of media to its peer (RFC 7983, RFC 8445, RFC 5764).

use std::sync::Arc;
use std::time::Instant;

use super::{Sfu, push_bytes};
use crate::event::{DisconnectReason, Event};
use crate::handles::PeerIndex;
use crate::limits;
use crate::room::peer::{Secured, Transport};
use crate::transport::demux::{Class, Tuple, classify};
use crate::transport::ice::Check;
use crate::transport::presence::Presence;
use crate::transport::transmit::Destination;
use crate::wire::dtls::{Association, Progress, Role};
use crate::wire::srtp::{SrtpReceiver, SrtpSender};
use crate::wire::stun::{self, BindingRequest};

impl Sfu {
    pub(super) fn handle_datagram(&mut self, now: Instant, tuple: Tuple, bytes: &mut [u8]) {
        self.counters.datagrams_in += 1;
        let class = classify(bytes);
        if class == Class::Unknown || bytes.len() > limits::DATAGRAM_BYTES_MAX {
            self.counters.datagrams_unknown += 1;
            return;
        }
        if class == Class::Stun {
            self.handle_stun(now, tuple, bytes);
            return;
        }
        let Some(from) = self.routes.by_tuple(&tuple) else {
            self.counters.unvalidated += 1;
            return;
        };
        self.working_on = Some(self.peers[from].room);
        match class {
            Class::Dtls => self.handle_dtls(now, from, tuple, bytes),
            Class::Rtp => self.handle_srtp(now, from, tuple, bytes),
            Class::Rtcp => self.handle_srtcp(now, from, tuple, bytes),
            Class::Stun | Class::Unknown => {}
        }
        self.reschedule(now, from);
    }

    /// A connectivity check. What does not authenticate is ignored: an answer would only help a guesser.
    fn handle_stun(&mut self, now: Instant, tuple: Tuple, bytes: &[u8]) {
        let Ok(request) = BindingRequest::parse(bytes) else {
            self.counters.stun_bad += 1;
            return;
        };
        let Some((ours, theirs)) = request.username() else {
            self.counters.stun_bad += 1;
            return;
        };
        let Some(from) = self.routes.by_ufrag(ours) else {
            self.counters.stun_unknown_ufrag += 1;
            return;
        };
        let peer = &mut self.peers[from];
        self.working_on = Some(peer.room);
        let session = peer.ice.session(ours, theirs);
        let Some((generation, password)) = session.filter(|(_, password)| request.verify(password.as_bytes())) else {
            self.counters.stun_auth_failed += 1;
            return;
        };
        if !peer.checks.take(now) {
            self.counters.rate_limited += 1;
            return;
        }
        let destination = Destination {
            tuple,
            peer: peer.index,
        };
        let error = if request.ice_controlled() {
            Some(487)
        } else if request.unknown().is_empty() {
            None
        } else {
            Some(420)
        };
        if let Some(code) = error {
            self.counters.stun_bad += 1;
            let password = Some(password.as_bytes());
            stun::write_error(
                &mut self.scratch.message,
                request.transaction,
                code,
                request.unknown(),
                password,
            );
            push_bytes(&mut self.arena, destination, &self.scratch.message);
            return;
        }
        // Written while the session is at hand: the check may end it.
        stun::write_success(
            &mut self.scratch.message,
            request.transaction,
            tuple.remote,
            password.as_bytes(),
        );
        let check = Check {
            generation,
            transaction: request.transaction,
            priority: request.priority().unwrap_or(0),
            nominates: request.use_candidate(),
        };
        self.accept_check(now, from, destination, check);
    }

    /// Takes an authentic check, whose answer is in the scratch buffer.
    fn accept_check(&mut self, now: Instant, from: PeerIndex, destination: Destination, check: Check) {
        let tuple = destination.tuple;
        let owner = self.routes.by_tuple(&tuple).filter(|owner| *owner != from);
        if owner.is_some_and(|owner| self.peers[owner].keeps(tuple, now)) {
            // Addresses can be forged. Without an answer, no client relies on a pair that is another's.
            self.counters.stun_pair_taken += 1;
            return;
        }
        let peer = &mut self.peers[from];
        let outcome = peer.ice.handle_check(tuple, check, now);
        if outcome.moved || outcome.nominated {
            peer.path_changed(now);
        }
        if outcome.fresh {
            peer.record_presence(now);
        }
        self.counters.paths_moved += u64::from(outcome.moved);
        if outcome.answer {
            self.counters.stun_checks += 1;
            push_bytes(&mut self.arena, destination, &self.scratch.message);
        } else {
            self.counters.stun_replayed += 1;
        }
        if let Some(ufrag) = outcome.retired {
            self.routes.remove_ufrag(&ufrag);
        }
        if let Some(evicted) = outcome.evicted {
            self.routes.remove_tuple(&evicted, from);
        }
        if outcome.added
            && let Some(before) = self.routes.add_tuple(tuple, from)
        {
            self.peers[before].ice.lose(tuple);
        }
        self.begin_handshake(now, from);
        self.reschedule(now, from);
    }

    /// Begins the handshake with a client that waits for us, once it has said over which pair. Before, no pair is known to
    /// work for both.
    fn begin_handshake(&mut self, now: Instant, from: PeerIndex) {
        let peer = &self.peers[from];
        let waiting = peer.dtls_role == Role::Client && matches!(peer.transport, Transport::Waiting);
        if !waiting || peer.ice.selected().is_none() {
            return;
        }
        self.associate(now, from);
        self.handle_dtls_timeout(now, from);
    }

    /// Makes the association of a peer that has none.
    fn associate(&mut self, now: Instant, from: PeerIndex) {
        let peer = &mut self.peers[from];
        let (config, expected) = (Arc::clone(&self.dtls_config), peer.fingerprint.clone());
        let dtls = Association::new(config, &self.certificate, peer.dtls_role, expected, now);
        peer.transport = Transport::Handshaking(Box::new(dtls));
    }

    /// A connection ended: what was validated over it is not valid for the next one from that address.
    pub(super) fn close_connection(&mut self, tuple: Tuple) {
        let Some(from) = self.routes.by_tuple(&tuple) else {
            return;
        };
        self.routes.remove_tuple(&tuple, from);
        self.peers[from].ice.lose(tuple);
    }

    fn handle_dtls(&mut self, now: Instant, from: PeerIndex, tuple: Tuple, bytes: &[u8]) {
        let peer = &mut self.peers[from];
        if !peer.handshakes.take(now) {
            self.counters.rate_limited += 1;
            return;
        }
        if matches!(peer.transport, Transport::Waiting) {
            if peer.dtls_role == Role::Client {
                self.counters.dtls_early += 1;
                return;
            }
            self.associate(now, from);
        }
        let peer = &mut self.peers[from];
        peer.ice.heard_handshake(tuple);
        // A handshake is answered where it came from: until nomination, no other pair is known to work.
        let handshake = Destination {
            tuple,
            peer: peer.index,
        };
        let arena = &mut self.arena;
        let mut send = |record: &[u8]| {
            push_bytes(arena, handshake, record);
        };
        let progress = match &mut peer.transport {
            Transport::Waiting => Progress::Nothing,
            Transport::Handshaking(dtls) => dtls.receive(now, bytes, &mut send),
            Transport::Connected(secured) => secured.dtls.receive(now, bytes, &mut send),
        };
        self.follow_dtls(now, from, progress);
    }

    pub(super) fn follow_dtls(&mut self, now: Instant, from: PeerIndex, progress: Progress) {
        match progress {
            Progress::Nothing => {}
            Progress::Connected => self.finish_handshake(now, from),
            Progress::Closed => self.remove_peer(now, from, DisconnectReason::Closed),
            Progress::Failed(failure) => {
                self.counters.dtls_failed += 1;
                self.remove_peer(now, from, DisconnectReason::HandshakeFailed(failure));
            }
        }
    }

    fn finish_handshake(&mut self, now: Instant, from: PeerIndex) {
        let peer = &mut self.peers[from];
        let Transport::Handshaking(mut dtls) = std::mem::replace(&mut peer.transport, Transport::Waiting) else {
            return;
        };
        let (inbound, outbound) = dtls.take_keys().expect("a connected association has keys");
        let sender = SrtpSender::new(&outbound);
        for track in &mut peer.tracks {
            track.seal_len = sender.profile().tag_len();
        }
        peer.transport = Transport::Connected(Box::new(Secured {
            dtls: *dtls,
            receiver: SrtpReceiver::new(&inbound, limits::SSRCS_PER_PEER_MAX),
            sender,
        }));
        // The handshake proves the client's presence as a check does.
        peer.record_presence(now);
        peer.presence = peer.counted.then(|| Presence::new(now));
        peer.report_at = now + limits::REPORT_INTERVAL;
        peer.stats_at = now + limits::STATS_INTERVAL;
        peer.alive_reported = Some(now);
        let id = peer.id;
        self.push_event(Event::Connected { peer: id, at: now });
    }
}
