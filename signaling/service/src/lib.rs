//! Sessions, lobby, rooms and the call clock, and the WebSocket they are reached by.
//!
//! Two traits are the only ways out: [`CallAuthority`] to the booking side, [`MediaPlane`] to the media server.

pub mod authority;
pub mod media;

pub use authority::{CallAuthority, CallGrant, Refusal, SegmentEnd, SegmentKey};
pub use media::MediaPlane;
