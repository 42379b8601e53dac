//! What every feature stands on: database, clock, randomness, settings, limits, money, who asks, and the outbox of mails.
//!
//! Nothing here knows a feature.

pub mod actor;
pub mod advice;
pub mod amount;
pub mod audit;
pub mod charge;
pub mod commission;
pub mod config;
pub mod db;
mod fault;
pub mod fields;
mod ids;
pub mod limits;
pub mod money;
mod networks;
pub mod outbox;
pub mod password;
pub mod policy;
pub mod security;
mod time;
pub mod vat;
mod word;

use std::sync::Arc;

use object_store::ObjectStore;
use signaling_protocol::TicketKey;
use tokio::sync::Notify;

use config::BookingConfig;
use db::{Db, DbError};
use limits::Limits;
use outbox::{MailCounts, Mailer};
use password::Hasher;

pub use fault::{Fault, Result};
pub use ids::{Random, Token, hex, token_hash};
pub use networks::{BadNetwork, Networks};
pub use time::{CELL_US, Clock, DAY_US, DEFAULT_ZONE, HOUR_US, MINUTE_US, Micros, SECOND_US};
pub use word::UnknownWord;

/// What every operation is handed; cheap to clone.
#[derive(Clone)]
pub struct Base {
    pub db: Db,
    pub clock: Clock,
    pub random: Random,
    pub config: Arc<BookingConfig>,
    pub hasher: Hasher,
    pub limits: Arc<Limits>,
    pub ticket_key: TicketKey,
    /// Keeps the bytes of issued documents.
    pub files: Arc<dyn ObjectStore>,
    /// Sends the mails of the outbox; without one they stay there, where the operator sees them.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// For metrics.
    pub mail_counts: Arc<MailCounts>,
    /// Wakes the jobs before their time.
    pub jobs_wanted: Arc<Notify>,
    /// Wakes the job that asks payment providers.
    pub payments_wanted: Arc<Notify>,
}

impl Base {
    /// Opens and migrates the database. What reaches outside is handed in: clock, randomness, files and mails.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn open(
        config: BookingConfig,
        clock: Clock,
        random: Random,
        files: Arc<dyn ObjectStore>,
        mailer: Option<Arc<dyn Mailer>>,
    ) -> Result<Self, DbError> {
        Ok(Self {
            db: Db::open(&config.database_url).await?,
            hasher: Hasher::new(),
            limits: Arc::new(Limits::new(&clock)),
            ticket_key: TicketKey::new(config.ticket_secret),
            config: Arc::new(config),
            clock,
            random,
            files,
            mailer,
            mail_counts: Arc::default(),
            jobs_wanted: Arc::default(),
            payments_wanted: Arc::default(),
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

    /// An absolute address for mails, from one of `texts::routes`.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.config.public_url)
    }
}
