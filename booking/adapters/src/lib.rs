//! What talks to the world outside, each one file or folder behind a trait of `booking-core`. The server chooses among them.

pub mod files;
pub mod smtp;
pub mod stripe;
pub mod test_provider;

use booking_core::base::db::Sql;

/// Every statement of the adapters, for the test that prepares them on both engines.
#[must_use]
pub fn statements() -> Vec<Sql> {
    test_provider::STATEMENTS.to_vec()
}
