//! What every handler and job shares: database, clock, randomness, settings and limits.

use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use sha2::{Digest as _, Sha256};
use signaling_protocol::TicketKey;
use tokio::sync::Notify;

use crate::accounts::password::Hasher;
use crate::billing::{PaymentProvider, TestProvider};
use crate::config::BookingConfig;
use crate::db::{Db, DbError};
use crate::limits::Limits;
use crate::operator::LiveCalls;

/// UTC microseconds since 1970.
pub type Micros = i64;

/// The counter of an id has twelve bits.
const COUNTER_MAX: u16 = 0x0fff;

pub const SECOND_US: Micros = 1_000_000;
pub const MINUTE_US: Micros = 60 * SECOND_US;
pub const HOUR_US: Micros = 60 * MINUTE_US;
pub const DAY_US: Micros = 24 * HOUR_US;

/// Asks what time it is. A parameter, so that tests decide it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Micros + Send + Sync>);

impl Clock {
    #[must_use]
    pub fn new(now: impl Fn() -> Micros + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|| jiff::Timestamp::now().as_microsecond())
    }

    #[must_use]
    pub fn now(&self) -> Micros {
        (self.0)()
    }
}

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

/// Shared by every request; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    pub db: Db,
    pub clock: Clock,
    pub random: Random,
    pub config: Arc<BookingConfig>,
    pub hasher: Hasher,
    pub limits: Arc<Limits>,
    pub ticket_key: TicketKey,
    /// Moves money. The built-in test provider unless the caller puts another one here.
    pub payments: Arc<dyn PaymentProvider>,
    /// Keeps the bytes of issued documents.
    pub documents: Arc<dyn ObjectStore>,
    /// Where the operator's page learns of calls under way; set once, by whoever owns them.
    pub live_calls: Arc<OnceLock<Arc<dyn LiveCalls>>>,
    /// Wakes the jobs before their time.
    pub jobs_wanted: Arc<Notify>,
}

/// Why the state cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("the folder for documents cannot be used: {0}")]
    Documents(String),
}

/// The folder in which documents are kept. A file is on the disk before its row says so.
fn open_documents(data_dir: &std::path::Path) -> Result<LocalFileSystem, String> {
    std::fs::create_dir_all(data_dir).map_err(|error| error.to_string())?;
    let store = LocalFileSystem::new_with_prefix(data_dir).map_err(|error| error.to_string())?;
    Ok(store.with_fsync(true))
}

impl AppState {
    /// Opens and migrates the database, with the machine's clock and randomness.
    ///
    /// # Errors
    /// As [`Db::open`], or when the data folder cannot be written to.
    pub async fn open(config: BookingConfig) -> Result<Self, OpenError> {
        Self::open_with(config, Clock::system(), Random::system()).await
    }

    /// As [`AppState::open`], with a clock and randomness of the caller's.
    ///
    /// # Errors
    /// As [`AppState::open`].
    pub async fn open_with(config: BookingConfig, clock: Clock, random: Random) -> Result<Self, OpenError> {
        let db = Db::open(&config.database_url).await?;
        let documents = open_documents(&config.data_dir).map_err(OpenError::Documents)?;
        Ok(Self {
            payments: Arc::new(TestProvider::new(db.clone(), random.clone())),
            documents: Arc::new(documents),
            live_calls: Arc::default(),
            jobs_wanted: Arc::default(),
            db,
            hasher: Hasher::new(),
            limits: Arc::new(Limits::new(&clock)),
            ticket_key: TicketKey::new(config.ticket_secret),
            config: Arc::new(config),
            clock,
            random,
        })
    }

    #[must_use]
    pub fn now(&self) -> Micros {
        self.clock.now()
    }

    /// A new id at this moment.
    #[must_use]
    pub fn id(&self) -> String {
        self.random.id(self.now())
    }

    /// An absolute address for mails, from one of `web::routes`.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.config.public_url)
    }
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
