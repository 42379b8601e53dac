//! The documents name only what exists.

use std::path::Path;

use super::{expect_none, files, read};
use crate::run::root;

/// Documents whose names in backticks are checked.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/doors.md",
    "docs/media.md",
    "docs/media-api.md",
    "docs/protocol.md",
    "deploy/README.md",
    "docs/media.md",
    "docs/operations.md",
];

/// Texts in backticks that look like a path of this repository.
fn paths(text: &str) -> Vec<&str> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.contains('/') && !word.contains([' ', '{', '*', '<', '$', ':', '=', '\n']))
        .filter(|word| !word.starts_with(['/', '.', '-', '@', '~']))
        .collect()
}

fn top_level_names() -> Vec<String> {
    let mut names: Vec<String> = files()
        .iter()
        .filter_map(|path| Some(path.components().next()?.as_os_str().to_string_lossy().into_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn named_paths_exist() {
    let top = top_level_names();
    let mut findings = Vec::new();
    for document in DOCUMENTS {
        let text = read(Path::new(document));
        for path in paths(&text) {
            let first = path.split('/').next().unwrap_or(path);
            if top.iter().any(|name| name == first) && !root().join(path).exists() {
                findings.push(format!("{document}: {path}"));
            }
        }
    }
    expect_none("a document names a path that does not exist", &findings);
}

#[test]
fn the_map_knows_every_crate() {
    let map = read(Path::new("ARCHITECTURE.md"));
    let findings: Vec<String> = files()
        .iter()
        .filter(|path| path.ends_with("Cargo.toml"))
        .filter_map(|path| path.parent())
        .map(|folder| folder.display().to_string())
        .filter(|folder| !folder.is_empty() && !map.contains(&format!("`{folder}/`")))
        .collect();
    expect_none("a crate is missing in ARCHITECTURE.md", &findings);
}
