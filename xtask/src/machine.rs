//! What the machine must have, and how it gets it.

use std::process::Command;

use crate::run::{Result, on_path, output, run};

/// One thing the project needs from the machine.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    name: &'static str,
    why: &'static str,
    /// Debian packages that bring it; empty where Debian's is too old to use.
    packages: &'static [&'static str],
    present: fn() -> bool,
}

pub(crate) const NODE: Need = Need {
    name: "Node.js 20 with npm",
    why: "bundles the client and drives the browser tests",
    packages: &["nodejs", "npm"],
    present: || on_path("node") && on_path("npm"),
};
pub(crate) const COMPILER: Need = Need {
    name: "a C compiler and CMake",
    why: "builds AWS-LC and libopus",
    packages: &["build-essential", "cmake"],
    present: || on_path("cc") && on_path("cmake"),
};
pub(crate) const CHROMIUM: Need = Need {
    name: "Chromium",
    why: "the browser tests run in it",
    packages: &["chromium"],
    present: || on_path("chromium"),
};
pub(crate) const POSTGRES: Need = Need {
    name: "PostgreSQL",
    why: "the booking tests run on both database engines",
    packages: &["postgresql"],
    present: || crate::postgres::programs().is_some(),
};
pub(crate) const POPPLER: Need = Need {
    name: "pdftotext",
    why: "the tests read receipts with it",
    packages: &["poppler-utils"],
    present: || on_path("pdftotext"),
};

pub(crate) const FIREFOX: Need = Need {
    name: "Firefox",
    why: "it talks to Chromium in a browser test",
    packages: &["firefox-esr"],
    present: || on_path("firefox-esr"),
};
pub(crate) const MACHINE: Need = Need {
    name: "sqlite3, pgrep and ip",
    why: "a browser test sets a server up on a machine of its own, and backs it up, as the manual says",
    packages: &["sqlite3", "procps", "iproute2"],
    present: || ["sqlite3", "pgrep", "ip"].into_iter().all(on_path),
};
pub(crate) const PROXIES: Need = Need {
    name: "nginx and Caddy",
    why: "a browser test puts each in front of a server by its example in deploy/proxy",
    packages: &["nginx-light", "caddy"],
    present: || on_path("nginx") && on_path("caddy"),
};
pub(crate) const PYTHON: Need = Need {
    name: "Python with venv",
    why: "runs aiortc, an independent client, in a browser test",
    packages: &["python3", "python3-venv"],
    present: || output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_ok(),
};
pub(crate) const GSTREAMER: Need = Need {
    name: "GStreamer with WebRTC",
    why: "an independent client in a browser test",
    packages: &[
        "gstreamer1.0-plugins-base",
        "gstreamer1.0-plugins-good",
        "gstreamer1.0-plugins-bad",
        "gstreamer1.0-nice",
        "gir1.2-gst-plugins-base-1.0",
        "gir1.2-gst-plugins-bad-1.0",
        "python3-gi",
    ],
    present: || {
        let bindings = "import gi; gi.require_version('GstWebRTC', '1.0'); from gi.repository import GstWebRTC";
        output(Command::new("/usr/bin/python3").args(["-c", bindings])).is_ok()
    },
};

/// What `cargo xtask test` needs.
pub(crate) const FOR_TESTS: &[Need] = &[COMPILER, NODE, CHROMIUM, POPPLER];

/// Half of the database tests need it; without it they are skipped, and counted so.
pub(crate) const FOR_BOTH_ENGINES: &[Need] = &[POSTGRES];

/// What some tests need that say so and are skipped without it.
pub(crate) const FOR_INTEROP: &[Need] = &[FIREFOX, MACHINE, PROXIES, PYTHON, GSTREAMER];

/// What `cargo xtask demo` needs.
pub(crate) const FOR_DEMO: &[Need] = &[COMPILER, NODE];

/// Installs what is missing on Debian as root, else says the exact line that does.
pub(crate) fn prepare(needs: &[Need]) -> Result<()> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        println!("missing: {} ({})", need.name, need.why);
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages.iter().copied()).collect();
    let line = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !on_path("apt-get") {
        return Err(format!(
            "install these with your system's package manager; on Debian: {line}"
        ));
    }
    if !is_root() {
        return Err(format!("run this and try again: sudo {line}"));
    }
    run("apt-get update", Command::new("apt-get").args(["update", "-qq"]))?;
    run(
        &line,
        Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(&packages),
    )?;
    match missing.iter().find(|need| !(need.present)()) {
        None => Ok(()),
        Some(need) => Err(format!("{} is still missing after: {line}", need.name)),
    }
}

/// Says what is there and what is not.
pub(crate) fn doctor() -> Result<()> {
    let all = [FOR_TESTS, FOR_BOTH_ENGINES].concat();
    for need in &all {
        let state = if (need.present)() { "ok     " } else { "MISSING" };
        println!("{state}  {}: {}", need.name, need.why);
    }
    prepare(&all)
}

/// Whether we may install packages.
pub(crate) fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
