//! What every handler and job shares: database, clock, randomness, settings and limits.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use signaling_protocol::TicketKey;

use crate::accounts::password::Hasher;
use crate::config::BookingConfig;
use crate::db::{Db, DbError};
use crate::limits::Limits;

/// UTC microseconds since 1970.
pub type Micros = i64;

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

/// Fills bytes with randomness. A parameter, so that tests can repeat it.
#[derive(Clone)]
pub struct Random(Arc<dyn Fn(&mut [u8]) + Send + Sync>);

/// A secret that grants access: 256 random bits. Only its hash is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Random {
    #[must_use]
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// The thread's generator, seeded by the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|bytes| rand::RngCore::fill_bytes(&mut rand::rng(), bytes))
    }

    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }

    #[must_use]
    pub fn token(&self) -> Token {
        Token(URL_SAFE_NO_PAD.encode(self.bytes::<32>()))
    }

    /// A new id: UUIDv7 (RFC 9562 section 5.7), so that rows sort by age.
    #[must_use]
    pub fn id(&self, now: Micros) -> String {
        let millis = u64::try_from(now / 1000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes::<10>())
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
}

impl AppState {
    /// Opens and migrates the database, with the machine's clock and randomness.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn open(config: BookingConfig) -> Result<Self, DbError> {
        Self::open_with(config, Clock::system(), Random::system()).await
    }

    /// As [`AppState::open`], with a clock and randomness of the caller's.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn open_with(config: BookingConfig, clock: Clock, random: Random) -> Result<Self, DbError> {
        let db = Db::open(&config.database_url).await?;
        Ok(Self {
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
