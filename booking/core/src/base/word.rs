//! Words of the database that stand for values of an enum.

/// The word is none of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an unknown word")]
pub struct UnknownWord;
