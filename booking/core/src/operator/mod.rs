//! What only the operator asks.

pub mod advice;
pub mod links;
pub mod money;
pub mod people;
pub mod queries;

pub use links::{OperatorLink, further_operator_link, operator_link};
