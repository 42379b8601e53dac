//! Dependencies between our crates point one way, and every dependency says why it is there.

use std::path::Path;

use super::{expect_none, files, read};

/// Which of our crates each crate may use outside its tests.
const ARROWS: &[(&str, &str, &[&str])] = &[
    ("sfu/core", "sfu-core", &[]),
    ("sfu/syscalls", "sfu-syscalls", &[]),
    ("sfu/driver", "sfu-driver", &["sfu-core", "sfu-syscalls"]),
    ("sfu/sim", "sfu-sim", &["sfu-core"]),
    ("signaling/protocol", "signaling-protocol", &[]),
    ("signaling/service", "signaling", &["signaling-protocol", "sfu-core"]),
    (
        "signaling/plane",
        "media-plane",
        &["signaling", "sfu-core", "sfu-driver"],
    ),
    (
        "media-api",
        "media-api",
        &["signaling", "signaling-protocol", "sfu-core"],
    ),
    ("web/texts", "texts", &[]),
    ("web", "web", &["texts", "signaling-protocol"]),
    ("booking/core", "booking-core", &["texts", "signaling-protocol"]),
    ("booking/adapters", "booking-adapters", &["booking-core"]),
    (
        "booking/site",
        "booking-site",
        &["booking-core", "signaling-protocol", "web"],
    ),
    (
        "server",
        "booka",
        &[
            "booking-adapters",
            "booking-core",
            "booking-site",
            "media-api",
            "media-plane",
            "signaling",
            "signaling-protocol",
            "sfu-core",
            "sfu-driver",
            "sfu-syscalls",
            "texts",
            "web",
        ],
    ),
    (
        "benches",
        "benches",
        &[
            "sfu-core",
            "sfu-driver",
            "sfu-sim",
            "sfu-syscalls",
            "signaling-protocol",
        ],
    ),
    (
        "fuzz",
        "fuzz",
        &["media-api", "sfu-core", "sfu-driver", "signaling-protocol"],
    ),
    ("xtask", "xtask", &[]),
];

/// The lines of one table of a manifest.
fn table<'a>(manifest: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let header = format!("[{name}]");
    manifest
        .lines()
        .skip_while(move |line| line.trim() != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
}

fn crate_of(line: &str) -> Option<&str> {
    let end = line.find(['.', ' ', '='])?;
    let name = line[..end].trim();
    (!name.is_empty() && !name.starts_with('#')).then_some(name)
}

#[test]
fn arrows_point_one_way() {
    let ours: Vec<&str> = ARROWS.iter().map(|(_, name, _)| *name).collect();
    let mut findings = Vec::new();
    for (folder, name, allowed) in ARROWS {
        let manifest = read(&Path::new(folder).join("Cargo.toml"));
        for used in table(&manifest, "dependencies").filter_map(crate_of) {
            if ours.contains(&used) && !allowed.contains(&used) {
                findings.push(format!("{name} must not depend on {used}"));
            }
        }
    }
    expect_none("dependencies between our crates", &findings);
}

#[test]
fn every_crate_has_its_arrows() {
    let findings: Vec<String> = files()
        .iter()
        .filter(|path| path.ends_with("Cargo.toml") && path.as_path() != Path::new("Cargo.toml"))
        .filter(|path| {
            !ARROWS
                .iter()
                .any(|(folder, ..)| Some(Path::new(folder)) == path.parent())
        })
        .map(|path| path.display().to_string())
        .collect();
    expect_none("a crate is missing from the table of arrows", &findings);
}

#[test]
fn every_dependency_says_why() {
    let mut findings = Vec::new();
    for (folder, ..) in ARROWS {
        let path = Path::new(folder).join("Cargo.toml");
        let manifest = read(&path);
        for name in ["dependencies", "dev-dependencies"] {
            let mut above = "";
            for line in table(&manifest, name) {
                if crate_of(line).is_some() && !line.contains('#') && !above.trim_start().starts_with('#') {
                    findings.push(format!("{}: {line}", path.display()));
                }
                above = line;
            }
        }
    }
    expect_none("a dependency has no line of reason", &findings);
}
