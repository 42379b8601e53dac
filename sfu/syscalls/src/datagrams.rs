//! Datagrams in and out in batches: recvmmsg, and sendmmsg with UDP_SEGMENT.

use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use super::socket::{read_address, write_address};
use super::{len_of, nanos, zeroed};

/// Datagrams taken by one call.
const RECEIVE_BATCH: usize = 64;
/// Room for one datagram coming in. Longer ones are cut and marked as such.
const RECEIVE_LEN: usize = 2048;
/// Messages handed to one sendmmsg.
pub const SEND_BATCH: usize = 64;
/// Segments of one message: the limit of the oldest kernels with UDP_SEGMENT.
pub const SEGMENTS_MAX: usize = 64;
/// Bytes of one segmented message; an IP packet has at most 65,535 with its headers.
pub const SEGMENTED_BYTES_MAX: usize = 65_000;

/// Bytes of a control message with up to 16 bytes in it: a receive time, or the 16 bits of a segment's size.
const CONTROL_LEN: usize = 32;
/// Offset of the value in a control message.
const CONTROL_HEAD: usize = mem::size_of::<libc::cmsghdr>();
const _: () = assert!(CONTROL_HEAD + mem::size_of::<libc::timespec>() <= CONTROL_LEN);

/// Room for one control message, aligned as the kernel wants it.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL_LEN]);

/// Buffers for one receive call, reused for ever.
pub struct ReceiveBatch {
    bytes: Box<[[u8; RECEIVE_LEN]]>,
    names: Box<[libc::sockaddr_storage]>,
    /// One for each datagram if receive times are read, else none.
    controls: Box<[Control]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
}

// SAFETY: the raw pointers in it point into its own boxes only, which move with it.
unsafe impl Send for ReceiveBatch {}

impl ReceiveBatch {
    #[must_use]
    pub fn new() -> Self {
        Self::with_controls(0)
    }

    /// Buffers that also take the receive times of sockets that [give them](super::enable_receive_times).
    #[must_use]
    pub fn with_receive_times() -> Self {
        Self::with_controls(RECEIVE_BATCH)
    }

    fn with_controls(controls: usize) -> Self {
        Self {
            bytes: vec![[0; RECEIVE_LEN]; RECEIVE_BATCH].into_boxed_slice(),
            names: vec![zeroed(); RECEIVE_BATCH].into_boxed_slice(),
            controls: vec![Control([0; CONTROL_LEN]); controls].into_boxed_slice(),
            vectors: vec![zeroed(); RECEIVE_BATCH].into_boxed_slice(),
            headers: vec![zeroed(); RECEIVE_BATCH].into_boxed_slice(),
        }
    }

    /// Takes what is waiting, without blocking; the number of datagrams, zero when there is none.
    ///
    /// # Errors
    /// When the socket is broken.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        for index in 0..RECEIVE_BATCH {
            self.vectors[index] = libc::iovec {
                iov_base: self.bytes[index].as_mut_ptr().cast(),
                iov_len: RECEIVE_LEN,
            };
            let header = &mut self.headers[index].msg_hdr;
            header.msg_name = (&raw mut self.names[index]).cast();
            header.msg_namelen = len_of::<libc::sockaddr_storage>();
            header.msg_iov = &raw mut self.vectors[index];
            header.msg_iovlen = 1;
            if let Some(control) = self.controls.get_mut(index) {
                header.msg_control = control.0.as_mut_ptr().cast();
                header.msg_controllen = control.0.len();
            }
            header.msg_flags = 0;
        }
        // SAFETY: every header points to a name, a vector and perhaps a control buffer of this batch, and the count is
        // that of the headers.
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
                error if is_passing(&error) => Ok(0),
                error => Err(error),
            },
        }
    }

    /// The datagram at `index` of the last receive and where it came from; `None` when it was cut or has no address.
    pub fn datagram(&mut self, index: usize) -> Option<(SocketAddr, &mut [u8])> {
        let header = &self.headers[index];
        if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
            return None;
        }
        let from = read_address(&self.names[index])?;
        let len = (header.msg_len as usize).min(RECEIVE_LEN);
        Some((from, &mut self.bytes[index][..len]))
    }

    /// When the kernel received that datagram, in nanoseconds since 1970; `None` when it does not say.
    #[must_use]
    pub fn received_at_ns(&self, index: usize) -> Option<u64> {
        read_receive_time(&self.headers[index].msg_hdr)
    }
}

impl Default for ReceiveBatch {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a receive call found nothing now but the socket is good: a connected one also says so of a datagram that
/// nobody took.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::ConnectionRefused
    )
}

fn read_receive_time(header: &libc::msghdr) -> Option<u64> {
    // SAFETY: the kernel filled the header and its control buffer in the last call, and both are alive.
    unsafe {
        let message = libc::CMSG_FIRSTHDR(header);
        if message.is_null()
            || (*message).cmsg_level != libc::SOL_SOCKET
            || (*message).cmsg_type != libc::SCM_TIMESTAMPNS
        {
            return None;
        }
        let time = libc::CMSG_DATA(message).cast::<libc::timespec>().read_unaligned();
        Some(nanos(time))
    }
}

/// One message to one destination. What is longer than a segment the kernel cuts into datagrams.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub to: SocketAddr,
    /// Index of its first slice in the list of slices, and their number.
    pub first: usize,
    pub count: usize,
    /// Bytes of every datagram but the last, which may be shorter.
    pub segment: u16,
}

/// Buffers for one send call, reused for ever.
pub struct SendBatch {
    names: Box<[libc::sockaddr_storage]>,
    controls: Box<[Control]>,
    headers: Box<[libc::mmsghdr]>,
    vectors: Vec<libc::iovec>,
}

// SAFETY: the raw pointers in it are written before each call and not read after it.
unsafe impl Send for SendBatch {}

impl SendBatch {
    #[must_use]
    pub fn new() -> Self {
        Self {
            names: vec![zeroed(); SEND_BATCH].into_boxed_slice(),
            controls: vec![Control([0; CONTROL_LEN]); SEND_BATCH].into_boxed_slice(),
            headers: vec![zeroed(); SEND_BATCH].into_boxed_slice(),
            vectors: Vec::with_capacity(SEND_BATCH * SEGMENTS_MAX),
        }
    }

    /// Sends up to [`SEND_BATCH`] runs (at least one) and returns how many went out. The slices of a run are its
    /// datagrams, or a single one all of them, end to end.
    ///
    /// # Errors
    /// What the kernel has against the first run.
    pub fn send(&mut self, socket: &UdpSocket, runs: &[Run], slices: &[&[u8]]) -> io::Result<usize> {
        let runs = &runs[..runs.len().min(SEND_BATCH)];
        self.vectors.clear();
        for run in runs {
            for bytes in &slices[run.first..run.first + run.count] {
                self.vectors.push(libc::iovec {
                    iov_base: bytes.as_ptr().cast_mut().cast(),
                    iov_len: bytes.len(),
                });
            }
        }
        let mut vector = self.vectors.as_mut_ptr();
        for (index, run) in runs.iter().enumerate() {
            let header = &mut self.headers[index].msg_hdr;
            header.msg_namelen = write_address(&mut self.names[index], run.to);
            header.msg_name = (&raw mut self.names[index]).cast();
            header.msg_iov = vector;
            header.msg_iovlen = run.count;
            // SAFETY: the vectors were filled with as many entries as all runs have slices.
            vector = unsafe { vector.add(run.count) };
            if run.count > 1 || slices[run.first].len() > usize::from(run.segment) {
                self.controls[index] = segment_control(run.segment);
                header.msg_control = self.controls[index].0.as_mut_ptr().cast();
                header.msg_controllen = SEGMENT_CONTROL_LEN;
            } else {
                header.msg_control = std::ptr::null_mut();
                header.msg_controllen = 0;
            }
        }
        // SAFETY: the headers point to names, vectors and controls that live in `self`, and the vectors to slices
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

impl Default for SendBatch {
    fn default() -> Self {
        Self::new()
    }
}

/// Bytes of a control message with a 16-bit value, padded as the kernel wants it.
// SAFETY: a computation on a length.
const SEGMENT_CONTROL_LEN: usize = unsafe { libc::CMSG_SPACE(2) } as usize;

/// A UDP_SEGMENT control message with the segment size.
fn segment_control(segment: u16) -> Control {
    let mut control = Control([0; CONTROL_LEN]);
    let head = libc::cmsghdr {
        // SAFETY: a computation on a length.
        cmsg_len: unsafe { libc::CMSG_LEN(2) } as usize,
        cmsg_level: libc::SOL_UDP,
        cmsg_type: libc::UDP_SEGMENT,
    };
    // SAFETY: the buffer is aligned for the header and longer than it.
    unsafe {
        control.0.as_mut_ptr().cast::<libc::cmsghdr>().write(head);
    }
    control.0[CONTROL_HEAD..CONTROL_HEAD + 2].copy_from_slice(&segment.to_ne_bytes());
    control
}

/// Waits until the socket takes datagrams again; false when the time is over before.
#[must_use]
pub fn wait_writable(socket: &UdpSocket, timeout: Duration) -> bool {
    let mut wait = libc::pollfd {
        fd: socket.as_raw_fd(),
        events: libc::POLLOUT,
        revents: 0,
    };
    let millis = libc::c_int::try_from(timeout.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: a list of one that lives through the call.
    unsafe { libc::poll(&raw mut wait, 1, millis) == 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Waits, Waker, enable_receive_times};

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
            all.extend((0..count).map(|index| batch.datagram(index).unwrap().1.to_vec()));
        }
        all
    }

    #[test]
    fn segmented_and_plain_runs_arrive_as_single_datagrams() {
        let (sender, receiver, to) = pair();
        let datagrams: [&[u8]; 5] = [&[1; 100], &[2; 100], &[3; 60], &[4; 30], &[5; 30]];
        let whole = datagrams[..3].concat();
        let run = |first, count, segment| Run {
            to,
            first,
            count,
            segment,
        };
        let runs = [run(0, 3, 100), run(3, 1, 30), run(4, 1, 30)];
        assert_eq!(SendBatch::new().send(&sender, &runs, &datagrams).unwrap(), 3);
        assert_eq!(receive_all(&receiver, 5), datagrams);
        let sent = SendBatch::new().send(&sender, &[run(0, 1, 100)], &[&whole]);
        assert_eq!(sent.unwrap(), 1);
        assert_eq!(receive_all(&receiver, 3), datagrams[..3]);
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
    fn receive_times_are_those_of_the_kernel() {
        let (sender, receiver, to) = pair();
        let mut batch = ReceiveBatch::with_receive_times();
        assert_eq!(batch.received_at_ns(0), None, "nothing was received");
        enable_receive_times(&receiver).unwrap();
        let before = crate::realtime_ns();
        sender.send_to(&[7], to).unwrap();
        let waker = Waker::new().unwrap();
        let mut waits = Waits::new([receiver.as_raw_fd()], &waker);
        assert!(waits.wait(Duration::from_secs(5), &waker).all(|readable| readable));
        assert_eq!(batch.receive(&receiver).unwrap(), 1);
        assert!((before..=crate::realtime_ns()).contains(&batch.received_at_ns(0).unwrap()));
    }

    #[test]
    fn an_idle_socket_is_writable() {
        assert!(wait_writable(&pair().0, Duration::ZERO));
    }
}
