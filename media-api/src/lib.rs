//! The media server for partners: rooms and tickets by JSON, media by WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep).
//!
//! [`rooms`] decides and knows no clock, randomness or I/O; [`MediaApi`] asks the media plane, [`router`] speaks HTTP.

mod fragment;
pub mod fuzzing;
mod http;
mod keys;
pub mod limits;
mod metrics;
mod offer;
pub mod rooms;
mod service;

pub use http::router;
pub use keys::{KeyHash, PartnerKeys, fresh_key};
pub use metrics::{Count, Metrics};
pub use service::{ApiConfig, MediaApi};
