//! Sound, never decoded: redundancy against loss, and who is loudest.

mod earlier;
mod redundancy;

pub(crate) use earlier::Earlier;
pub(crate) use redundancy::Redundancy;
