//! Deletes files from the store of documents.

use object_store::ObjectStoreExt as _;
use object_store::path::Path;

use crate::base::{Base, Fault, Result};

/// Files that are deleted at the same time.
const FILES_AT_ONCE: usize = 16;

/// Deletes all of these; one that is gone already is no error.
pub(super) async fn delete_files(state: &Base, paths: Vec<String>) -> Result<()> {
    let mut running = tokio::task::JoinSet::new();
    for path in paths {
        if running.len() >= FILES_AT_ONCE {
            joined(running.join_next().await)?;
        }
        let files = std::sync::Arc::clone(&state.files);
        running.spawn(async move { files.delete(&Path::from(path.as_str())).await });
    }
    while let Some(done) = running.join_next().await {
        joined(Some(done))?;
    }
    Ok(())
}

/// A file that is gone is what we want.
fn joined(
    done: Option<std::result::Result<std::result::Result<(), object_store::Error>, tokio::task::JoinError>>,
) -> Result<()> {
    match done {
        None | Some(Ok(Ok(()) | Err(object_store::Error::NotFound { .. }))) => Ok(()),
        Some(Ok(Err(error))) => Err(Fault::internal(&error)),
        Some(Err(error)) => Err(Fault::internal(&error)),
    }
}
