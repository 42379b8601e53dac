//! `booka operator-link`: the way in for whoever may read the data folder.

use crate::boot;
use crate::config::Config;
use crate::terminal::say;

/// Prints a one-time link.
///
/// # Errors
/// When the database cannot be used.
pub(crate) async fn print(config: &Config) -> anyhow::Result<()> {
    let state = boot::open(config).await?;
    match booking_core::accounts::operator_setup_link(&state).await? {
        Some(link) => say(&format!("This link makes the first operator, once:\n  {link}\n")),
        None => say("There is an operator already; more are made by that one.\n"),
    }
}
