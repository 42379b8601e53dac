//! The file format of packet captures, which Wireshark reads (draft-ietf-opsawg-pcap).

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

use sfu_core::Captured;

/// Writes the file header: nanoseconds, and packets that begin with IP (LINKTYPE_RAW). Returns how many bytes that were.
///
/// # Errors
/// Those of the writer.
pub fn write_head(out: &mut impl Write) -> io::Result<u64> {
    const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;
    const LINKTYPE_RAW: u32 = 101;
    let mut head = Vec::with_capacity(24);
    head.extend_from_slice(&MAGIC_NANOSECONDS.to_le_bytes());
    head.extend_from_slice(&2u16.to_le_bytes());
    head.extend_from_slice(&4u16.to_le_bytes());
    head.extend_from_slice(&[0; 8]);
    head.extend_from_slice(&u32::from(u16::MAX).to_le_bytes());
    head.extend_from_slice(&LINKTYPE_RAW.to_le_bytes());
    out.write_all(&head)?;
    Ok(24)
}

/// Writes one packet under IP and UDP headers made from its addresses; how much of it was left out follows from its lengths.
/// Returns how many bytes that were.
///
/// # Errors
/// Those of the writer.
pub fn write_packet(out: &mut impl Write, at: SystemTime, copy: &Captured) -> io::Result<u64> {
    let (from, to) = if copy.incoming {
        (copy.remote, copy.local)
    } else {
        (copy.local, copy.remote)
    };
    let headers = datagram_headers(from, to, copy.len);
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let len = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
    let mut record = Vec::with_capacity(16 + headers.len() + copy.bytes.len());
    record.extend_from_slice(&u32::try_from(since.as_secs()).unwrap_or(u32::MAX).to_le_bytes());
    record.extend_from_slice(&since.subsec_nanos().to_le_bytes());
    record.extend_from_slice(&len(headers.len() + copy.bytes.len()));
    record.extend_from_slice(&len(headers.len() + copy.len));
    record.extend_from_slice(&headers);
    record.extend_from_slice(&copy.bytes);
    out.write_all(&record)?;
    Ok(record.len() as u64)
}

/// IPv4 (RFC 791) or IPv6 (RFC 8200) and UDP, without checksums: the payload they would cover is not here.
fn datagram_headers(from: SocketAddr, to: SocketAddr, payload: usize) -> Vec<u8> {
    const UDP: u8 = 17;
    let udp_len = u16::try_from(payload + 8).unwrap_or(u16::MAX);
    let mut headers = match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(source), IpAddr::V4(target)) => {
            let mut ip = vec![0x45, 0];
            ip.extend_from_slice(&udp_len.saturating_add(20).to_be_bytes());
            ip.extend_from_slice(&[0, 0, 0, 0, 64, UDP, 0, 0]);
            ip.extend_from_slice(&source.octets());
            ip.extend_from_slice(&target.octets());
            ip
        }
        (source, target) => {
            let v6 = |ip: IpAddr| match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                IpAddr::V6(ip) => ip,
            };
            let mut ip = vec![0x60, 0, 0, 0];
            ip.extend_from_slice(&udp_len.to_be_bytes());
            ip.extend_from_slice(&[UDP, 64]);
            ip.extend_from_slice(&v6(source).octets());
            ip.extend_from_slice(&v6(target).octets());
            ip
        }
    };
    headers.extend_from_slice(&from.port().to_be_bytes());
    headers.extend_from_slice(&to.port().to_be_bytes());
    headers.extend_from_slice(&udp_len.to_be_bytes());
    headers.extend_from_slice(&[0, 0]);
    headers
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use sfu_core::PeerId;

    use super::*;

    fn copy(remote: &str, local: &str, incoming: bool) -> Captured {
        Captured {
            at: Instant::now(),
            peer: PeerId(1),
            incoming,
            remote: remote.parse().expect("an address"),
            local: local.parse().expect("an address"),
            len: 100,
            bytes: vec![0x80; 12],
        }
    }

    #[test]
    fn a_record_says_where_from_where_to_and_how_much_is_left_out() {
        let at = UNIX_EPOCH + Duration::new(7, 9);
        let mut out = Vec::new();
        let bytes = write_packet(&mut out, at, &copy("192.0.2.1:5000", "198.51.100.2:8189", true)).expect("memory");
        assert_eq!(bytes, 16 + 28 + 12);
        let word = |at: usize| u32::from_le_bytes(out[at..at + 4].try_into().expect("four bytes"));
        assert_eq!((word(0), word(4), word(8), word(12)), (7, 9, 40, 128));
        assert_eq!(out[16..20], [0x45, 0, 0, 128]);
        assert_eq!(out[28..36], [192, 0, 2, 1, 198, 51, 100, 2]);
        assert_eq!(out[36..42], [0x13, 0x88, 0x1f, 0xfd, 0, 108]);

        let mut out = Vec::new();
        write_packet(&mut out, at, &copy("[2001:db8::1]:1", "[2001:db8::2]:2", false)).expect("memory");
        assert_eq!(out[16..24], [0x60, 0, 0, 0, 0, 108, 17, 64]);
        assert_eq!((out[39], out[55]), (2, 1), "it goes out");
    }
}
