//! What a test may do to the sources of a model client.

use sfu_core::SourceKind;

use super::Client;

impl Client {
    /// Sends only the encodings of a simulcast source that somebody watches, as [`sfu_core::Event::Encodings`] names them.
    pub fn set_encodings(&mut self, kind: SourceKind, encodings: &[(String, bool)]) {
        for sender in self.senders.iter_mut().filter(|sender| sender.kind == kind) {
            let named = encodings
                .iter()
                .find(|(rid, _)| Some(rid.as_str()) == sender.coding.rid());
            if let Some((_, watched)) = named {
                sender.set_active(*watched);
            }
        }
    }

    /// The encodings of its camera that it sends now, by RID.
    #[must_use]
    pub fn sent_encodings(&self) -> Vec<&'static str> {
        let sent = self.senders.iter().filter(|sender| sender.is_active());
        sent.filter_map(|sender| sender.coding.rid()).collect()
    }

    /// A source leaves out so many sequence numbers.
    pub fn skip_numbers(&mut self, kind: SourceKind, count: u64) {
        for sender in self.senders.iter_mut().filter(|sender| sender.kind == kind) {
            sender.skip_numbers(count);
        }
    }
}
