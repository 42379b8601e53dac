//! The outbox table.

use texts::Locale;

use super::{Message, OutboxState, Recipient};
use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Row, Tx, pattern_within};
use crate::{params, small_letters, statements};

/// Whether a mail is to an address or about a subject that holds the pattern `$2`; with an empty `$1` every mail is.
macro_rules! outbox_matches {
    () => {
        concat!(
            "($1 = '' OR LOWER(o.recipient) LIKE $2 ESCAPE '!' OR ",
            small_letters!("o.subject"),
            " LIKE $2 ESCAPE '!')"
        )
    };
}

/// The columns that a [`ListedMail`] is read from.
macro_rules! listed_select {
    ($condition:expr, $rest:literal) => {
        concat!(
            "SELECT o.id, o.recipient, o.kind, o.state, o.created_us, COALESCE(a.name, '') AS name,
                COALESCE((SELECT MIN(g.name) FROM member m JOIN org g ON g.id = m.org_id
                    WHERE m.account_id = o.account_id AND m.active = 1), '') AS business
            FROM outbox o LEFT JOIN account a ON a.id = o.account_id WHERE ",
            $condition,
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO outbox (id, message_key, kind, account_id, appointment_id, recipient, locale, subject, body, ics,
                  state, attempts, next_try_us, created_us)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'queued', 0, $11, $11)
              ON CONFLICT (message_key) DO NOTHING";
    DUE = "SELECT id, recipient, locale, subject, body, ics, attempts FROM outbox
           WHERE state = 'queued' AND next_try_us <= $1 AND created_us >= $2 ORDER BY next_try_us, id LIMIT $3";
    /// Whoever changes the row may send the mail; the others find it not yet due.
    CLAIM = "UPDATE outbox SET next_try_us = $3 WHERE id = $1 AND state = 'queued' AND next_try_us <= $2";
    /// What grants access is not kept once it has left.
    MARK_SENT = "UPDATE outbox SET state = 'sent', sent_us = $2, attempts = attempts + 1, error = NULL,
                     body = CASE WHEN kind IN ('verify', 'reset', 'new_address', 'invitation', 'operator') THEN '' ELSE body END
                 WHERE id = $1 AND state = 'queued'";
    MARK_FAILED = "UPDATE outbox SET state = $2, attempts = attempts + 1, next_try_us = $3, error = $4
                   WHERE id = $1 AND state = 'queued'";
    /// now, oldest that still leaves, next try, what the mail server said, mail, its own next try: all that is due waits, which
    /// is no try of theirs
    HOLD_UP = "UPDATE outbox SET next_try_us = CASE WHEN id = $5 THEN CAST($6 AS BIGINT) ELSE CAST($3 AS BIGINT) END, error = $4
               WHERE state = 'queued' AND created_us >= $2 AND (next_try_us <= $1 OR id = $5)";
    /// oldest that still leaves
    HELD_UP = "SELECT COUNT(*), COALESCE(MAX(error), '') FROM outbox
               WHERE state = 'queued' AND attempts = 0 AND error IS NOT NULL AND created_us >= $1";
    /// mail, now
    RESEND = "UPDATE outbox SET state = 'queued', attempts = 0, error = NULL, next_try_us = $2, created_us = $2
              WHERE id = $1 AND state <> 'sent'";
    /// needle or empty, pattern, limit, offset
    LIST = listed_select!(outbox_matches!(), " ORDER BY o.created_us DESC, o.id DESC LIMIT $3 OFFSET $4");
    LISTED = listed_select!("o.id = $1", "");
    COUNT = concat!("SELECT COUNT(*) FROM outbox o WHERE ", outbox_matches!());
    /// Links that have run out and mails to nobody's account before the first time, everything before the second.
    SWEEP = "DELETE FROM outbox WHERE created_us < $2 OR (created_us < $1
                 AND (account_id IS NULL OR kind IN ('verify', 'exists', 'reset', 'new_address', 'invitation', 'operator')))";
    RECIPIENT = "SELECT id, name, email, locale FROM account WHERE id = $1";
    GET = "SELECT recipient, subject, body, ics, error FROM outbox WHERE id = $1";
}

/// A mail to send now.
pub struct DueMail {
    pub id: String,
    pub recipient: String,
    pub subject: String,
    pub body: String,
    pub ics: Option<String>,
    pub attempts: i64,
}

impl FromRow for DueMail {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            recipient: row.get("recipient")?,
            subject: row.get("subject")?,
            body: row.get("body")?,
            ics: row.get("ics")?,
            attempts: row.get("attempts")?,
        })
    }
}

/// A mail in the operator's list.
pub struct ListedMail {
    pub id: String,
    pub recipient: String,
    /// As written by whoever made the mail, for example `verify`.
    pub kind: String,
    pub state: OutboxState,
    pub created_at: Micros,
    /// Name of the account that the address belongs to, or empty.
    pub name: String,
    /// The provider that the account works for, or empty.
    pub business: String,
}

impl FromRow for ListedMail {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            recipient: row.get("recipient")?,
            kind: row.get("kind")?,
            state: row.parse("state")?,
            created_at: row.get("created_us")?,
            name: row.get("name")?,
            business: row.get("business")?,
        })
    }
}

/// A mail as the operator reads it.
pub struct OutboxMail {
    pub recipient: String,
    pub subject: String,
    pub body: String,
    pub ics: Option<String>,
    pub error: Option<String>,
}

impl FromRow for OutboxMail {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            recipient: row.get("recipient")?,
            subject: row.get("subject")?,
            body: row.get("body")?,
            ics: row.get("ics")?,
            error: row.get("error")?,
        })
    }
}

impl FromRow for Recipient {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            account_id: Some(row.get("id")?),
            name: row.get("name")?,
            address: row.get("email")?,
            locale: Locale::from_tag(&row.get::<String>("locale")?).unwrap_or_default(),
        })
    }
}

/// An account as a recipient.
pub async fn recipient(tx: &mut Tx, account: &str) -> Result<Option<Recipient>, DbError> {
    tx.optional(RECIPIENT, params![account]).await
}

pub async fn insert(tx: &mut Tx, id: &str, message: &Message, now: Micros) -> Result<bool, DbError> {
    let recipient = &message.recipient;
    let values = params![
        id,
        &message.key,
        message.kind.word(),
        recipient.account_id.clone(),
        message.appointment_id.clone(),
        &recipient.address,
        recipient.locale.tag(),
        &message.subject,
        &message.body,
        message.ics.clone(),
        now,
    ];
    Ok(tx.execute(INSERT, values).await? == 1)
}

/// Mails that are due and not older than `since`.
pub async fn due(tx: &mut Tx, now: Micros, since: Micros, at_most: i64) -> Result<Vec<DueMail>, DbError> {
    tx.all(DUE, params![now, since, at_most]).await
}

/// Takes a mail that is due; until `lease` nobody else may. `false` when somebody else has it.
pub async fn claim(tx: &mut Tx, id: &str, now: Micros, lease: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(CLAIM, params![id, now, lease]).await? == 1)
}

pub async fn mark_sent(tx: &mut Tx, id: &str, now: Micros) -> Result<(), DbError> {
    tx.execute(MARK_SENT, params![id, now]).await.map(drop)
}

pub async fn mark_failed(
    tx: &mut Tx,
    id: &str,
    state: OutboxState,
    next_try: Micros,
    error: &str,
) -> Result<(), DbError> {
    tx.execute(MARK_FAILED, params![id, state.name(), next_try, error])
        .await
        .map(drop)
}

/// Lets everything that is due wait for `wait`, and the mail `id` that was tried as long again: should it be the one that the
/// server stumbles over, the others go first.
pub async fn hold_up(
    tx: &mut Tx,
    id: &str,
    (now, since): (Micros, Micros),
    wait: Micros,
    error: &str,
) -> Result<(), DbError> {
    let row = params![now, since, now + wait, error, id, now + 2 * wait];
    tx.execute(HOLD_UP, row).await.map(drop)
}

/// How many mails wait for a mail server that cannot be used, and what one of them was told.
pub async fn held_up(tx: &mut Tx, since: Micros) -> Result<(i64, String), DbError> {
    tx.one(HELD_UP, params![since]).await
}

pub async fn resend(tx: &mut Tx, id: &str, now: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(RESEND, params![id, now]).await? == 1)
}

/// One page of the outbox, newest first, and how many mails match at all. `q` is part of an address or a subject.
pub async fn list(tx: &mut Tx, q: &str, limit: i64, offset: i64) -> Result<(Vec<ListedMail>, i64), DbError> {
    let pattern = pattern_within(&q.trim().to_lowercase());
    let mails = tx.all(LIST, params![q, &pattern, limit, offset]).await?;
    let total = tx.one(COUNT, params![q, &pattern]).await?;
    Ok((mails, total))
}

/// A mail as the list shows it.
///
/// # Errors
/// When the database fails.
pub async fn listed(tx: &mut Tx, id: &str) -> Result<Option<ListedMail>, DbError> {
    tx.optional(LISTED, params![id]).await
}

pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<OutboxMail>, DbError> {
    tx.optional(GET, params![id]).await
}

/// Deletes mails that were only a link, or to nobody who has an account, when they are older than `links`; all others when
/// they are older than `kept`.
///
/// # Errors
/// When the database fails.
pub async fn sweep(tx: &mut Tx, links: Micros, kept: Micros) -> Result<u64, DbError> {
    tx.execute(SWEEP, params![links, kept]).await
}
