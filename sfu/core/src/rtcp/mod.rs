//! RTCP: a bounded reader of compounds and writers for what we send (RFC 3550, RFC 4585, RFC 5104).

/// One packet of a compound. Lists are read lazily from the borrowed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rtcp<'a> {
    SenderReport(SenderReport, Reports<'a>),
    ReceiverReport { ssrc: u32, reports: Reports<'a> },
    Bye { ssrc: u32 },
    Nack { media_ssrc: u32, lost: NackList<'a> },
    PictureLoss { media_ssrc: u32 },
    FullIntra { media_ssrc: u32 },
    /// Receiver estimated maximum bitrate.
    Remb { bitrate_bps: u64 },
    /// Transport-wide feedback, whole packet.
    TransportFeedback(&'a [u8]),
    /// Well-formed, not of interest (SDES, APP, XR and so on).
    Other { packet_type: u8 },
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
    /// 24 bits, signed.
    pub cumulative_lost: i32,
    pub highest_sequence: u32,
    /// In timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last sender report.
    pub last_sr: u32,
    /// Delay since then in 1/65536 s.
    pub delay_since_sr: u32,
}

/// Report blocks of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reports<'a>(&'a [u8]);

impl<'a> Reports<'a> {
    pub fn iter(&self) -> impl Iterator<Item = Report> + use<'a> {
        self.0.chunks_exact(24).map(|_| Report::default())
    }
}

/// Sequence numbers asked for by one NACK, at most 17 an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NackList<'a>(&'a [u8]);

impl<'a> NackList<'a> {
    pub fn iter(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.0.chunks_exact(4).map(|_| 0)
    }
}

/// Why a compound was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed RTCP compound")]
pub struct RtcpError;

/// Iterates over the packets of a plain compound; ends after the first malformed one, which it reports as an error.
pub fn parse(compound: &[u8]) -> impl Iterator<Item = Result<Rtcp<'_>, RtcpError>> {
    compound.chunks(4).map(|_| Err(RtcpError))
}

/// All writers append to `out`.
pub fn write_sender_report(out: &mut Vec<u8>, report: &SenderReport, blocks: &[Report]) {
    unimplemented!("{out:?}{report:?}{blocks:?}")
}

/// At most 31 blocks are written.
pub fn write_receiver_report(out: &mut Vec<u8>, ssrc: u32, blocks: &[Report]) {
    unimplemented!("{out:?}{ssrc}{blocks:?}")
}

/// SDES with one CNAME of at most 255 bytes.
pub fn write_cname(out: &mut Vec<u8>, ssrc: u32, cname: &str) {
    unimplemented!("{out:?}{ssrc}{cname}")
}

/// `lost` in ascending order (modulo 2^16); packed into as few entries as possible.
pub fn write_nack(out: &mut Vec<u8>, sender_ssrc: u32, media_ssrc: u32, lost: &[u16]) {
    unimplemented!("{out:?}{sender_ssrc}{media_ssrc}{lost:?}")
}

pub fn write_pli(out: &mut Vec<u8>, sender_ssrc: u32, media_ssrc: u32) {
    unimplemented!("{out:?}{sender_ssrc}{media_ssrc}")
}

pub fn write_remb(out: &mut Vec<u8>, sender_ssrc: u32, bitrate_bps: u64, ssrcs: &[u32]) {
    unimplemented!("{out:?}{sender_ssrc}{bitrate_bps}{ssrcs:?}")
}
