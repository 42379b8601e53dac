//! The operator's pages: calls under way, appointments to the last line of the ledger, and the outbox.

mod live;
mod pages;
mod quality;
pub(crate) mod queries;
pub mod timeline;

pub use live::{CAPTURE_MAX, CaptureError, LiveCall, LiveCalls, LiveSeat, LiveStats};
pub(crate) use pages::router;
