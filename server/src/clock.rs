//! Whether the machine's clock follows a time server.
#![expect(
    unsafe_code,
    reason = "the kernel tells it by adjtimex(2) alone, which no crate of ours wraps"
)]

use std::mem::zeroed;

/// What the kernel knows; `None` where it does not let us ask.
pub(crate) fn is_synchronised() -> Option<bool> {
    // SAFETY: a `timex` of zeros is valid and asks to change nothing; the call fills the one that it is given, and keeps
    // no reference.
    let state = unsafe {
        let mut asked: libc::timex = zeroed();
        libc::adjtimex(&raw mut asked)
    };
    match state {
        -1 => None,
        libc::TIME_ERROR => Some(false),
        _ => Some(true),
    }
}
