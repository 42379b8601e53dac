//! The booking side as browsers and the database see it; every test runs on SQLite and on PostgreSQL.

mod access;
mod accounts;
mod billing;
mod booking_walk;
mod bounds;
mod calls;
mod colleagues;
mod crashes;
mod desk;
mod documents;
mod erasure;
mod foundation;
mod frame;
mod harness;
mod late;
mod mail;
mod members;
mod operator;
mod places;
mod providers;
mod registry;
mod search;
mod selling;
mod unfinished;
mod walk;
