//! The bans of `deny.toml` hold for what is built, checked without cargo-deny, which also looks at licences.

use std::path::Path;

use super::{expect_none, read};
use crate::run::{cargo, output};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The crates that `deny.toml` bans, and whether a single version is allowed.
fn bans(deny: &str) -> Vec<(&str, bool)> {
    deny.lines()
        .filter_map(|line| {
            let name = line.trim().strip_prefix("{ crate = \"")?.split('"').next()?;
            line.contains("reason =")
                .then(|| (name, line.contains("deny-multiple-versions")))
        })
        .collect()
}

/// Values of one key of the lock file.
fn values<'a>(lock: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    lock.lines().filter_map(move |line| {
        let value = line.strip_prefix(key)?.strip_prefix(" = \"")?;
        value.strip_suffix('"')
    })
}

/// Whether a locked crate is part of any build; an optional one may be locked and never built.
fn is_built(name: &str) -> bool {
    let tree = output(cargo().args(["tree", "--workspace", "--quiet", "--invert", name]));
    tree.is_ok_and(|tree| tree.contains(name))
}

#[test]
fn nothing_banned_is_built() {
    let (deny, lock) = (read(Path::new("deny.toml")), read(Path::new("Cargo.lock")));
    let bans = bans(&deny);
    assert!(bans.len() >= 5, "the bans of deny.toml are found");
    let mut findings = Vec::new();
    for (name, one_version) in bans {
        let versions = values(&lock, "name").filter(|locked| *locked == name).count();
        if one_version && versions > 1 {
            findings.push(format!("{versions} versions of {name}"));
        } else if !one_version && versions > 0 && is_built(name) {
            findings.push(format!("{name} is banned"));
        }
    }
    findings.extend(
        values(&lock, "source")
            .filter(|source| *source != REGISTRY)
            .map(str::to_owned),
    );
    expect_none("dependencies against deny.toml", &findings);
}

#[test]
fn a_crate_that_is_built_is_found() {
    assert!(is_built("rustls"), "the check for bans can fail");
}
