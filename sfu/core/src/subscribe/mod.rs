//! What goes out to a subscriber: slots, their layers and numbers, and what its path carries.

pub(crate) mod allocation;
pub(crate) mod bandwidth;
pub(crate) mod earlier;
pub(crate) mod forward;
pub(crate) mod layers;
pub(crate) mod redundancy;
pub(crate) mod repeats;
pub(crate) mod sent_counts;
pub(crate) mod slot;
