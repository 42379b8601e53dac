//! Loss repair that the clients of the simulator and of the load tool do as the core does it.

pub use crate::publish::nack::NackTracker;
pub use crate::publish::ring::PacketRing;
