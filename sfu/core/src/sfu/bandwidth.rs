//! What a client's path carries: feedback in, probes out.

use std::time::Instant;

use super::Sfu;
use crate::limits;
use crate::peer::{Peer, Transport};
use crate::slot::Path;

impl Sfu {
    pub(super) fn transport_feedback(&mut self, now: Instant, place: usize, packet: &[u8]) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        let round_trip = peer.round_trip();
        let Some(estimator) = &mut peer.estimator else {
            self.counters.feedback_bad += 1;
            return;
        };
        if estimator.feedback(packet, round_trip, now).is_err() {
            self.counters.feedback_bad += 1;
        }
    }

    pub(super) fn receiver_estimate(&mut self, _now: Instant, place: usize, bitrate_bps: u64) {
        if let Some(peer) = self.peers.get_mut(place) {
            peer.remb_bps = Some(bitrate_bps.max(limits::ESTIMATE_BPS_MIN));
        }
    }

    /// Sends what a probe of a subscriber's path is owed: padding on the retransmission stream of one of its slots.
    pub(super) fn probe(&mut self, now: Instant, place: usize) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        let Some(destination) = peer.destination().filter(|_| peer.allowed) else {
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
        let Some(mut owed) = estimator.owed(now) else { return };
        let Some(slot) = slots.iter_mut().find(|slot| slot.can_probe()) else {
            return;
        };
        while owed > 0 {
            let mut path = Path {
                destination,
                sender: &mut secured.sender,
                estimator: Some(estimator),
                arena: &mut self.arena,
                counters: &mut self.counters,
            };
            let Some(sent) = slot.probe(now, &mut path) else { return };
            owed = owed.saturating_sub(sent as u64);
        }
    }
}
