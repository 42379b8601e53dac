//! Lists the migrations that the folders hold, so that a new one is a file for each engine and nothing else.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

const FOLDER: &str = "migrations";

fn main() {
    println!("cargo::rerun-if-changed={FOLDER}");
    let (sqlite, postgres, shared) = (names_in("sqlite"), names_in("postgres"), names_in("shared"));
    assert_eq!(sqlite, postgres, "every migration has a twin of the same name");
    let names: BTreeSet<&String> = sqlite.union(&shared).collect();
    assert_eq!(names.len(), sqlite.len() + shared.len(), "a name is used once");
    let mut list = String::from("&[\n");
    for name in names {
        let (sqlite, postgres) = match shared.contains(name) {
            true => ("shared", "shared"),
            false => ("sqlite", "postgres"),
        };
        let text =
            |engine| format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{FOLDER}/{engine}/{name}.sql\"))");
        let (sqlite, postgres) = (text(sqlite), text(postgres));
        writeln!(
            list,
            "Step {{ name: {name:?}, sqlite: {sqlite}, postgres: {postgres} }},"
        )
        .expect("a text takes it");
    }
    list.push(']');
    let folder = std::env::var_os("OUT_DIR").expect("cargo gives a build script its folder");
    std::fs::write(Path::new(&folder).join("migrations.rs"), list).expect("that folder is writable");
}

/// The names of the migrations in a folder, without their ending.
fn names_in(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(FOLDER).join(folder);
    let entries = std::fs::read_dir(&folder).expect("the folder is there");
    let files = entries.map(|entry| entry.expect("the folder is readable").file_name());
    files
        .filter_map(|file| Some(file.to_str()?.strip_suffix(".sql")?.to_owned()))
        .collect()
}
