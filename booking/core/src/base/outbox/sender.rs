//! The worker that sends what is in the outbox. It sends at least once: a crash between the mail server's answer and our note
//! of it sends a mail twice, never not at all.

use std::sync::atomic::Ordering;

use super::queries;
use super::{DueMail, MailFault, NotSent, OutboxState};
use crate::base::db::DbError;
use crate::base::{Base, DAY_US, MINUTE_US, Micros};

/// Tries before a mail is given up; the operator then sees it as failed.
pub(super) const ATTEMPTS_MAX: i64 = 8;
/// Mails of one round.
const BATCH_MAX: i64 = 20;
/// While somebody sends a mail, nobody else sends it.
const LEASE_US: Micros = MINUTE_US;
/// While the mail server cannot be used, it is tried again this often, and with each new mail.
const HELD_UP_US: Micros = MINUTE_US;
/// What has waited longer is news no more, and stays: a mail server that is configured late brings no old links.
pub(super) const STALE_AFTER_US: Micros = 3 * DAY_US;

/// Sends the mails that are due, and returns how many went out. Without a mail server none is due; where the mail server
/// cannot be used at all, the round ends, and everything waits for a while.
///
/// # Errors
/// When the database fails. What the mail server refuses is noted at the mail.
pub async fn send_due(state: &Base) -> Result<usize, DbError> {
    let Some(mailer) = &state.mailer else { return Ok(0) };
    let since = state.now() - STALE_AFTER_US;
    let due = queries::due(&mut state.db.read().await?, state.now(), since, BATCH_MAX).await?;
    let mut sent = 0;
    for mail in due {
        let now = state.now();
        let mut tx = state.db.write().await?;
        let mine = queries::claim(&mut tx, &mail.id, now, now + LEASE_US).await?;
        tx.commit().await?;
        if !mine {
            continue;
        }
        match mailer.send(&mail).await {
            Ok(()) => {
                let mut tx = state.db.write().await?;
                queries::mark_sent(&mut tx, &mail.id, state.now()).await?;
                tx.commit().await?;
                state.mail_counts.sent.fetch_add(1, Ordering::Relaxed);
                sent += 1;
            }
            Err(error) if error.fault == MailFault::Server => {
                tracing::error!(
                    mail = mail.id,
                    "the mail server cannot be used; the outbox page says why"
                );
                let (mut tx, now) = (state.db.write().await?, state.now());
                queries::hold_up(&mut tx, &mail.id, (now, since), HELD_UP_US, &error.reason).await?;
                tx.commit().await?;
                state.mail_counts.held_up.fetch_add(1, Ordering::Relaxed);
                break;
            }
            Err(error) => note_refusal(state, &mail, &error).await?,
        }
    }
    Ok(sent)
}

/// The mail server does not take this mail, for ever or for now.
async fn note_refusal(state: &Base, mail: &DueMail, error: &NotSent) -> Result<(), DbError> {
    let permanent = error.fault == MailFault::Never;
    tracing::warn!(
        mail = mail.id,
        permanent,
        "a mail was not sent; the outbox page says why"
    );
    let next = if permanent || mail.attempts + 1 >= ATTEMPTS_MAX {
        OutboxState::Failed
    } else {
        OutboxState::Queued
    };
    let (mut tx, now) = (state.db.write().await?, state.now());
    queries::mark_failed(&mut tx, &mail.id, next, now + backoff(mail.attempts), &error.reason).await?;
    tx.commit().await?;
    state.mail_counts.refused.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// One minute, then four, sixteen, and at most six hours.
fn backoff(attempts: i64) -> Micros {
    let exponent = u32::try_from(attempts.clamp(0, 10)).expect("clamped");
    (MINUTE_US * 4_i64.pow(exponent)).min(360 * MINUTE_US)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_six_hours() {
        let minutes: Vec<i64> = (0..6).map(|attempts| backoff(attempts) / MINUTE_US).collect();
        assert_eq!(minutes, [1, 4, 16, 64, 256, 360]);
    }
}
