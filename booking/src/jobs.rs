//! What happens without a request: calls are charged, payments finished, mails sent, what ran out cleared away.
//!
//! Every step can be repeated and stopped anywhere, so two processes at once do no harm. The lease only saves the work of
//! doing everything twice.

use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::db::{DbError, Tx};
use crate::error::AppResult;
use crate::state::{AppState, Micros, SECOND_US};
use crate::{accounts, appointments, billing, calls, documents, mail, params, statements};

statements! {
    ADD_LEASE = "INSERT INTO job_lease (name, owner, until_us) VALUES ($1, '', 0) ON CONFLICT (name) DO NOTHING";
    TAKE_LEASE = "UPDATE job_lease SET owner = $2, until_us = $4 WHERE name = $1 AND (owner = $2 OR until_us <= $3)";
    END_LEASE = "UPDATE job_lease SET until_us = 0 WHERE name = $1 AND owner = $2";
}

const WORKER: &str = "worker";
/// Longest wait between two rounds.
const ROUND_EVERY: Duration = Duration::from_secs(1);
const LEASE_US: Micros = 20 * SECOND_US;
/// Calls that one round charges.
const CALLS_MAX: i64 = 200;

/// Runs rounds until `shutdown` is there; the round under way is finished first.
pub async fn run(state: AppState, shutdown: impl Future<Output = ()>) {
    let owner = state.random.id(state.now());
    let leased_until = AtomicI64::new(0);
    tokio::pin!(shutdown);
    loop {
        match lease(&state, &owner, &leased_until).await {
            Ok(true) => round(&state).await,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the jobs' lease cannot be taken"),
        }
        tokio::select! {
            () = &mut shutdown => break,
            () = state.jobs_wanted.notified() => {}
            () = tokio::time::sleep(ROUND_EVERY) => {}
        }
    }
    if let Err(error) = end_lease(&state, &owner).await {
        tracing::warn!(%error, "the jobs' lease is left to run out");
    }
}

/// One round of everything. What fails is logged, and tried again by the next round.
pub async fn round(state: &AppState) {
    log("recover segments", recover_stale(state).await);
    log("charge calls", charge_calls(state).await);
    log("make payment calls", billing::run_due(state).await.map_err(Into::into));
    log(
        "follow payment hooks",
        billing::follow_hints(state).await.map_err(Into::into),
    );
    log(
        "release what was never booked",
        billing::release_stranded(state).await.map_err(Into::into),
    );
    log("store documents", documents::store_pending(state).await);
    log(
        "expire holds",
        appointments::expire_holds(state, state.now()).await.map(drop),
    );
    log("erase accounts", accounts::erase_due(state).await.map(drop));
    log("send mails", mail::send_due(state).await.map(drop).map_err(Into::into));
}

fn log(job: &str, result: AppResult<()>) {
    if let Err(error) = result {
        tracing::error!(job, %error, "a job failed");
    }
}

/// Segments of processes that are gone without saying so.
async fn recover_stale(state: &AppState) -> AppResult<()> {
    let before = state.now() - calls::STALE_AFTER_US;
    if !calls::queries::any_stale(&mut state.db.read().await?, before).await? {
        return Ok(());
    }
    let mut tx = state.db.write().await?;
    let closed = calls::queries::recover_stale(&mut tx, before).await?;
    tx.commit().await?;
    tracing::warn!(closed, "closed segments that nobody measured any more");
    Ok(())
}

/// Charges what is over. A call that fails does not hold up the others.
async fn charge_calls(state: &AppState) -> AppResult<()> {
    let now = state.now();
    let calls = calls::queries::to_finalise(&mut state.db.read().await?, now, now, CALLS_MAX).await?;
    for call in calls {
        match billing::finalise_call(state, &call).await {
            Ok(ops) => billing::run_now(state, &ops).await,
            Err(error) => tracing::error!(call, %error, "a call was not charged"),
        }
    }
    Ok(())
}

/// Whether this process may run the jobs. The database is asked only when half of the lease is used up.
async fn lease(state: &AppState, owner: &str, leased_until: &AtomicI64) -> Result<bool, DbError> {
    let now = state.now();
    if leased_until.load(Ordering::Relaxed) > now + LEASE_US / 2 {
        return Ok(true);
    }
    let mut tx = state.db.write().await?;
    let taken = take_lease(&mut tx, owner, now).await?;
    tx.commit().await?;
    leased_until.store(if taken { now + LEASE_US } else { 0 }, Ordering::Relaxed);
    Ok(taken)
}

async fn take_lease(tx: &mut Tx, owner: &str, now: Micros) -> Result<bool, DbError> {
    tx.execute(ADD_LEASE, params![WORKER]).await?;
    Ok(tx
        .execute(TAKE_LEASE, params![WORKER, owner, now, now + LEASE_US])
        .await?
        == 1)
}

/// Lets another process go on at once.
async fn end_lease(state: &AppState, owner: &str) -> Result<(), DbError> {
    let mut tx = state.db.write().await?;
    tx.execute(END_LEASE, params![WORKER, owner]).await?;
    tx.commit().await
}
