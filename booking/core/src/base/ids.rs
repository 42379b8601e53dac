//! Ids, and tokens that grant access.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::time::Micros;

/// The counter of an id has twelve bits.
const COUNTER_MAX: u16 = 0x0fff;

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

/// Fills bytes with randomness. A parameter, so that tests can repeat it.
#[derive(Clone)]
pub struct Random {
    fill: Arc<Fill>,
    /// Millisecond and counter of the newest id, so that ids of this process sort in the order they were made.
    newest: Arc<Mutex<(u64, u16)>>,
}

/// A secret that grants access: 256 random bits. Only its hash is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Random {
    #[must_use]
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self {
            fill: Arc::new(fill),
            newest: Arc::default(),
        }
    }

    /// The thread's generator, seeded by the operating system.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "here the system's randomness comes in; everything else is handed it"
    )]
    pub fn system() -> Self {
        Self::new(|bytes| rand::RngCore::fill_bytes(&mut rand::rng(), bytes))
    }

    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.fill)(&mut bytes);
        bytes
    }

    #[must_use]
    pub fn token(&self) -> Token {
        Token(URL_SAFE_NO_PAD.encode(self.bytes::<32>()))
    }

    /// A new id: UUIDv7 with a counter (RFC 9562 sections 5.7 and 6.2, method 1), so that rows sort by age.
    #[must_use]
    pub fn id(&self, now: Micros) -> String {
        let mut bytes = self.bytes::<10>();
        let (millis, counter) = {
            let mut newest = self.newest.lock().expect("nobody panics while holding it");
            let millis = u64::try_from(now / 1000).unwrap_or(0);
            *newest = match *newest {
                (last, counter) if last >= millis && counter < COUNTER_MAX => (last, counter + 1),
                (last, _) if last >= millis => (last + 1, 0),
                _ => (millis, 0),
            };
            *newest
        };
        bytes[..2].copy_from_slice(&counter.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes)
            .into_uuid()
            .to_string()
    }
}

impl Token {
    /// The text that goes into a link or a cookie.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn hash(&self) -> String {
        token_hash(&self.0)
    }
}

/// What is stored of a token: SHA-256, in hexadecimal. The token has 256 random bits, so no salt or stretching is due.
#[must_use]
pub fn token_hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_sort_as_they_were_made() {
        let random = Random::system();
        let ids: Vec<String> = (0..10_000).map(|_| random.id(1_795_420_800_000_000)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert!(uuid::Uuid::parse_str(&ids[0]).is_ok_and(|id| id.get_version_num() == 7));
    }
}
