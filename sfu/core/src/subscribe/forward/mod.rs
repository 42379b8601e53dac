//! The numbers under which packets go out.

mod rewriter;
mod sent_log;
#[cfg(test)]
mod tests;

pub(crate) use rewriter::{Keep, Numbering, Numbers, Rewriter};
pub(crate) use sent_log::{SentEntry, SentState};
