//! One server on one set of data: a second one would take the time of running calls from the first.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::config::Config;

/// Locks held by this process; the system gives them back when it ends, however it ends.
pub(crate) struct DataLocks(#[expect(dead_code, reason = "held, not read")] Vec<File>);

/// Locks the data folder, and the database file where it lies elsewhere. Servers that share a PostgreSQL database may
/// share a folder too: there each name is locked.
///
/// # Errors
/// When another process holds one of them.
pub(crate) fn take(config: &Config) -> anyhow::Result<DataLocks> {
    let mut files = Vec::new();
    for path in paths(config) {
        let open = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        let file = open.with_context(|| format!("cannot make {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => files.push(file),
            Err(TryLockError::WouldBlock) => bail!(
                "another booka is serving from these data: {} is locked. Stop it first; a second one beside it needs \
                 its own data_dir",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
    }
    Ok(DataLocks(files))
}

/// Whether a server holds the locks, with nothing made or changed.
pub(crate) fn is_taken(config: &Config) -> bool {
    paths(config)
        .iter()
        .any(|path| File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))))
}

fn paths(config: &Config) -> Vec<PathBuf> {
    match config.sqlite_file() {
        Some(database) => {
            let mut beside = database.into_os_string();
            beside.push(".lock");
            vec![config.data_dir.join("serve.lock"), PathBuf::from(beside)]
        }
        None => {
            let node: String = config
                .node_name()
                .chars()
                .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' })
                .collect();
            vec![config.data_dir.join(format!("serve-{node}.lock"))]
        }
    }
}

/// Makes the data folder, and takes others' rights to what lies in it away: it holds people's data and our keys.
///
/// # Errors
/// When the folder cannot be made, or the database file is empty.
pub(crate) fn prepare_data(config: &Config) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let folder = &config.data_dir;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the data folder {}", folder.display()))?;
    make_private(folder);
    if let Some(database) = config.sqlite_file() {
        if is_empty_file(&database) {
            bail!(
                "{} is there, but empty: that is no new installation. Restore it from a backup, or delete it to begin anew",
                database.display()
            );
        }
        for end in ["", "-wal", "-shm"] {
            let mut path = database.clone().into_os_string();
            path.push(end);
            make_private(Path::new(&path));
        }
    }
    Ok(())
}

/// Whether there is a file with nothing in it. A database that was made, however new, has pages.
pub(crate) fn is_empty_file(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() == 0)
}

fn make_private(path: &Path) {
    let Ok(about) = std::fs::metadata(path) else { return };
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return;
    }
    let private = std::fs::Permissions::from_mode(mode & 0o700);
    match std::fs::set_permissions(path, private) {
        Ok(()) => tracing::warn!(path = %path.display(), "others could read this; now only the server's account can"),
        Err(error) => tracing::error!(path = %path.display(), %error, "others can read this, and it cannot be changed"),
    }
}
