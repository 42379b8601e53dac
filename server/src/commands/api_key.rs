//! `booka api-key`: a key for a partner. Nothing is stored: the operator configures its hash.

use anyhow::Context as _;
use rand::TryRngCore as _;
use rand::rngs::OsRng;

use crate::terminal::say;

/// Prints a fresh key and its hash.
///
/// # Errors
/// When the system gives no randomness, or nobody listens.
pub(crate) fn print() -> anyhow::Result<()> {
    let mut random = [0; 32];
    OsRng
        .try_fill_bytes(&mut random)
        .context("the system gives no randomness")?;
    let (key, hash) = media_api::fresh_key(random);
    say(&format!(
        "Key, for the partner; it is shown only now:\n  {key}\n\
         Hash, for media_api.key_hashes in the configuration:\n  {}\n",
        hash.to_hex()
    ))
}
