//! The built server over real HTTP, on both database engines.

mod faults;
mod harness;
mod partners;
mod plain;
mod racers;
mod submits;
