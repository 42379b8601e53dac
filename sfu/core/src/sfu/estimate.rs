//! What a client's path carries: feedback in, probes out, and its slots given the layers that it has room for.

use std::time::{Duration, Instant};

use super::Sfu;
use crate::event::{MediaKind, SourceKind};
use crate::limits;
use crate::packet::Layer;
use crate::room::peer::{Peer, Transport};
use crate::subscribe::allocation::{self, Demand, Priority};
use crate::subscribe::slot::Path;

/// Between two looks at the layers of a subscriber's slots, unless the estimate falls or the slots change.
const ALLOCATION_INTERVAL: Duration = Duration::from_millis(200);
/// Given out while the path is not known, in bits a second, unless the first picture takes more. It is known after about
/// a second, and what a narrow one does not carry until then stands before the sound.
const START_BPS: u64 = 600_000;
/// Pictures are spread when they want at least this share of the estimate, in percent. Probes look no further than a quarter
/// beyond what is wanted, so that a wide path is below it.
const PACED_FROM_PERCENT: u64 = 85;
/// The same while the path is not known: a keyframe, which is several times as long as other pictures, may fill it for
/// longer than sound should wait.
const PACED_FROM_PERCENT_UNKNOWN: u64 = 40;
/// At this share of the estimate, in percent. The estimate stays below what the path carries.
const PACE_PERCENT: u64 = 125;
/// Kept free for a slot of sound, in bits a second: Opus of good quality with its headers, and some redundancy.
const SOUND_BPS: u64 = 60_000;

impl Sfu {
    pub(super) fn transport_feedback(&mut self, now: Instant, place: usize, packet: &[u8]) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        let round_trip = peer.round_trip();
        let before = peer.estimate_bps();
        let Some(estimator) = &mut peer.estimator else {
            self.counters.feedback_bad += 1;
            return;
        };
        let arrived = estimator.told_in_all().1;
        if estimator.feedback(packet, round_trip, now).is_err() {
            self.counters.feedback_bad += 1;
        }
        if estimator.told_in_all().1 > arrived {
            peer.acknowledged(now);
        }
        let fell = peer.estimate_bps() < before.map(|bps| bps / 100 * 97);
        if fell || peer.allocate_at.is_none_or(|at| at <= now) {
            self.allocate(now, place);
        }
        self.resend_lost(now, place);
        self.reschedule(now, place);
    }

    pub(super) fn receiver_estimate(&mut self, now: Instant, place: usize, bitrate_bps: u64) {
        if let Some(peer) = self.peers.get_mut(place) {
            peer.remb_bps = Some(bitrate_bps.max(limits::ESTIMATE_BPS_MIN));
            self.allocate(now, place);
        }
    }

    /// Gives every slot of a subscriber the layer that its path has room for: sound always, pictures by their priority.
    /// Without an estimate everything is as wanted.
    pub(super) fn allocate(&mut self, now: Instant, place: usize) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        peer.allocate_at = Some(now + ALLOCATION_INTERVAL);
        let estimate = peer.estimate_bps();
        let can_tell = peer.estimator.is_some();
        let mut demands = std::mem::take(&mut self.demands);
        let mut rates = std::mem::take(&mut self.rates);
        demands.clear();
        rates.clear();
        let sound_bps = self.gather(now, place, &mut demands, &mut rates);
        let start = START_BPS.max(allocation::least_bps(&rates, &demands) + sound_bps);
        let known = estimate.or(can_tell.then_some(start));
        let budget_bps = known.map_or(u64::MAX, |bps| bps.saturating_sub(sound_bps));
        allocation::allocate(budget_bps, &rates, &mut demands);
        let pictures_bps: u64 = demands.iter().map(|demand| demand.wanted_bps(&rates)).sum();
        if let Some(estimator) = self.peers.get_mut(place).and_then(|peer| peer.estimator.as_mut()) {
            estimator.want(pictures_bps + sound_bps);
        }
        self.pace(place, (estimate, known), pictures_bps);
        for demand in &demands {
            let target = match known {
                Some(_) => demand.target(&rates),
                None => Some(demand.wanted),
            };
            self.give(now, place, demand.slot, target);
        }
        self.demands = demands;
        self.rates = rates;
        // Now some wait that did not; before, what begins from a ring was to find its pace.
        self.pace(place, (estimate, known), pictures_bps);
    }

    /// Sets how fast pictures leave to a subscriber that want so much.
    fn pace(&mut self, place: usize, (estimate, known): (Option<u64>, Option<u64>), pictures_bps: u64) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        let paced_from = match estimate {
            // That of a better encoding fills many a path on which all other pictures are short.
            Some(_) if peer.awaits_keyframe() => 0,
            Some(_) => PACED_FROM_PERCENT,
            None => PACED_FROM_PERCENT_UNKNOWN,
        };
        let narrow = known.filter(|bps| pictures_bps * 100 > bps * paced_from);
        peer.pacer.set(narrow.map(|bps| bps * PACE_PERCENT / 100));
    }

    /// What the slots of a subscriber ask for; returns what its sound takes. Slots that are not shown are paused.
    fn gather(
        &mut self,
        now: Instant,
        place: usize,
        demands: &mut Vec<Demand>,
        rates: &mut Vec<crate::packet::LayerRate>,
    ) -> u64 {
        let mut sound_bps = 0;
        let slots = self.peers.get(place).map_or(0, |peer| peer.slots.len());
        for slot in 0..slots {
            let Some(peer) = self.peers.get(place) else { break };
            let one = &peer.slots[slot];
            let Some(track) = one.selection.track() else { continue };
            let wanted = match (one.kind, one.wanted()) {
                (MediaKind::Video, Some(wanted)) => wanted,
                (MediaKind::Audio, wanted) => {
                    sound_bps += SOUND_BPS;
                    self.give(now, place, slot, wanted);
                    continue;
                }
                (MediaKind::Video, None) => {
                    self.give(now, place, slot, None);
                    continue;
                }
            };
            let Some(publisher) = self.peers.get(track.peer) else {
                continue;
            };
            let published = &publisher.tracks[track.track];
            let speaks = || {
                let ranking = self.rooms.ranking(peer.room);
                ranking.is_some_and(|ranking| ranking.speakers().first() == Some(&publisher.id))
            };
            let priority = match published.kind {
                SourceKind::Screen => Priority::Screen,
                SourceKind::Camera | SourceKind::Microphone | SourceKind::ScreenAudio if speaks() => Priority::Speaker,
                SourceKind::Camera | SourceKind::Microphone | SourceKind::ScreenAudio => Priority::Other,
            };
            let start = rates.len();
            if !published.muted {
                published.layer_rates(now, rates);
            }
            let mut demand = Demand::new(slot, priority, wanted, start..rates.len());
            demand.current = one.selection.target();
            demand.may_rise = one.rises.allows(now);
            demands.push(demand);
        }
        sound_bps
    }

    /// Sets the target of a slot, if it is another than before.
    fn give(&mut self, now: Instant, place: usize, slot: usize, target: Option<Layer>) {
        let Some(peer) = self.peers.get_mut(place) else { return };
        let slot_state = &mut peer.slots[slot];
        let before = slot_state.selection.target();
        if before == target {
            return;
        }
        let encoding = |layer: Option<Layer>| layer.map(|layer| layer.spatial);
        let another = |one, two| encoding(one) != encoding(two) && one.is_some() && two.is_some();
        // What the viewer does not ask for any more says nothing about the path.
        let asked = before.min(slot_state.wanted());
        if target < asked {
            slot_state.rises.fell(another(target, asked), now);
        } else if target > before && another(target, before) {
            slot_state.rises.rose(now);
        }
        self.set_target(now, place, slot, target);
    }

    /// Sends what a probe of a subscriber's path is owed: padding on the retransmission stream of one of its slots.
    pub(super) fn probe(&mut self, now: Instant, place: usize) {
        let Some(peer) = self.peers.get_mut(place) else { return };
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
