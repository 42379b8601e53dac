//! How much may be sent to a subscriber: an estimate of its path, and pictures spread to fit it.

mod acknowledged;
mod delay;
mod estimator;
mod feedback;
mod history;
mod loss;
mod pacer;
mod probe;
mod queue;
mod rate;

pub(crate) use estimator::Estimator;
pub(crate) use pacer::{PacedPacket, Pacer};

/// IPv4 and UDP around each datagram: the path carries them too.
pub(crate) const ENVELOPE_BYTES: usize = 28;
