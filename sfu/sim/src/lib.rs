//! A deterministic world around the media plane: virtual clock, lossy network, model clients that check what they get.
//!
//! All of it follows from one seed, but for the keys of DTLS, of which nothing is to be seen but bytes that nobody reads:
//! the same seed gives the same datagrams of the same lengths at the same times.

mod client;
mod crypto;
mod link;
mod network;
mod scoreboard;
mod world;

pub use client::{Client, ClientConfig, Freeze, Heard, Received, ReceivedStream, Seen};
pub use link::{CompetingFlow, Competitor, Link, LinkConfig, LinkStats, Loss, Passed, Profile, Rate};
pub use network::{Access, Conditions, Datagram, Network};
pub use scoreboard::{Row, Scene, score};
pub use world::{Failure, Outcome, Reach, Report, World};
