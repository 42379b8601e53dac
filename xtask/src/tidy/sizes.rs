//! Files stay small enough to be held in mind. Clippy watches the functions.

use super::{expect_none, files_ending, read};

const LINES_MAX: usize = 600;
const CLIENT_LINES_MAX: usize = 250;

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
