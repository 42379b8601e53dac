//! Paths: whose a datagram is, which way to a client works, whether it is there, and what leaves.

pub(crate) mod budget;
pub(crate) mod demux;
pub(crate) mod ice;
pub(crate) mod presence;
pub(crate) mod transmit;
