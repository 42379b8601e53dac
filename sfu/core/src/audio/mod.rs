//! Sound, never decoded: redundancy against loss, and who is loudest.

mod earlier;
mod loudness;
mod ranking;
mod redundancy;

pub(crate) use earlier::Earlier;
pub(crate) use loudness::Loudness;
pub(crate) use ranking::Ranking;
pub(crate) use redundancy::Redundancy;
