//! Every statement that is declared is run by somebody: a list of them keeps dead ones alive for the compiler.

use std::path::Path;

use super::{expect_none, files_ending, read};

/// The text inside the braces of the `statements!` blocks of a source, and the source without them.
fn split(source: &str) -> (String, String) {
    let (mut inside, mut outside) = (String::new(), String::new());
    let mut rest = source;
    while let Some(at) = rest.find("statements! {\n") {
        let (before, block) = rest.split_at(at);
        outside.push_str(before);
        let end = block.find("\n}\n").map_or(block.len(), |end| end + 3);
        inside.push_str(&block[..end]);
        rest = &block[end..];
    }
    outside.push_str(rest);
    (inside, outside)
}

/// The names of the statements that a block declares.
fn declared(block: &str) -> Vec<&str> {
    block
        .lines()
        .filter_map(|line| line.trim_start().split_once(" = ").map(|(name, _)| name))
        .filter(|name| {
            name.len() > 2
                && name
                    .bytes()
                    .all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
        })
        .collect()
}

fn names(source: &str, wanted: &str) -> bool {
    source
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .any(|word| word == wanted)
}

/// Whether a source says `queries::NAME`, or another path that ends in it.
fn names_by_path(source: &str, wanted: &str) -> bool {
    let path = format!("::{wanted}");
    source.match_indices(&path).any(|(at, _)| {
        let next = source[at + path.len()..].chars().next();
        next.is_none_or(|letter| !letter.is_ascii_alphanumeric() && letter != '_')
    })
}

/// The folder of the feature that a file belongs to: its statements are run from there, or from above by their path.
fn is_same_feature(file: &Path, other: &Path) -> bool {
    file.parent() == other.parent() || other.starts_with(file.parent().unwrap_or(file))
}

#[test]
fn every_statement_is_run() {
    let sources: Vec<(std::path::PathBuf, String, String)> = files_ending(&["rs"])
        .into_iter()
        .filter(|path| path.starts_with("booking"))
        .map(|path| {
            let (inside, outside) = split(&read(&path));
            (path, inside, outside)
        })
        .collect();
    let mut findings = Vec::new();
    let mut seen = 0;
    for (file, block, _) in &sources {
        // Statements of the one file are called by its own functions; those of `queries.rs` by whoever names them.
        for name in declared(block) {
            seen += 1;
            let is_run = sources.iter().any(|(other, _, outside)| {
                (is_same_feature(file, other) && names(outside, name)) || names_by_path(outside, name)
            });
            if !is_run {
                findings.push(format!("{}: {name}", file.display()));
            }
        }
    }
    assert!(seen > 100, "statements are found");
    expect_none("a statement that nobody runs", &findings);
}
