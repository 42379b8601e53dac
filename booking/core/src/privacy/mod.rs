//! What we know about a person: shown, exported, and erased.

pub mod erase;
pub mod overview;
pub mod registry;

pub use erase::{UNDO_US, erase_due};
