//! The outbox table.

use texts::Locale;

use super::{Message, OutboxState, Recipient};
use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::{params, statements};

/// Columns of an [`OutboxMail`].
macro_rules! mail_select {
    ($rest:literal) => {
        concat!(
            "SELECT id, recipient, subject, body, ics, state, attempts, created_us, error FROM outbox ",
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
                     body = CASE WHEN kind IN ('verify', 'reset', 'invitation', 'operator') THEN '' ELSE body END
                 WHERE id = $1 AND state = 'queued'";
    MARK_FAILED = "UPDATE outbox SET state = $2, attempts = attempts + 1, next_try_us = $3, error = $4
                   WHERE id = $1 AND state = 'queued'";
    /// needle or empty, pattern, limit, offset. SQLite makes small letters of ASCII only, so ours are named.
    LIST = mail_select!("WHERE $1 = '' OR LOWER(recipient) LIKE $2 ESCAPE '!'
                OR REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(LOWER(subject), 'Æ', 'æ'), 'Ø', 'ø'), 'Å', 'å'), 'Ä', 'ä'), 'Ö', 'ö') LIKE $2 ESCAPE '!'
            ORDER BY created_us DESC, id DESC LIMIT $3 OFFSET $4");
    COUNT = "SELECT COUNT(*) FROM outbox WHERE $1 = '' OR LOWER(recipient) LIKE $2 ESCAPE '!'
                OR REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(LOWER(subject), 'Æ', 'æ'), 'Ø', 'ø'), 'Å', 'å'), 'Ä', 'ä'), 'Ö', 'ö') LIKE $2 ESCAPE '!'";
    /// Links that have run out and mails to nobody's account before the first time, everything before the second.
    SWEEP = "DELETE FROM outbox WHERE created_us < $2 OR (created_us < $1
                 AND (account_id IS NULL OR kind IN ('verify', 'exists', 'reset', 'invitation', 'operator')))";
    RECIPIENT = "SELECT id, name, email, locale FROM account WHERE id = $1";
    GET = mail_select!("WHERE id = $1");
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

/// A mail as the operator sees it.
pub struct OutboxMail {
    pub id: String,
    pub recipient: String,
    pub subject: String,
    pub body: String,
    pub ics: Option<String>,
    pub state: OutboxState,
    pub created_at: Micros,
    pub error: Option<String>,
}

impl FromRow for OutboxMail {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            recipient: row.get("recipient")?,
            subject: row.get("subject")?,
            body: row.get("body")?,
            ics: row.get("ics")?,
            state: row.parse("state")?,
            created_at: row.get("created_us")?,
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
        message.kind,
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

/// One page of the outbox, newest first, and how many mails match at all. `q` is part of an address or a subject.
pub async fn list(tx: &mut Tx, q: &str, limit: i64, offset: i64) -> Result<(Vec<OutboxMail>, i64), DbError> {
    let literal: String = q.trim().to_lowercase().chars().fold(String::new(), |mut text, letter| {
        if matches!(letter, '%' | '_' | '!') {
            text.push('!');
        }
        text.push(letter);
        text
    });
    let pattern = format!("%{literal}%");
    let mails = tx.all(LIST, params![q, &pattern, limit, offset]).await?;
    let total = tx.one(COUNT, params![q, &pattern]).await?;
    Ok((mails, total))
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
