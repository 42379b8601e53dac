//! The commands beside `serve`, and how they talk to the person at the terminal.

pub(crate) mod api_key;
pub(crate) mod doctor;
pub(crate) mod operator_link;
pub(crate) mod seed;

use std::io::Write as _;

/// Writes to standard output.
///
/// # Errors
/// When nobody listens any more.
pub(crate) fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Writes a failure to standard error; there is nobody left to tell if that fails too.
pub(crate) fn complain(text: &str) {
    let written = writeln!(std::io::stderr(), "booka: {text}");
    drop(written);
}
