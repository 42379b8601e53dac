//! `booka retention --dry-run`: what is old enough to be deleted, as the daily report would say it now. Deleting is the
//! server's job, once the operator has let it begin.

use std::fmt::Write as _;

use booking_core::base::{DEFAULT_ZONE, Micros};
use booking_core::privacy::retention::run::{Tally, dry_run};
use texts::{Locale, format};

use crate::boot;
use crate::config::Config;
use crate::terminal::say;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct How {
    /// Only count; there is no other way.
    #[arg(long, required = true)]
    dry_run: bool,
}

/// Prints the report.
///
/// # Errors
/// When the database cannot be used.
pub(crate) async fn report(config: &Config, how: &How) -> anyhow::Result<()> {
    anyhow::ensure!(how.dry_run, "say --dry-run: this command deletes nothing");
    let state = boot::open(config).await?;
    let tally = dry_run(&state).await?;
    say(&table(&tally))
}

fn table(tally: &Tally) -> String {
    let mut text = String::new();
    let mut line = |line: std::fmt::Arguments<'_>| writeln!(text, "{line}").expect("a text takes it");
    if tally.lines.is_empty() {
        line(format_args!("Nothing is old enough."));
    } else {
        line(format_args!("{:<22} {:>10}  {:<20}newest", "table", "rows", "oldest"));
    }
    for (name, found) in &tally.lines {
        let (oldest, newest) = (moment(found.oldest), moment(found.newest));
        line(format_args!("{name:<22} {:>10}  {oldest:<20}{newest}", found.rows));
    }
    for (reason, appointments) in &tally.kept {
        line(format_args!(
            "kept all the same ({reason}): {appointments} appointments"
        ));
    }
    text
}

/// To the minute, or nothing.
fn moment(at: Option<Micros>) -> String {
    at.map_or_else(String::new, |at| format::short_with_year(Locale::En, at, DEFAULT_ZONE))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use booking_core::privacy::retention::run::Line;

    use super::*;

    #[test]
    fn a_report_has_a_line_for_each_table_and_each_reason() {
        assert_eq!(table(&Tally::default()), "Nothing is old enough.\n");
        let found = Line {
            rows: 12,
            oldest: Some(1_795_420_800_000_000),
            newest: None,
        };
        let tally = Tally {
            lines: BTreeMap::from([("document".to_owned(), found)]),
            kept: BTreeMap::from([("legal_hold".to_owned(), 2)]),
        };
        let expected = "table                        rows  oldest              newest\n\
                        document                       12  23 Nov 2026 09:00   \n\
                        kept all the same (legal_hold): 2 appointments\n";
        assert_eq!(table(&tally), expected);
    }
}
