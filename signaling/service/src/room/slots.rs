//! A seat's receive slots in the words of the protocol.

use sfu_core::{MediaKind, Mid, SourceKind};
use signaling_protocol::message::{self, SlotAssignment, SlotDescription, SlotKind};

use crate::slots;

/// A receive slot of a seat.
pub(super) type Slot = slots::Slot<String>;
/// What another seat sends, by the seat's id.
pub(super) type Wanted = slots::Wanted<String>;

impl Slot {
    pub(super) fn describe(&self) -> SlotDescription {
        let kind = match self.kind() {
            MediaKind::Audio => SlotKind::Audio,
            MediaKind::Video => SlotKind::Video,
        };
        SlotDescription {
            mid: self.mid().0.clone(),
            kind,
        }
    }

    /// `withheld` are the slots of which nothing is sent.
    pub(super) fn assignment(&self, withheld: &[Mid]) -> SlotAssignment {
        SlotAssignment {
            withheld: self.carried().is_some() && withheld.contains(self.mid()),
            mid: self.mid().0.clone(),
            seat: self.carried().map(|wanted| wanted.who.clone()),
            source: self.carried().map(|wanted| to_message(wanted.source.kind)),
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
