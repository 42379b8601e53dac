//! RTCP: a bounded reader of compounds and writers for what we send (RFC 3550, RFC 4585, RFC 5104).

#[cfg(test)]
mod tests;
mod write;

pub use write::{write_cname, write_nack, write_pli, write_receiver_report, write_sender_report};
pub(crate) use write::{write_fir, write_remb};

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
/// Transport layer feedback (RFC 4585 6.2): NACK and transport-wide feedback.
const TRANSPORT_FEEDBACK: u8 = 205;
/// Payload-specific feedback (RFC 4585 6.3): PLI, FIR, REMB.
const PAYLOAD_FEEDBACK: u8 = 206;
const FORMAT_NACK: u8 = 1;
const FORMAT_TRANSPORT_WIDE: u8 = 15;
const FORMAT_PLI: u8 = 1;
const FORMAT_FIR: u8 = 4;
const FORMAT_APPLICATION: u8 = 15;
/// Bytes of one report block.
const REPORT_LEN: usize = 24;
/// The compound's length bounds the work, but for packets of four bytes: more than this many are refused.
const PACKETS_MAX: usize = 32;

/// One packet of a compound. Lists are read lazily from the borrowed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rtcp<'a> {
    SenderReport(SenderReport, Reports<'a>),
    ReceiverReport {
        ssrc: u32,
        reports: Reports<'a>,
    },
    /// The first source that leaves.
    Bye {
        ssrc: u32,
    },
    Nack {
        media_ssrc: u32,
        lost: NackList<'a>,
    },
    PictureLoss {
        media_ssrc: u32,
    },
    /// The first entry's source (RFC 5104 4.3.1).
    FullIntra {
        media_ssrc: u32,
    },
    /// Receiver estimated maximum bitrate.
    Remb {
        bitrate_bps: u64,
    },
    /// Transport-wide feedback, whole packet.
    TransportFeedback(&'a [u8]),
    /// Well-formed, not of interest (SDES, APP, XR and so on).
    Other {
        packet_type: u8,
    },
}

/// RFC 3550 6.4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport {
    pub ssrc: u32,
    /// 64-bit NTP timestamp.
    pub ntp: u64,
    pub rtp_timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

/// One report block (RFC 3550 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    pub ssrc: u32,
    /// Of 256.
    pub fraction_lost: u8,
    /// 24 bits, signed; written values are clamped.
    pub cumulative_lost: i32,
    /// Extended highest sequence number received.
    pub highest_sequence: u32,
    /// In timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last sender report.
    pub last_sr: u32,
    /// Delay since then in 1/65536 s.
    pub delay_since_sr: u32,
}

/// Report blocks of one packet, at most 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reports<'a>(&'a [u8]);

impl<'a> Reports<'a> {
    /// The blocks in order.
    pub fn iter(&self) -> impl Iterator<Item = Report> + use<'a> {
        self.0.chunks_exact(REPORT_LEN).map(|block| Report {
            ssrc: read_u32(block, 0),
            fraction_lost: block[4],
            // Shifting down from the top keeps the sign of the 24-bit number.
            cumulative_lost: (read_u32(block, 4) << 8).cast_signed() >> 8,
            highest_sequence: read_u32(block, 8),
            jitter: read_u32(block, 12),
            last_sr: read_u32(block, 16),
            delay_since_sr: read_u32(block, 20),
        })
    }
}

/// Sequence numbers asked for by one NACK, at most 17 an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NackList<'a>(&'a [u8]);

impl<'a> NackList<'a> {
    /// The numbers in the order they are named.
    pub fn iter(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.0.chunks_exact(4).flat_map(|entry| {
            let first = u16::from_be_bytes([entry[0], entry[1]]);
            // Bit n of the mask names the packet n + 1 after the first (RFC 4585 6.2.1).
            let mask = u32::from(u16::from_be_bytes([entry[2], entry[3]])) << 1 | 1;
            (0..17_u16)
                .filter(move |bit| mask >> bit & 1 == 1)
                .map(move |bit| first.wrapping_add(bit))
        })
    }
}

/// Why a compound was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed RTCP compound")]
pub struct RtcpError;

/// Iterates over the packets of a plain compound; ends after the first malformed one, which it reports as an error.
pub fn parse(compound: &[u8]) -> impl Iterator<Item = Result<Rtcp<'_>, RtcpError>> {
    let mut rest = compound;
    let mut packets = 0;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        packets += 1;
        let taken = take_packet(rest).filter(|_| packets <= PACKETS_MAX);
        let parsed = taken.and_then(|(packet, next)| {
            rest = next;
            parse_packet(packet)
        });
        if parsed.is_none() {
            rest = &[];
        }
        Some(parsed.ok_or(RtcpError))
    })
}

/// One packet with its padding, still to be cut, and the rest of the compound.
fn take_packet(compound: &[u8]) -> Option<(&[u8], &[u8])> {
    let head = compound.first_chunk::<4>()?;
    let len = 4 + usize::from(u16::from_be_bytes([head[2], head[3]])) * 4;
    if head[0] >> 6 != 2 {
        None
    } else {
        compound.split_at_checked(len)
    }
}

fn parse_packet(packet: &[u8]) -> Option<Rtcp<'_>> {
    let padding = if packet[0] & 0x20 == 0 {
        0
    } else {
        usize::from(packet[packet.len() - 1])
    };
    let body = packet.get(4..packet.len().checked_sub(padding)?)?;
    let count = usize::from(packet[0] & 0x1f);
    let format = packet[0] & 0x1f;
    match packet[1] {
        SENDER_REPORT => {
            let head = body.get(..24)?;
            let report = SenderReport {
                ssrc: read_u32(head, 0),
                ntp: u64::from(read_u32(head, 4)) << 32 | u64::from(read_u32(head, 8)),
                rtp_timestamp: read_u32(head, 12),
                packets: read_u32(head, 16),
                octets: read_u32(head, 20),
            };
            Some(Rtcp::SenderReport(
                report,
                Reports(body.get(24..24 + count * REPORT_LEN)?),
            ))
        }
        RECEIVER_REPORT => {
            let reports = Reports(body.get(4..4 + count * REPORT_LEN)?);
            Some(Rtcp::ReceiverReport {
                ssrc: read_u32(body, 0),
                reports,
            })
        }
        BYE if count > 0 => Some(Rtcp::Bye {
            ssrc: read_u32(body.get(..count * 4)?, 0),
        }),
        TRANSPORT_FEEDBACK | PAYLOAD_FEEDBACK => {
            let head = body.get(..8)?;
            let feedback = Feedback {
                packet,
                media_ssrc: read_u32(head, 4),
                information: &body[8..],
            };
            feedback.parse(packet[1], format)
        }
        packet_type => Some(Rtcp::Other { packet_type }),
    }
}

/// A packet in the common format of RFC 4585 6.1.
struct Feedback<'a> {
    packet: &'a [u8],
    media_ssrc: u32,
    information: &'a [u8],
}

impl<'a> Feedback<'a> {
    fn parse(self, packet_type: u8, format: u8) -> Option<Rtcp<'a>> {
        let (media_ssrc, information) = (self.media_ssrc, self.information);
        match (packet_type, format) {
            (TRANSPORT_FEEDBACK, FORMAT_NACK) => Some(Rtcp::Nack {
                media_ssrc,
                lost: NackList(information),
            }),
            (TRANSPORT_FEEDBACK, FORMAT_TRANSPORT_WIDE) => Some(Rtcp::TransportFeedback(self.packet)),
            (PAYLOAD_FEEDBACK, FORMAT_PLI) => Some(Rtcp::PictureLoss { media_ssrc }),
            (PAYLOAD_FEEDBACK, FORMAT_FIR) => {
                // The entry names the source; the common field is zero (RFC 5104 4.3.1.2).
                Some(Rtcp::FullIntra {
                    media_ssrc: read_u32(information.get(..8)?, 0),
                })
            }
            (PAYLOAD_FEEDBACK, FORMAT_APPLICATION) if information.starts_with(b"REMB") => {
                let value = read_u32(information.get(4..8)?, 0);
                let exponent = value >> 18 & 0x3f;
                let mantissa = u64::from(value & 0x3_ffff);
                // Anything that does not fit means "no limit".
                let bitrate_bps = if exponent > 45 { u64::MAX } else { mantissa << exponent };
                Some(Rtcp::Remb { bitrate_bps })
            }
            _ => Some(Rtcp::Other { packet_type }),
        }
    }
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes were sliced"))
}
