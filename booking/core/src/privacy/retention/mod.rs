//! How long everything is kept, and the job that lets it go: accounting records with the appointments they hang on, what
//! hangs on nothing, and people who do not come any more.

pub mod cases;
pub mod door;
pub mod holds;
pub(crate) mod inactive;
pub mod loose;
pub mod marks;
pub mod report;
pub mod rules;
pub mod run;

use crate::base::Result;
use crate::base::db::Sql;
use crate::state::AppState;

/// Statements that no list of a module declares, for the test that prepares them.
pub fn registered_statements() -> impl Iterator<Item = Sql> {
    cases::registered_statements().chain(loose::registered_statements())
}

/// Warns and erases those who do not come any more; for a job.
///
/// # Errors
/// When the database fails.
pub async fn end_relationships(state: &AppState) -> Result<()> {
    inactive::step(state).await
}

/// Reports, and once the operator has said so deletes, what is old enough; for a job.
///
/// # Errors
/// When the database or the store of files fails.
pub async fn let_go(state: &AppState) -> Result<()> {
    run::step(state).await
}
