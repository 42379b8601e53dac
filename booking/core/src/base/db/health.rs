//! Whether the database can be used: what the last write said, and whether a PostgreSQL that does not answer is there.

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use super::DbError;

/// How long an answer may take until we ask whether the server is there at all. With [`PROBE_WAIT`] it decides how long a
/// request waits for a database that is away.
const PATIENCE: Duration = Duration::from_secs(1);
/// Longest wait for a fresh connection of a probe.
const PROBE_WAIT: Duration = Duration::from_millis(500);
/// For so long a probe's answer is everybody's.
const PROBE_FRESH: Duration = Duration::from_millis(250);

/// What the transactions of this process learned about their database.
#[derive(Debug, Default)]
pub struct Health {
    /// The last thing that was to be written could not be.
    refuses_writes: AtomicBool,
    /// Transactions of this process that changed what visitors choose from, see [`super::CHOICE_TABLES`].
    choice: AtomicU64,
    /// When something failed that leaves a connection in doubt. Both engines end a transaction by themselves when a disk
    /// fails; the connection's own count of what is open is then wrong for ever.
    doubted_at: std::sync::Mutex<Option<Instant>>,
}

impl Health {
    pub(super) fn refuses_writes(&self) -> bool {
        self.refuses_writes.load(Ordering::Relaxed)
    }

    pub(super) fn choice(&self) -> u64 {
        self.choice.load(Ordering::Relaxed)
    }

    /// A transaction that changed something is on the disk, and perhaps what visitors choose from.
    pub(super) fn wrote(&self, changed_choice: bool) {
        self.choice.fetch_add(u64::from(changed_choice), Ordering::Relaxed);
        if self.refuses_writes.swap(false, Ordering::Relaxed) {
            tracing::info!("the database takes writes again");
        }
    }

    /// Something failed. What the caller did wrong says nothing about the database.
    pub(super) fn failed(&self, error: &DbError, writing: bool) {
        let DbError::Failed { source, .. } = error else { return };
        if !is_unavailable(source) {
            return;
        }
        if !is_contention(source) {
            *self.doubted_at() = Some(Instant::now());
        }
        if writing && !self.refuses_writes.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "the database takes no writes");
        }
    }

    /// Whether nothing failed since a connection of this age was made.
    pub(super) fn trusts(&self, age: Duration) -> bool {
        self.doubted_at().is_none_or(|at| age < at.elapsed())
    }

    /// Whether a connection may go back to its pool: it is trusted, and nothing is left open on it. The ping waits for a
    /// rollback under way.
    pub(super) async fn takes_back<C: Connection>(
        &self,
        connection: &mut C,
        age: Duration,
    ) -> Result<bool, sqlx::Error> {
        if !self.trusts(age) {
            return Ok(false);
        }
        connection.ping().await?;
        Ok(!connection.is_in_transaction())
    }

    fn doubted_at(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.doubted_at.lock().expect("nobody panics while holding it")
    }
}

/// Tells a PostgreSQL that is slow from one that is away, by a fresh connection.
#[derive(Debug)]
pub struct Probe {
    options: PgConnectOptions,
    newest: Mutex<Option<(Instant, bool)>>,
}

impl Probe {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self {
            options,
            newest: Mutex::default(),
        }
    }

    /// Waits for `work` as long as the server is there.
    pub(super) async fn guard<T>(&self, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
        let away = async {
            loop {
                sleep(PATIENCE).await;
                if !self.is_there().await {
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            done = work => done,
            () = away => Err(sqlx::Error::Io(io::Error::new(
                io::ErrorKind::TimedOut,
                "PostgreSQL does not answer",
            ))),
        }
    }

    /// Asks once for all who wait.
    async fn is_there(&self) -> bool {
        let mut newest = self.newest.lock().await;
        if let Some((at, there)) = *newest
            && at.elapsed() < PROBE_FRESH
        {
            return there;
        }
        let there = match timeout(PROBE_WAIT, self.options.connect()).await {
            Ok(Ok(connection)) => {
                drop(timeout(PROBE_WAIT, PgConnection::close(connection)).await);
                true
            }
            // It speaks to us: that it has no connection left for a probe does not mean that it is away.
            Ok(Err(sqlx::Error::Database(error))) => !error.code().is_some_and(|code| code.starts_with("57P")),
            Ok(Err(_)) | Err(_) => false,
        };
        *newest = Some((Instant::now(), there));
        there
    }
}

/// Whether the database, its disk or the way to it is at fault, and not the statement.
pub(super) fn is_unavailable(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Database(refusal) = error {
        let code = refusal.code();
        return code.is_some_and(|code| sqlite_is_unavailable(&code) || postgres_is_unavailable(&code));
    }
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
            | sqlx::Error::InvalidSavePointStatement
    )
}

/// Whether it failed because others were in the way, which says nothing about the connection.
fn is_contention(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Database(refusal) = error {
        let code = refusal.code().unwrap_or_default();
        let primary = code.parse::<u32>().map_or(0, |code| code & 0xff);
        return ["40001", "40P01", "53300"].contains(&code.as_ref()) || (code.len() != 5 && [5, 6].contains(&primary));
    }
    matches!(error, sqlx::Error::PoolTimedOut)
}

/// Result codes of SQLite are numbers; extended ones carry the primary one in their lowest byte.
fn sqlite_is_unavailable(code: &str) -> bool {
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const READONLY: u32 = 8;
    const IOERR: u32 = 10;
    const FULL: u32 = 13;
    const CANTOPEN: u32 = 14;
    let primary = (code.len() != 5).then(|| code.parse::<u32>().ok()).flatten();
    primary.is_some_and(|code| [BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN].contains(&(code & 0xff)))
}

/// `SQLSTATE` classes (PostgreSQL appendix A): connection exceptions, insufficient resources, operator intervention, system
/// errors; and by themselves a read-only server, deadlocks and what would not serialise.
fn postgres_is_unavailable(code: &str) -> bool {
    code.len() == 5
        && (["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class))
            || ["25006", "40001", "40P01"].contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_engines_are_told_apart() {
        for code in ["5", "517", "13", "10", "778", "14", "8"] {
            assert!(sqlite_is_unavailable(code), "{code}");
        }
        for code in ["1", "19", "2067", "1555", "53100", "08006"] {
            assert!(!sqlite_is_unavailable(code), "{code}");
        }
        for code in ["53100", "08006", "57P01", "57P03", "58030", "25006", "40P01"] {
            assert!(postgres_is_unavailable(code), "{code}");
        }
        for code in ["23505", "22021", "42601", "57014", "5", "13"] {
            assert!(!postgres_is_unavailable(code), "{code}");
        }
    }
}
