//! A seat's receive slots in the words of the protocol.

use sfu_core::{MediaKind, Mid};
use signaling_protocol::message::{SlotAssignment, SlotDescription, SlotKind};

use crate::media::message_source;
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
            source: self.carried().map(|wanted| message_source(wanted.source.kind)),
        }
    }
}
