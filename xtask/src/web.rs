//! The client: npm packages, types, its own tests, bundles.

use std::path::PathBuf;
use std::process::Command;

use crate::run::{Result, root, run};

fn folder() -> PathBuf {
    root().join("web")
}

/// A command that runs in the web folder.
pub(crate) fn in_web(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder()).args(arguments);
    command
}

/// Installs the packages of the lock file, unless they are there already.
pub(crate) fn install() -> Result<()> {
    let lock =
        std::fs::read(folder().join("package-lock.json")).map_err(|error| format!("package-lock.json: {error}"))?;
    let stamp = folder().join("node_modules/.booka-lock");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(
        "npm ci",
        &mut in_web(
            "npm",
            &["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        ),
    )?;
    std::fs::write(&stamp, lock).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// Installs and bundles into `web/dist/`.
pub(crate) fn bundle() -> Result<()> {
    install()?;
    run("bundle the client", &mut in_web("node", &["build.mjs"]))
}

/// Everything `cargo xtask web` promises.
pub(crate) fn build() -> Result<()> {
    bundle()?;
    run("check types", &mut in_web("npm", &["run", "--silent", "types"]))?;
    run("test the client", &mut in_web("npm", &["test", "--silent"]))
}
