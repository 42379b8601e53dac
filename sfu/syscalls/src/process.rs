//! What a process and its threads ask of the kernel: where they run, their clocks, their limits, randomness.

use std::io;
use std::time::Duration;

use super::{check, nanos, zeroed};

/// Keeps the calling thread and those it starts on `cores`.
///
/// # Errors
/// When the machine has none of them.
pub fn pin_thread(cores: &[usize]) -> io::Result<()> {
    let mut set: libc::cpu_set_t = zeroed();
    for core in cores {
        // SAFETY: the macro's function checks the bound of the set it is lent.
        unsafe { libc::CPU_SET(*core, &mut set) };
    }
    // SAFETY: the set lives through the call and its size is passed; zero is the calling thread.
    check(unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) })
}

/// The calling thread, as the kernel names it.
#[must_use]
pub fn thread_id() -> i32 {
    // SAFETY: no pointers.
    unsafe { libc::gettid() }
}

/// Nanoseconds since 1970, by the clock of the kernel's receive times.
#[must_use]
pub fn realtime_ns() -> u64 {
    read_clock(libc::CLOCK_REALTIME)
}

/// Whether the machine's clock follows a time server; `None` where the kernel does not let us ask.
#[must_use]
pub fn is_clock_synchronised() -> Option<bool> {
    let mut asked: libc::timex = zeroed();
    // SAFETY: a `timex` of zeros asks to change nothing; it lives through the call.
    match unsafe { libc::adjtimex(&raw mut asked) } {
        -1 => None,
        libc::TIME_ERROR => Some(false),
        _ => Some(true),
    }
}

/// CPU time of the calling thread.
#[must_use]
pub fn thread_cpu() -> Duration {
    Duration::from_nanos(read_clock(libc::CLOCK_THREAD_CPUTIME_ID))
}

fn read_clock(id: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a clock that every Linux has, and a structure for its answer that lives through the call.
    unsafe { libc::clock_gettime(id, &raw mut time) };
    nanos(time)
}

/// Allows as many open sockets as the system lets this process have.
pub fn raise_descriptor_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the limit lives through both calls.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}

/// Fills `out` with unpredictable bytes from the kernel.
pub fn random(out: &mut [u8]) {
    let mut filled = 0;
    while filled < out.len() {
        let rest = &mut out[filled..];
        // SAFETY: the pointer and length are those of a live slice.
        let count = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match usize::try_from(count) {
            Ok(count) => filled += count,
            Err(_) => {
                let error = io::Error::last_os_error();
                assert!(
                    error.kind() == io::ErrorKind::Interrupted,
                    "the kernel gives no random bytes: {error}"
                );
            }
        }
    }
}
