//! The system calls: batches of datagrams in and out (recvmmsg, sendmmsg with UDP_SEGMENT), waiting, and a wake-up line.
//! All unsafe code of the crate is here; every pointer handed to the kernel points into a buffer that outlives the call.
#![expect(
    unsafe_code,
    reason = "the standard library has no batched or segmented datagram calls"
)]

mod socket;
mod wait;

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

pub(crate) use self::socket::{bind, enlarge_buffers, listen, tune_connection};
use self::socket::{read_address, write_address};
pub(crate) use self::wait::{Epoll, Interest, Readiness, Waits, Waker};

/// Datagrams taken by one call.
pub(crate) const RECEIVE_BATCH: usize = 64;
/// Room for one datagram coming in. Longer ones are cut and marked as such.
const RECEIVE_LEN: usize = 2048;
/// Messages handed to one sendmmsg.
pub(crate) const SEND_BATCH: usize = 64;
/// Segments of one message: the limit of the oldest kernels with UDP_SEGMENT.
pub(crate) const SEGMENTS_MAX: usize = 64;
/// Bytes of one segmented message; an IP packet has at most 65,535 with its headers.
pub(crate) const SEGMENTED_BYTES_MAX: usize = 65_000;

/// Room for one control message with a 16-bit value, aligned as the kernel wants it.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; 24]);

/// Offset of the value in a control message.
const CONTROL_HEAD: usize = mem::size_of::<libc::cmsghdr>();
const _: () = assert!(
    CONTROL_HEAD + 2 <= 24,
    "the control buffer holds a header and a 16-bit value"
);

/// Buffers for one receive call, reused for ever.
pub(crate) struct ReceiveBatch {
    bytes: Box<[[u8; RECEIVE_LEN]]>,
    names: Box<[libc::sockaddr_storage]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
}

// SAFETY: the raw pointers in it point into its own boxes only, which move with it.
unsafe impl Send for ReceiveBatch {}

impl ReceiveBatch {
    pub(crate) fn new() -> Self {
        Self {
            bytes: vec![[0; RECEIVE_LEN]; RECEIVE_BATCH].into_boxed_slice(),
            names: vec![zeroed(); RECEIVE_BATCH].into_boxed_slice(),
            vectors: vec![zeroed(); RECEIVE_BATCH].into_boxed_slice(),
            headers: vec![zeroed(); RECEIVE_BATCH].into_boxed_slice(),
        }
    }

    /// Takes what is waiting, without blocking; the number of datagrams, zero when there is none.
    pub(crate) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        for place in 0..RECEIVE_BATCH {
            self.vectors[place] = libc::iovec {
                iov_base: self.bytes[place].as_mut_ptr().cast(),
                iov_len: RECEIVE_LEN,
            };
            let header = &mut self.headers[place].msg_hdr;
            header.msg_name = (&raw mut self.names[place]).cast();
            header.msg_namelen = len_of::<libc::sockaddr_storage>();
            header.msg_iov = &raw mut self.vectors[place];
            header.msg_iovlen = 1;
            header.msg_flags = 0;
        }
        // SAFETY: every header points to a name and a vector of this batch, and the count is that of the headers.
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
                error if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
                error if error.kind() == io::ErrorKind::Interrupted => Ok(0),
                error => Err(error),
            },
        }
    }

    /// The datagram at `place` of the last receive and where it came from; `None` when it was cut or has no address.
    pub(crate) fn datagram(&mut self, place: usize) -> Option<(SocketAddr, &mut [u8])> {
        let header = &self.headers[place];
        if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
            return None;
        }
        let from = read_address(&self.names[place])?;
        let len = (header.msg_len as usize).min(RECEIVE_LEN);
        Some((from, &mut self.bytes[place][..len]))
    }
}

/// One message: the datagrams of one destination, cut by the kernel into segments when there are several.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) to: SocketAddr,
    /// Place of its first datagram in the list of slices, and their number.
    pub(crate) first: usize,
    pub(crate) count: usize,
    /// Bytes of every datagram but the last, which may be shorter.
    pub(crate) segment: u16,
}

/// Buffers for one send call, reused for ever.
pub(crate) struct SendBatch {
    names: Box<[libc::sockaddr_storage]>,
    controls: Box<[Control]>,
    headers: Box<[libc::mmsghdr]>,
    vectors: Vec<libc::iovec>,
}

// SAFETY: the raw pointers in it are written before each call and not read after it.
unsafe impl Send for SendBatch {}

impl SendBatch {
    pub(crate) fn new() -> Self {
        Self {
            names: vec![zeroed(); SEND_BATCH].into_boxed_slice(),
            controls: vec![Control([0; 24]); SEND_BATCH].into_boxed_slice(),
            headers: vec![zeroed(); SEND_BATCH].into_boxed_slice(),
            vectors: Vec::with_capacity(SEND_BATCH * SEGMENTS_MAX),
        }
    }

    /// Sends up to [`SEND_BATCH`] runs (at least one) and returns how many went out; an error concerns the first one.
    pub(crate) fn send(&mut self, socket: &UdpSocket, runs: &[Run], datagrams: &[&[u8]]) -> io::Result<usize> {
        let runs = &runs[..runs.len().min(SEND_BATCH)];
        self.vectors.clear();
        for run in runs {
            for bytes in &datagrams[run.first..run.first + run.count] {
                self.vectors.push(libc::iovec {
                    iov_base: bytes.as_ptr().cast_mut().cast(),
                    iov_len: bytes.len(),
                });
            }
        }
        let mut vector = self.vectors.as_mut_ptr();
        for (place, run) in runs.iter().enumerate() {
            let header = &mut self.headers[place].msg_hdr;
            header.msg_namelen = write_address(&mut self.names[place], run.to);
            header.msg_name = (&raw mut self.names[place]).cast();
            header.msg_iov = vector;
            header.msg_iovlen = run.count;
            // SAFETY: the vectors were filled with as many entries as all runs have datagrams.
            vector = unsafe { vector.add(run.count) };
            if run.count > 1 {
                self.controls[place] = segment_control(run.segment);
                header.msg_control = self.controls[place].0.as_mut_ptr().cast();
                header.msg_controllen = self.controls[place].0.len();
            } else {
                header.msg_control = std::ptr::null_mut();
                header.msg_controllen = 0;
            }
        }
        // SAFETY: the headers point to names, vectors and controls that live in `self`, and the vectors to datagrams
        // that the caller lends until we return; the kernel only reads them.
        let count = unsafe {
            libc::sendmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                runs.len() as libc::c_uint,
                libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
            )
        };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    }
}

/// A UDP_SEGMENT control message with the segment size.
fn segment_control(segment: u16) -> Control {
    let mut control = Control([0; 24]);
    let head = libc::cmsghdr {
        // SAFETY: a computation on a length.
        cmsg_len: unsafe { libc::CMSG_LEN(2) } as usize,
        cmsg_level: libc::SOL_UDP,
        cmsg_type: libc::UDP_SEGMENT,
    };
    // SAFETY: the buffer is aligned for the header and 24 bytes are CMSG_SPACE of two bytes.
    unsafe {
        control.0.as_mut_ptr().cast::<libc::cmsghdr>().write(head);
    }
    control.0[CONTROL_HEAD..CONTROL_HEAD + 2].copy_from_slice(&segment.to_ne_bytes());
    control
}

/// Waits until the socket takes datagrams again; false when the time is over before.
pub(crate) fn wait_writable(socket: &UdpSocket, timeout: Duration) -> bool {
    let mut wait = libc::pollfd {
        fd: socket.as_raw_fd(),
        events: libc::POLLOUT,
        revents: 0,
    };
    let millis = libc::c_int::try_from(timeout.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: a list of one that lives through the call.
    unsafe { libc::poll(&raw mut wait, 1, millis) == 1 }
}

/// Fills `out` with unpredictable bytes from the kernel.
pub(crate) fn random(out: &mut [u8]) {
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

fn len_of<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(mem::size_of::<T>()).expect("a small type")
}

/// An all-zero C structure.
fn zeroed<T: CStruct>() -> T {
    // SAFETY: the marked types are plain C structures, for which zero bytes are a valid value.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// Plain C structures that may be zero.
trait CStruct {}
impl CStruct for libc::sockaddr_storage {}
impl CStruct for libc::iovec {}
impl CStruct for libc::mmsghdr {}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (UdpSocket, UdpSocket, SocketAddr) {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = receiver.local_addr().unwrap();
        (UdpSocket::bind("127.0.0.1:0").unwrap(), receiver, to)
    }

    fn receive_all(receiver: &UdpSocket, wanted: usize) -> Vec<Vec<u8>> {
        let waker = Waker::new().unwrap();
        let mut waits = Waits::new([receiver.as_raw_fd()], &waker);
        let mut batch = ReceiveBatch::new();
        let mut all = Vec::new();
        while all.len() < wanted && waits.wait(Duration::from_secs(5), &waker).any(|readable| readable) {
            let count = batch.receive(receiver).unwrap();
            all.extend((0..count).map(|place| batch.datagram(place).unwrap().1.to_vec()));
        }
        all
    }

    #[test]
    fn segmented_and_plain_runs_arrive_as_single_datagrams() {
        let (sender, receiver, to) = pair();
        let datagrams: [&[u8]; 5] = [&[1; 100], &[2; 100], &[3; 60], &[4; 30], &[5; 30]];
        let run = |first, count, segment| Run {
            to,
            first,
            count,
            segment,
        };
        let runs = [run(0, 3, 100), run(3, 1, 30), run(4, 1, 30)];
        assert_eq!(SendBatch::new().send(&sender, &runs, &datagrams).unwrap(), 3);
        assert_eq!(receive_all(&receiver, 5), datagrams);
    }

    #[test]
    fn datagrams_that_do_not_fit_are_left_out() {
        let (sender, receiver, to) = pair();
        sender.send_to(&[7; RECEIVE_LEN + 1], to).unwrap();
        let waker = Waker::new().unwrap();
        let mut waits = Waits::new([receiver.as_raw_fd()], &waker);
        assert!(waits.wait(Duration::from_secs(5), &waker).all(|readable| readable));
        let mut batch = ReceiveBatch::new();
        assert_eq!(batch.receive(&receiver).unwrap(), 1);
        assert!(batch.datagram(0).is_none());
        assert_eq!(batch.receive(&receiver).unwrap(), 0);
    }

    #[test]
    fn an_idle_socket_is_writable() {
        assert!(wait_writable(&pair().0, Duration::ZERO));
    }
}
