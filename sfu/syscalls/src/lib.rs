//! The system calls that the standard library does not have, for the media driver, the load tool and the server: datagrams in
//! batches, waiting, options of sockets, threads, clocks and network devices. Every pointer handed to the kernel points into
//! a buffer that outlives the call. The functions fail when the kernel refuses.
#![expect(
    unsafe_code,
    reason = "the standard library has no batched or segmented datagram calls, no epoll, no namespaces and no adjtimex"
)]

mod datagrams;
mod network;
mod process;
mod socket;
mod wait;

use std::io;
use std::mem::{self, MaybeUninit};

pub use datagrams::{ReceiveBatch, Run, SEGMENTED_BYTES_MAX, SEGMENTS_MAX, SEND_BATCH, SendBatch, wait_writable};
pub use network::{open_tun, unshare_network};
pub use process::{
    is_clock_synchronised, pin_thread, raise_descriptor_limit, random, realtime_ns, thread_cpu, thread_id,
};
pub use socket::{bind, enable_receive_times, enlarge_buffers, listen, tune_connection};
pub use wait::{Epoll, Interest, Readiness, Waits, Waker};

/// Plain C structures that may be zero.
trait CStruct {}
impl CStruct for libc::sockaddr_storage {}
impl CStruct for libc::iovec {}
impl CStruct for libc::mmsghdr {}
impl CStruct for libc::cpu_set_t {}
impl CStruct for libc::ifreq {}
impl CStruct for libc::timex {}

/// An all-zero C structure.
fn zeroed<T: CStruct>() -> T {
    // SAFETY: the marked types are plain C structures, for which zero bytes are a valid value.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

fn len_of<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(mem::size_of::<T>()).expect("a small type")
}

/// What the kernel refused, of a call that returns zero when it did not.
fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn nanos(time: libc::timespec) -> u64 {
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}
