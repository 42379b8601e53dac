//! What comes in from a publisher: its streams kept, counted, repaired and measured.

pub(crate) mod arrivals;
pub(crate) mod clock;
pub(crate) mod keyframe;
pub(crate) mod loudness;
pub(crate) mod nack;
pub(crate) mod receive_limit;
pub(crate) mod reception;
pub(crate) mod ring;
pub(crate) mod track;
