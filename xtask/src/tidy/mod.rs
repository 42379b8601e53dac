//! Rules of the house that no compiler knows, as tests.

mod arrows;
mod floors;
mod licences;
mod lock;
mod map;
mod metrics;
mod modules;
mod proofs;
mod pure;
mod sizes;
mod sql;
mod words;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{output, root};

/// Every file under version control or about to be, relative to the root.
fn files() -> Vec<PathBuf> {
    output(
        Command::new("git")
            .current_dir(root())
            .args(["ls-files", "--cached", "--others", "--exclude-standard"]),
    )
    .expect("the checkout is a git repository")
    .lines()
    .map(PathBuf::from)
    .filter(|path| root().join(path).is_file())
    .collect()
}

fn files_ending(endings: &[&str]) -> Vec<PathBuf> {
    files()
        .into_iter()
        .filter(|path| extension(path).is_some_and(|found| endings.contains(&found)))
        .collect()
}

fn extension(path: &Path) -> Option<&str> {
    path.extension().and_then(|extension| extension.to_str())
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of a source file before its inline tests, without comments, with their numbers.
fn own_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..tests]
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}

/// Fails with every finding at once.
fn expect_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n  {}", findings.join("\n  "));
}
