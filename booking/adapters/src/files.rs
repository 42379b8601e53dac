//! Issued documents in a local folder.

use std::path::Path;

use object_store::local::LocalFileSystem;

/// The folder in which documents are kept. A file is on the disk before its row says so.
///
/// # Errors
/// When the folder cannot be made or used.
pub fn local_folder(folder: &Path) -> Result<LocalFileSystem, String> {
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| error.to_string())?;
    Ok(store.with_fsync(true))
}
