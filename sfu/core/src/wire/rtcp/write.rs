//! Writers; each appends one packet to `out`, so that several make a compound.

use super::{
    FORMAT_APPLICATION, FORMAT_FIR, FORMAT_NACK, FORMAT_PLI, PAYLOAD_FEEDBACK, RECEIVER_REPORT, Report, SENDER_REPORT,
    SOURCE_DESCRIPTION, SenderReport, TRANSPORT_FEEDBACK,
};

/// Report blocks that one packet can carry.
const REPORTS_MAX: usize = 31;

/// A sender report; at most 31 blocks are written.
pub fn write_sender_report(out: &mut Vec<u8>, report: &SenderReport, blocks: &[Report]) {
    let blocks = &blocks[..blocks.len().min(REPORTS_MAX)];
    let start = begin(out, count(blocks), SENDER_REPORT);
    put_u32(out, report.ssrc);
    out.extend_from_slice(&report.ntp.to_be_bytes());
    put_u32(out, report.rtp_timestamp);
    put_u32(out, report.packets);
    put_u32(out, report.octets);
    put_reports(out, blocks);
    finish(out, start);
}

/// A receiver report; at most 31 blocks are written.
pub fn write_receiver_report(out: &mut Vec<u8>, ssrc: u32, blocks: &[Report]) {
    let blocks = &blocks[..blocks.len().min(REPORTS_MAX)];
    let start = begin(out, count(blocks), RECEIVER_REPORT);
    put_u32(out, ssrc);
    put_reports(out, blocks);
    finish(out, start);
}

/// SDES with one CNAME, of which at most 255 bytes are written.
pub fn write_cname(out: &mut Vec<u8>, ssrc: u32, cname: &str) {
    let cname = &cname.as_bytes()[..cname.len().min(255)];
    let start = begin(out, 1, SOURCE_DESCRIPTION);
    put_u32(out, ssrc);
    out.push(1);
    out.push(u8::try_from(cname.len()).expect("cut to 255 bytes"));
    out.extend_from_slice(cname);
    // The list of items ends with at least one zero byte (RFC 3550 6.5).
    out.push(0);
    out.resize(start + (out.len() - start).next_multiple_of(4), 0);
    finish(out, start);
}

/// A generic NACK. `lost` ascends modulo 2^16; neighbours share entries.
pub fn write_nack(out: &mut Vec<u8>, sender_ssrc: u32, media_ssrc: u32, lost: &[u16]) {
    let start = begin(out, FORMAT_NACK, TRANSPORT_FEEDBACK);
    put_u32(out, sender_ssrc);
    put_u32(out, media_ssrc);
    let mut rest = lost;
    while let Some((&first, after)) = rest.split_first() {
        let near = after
            .iter()
            .take_while(|lost| (1..=16).contains(&lost.wrapping_sub(first)))
            .count();
        let mask = after[..near]
            .iter()
            .fold(0_u16, |mask, lost| mask | 1 << (lost.wrapping_sub(first) - 1));
        out.extend_from_slice(&first.to_be_bytes());
        out.extend_from_slice(&mask.to_be_bytes());
        rest = &after[near..];
    }
    finish(out, start);
}

/// Picture loss indication (RFC 4585 6.3.1).
pub fn write_pli(out: &mut Vec<u8>, sender_ssrc: u32, media_ssrc: u32) {
    let start = begin(out, FORMAT_PLI, PAYLOAD_FEEDBACK);
    put_u32(out, sender_ssrc);
    put_u32(out, media_ssrc);
    finish(out, start);
}

/// Full intra request for one source (RFC 5104 4.3.1); `number` is another one for each request.
pub(crate) fn write_fir(out: &mut Vec<u8>, sender_ssrc: u32, media_ssrc: u32, number: u8) {
    let start = begin(out, FORMAT_FIR, PAYLOAD_FEEDBACK);
    put_u32(out, sender_ssrc);
    // The entry names the source, the packet none (RFC 5104 4.3.1.2).
    put_u32(out, 0);
    put_u32(out, media_ssrc);
    put_u32(out, u32::from(number) << 24);
    finish(out, start);
}

/// Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb) for at most 255 sources; rounded down to what 18
/// bits of mantissa can say.
pub(crate) fn write_remb(out: &mut Vec<u8>, sender_ssrc: u32, bitrate_bps: u64, ssrcs: &[u32]) {
    let ssrcs = &ssrcs[..ssrcs.len().min(255)];
    let start = begin(out, FORMAT_APPLICATION, PAYLOAD_FEEDBACK);
    put_u32(out, sender_ssrc);
    put_u32(out, 0);
    out.extend_from_slice(b"REMB");
    let exponent = (64 - bitrate_bps.leading_zeros()).saturating_sub(18);
    let mantissa = u32::try_from(bitrate_bps >> exponent).expect("shifted down to 18 bits");
    let sources = u32::try_from(ssrcs.len()).expect("cut to 255");
    put_u32(out, sources << 24 | exponent << 18 | mantissa);
    ssrcs.iter().for_each(|ssrc| put_u32(out, *ssrc));
    finish(out, start);
}

fn begin(out: &mut Vec<u8>, count: u8, packet_type: u8) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0x80 | count, packet_type, 0, 0]);
    start
}

fn finish(out: &mut [u8], start: usize) {
    let words = u16::try_from((out.len() - start) / 4 - 1).expect("packets we write are short");
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

fn count(blocks: &[Report]) -> u8 {
    u8::try_from(blocks.len()).expect("cut to 31")
}

fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

fn put_reports(out: &mut Vec<u8>, blocks: &[Report]) {
    for block in blocks {
        put_u32(out, block.ssrc);
        let lost = block.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff).cast_unsigned() & 0xff_ffff;
        put_u32(out, u32::from(block.fraction_lost) << 24 | lost);
        put_u32(out, block.highest_sequence);
        put_u32(out, block.jitter);
        put_u32(out, block.last_sr);
        put_u32(out, block.delay_since_sr);
    }
}
