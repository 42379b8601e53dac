//! Every file of source belongs to a crate.

use std::path::{Path, PathBuf};

use super::{expect_none, files_ending, read};
use crate::run::root;

/// Files in which a module may be named that stands in `file`.
fn parents(file: &Path) -> Vec<PathBuf> {
    let folder = file.parent().expect("files stand in folders");
    // `a/mod.rs` is a module of what stands around `a`.
    let folder = if file.ends_with("mod.rs") {
        folder.parent().expect("no crate's root is called mod.rs")
    } else {
        folder
    };
    let beside = ["mod.rs", "lib.rs", "main.rs"].map(|name| folder.join(name));
    beside.into_iter().chain([folder.with_extension("rs")]).collect()
}

fn module(file: &Path) -> String {
    let named = if file.ends_with("mod.rs") {
        file.parent()
    } else {
        Some(file)
    };
    let stem = named.and_then(Path::file_stem).expect("a file with a name");
    stem.to_string_lossy().into_owned()
}

/// What cargo takes by itself.
fn is_root(file: &Path) -> bool {
    let names = ["lib.rs", "main.rs", "build.rs"];
    names.iter().any(|name| file.ends_with(name)) || file.parent().is_some_and(|folder| folder.ends_with("src/bin"))
}

/// Files that another one names by their path, as benches name what they share.
fn named_by_path() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for file in files_ending(&["rs"]) {
        let folder = file.parent().expect("files stand in folders").to_path_buf();
        for line in read(&file).lines() {
            let path = line
                .trim()
                .strip_prefix("#[path = \"")
                .and_then(|rest| rest.strip_suffix("\"]"));
            let beside = path.and_then(|path| path.strip_prefix("../"));
            found.extend(beside.and_then(|path| Some(folder.parent()?.join(path))));
        }
    }
    found
}

#[test]
fn every_source_file_is_named_by_its_parent() {
    let by_path = named_by_path();
    let named = |file: &Path| {
        let lines = ["", "pub ", "pub(crate) ", "pub(super) "].map(|scope| format!("{scope}mod {};", module(file)));
        parents(file)
            .iter()
            .filter(|parent| root().join(parent).is_file())
            .any(|parent| {
                read(parent)
                    .lines()
                    .any(|line| lines.iter().any(|wanted| line.trim() == wanted))
            })
    };
    let lost: Vec<String> = files_ending(&["rs"])
        .into_iter()
        .filter(|file| !is_root(file) && !named(file) && !by_path.contains(file))
        .map(|file| file.display().to_string())
        .collect();
    expect_none("these files are compiled by nobody:", &lost);
}
