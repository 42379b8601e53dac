//! Logs: pretty for people, JSON for machines; ids as fields, never personal data.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Starts logging for the whole process.
///
/// # Errors
/// When the filter cannot be read.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.level).with_context(|| format!("log.level `{}`", log.level))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match log.format {
        // Colours in a file or the journal would stand between the words that people search for.
        LogFormat::Pretty => builder.with_ansi(wants_colours()).init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

/// A terminal whose owner has not switched colours off (no-color.org).
fn wants_colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
