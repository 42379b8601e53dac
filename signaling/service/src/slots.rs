//! Which of the others' sources a subscriber's receive slots carry. Assignments are stable: a source stays in its slot
//! for as long as it is wanted, and comes back to it when it can.

use sfu_core::{MediaKind, Mid, SlotContent, SlotInfo, SlotMapping, Source, SourceKind};

/// One receive slot of a subscriber. `P` names a sender over all of their connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot<P> {
    mid: Mid,
    kind: MediaKind,
    carries: Carries<P>,
    /// What it carried last: a sender who comes back gets the same slot.
    last: Option<(P, SourceKind)>,
}

/// What a slot carries.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Carries<P> {
    Nothing,
    Source(Wanted<P>),
    /// One of the loudest; which one the media plane decides and tells.
    Loudest(Option<Wanted<P>>),
}

impl<P> Carries<P> {
    fn content(&self) -> SlotContent {
        match self {
            Self::Nothing => SlotContent::Nothing,
            Self::Source(wanted) => SlotContent::Source(wanted.source),
            Self::Loudest(_) => SlotContent::Loudest,
        }
    }
}

/// A source that a subscriber could be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted<P> {
    pub who: P,
    pub source: Source,
}

impl<P: Clone + PartialEq> Wanted<P> {
    fn is(&self, key: &(P, SourceKind)) -> bool {
        self.who == key.0 && self.source.kind == key.1
    }

    fn key(&self) -> (P, SourceKind) {
        (self.who.clone(), self.source.kind)
    }
}

/// Which microphones a subscriber gets that has too few slots for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surplus {
    /// The loudest of the room.
    Loudest,
    /// The first ones: it asked for certain people, and the loudest may be none of them.
    First,
}

impl<P> Slot<P> {
    /// An empty slot, as the media plane answered it.
    #[must_use]
    pub fn new(info: &SlotInfo) -> Self {
        Self {
            mid: info.mid.clone(),
            kind: info.kind,
            carries: Carries::Nothing,
            last: None,
        }
    }

    #[must_use]
    pub fn mid(&self) -> &Mid {
        &self.mid
    }

    #[must_use]
    pub fn kind(&self) -> MediaKind {
        self.kind
    }

    /// Whether this is the slot of that media identification and kind.
    #[must_use]
    pub fn is(&self, mid: &Mid, kind: MediaKind) -> bool {
        self.mid == *mid && self.kind == kind
    }

    /// What it carries, as far as it is known.
    #[must_use]
    pub fn carried(&self) -> Option<&Wanted<P>> {
        match &self.carries {
            Carries::Nothing => None,
            Carries::Source(wanted) => Some(wanted),
            Carries::Loudest(wanted) => wanted.as_ref(),
        }
    }
}

impl<P: PartialEq> Slot<P> {
    /// Notes whose microphone a slot for the loudest carries; true when that is news.
    pub fn set_loudest(&mut self, wanted: Option<Wanted<P>>) -> bool {
        match &mut self.carries {
            Carries::Loudest(carried) if *carried != wanted => {
                *carried = wanted;
                true
            }
            Carries::Loudest(_) | Carries::Source(_) | Carries::Nothing => false,
        }
    }
}

/// Assigns `wanted` (best first) to the slots of its kind and returns only what changed. Where there are more sounds than
/// audio slots and the loudest are to be heard, the sound of screens keeps slots of its own, and the others carry the
/// loudest microphones.
pub fn assign<P: Clone + PartialEq>(slots: &mut [Slot<P>], wanted: &[Wanted<P>], surplus: Surplus) -> Vec<SlotMapping> {
    let before: Vec<_> = slots.iter().map(|slot| slot.carries.content()).collect();
    for kind in [MediaKind::Audio, MediaKind::Video] {
        let room = slots.iter().filter(|slot| slot.kind == kind).count();
        let mut chosen: Vec<_> = wanted
            .iter()
            .filter(|wanted| wanted.source.kind.media() == kind)
            .collect();
        let loudest = surplus == Surplus::Loudest && kind == MediaKind::Audio && chosen.len() > room;
        if loudest {
            chosen.retain(|wanted| wanted.source.kind != SourceKind::Microphone);
        }
        chosen.truncate(if loudest { room.saturating_sub(1) } else { room });
        assign_kind(slots, kind, chosen, loudest);
    }
    slots
        .iter()
        .zip(before)
        .map(|(slot, before)| (slot, slot.carries.content(), before))
        .filter(|(_, content, before)| content != before)
        .map(|(slot, content, _)| SlotMapping {
            mid: slot.mid.clone(),
            content,
        })
        .collect()
}

/// Slots that are left over carry nothing, or one of the loudest.
fn assign_kind<P: Clone + PartialEq>(
    slots: &mut [Slot<P>],
    kind: MediaKind,
    mut chosen: Vec<&Wanted<P>>,
    loudest: bool,
) {
    let mut free = Vec::new();
    for slot in slots.iter_mut().filter(|slot| slot.kind == kind) {
        let rest = if loudest {
            Carries::Loudest(None)
        } else {
            Carries::Nothing
        };
        let carried = match std::mem::replace(&mut slot.carries, rest) {
            Carries::Source(wanted) => Some(wanted.key()),
            carried @ Carries::Loudest(_) if loudest => {
                slot.carries = carried;
                None
            }
            Carries::Loudest(_) | Carries::Nothing => None,
        };
        slot.last = carried.clone().or(slot.last.take());
        match carried.and_then(|key| chosen.iter().position(|wanted| wanted.is(&key))) {
            Some(at) => slot.carries = Carries::Source(chosen.remove(at).clone()),
            None => free.push(slot),
        }
    }
    for wanted in chosen {
        let own = free
            .iter()
            .position(|slot| slot.last.as_ref().is_some_and(|key| wanted.is(key)));
        let fresh = || free.iter().position(|slot| slot.last.is_none());
        let at = own.or_else(fresh).unwrap_or(0);
        if at < free.len() {
            free.swap_remove(at).carries = Carries::Source(wanted.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sfu_core::PeerId;

    fn slots(kinds: &[MediaKind]) -> Vec<Slot<&'static str>> {
        let info = |(at, kind): (usize, &MediaKind)| SlotInfo {
            mid: Mid(at.to_string()),
            kind: *kind,
        };
        kinds.iter().enumerate().map(|pair| Slot::new(&info(pair))).collect()
    }

    fn wanted(who: &'static str, peer: u64, kind: SourceKind) -> Wanted<&'static str> {
        Wanted {
            who,
            source: Source {
                peer: PeerId(peer),
                kind,
            },
        }
    }

    fn peer_of(content: SlotContent) -> Option<u64> {
        match content {
            SlotContent::Source(source) => Some(source.peer.0),
            SlotContent::Nothing | SlotContent::Loudest => None,
        }
    }

    fn check(
        slots: &mut [Slot<&'static str>],
        wanted: &[Wanted<&'static str>],
        changes: &[(&str, Option<u64>)],
        carried: &[Option<&str>],
    ) {
        let mappings = assign(slots, wanted, Surplus::Loudest);
        let got: Vec<_> = mappings
            .iter()
            .map(|mapping| (mapping.mid.0.as_str(), peer_of(mapping.content)))
            .collect();
        assert_eq!(got, changes);
        let people: Vec<_> = slots
            .iter()
            .map(|slot| slot.carried().map(|wanted| wanted.who))
            .collect();
        assert_eq!(people, carried);
    }

    #[test]
    fn sources_keep_their_slots_and_come_back_to_them() {
        use MediaKind::{Audio, Video};
        use SourceKind::{Camera, Microphone};
        let mut slots = slots(&[Audio, Audio, Video]);
        let (a, b) = (wanted("a", 1, Microphone), wanted("b", 2, Microphone));
        let camera = wanted("b", 2, Camera);
        check(
            &mut slots,
            &[a.clone(), b.clone(), camera.clone()],
            &[("0", Some(1)), ("1", Some(2)), ("2", Some(2))],
            &[Some("a"), Some("b"), Some("b")],
        );
        check(
            &mut slots,
            &[b.clone(), camera.clone()],
            &[("0", None)],
            &[None, Some("b"), Some("b")],
        );
        check(&mut slots, &[], &[("1", None), ("2", None)], &[None, None, None]);
        // A sender who comes back as another peer gets the same slots.
        let (b, camera) = (wanted("b", 3, Microphone), wanted("b", 3, Camera));
        check(
            &mut slots,
            &[b, camera],
            &[("1", Some(3)), ("2", Some(3))],
            &[None, Some("b"), Some("b")],
        );
    }

    #[test]
    fn too_many_sources_leave_the_last_ones_out() {
        let mut slots = slots(&[MediaKind::Video]);
        let cameras = [wanted("a", 1, SourceKind::Camera), wanted("b", 2, SourceKind::Camera)];
        check(&mut slots, &cameras, &[("0", Some(1))], &[Some("a")]);
        check(&mut slots, &cameras[1..], &[("0", Some(2))], &[Some("b")]);
        assert!(assign(&mut [], &cameras, Surplus::Loudest).is_empty());
    }

    #[test]
    fn more_microphones_than_slots_are_heard_by_loudness() {
        let mut slots = slots(&[MediaKind::Audio, MediaKind::Audio]);
        let microphone = |who, peer| wanted(who, peer, SourceKind::Microphone);
        let mut sounds = vec![microphone("a", 1), microphone("b", 2), microphone("c", 3)];
        check(
            &mut slots,
            &sounds[..2],
            &[("0", Some(1)), ("1", Some(2))],
            &[Some("a"), Some("b")],
        );
        assert!(
            !slots[0].set_loudest(Some(microphone("c", 3))),
            "a slot of its own stays as it is"
        );
        let contents: Vec<_> = assign(&mut slots, &sounds, Surplus::Loudest)
            .iter()
            .map(|mapping| mapping.content)
            .collect();
        assert_eq!(contents, [SlotContent::Loudest; 2]);
        assert!(slots[1].set_loudest(Some(microphone("c", 3))));
        assert!(!slots[1].set_loudest(Some(microphone("c", 3))));
        check(&mut slots, &sounds, &[], &[None, Some("c")]);
        // A screen's sound is not outshouted.
        sounds.push(wanted("a", 1, SourceKind::ScreenAudio));
        check(&mut slots, &sounds, &[("0", Some(1))], &[Some("a"), Some("c")]);
        check(
            &mut slots,
            &sounds[2..3],
            &[("0", Some(3)), ("1", None)],
            &[Some("c"), None],
        );
    }

    #[test]
    fn whoever_asked_for_certain_people_gets_the_first_of_them() {
        let mut slots = slots(&[MediaKind::Audio]);
        let all = [
            wanted("a", 1, SourceKind::Microphone),
            wanted("b", 2, SourceKind::Microphone),
        ];
        check(&mut slots, &all[..1], &[("0", Some(1))], &[Some("a")]);
        check(&mut slots, &all, &[("0", None)], &[None]);
        let first = assign(&mut slots, &all, Surplus::First);
        assert_eq!(first[0].content, SlotContent::Source(all[0].source));
        // A connection in place of the former one keeps the slot in one step.
        let again = [wanted("a", 7, SourceKind::Microphone)];
        check(&mut slots, &again, &[("0", Some(7))], &[Some("a")]);
    }
}
