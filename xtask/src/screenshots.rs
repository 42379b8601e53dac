//! `cargo xtask screenshots`: every page at 360 and 1280 px, light and dark, on one contact sheet.

use crate::run::{Result, binary, cargo, root, run};
use crate::{machine, web};

pub(crate) fn screenshots() -> Result<()> {
    machine::prepare(&[machine::COMPILER, machine::NODE, machine::CHROMIUM])?;
    web::bundle()?;
    run("build the server", cargo().args(["build", "--package", "booka"]))?;
    let folder = root().join("target/screenshots");
    run(
        "photograph every page",
        web::in_web("node", &["browser-tests/screenshots.mjs"])
            .env("BOOKA_TEST_BINARY", binary("booka"))
            .env("SCREENSHOTS", &folder),
    )?;
    println!("\nThe contact sheet is {}", folder.join("contact-sheet.png").display());
    Ok(())
}
