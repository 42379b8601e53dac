//! What signaling needs from the media server, and its words for what the protocol speaks of, too.

use async_trait::async_trait;
use sfu_core::{Command, Join, JoinError, Joined, Mid, SlotSize, SourceKind};
use signaling_protocol::message;

/// The media plane, as signaling sees it. Its [`sfu_core::Event`]s come back to [`crate::Hub::media_event`].
#[async_trait]
pub trait MediaPlane: Send + Sync + 'static {
    /// Answers an offer. The peer's gate is shut until [`Command::SetForwarding`] opens it.
    async fn join(&self, join: Join) -> Result<Joined, JoinError>;

    /// Takes any other command, without waiting for anything.
    fn command(&self, command: Command);
}

/// A source in the words of the protocol.
#[must_use]
pub fn message_source(kind: SourceKind) -> message::SourceKind {
    match kind {
        SourceKind::Microphone => message::SourceKind::Microphone,
        SourceKind::Camera => message::SourceKind::Camera,
        SourceKind::Screen => message::SourceKind::Screen,
        SourceKind::ScreenAudio => message::SourceKind::ScreenAudio,
    }
}

/// A source in the words of the media plane.
#[must_use]
pub fn media_source(kind: message::SourceKind) -> SourceKind {
    match kind {
        message::SourceKind::Microphone => SourceKind::Microphone,
        message::SourceKind::Camera => SourceKind::Camera,
        message::SourceKind::Screen => SourceKind::Screen,
        message::SourceKind::ScreenAudio => SourceKind::ScreenAudio,
    }
}

/// A slot's size in the words of the media plane.
#[must_use]
pub fn media_size(size: message::SlotSize) -> SlotSize {
    SlotSize {
        mid: Mid(size.mid),
        width: size.width,
        height: size.height,
    }
}
