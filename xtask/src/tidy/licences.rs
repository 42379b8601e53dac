//! Dependencies have licences that `deny.toml` allows. `cargo deny` says the same and more where it is installed; this
//! reads only what cargo itself knows, so that it holds on a bare machine, too.

use std::path::Path;
use std::process::Command;

use super::{expect_none, read};
use crate::run::root;

/// A crate, as `cargo metadata` tells of it.
#[derive(Debug, PartialEq, Eq)]
struct Package {
    name: String,
    licence: String,
    is_ours: bool,
}

/// The string after `"key":` at or after `from`, and where it ends; `null` is an empty string.
fn string_after(json: &str, key: &str, from: usize) -> Option<(String, usize)> {
    let label = format!("\"{key}\":");
    let at = from + json[from..].find(&label)? + label.len();
    let Some(rest) = json[at..].strip_prefix('"') else {
        return Some((String::new(), at));
    };
    let end = rest.find('"')?;
    Some((rest[..end].to_owned(), at + 1 + end))
}

/// The packages of the metadata. Each begins with its name, version, id, licence.
fn packages(json: &str) -> Vec<Package> {
    let list = json.split("\"workspace_members\"").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = list[from..].find("{\"name\":\"").map(|at| from + at) {
        from = at + 1;
        let Some((name, end)) = string_after(list, "name", at) else {
            break;
        };
        // Dependencies, too, begin with a name, but a source follows it and no version.
        if !list[end..].starts_with("\",\"version\":\"") {
            continue;
        }
        let Some((_, end)) = string_after(list, "id", end) else {
            break;
        };
        let Some((licence, end)) = string_after(list, "license", end) else {
            break;
        };
        let Some((source, _)) = string_after(list, "source", end) else {
            break;
        };
        found.push(Package {
            name,
            licence,
            is_ours: source.is_empty(),
        });
    }
    found
}

/// Whether an SPDX expression can be kept with the allowed licences alone.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let result = either(&mut words, allowed);
    result && words.peek().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    let mut result = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        result |= both(words, allowed);
    }
    result
}

fn both(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    let mut result = single(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        result &= single(words, allowed);
    }
    result
}

fn single(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    let Some(word) = words.next() else { return false };
    if word == "(" {
        let result = either(words, allowed);
        return words.next_if_eq(&")").is_some() && result;
    }
    let licence = match words.next_if_eq(&"WITH").and_then(|_| words.next()) {
        Some(exception) => format!("{word} WITH {exception}"),
        None => word.to_owned(),
    };
    allowed.contains(&licence.as_str())
}

/// The quoted words between `start` and the next `]`.
fn list_after<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    let body = text.split_once(start).map(|(_, rest)| rest).unwrap_or_default();
    let body = body.split_once(']').map(|(list, _)| list).unwrap_or_default();
    body.split('"').skip(1).step_by(2).collect()
}

#[test]
fn expressions_are_understood() {
    let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"];
    let allows = |expression| is_allowed(expression, &allowed);
    assert!(allows("MIT") && allows("GPL-2.0-only OR MIT") && allows("Apache-2.0/MIT") && allows("Unlicense / MIT"));
    assert!(allows("(GPL-3.0-only OR MIT) AND Apache-2.0 WITH LLVM-exception"));
    assert!(!allows("GPL-3.0-only") && !allows("MIT AND GPL-3.0-only") && !allows(""));
    assert!(!allows("MIT WITH Something") && !allows("(MIT") && !allows("MIT MIT"));
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed() {
    let policy = read(Path::new("deny.toml"));
    let licences = policy
        .split_once("[licenses]")
        .map(|(_, rest)| rest)
        .expect("deny.toml has them");
    let allowed = list_after(licences, "\nallow = [");
    assert!(allowed.contains(&"MIT"), "the allowed licences are found");
    let metadata = crate::run::output(Command::new(env!("CARGO")).current_dir(root()).args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
    ]))
    .expect("cargo knows its packages");
    let packages = packages(&metadata);
    assert_eq!(
        packages.len(),
        metadata.matches("\"license_file\":").count(),
        "every package is read"
    );
    let findings: Vec<String> = packages
        .iter()
        .filter(|package| !package.is_ours)
        .filter(|package| {
            let exception = list_after(licences, &format!("{{ crate = \"{}\", allow = [", package.name));
            !is_allowed(&package.licence, &allowed) && !is_allowed(&package.licence, &exception)
        })
        .map(|package| format!("{}: {:?}", package.name, package.licence))
        .collect();
    expect_none("a dependency has a licence that deny.toml does not allow", &findings);
}
