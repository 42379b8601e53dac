//! Sockets: opening them, their options, and addresses as the kernel writes them.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::{len_of, zeroed};

/// Connections that wait to be accepted; the kernel refuses more.
const BACKLOG: libc::c_int = 256;
/// Bytes that the kernel takes of a connection before it has sent them, beyond which it is full: they are delay.
const UNSENT_BYTES_MAX: libc::c_int = 16 * 1024;

/// A non-blocking socket for datagrams at `address`. One for IPv6 takes IPv6 only, so that both families can have the
/// same port.
///
/// # Errors
/// When the address is not this machine's or is taken.
pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    Ok(UdpSocket::from(open(libc::SOCK_DGRAM, address)?))
}

/// A non-blocking socket that takes connections at `address`, of its own family only.
///
/// # Errors
/// As [`bind`].
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = open(libc::SOCK_STREAM, address)?;
    // SAFETY: no pointers; the result is checked.
    if unsafe { libc::listen(socket.as_raw_fd(), BACKLOG) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(TcpListener::from(socket))
}

/// Readies an accepted connection: no waiting for more to send, none for the reader, and little in the kernel.
///
/// # Errors
/// When it is gone already.
pub fn tune_connection(stream: &TcpStream) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    // An old kernel without it merely holds more.
    set_option(
        stream.as_raw_fd(),
        libc::IPPROTO_TCP,
        libc::TCP_NOTSENT_LOWAT,
        UNSENT_BYTES_MAX,
    );
    Ok(())
}

fn open(kind: libc::c_int, address: SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv6() {
        libc::AF_INET6
    } else {
        libc::AF_INET
    };
    // SAFETY: no pointers; the result is checked.
    let fd = unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a fresh descriptor that nothing else owns.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    if address.is_ipv6() && !set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1) {
        return Err(io::Error::last_os_error());
    }
    // Connections of an earlier process linger; they must not keep a new one from the port.
    if kind == libc::SOCK_STREAM && !set_option(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1) {
        return Err(io::Error::last_os_error());
    }
    let mut name = zeroed();
    let len = write_address(&mut name, address);
    // SAFETY: the name was just written, has this length and lives through the call.
    if unsafe { libc::bind(fd, (&raw const name).cast(), len) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(socket)
}

/// Asks for socket buffers of `bytes` each way, beyond the system's limit where we may. Returns the bytes that the
/// receiving one holds now.
pub fn enlarge_buffers(socket: &UdpSocket, bytes: usize) -> usize {
    let bytes = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
    for (forced, plain) in [
        (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF),
        (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF),
    ] {
        if !set_option(socket.as_raw_fd(), libc::SOL_SOCKET, forced, bytes) {
            set_option(socket.as_raw_fd(), libc::SOL_SOCKET, plain, bytes);
        }
    }
    // The kernel doubles what is asked for, for its own overhead, and says the doubled value.
    usize::try_from(option(socket.as_raw_fd(), libc::SO_RCVBUF)).unwrap_or(0) / 2
}

/// Lets the kernel say with each datagram when it received it.
///
/// # Errors
/// When the kernel cannot.
pub fn enable_receive_times(socket: &UdpSocket) -> io::Result<()> {
    if set_option(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1) {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn option(fd: RawFd, option: libc::c_int) -> libc::c_int {
    let mut value: libc::c_int = 0;
    let mut len = len_of::<libc::c_int>();
    // SAFETY: value and length live through the call, and the length is that of the value.
    unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, option, (&raw mut value).cast(), &raw mut len) };
    value
}

fn set_option(fd: RawFd, level: libc::c_int, option: libc::c_int, value: libc::c_int) -> bool {
    // SAFETY: the value is a c_int that lives through the call, and its size is passed.
    let result = unsafe { libc::setsockopt(fd, level, option, (&raw const value).cast(), len_of::<libc::c_int>()) };
    result == 0
}

pub(crate) fn read_address(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match libc::c_int::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says which structure the storage holds, and the storage is large and aligned enough.
            let v4 = unsafe { &*(&raw const *name).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let v6 = unsafe { &*(&raw const *name).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Some(SocketAddrV6::new(ip, u16::from_be(v6.sin6_port), 0, v6.sin6_scope_id).into())
        }
        _ => None,
    }
}

pub(crate) fn write_address(name: &mut libc::sockaddr_storage, address: SocketAddr) -> libc::socklen_t {
    match address {
        SocketAddr::V4(v4) => {
            let value = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(v4.ip().octets()),
                },
                sin_zero: [0; 8],
            };
            // SAFETY: the storage is large and aligned enough for every address structure.
            unsafe { (&raw mut *name).cast::<libc::sockaddr_in>().write(value) };
            len_of::<libc::sockaddr_in>()
        }
        SocketAddr::V6(v6) => {
            let value = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr {
                    s6_addr: v6.ip().octets(),
                },
                sin6_scope_id: v6.scope_id(),
            };
            // SAFETY: as above.
            unsafe { (&raw mut *name).cast::<libc::sockaddr_in6>().write(value) };
            len_of::<libc::sockaddr_in6>()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_round_trip() {
        for text in ["127.0.0.1:5000", "192.0.2.7:65535", "[::1]:1", "[2001:db8::7]:9"] {
            let address: SocketAddr = text.parse().unwrap();
            let mut name = zeroed();
            write_address(&mut name, address);
            assert_eq!(read_address(&name), Some(address));
        }
        assert_eq!(read_address(&zeroed()), None);
    }

    #[test]
    fn both_families_can_have_one_port() {
        if UdpSocket::bind("[::]:0").is_err() {
            // This machine knows no IPv6.
            return;
        }
        let v4 = bind("0.0.0.0:0".parse().unwrap()).unwrap();
        let port = v4.local_addr().unwrap().port();
        let v6 = bind(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)).unwrap();
        assert_eq!(v6.local_addr().unwrap().port(), port);
        let connections = [v4.local_addr().unwrap(), v6.local_addr().unwrap()].map(listen);
        assert!(
            connections
                .into_iter()
                .all(|listener| listener.is_ok_and(|at| at.local_addr().unwrap().port() == port))
        );
        let taken = bind(v4.local_addr().unwrap()).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }
}
