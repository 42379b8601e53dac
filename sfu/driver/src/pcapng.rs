//! Packet captures in files that Wireshark reads (draft-ietf-opsawg-pcapng).

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

/// Writes the section and its one interface: nanoseconds, and packets that begin with IP (LINKTYPE_RAW). Returns how many
/// bytes that were.
fn write_head(out: &mut impl Write) -> io::Result<u64> {
    const SECTION_HEADER: u32 = 0x0a0d_0d0a;
    const INTERFACE: u32 = 1;
    const LINKTYPE_RAW: u16 = 101;
    let mut section = Vec::new();
    section.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
    section.extend_from_slice(&1u16.to_le_bytes());
    section.extend_from_slice(&0u16.to_le_bytes());
    // The length of the section is not said, since it is not known yet.
    section.extend_from_slice(&u64::MAX.to_le_bytes());
    let mut interface = Vec::new();
    interface.extend_from_slice(&u32::from(LINKTYPE_RAW).to_le_bytes());
    // No packet is cut by its length.
    interface.extend_from_slice(&0u32.to_le_bytes());
    put_option(&mut interface, OPTION_RESOLUTION, &[9]);
    put_option(&mut interface, OPTION_END, &[]);
    Ok(write_block(out, SECTION_HEADER, &section)? + write_block(out, INTERFACE, &interface)?)
}

/// Writes one packet under IP and UDP headers made from its addresses; how much of it was left out follows from its
/// lengths, what was counted is its comment. Returns how many bytes that were.
fn write_packet(out: &mut impl Write, at: SystemTime, copy: &Captured) -> io::Result<u64> {
    const ENHANCED_PACKET: u32 = 6;
    const INBOUND: u32 = 1;
    const OUTBOUND: u32 = 2;
    let (from, to, direction) = if copy.incoming {
        (copy.remote, copy.local, INBOUND)
    } else {
        (copy.local, copy.remote, OUTBOUND)
    };
    let mut packet = datagram_headers(from, to, copy.len);
    let len = packet.len() + copy.len;
    packet.extend_from_slice(&copy.bytes);
    let nanos = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
    let [low, high] = [nanos & 0xffff_ffff, nanos >> 32].map(|half| u32::try_from(half).expect("32 bits"));
    let mut block = Vec::with_capacity(packet.len() + 64);
    for word in [0, high, low, len_of(packet.len()), len_of(len)] {
        block.extend_from_slice(&word.to_le_bytes());
    }
    block.extend_from_slice(&packet);
    pad(&mut block);
    put_option(&mut block, OPTION_FLAGS, &direction.to_le_bytes());
    if !copy.counted.is_empty() {
        let counted = copy.counted.iter().map(|(name, count)| format!("{name} {count}"));
        put_option(
            &mut block,
            OPTION_COMMENT,
            counted.collect::<Vec<_>>().join(", ").as_bytes(),
        );
    }
    put_option(&mut block, OPTION_END, &[]);
    write_block(out, ENHANCED_PACKET, &block)
}

/// Options of blocks; the resolution is of an interface, the flags are of a packet.
const OPTION_END: u16 = 0;
const OPTION_COMMENT: u16 = 1;
const OPTION_FLAGS: u16 = 2;
const OPTION_RESOLUTION: u16 = 9;

fn put_option(block: &mut Vec<u8>, code: u16, value: &[u8]) {
    block.extend_from_slice(&code.to_le_bytes());
    block.extend_from_slice(&u16::try_from(value.len()).expect("short options").to_le_bytes());
    block.extend_from_slice(value);
    pad(block);
}

/// Fields begin at whole words of a block.
fn pad(block: &mut Vec<u8>) {
    block.resize(block.len().next_multiple_of(4), 0);
}

/// Writes a block of a type between its two lengths.
fn write_block(out: &mut impl Write, kind: u32, body: &[u8]) -> io::Result<u64> {
    let len = body.len() + 12;
    out.write_all(&kind.to_le_bytes())?;
    out.write_all(&len_of(len).to_le_bytes())?;
    out.write_all(body)?;
    out.write_all(&len_of(len).to_le_bytes())?;
    Ok(len as u64)
}

fn len_of(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
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
            counted: Vec::new(),
        }
    }

    /// The types and bodies of the blocks.
    fn blocks(mut rest: &[u8]) -> Vec<(u32, &[u8])> {
        let word = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().expect("four bytes"));
        let mut blocks = Vec::new();
        while !rest.is_empty() {
            let len = word(&rest[4..]) as usize;
            assert!(
                len.is_multiple_of(4) && word(&rest[len - 4..]) as usize == len,
                "both lengths agree"
            );
            blocks.push((word(rest), &rest[8..len - 4]));
            rest = &rest[len..];
        }
        blocks
    }

    #[test]
    fn a_packet_says_where_from_where_to_how_much_is_left_out_and_what_was_counted() {
        let at = UNIX_EPOCH + Duration::new(7, 9);
        let mut out = Vec::new();
        let mut packet = copy("192.0.2.1:5000", "198.51.100.2:8189", true);
        packet.counted = vec![("layer_left_out", 2), ("gate_closed", 1)];
        let bytes = write_packet(&mut out, at, &packet).expect("memory");
        assert_eq!(bytes, out.len() as u64);
        let blocks_seen = blocks(&out);
        let [(6, block)] = blocks_seen[..] else {
            panic!("{blocks_seen:?}")
        };
        let word = |at: usize| u32::from_le_bytes(block[at..at + 4].try_into().expect("four bytes"));
        assert_eq!(u64::from(word(4)) << 32 | u64::from(word(8)), 7_000_000_009);
        assert_eq!((word(12), word(16)), (40, 128));
        assert_eq!(block[20..24], [0x45, 0, 0, 128]);
        assert_eq!(block[32..40], [192, 0, 2, 1, 198, 51, 100, 2]);
        assert_eq!(block[40..46], [0x13, 0x88, 0x1f, 0xfd, 0, 108]);
        assert_eq!(block[60..68], [2, 0, 4, 0, 1, 0, 0, 0], "it came in");
        let comment = b"layer_left_out 2, gate_closed 1";
        assert_eq!(block[68..72], [1, 0, 31, 0]);
        assert_eq!((&block[72..72 + 31], &block[104..]), (&comment[..], &[0; 4][..]));

        let mut out = Vec::new();
        write_packet(&mut out, at, &copy("[2001:db8::1]:1", "[2001:db8::2]:2", false)).expect("memory");
        let (_, block) = blocks(&out)[0];
        assert_eq!(block[20..28], [0x60, 0, 0, 0, 0, 108, 17, 64]);
        assert_eq!((block[43], block[59]), (2, 1), "it goes out");
        assert_eq!(block[80..], [2, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn a_file_ends_with_its_time_or_its_source() {
        let path = std::env::temp_dir().join(format!("booka-capture-{}.pcapng", std::process::id()));
        let (sender, captured) = std::sync::mpsc::sync_channel(4);
        sender
            .send(copy("192.0.2.1:1", "192.0.2.2:2", true))
            .expect("there is room");
        drop(sender);
        let file = File::create(&path).expect("the temporary folder can be written");
        let long = Instant::now() + Duration::from_secs(600);
        assert_eq!(write_until(file, &captured, long).expect("it can be written"), 1);
        let written = std::fs::read(&path).expect("it is there");
        let kinds: Vec<u32> = blocks(&written).iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [0x0a0d_0d0a, 1, 6]);

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
