//! Mails. They are rows of the outbox first, written in the transaction of what they tell about, and sent by a worker
//! afterwards. Without a mail server they stay there, and the operator reads them on the outbox page.

pub mod queries;
mod sender;

use async_trait::async_trait;
use texts::{Locale, t};

pub use queries::DueMail;
pub use sender::send_due;

use crate::base::db::{DbError, Tx};
use crate::base::{Base, DAY_US, Micros};

/// Who gets a mail, in which language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The account, if the address belongs to one: its export and erasure take the mail along.
    pub account_id: Option<String>,
    pub name: String,
    pub address: String,
    pub locale: Locale,
}

/// A mail as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// A second message with the same key is not written: what happens again is told once.
    pub key: String,
    /// For the operator's list, for example `verify`.
    pub kind: &'static str,
    pub recipient: Recipient,
    pub appointment_id: Option<String>,
    pub subject: String,
    pub body: String,
    /// A calendar file to attach.
    pub ics: Option<String>,
}

/// How far a mail has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxState {
    Queued,
    Sent,
    /// Given up after [`sender::ATTEMPTS_MAX`] tries.
    Failed,
}

impl OutboxState {
    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for OutboxState {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Queued, Self::Sent, Self::Failed]
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or(())
    }
}

/// Links of mails run out within seven days; what nobody's account claims is not kept longer.
const LINKS_KEPT_US: Micros = 8 * DAY_US;
/// How long the other mails are kept, sent or not, so that we can say whether something was sent.
const KEPT_US: Micros = 90 * DAY_US;

/// Deletes mails that are too old to be kept. Returns how many.
///
/// # Errors
/// When the database fails.
pub async fn sweep(state: &Base) -> Result<u64, DbError> {
    let now = state.now();
    let mut tx = state.db.write().await?;
    let gone = queries::sweep(&mut tx, now - LINKS_KEPT_US, now - KEPT_US).await?;
    tx.commit().await?;
    Ok(gone)
}

/// Puts a mail into the outbox, in the caller's transaction. Returns whether it is new.
///
/// # Errors
/// When the database fails.
pub async fn enqueue(state: &Base, tx: &mut Tx, message: &Message) -> Result<bool, DbError> {
    let now = state.now();
    queries::insert(tx, &state.random.id(now), message, now).await
}

/// Hands mails to the world outside.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Sends one mail.
    ///
    /// # Errors
    /// Why it was not sent, for the operator.
    async fn send(&self, mail: &DueMail) -> std::result::Result<(), NotSent>;
}

/// Why a mail was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSent {
    /// For the operator's page only: mail servers name addresses.
    pub reason: String,
    /// Another try would be refused as well (RFC 5321 4.2.1).
    pub is_permanent: bool,
}

/// Subject and body of the mail `name` in the recipient's language, with the signature.
pub fn text(locale: Locale, subject: &str, body: &str, args: &[(&str, &str)]) -> (String, String) {
    let args: Vec<_> = args.iter().map(|(name, value)| (*name, (*value).into())).collect();
    // A subject is one line, whatever names are in it.
    let subject = t(locale, subject, &args).replace(['\r', '\n'], " ");
    let body = format!("{}\n\n{}\n", t(locale, body, &args), t(locale, "mail-signature", &[]));
    (subject, body)
}
