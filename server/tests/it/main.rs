//! The built server over real HTTP, on both database engines.

mod acme;
mod addresses;
mod faults;
mod first_steps;
mod harness;
mod hostile;
mod operating;
mod partners;
mod plain;
mod racers;
mod submits;
