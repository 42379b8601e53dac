//! `cargo xtask soak`: the tests with the numbers that are too large for every day.

use crate::run::{Result, cargo, run};
use crate::test::{second_engine, with_engine};
use crate::{machine, web};

/// Payment histories that are drawn for each engine.
const HISTORIES: &str = "10000";

/// Draws so many histories, or [`HISTORIES`].
pub(crate) fn soak(arguments: &[String]) -> Result<()> {
    let many = arguments.first().map_or(HISTORIES, String::as_str);
    machine::prepare(machine::FOR_TESTS)?;
    web::bundle()?;
    let database = second_engine();
    run(
        &format!("{many} payment histories an engine"),
        with_engine(
            cargo()
                .args(["test", "--package", "booking-site", "--test", "it", "--", "histories::"])
                .env("BOOKA_HISTORIES", many),
            database.as_ref(),
        ),
    )
}
