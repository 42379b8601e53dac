//! Keys and secrets: made at the first start, kept in files that only the server's account can read.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use rand::TryRngCore as _;
use rand::rngs::OsRng;

/// A secret of 256 random bits.
pub(crate) type Secret = [u8; 32];

/// Reads the secret called `name` below `data_dir`, making it first if there is none.
///
/// # Errors
/// When the file cannot be read or made, has the wrong length, or others may read it.
pub(crate) fn load_or_make(data_dir: &Path, name: &str) -> anyhow::Result<Secret> {
    let folder = data_dir.join("secrets");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
    let path = folder.join(name);
    if path
        .try_exists()
        .with_context(|| format!("cannot look at {}", path.display()))?
    {
        return read(&path);
    }
    make(&folder, &path).with_context(|| format!("cannot make {}", path.display()))
}

/// Whether the secret called `name` can be used, or would be made; nothing is made or changed.
///
/// # Errors
/// As [`load_or_make`] would fail.
pub(crate) fn inspect(data_dir: &Path, name: &str) -> anyhow::Result<()> {
    let path = data_dir.join("secrets").join(name);
    match path.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => read(&path).map(drop),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", path.display())),
    }
}

/// Makes a secret beside its place and puts it there whole, so that neither a crash nor another process meets half of it.
fn make(folder: &Path, path: &Path) -> anyhow::Result<Secret> {
    let mut secret = Secret::default();
    OsRng
        .try_fill_bytes(&mut secret)
        .context("the system gives no randomness")?;
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    // Of a crash, under the number that is this process's now; made anew, so that nobody else may read it.
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    // A link never takes the place of what another process has put there first.
    let placed = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match placed {
        Ok(()) => {
            File::open(folder)?.sync_all()?;
            Ok(secret)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(error.into()),
    }
}

fn read(path: &Path) -> anyhow::Result<Secret> {
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!(
            "{} can be read by others: chmod 600 it, and think about who has read it",
            path.display()
        );
    }
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    match Secret::try_from(bytes) {
        Ok(secret) => Ok(secret),
        Err(bytes) => bail!("{} holds {} bytes instead of 32", path.display(), bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_kept_private() {
        let folder = std::env::temp_dir().join(format!("booka-secrets-{}", std::process::id()));
        let first = load_or_make(&folder, "ticket").expect("it can be made");
        let second = load_or_make(&folder, "ticket").expect("it can be read");
        assert_eq!(first, second);
        assert_ne!(first, load_or_make(&folder, "session").expect("it can be made"));
        let path = folder.join("secrets/ticket");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
        assert!(load_or_make(&folder, "ticket").is_err());
        std::fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn what_a_crash_left_half_made_stands_in_nobodys_way() {
        let folder = std::env::temp_dir().join(format!("booka-half-secrets-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("secrets")).expect("a folder");
        let draft = folder.join(format!("secrets/ticket.draft-{}", std::process::id()));
        std::fs::write(&draft, b"half").expect("it can be written");
        let first = load_or_make(&folder, "ticket").expect("it can be made");
        assert!(!draft.exists());
        assert_eq!(first, load_or_make(&folder, "ticket").expect("it can be read"));
        std::fs::remove_dir_all(folder).expect("it is ours");
    }
}
