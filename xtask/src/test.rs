//! `cargo xtask test`: the whole check, counted.

use std::process::Command;
use std::time::Instant;

use crate::postgres::{Postgres, memory_folder};
use crate::run::{Result, binary, cargo};
use crate::watch::{Limits, follow};
use crate::{machine, web};

/// Tells the tests where PostgreSQL is.
const POSTGRES_VARIABLE: &str = "BOOKA_TEST_POSTGRES";
/// Tells the tests where their own databases are to be.
const FOLDER_VARIABLE: &str = "BOOKA_TEST_FOLDER";
/// What a test prints that returns without having run, because there is no PostgreSQL, or something else is missing.
const SKIPPED: [&str; 2] = ["skipped on PostgreSQL: ", "skipped: "];

/// What the steps added up to. A step that counts nothing itself (a lint, say) counts as one.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
    /// Counted as passed by the test harness, although they did not run.
    skipped_aloud: u64,
    broken: Vec<String>,
}

/// How a step's output is read.
#[derive(Clone, Copy)]
enum Counting {
    /// Success or failure is the only result.
    OneStep,
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; …`
    Cargo,
    /// `# pass 3`, `# fail 0`, `# skipped 1` (or with `ℹ`)
    Node,
}

/// Runs every check; with arguments, only the steps whose name contains one of them.
pub(crate) fn test(only: &[String]) -> Result<()> {
    let wanted = |name: &str| only.is_empty() || only.iter().any(|part| name.contains(part.as_str()));
    let limits = Limits::begin();
    machine::prepare(machine::FOR_TESTS)?;
    if let Err(missing) = machine::prepare(machine::FOR_INTEROP) {
        println!("some tests will be skipped: {missing}");
    }
    web::bundle()?;
    let database = second_engine();
    let mut tally = Tally::default();
    let mut step = |name: &str, counting: Counting, command: &mut Command| {
        if wanted(name) {
            tally.step(name, counting, command, limits);
        }
    };
    step("format", Counting::OneStep, cargo().args(["fmt", "--all", "--check"]));
    step(
        "client types",
        Counting::OneStep,
        &mut web::in_web("npm", &["run", "--silent", "types"]),
    );
    step(
        "client budgets",
        Counting::OneStep,
        &mut web::in_web("node", &["build.mjs", "--check"]),
    );
    step(
        "client tests",
        Counting::Node,
        &mut web::in_web("npm", &["test", "--silent"]),
    );
    step(
        "lints",
        Counting::OneStep,
        cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]),
    );
    step(
        "cargo tests",
        Counting::Cargo,
        with_engine(
            cargo().args(["test", "--workspace", "--no-fail-fast"]),
            database.as_ref(),
        ),
    );
    // The same features as the step before, so that nothing is compiled a second time.
    step(
        "programs for the browser tests",
        Counting::OneStep,
        cargo().args(["test", "--workspace", "--no-run", "--quiet"]),
    );
    step(
        "browser tests",
        Counting::Node,
        with_engine(
            web::in_web("npm", &["run", "--silent", "browser-tests"])
                .env("BOOKA_TEST_BINARY", binary("booka"))
                .env("BOOKA_TEST_BOT", binary("booka-bot")),
            database.as_ref(),
        ),
    );
    if let Err(reason) = &database {
        println!("\nNothing was tested on PostgreSQL: {reason}");
    }
    tally.close()
}

/// A PostgreSQL server for the tests, or why there is none: they then run on SQLite alone, and say so.
pub(crate) fn second_engine() -> Result<Postgres> {
    let started = machine::prepare(machine::FOR_BOTH_ENGINES).and_then(|()| Postgres::start());
    if let Err(reason) = &started {
        println!("every test of the second database engine will be skipped: {reason}");
    }
    started
}

pub(crate) fn with_engine<'a>(
    command: &'a mut Command,
    database: std::result::Result<&Postgres, &String>,
) -> &'a mut Command {
    if let Some(folder) = memory_folder() {
        command.env(FOLDER_VARIABLE, folder);
    }
    match database {
        Ok(database) => command.env(POSTGRES_VARIABLE, database.url()),
        Err(_) => command.env_remove(POSTGRES_VARIABLE),
    }
}

impl Tally {
    fn step(&mut self, name: &str, counting: Counting, command: &mut Command, limits: Limits) {
        println!("\n== {name}");
        let (before, begun) = ((self.passed, self.failed), Instant::now());
        let succeeded = self.follow(counting, command, limits).unwrap_or_else(|error| {
            println!("{name}: {error}");
            false
        });
        println!("{name}: {} s", begun.elapsed().as_secs());
        let counted = (self.passed, self.failed) != before;
        match (succeeded, counted) {
            (true, true) => {}
            (true, false) => self.passed += 1,
            (false, _) => {
                self.broken.push(name.to_owned());
                if self.failed == before.1 {
                    self.failed += 1;
                }
            }
        }
    }

    /// Runs the command, shows its output and counts what it says.
    fn follow(&mut self, counting: Counting, command: &mut Command, limits: Limits) -> Result<bool> {
        follow(command, limits, |line| {
            println!("{line}");
            match counting {
                Counting::OneStep => {}
                Counting::Cargo => self.count_cargo(line),
                Counting::Node => self.count_node(line),
            }
        })
    }

    fn count_cargo(&mut self, line: &str) {
        // The test harness knows nothing of it and counts such a test as passed.
        if SKIPPED.iter().any(|words| line.contains(words)) {
            self.skipped_aloud += 1;
        }
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        for part in result.split(['.', ';']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (words.next().and_then(|word| word.parse::<u64>().ok()), words.next())
            else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.skipped += number,
                _ => {}
            }
        }
    }

    fn count_node(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) else {
            return;
        };
        let Some((what, number)) = rest.split_once(' ') else {
            return;
        };
        let Ok(number) = number.trim().parse::<u64>() else {
            return;
        };
        match what {
            "pass" => self.passed += number,
            "fail" | "cancelled" => self.failed += number,
            "skipped" | "todo" => self.skipped += number,
            _ => {}
        }
    }

    fn summary(&self) -> String {
        let passed = self.passed - self.skipped_aloud;
        let skipped = self.skipped + self.skipped_aloud;
        let failed = self.failed;
        if skipped == 0 {
            format!("{passed} passed, {failed} failed")
        } else {
            format!("{passed} passed, {failed} failed, {skipped} skipped")
        }
    }

    fn close(self) -> Result<()> {
        if !self.broken.is_empty() {
            println!("\nbroken: {}", self.broken.join(", "));
        }
        println!("\n{}", self.summary());
        if self.failed == 0 && self.broken.is_empty() {
            Ok(())
        } else {
            Err(String::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn a_test_that_cannot_run_is_skipped_and_not_passed() {
        let mut tally = Tally::default();
        for line in [
            "skipped on PostgreSQL: BOOKA_TEST_POSTGRES names no server",
            "test it::postgres ... skipped on PostgreSQL: BOOKA_TEST_POSTGRES names no server",
            "skipped: the browser client is not built",
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
        ] {
            tally.count_cargo(line);
        }
        assert_eq!((tally.passed, tally.skipped, tally.skipped_aloud), (5, 1, 3));
        assert_eq!(tally.summary(), "2 passed, 0 failed, 4 skipped");
    }
}
