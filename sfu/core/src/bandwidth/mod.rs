//! How much may be sent: to each subscriber by an estimate of its path, by each publisher by a limit.

mod acknowledged;
mod delay;
mod estimator;
mod feedback;
mod history;
mod loss;
mod pacer;
mod probe;
mod publisher;
mod queue;
mod rate;

pub(crate) use estimator::Estimator;
pub(crate) use pacer::{Held, Pacer};
pub(crate) use publisher::receive_limit_bps;

/// IPv4 and UDP around each datagram: the path carries them too.
pub(crate) const ENVELOPE_BYTES: usize = 28;
