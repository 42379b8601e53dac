//! What the world asks a model client about its slots.

use std::time::Instant;

use sfu_core::SourceKind;

use super::{Client, Taken};

impl Client {
    /// The media that the last datagram brought, once.
    pub(crate) fn take_last(&mut self) -> Option<Taken> {
        self.receivers
            .iter_mut()
            .find_map(|receiver| receiver.last_taken.take())
    }

    /// The numbers of packets that a slot lacks for no reason that is known, given when what it carries `changed`.
    pub(crate) fn unexplained(&self, mid: &str, changed: &[Instant]) -> Vec<u64> {
        let slot = self.receivers.iter().find(|receiver| receiver.slot.mid == mid);
        slot.map(|slot| slot.unexplained(changed)).unwrap_or_default()
    }

    /// Sender, source and number of the newest content on a slot.
    pub(crate) fn newest(&self, mid: &str) -> Option<(u32, SourceKind, u32)> {
        self.receivers
            .iter()
            .find(|receiver| receiver.slot.mid == mid)?
            .newest()
    }

    /// The SSRC of a slot.
    pub(crate) fn slot_ssrc(&self, mid: &str) -> Option<u32> {
        let slot = self.receivers.iter().find(|receiver| receiver.slot.mid == mid)?;
        Some(slot.slot.ssrc)
    }

    /// When each frame of an audio slot was there first.
    pub(crate) fn heard_at(&self, mid: &str) -> Option<Vec<Instant>> {
        let slot = self.receivers.iter().find(|receiver| receiver.slot.mid == mid)?;
        (!slot.slot.video).then(|| slot.heard_at())
    }
}
