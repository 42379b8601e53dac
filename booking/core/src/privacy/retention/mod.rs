//! How long everything is kept, and the job that lets it go: accounting records with the appointments they hang on, and what
//! hangs on nothing.

pub mod cases;
pub mod door;
pub mod failures;
mod files;
pub mod holds;
pub mod loose;
pub mod marks;
pub mod report;
pub mod rules;
pub mod run;

use crate::base::db::Sql;
use crate::base::{Base, Result};

/// Statements that no list of a module declares, for the test that prepares them.
pub fn registered_statements() -> impl Iterator<Item = Sql> {
    cases::registered_statements().chain(loose::registered_statements())
}

/// Reports, and once the operator has said so deletes, what is old enough; for a job.
///
/// # Errors
/// When the database or the store of files fails.
pub async fn let_go(state: &Base) -> Result<()> {
    let done = run::step(state).await;
    if let Err(error) = failures::record(state, done.as_ref().err()).await {
        tracing::error!(%error, "operators are not told how retention went");
    }
    done
}
