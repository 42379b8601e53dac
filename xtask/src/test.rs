//! `cargo xtask test`: the whole check, counted.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::postgres::Postgres;
use crate::run::{Result, binary, cargo};
use crate::{machine, web};

/// What the steps added up to. A step that counts nothing itself (a lint, say) counts as one.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
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
    machine::prepare(machine::FOR_TESTS)?;
    if let Err(missing) = machine::prepare(machine::FOR_INTEROP) {
        println!("some tests will be skipped: {missing}");
    }
    web::bundle()?;
    let mut tally = Tally::default();
    let mut step = |name: &str, counting: Counting, command: &mut Command| {
        if wanted(name) {
            tally.step(name, counting, command);
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
    let database = Postgres::start()?;
    step(
        "cargo tests",
        Counting::Cargo,
        cargo()
            .args(["test", "--workspace", "--no-fail-fast"])
            .env("BOOKA_TEST_POSTGRES", database.url()),
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
        web::in_web("npm", &["run", "--silent", "browser-tests"])
            .env("BOOKA_TEST_BINARY", binary("booka"))
            .env("BOOKA_TEST_BOT", binary("booka-bot"))
            .env("BOOKA_TEST_POSTGRES", database.url()),
    );
    drop(database);
    tally.close()
}

impl Tally {
    fn step(&mut self, name: &str, counting: Counting, command: &mut Command) {
        println!("\n== {name}");
        let before = (self.passed, self.failed);
        let succeeded = self.follow(counting, command).unwrap_or_else(|error| {
            println!("{name}: {error}");
            false
        });
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
    fn follow(&mut self, counting: Counting, command: &mut Command) -> Result<bool> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start: {error}"))?;
        let output = child.stdout.take().ok_or("no output to read")?;
        for line in BufReader::new(output).lines() {
            let line = line.map_err(|error| error.to_string())?;
            println!("{line}");
            match counting {
                Counting::OneStep => {}
                Counting::Cargo => self.count_cargo(&line),
                Counting::Node => self.count_node(&line),
            }
        }
        Ok(child.wait().map_err(|error| error.to_string())?.success())
    }

    fn count_cargo(&mut self, line: &str) {
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

    fn close(self) -> Result<()> {
        let Self {
            passed,
            failed,
            skipped,
            broken,
        } = self;
        if !broken.is_empty() {
            println!("\nbroken: {}", broken.join(", "));
        }
        println!();
        if skipped == 0 {
            println!("{passed} passed, {failed} failed");
        } else {
            println!("{passed} passed, {failed} failed, {skipped} skipped");
        }
        if failed == 0 && broken.is_empty() {
            Ok(())
        } else {
            Err(String::new())
        }
    }
}
