//! People who do not come any more: warned twice, then taken to have left, and erased ninety days later. Signing in at any
//! time before undoes all of it.

use super::erase;
use super::retention::rules::{AFTER_END_US, InactiveSince, end_of_relationship};
use crate::accounts::{AccountMail, account_mail};
use crate::base::outbox::{self, Recipient};
use crate::base::{Base, DAY_US, DEFAULT_ZONE, Micros, Result};
use crate::state::AppState;
use crate::{params, statements};

/// Accounts that one round writes to, or ends.
const BATCH: i64 = 100;
/// Between two mails at the least, also where the server was off when the first was due.
const WARNED_APART_US: Micros = 14 * DAY_US;

/// Who may count as inactive: no operator, nobody with an appointment to come on either side, nobody who is leaving anyway or
/// kept back by an operator.
macro_rules! may_leave {
    () => {
        "c.is_operator = 0 AND c.erased_us IS NULL AND c.deletion_asked_us IS NULL
            AND NOT EXISTS (SELECT 1 FROM appointment a WHERE a.consumer_id = c.id AND a.status IN ('confirmed', 'in_call'))
            AND NOT EXISTS (SELECT 1 FROM member m JOIN appointment a ON a.member_id = m.id
                WHERE m.account_id = c.id AND a.status IN ('confirmed', 'in_call'))
            AND NOT EXISTS (SELECT 1 FROM retention_hold h WHERE h.account_id = c.id AND h.lifted_us IS NULL)"
    };
}

statements! {
    /// warnings before, seen at the latest, warned at the latest, limit
    DUE = concat!("SELECT y.account_id, y.seen_us FROM account_activity y JOIN account c ON c.id = y.account_id
        WHERE y.warned = $1 AND y.seen_us <= $2 AND COALESCE(y.warned_us, 0) <= $3 AND y.left_us IS NULL AND ", may_leave!(), "
        ORDER BY y.seen_us, y.account_id LIMIT $4");
    /// account, warnings before, seen then, end or nothing, now: only if they did not come meanwhile
    WARN = "UPDATE account_activity SET warned = warned + 1, warned_us = $5, left_us = $4
        WHERE account_id = $1 AND warned = $2 AND seen_us = $3 AND left_us IS NULL";
    /// ended at the latest, limit
    TO_ASK = concat!("SELECT c.id FROM account_activity y JOIN account c ON c.id = y.account_id
        WHERE y.left_us <= $1 AND ", may_leave!(), " ORDER BY y.left_us, c.id LIMIT $2");
    /// account, now: deletion is asked for in the place of somebody who is still away
    ASK = "UPDATE account_activity SET asked_us = $2 WHERE account_id = $1 AND left_us IS NOT NULL";
    /// limit: who came back after we asked for deletion in their place, and did not ask for it since
    BACK = "SELECT c.id FROM account_activity y JOIN account c ON c.id = y.account_id
        WHERE y.asked_us IS NOT NULL AND y.left_us IS NULL AND c.deletion_asked_us = y.asked_us AND c.erased_us IS NULL LIMIT $1";
    /// account
    UNDONE = "UPDATE account_activity SET asked_us = NULL WHERE account_id = $1 AND asked_us IS NOT NULL AND left_us IS NULL";
}

/// Warnings sent before each of the three steps.
const UNWARNED: i64 = 0;
const WARNED_ONCE: i64 = 1;
const WARNED_TWICE: i64 = 2;

/// Takes everybody a step further whose time has come; for a job. One that fails holds up none of the others.
///
/// # Errors
/// When the accounts cannot be read; what was done until then stays done.
pub async fn end_relationships(state: &AppState) -> Result<()> {
    let now = state.now();
    let since = InactiveSince::at(now, state.config.retention);
    for (warned, seen) in [
        (WARNED_TWICE, since.end),
        (WARNED_ONCE, since.second_warning),
        (UNWARNED, since.first_warning),
    ] {
        let mut tx = state.db.read().await?;
        let due: Vec<(String, Micros)> = tx.all(DUE, params![warned, seen, now - WARNED_APART_US, BATCH]).await?;
        drop(tx);
        for (account, seen) in due {
            if let Err(error) = warn(state, &account, warned, seen, now).await {
                tracing::error!(account, %error, "somebody who is away is not written to");
            }
        }
    }
    welcome_back(state).await?;
    ask_in_their_place(state, now).await
}

/// Writes to somebody; the third time the relationship is over.
async fn warn(state: &Base, account: &str, warned: i64, seen: Micros, now: Micros) -> Result<()> {
    let ended = (warned == WARNED_TWICE).then_some(now);
    let mut tx = state.db.write().await?;
    if tx.execute(WARN, params![account, warned, seen, ended, now]).await? != 1 {
        return Ok(());
    }
    let recipient: Option<Recipient> = outbox::queries::recipient(&mut tx, account).await?;
    let Some(recipient) = recipient else { return Ok(()) };
    let link = state.link(texts::routes::pattern::LOGIN);
    let time_zone = DEFAULT_ZONE.to_owned();
    let mail = match ended {
        None => AccountMail::Inactive {
            link,
            ends_at: end_of_relationship(seen, state.config.retention).max(now),
            time_zone,
        },
        Some(ended) => AccountMail::RelationshipEnded {
            link,
            erased_at: ended + AFTER_END_US,
            time_zone,
        },
    };
    outbox::enqueue(state, &mut tx, &account_mail(recipient, &state.id(), &mail)).await?;
    tx.commit().await?;
    Ok(())
}

/// Asks for deletion as a person would, so early that the time for undoing is over with the ninety days.
async fn ask_in_their_place(state: &AppState, now: Micros) -> Result<()> {
    let mut tx = state.db.read().await?;
    let ended_by = now - (AFTER_END_US - erase::UNDO_US);
    let due: Vec<String> = tx.all(TO_ASK, params![ended_by, BATCH]).await?;
    drop(tx);
    for account in due {
        if let Err(error) = ask_for(state, &account, now).await {
            tracing::error!(account, %error, "deletion is not asked for in the place of somebody who left");
        }
    }
    Ok(())
}

async fn ask_for(state: &AppState, id: &str, now: Micros) -> Result<()> {
    let mut tx = state.db.write().await?;
    let account = crate::accounts::load(&mut tx, id).await?;
    erase::leave(&mut tx, id, now).await?;
    if tx.execute(ASK, params![id, now]).await? == 1 {
        let mail = AccountMail::RelationshipEnded {
            link: state.link(texts::routes::pattern::LOGIN),
            erased_at: now + erase::UNDO_US,
            time_zone: DEFAULT_ZONE.to_owned(),
        };
        outbox::enqueue(state, &mut tx, &account_mail(account.recipient(), &state.id(), &mail)).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Undoes it for those who signed in after all.
async fn welcome_back(state: &AppState) -> Result<()> {
    let mut tx = state.db.read().await?;
    let back: Vec<String> = tx.all(BACK, params![BATCH]).await?;
    drop(tx);
    for account in back {
        if let Err(error) = undo_for(state, &account).await {
            tracing::error!(account, %error, "deletion is not taken back for somebody who came back");
        }
    }
    Ok(())
}

async fn undo_for(state: &AppState, id: &str) -> Result<()> {
    let mut tx = state.db.write().await?;
    if tx.execute(UNDONE, params![id]).await? == 1 {
        erase::undo(&mut tx, id).await?;
        tx.commit().await?;
    }
    Ok(())
}
