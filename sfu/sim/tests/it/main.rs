//! Scenarios in the simulated world.

mod call;
mod hostile;
mod lifecycle;
mod paths;
mod switching;
