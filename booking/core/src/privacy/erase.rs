//! The end of an account: asked for, undoable for a week, then carried out; and the sweeping of what has run out.

use super::registry;
use crate::accounts::{Account, AccountMail, account_mail, credentials, queries};
use crate::base::DEFAULT_ZONE;
use crate::base::{Fault, Result};
use crate::base::actor::Actor;
use crate::base::db::Tx;
use crate::base::outbox;
use crate::base::{DAY_US, Micros};
use crate::calls::quality;
use crate::params;
use crate::providers::members;
use crate::state::AppState;
use crate::usecases::cancel_appointment;

/// How long a deletion can be undone.
pub const UNDO_US: Micros = 7 * DAY_US;
/// How long the texts of an abandoned booking are kept.
const ABANDONED_US: Micros = DAY_US;
/// Accounts that one round erases.
const BATCH: i64 = 50;

/// Records that a person asked for deletion: the account's open appointments, on either side, are cancelled now and the
/// providers it owns are taken off; everything else goes when the time for undoing is over. Returns what was cancelled:
/// after the commit it goes to [`AppState::end_calls`].
pub async fn ask(tx: &mut Tx, state: &AppState, account: &Account, now: Micros) -> Result<Vec<String>> {
    // What is being booked at this moment, with the person or by it, is either seen here or refused there.
    for lock in [queries::MEMBERS_LOCK, queries::ACCOUNT_LOCK] {
        tx.execute(lock, params![&account.id]).await?;
    }
    let open: Vec<String> = tx.all(queries::OPEN_APPOINTMENTS, params![&account.id]).await?;
    for id in &open {
        cancel_appointment(tx, state, id, &account.id, now).await?;
    }
    for statement in [queries::HELD_CELLS_END, queries::HELD_END, queries::ORGS_PAUSE] {
        tx.execute(statement, params![&account.id]).await?;
    }
    tx.execute(queries::ACCOUNT_DELETION, params![&account.id, Some(now)])
        .await?;
    let erased_at = now + UNDO_US;
    let link = state.link(texts::routes::pattern::ACCOUNT);
    let mail = AccountMail::DeletionAsked {
        link,
        erased_at,
        time_zone: DEFAULT_ZONE.to_owned(),
    };
    outbox::enqueue(state, tx, &account_mail(account.recipient(), &state.id(), &mail)).await?;
    Ok(open)
}

/// How many appointments of its customers go with an account when it asks for deletion.
///
/// # Errors
/// When the database fails.
pub async fn count_customers_appointments(tx: &mut Tx, actor: &Actor) -> Result<u32> {
    let open: i64 = tx.one(queries::OPEN_OF_CUSTOMERS, params![actor.account_id()]).await?;
    Ok(u32::try_from(open).unwrap_or(u32::MAX))
}

/// Takes a deletion back: the providers that were taken off are what they were, and times with the person can be booked
/// again. What was cancelled stays cancelled, since everybody was told.
///
/// # Errors
/// [`Fault::NotFound`] when the account is erased already.
pub async fn undo(tx: &mut Tx, account_id: &str) -> Result<()> {
    // The account first, as the job does: whoever is second finds what the first one left.
    let kept = tx
        .execute(queries::ACCOUNT_DELETION, params![account_id, None::<i64>])
        .await?;
    if kept == 0 {
        return Err(Fault::NotFound);
    }
    tx.execute(queries::ORGS_RESUME, params![account_id]).await?;
    Ok(())
}

/// Erases the accounts whose time for undoing is over, and sweeps what has run out; for a job. Receipts, payments and the
/// ledger stay as the law wants, with their own snapshots; everything else that names the person goes. Returns how many.
///
/// # Errors
/// When the database fails; accounts erased before that stay erased.
pub async fn erase_due(state: &AppState) -> Result<usize> {
    let now = state.now();
    sweep(state, now).await?;
    let mut tx = state.db.read().await?;
    let due: Vec<String> = tx
        .all(queries::ACCOUNTS_TO_ERASE, params![now - UNDO_US, BATCH])
        .await?;
    drop(tx);
    let mut erased = 0;
    for id in &due {
        erased += usize::from(erase_account(state, id).await?);
    }
    Ok(erased)
}

/// Erases an account whose time for undoing is over. `false` when that was undone meanwhile, or somebody else was faster.
///
/// # Errors
/// When the database fails; then nothing was changed.
pub async fn erase_account(state: &AppState, id: &str) -> Result<bool> {
    let now = state.now();
    let mut tx = state.db.write().await?;
    if tx.execute(queries::LEAVING_LOCK, params![id, now - UNDO_US]).await? == 0 {
        return Ok(false);
    }
    let open: Vec<String> = tx.all(queries::OPEN_APPOINTMENTS, params![id]).await?;
    for appointment in &open {
        cancel_appointment(&mut tx, state, appointment, id, now).await?;
    }
    members::pass_ownership_on(&mut tx, state, id).await?;
    for statement in [
        quality::ERASE,
        queries::OUTBOX_ABOUT_ERASE,
        queries::ORGS_PAUSE,
        queries::ORGS_LEAVE,
        queries::ORGS_EMAIL_ERASE,
    ] {
        tx.execute(statement, params![id]).await?;
    }
    registry::erase(&mut tx, id).await?;
    tx.execute(queries::ACCOUNT_ERASED, params![id, now]).await?;
    tx.commit().await?;
    state.end_calls(&open);
    Ok(true)
}

/// Deletes sessions, links and registrations that have run out, and what was written for bookings that came to nothing.
async fn sweep(state: &AppState, now: Micros) -> Result<u64> {
    let mut tx = state.db.write().await?;
    let mut gone = 0;
    for statement in [
        queries::SESSIONS_SWEEP,
        queries::TOKENS_SWEEP,
        queries::REGISTRATIONS_SWEEP,
        queries::INVITATIONS_SWEEP,
    ] {
        gone += tx.execute(statement, params![now]).await?;
    }
    gone += credentials::sweep(&mut tx, now).await?;
    gone += tx.execute(quality::SWEEP, params![now - quality::KEPT_US]).await?;
    for statement in [queries::DRAFTS_SWEEP, queries::HOLDS_SWEEP] {
        gone += tx.execute(statement, params![now - ABANDONED_US]).await?;
    }
    tx.commit().await?;
    Ok(gone)
}
