//! Packet captures in files that Wireshark reads (draft-ietf-opsawg-pcap).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sfu_core::Captured;

/// Bytes of one file; a capture ends there.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Longest time that what was captured waits to be written.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// Writes until the time is over, the file is full, or nothing more can come; dropping the queue then ends the capture.
/// Returns how many packets were written.
///
/// # Errors
/// When the file cannot be written.
pub fn write_until(file: File, captured: &Receiver<Captured>, until: Instant) -> io::Result<u64> {
    let mut out = BufWriter::new(file);
    let (wall, mono) = (SystemTime::now(), Instant::now());
    let (mut bytes, mut packets) = (write_head(&mut out)?, 0);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || bytes >= FILE_BYTES_MAX {
            break;
        }
        match captured.recv_timeout(left.min(FLUSH_EVERY)) {
            Ok(copy) => {
                let at = match copy.at.checked_duration_since(mono) {
                    Some(after) => wall + after,
                    None => wall - mono.duration_since(copy.at),
                };
                bytes += write_packet(&mut out, at, &copy)?;
                packets += 1;
            }
            Err(RecvTimeoutError::Timeout) => out.flush()?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    out.flush()?;
    Ok(packets)
}

/// Writes the file header: nanoseconds, and packets that begin with IP (LINKTYPE_RAW). Returns how many bytes that were.
fn write_head(out: &mut impl Write) -> io::Result<u64> {
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
fn write_packet(out: &mut impl Write, at: SystemTime, copy: &Captured) -> io::Result<u64> {
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

    #[test]
    fn a_file_ends_with_its_time_or_its_source() {
        let path = std::env::temp_dir().join(format!("booka-capture-{}.pcap", std::process::id()));
        let (sender, captured) = std::sync::mpsc::sync_channel(4);
        sender
            .send(copy("192.0.2.1:1", "192.0.2.2:2", true))
            .expect("there is room");
        drop(sender);
        let file = File::create(&path).expect("the temporary folder can be written");
        let long = Instant::now() + Duration::from_secs(600);
        assert_eq!(write_until(file, &captured, long).expect("it can be written"), 1);
        let written = std::fs::read(&path).expect("it is there");
        assert_eq!(written.len(), 24 + 56);
        assert_eq!(written[..4], 0xa1b2_3c4d_u32.to_le_bytes());

        let (sender, captured) = std::sync::mpsc::sync_channel(4);
        let file = File::create(&path).expect("the temporary folder can be written");
        assert_eq!(
            write_until(file, &captured, Instant::now()).expect("it can be written"),
            0
        );
        drop(captured);
        let left = sender.send(copy("192.0.2.1:1", "192.0.2.2:2", true));
        assert!(left.is_err(), "who sends on is told to stop");
        std::fs::remove_file(path).expect("it is ours");
    }
}
