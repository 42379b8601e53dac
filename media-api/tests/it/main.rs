//! The real router over a fake media plane that records what it is asked.

mod document;
mod hostile;
mod partners;
mod plane;
mod receiving;
mod server;
mod sessions;
