//! What the slots of a receiver carry. Assignments are stable: a source stays in its slot while it is there, and comes
//! back to it when it can.

use sfu_core::{MediaKind, Mid, SlotContent, SlotInfo, SlotMapping, Source, SourceKind};

use crate::rooms::ParticipantId;

/// One receive slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    mid: Mid,
    kind: MediaKind,
    carries: SlotContent,
    /// Whose source it carried last.
    last: Option<(ParticipantId, SourceKind)>,
}

/// A source that a receiver could get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) participant: ParticipantId,
    pub(crate) source: Source,
}

impl Wanted {
    fn place(&self) -> (ParticipantId, SourceKind) {
        (self.participant, self.source.kind)
    }
}

impl Slot {
    pub(crate) fn new(info: &SlotInfo) -> Self {
        Self {
            mid: info.mid.clone(),
            kind: info.kind,
            carries: SlotContent::Nothing,
            last: None,
        }
    }

    pub(crate) fn mid(&self) -> &Mid {
        &self.mid
    }
}

/// Which microphones a receiver gets when it has too few slots for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surplus {
    /// The loudest of the room.
    Loudest,
    /// The first ones: it asked for certain publishers, and the loudest may be none of them.
    First,
}

/// Assigns `wanted` (best first) to the slots and returns only what changed.
pub(crate) fn assign(slots: &mut [Slot], wanted: &[Wanted], surplus: Surplus) -> Vec<SlotMapping> {
    let before: Vec<_> = slots.iter().map(|slot| slot.carries).collect();
    for kind in [MediaKind::Audio, MediaKind::Video] {
        let chosen: Vec<_> = wanted
            .iter()
            .filter(|wanted| wanted.source.kind.media() == kind)
            .copied()
            .collect();
        let mut own: Vec<_> = slots.iter_mut().filter(|slot| slot.kind == kind).collect();
        if kind == MediaKind::Audio && surplus == Surplus::Loudest && chosen.len() > own.len() {
            for slot in own {
                slot.carries = SlotContent::Loudest;
            }
        } else {
            let room = own.len();
            assign_kind(&mut own, chosen.into_iter().take(room).collect());
        }
    }
    slots
        .iter()
        .zip(before)
        .filter(|(slot, before)| slot.carries != *before)
        .map(|(slot, _)| SlotMapping {
            mid: slot.mid.clone(),
            content: slot.carries,
        })
        .collect()
}

/// `chosen` has at most as many as there are slots.
fn assign_kind(slots: &mut [&mut Slot], mut chosen: Vec<Wanted>) {
    let mut free = Vec::new();
    for slot in slots.iter_mut() {
        let stays = chosen
            .iter()
            .position(|wanted| slot.carries == SlotContent::Source(wanted.source));
        match stays {
            Some(at) => drop(chosen.remove(at)),
            None => {
                slot.carries = SlotContent::Nothing;
                free.push(slot);
            }
        }
    }
    for wanted in chosen {
        let own = free.iter().position(|slot| slot.last == Some(wanted.place()));
        let fresh = || free.iter().position(|slot| slot.last.is_none());
        let at = own.or_else(fresh).unwrap_or(0);
        if at < free.len() {
            let slot = free.swap_remove(at);
            slot.carries = SlotContent::Source(wanted.source);
            slot.last = Some(wanted.place());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sfu_core::PeerId;

    fn slots(kinds: &[MediaKind]) -> Vec<Slot> {
        let info = |(at, kind): (usize, &MediaKind)| SlotInfo {
            mid: Mid(at.to_string()),
            kind: *kind,
        };
        kinds.iter().enumerate().map(|pair| Slot::new(&info(pair))).collect()
    }

    fn wanted(participant: u128, peer: u64, kind: SourceKind) -> Wanted {
        Wanted {
            participant: ParticipantId(participant),
            source: Source {
                peer: PeerId(peer),
                kind,
            },
        }
    }

    /// Slot and peer, `Some(0)` for the loudest.
    fn check(slots: &mut [Slot], wanted: &[Wanted], surplus: Surplus, changes: &[(&str, Option<u64>)]) {
        let mappings = assign(slots, wanted, surplus);
        let got: Vec<_> = mappings
            .iter()
            .map(|mapping| {
                let peer = match mapping.content {
                    SlotContent::Nothing => None,
                    SlotContent::Loudest => Some(0),
                    SlotContent::Source(source) => Some(source.peer.0),
                };
                (mapping.mid.0.as_str(), peer)
            })
            .collect();
        assert_eq!(got, changes);
    }

    #[test]
    fn a_publisher_that_comes_again_gets_its_slot_again() {
        use SourceKind::Camera;
        let mut slots = slots(&[MediaKind::Video, MediaKind::Video]);
        let first = Surplus::First;
        check(
            &mut slots,
            &[wanted(1, 1, Camera), wanted(2, 2, Camera)],
            first,
            &[("0", Some(1)), ("1", Some(2))],
        );
        check(&mut slots, &[wanted(2, 2, Camera)], first, &[("0", None)]);
        check(&mut slots, &[], first, &[("1", None)]);
        check(&mut slots, &[wanted(2, 7, Camera)], first, &[("1", Some(7))]);
        // A replaced session keeps the slot in one step.
        check(&mut slots, &[wanted(2, 8, Camera)], first, &[("1", Some(8))]);
    }

    #[test]
    fn more_microphones_than_slots_are_the_loudest_of_all() {
        use SourceKind::Microphone;
        let all = [wanted(1, 1, Microphone), wanted(2, 2, Microphone)];
        let mut one = slots(&[MediaKind::Audio]);
        check(&mut one, &all[..1], Surplus::Loudest, &[("0", Some(1))]);
        check(&mut one, &all, Surplus::Loudest, &[("0", Some(0))]);
        check(&mut one, &all[1..], Surplus::Loudest, &[("0", Some(2))]);
        check(&mut one, &all, Surplus::First, &[("0", Some(1))]);
        assert!(assign(&mut [], &all, Surplus::Loudest).is_empty());
    }
}
