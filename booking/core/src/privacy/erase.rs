//! The end of an account: asked for, undoable for a week, then carried out; and the sweeping of what has run out.

use super::registry;
use super::retention::holds;
use super::retention::rules::accounting_cut;
use crate::accounts::{Account, AccountMail, account_mail, credentials, queries};
use crate::base::DEFAULT_ZONE;
use crate::base::actor::Actor;
use crate::base::db::{DbError, Tx};
use crate::base::outbox;
use crate::base::{Base, DAY_US, Micros};
use crate::base::{Fault, Result};
use crate::calls::quality;
use crate::disputes::evidence::LET_GO_OF_ACCOUNT;
use crate::params;
use crate::providers::members;
use crate::state::AppState;
use crate::usecases::{CancelGround, cancel_appointment};

/// How long a deletion can be undone.
pub const UNDO_US: Micros = 7 * DAY_US;
/// How long the texts of an abandoned booking are kept.
const ABANDONED_US: Micros = DAY_US;
/// Accounts that one round erases, or whose appointments it cancels.
const BATCH: i64 = 50;
/// Appointments that one transaction cancels; others wait for it on SQLite.
const CANCEL_BATCH: i64 = 100;

/// Records that a person asked for deletion: nothing can be booked with the account any more, and the providers it owns are
/// taken off. Its open appointments, on either side, are cancelled from now on by [`cancel_batch`]; everything else goes
/// when the time for undoing is over.
///
/// # Errors
/// When the database fails.
pub async fn ask(tx: &mut Tx, base: &Base, account: &Account, now: Micros) -> Result<()> {
    leave(tx, &account.id, now).await?;
    let mail = AccountMail::DeletionAsked {
        link: base.link(texts::routes::pattern::ACCOUNT),
        erased_at: now + UNDO_US,
        time_zone: DEFAULT_ZONE.to_owned(),
    };
    outbox::enqueue(base, tx, &account_mail(account.recipient(), &base.id(), &mail)).await?;
    Ok(())
}

/// What asking for deletion changes, with nobody told of it.
///
/// # Errors
/// When the database fails.
pub(super) async fn leave(tx: &mut Tx, account_id: &str, now: Micros) -> Result<(), DbError> {
    // What is being booked at this moment, with the person or by it, is either there to be cancelled after this or refused.
    for lock in [queries::MEMBERS_LOCK, queries::ACCOUNT_LOCK] {
        tx.execute(lock, params![account_id]).await?;
    }
    tx.execute(queries::ACCOUNT_DELETION, params![account_id, Some(now)])
        .await?;
    for statement in [queries::HELD_CELLS_END, queries::HELD_END, queries::ORGS_PAUSE] {
        tx.execute(statement, params![account_id]).await?;
    }
    Ok(())
}

/// Cancels the soonest open appointments of an account that is to be deleted, at most [`CANCEL_BATCH`], and ends their calls.
/// Returns how many; with none, none is left, or the deletion was undone meanwhile.
///
/// # Errors
/// When the database fails; then none of the batch is cancelled.
pub async fn cancel_batch(state: &AppState, account_id: &str) -> Result<usize> {
    let now = state.now();
    let mut tx = state.db.write().await?;
    if tx
        .execute(queries::LEAVING_LOCK, params![account_id, Micros::MAX])
        .await?
        == 0
    {
        return Ok(0);
    }
    let asked_us: Micros = tx.one(queries::DELETION_ASKED, params![account_id]).await?;
    let ground = CancelGround::Leaving { asked_us };
    let open: Vec<String> = tx
        .all(queries::OPEN_APPOINTMENTS, params![account_id, CANCEL_BATCH])
        .await?;
    let mut cancelled = Vec::with_capacity(open.len());
    for id in open {
        // One that has begun since it was read ends as calls do.
        if tx.execute(queries::OPEN_LOCK, params![&id]).await? == 1 {
            cancel_appointment(&mut tx, state, &id, account_id, ground, now).await?;
            cancelled.push(id);
        }
    }
    tx.commit().await?;
    state.end_calls(&cancelled);
    Ok(cancelled.len())
}

/// Cancels what is still open of accounts that are to be deleted; for a job. One that fails holds up none of the others.
///
/// # Errors
/// When the accounts cannot be read.
pub async fn cancel_of_leaving(state: &AppState) -> Result<()> {
    let mut tx = state.db.read().await?;
    let leaving: Vec<String> = tx.all(queries::LEAVING_BOOKED, params![BATCH]).await?;
    drop(tx);
    for account in leaving {
        if let Err(error) = cancel_batch(state, &account).await {
            tracing::error!(account, %error, "the appointments of an account that is to be deleted are not cancelled");
        }
    }
    Ok(())
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
/// One that fails holds up none of the others.
///
/// # Errors
/// When the accounts cannot be read.
pub async fn erase_due(state: &AppState) -> Result<usize> {
    let now = state.now();
    if let Err(error) = sweep(state, now).await {
        tracing::error!(%error, "what has run out is not swept");
    }
    let mut tx = state.db.read().await?;
    let due: Vec<String> = tx
        .all(queries::ACCOUNTS_TO_ERASE, params![now - UNDO_US, BATCH])
        .await?;
    drop(tx);
    let mut erased = 0;
    for account in due {
        match erase_account(state, &account).await {
            Ok(is_erased) => erased += usize::from(is_erased),
            Err(error) => tracing::error!(account, %error, "an account whose time is over is not erased"),
        }
    }
    Ok(erased)
}

/// Erases an account whose time for undoing is over, after cancelling what it still has booked. `false` when the deletion was
/// undone meanwhile, somebody else was faster, or an operator keeps something about the person back or a dispute of it is open.
///
/// # Errors
/// When the database fails; then nothing was changed.
pub async fn erase_account(state: &AppState, id: &str) -> Result<bool> {
    let now = state.now();
    while cancel_batch(state, id).await? > 0 {}
    let mut tx = state.db.write().await?;
    tx.execute(queries::MEMBERS_LOCK, params![id]).await?;
    if tx.execute(queries::LEAVING_LOCK, params![id, now - UNDO_US]).await? == 0 || holds::keeps(&mut tx, id).await? {
        return Ok(false);
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
    tx.execute(LET_GO_OF_ACCOUNT, params![id]).await?;
    // The tax office is told in January about the year before: what has no sale in this or the last year is told to nobody.
    let last_year = accounting_cut(now, DEFAULT_ZONE, 1);
    tx.execute(queries::SELLER_TAX_LEAVE, params![id, last_year]).await?;
    registry::erase(&mut tx, id).await?;
    tx.execute(queries::ACCOUNT_ERASED, params![id, now]).await?;
    tx.commit().await?;
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
