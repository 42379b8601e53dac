//! Mails. They are rows of the outbox first, written in the transaction of what they tell about, and sent by a worker
//! afterwards. Without a mail server they stay there, and the operator reads them on the outbox page.

pub mod queries;
mod sender;

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use texts::{Locale, MailKind, t};

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
    pub kind: MailKind,
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
    pub fault: MailFault,
}

/// What stood in the way of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailFault {
    /// This mail, or its recipient: another try would be refused as well (RFC 5321 4.2.1).
    Never,
    /// This mail, or its recipient, for the time being.
    Later,
    /// The mail server lets nobody's mail through as we are set up: it is not there, or it refuses our login or our sender.
    Server,
}

/// What became of mails in this process.
#[derive(Debug, Default)]
pub struct MailCounts {
    pub sent: AtomicU64,
    /// Tries that the mail server refused for a mail or its recipient.
    pub refused: AtomicU64,
    /// Rounds that ended since the mail server could not be used at all.
    pub held_up: AtomicU64,
}

impl MailCounts {
    /// Every count with its name.
    #[must_use]
    pub fn snapshot(&self) -> [(&'static str, u64); 3] {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [
            ("sent", of(&self.sent)),
            ("refused", of(&self.refused)),
            ("held_up", of(&self.held_up)),
        ]
    }
}

/// That mails wait although they are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldUp {
    pub mails: i64,
    /// What the mail server said, in its words.
    pub reason: String,
}

/// Whether mails wait for a mail server that cannot be used.
///
/// # Errors
/// When the database fails.
pub async fn held_up(state: &Base) -> Result<Option<HeldUp>, DbError> {
    if state.mailer.is_none() {
        return Ok(None);
    }
    let since = state.now() - sender::STALE_AFTER_US;
    let (mails, reason) = queries::held_up(&mut state.db.read().await?, since).await?;
    Ok((mails > 0).then_some(HeldUp { mails, reason }))
}

/// Sends a mail anew that did not leave, in the caller's transaction; it counts as written now. `false` when it was sent.
///
/// # Errors
/// When the database fails.
pub async fn resend(state: &Base, tx: &mut Tx, id: &str) -> Result<bool, DbError> {
    queries::resend(tx, id, state.now()).await
}

/// The body with a line below its greeting that says that no money moves.
#[must_use]
pub fn marked_as_test(locale: Locale, body: String) -> String {
    match body.split_once("\n\n") {
        Some((greeting, rest)) => format!("{greeting}\n\n{}\n\n{rest}", t(locale, "mail-test-payment", &[])),
        None => body,
    }
}

/// Subject and body of the mail `name` in the recipient's language, with the signature.
pub fn text(locale: Locale, subject: &str, body: &str, args: &[(&str, &str)]) -> (String, String) {
    let args: Vec<_> = args.iter().map(|(name, value)| (*name, (*value).into())).collect();
    // A subject is one line, whatever names are in it.
    let subject = t(locale, subject, &args).replace(['\r', '\n'], " ");
    let body = format!("{}\n\n{}\n", t(locale, body, &args), t(locale, "mail-signature", &[]));
    (subject, body)
}
