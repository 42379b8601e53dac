//! Addresses of pages, and those that carry a notice to the next page.

pub use texts::routes::*;

/// An address with a notice that the next page shows.
#[must_use]
pub fn with_notice(path: &str, notice: crate::Notice) -> String {
    with_query(path, &[("notice", notice.code())])
}
