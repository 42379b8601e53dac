//! What happens without a request: calls are charged, payments finished, mails sent, what ran out cleared away.
//!
//! Every step can be repeated and stopped anywhere, so two processes at once do no harm. The lease only saves the work of
//! doing everything twice.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::base::Result;
use crate::base::audit;
use crate::base::db::DbError;
use crate::base::outbox;
use crate::base::{Micros, SECOND_US};
use crate::state::AppState;
use crate::{appointments, books, calls, disputes, documents, params, privacy, statements, usecases};

statements! {
    ADD_LEASE = "INSERT INTO job_lease (name, owner, until_us) VALUES ($1, '', 0) ON CONFLICT (name) DO NOTHING";
    READ_LEASE = "SELECT owner, until_us FROM job_lease WHERE name = $1";
    /// From the owner that was read, and only if nothing changed since.
    TAKE_LEASE = "UPDATE job_lease SET owner = $2, until_us = $3 WHERE name = $1 AND owner = $4 AND until_us = $5";
    /// A write that changes nothing anybody reads.
    TRY_WRITE = "INSERT INTO job_lease (name, owner, until_us) VALUES ('write', '', $1)
                 ON CONFLICT (name) DO UPDATE SET until_us = excluded.until_us";
    END_LEASE = "UPDATE job_lease SET until_us = 0 WHERE name = $1 AND owner = $2";
}

/// The lines of work. Whatever asks others has a line of its own, so that a mail server or a payment provider that hangs
/// holds up nothing else, and so has what leaves by age, which may take minutes.
const WORKER: &str = "worker";
const CASHIER: &str = "cashier";
const COMPARER: &str = "comparer";
const MAILER: &str = "mailer";
const KEEPER: &str = "keeper";
/// Longest wait between two rounds.
const ROUND_EVERY: Duration = Duration::from_secs(1);
const LEASE_US: Micros = 20 * SECOND_US;
/// Calls that one round charges.
const CALLS_MAX: i64 = 200;

/// Runs rounds until `shutdown` is there; the rounds under way are finished first.
pub async fn run(state: AppState, shutdown: impl Future<Output = ()>) {
    let (stop, stopped) = watch::channel(false);
    let signal = async {
        shutdown.await;
        stop.send_replace(true);
    };
    // On the heap: together they are more than a thread's stack holds well.
    let worker = Box::pin(repeat(
        &state,
        WORKER,
        stopped.clone(),
        Some(&state.jobs_wanted),
        || take_steps(&state, WORKER_STEPS),
    ));
    let mailer = Box::pin(repeat(&state, MAILER, stopped.clone(), None, || {
        take_steps(&state, MAILER_STEPS)
    }));
    let cashier = Box::pin(repeat(
        &state,
        CASHIER,
        stopped.clone(),
        Some(&state.payments_wanted),
        || take_steps(&state, CASHIER_STEPS),
    ));
    let comparer = Box::pin(repeat(&state, COMPARER, stopped.clone(), None, || {
        take_steps(&state, COMPARER_STEPS)
    }));
    let keeper = Box::pin(repeat(&state, KEEPER, stopped, None, || {
        take_steps(&state, KEEPER_STEPS)
    }));
    tokio::join!(signal, worker, cashier, comparer, mailer, keeper);
}

/// One round of everything. What fails is logged, and tried again by the next round.
pub async fn round(state: &AppState) {
    take_steps(state, WORKER_STEPS).await;
    take_steps(state, CASHIER_STEPS).await;
    take_steps(state, COMPARER_STEPS).await;
    take_steps(state, MAILER_STEPS).await;
    take_steps(state, KEEPER_STEPS).await;
}

/// Whether the database can be worked with: it answers, and where the last write failed, another one succeeds.
///
/// # Errors
/// As the database says.
pub async fn try_database(state: &AppState) -> Result<(), DbError> {
    if !state.db.refuses_writes() {
        return state.db.read().await.map(drop);
    }
    let mut tx = state.db.write().await?;
    tx.execute(TRY_WRITE, params![state.now()]).await?;
    tx.commit().await
}

/// Does one line of work over and over, while this process has its lease.
async fn repeat<F: Future<Output = ()>>(
    state: &AppState,
    name: &str,
    mut stopped: watch::Receiver<bool>,
    wanted: Option<&Notify>,
    once: impl Fn() -> F,
) {
    let lease = Lease {
        name,
        owner: format!("{}/{}", state.config.node, state.process),
        until: Mutex::default(),
        rival: Mutex::default(),
    };
    loop {
        match lease.hold(state).await {
            Ok(true) => once().await,
            Ok(false) => {}
            Err(error) => tracing::warn!(name, %error, "the lease of the jobs cannot be taken"),
        }
        let woken = async {
            match wanted {
                Some(wanted) => wanted.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // The sender outlives this loop, so an error cannot come.
            _ = stopped.wait_for(|stopped| *stopped) => break,
            () = woken => {}
            () = tokio::time::sleep(ROUND_EVERY) => {}
        }
    }
    if let Err(error) = lease.end(state).await {
        tracing::warn!(name, %error, "the lease of the jobs is left to run out");
    }
}

/// A step of a round: its name in the log, and what it does.
type Step = (&'static str, for<'a> fn(&'a AppState) -> Done<'a>);
type Done<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// What the worker does each round, in this order.
const WORKER_STEPS: &[Step] = &[
    ("recover segments", |state| {
        Box::pin(async move { Ok(calls::recover_silent(state, &state.silence).await?) })
    }),
    ("charge calls", |state| Box::pin(charge_calls(state))),
    ("expire holds", |state| {
        Box::pin(async move { appointments::expire_holds(state, state.now()).await.map(drop) })
    }),
    ("cancel what leaving accounts have booked", |state| {
        Box::pin(privacy::erase::cancel_of_leaving(state))
    }),
    ("erase accounts", |state| {
        Box::pin(async move { privacy::erase_due(state).await.map(drop) })
    }),
    ("sweep old mails", |state| {
        Box::pin(async move {
            log_swept("old mails", outbox::sweep(state).await?);
            Ok(())
        })
    }),
    ("sweep old records of operators", |state| {
        Box::pin(async move {
            log_swept("old records of operators", audit::sweep(state).await?);
            Ok(())
        })
    }),
    ("sweep old records of exports", |state| {
        Box::pin(async move {
            log_swept("old records of exports", books::exports::sweep(state).await?);
            Ok(())
        })
    }),
];

/// What the cashier does each round: it asks payment providers, and one that hangs holds up nothing else.
const CASHIER_STEPS: &[Step] = &[
    ("make payment requests", |state| {
        Box::pin(async move { Ok(usecases::run_due_operations(state).await?) })
    }),
    ("follow payment hooks", |state| {
        Box::pin(async move { Ok(usecases::follow_hints(state).await?) })
    }),
    ("reserve what is due", |state| {
        Box::pin(async move { Ok(usecases::reserve_due(state).await?) })
    }),
    ("give back what nobody pays", |state| {
        Box::pin(async move { Ok(usecases::give_back_unpaid(state).await?) })
    }),
    ("let extensions lapse", |state| {
        Box::pin(usecases::extending::lapse_extensions(state))
    }),
    ("release what was never booked", |state| {
        Box::pin(async move { Ok(usecases::release_stranded(state).await?) })
    }),
];

/// What the comparer does each round: nobody waits for it, and until documents are stored they are read from their rows.
const COMPARER_STEPS: &[Step] = &[
    ("compare payments", |state| {
        Box::pin(async move { Ok(usecases::reconcile_payments(state).await.map(drop)?) })
    }),
    ("remind of invoices", |state| {
        Box::pin(usecases::remind_of_invoices(state))
    }),
    ("follow sellers' accounts", |state| {
        Box::pin(usecases::follow_accounts(state))
    }),
    ("close months", |state| {
        Box::pin(async move { usecases::close_months(state).await })
    }),
    ("store documents", |state| Box::pin(documents::store_pending(state))),
    ("remove files", |state| {
        Box::pin(disputes::evidence::remove_files(state))
    }),
];

/// Says how much was deleted, if anything was.
fn log_swept(what: &str, rows: u64) {
    if rows > 0 {
        tracing::info!(what, rows, "deleted what is not kept longer");
    }
}

/// What the mailer does each round.
const MAILER_STEPS: &[Step] = &[("send mails", |state| {
    Box::pin(async move { Ok(outbox::send_due(state).await.map(drop)?) })
})];

/// What the keeper does each round.
const KEEPER_STEPS: &[Step] = &[
    ("end relationships", |state| {
        Box::pin(privacy::inactive::end_relationships(state))
    }),
    ("let go what is old", |state| {
        Box::pin(privacy::retention::let_go(state))
    }),
];

/// Takes every step once. One that fails is logged, and holds up none of the others.
async fn take_steps(state: &AppState, steps: &[Step]) {
    for (name, step) in steps {
        if let Err(error) = step(state).await {
            tracing::error!(job = name, %error, "a job failed");
        }
    }
}

/// Charges what is over. A call that fails does not hold up the others.
async fn charge_calls(state: &AppState) -> Result<()> {
    let now = state.now();
    let calls = calls::queries::to_finalise(&mut state.db.read().await?, now, now, CALLS_MAX).await?;
    for call in calls {
        match usecases::finalise_call(state, &call).await {
            // The cashier asks for the money.
            Ok(_) => state.payments_wanted.notify_one(),
            Err(error) => tracing::error!(call, %error, "a call was not charged"),
        }
    }
    Ok(())
}

/// The right to do one line of work.
struct Lease<'a> {
    name: &'a str,
    /// The process's name and run. Its own earlier runs are over.
    owner: String,
    /// On the steady clock.
    until: Mutex<Micros>,
    /// Somebody else's lease as it was read, and since when on the steady clock it has not changed.
    rival: Mutex<Option<((String, Micros), Micros)>>,
}

impl Lease<'_> {
    /// Whether this process has it. The database is asked only when half of it is used up.
    async fn hold(&self, state: &AppState) -> Result<bool, DbError> {
        let steady = state.clock.steady();
        if *self.until.lock().expect("nobody panics while holding it") > steady + LEASE_US / 2 {
            return Ok(true);
        }
        let mut tx = state.db.write().await?;
        tx.execute(ADD_LEASE, params![self.name]).await?;
        let (owner, until_us): (String, Micros) = tx.one(READ_LEASE, params![self.name]).await?;
        let taken = self.is_free(state, &owner, until_us, steady) && {
            let until = state.now() + LEASE_US;
            let change = params![self.name, &self.owner, until, owner, until_us];
            tx.execute(TAKE_LEASE, change).await? == 1
        };
        tx.commit().await?;
        let until = if taken { steady + LEASE_US } else { 0 };
        *self.until.lock().expect("nobody panics while holding it") = until;
        Ok(taken)
    }

    /// Ours, given back, an earlier run's of ours, or not renewed for as long as a lease lasts. What time of day it ends
    /// tells nothing: its owner's clock may have been wrong.
    fn is_free(&self, state: &AppState, owner: &str, until_us: Micros, steady: Micros) -> bool {
        if until_us == 0 || owner == self.owner {
            return true;
        }
        if owner
            .rsplit_once('/')
            .is_some_and(|(node, _)| node == state.config.node)
        {
            return true;
        }
        let mut rival = self.rival.lock().expect("nobody panics while holding it");
        match rival.as_ref() {
            Some(((name, until), since)) if name == owner && *until == until_us => steady >= since + LEASE_US,
            Some(_) | None => {
                *rival = Some(((owner.to_owned(), until_us), steady));
                false
            }
        }
    }

    /// Lets another process go on at once.
    async fn end(&self, state: &AppState) -> Result<(), DbError> {
        let mut tx = state.db.write().await?;
        tx.execute(END_LEASE, params![self.name, &self.owner]).await?;
        tx.commit().await
    }
}
