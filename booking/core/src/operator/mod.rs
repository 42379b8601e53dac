//! What only the operator asks.

pub mod queries;
