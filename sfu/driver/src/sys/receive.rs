//! Datagrams in: many messages a call, each of them one datagram or a run of equal ones that the kernel left together.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use super::socket::read_address;
use super::{CONTROL_HEAD, Control, len_of, zeroed};

/// Messages taken by one call.
const RECEIVE_BATCH: usize = 64;
/// The longest datagram that is taken.
pub(super) const DATAGRAM_LEN: usize = 2_048;
/// Room for one message: 64 KiB, the longest run, and so much more that the beginnings of all messages do not meet in the
/// same lines of the processor's caches.
const MESSAGE_LEN: usize = 65_536 + 2_112;

/// Buffers for one receive call, reused for ever.
pub(crate) struct ReceiveBatch {
    bytes: Box<[u8]>,
    names: Box<[libc::sockaddr_storage]>,
    controls: Box<[Control]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    /// Messages of the last call.
    count: usize,
}

// SAFETY: the raw pointers in it point into its own boxes only, which move with it.
unsafe impl Send for ReceiveBatch {}

impl ReceiveBatch {
    pub(crate) fn new() -> Self {
        Self {
            // The system gives pages of it only as they are used.
            bytes: vec![0; RECEIVE_BATCH * MESSAGE_LEN].into_boxed_slice(),
            names: vec![zeroed(); RECEIVE_BATCH].into_boxed_slice(),
            controls: vec![Control([0; 24]); RECEIVE_BATCH].into_boxed_slice(),
            vectors: vec![zeroed(); RECEIVE_BATCH].into_boxed_slice(),
            headers: vec![zeroed(); RECEIVE_BATCH].into_boxed_slice(),
            count: 0,
        }
    }

    /// Takes what is waiting, without blocking; the number of messages, zero when there is none.
    pub(crate) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.count = 0;
        for (place, message) in self.bytes.chunks_exact_mut(MESSAGE_LEN).enumerate() {
            self.vectors[place] = libc::iovec {
                iov_base: message.as_mut_ptr().cast(),
                iov_len: MESSAGE_LEN,
            };
            let header = &mut self.headers[place].msg_hdr;
            header.msg_name = (&raw mut self.names[place]).cast();
            header.msg_namelen = len_of::<libc::sockaddr_storage>();
            header.msg_iov = &raw mut self.vectors[place];
            header.msg_iovlen = 1;
            header.msg_control = self.controls[place].0.as_mut_ptr().cast();
            header.msg_controllen = self.controls[place].0.len();
            header.msg_flags = 0;
        }
        // SAFETY: every header points to a name, a vector and a control of this batch, and the count is that of the
        // headers.
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
            Ok(count) => self.count = count,
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::WouldBlock => {}
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
        Ok(self.count)
    }

    /// The datagrams of the last call and where each came from; `None` for one that is too long or has no address.
    pub(crate) fn datagrams(&mut self) -> impl Iterator<Item = Option<(SocketAddr, &mut [u8])>> {
        let described = self.headers.iter().zip(&self.names).zip(&self.controls);
        let messages = self.bytes.chunks_exact_mut(MESSAGE_LEN).zip(described);
        messages
            .take(self.count)
            .flat_map(|(message, ((header, name), control))| {
                let len = (header.msg_len as usize).min(MESSAGE_LEN);
                let segment = segment_of(&header.msg_hdr, control).unwrap_or(len).max(1);
                let from = read_address(name).filter(|_| header.msg_hdr.msg_flags & libc::MSG_TRUNC == 0);
                let datagrams = message[..len].chunks_mut(segment);
                datagrams.map(move |bytes| from.filter(|_| bytes.len() <= DATAGRAM_LEN).map(|from| (from, bytes)))
            })
    }
}

/// Bytes of each datagram of a run, of which the last may be shorter; `None` for a message that is one datagram.
fn segment_of(header: &libc::msghdr, control: &Control) -> Option<usize> {
    if header.msg_controllen < CONTROL_HEAD + size_of::<libc::c_int>() {
        return None;
    }
    // SAFETY: the buffer is aligned for the header and longer than it, and the kernel wrote one, as its length says.
    let head = unsafe { control.0.as_ptr().cast::<libc::cmsghdr>().read() };
    if (head.cmsg_level, head.cmsg_type) != (libc::SOL_UDP, libc::UDP_GRO) {
        return None;
    }
    let value = control.0[CONTROL_HEAD..].first_chunk()?;
    usize::try_from(libc::c_int::from_ne_bytes(*value)).ok()
}
