//! Scenarios in the simulated world.

mod accesses;
mod audio;
mod call;
mod hostile;
mod identity;
mod joining;
mod layers;
mod lifecycle;
mod links;
mod memory;
mod paths;
mod presence;
mod quality;
mod repair;
mod seeds;
mod single;
mod strangers;
mod switching;
