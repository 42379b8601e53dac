//! Formats on the wire: they read and write, and decide nothing.

pub(crate) mod candidate;
pub(crate) mod dtls;
pub(crate) mod network;
pub mod rtcp;
pub mod rtp;
pub(crate) mod sdp;
pub mod srtp;
pub mod stun;
