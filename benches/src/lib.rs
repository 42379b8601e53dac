//! What measures and tries the system from outside: the independent peer and the benches.

pub mod bot;
pub mod load;
