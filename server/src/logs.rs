//! Logs: pretty for people, JSON for machines; ids as fields, never personal data.

use std::io::{IsTerminal as _, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use booking_core::base::security;
use tracing::Level;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt, registry};

use crate::config::{Log, LogFormat};

/// Lines about people who were turned away, in each [`WINDOW`]. More are left out: whoever is turned away by the thousand must
/// not drown what else the log says, nor fill the disk.
const REFUSALS_MAX: u32 = 200;
const WINDOW: Duration = Duration::from_secs(10);

/// Starts logging for the whole process.
///
/// # Errors
/// When the filter cannot be read.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.level).with_context(|| format!("log.level `{}`", log.level))?;
    let layer = match log.format {
        // Colours in a file or the journal would stand between the words that people search for.
        LogFormat::Pretty => fmt::layer().with_writer(stderr).with_ansi(wants_colours()).boxed(),
        LogFormat::Json => fmt::layer().json().with_writer(stderr).boxed(),
    };
    let refusals = Mutex::new(Refusals::default());
    let bounded = dynamic_filter_fn(move |about, _| {
        let is_refusal = about.target() == security::TARGET && *about.level() == Level::WARN;
        !is_refusal
            || refusals
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .may_write(Instant::now())
    });
    registry().with(filter).with(layer.with_filter(bounded)).init();
    Ok(())
}

/// A terminal whose owner has not switched colours off (no-color.org).
fn wants_colours() -> bool {
    stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// What was written of refusals lately.
#[derive(Default)]
struct Refusals {
    since: Option<Instant>,
    lines: u32,
}

impl Refusals {
    fn may_write(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.duration_since(since) >= WINDOW) {
            *self = Self {
                since: Some(now),
                lines: 0,
            };
        }
        self.lines = self.lines.saturating_add(1);
        self.lines <= REFUSALS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trial F13: a log that strangers can fill hides what it is for.
    #[test]
    fn f13_strangers_do_not_fill_the_log() {
        let mut refusals = Refusals::default();
        let begin = Instant::now();
        let written = (0..10_000).filter(|_| refusals.may_write(begin)).count();
        assert_eq!(written, 200);
        assert!(!refusals.may_write(begin + WINDOW / 2));
        assert!(refusals.may_write(begin + WINDOW), "a new window begins");
    }
}
