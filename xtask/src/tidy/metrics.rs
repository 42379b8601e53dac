//! The metrics and events that the operator's page explains are ones that the server has, and every counter is raised somewhere.

use std::path::Path;

use super::{expect_none, files_ending, own_lines, read};

/// Where metrics, their labels and the events of the security log are named.
const SOURCES: &[&str] = &[
    "server/src/metrics.rs",
    "media-api/src/metrics.rs",
    "signaling/service/src/metrics.rs",
    "sfu/core/src/counters.rs",
    "sfu/driver/src/metrics.rs",
    "booking/core/src/base/security.rs",
    "booking/core/src/base/outbox/mod.rs",
];

/// Words with underscores that stand alone in backticks or quotes.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(['`', '"', '{']).filter(|word| {
        word.contains('_')
            && word
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    })
}

#[test]
fn explained_metrics_exist() {
    let sources: Vec<String> = SOURCES.iter().map(|source| read(Path::new(source))).collect();
    let known = |name: &str| {
        sources.iter().any(|source| {
            source
                .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                .any(|word| word == name)
        })
    };
    let document = read(Path::new("docs/operations.md"));
    let mut findings: Vec<&str> = names(&document).filter(|name| !known(name)).collect();
    findings.sort_unstable();
    findings.dedup();
    assert!(names(&document).count() > 30, "the document names metrics");
    let findings: Vec<String> = findings.into_iter().map(str::to_owned).collect();
    expect_none("docs/operations.md explains a metric that is not there", &findings);
}

/// Where counters are declared, one a line, and the sources in which each is raised.
const DECLARED: &[(&str, &str)] = &[
    ("sfu/core/src/counters.rs", "sfu/core/src"),
    ("sfu/driver/src/metrics.rs", "sfu/driver/src"),
    ("signaling/service/src/metrics.rs", "signaling/service/src"),
    ("media-api/src/metrics.rs", "media-api/src"),
];

/// Counters that a file declares in its `counters!` (fields) or `counts!` (variants).
fn declared(text: &str) -> Vec<&str> {
    text.lines()
        .skip_while(|line| !line.ends_with("counters! {") && !line.ends_with("counts! {"))
        .skip(1)
        .take_while(|line| *line != "}")
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
        .filter_map(|line| line.split([',', ' ']).next())
        .collect()
}

/// A line that raises a counter: adds to the field, borrows it for that, or names the variant.
fn raises(line: &str, counter: &str) -> bool {
    let field = counter.starts_with(|letter: char| letter.is_ascii_lowercase());
    let named = if field {
        format!(".{counter}")
    } else {
        format!("::{counter}")
    };
    line.match_indices(&named).any(|(at, _)| {
        let after = &line[at + named.len()..];
        let ends = !after.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
        ends && (!field || line.contains("+=") || line.contains("&mut "))
    })
}

#[test]
fn every_counter_is_raised() {
    let mut findings = Vec::new();
    for (place, sources) in DECLARED {
        let text = read(Path::new(place));
        let counters = declared(&text);
        assert!(counters.len() > 5, "{place} declares counters");
        let sources: Vec<String> = files_ending(&["rs"])
            .iter()
            .filter(|path| path.starts_with(sources) && !path.ends_with("tests.rs"))
            .map(|path| read(path))
            .collect();
        for counter in counters {
            let mut lines = sources.iter().flat_map(|text| own_lines(text));
            if !lines.any(|(_, line)| raises(line, counter)) {
                findings.push(format!("{place}: {counter}"));
            }
        }
    }
    expect_none("a counter that nobody raises", &findings);
}
