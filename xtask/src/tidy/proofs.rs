//! Tests carry the ids of what they prove: requirements S01 to S64 of the product and W1 to W15 of the media server, and the
//! faults A1 to F17 that a first trial of the product found.

use std::collections::{BTreeMap, BTreeSet};

use super::{expect_none, files_ending, read};

/// What no test proves yet. An id leaves this list when a test carries it; none is ever added.
const UNPROVEN: &[&str] = &[
    "S07", "S08", "S10", "S14", "S15", "S16", "S18", "S19", "S20", "S21", "S25", "S26", "S27", "S28", "S29", "S30",
    "S31", "S34", "S35", "S36", "S37", "S38", "S39", "S41", "S44", "S45", "S48", "S51", "S52", "S53", "S54", "S55",
    "S58", "S60", "S61", "S64",
];

/// The letters of ids, with how many ids each has and how wide their numbers are written.
const SERIES: &[(char, usize, usize)] = &[
    ('S', 64, 2),
    ('W', 15, 1),
    ('A', 6, 1),
    ('B', 8, 1),
    ('C', 5, 1),
    ('D', 9, 1),
    ('E', 22, 1),
    ('F', 17, 1),
];

/// Every id there is, in order.
fn all() -> Vec<String> {
    SERIES
        .iter()
        .flat_map(|(letter, count, width)| (1..=*count).map(move |number| format!("{letter}{number:0width$}")))
        .collect()
}

/// A word as an id, whatever its case and its leading zeros.
fn read_id(word: &str) -> Option<String> {
    let letter = word.chars().next()?.to_ascii_uppercase();
    let (_, _, width) = SERIES.iter().find(|(series, ..)| *series == letter)?;
    let digits = &word[1..];
    let short = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: usize = short.then(|| digits.parse().ok())??;
    Some(format!("{letter}{number:0width$}"))
}

/// The ids that a comment names.
fn ids(comment: &str) -> impl Iterator<Item = String> {
    comment
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| word.starts_with(|letter: char| letter.is_ascii_uppercase()))
        .filter_map(read_id)
}

/// The id that the name of a test begins with.
fn id_of_name(line: &str) -> Option<String> {
    let name = line.trim_start().trim_start_matches("async ").strip_prefix("fn ")?;
    read_id(name.split('_').next()?)
}

/// Whether a test begins on this line, or the comment that stood before it still belongs to what comes.
enum Line {
    Comment,
    Between,
    Test,
    Other,
}

fn classify(line: &str) -> Line {
    let line = line.trim_start();
    if line.starts_with("//") {
        Line::Comment
    } else if line.starts_with("#[test]") || line.starts_with("#[tokio::test") || line.starts_with("test(") {
        Line::Test
    } else if line.starts_with("#[") || line.starts_with("on_both!") {
        Line::Between
    } else {
        Line::Other
    }
}

/// The ids in the comments that stand directly before the tests of a file.
fn proven_in(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting: BTreeSet<String> = BTreeSet::new();
    // In `on_both! { … }` the comment stands between the macro and its function.
    let mut in_both = false;
    let mut in_test = false;
    for line in source.lines() {
        match classify(line) {
            Line::Comment => waiting.extend(ids(line)),
            Line::Between => in_both |= line.trim_start().starts_with("on_both!"),
            Line::Test => {
                found.append(&mut waiting);
                in_test = true;
            }
            Line::Other => {
                if in_both && line.trim_start().starts_with("async fn") {
                    found.append(&mut waiting);
                    in_test = true;
                }
                if in_test {
                    found.extend(id_of_name(line));
                }
                in_both = false;
                in_test = false;
                waiting.clear();
            }
        }
    }
    found
}

#[test]
fn comments_before_tests_are_read() {
    let source = "/// S02.\nfn helper() {}\n\n/// S03, W4: why.\n#[test]\nfn it() {}\n\non_both! {\n    /// Trial A1, S09.\n    async fn so(app: App) {\n// S40\ntest(\"x\"\n#[test]\nfn e07_so() {}\nfn f1_helper() {}";
    let found: Vec<String> = proven_in(source).into_iter().collect();
    assert_eq!(found, ["A1", "E7", "S03", "S09", "S40", "W4"]);
}

#[test]
fn the_unproven_only_become_fewer() {
    let mut proven: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files_ending(&["rs", "mjs", "ts", "tsx"]) {
        if path.starts_with("xtask") {
            continue;
        }
        for id in proven_in(&read(&path)) {
            proven.entry(id).or_default().push(path.display().to_string());
        }
    }
    let all = all();
    let mut findings: Vec<String> = proven
        .iter()
        .filter(|(id, _)| !all.contains(id))
        .map(|(id, files)| format!("{id} in {} is no id", files.join(", ")))
        .collect();
    for id in &all {
        match (proven.get(id), UNPROVEN.contains(&id.as_str())) {
            (Some(files), true) => findings.push(format!(
                "{id} is proven by {} and must leave UNPROVEN",
                files.join(", ")
            )),
            (None, false) => findings.push(format!("{id} has lost its test")),
            _ => {}
        }
    }
    println!(
        "{} of {} ids have no test yet: {}",
        UNPROVEN.len(),
        all.len(),
        UNPROVEN.join(" ")
    );
    expect_none("ids and tests differ", &findings);
}
