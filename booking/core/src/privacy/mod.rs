//! What we know about a person: shown, exported, and erased.

pub mod erase;
mod export;
pub mod inactive;
pub mod overview;
mod record_words;
pub mod registry;
pub mod retention;

pub use erase::{UNDO_US, erase_due};
pub use export::export_all;
