//! Argon2id, kept away from the async threads and never more than a few at a time.

use std::sync::{Arc, Mutex};

use argon2::password_hash::{Output, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
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
pub struct Hasher {
    turns: Arc<Semaphore>,
    /// The memory of those who had a turn. Memory of this size that is asked for anew on changing threads stays with the
    /// process, a block for each thread.
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(limits::HASHERS_MAX)),
            memory: Arc::default(),
        }
    }

    /// Hashes a new password with a fresh salt.
    ///
    /// # Errors
    /// [`Fault::Busy`] when too many are waiting.
    pub async fn hash(&self, random: &Random, password: String) -> Result<String, Fault> {
        let password = opaque(&password);
        let salt = SaltString::encode_b64(&random.bytes::<16>()).expect("16 bytes are a salt");
        self.run(move |memory| {
            let hash = digest(params(), salt.as_salt(), &password, memory).expect("length and salt are in range");
            let written = PasswordHash {
                algorithm: Algorithm::Argon2id.ident(),
                version: Some(Version::V0x13.into()),
                params: (&params()).try_into().expect("the parameters can be written"),
                salt: Some(salt.as_salt()),
                hash: Some(hash),
            };
            written.to_string()
        })
        .await
    }

    /// Whether `password` is the one behind `stored`. Without a stored hash it works as long, and says no.
    ///
    /// # Errors
    /// [`Fault::Busy`] when too many are waiting.
    pub async fn verify(&self, stored: Option<String>, password: String) -> Result<bool, Fault> {
        let password = opaque(&password);
        self.run(move |memory| {
            let text = stored.as_deref().unwrap_or(NOBODY);
            let fits = PasswordHash::new(text).is_ok_and(|hash| is_of(&hash, &password, memory));
            fits && stored.is_some()
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let acquire = Arc::clone(&self.turns).acquire_owned();
        let permit = tokio::time::timeout(limits::HASHER_WAIT, acquire)
            .await
            .map_err(|_| Fault::Busy)?;
        let permit = permit.expect("the semaphore is never closed");
        let pool = Arc::clone(&self.memory);
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let taken = pool.lock().expect("nobody panics while holding it").pop();
            let mut memory = taken.unwrap_or_default();
            let done = work(&mut memory);
            pool.lock().expect("nobody panics while holding it").push(memory);
            done
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

fn params() -> Params {
    Params::new(19 * 1024, 2, 1, None).expect("the parameters are in range")
}

/// Compares in constant time, as [`Output`] does.
fn is_of(stored: &PasswordHash<'_>, password: &str, memory: &mut Vec<Block>) -> bool {
    let (Some(salt), Some(expected), Ok(params)) = (stored.salt, stored.hash, Params::try_from(stored)) else {
        return false;
    };
    let known = stored.algorithm == Algorithm::Argon2id.ident() && stored.version == Some(Version::V0x13.into());
    known && digest(params, salt, password, memory).is_some_and(|hash| hash == expected)
}

fn digest(params: Params, salt: Salt<'_>, password: &str, memory: &mut Vec<Block>) -> Option<Output> {
    let mut bytes = [0; Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut bytes).ok()?;
    memory.resize(params.block_count(), Block::default());
    let len = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Output::init_with(len, |out| {
        Ok(argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, memory)?)
    })
    .ok()
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

    /// Trial F6: resident memory after many tries from many threads.
    #[test]
    fn f6_many_tries_take_the_memory_of_two() {
        const THREADS: usize = 32;
        if !is_alone("f6_many_tries_take_the_memory_of_two") {
            return;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(THREADS)
            .enable_time()
            .build()
            .expect("a runtime");
        let hasher = Hasher::new();
        runtime.block_on(async {
            let meeting = Arc::new(std::sync::Barrier::new(THREADS));
            let waiting: Vec<_> = (0..THREADS)
                .map(|_| {
                    let meeting = Arc::clone(&meeting);
                    tokio::task::spawn_blocking(move || meeting.wait().is_leader())
                })
                .collect();
            for thread in waiting {
                thread.await.expect("it waits for the others only");
            }
            let before = resident_kib();
            let tries: Vec<_> = (0..96)
                .map(|_| {
                    let hasher = hasher.clone();
                    tokio::spawn(async move { hasher.verify(None, "guess".to_owned()).await })
                })
                .collect();
            for one in tries {
                assert_eq!(one.await.expect("no panic"), Ok(false));
            }
            let grown = resident_kib().saturating_sub(before);
            // Two blocks of 19 MiB, and stacks of the threads.
            assert!(grown < 48 * 1024, "{grown} KiB");
        });
    }

    /// Runs the test once more in a process of its own, where no other test takes memory, and returns whether this is it.
    fn is_alone(test: &str) -> bool {
        const ALONE: &str = "BOOKA_TEST_ALONE";
        if std::env::var_os(ALONE).is_some() {
            return true;
        }
        let output = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                &format!("{}::{test}", module_path!().split_once("::").expect("a crate").1),
            ])
            .env(ALONE, "1")
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        false
    }

    fn resident_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux says it");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        number.expect("a number of KiB")
    }
}
