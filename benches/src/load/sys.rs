//! System calls of the load tool: batches in with the kernel's receive times, waiting on many sockets, a core to run on,
//! a network of its own. All unsafe code of the tool is here.
#![expect(
    unsafe_code,
    reason = "the standard library has no batched receiving, no receive times, no epoll and no namespaces"
)]

use std::fs::{File, OpenOptions};
use std::io;
use std::mem;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

/// Datagrams taken by one call.
pub(crate) const RECEIVE_BATCH: usize = 64;
/// Room for one datagram; longer ones are cut and not counted.
const RECEIVE_LEN: usize = 1_600;
/// Events of one wait.
const EVENTS: usize = 256;
/// Socket buffers: a tenth of a second of a busy client.
const SOCKET_BUFFER_BYTES: libc::c_int = 1 << 20;

/// Room for the control message with the receive time, aligned as the kernel wants it.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; 64]);

/// Buffers for one receive call, reused.
pub(crate) struct ReceiveBatch {
    bytes: Box<[[u8; RECEIVE_LEN]]>,
    controls: Box<[Control]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
}

// SAFETY: the raw pointers in it are written before each call and point into its own boxes.
unsafe impl Send for ReceiveBatch {}

impl ReceiveBatch {
    pub(crate) fn new() -> Self {
        Self {
            bytes: vec![[0; RECEIVE_LEN]; RECEIVE_BATCH].into_boxed_slice(),
            controls: vec![Control([0; 64]); RECEIVE_BATCH].into_boxed_slice(),
            vectors: (0..RECEIVE_BATCH).map(|_| zeroed()).collect(),
            headers: (0..RECEIVE_BATCH).map(|_| zeroed()).collect(),
        }
    }

    /// Takes what waits, without blocking; zero when there is nothing.
    pub(crate) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        for place in 0..RECEIVE_BATCH {
            self.vectors[place] = libc::iovec {
                iov_base: self.bytes[place].as_mut_ptr().cast(),
                iov_len: RECEIVE_LEN,
            };
            let header = &mut self.headers[place].msg_hdr;
            header.msg_iov = &raw mut self.vectors[place];
            header.msg_iovlen = 1;
            header.msg_control = self.controls[place].0.as_mut_ptr().cast();
            header.msg_controllen = self.controls[place].0.len();
            header.msg_flags = 0;
        }
        // SAFETY: every header points to a vector and a control buffer of this batch, and the count is theirs.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                RECEIVE_BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        match usize::try_from(count) {
            Ok(count) => Ok(count),
            Err(_) => match io::Error::last_os_error() {
                error
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::ConnectionRefused
                    ) =>
                {
                    Ok(0)
                }
                error => Err(error),
            },
        }
    }

    /// The datagram at `place` of the last receive, with the kernel's receive time in nanoseconds since 1970 (zero
    /// when it told none).
    pub(crate) fn datagram(&mut self, place: usize) -> (&mut [u8], u64) {
        let header = &self.headers[place];
        let at = receive_time(&header.msg_hdr);
        let len = (header.msg_len as usize).min(RECEIVE_LEN);
        (&mut self.bytes[place][..len], at)
    }
}

fn receive_time(header: &libc::msghdr) -> u64 {
    // SAFETY: the kernel filled the header and its control buffer in the last call, and both are alive.
    unsafe {
        let message = libc::CMSG_FIRSTHDR(header);
        if message.is_null()
            || (*message).cmsg_level != libc::SOL_SOCKET
            || (*message).cmsg_type != libc::SCM_TIMESTAMPNS
        {
            return 0;
        }
        nanos(libc::CMSG_DATA(message).cast::<libc::timespec>().read_unaligned())
    }
}

fn nanos(time: libc::timespec) -> u64 {
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// Nanoseconds since 1970, by the clock of the kernel's receive times.
#[must_use]
pub(crate) fn realtime_ns() -> u64 {
    clock(libc::CLOCK_REALTIME)
}

/// CPU time of the calling thread.
#[must_use]
pub(crate) fn thread_cpu() -> Duration {
    Duration::from_nanos(clock(libc::CLOCK_THREAD_CPUTIME_ID))
}

fn clock(id: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a clock that every Linux has, and a place for its answer that lives through the call.
    unsafe { libc::clock_gettime(id, &raw mut time) };
    nanos(time)
}

/// A non-blocking socket on a free port of `local` with large buffers and receive times.
///
/// # Errors
/// When it cannot be bound.
pub(crate) fn bind(local: IpAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(SocketAddr::new(local, 0))?;
    socket.set_nonblocking(true)?;
    let set = |option: libc::c_int, value: libc::c_int| {
        // SAFETY: the value is a c_int that lives through the call, and its size is passed.
        unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                option,
                (&raw const value).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            ) == 0
        }
    };
    if !set(libc::SO_TIMESTAMPNS, 1) {
        return Err(io::Error::last_os_error());
    }
    // Beyond the system's limit only with privileges; smaller ones do too.
    for (forced, plain) in [
        (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF),
        (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF),
    ] {
        if !set(forced, SOCKET_BUFFER_BYTES) {
            set(plain, SOCKET_BUFFER_BYTES);
        }
    }
    Ok(socket)
}

/// Waits on sockets by number.
pub(crate) struct Epoll {
    fd: OwnedFd,
    events: Vec<libc::epoll_event>,
}

impl Epoll {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: no pointers; the result is checked.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            // SAFETY: a fresh descriptor that nothing else owns.
            fd: unsafe { OwnedFd::from_raw_fd(fd) },
            events: vec![libc::epoll_event { events: 0, u64: 0 }; EVENTS],
        })
    }

    /// Waits for `descriptor` to become readable too; it is named `number`. Closing it ends that.
    pub(crate) fn add(&self, descriptor: &impl AsRawFd, number: u64) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: number,
        };
        // SAFETY: both descriptors are open and the event lives through the call.
        let result = unsafe {
            libc::epoll_ctl(
                self.fd.as_raw_fd(),
                libc::EPOLL_CTL_ADD,
                descriptor.as_raw_fd(),
                &raw mut event,
            )
        };
        if result == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }

    /// Replaces `ready` by the numbers of what is readable within `timeout`.
    pub(crate) fn wait(&mut self, timeout: Duration, ready: &mut Vec<u64>) {
        ready.clear();
        let timeout = libc::timespec {
            tv_sec: timeout.as_secs().min(60).cast_signed(),
            tv_nsec: timeout.subsec_nanos().into(),
        };
        // SAFETY: the list has the length that is passed, and it and the timeout live through the call.
        let count = unsafe {
            libc::epoll_pwait2(
                self.fd.as_raw_fd(),
                self.events.as_mut_ptr(),
                EVENTS as libc::c_int,
                &raw const timeout,
                std::ptr::null(),
            )
        };
        let count = usize::try_from(count).unwrap_or(0);
        ready.extend(self.events[..count].iter().map(|event| event.u64));
    }
}

/// Keeps the calling thread and those it starts on `cores`.
///
/// # Errors
/// When the machine has none of them.
pub fn pin(cores: &[usize]) -> io::Result<()> {
    let mut set: libc::cpu_set_t = zeroed();
    for core in cores {
        // SAFETY: the macro's function checks the bound of the set it is lent.
        unsafe { libc::CPU_SET(*core, &mut set) };
    }
    // SAFETY: the set lives through the call and its size is passed; zero is the calling thread.
    if unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Gives the calling thread, and those it starts, a network of their own. It is gone when they are.
///
/// # Errors
/// Without the privilege.
pub fn own_network() -> io::Result<()> {
    // SAFETY: no pointers.
    if unsafe { libc::unshare(libc::CLONE_NEWNET) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// A network device of the calling thread's network whose wire is the file: what is sent on the device is read from it,
/// what is written to it the device has received. Each packet stands behind a header of the kernel's (`virtio_net_hdr`)
/// that says what is left to do. As a card does, the reader computes checksums, and with `segments` cuts runs of
/// datagrams.
///
/// # Errors
/// Without the privilege or `/dev/net/tun`.
pub(crate) fn tun(name: &str, segments: bool) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open("/dev/net/tun")?;
    // SAFETY: the structure is one of the kernel's, valid when all bytes are zero.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    for (to, from) in request.ifr_name[..libc::IFNAMSIZ - 1].iter_mut().zip(name.bytes()) {
        *to = from.cast_signed();
    }
    let flags = libc::IFF_TUN | libc::IFF_NO_PI | libc::IFF_VNET_HDR;
    request.ifr_ifru.ifru_flags = i16::try_from(flags).map_err(io::Error::other)?;
    let offload = libc::TUN_F_CSUM
        | if segments {
            libc::TUN_F_USO4 | libc::TUN_F_USO6
        } else {
            0
        };
    // SAFETY: the descriptor is open; the request lives through the first call, and the second takes a number.
    let done = unsafe {
        libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF as libc::Ioctl, &raw mut request) == 0
            && libc::ioctl(
                file.as_raw_fd(),
                libc::TUNSETOFFLOAD as libc::Ioctl,
                libc::c_ulong::from(offload),
            ) == 0
    };
    if done {
        Ok(file)
    } else {
        Err(io::Error::last_os_error())
    }
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

/// A structure of the kernel's with nothing in it.
fn zeroed<T: Copy>() -> T {
    // SAFETY: used for the C structures above only, which are valid when all bytes are zero.
    unsafe { mem::zeroed() }
}

/// The calling thread, as the kernel names it.
pub(crate) fn thread_id() -> libc::pid_t {
    // SAFETY: no pointers.
    unsafe { libc::gettid() }
}

/// Messages handed to one sendmmsg.
const SEND_BATCH: usize = 64;

/// Buffers for sending runs of equal packets, each run as one message that the kernel cuts (UDP_SEGMENT).
pub(crate) struct RunSender {
    names: Box<[libc::sockaddr_in]>,
    controls: Box<[Control]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
}

impl RunSender {
    pub(crate) fn new() -> Self {
        Self {
            names: (0..SEND_BATCH).map(|_| zeroed()).collect(),
            controls: vec![Control([0; 64]); SEND_BATCH].into_boxed_slice(),
            vectors: (0..SEND_BATCH).map(|_| zeroed()).collect(),
            headers: (0..SEND_BATCH).map(|_| zeroed()).collect(),
        }
    }

    /// Sends the runs to their IPv4 destinations, `segment` bytes each packet; how many runs the kernel took.
    pub(crate) fn send<'a>(
        &mut self,
        socket: &UdpSocket,
        mut runs: impl Iterator<Item = (SocketAddr, &'a [u8])>,
        segment: usize,
    ) -> io::Result<usize> {
        let mut sent = 0;
        loop {
            let mut count = 0;
            for (to, bytes) in runs.by_ref().take(SEND_BATCH) {
                self.put(count, to, bytes, segment)?;
                count += 1;
            }
            if count == 0 {
                return Ok(sent);
            }
            // SAFETY: the headers point to names, controls and vectors of `self`, and those to bytes that the caller
            // lends until we return; the kernel only reads them.
            let taken = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    self.headers.as_mut_ptr(),
                    count as libc::c_uint,
                    libc::MSG_DONTWAIT,
                )
            };
            match usize::try_from(taken) {
                Ok(taken) => sent += taken,
                Err(_) => match io::Error::last_os_error() {
                    error if error.kind() == io::ErrorKind::WouldBlock => {}
                    error => return Err(error),
                },
            }
        }
    }

    fn put(&mut self, place: usize, to: SocketAddr, bytes: &[u8], segment: usize) -> io::Result<()> {
        let SocketAddr::V4(to) = to else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "an IPv6 destination"));
        };
        self.names[place] = libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: to.port().to_be(),
            sin_addr: libc::in_addr {
                s_addr: u32::from_ne_bytes(to.ip().octets()),
            },
            sin_zero: [0; 8],
        };
        self.vectors[place] = libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        };
        let header = &mut self.headers[place].msg_hdr;
        header.msg_name = (&raw mut self.names[place]).cast();
        header.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        header.msg_iov = &raw mut self.vectors[place];
        header.msg_iovlen = 1;
        header.msg_control = std::ptr::null_mut();
        header.msg_controllen = 0;
        if bytes.len() > segment {
            let segment = u16::try_from(segment).map_err(io::Error::other)?;
            header.msg_control = self.controls[place].0.as_mut_ptr().cast();
            // SAFETY: the buffer is aligned for the header and longer than the message; lengths are computed only.
            unsafe {
                header.msg_controllen = libc::CMSG_SPACE(2) as usize;
                let message = libc::CMSG_FIRSTHDR(header);
                (*message).cmsg_level = libc::SOL_UDP;
                (*message).cmsg_type = libc::UDP_SEGMENT;
                (*message).cmsg_len = libc::CMSG_LEN(2) as usize;
                libc::CMSG_DATA(message).cast::<u16>().write_unaligned(segment);
            }
        }
        Ok(())
    }
}
