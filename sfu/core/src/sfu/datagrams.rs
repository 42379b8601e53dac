//! Datagrams in: checks, handshakes, and the way of media to its peer (RFC 7983, RFC 8445, RFC 5764).

use std::sync::Arc;
use std::time::Instant;

use super::{Sfu, push_bytes};
use crate::event::{DisconnectReason, Event};
use crate::limits;
use crate::room::peer::{Secured, Transport};
use crate::transport::demux::{Class, Tuple, classify};
use crate::transport::ice::Check;
use crate::transport::presence::Presence;
use crate::transport::transmit::Destination;
use crate::wire::dtls::{DtlsServer, Progress};
use crate::wire::srtp::{SrtpError, SrtpReceiver, SrtpSender};
use crate::wire::stun::{self, BindingRequest};

impl Sfu {
    pub(super) fn datagram(&mut self, now: Instant, tuple: Tuple, bytes: &mut [u8]) {
        self.counters.datagrams_in += 1;
        let class = classify(bytes);
        if class == Class::Unknown || bytes.len() > limits::DATAGRAM_BYTES_MAX {
            self.counters.datagrams_unknown += 1;
            return;
        }
        if class == Class::Stun {
            self.stun(now, tuple, bytes);
            return;
        }
        let Some(place) = self.routes.by_tuple(&tuple) else {
            self.counters.unvalidated += 1;
            return;
        };
        self.working_on = self.peers.get(place).map(|peer| peer.room);
        match class {
            Class::Dtls => self.dtls(now, place, tuple, bytes),
            Class::Rtp => self.srtp(now, place, tuple, bytes),
            Class::Rtcp => self.srtcp(now, place, tuple, bytes),
            Class::Stun | Class::Unknown => {}
        }
        self.reschedule(now, place);
    }

    /// A connectivity check. What does not authenticate is ignored: an answer would only help who is guessing.
    fn stun(&mut self, now: Instant, tuple: Tuple, bytes: &[u8]) {
        let Ok(request) = BindingRequest::parse(bytes) else {
            self.counters.stun_bad += 1;
            return;
        };
        let Some((ours, theirs)) = request.username() else {
            self.counters.stun_bad += 1;
            return;
        };
        let Some(place) = self.routes.by_ufrag(ours) else {
            self.counters.stun_unknown_ufrag += 1;
            return;
        };
        let Some(peer) = self.peers.get_mut(place) else { return };
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
        let destination = Destination { tuple, key: peer.key };
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
                &mut self.scratch,
                request.transaction,
                code,
                request.unknown(),
                password,
            );
            push_bytes(&mut self.arena, destination, &self.scratch);
            return;
        }
        // Written while the session is at hand: the check may end it.
        stun::write_success(
            &mut self.scratch,
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
        self.checked(now, place, destination, check);
    }

    /// Takes an authentic check, whose answer is in the scratch buffer.
    fn checked(&mut self, now: Instant, place: usize, destination: Destination, check: Check) {
        let tuple = destination.tuple;
        let owner = self.routes.by_tuple(&tuple).filter(|owner| *owner != place);
        let owner = owner.and_then(|owner| self.peers.get(owner));
        if owner.is_some_and(|owner| owner.keeps(tuple, now)) {
            // An address can be forged. Not answered, so that nobody comes to rely on a pair that is another's.
            self.counters.stun_pair_taken += 1;
            return;
        }
        let Some(peer) = self.peers.get_mut(place) else { return };
        let checked = peer.ice.checked(tuple, check, now);
        if checked.fresh {
            peer.authenticated(now);
        }
        self.counters.paths_moved += u64::from(checked.moved);
        if checked.answer {
            self.counters.stun_checks += 1;
            push_bytes(&mut self.arena, destination, &self.scratch);
        } else {
            self.counters.stun_replayed += 1;
        }
        if let Some(ufrag) = checked.retired {
            self.routes.remove_ufrag(&ufrag);
        }
        if let Some(evicted) = checked.evicted {
            self.routes.remove_tuple(&evicted, place);
        }
        if checked.added
            && let Some(before) = self.routes.add_tuple(tuple, place)
            && let Some(loser) = self.peers.get_mut(before)
        {
            loser.ice.lose(tuple);
        }
    }

    /// A connection ended: what was validated over it is not valid for the next one from that address.
    pub(super) fn closed(&mut self, tuple: Tuple) {
        let Some(place) = self.routes.by_tuple(&tuple) else {
            return;
        };
        self.routes.remove_tuple(&tuple, place);
        if let Some(peer) = self.peers.get_mut(place) {
            peer.ice.lose(tuple);
        }
    }

    fn dtls(&mut self, now: Instant, place: usize, tuple: Tuple, bytes: &[u8]) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        if !peer.handshakes.take(now) {
            self.counters.rate_limited += 1;
            return;
        }
        peer.ice.heard_handshake(tuple);
        if matches!(peer.transport, Transport::Waiting) {
            let (config, expected) = (Arc::clone(&self.dtls_config), peer.fingerprint.clone());
            let dtls = DtlsServer::new(config, &self.certificate, expected, now);
            peer.transport = Transport::Handshaking(Box::new(dtls));
        }
        // A handshake is answered where it came from: until nomination, no other pair is known to work.
        let handshake = Destination { tuple, key: peer.key };
        let arena = &mut self.arena;
        let mut send = |record: &[u8]| {
            push_bytes(arena, handshake, record);
        };
        let progress = match &mut peer.transport {
            Transport::Waiting => Progress::Nothing,
            Transport::Handshaking(dtls) => dtls.receive(now, bytes, &mut send),
            Transport::Connected(secured) => secured.dtls.receive(now, bytes, &mut send),
        };
        self.dtls_progress(now, place, progress);
    }

    pub(super) fn dtls_progress(&mut self, now: Instant, place: usize, progress: Progress) {
        match progress {
            Progress::Nothing => {}
            Progress::Connected => self.connected(now, place),
            Progress::Closed => self.remove_peer(now, place, DisconnectReason::Closed),
            Progress::Failed => {
                self.counters.dtls_failed += 1;
                self.remove_peer(now, place, DisconnectReason::HandshakeFailed);
            }
        }
    }

    fn connected(&mut self, now: Instant, place: usize) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        let Transport::Handshaking(mut dtls) = std::mem::replace(&mut peer.transport, Transport::Waiting) else {
            return;
        };
        let (inbound, outbound) = dtls.take_keys().expect("a connected association has keys");
        peer.transport = Transport::Connected(Box::new(Secured {
            dtls: *dtls,
            receiver: SrtpReceiver::new(&inbound, limits::SSRCS_PER_PEER_MAX),
            sender: SrtpSender::new(&outbound),
        }));
        // The handshake proves the client's presence as a check does.
        peer.authenticated(now);
        peer.presence = Some(Presence::new(now));
        peer.report_at = now + limits::REPORT_INTERVAL;
        peer.stats_at = now + limits::STATS_INTERVAL;
        peer.alive_reported = Some(now);
        let id = peer.id;
        self.push_event(Event::Connected { peer: id, at: now });
    }

    pub(super) fn count_srtp(&mut self, error: SrtpError) {
        let counter = match error {
            SrtpError::Forged => &mut self.counters.srtp_auth_failed,
            SrtpError::Replayed | SrtpError::TooOld => &mut self.counters.srtp_replayed,
            SrtpError::TooManySources => &mut self.counters.srtp_too_many_ssrcs,
            SrtpError::Malformed | SrtpError::KeyLength => &mut self.counters.rtp_malformed,
        };
        *counter += 1;
    }
}
