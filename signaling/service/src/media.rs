//! What signaling needs from the media server.

use async_trait::async_trait;
use sfu_core::{Command, Join, JoinError, Joined};

/// The media plane, as signaling sees it. Its [`sfu_core::Event`]s come back to [`crate::Hub::media_event`].
#[async_trait]
pub trait MediaPlane: Send + Sync + 'static {
    /// Answers an offer. The peer's gate is shut until [`Command::SetForwarding`] opens it.
    async fn join(&self, join: Join) -> Result<Joined, JoinError>;

    /// Takes any other command, without waiting for anything.
    fn command(&self, command: Command);
}
