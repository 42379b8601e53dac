//! Inside a crate, too, arrows point one way: a folder knows only those on floors below its own, and nowhere do folders
//! know each other in a circle. To guard one more crate, add its floors to [`FLOORS`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{expect_none, files_ending, read};

/// The folders and files of a crate's `src`, from the ground up. Those on one floor do not know each other. The root of a
/// crate (`lib.rs`, `main.rs`) knows all of them.
const FLOORS: &[(&str, &[&[&str]])] = &[
    (
        "sfu/core/src",
        &[
            &["counters", "event", "handles", "limits", "prefetch"],
            &["wire"],
            &["quality", "transport"],
            &["packet"],
            &["publish"],
            &["subscribe"],
            &["room"],
            &["sfu"],
            &["fuzzing", "repair"],
        ],
    ),
    (
        "booking/core/src",
        &[
            &["base"],
            &["accounts"],
            &["providers"],
            &["availability"],
            &["search"],
            &["appointments"],
            &["calls"],
            &["billing"],
            &["disputes"],
            &["documents"],
            &["books"],
            &["state"],
            &["usecases"],
            &["operator", "privacy"],
            &["jobs", "seed"],
        ],
    ),
];

/// A module by the names on the way to it from the root of its crate.
type Module = Vec<String>;

/// The module that a file is, by its path below `src`.
fn module_of(path: &Path) -> Module {
    let mut module: Module = path
        .with_extension("")
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    if module
        .last()
        .is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str()))
    {
        module.pop();
    }
    module
}

/// The names that may follow a `::`, from the beginning of `text`: one, or those of a group in braces.
fn names_at(text: &str) -> Vec<&str> {
    let name = |text: &str| -> usize {
        text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .unwrap_or(text.len())
    };
    let Some(group) = text.strip_prefix('{') else {
        return vec![&text[..name(text)]];
    };
    let mut names = Vec::new();
    let mut depth = 0;
    let mut start = 0;
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' | ',' if depth == 0 => {
                let one = group[start..at].trim_start();
                names.push(&one[..name(one)]);
                start = at + 1;
                if letter == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names
}

/// What a file's text refers to by `crate::` and `super::`, as modules or items from the root of the crate.
fn references(text: &str, module: &Module) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    let mut inline = 0;
    let mut code = String::new();
    // A `super` inside an inline module, such as that of the tests, is the file itself.
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        if line.contains("mod ") && line.ends_with('{') && !line.starts_with(' ') {
            inline = 1;
        } else if line == "}" {
            inline = 0;
        }
        code.push_str(&line.replace("super::", &format!("super{inline}::")));
        code.push('\n');
    }
    for (at, _) in code.match_indices("::") {
        let before = code[..at]
            .rsplit(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .next()
            .unwrap_or("");
        let mut base = match before {
            "crate" => Module::new(),
            "super0" => module[..module.len().saturating_sub(1)].to_vec(),
            "super1" => module.clone(),
            _ => continue,
        };
        let mut rest = &code[at + 2..];
        while let Some(after) = rest.strip_prefix("super0::").or(rest.strip_prefix("super1::")) {
            base.pop();
            rest = after;
        }
        // As deep as names follow one another; a group ends it.
        loop {
            let names = names_at(rest);
            for name in names.iter().filter(|name| !name.is_empty()) {
                let mut whole = base.clone();
                whole.push((*name).to_owned());
                found.insert(whole);
            }
            let [one] = names[..] else { break };
            let Some(after) = rest[one.len()..].strip_prefix("::").filter(|_| !rest.starts_with('{')) else {
                break;
            };
            base.push(one.to_owned());
            rest = after;
        }
    }
    found
}

/// The arrows between the children of one module: who knows whom, and where that is written.
type Arrows = BTreeMap<(String, String), String>;

/// The arrows of a crate at each of its levels, from the source files below `src` and their texts.
fn arrows(sources: &[(PathBuf, String)]) -> BTreeMap<Module, Arrows> {
    let modules: BTreeSet<Module> = sources
        .iter()
        .map(|(path, _)| module_of(path))
        .flat_map(|module| (1..=module.len()).map(move |len| module[..len].to_vec()))
        .collect();
    let mut levels: BTreeMap<Module, Arrows> = BTreeMap::new();
    for (path, text) in sources {
        let module = module_of(path);
        for target in references(text, &module) {
            let shared = module
                .iter()
                .zip(&target)
                .take_while(|(one, other)| one == other)
                .count();
            let (Some(from), Some(to)) = (module.get(shared), target.get(shared)) else {
                continue;
            };
            if modules.contains(&target[..=shared]) {
                let place = path.display().to_string();
                let level = levels.entry(module[..shared].to_vec()).or_default();
                level.entry((from.clone(), to.clone())).or_insert(place);
            }
        }
    }
    levels
}

/// Everything that can be reached from one child along the arrows.
fn reached<'a>(arrows: &'a Arrows, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(one) = open.pop() {
        for (_, to) in arrows.keys().filter(|(known_by, _)| *known_by == one) {
            if reached.insert(to.as_str()) {
                open.push(to.clone());
            }
        }
    }
    reached
}

/// The source files of each crate, by its `src` folder, with their paths below it.
fn crates() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let mut crates: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    for path in files_ending(&["rs"]) {
        let name = path.display().to_string();
        let Some(at) = name.find("/src/").map(|at| at + "/src".len()) else {
            continue;
        };
        let sources = crates.entry(name[..at].to_owned()).or_default();
        sources.push((PathBuf::from(&name[at + 1..]), read(&path)));
    }
    crates
}

/// Arrows between the floors of one crate that do not point down, and what stands on no floor.
fn off_the_floors(src: &str, floors: &[&[&str]], sources: &[(PathBuf, String)]) -> Vec<String> {
    let floor = |name: &str| floors.iter().position(|rooms| rooms.contains(&name));
    let mut findings = Vec::new();
    let mut homeless: BTreeSet<String> = BTreeSet::new();
    for (path, _) in sources {
        homeless.extend(module_of(path).first().filter(|name| floor(name).is_none()).cloned());
    }
    findings.extend(homeless.iter().map(|name| format!("{src}: {name} stands on no floor")));
    for ((from, to), place) in arrows(sources).remove(&Module::new()).unwrap_or_default() {
        if floor(&to) >= floor(&from) {
            findings.push(format!("{src}/{place}: {from} must not know {to}"));
        }
    }
    findings
}

#[test]
fn folders_know_only_those_below() {
    let crates = crates();
    let mut findings = Vec::new();
    for (src, floors) in FLOORS {
        let sources = crates.get(*src).unwrap_or_else(|| panic!("{src} has no sources"));
        findings.extend(off_the_floors(src, floors, sources));
    }
    expect_none("an arrow inside a crate points up", &findings);
}

#[test]
fn no_folders_know_each_other_in_a_circle() {
    let mut findings = Vec::new();
    for (src, sources) in crates() {
        let is_folder = |module: &[String]| {
            let folder: PathBuf = module.iter().collect();
            sources
                .iter()
                .any(|(path, _)| path.starts_with(&folder) && path.components().count() > module.len())
        };
        for (level, arrows) in arrows(&sources) {
            for ((from, to), place) in &arrows {
                let folder = [from, to]
                    .iter()
                    .any(|name| is_folder(&[&level[..], &[(*name).clone()]].concat()));
                if folder && reached(&arrows, to).contains(from.as_str()) {
                    findings.push(format!("{src}/{place}: {from} -> {to}"));
                }
            }
        }
    }
    expect_none("folders of a crate know each other in a circle", &findings);
}

#[test]
fn an_arrow_up_is_found_however_it_is_written() {
    let floors: &[&[&str]] = &[&["ground", "beside"], &["upper"]];
    let check = |path: &str, text: &str, expected: &[&str]| {
        let sources = [
            (PathBuf::from(path), text.to_owned()),
            ("ground/deep.rs".into(), String::new()),
            ("beside.rs".into(), String::new()),
            ("upper/mod.rs".into(), String::new()),
        ];
        assert_eq!(off_the_floors("src", floors, &sources), expected, "{text}");
    };
    let up = ["src/ground/file.rs: ground must not know upper"];
    check("ground/file.rs", "use crate::upper::One;", &up);
    check(
        "ground/file.rs",
        "use crate::{\n    ground::deep,\n    upper::{One, Two},\n};",
        &up,
    );
    check("ground/file.rs", "use super::super::upper::One;", &up);
    check("ground/file.rs", "fn f() -> crate::upper::One { todo() }", &up);
    check(
        "ground/file.rs",
        "mod tests {\n    use super::super::super::upper;\n}",
        &up,
    );
    check(
        "ground/file.rs",
        "use crate::beside::One;",
        &["src/ground/file.rs: ground must not know beside"],
    );
    check(
        "ground/file.rs",
        "// crate::upper\nuse super::deep::upper;\nmod tests {\n    use super::upper;\n}",
        &[],
    );
    check(
        "upper/file.rs",
        "use crate::ground::deep::One;\nuse crate::beside;",
        &[],
    );
    check("lib.rs", "pub use crate::upper::One;", &[]);
    check("attic.rs", "", &["src: attic stands on no floor"]);
}
