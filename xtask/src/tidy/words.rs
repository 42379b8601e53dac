//! Leftovers and forbidden words.

use super::{expect_none, files_ending, own_lines, read};

/// What must not stay, and in which files.
const LEFTOVERS: &[(&str, &[&str])] = &[
    (
        concat!("TO", "DO"),
        &["rs", "ts", "tsx", "css", "html", "sql", "mjs", "ftl"],
    ),
    (
        concat!("FIX", "ME"),
        &["rs", "ts", "tsx", "css", "html", "sql", "mjs", "ftl"],
    ),
    (concat!("dbg", "!("), &["rs"]),
    (concat!("unimplemented", "!("), &["rs"]),
    (concat!("#[ign", "ore"), &["rs"]),
    (concat!("#[all", "ow("), &["rs"]),
    (concat!("console", ".log"), &["ts", "tsx"]),
    (concat!("debug", "ger;"), &["ts", "tsx", "mjs"]),
    (concat!(".on", "ly("), &["ts", "mjs"]),
    (concat!(" style", "=\""), &["html"]),
    (concat!(" on", "click="), &["html"]),
];

#[test]
fn nothing_is_left_over() {
    let mut findings = Vec::new();
    for (word, endings) in LEFTOVERS {
        for path in files_ending(endings) {
            for (number, line) in read(&path).lines().enumerate() {
                if line.contains(word) {
                    findings.push(format!("{}:{}: {word}", path.display(), number + 1));
                }
            }
        }
    }
    expect_none("leftovers", &findings);
}

#[test]
fn every_module_says_what_it_is_for() {
    let findings: Vec<String> = files_ending(&["rs"])
        .iter()
        .filter(|path| !read(path).starts_with("//!"))
        .map(|path| path.display().to_string())
        .collect();
    expect_none("a module begins with a //! line", &findings);
}

/// What a rule says no to is an error enum of its feature, so that one `?` serves it.
#[test]
fn no_refusal_is_a_result_within_a_result() {
    let nested = concat!("Result<", "Result<");
    let mut findings = Vec::new();
    for path in files_ending(&["rs"]) {
        let name = path.display().to_string();
        if name.contains("/tests/") {
            continue;
        }
        for (number, _) in own_lines(&read(&path)).filter(|(_, line)| line.contains(nested)) {
            findings.push(format!("{name}:{number}"));
        }
    }
    expect_none("a refusal within a result", &findings);
}
