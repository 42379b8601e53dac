//! Which of the others' sources a subscriber's receive slots carry. Assignments are stable: a source stays in its slot
//! for as long as it is wanted, and comes back to it when it can.

use sfu_core::{MediaKind, Mid, SlotContent, SlotInfo, SlotMapping, Source, SourceKind};
use signaling_protocol::message::{self, SlotAssignment, SlotDescription, SlotKind};

/// One receive slot of a subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    mid: Mid,
    kind: MediaKind,
    carries: Carries,
    /// What it carried last, so that a reconnect finds its place again.
    last: Option<(String, SourceKind)>,
}

/// What a slot carries.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Carries {
    Nothing,
    Source(Wanted),
    /// One of the loudest; which one the media plane decides and tells.
    Loudest(Option<Wanted>),
}

impl Carries {
    fn wanted(&self) -> Option<&Wanted> {
        match self {
            Self::Nothing => None,
            Self::Source(wanted) => Some(wanted),
            Self::Loudest(wanted) => wanted.as_ref(),
        }
    }

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
pub(super) struct Wanted {
    pub(super) seat: String,
    pub(super) source: Source,
}

impl Wanted {
    fn is(&self, place: &(String, SourceKind)) -> bool {
        self.seat == place.0 && self.source.kind == place.1
    }

    fn place(&self) -> (String, SourceKind) {
        (self.seat.clone(), self.source.kind)
    }
}

impl Slot {
    pub(super) fn new(info: &SlotInfo) -> Self {
        Self {
            mid: info.mid.clone(),
            kind: info.kind,
            carries: Carries::Nothing,
            last: None,
        }
    }

    pub(super) fn describe(&self) -> SlotDescription {
        let kind = match self.kind {
            MediaKind::Audio => SlotKind::Audio,
            MediaKind::Video => SlotKind::Video,
        };
        SlotDescription {
            mid: self.mid.0.clone(),
            kind,
        }
    }

    pub(super) fn assignment(&self) -> SlotAssignment {
        SlotAssignment {
            mid: self.mid.0.clone(),
            seat: self.carries.wanted().map(|wanted| wanted.seat.clone()),
            source: self.carries.wanted().map(|wanted| to_message(wanted.source.kind)),
        }
    }

    /// Whether this is the slot of that media identification and kind.
    pub(super) fn is(&self, mid: &Mid, kind: MediaKind) -> bool {
        self.mid == *mid && self.kind == kind
    }

    /// Notes whose microphone a slot for the loudest carries; true when that is news.
    pub(super) fn set_loudest(&mut self, wanted: Option<Wanted>) -> bool {
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
/// audio slots, the sound of screens keeps slots of its own, and the others carry the loudest microphones.
pub(super) fn assign(slots: &mut [Slot], wanted: &[Wanted]) -> Vec<SlotMapping> {
    let before: Vec<_> = slots.iter().map(|slot| slot.carries.content()).collect();
    for kind in [MediaKind::Audio, MediaKind::Video] {
        let room = slots.iter().filter(|slot| slot.kind == kind).count();
        let mut chosen: Vec<_> = wanted
            .iter()
            .filter(|wanted| wanted.source.kind.media() == kind)
            .collect();
        let crowded = kind == MediaKind::Audio && chosen.len() > room;
        if crowded {
            chosen.retain(|wanted| wanted.source.kind != SourceKind::Microphone);
        }
        chosen.truncate(if crowded { room.saturating_sub(1) } else { room });
        assign_kind(slots, kind, chosen, crowded);
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
fn assign_kind(slots: &mut [Slot], kind: MediaKind, mut chosen: Vec<&Wanted>, loudest: bool) {
    let mut free = Vec::new();
    for slot in slots.iter_mut().filter(|slot| slot.kind == kind) {
        let rest = if loudest {
            Carries::Loudest(None)
        } else {
            Carries::Nothing
        };
        let place = match std::mem::replace(&mut slot.carries, rest) {
            Carries::Source(wanted) => Some(wanted.place()),
            carried @ Carries::Loudest(_) if loudest => {
                slot.carries = carried;
                None
            }
            Carries::Loudest(_) | Carries::Nothing => None,
        };
        slot.last = place.clone().or(slot.last.take());
        match place.and_then(|place| chosen.iter().position(|wanted| wanted.is(&place))) {
            Some(at) => slot.carries = Carries::Source(chosen.remove(at).clone()),
            None => free.push(slot),
        }
    }
    for wanted in chosen {
        let own = free
            .iter()
            .position(|slot| slot.last.as_ref().is_some_and(|place| wanted.is(place)));
        let fresh = || free.iter().position(|slot| slot.last.is_none());
        let at = own.or_else(fresh).unwrap_or(0);
        if at < free.len() {
            free.swap_remove(at).carries = Carries::Source(wanted.clone());
        }
    }
}

/// A source in the words of the protocol.
pub(super) fn to_message(kind: SourceKind) -> message::SourceKind {
    match kind {
        SourceKind::Microphone => message::SourceKind::Microphone,
        SourceKind::Camera => message::SourceKind::Camera,
        SourceKind::Screen => message::SourceKind::Screen,
        SourceKind::ScreenAudio => message::SourceKind::ScreenAudio,
    }
}

/// A source in the words of the media plane.
pub(super) fn to_media(kind: message::SourceKind) -> SourceKind {
    match kind {
        message::SourceKind::Microphone => SourceKind::Microphone,
        message::SourceKind::Camera => SourceKind::Camera,
        message::SourceKind::Screen => SourceKind::Screen,
        message::SourceKind::ScreenAudio => SourceKind::ScreenAudio,
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

    fn wanted(seat: &str, peer: u64, kind: SourceKind) -> Wanted {
        Wanted {
            seat: seat.into(),
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

    fn check(slots: &mut [Slot], wanted: &[Wanted], changes: &[(&str, Option<u64>)], carried: &[Option<&str>]) {
        let mappings = assign(slots, wanted);
        let got: Vec<_> = mappings
            .iter()
            .map(|mapping| (mapping.mid.0.as_str(), peer_of(mapping.content)))
            .collect();
        assert_eq!(got, changes);
        let seats: Vec<_> = slots
            .iter()
            .map(|slot| slot.carries.wanted().map(|wanted| wanted.seat.as_str()))
            .collect();
        assert_eq!(seats, carried);
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
        // The seat comes back as another peer, and finds its slots again.
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
        assert!(assign(&mut [], &cameras).is_empty());
    }

    #[test]
    fn more_microphones_than_slots_are_heard_by_loudness() {
        let mut slots = slots(&[MediaKind::Audio, MediaKind::Audio]);
        let microphone = |seat, peer| wanted(seat, peer, SourceKind::Microphone);
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
        let contents: Vec<_> = assign(&mut slots, &sounds)
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
}
