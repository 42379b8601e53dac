//! Which layer each slot shows: asked for by its size, given by what the path carries, aimed at among what arrives.

use std::time::{Duration, Instant};

use super::Sfu;
use crate::event::{Event, MediaKind, SlotSize, Source, SourceKind};
use crate::handles::{PeerIndex, SlotRef, TrackRef};
use crate::packet::{Layer, bit};
use crate::room::peer::Peer;
use crate::subscribe::allocation::{self, Demand, Priority};
use crate::subscribe::slot::Slot;

/// Interval of the decisions for a subscriber, unless the estimate falls or its slots change.
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

/// What a slot needs to go to its encoding: a keyframe, out of the ring if nothing flows yet, else from the publisher.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    slot: SlotRef,
    track: TrackRef,
    encoding: usize,
    nothing_flows: bool,
}

/// What a decision rests on: how much the path carries, and how much pictures want.
#[derive(Debug, Clone, Copy)]
struct Share {
    estimate_bps: Option<u64>,
    /// What is divided: the estimate, or what is given out while there is none; `None` where no limit is known.
    known_bps: Option<u64>,
    pictures_bps: u64,
    /// What they are given; more than the estimate where there is nothing smaller to show and nothing is lost.
    given_bps: u64,
}

/// The share of packets that a client without transport-wide feedback may report lost before its own limit is taken at its
/// word, of 256.
const REPORTED_LOST_MAX: u8 = 13;

impl Sfu {
    pub(super) fn size_slots(&mut self, now: Instant, subscriber: PeerIndex, sizes: &[SlotSize]) {
        for size in sizes {
            let sized = |slot: &Slot| slot.mid == size.mid && slot.kind == MediaKind::Video;
            let peer = &mut self.peers[subscriber];
            let Some(slot) = peer.slots.iter().position(sized) else {
                continue;
            };
            peer.slots[slot].size = Some((size.width, size.height));
            let slot = SlotRef { peer: subscriber, slot };
            self.choose_layers_after(now, slot);
        }
    }

    /// Forwards nothing of a source any more, or begins anew.
    pub(super) fn mute(&mut self, now: Instant, source: Source, muted: bool) {
        let Some(peer) = self.begin_work_on(source.peer) else {
            return;
        };
        let Some(track) = self.peers[peer].track_of(source.kind) else {
            return;
        };
        let track = TrackRef { peer, track };
        if std::mem::replace(&mut self.peers.track_mut(track).muted, muted) == muted {
            return;
        }
        self.restart_slots_of(now, track);
    }

    /// Lets all slots that carry a track wait for a new start. What changed of it while nothing of it was forwarded holds from
    /// now on: or else they began with layers that their clients cannot decode.
    pub(super) fn restart_slots_of(&mut self, now: Instant, track: TrackRef) {
        let published = self.peers.track_mut(track);
        published.reordered = false;
        if std::mem::take(&mut published.changed) {
            self.choose_layers_of(now, track);
        }
        for slot in self.slots_carrying(track) {
            self.restart_slot(now, slot);
        }
    }

    /// Lets a slot wait for a new start, since what was sent on it cannot be continued.
    pub(super) fn restart_slot(&mut self, now: Instant, slot: SlotRef) {
        self.peers.slot_mut(slot).selection.restart();
        let start = self.aim_slot(now, slot);
        self.carry_out(now, start);
    }

    /// Chooses the layers of all subscribers of a track after other encodings or sizes arrive of it than before.
    pub(super) fn choose_layers_of(&mut self, now: Instant, track: TrackRef) {
        for slot in self.slots_carrying(track) {
            self.choose_layers_after(now, slot);
        }
    }

    /// Chooses the layers of a subscriber after one of its slots, or what that carries, changed.
    pub(super) fn choose_layers_after(&mut self, now: Instant, slot: SlotRef) {
        if let Some((_, track)) = self.peers.carried(slot) {
            let state = self.peers.slot(slot);
            let takes_descriptor = state.extensions.dependency_descriptor.is_some();
            let lowest = track.needs_descriptor() && !takes_descriptor;
            let wanted = track.layer_for(state.size).map(|wanted| Layer {
                spatial: if lowest { 0 } else { wanted.spatial },
                ..wanted
            });
            self.peers.slot_mut(slot).set_wanted(wanted);
            self.choose_layers(now, slot.peer, Some(slot.slot));
        }
    }

    /// Decides the layers of a subscriber, then gets its slots what they start with. `changed` is a slot that is aimed anew
    /// even if its layer stays.
    pub(super) fn choose_layers(&mut self, now: Instant, subscriber: PeerIndex, changed: Option<usize>) {
        let mut starts = std::mem::take(&mut self.scratch.starts);
        starts.clear();
        let share = self.decide_layers(now, subscriber, changed, &mut starts);
        for start in starts.drain(..) {
            self.carry_out(now, Some(start));
        }
        self.scratch.starts = starts;
        // Now slots wait for keyframes; before, what starts from a ring had to find its pace.
        self.set_pace(subscriber, share);
        // A probe may be due sooner than before.
        self.reschedule(now, subscriber);
    }

    /// Gives every slot of a subscriber the layer that its path has room for: sound always, pictures by their priority;
    /// without an estimate everything is as wanted. `starts` takes what has to come for that.
    fn decide_layers(
        &mut self,
        now: Instant,
        subscriber: PeerIndex,
        changed: Option<usize>,
        starts: &mut Vec<Start>,
    ) -> Share {
        let peer = &mut self.peers[subscriber];
        peer.allocate_at = Some(now + ALLOCATION_INTERVAL);
        let estimate_bps = peer.estimate_bps();
        let can_tell = peer.estimator.is_some();
        let mut demands = std::mem::take(&mut self.scratch.demands);
        let sound_bps = self.collect_demands(now, subscriber, &mut demands);
        let rates = std::mem::take(&mut self.scratch.rates);
        let start_bps = START_BPS.max(allocation::least_bps(&rates, &demands) + sound_bps);
        let known_bps = estimate_bps.or(can_tell.then_some(start_bps));
        let budget_bps = known_bps.map_or(u64::MAX, |bps| bps.saturating_sub(sound_bps));
        allocation::allocate(budget_bps, &rates, &mut demands);
        let share = Share {
            estimate_bps,
            known_bps,
            pictures_bps: demands.iter().map(|demand| demand.wanted_bps(&rates)).sum(),
            given_bps: demands.iter().map(|demand| demand.given_bps(&rates)).sum(),
        };
        if let Some(estimator) = &mut self.peers[subscriber].estimator {
            estimator.set_wanted_bps(share.pictures_bps + sound_bps);
        }
        self.set_pace(subscriber, share);
        for slot in 0..self.peers[subscriber].slots.len() {
            let state = &mut self.peers[subscriber].slots[slot];
            if state.selection.track().is_none() {
                continue;
            }
            let demand = demands.iter().find(|demand| demand.slot == slot);
            let target = match demand {
                Some(demand) if known_bps.is_some() => demand.target(&rates),
                Some(_) | None => state.wanted(),
            };
            let set = state.set_target(target, now);
            if changed == Some(slot)
                && state.lacks_room()
                && let Some(estimator) = &mut self.peers[subscriber].estimator
            {
                estimator.probe_soon(now);
            }
            if set || changed == Some(slot) {
                let slot = SlotRef { peer: subscriber, slot };
                starts.extend(self.aim_slot(now, slot));
            }
        }
        self.scratch.demands = demands;
        self.scratch.rates = rates;
        share
    }

    /// What the pictures of a subscriber ask for; returns what its sound takes. Slots that are not shown ask for nothing.
    fn collect_demands(&mut self, now: Instant, subscriber: PeerIndex, demands: &mut Vec<Demand>) -> u64 {
        let peer = &self.peers[subscriber];
        let rates = &mut self.scratch.rates;
        let ranking = self.rooms.ranking(peer.room);
        let speaker = ranking.and_then(|ranking| ranking.speakers().first());
        let mut sound_bps = 0;
        demands.clear();
        rates.clear();
        for (index, slot) in peer.slots.iter().enumerate() {
            let Some(track) = slot.selection.track() else { continue };
            let wanted = match (slot.kind, slot.wanted()) {
                (MediaKind::Video, Some(wanted)) => wanted,
                (MediaKind::Video, None) => continue,
                (MediaKind::Audio, _) => {
                    sound_bps += SOUND_BPS;
                    continue;
                }
            };
            let speaks = speaker == Some(&self.peers[track.peer].id);
            let published = self.peers.track(track);
            let priority = match published.kind {
                SourceKind::Screen => Priority::Screen,
                SourceKind::Camera | SourceKind::Microphone | SourceKind::ScreenAudio if speaks => Priority::Speaker,
                SourceKind::Camera | SourceKind::Microphone | SourceKind::ScreenAudio => Priority::Other,
            };
            let first = rates.len();
            if !published.muted {
                published.layer_rates(now, rates);
            }
            let mut demand = Demand::new(index, priority, wanted, first..rates.len());
            demand.current = slot.selection.target();
            demand.may_rise = slot.rises.allows(now);
            demand.kept = published.encodings.len() == 1 && is_kept(peer, slot, demand.may_rise, now);
            demands.push(demand);
        }
        sound_bps
    }

    /// Sets how fast pictures leave to a subscriber.
    fn set_pace(&mut self, subscriber: PeerIndex, share: Share) {
        let peer = &mut self.peers[subscriber];
        let paced_from = match share.estimate_bps {
            // That of a better encoding fills many a path on which all other pictures are short.
            Some(_) if peer.awaits_keyframe() => 0,
            Some(_) => PACED_FROM_PERCENT,
            None => PACED_FROM_PERCENT_UNKNOWN,
        };
        let narrow = share
            .known_bps
            .map(|bps| bps.max(share.given_bps))
            .filter(|bps| share.pictures_bps * 100 > bps * paced_from);
        peer.pacer.set_pace(narrow.map(|bps| bps * PACE_PERCENT / 100));
    }

    /// Aims a slot at the encoding that serves its target best of those that arrive, and says what it needs to go there.
    fn aim_slot(&mut self, now: Instant, slot: SlotRef) -> Option<Start> {
        let mut selection = self.peers.slot(slot).selection;
        let track = selection.track()?;
        let open = self.peers[slot.peer].open && self.peers[track.peer].open;
        let published = self.peers.track_mut(track);
        let mut needed = 0;
        if let Some(target) = selection.target() {
            selection.set_aim(published.best_arriving(target));
            needed = bit(published.encoding_for(target));
        }
        if let Some(subscription) = published.subscriptions.iter_mut().find(|one| one.slot == slot) {
            subscription.interest = selection.interest();
            subscription.needed = if open { needed } else { 0 };
        }
        published.sum_interest();
        self.peers.slot_mut(slot).selection = selection;
        self.report_watched(now, track);
        selection.awaited().map(|encoding| Start {
            slot,
            track,
            encoding,
            nothing_flows: selection.live().is_none(),
        })
    }

    /// Gets a slot the keyframe that it waits for.
    fn carry_out(&mut self, now: Instant, start: Option<Start>) {
        let Some(start) = start else { return };
        let replayed = start.nothing_flows && self.replay(now, start.slot, start.track, start.encoding);
        if !replayed {
            self.request_keyframe(now, start.slot.peer, start.track, start.encoding);
        }
    }

    /// Reports which encodings of a track are watched, if that changed.
    pub(super) fn report_watched(&mut self, now: Instant, track: TrackRef) {
        let published = self.peers.track_mut(track);
        let kind = published.kind;
        if let Some(encodings) = published.update_watched(now) {
            let peer = self.peers[track.peer].id;
            let source = Source { peer, kind };
            self.push_event(Event::Encodings { source, encodings });
        }
    }
}

/// Whether a slot whose source has no smaller encoding is shown even if the estimate has no room for it. With feedback on
/// every packet: as long as all that is sent arrives. Without: by the client's reports of loss, and tried again now and
/// then, since the estimate of a client that gets nothing never rises.
fn is_kept(peer: &Peer, slot: &Slot, may_rise: bool, now: Instant) -> bool {
    let shown = slot.selection.target().is_some();
    match &peer.estimator {
        Some(estimator) => shown && estimator.all_arrives(now),
        None if shown => slot.reported.0 <= REPORTED_LOST_MAX,
        None => may_rise,
    }
}
