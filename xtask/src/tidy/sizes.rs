//! Files stay small enough to be held in mind. Clippy watches the functions.

use super::{expect_none, extension, files_ending, read};

const LINES_MAX: usize = 600;
const CLIENT_LINES_MAX: usize = 250;
/// Characters in a line of a template or a style, so that a person can edit them side by side with the page.
const LINE_WIDTH_MAX: usize = 160;

#[test]
fn files_are_short() {
    let findings: Vec<String> = files_ending(&["rs", "ts", "tsx", "css", "mjs", "html"])
        .iter()
        .filter(|path| !path.components().any(|part| part.as_os_str() == "generated"))
        .filter_map(|path| {
            let lines = read(path).lines().count();
            let is_client = path.starts_with("web/client") && !path.to_string_lossy().contains(".test.");
            let limit = if is_client { CLIENT_LINES_MAX } else { LINES_MAX };
            (lines > limit).then(|| format!("{}: {lines} lines, at most {limit}", path.display()))
        })
        .collect();
    expect_none("a file is too long: split it by concern", &findings);
}

/// Whether an element of its own begins here: such elements stand on lines of their own.
fn starts_block(line: &str) -> usize {
    const BLOCKS: [&str; 12] = [
        "<div", "<p", "<li", "<ul", "<ol", "<tr", "<td", "<th", "<section", "<form", "<dt", "<dd",
    ];
    BLOCKS
        .iter()
        .flat_map(|tag| line.match_indices(tag).map(move |(at, _)| at + tag.len()))
        .filter(|end| line[*end..].starts_with(['>', ' ', '{']))
        .count()
}

#[test]
fn templates_and_styles_can_be_edited_by_people() {
    let mut findings = Vec::new();
    for path in files_ending(&["html", "css"]) {
        let is_template = extension(&path) == Some("html");
        for (number, line) in read(&path).lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            let width = line.chars().count();
            if width > LINE_WIDTH_MAX {
                findings.push(format!("{place}: {width} characters, at most {LINE_WIDTH_MAX}"));
            }
            if is_template && starts_block(line) > 1 {
                findings.push(format!("{place}: two elements on one line"));
            }
            let indent = line.len() - line.trim_start_matches(' ').len();
            if indent % 2 != 0
                && !line.trim_start().starts_with(['*', '/'])
                && !line[indent..].starts_with(|letter: char| letter.is_alphabetic())
            {
                findings.push(format!("{place}: indented by {indent} spaces"));
            }
        }
    }
    expect_none("a template or a style is hard to edit", &findings);
}
