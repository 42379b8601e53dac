//! Waiting: for sockets and the time at once, for many connections, and for a word from other threads.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// Descriptors looked at in one wake-up; the others have their turn in the next.
const READY_MAX: usize = 64;

/// A line by which other threads end a shard's wait.
#[derive(Debug)]
pub struct Waker(OwnedFd);

impl Waker {
    /// # Errors
    /// When the system has no descriptor left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers; the result is checked.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a fresh descriptor that nothing else owns.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Ends the present wait, or the next one. A full counter wakes as well, so the result does not matter.
    pub fn wake(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: eight bytes that live through the call.
        unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    fn reset(&self) {
        let mut value = [0_u8; 8];
        // SAFETY: room for eight bytes that lives through the call.
        unsafe { libc::read(self.0.as_raw_fd(), value.as_mut_ptr().cast(), value.len()) };
    }
}

/// What a shard waits on: its sockets, its connections' epoll, and its waker.
pub struct Waits(Vec<libc::pollfd>);

impl Waits {
    pub fn new(descriptors: impl IntoIterator<Item = RawFd>, waker: &Waker) -> Self {
        let descriptors = descriptors.into_iter().chain([waker.0.as_raw_fd()]);
        Self(
            descriptors
                .map(|fd| libc::pollfd {
                    fd,
                    events: libc::POLLIN,
                    revents: 0,
                })
                .collect(),
        )
    }

    /// Waits until a datagram is there, the waker was used or the time is over. True where a descriptor is
    /// readable, in the order that they were given.
    pub fn wait(&mut self, timeout: Duration, waker: &Waker) -> impl Iterator<Item = bool> + '_ {
        let timeout = libc::timespec {
            tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: libc::c_long::from(timeout.subsec_nanos().cast_signed()),
        };
        // SAFETY: the list and its length belong together, and the timeout lives through the call.
        let count = unsafe {
            libc::ppoll(
                self.0.as_mut_ptr(),
                self.0.len() as libc::nfds_t,
                &raw const timeout,
                std::ptr::null(),
            )
        };
        if count <= 0 {
            // Time is over, or a signal came: nothing is readable.
            self.0.iter_mut().for_each(|wait| wait.revents = 0);
        }
        let (waker_wait, sockets) = self.0.split_last().expect("the waker is always there");
        if waker_wait.revents != 0 {
            waker.reset();
        }
        sockets.iter().map(|wait| wait.revents != 0)
    }
}

/// What is waited for on a connection, beside its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    Nothing,
    Reading,
    ReadingAndWriting,
}

impl Interest {
    fn events(self) -> u32 {
        let events = match self {
            Self::Nothing => 0,
            Self::Reading => libc::EPOLLIN,
            Self::ReadingAndWriting => libc::EPOLLIN | libc::EPOLLOUT,
        };
        events.cast_unsigned()
    }
}

/// A descriptor that something can be done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// What it was added under.
    pub token: u64,
    pub readable: bool,
    pub writable: bool,
}

/// A set of descriptors of any size, itself a descriptor that is readable while one of them is ready.
#[derive(Debug)]
pub struct Epoll(OwnedFd);

impl Epoll {
    /// # Errors
    /// When the system has no descriptor left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers; the result is checked.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a fresh descriptor that nothing else owns.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Adds a descriptor for reading. It leaves the set when it is closed.
    ///
    /// # Errors
    /// When it is in the set already, or the kernel has no room.
    pub fn add(&self, descriptor: &impl AsRawFd, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, descriptor, token, Interest::Reading)
    }

    /// Changes what is waited for on a descriptor of the set.
    ///
    /// # Errors
    /// When it is not in the set.
    pub fn change(&self, descriptor: &impl AsRawFd, token: u64, interest: Interest) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, descriptor, token, interest)
    }

    fn control(
        &self,
        operation: libc::c_int,
        descriptor: &impl AsRawFd,
        token: u64,
        interest: Interest,
    ) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: interest.events(),
            u64: token,
        };
        // SAFETY: the event lives through the call, which only reads it.
        let result = unsafe { libc::epoll_ctl(self.0.as_raw_fd(), operation, descriptor.as_raw_fd(), &raw mut event) };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    /// Replaces the content of `out` by what is ready now, at most so many that the others do not wait long.
    pub fn ready(&self, out: &mut Vec<Readiness>) {
        // SAFETY: the list has the room that is passed and lives through the call.
        self.collect(out, |fd, events, room| unsafe { libc::epoll_wait(fd, events, room, 0) });
    }

    /// The same, of what is ready within `timeout`, at most a minute.
    pub fn wait(&self, timeout: Duration, out: &mut Vec<Readiness>) {
        let timeout = libc::timespec {
            tv_sec: timeout.as_secs().min(60).cast_signed(),
            tv_nsec: timeout.subsec_nanos().into(),
        };
        // SAFETY: as above, and the timeout lives through the call.
        self.collect(out, |fd, events, room| unsafe {
            libc::epoll_pwait2(fd, events, room, &raw const timeout, std::ptr::null())
        });
    }

    fn collect(
        &self,
        out: &mut Vec<Readiness>,
        wait: impl FnOnce(RawFd, *mut libc::epoll_event, libc::c_int) -> libc::c_int,
    ) {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; READY_MAX];
        let room = libc::c_int::try_from(READY_MAX).expect("a small number");
        let count = wait(self.0.as_raw_fd(), events.as_mut_ptr(), room);
        out.clear();
        let events = events.iter().take(usize::try_from(count).unwrap_or(0));
        out.extend(events.map(|event| {
            let (token, events) = (event.u64, event.events.cast_signed());
            // An end or an error is found out by reading.
            let readable = libc::EPOLLIN | libc::EPOLLHUP | libc::EPOLLERR;
            Readiness {
                token,
                readable: events & readable != 0,
                writable: events & libc::EPOLLOUT != 0,
            }
        }));
    }
}

impl AsRawFd for Epoll {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waker_ends_one_wait() {
        let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let waker = Waker::new().unwrap();
        let mut waits = Waits::new([receiver.as_raw_fd()], &waker);
        waker.wake();
        waker.wake();
        assert!(waits.wait(Duration::from_secs(60), &waker).all(|readable| !readable));
        assert!(
            waits.wait(Duration::from_millis(1), &waker).all(|readable| !readable),
            "the line is reset"
        );
    }

    #[test]
    fn a_set_says_what_is_ready_and_for_what() {
        let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        let epoll = Epoll::new().unwrap();
        epoll.add(&near, 7).unwrap();
        let mut ready = Vec::new();
        let mut look = || {
            epoll.ready(&mut ready);
            ready
                .iter()
                .map(|one| (one.token, one.readable, one.writable))
                .collect::<Vec<_>>()
        };
        assert_eq!(look(), []);
        epoll.change(&near, 8, Interest::ReadingAndWriting).unwrap();
        assert_eq!(look(), [(8, false, true)]);
        epoll.change(&near, 9, Interest::Reading).unwrap();
        drop(far);
        assert_eq!(look(), [(9, true, false)], "the end is for the reader");
        drop(near);
        assert_eq!(look(), []);
    }
}
