//! Packets and octets of a slot, for its sender reports (RFC 3550 6.4.1).

use crate::wire::rtcp::SenderReport;

/// What a slot has sent, for its sender reports.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SentCounts {
    pub(crate) packets: u32,
    pub(crate) octets: u32,
    /// With those sent again.
    pub(crate) packets_in_all: u64,
    pub(crate) bytes_in_all: u64,
}

impl SentCounts {
    /// Counts a packet that was sent again, on its own stream.
    pub(crate) fn add_retransmitted(&mut self, payload_len: usize) {
        self.packets_in_all += 1;
        self.bytes_in_all += payload_len as u64;
    }

    pub(crate) fn add_sent(&mut self, payload_len: usize) {
        self.add_retransmitted(payload_len);
        self.packets = self.packets.wrapping_add(1);
        // The field of the report is 32 bits and wraps (RFC 3550 6.4.1); a payload is far below that.
        self.octets = self.octets.wrapping_add(u32::try_from(payload_len).unwrap_or(u32::MAX));
    }

    pub(crate) fn report(self, ssrc: u32, (ntp, rtp_timestamp): (u64, u32)) -> SenderReport {
        SenderReport {
            ssrc,
            ntp,
            rtp_timestamp,
            packets: self.packets,
            octets: self.octets,
        }
    }
}
