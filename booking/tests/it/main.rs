//! The booking side as browsers and the database see it; every test runs on SQLite and on PostgreSQL.

mod foundation;
mod harness;
