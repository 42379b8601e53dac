//! A deterministic world around the media plane: virtual clock, lossy network, model clients that check what they get.
//!
//! The core, the network and the media follow from one seed. The DTLS library draws on the system's randomness, so
//! keys (and the sizes of some handshake records) differ from run to run; nothing that is checked depends on them.

mod client;
mod link;
mod network;
mod scoreboard;
mod world;

pub use client::{Client, ClientConfig, Freeze, Heard, Received, ReceivedStream, Seen};
pub use link::{CompetingFlow, Competitor, Link, LinkConfig, LinkStats, Loss, Passed, Profile, Rate};
pub use network::{Access, Conditions, Datagram, Network};
pub use scoreboard::{Row, Scene, score};
pub use world::{FRESH_USUALLY, Failure, Outcome, Report, World};
