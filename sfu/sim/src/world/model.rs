//! The reference: what each slot may carry at each time, by the commands alone. It knows nothing of packets.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use sfu_core::{MediaKind, PeerId, RoomId, SlotInfo, SourceKind};

/// What a slot was told to carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mapping {
    Nothing,
    Source(PeerId, SourceKind),
    /// Any microphone of others in the room.
    Loudest,
}

/// Whose media, by tag; one of these.
pub(super) type Shown = Vec<(u32, SourceKind)>;

/// A person.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) room: RoomId,
    pub(super) peer: PeerId,
    pub(super) tag: u32,
    pub(super) inside: bool,
    pub(super) admitted: bool,
    pub(super) sources: Vec<SourceKind>,
    pub(super) muted: BTreeSet<SourceKind>,
    pub(super) slots: Vec<(SlotInfo, Mapping)>,
}

/// The reference.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) seats: Vec<Seat>,
    /// By seat and mid: from when on it may carry what.
    history: BTreeMap<(usize, String), Vec<(Instant, Shown)>>,
}

impl Model {
    pub(super) fn inside(&self) -> Vec<usize> {
        let seats = self.seats.iter().enumerate();
        seats.filter(|(_, seat)| seat.inside).map(|(index, _)| index).collect()
    }

    fn by_peer(&self, peer: PeerId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.peer == peer && seat.inside)
    }

    /// Maps a slot. What is not there, is elsewhere or of another kind empties it, and its coming later does not help.
    pub(super) fn map_slot(&mut self, seat: usize, slot: usize, mapping: Mapping) {
        let room = self.seats[seat].room;
        let kind = self.seats[seat].slots[slot].0.kind;
        let there = match mapping {
            Mapping::Nothing => false,
            Mapping::Loudest => kind == MediaKind::Audio,
            Mapping::Source(peer, source) => self.by_peer(peer).is_some_and(|publisher| {
                publisher.room == room && publisher.sources.contains(&source) && source.media() == kind
            }),
        };
        self.seats[seat].slots[slot].1 = if there { mapping } else { Mapping::Nothing };
    }

    pub(super) fn remove_seat(&mut self, seat: usize) {
        self.seats[seat].inside = false;
        let gone = self.seats[seat].peer;
        for (_, mapping) in self.seats.iter_mut().flat_map(|seat| &mut seat.slots) {
            if matches!(mapping, Mapping::Source(peer, _) if *peer == gone) {
                *mapping = Mapping::Nothing;
            }
        }
    }

    /// What a slot may carry now.
    pub(super) fn allowed(&self, seat: &Seat, mapping: Mapping) -> Shown {
        let open = |publisher: &&Seat, kind| {
            publisher.inside
                && publisher.admitted
                && publisher.sources.contains(&kind)
                && !publisher.muted.contains(&kind)
        };
        if !seat.inside || !seat.admitted {
            return Vec::new();
        }
        match mapping {
            Mapping::Nothing => Vec::new(),
            Mapping::Source(peer, kind) => {
                let publisher = self.by_peer(peer).filter(|publisher| open(publisher, kind));
                publisher.map(|publisher| (publisher.tag, kind)).into_iter().collect()
            }
            Mapping::Loudest => {
                let kind = SourceKind::Microphone;
                let others = self
                    .seats
                    .iter()
                    .filter(|other| other.room == seat.room && other.peer != seat.peer);
                others
                    .filter(|other| open(other, kind))
                    .map(|other| (other.tag, kind))
                    .collect()
            }
        }
    }

    /// Records what follows from the commands up to `now`.
    pub(super) fn record_history(&mut self, now: Instant) {
        for (index, seat) in self.seats.iter().enumerate() {
            for (slot, mapping) in &seat.slots {
                let shown = self.allowed(seat, *mapping);
                let history = self.history.entry((index, slot.mid.0.clone())).or_default();
                if history.last().is_none_or(|(_, before)| *before != shown) {
                    history.push((now, shown));
                }
            }
        }
    }

    /// Whether a slot could carry this at `sent`. At the instant of a change both are right.
    pub(super) fn may_carry(&self, seat: usize, mid: &str, sent: Instant, what: (u32, SourceKind)) -> bool {
        let Some(history) = self.history.get(&(seat, mid.to_owned())) else {
            return false;
        };
        let next = history.partition_point(|(at, _)| *at < sent);
        let at_once = history[next..].iter().take_while(|(at, _)| *at == sent);
        let before = next.checked_sub(1).map(|last| &history[last]);
        before
            .into_iter()
            .chain(at_once)
            .any(|(_, shown)| shown.contains(&what))
    }

    /// When what a slot carries changed.
    pub(super) fn changes_of(&self, seat: usize, mid: &str) -> Vec<Instant> {
        let history = self.history.get(&(seat, mid.to_owned()));
        history.into_iter().flatten().map(|(at, _)| *at).collect()
    }

    /// Everything that anybody in a room publishes, but for one seat.
    pub(super) fn sources_of_others(&self, seat: usize, media: MediaKind) -> Vec<(PeerId, SourceKind)> {
        let room = self.seats[seat].room;
        let others = self.seats.iter().enumerate();
        others
            .filter(|(index, other)| *index != seat && other.inside && other.room == room)
            .flat_map(|(_, other)| other.sources.iter().map(|kind| (other.peer, *kind)))
            .filter(|(_, kind)| kind.media() == media)
            .collect()
    }
}
