//! What signaling needs from the media server.

use async_trait::async_trait;
use sfu_core::{Join, JoinError, Joined, PeerId, RoomId, SlotMapping};

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

    /// Removes every peer of a room.
    fn stop(&self, room: RoomId);
}
