//! Sessions, lobby, rooms and the call clock, and the WebSocket they are reached by.
//!
//! Two traits are the only ways out: [`CallAuthority`] to the booking side, [`MediaPlane`] to the media server. The media
//! API stands beside it over the same media plane, and shares [`slots`], [`Bucket`] and [`counts!`].

pub mod authority;
mod bucket;
pub mod clock;
mod counts;
mod crowd;
mod hub;
pub mod limits;
pub mod media;
mod metrics;
mod peers;
mod quality;
pub mod room;
pub mod session;
pub mod slots;
mod socket;

pub use authority::{CallAuthority, CallGrant, Refusal, SegmentEnd, SegmentKey, Standing};
pub use bucket::Bucket;
pub use hub::{Hub, HubConfig, room_id};
pub use media::MediaPlane;
pub use metrics::{Count, Metrics};
pub use peers::{PeerIds, PeerOwner};
pub use quality::{QualityBoard, QualitySummary};
pub use room::RoomConfig;
pub use socket::{ClientAddress, SocketConfig, router};
