//! The load tool: many lean clients against a media server, the server's CPU and memory, what arrived and how late.
//!
//! Clients speak real ICE, DTLS and SRTP. They count every packet and open one in 64, so that their own cost does not
//! decide the result.

mod client;
mod histogram;
mod limit;
mod machine;
mod network;
mod pool;
mod report;
mod scenario;
mod sdp;
mod target;
mod twcc;
mod wire;

pub use client::{NewClient, Pace, StreamPlan, Tally};
pub use histogram::Histogram;
pub use limit::{Drain, LimitSender, drain};
pub use machine::describe;
pub use network::Network;
pub use pool::{Pool, State};
pub use report::{LOSS_MAX, Report};
pub use scenario::{Run, Scenario};
pub use sdp::{Local, LocalStream, Media, Remote};
pub use sfu_syscalls::{pin_thread, raise_descriptor_limit, unshare_network};
pub use target::{Bare, BareHost, Booka, Janus, Participant, Target, Whip, serve_bare};
