//! Networks of a thread's own, and devices in them.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;

use super::{check, zeroed};

/// Gives the calling thread, and those it starts, a network of their own. It is gone when they are.
///
/// # Errors
/// Without the privilege.
pub fn unshare_network() -> io::Result<()> {
    // SAFETY: no pointers.
    check(unsafe { libc::unshare(libc::CLONE_NEWNET) })
}

/// A network device of the calling thread's network whose wire is the file: what is sent on the device is read from it,
/// what is written to it the device has received. Each packet stands behind a header of the kernel's (`virtio_net_hdr`)
/// that says what is left to do. As a card does, the reader computes checksums, and with `segments` cuts runs of
/// datagrams.
///
/// # Errors
/// Without the privilege or `/dev/net/tun`.
pub fn open_tun(name: &str, segments: bool) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open("/dev/net/tun")?;
    let mut request: libc::ifreq = zeroed();
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
    let (fd, offload) = (file.as_raw_fd(), libc::c_ulong::from(offload));
    // SAFETY: the descriptor is open and the request lives through the call.
    check(unsafe { libc::ioctl(fd, libc::TUNSETIFF as libc::Ioctl, &raw mut request) })?;
    // SAFETY: the descriptor is open, and the call takes a number.
    check(unsafe { libc::ioctl(fd, libc::TUNSETOFFLOAD as libc::Ioctl, offload) })?;
    Ok(file)
}
