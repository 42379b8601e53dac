//! Asks for memory before it is needed. A room of many subscribers does not fit into the caches, and between two packets
//! of a camera other work takes what is there: the waits for memory would then be most of the cost of a packet. Asked for
//! together they overlap.

/// Bytes that come at once.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// Asks for a value's memory; costs about as much as an addition a line, and waits for nothing. Does nothing where the
/// processor has no stable way to ask.
#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "the only stable way to ask; it reads nothing, so any address would do, and this is a valid one"
)]
pub(crate) fn prefetch<T>(value: &T) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    let start = std::ptr::from_ref(value).cast::<i8>();
    for offset in (0..size_of::<T>()).step_by(LINE) {
        // SAFETY: the address is within the value, and the instruction cannot fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(offset)) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn prefetch<T>(_: &T) {}
