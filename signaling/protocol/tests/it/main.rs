//! What other parts derive from the messages: the TypeScript types and the protocol document.

mod document;
mod generated;

use std::path::PathBuf;

/// The root of the work tree, where files of other folders are read from.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
