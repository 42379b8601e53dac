//! Scenarios in the simulated world.

mod call;
