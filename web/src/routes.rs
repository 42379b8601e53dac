//! Addresses of pages, and those that carry a notice to the next page.

pub use texts::routes::*;

/// The form for a new account, which leads to `return_to` afterwards.
#[must_use]
pub fn register_then(return_to: &str) -> String {
    with_query(pattern::REGISTER, &[("return_to", return_to)])
}

/// An address with a notice that the next page shows.
#[must_use]
pub fn with_notice(path: &str, notice: crate::Notice) -> String {
    with_query(path, &[("notice", notice.code())])
}
