//! The built server over real HTTP, on both database engines.

mod harness;
mod partners;
mod racers;
mod submits;
