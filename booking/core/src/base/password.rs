//! Argon2id, kept away from the async threads and never more than a few at a time.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use crate::base::Fault;
use crate::base::Random;
use crate::base::limits;

/// A hash of no password: compared with when there is no account, so that the answer takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Ym9va2Etbm9ib2R5LXNhbHQ$7cHnmnfSmyIe7hbC2gFz0yY0bbGQLdBn0Jq1RdBpCGw";

/// Hashes and checks passwords (RFC 9106; 19 MiB, 2 passes, 1 lane).
#[derive(Clone)]
pub struct Hasher(Arc<Semaphore>);

impl Hasher {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(limits::HASHERS_MAX)))
    }

    /// Hashes a new password with a fresh salt.
    ///
    /// # Errors
    /// [`Fault::Busy`] when too many are waiting.
    pub async fn hash(&self, random: &Random, password: String) -> Result<String, Fault> {
        let password = opaque(&password);
        let salt = SaltString::encode_b64(&random.bytes::<16>()).expect("16 bytes are a salt");
        self.run(move || {
            argon2()
                .hash_password(password.as_bytes(), &salt)
                .expect("length and salt are in range")
                .to_string()
        })
        .await
    }

    /// Whether `password` is the one behind `stored`. Without a stored hash it works as long, and says no.
    ///
    /// # Errors
    /// [`Fault::Busy`] when too many are waiting.
    pub async fn verify(&self, stored: Option<String>, password: String) -> Result<bool, Fault> {
        let password = opaque(&password);
        self.run(move || {
            let text = stored.as_deref().unwrap_or(NOBODY);
            let fits =
                PasswordHash::new(text).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok());
            fits && stored.is_some()
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let acquire = Arc::clone(&self.0).acquire_owned();
        let permit = tokio::time::timeout(limits::HASHER_WAIT, acquire)
            .await
            .map_err(|_| Fault::Busy)?;
        let permit = permit.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        })
        .await
        .map_err(|error| Fault::internal(&error))
    }
}

/// The one form of a password that is typed on different keyboards (RFC 8265 4.2, OpaqueString): composed, with every
/// space a plain one.
fn opaque(typed: &str) -> String {
    typed
        .chars()
        .map(|c| if c.is_whitespace() && !c.is_ascii() { ' ' } else { c })
        .nfc()
        .collect()
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("the parameters are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// trial E13: the same password from a keyboard that decomposes did not fit.
    #[tokio::test]
    async fn a_password_fits_however_its_letters_are_composed() {
        let hasher = Hasher::new();
        let hash = hasher
            .hash(&Random::system(), "blåbær på Åsen".into())
            .await
            .expect("not busy");
        let decomposed = "bla\u{30a}bær\u{a0}pa\u{30a} A\u{30a}sen";
        assert!(hasher.verify(Some(hash), decomposed.into()).await.expect("not busy"));
    }

    #[tokio::test]
    async fn only_the_right_password_fits_and_nobody_has_none() {
        let hasher = Hasher::new();
        let hash = hasher
            .hash(&Random::system(), "korrekt hest".into())
            .await
            .expect("not busy");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(
            hasher
                .verify(Some(hash.clone()), "korrekt hest".into())
                .await
                .expect("not busy")
        );
        assert!(!hasher.verify(Some(hash), "korrekt hes".into()).await.expect("not busy"));
        assert!(!hasher.verify(None, String::new()).await.expect("not busy"));
        PasswordHash::new(NOBODY).expect("the stand-in is well formed, so comparing with it takes its time");
    }
}
