//! What signaling needs from the media server.

use async_trait::async_trait;
use sfu_core::{Join, JoinError, Joined, PeerId, RoomId, SlotMapping, SlotSize, Source};

/// The media plane, as signaling sees it. Its [`sfu_core::Event`]s come back to [`crate::Hub::media_event`].
#[async_trait]
pub trait MediaPlane: Send + Sync + 'static {
    /// Answers an offer. The peer's gate is shut until [`MediaPlane::set_forwarding`] opens it.
    async fn join(&self, join: Join) -> Result<Joined, JoinError>;

    /// Removes a peer.
    fn leave(&self, peer: PeerId);

    /// Opens or shuts a peer's gate, both directions.
    fn set_forwarding(&self, peer: PeerId, allowed: bool);

    /// Says what a subscriber's slots carry.
    fn map_slots(&self, peer: PeerId, slots: Vec<SlotMapping>);

    /// Says how large a subscriber shows its video slots.
    fn size_slots(&self, peer: PeerId, sizes: Vec<SlotSize>);

    /// Forwards nothing of a source, or forwards it again.
    fn mute(&self, source: Source, muted: bool);

    /// Begins an ICE restart with the client's new `ice-ufrag`; [`sfu_core::Event::Restarted`] answers.
    fn restart(&self, peer: PeerId, ufrag: String);

    /// Removes every peer of a room.
    fn stop(&self, room: RoomId);
}
