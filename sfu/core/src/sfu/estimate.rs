//! What a client's path carries: feedback in, probes out.

use std::time::Instant;

use super::Sfu;
use crate::handles::PeerIndex;
use crate::limits;
use crate::room::peer::{Peer, Transport};
use crate::subscribe::slot::Path;

/// Layers are chosen at once when the estimate falls below this share of what it was, in percent; less is noise.
const FELL_BELOW_PERCENT: u64 = 97;

impl Sfu {
    pub(super) fn handle_transport_feedback(&mut self, now: Instant, from: PeerIndex, packet: &[u8]) {
        let peer = &mut self.peers[from];
        let round_trip = peer.round_trip();
        let before = peer.estimate_bps();
        let Some(estimator) = &mut peer.estimator else {
            self.counters.feedback_bad += 1;
            return;
        };
        let arrived = estimator.reported_in_all().1;
        if estimator.feedback(packet, round_trip, now).is_err() {
            self.counters.feedback_bad += 1;
        }
        if estimator.reported_in_all().1 > arrived {
            peer.acknowledged(now);
        }
        let fell = peer.estimate_bps() < before.map(|bps| bps / 100 * FELL_BELOW_PERCENT);
        if fell || peer.allocate_at.is_none_or(|at| at <= now) {
            self.choose_layers(now, from, None);
        }
        self.resend_lost(now, from);
        self.reschedule(now, from);
    }

    /// REMB: what a client without transport-wide feedback, or its user, allows.
    pub(super) fn handle_remb(&mut self, now: Instant, from: PeerIndex, bitrate_bps: u64) {
        self.peers[from].remb_bps = Some(bitrate_bps.max(limits::ESTIMATE_BPS_MIN));
        self.choose_layers(now, from, None);
    }

    /// Adds redundancy by what the path to a subscriber lost, if it sends feedback on every packet.
    pub(super) fn measure_path_loss(&mut self, now: Instant, subscriber: PeerIndex) {
        let peer = &mut self.peers[subscriber];
        let Some(estimator) = &peer.estimator else { return };
        peer.path_loss.update(estimator.reported_in_all());
        let spare = estimator.spare_bps() / 8;
        if let Some(lost) = peer.path_loss.share() {
            peer.add_redundancy(lost, now);
            peer.allow_repeats(spare);
        }
    }

    /// Sends what is due of a probe of a subscriber's path: padding on the retransmission stream of one of its slots.
    pub(super) fn send_probe_padding(&mut self, now: Instant, subscriber: PeerIndex) {
        let peer = &mut self.peers[subscriber];
        let Some(destination) = peer.destination().filter(|_| peer.open) else {
            return;
        };
        let Peer {
            transport: Transport::Connected(secured),
            slots,
            estimator: Some(estimator),
            ..
        } = peer
        else {
            return;
        };
        let Some(mut due) = estimator.probe_bytes_due(now) else {
            return;
        };
        let Some(slot) = slots.iter_mut().find(|slot| slot.can_probe()) else {
            return;
        };
        while due > 0 {
            let mut path = Path {
                destination,
                sender: &mut secured.sender,
                estimator: Some(estimator),
                arena: &mut self.arena,
                counters: &mut self.counters,
            };
            let Some(sent) = slot.send_probe_padding(now, &mut path) else {
                return;
            };
            due = due.saturating_sub(sent as u64);
        }
    }
}
