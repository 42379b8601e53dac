//! The log as its readers get it, kept line by line.

use std::fmt::Write as _;
use std::sync::{Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static KEPT: OnceLock<()> = OnceLock::new();

/// Begins to keep what this process logs. Tests run side by side, so each looks for lines with ids of its own.
pub(crate) fn keep() {
    KEPT.get_or_init(|| {
        let kept = tracing_subscriber::registry().with(Keeper);
        tracing::subscriber::set_global_default(kept).expect("nobody else reads the log");
    });
}

/// The lines that hold `part`: target, then `name=value` for each field.
pub(crate) fn lines_with(part: &str) -> Vec<String> {
    let lines = LINES.lock().expect("nobody panics while holding it");
    lines.iter().filter(|line| line.contains(part)).cloned().collect()
}

struct Keeper;

impl<S: Subscriber> Layer<S> for Keeper {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let ours = event.metadata().target();
        let is_traced = *event.metadata().level() == Level::TRACE;
        if is_traced || (ours != "security" && !ours.starts_with("booking")) {
            return;
        }
        let mut line = Line(ours.to_owned());
        event.record(&mut line);
        LINES.lock().expect("nobody panics while holding it").push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {}={value}", field.name()).expect("writing to a String does not fail");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).expect("writing to a String does not fail");
    }
}
