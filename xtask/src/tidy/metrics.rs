//! The metrics that the operator's page explains are metrics that the server has.

use std::path::Path;

use super::{expect_none, read};

/// Where metrics and their labels are named.
const SOURCES: &[&str] = &[
    "server/src/metrics.rs",
    "media-api/src/metrics.rs",
    "signaling/service/src/metrics.rs",
    "sfu/core/src/counters.rs",
    "sfu/driver/src/metrics.rs",
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
