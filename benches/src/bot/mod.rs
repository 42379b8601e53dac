//! An independent participant: another WebRTC implementation that joins a call as a browser would.
//!
//! It takes a ticket, makes one offer, sends a VP8 clip and an Opus tone, measures what comes back, and
//! reports. A second implementation finds the faults that a self-made client shares with the server.

mod clip;
mod engine;
mod peer;
mod received;
mod send;
mod session;
mod signaling;
mod tone;

pub use clip::{Clip, ClipError, ClipPlayer, keyframe_size};
pub use peer::{Offer, Peer, ReceiveSlots};
pub use received::{Received, Totals};
pub use send::{Sending, SentTotals};
pub use session::{BotConfig, Expectations, Report, run};
pub use tone::{Heard, ToneMeter, ToneSource};
