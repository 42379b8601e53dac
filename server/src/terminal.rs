//! How the program talks to the person at the terminal.

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
