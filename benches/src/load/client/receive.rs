//! What a client does with what it gets: count all, open some, ask for what is missing, answer requests.

use std::time::{Duration, Instant};

use sfu_core::wire::rtcp::{self, Report, Rtcp};
use sfu_core::wire::{rtp, stun};

use super::send::{AUDIO_MARK_AT, MAGIC, MARK_LEN, VIDEO_MARK_AT};
use super::{Client, State, Tally, VERIFY_EVERY};

/// A gap wider than this is a new beginning, not loss.
const GAP_MAX: u16 = 3_000;
/// Fixed header and the shortest tag.
const SEALED_MIN: usize = 12 + 10;
/// Missing packets remembered on one leg.
const MISSING_MAX: usize = 256;

/// One stream that is received.
pub(super) struct Leg {
    pub(super) ssrc: u32,
    video: bool,
    rtx: bool,
    highest: u64,
    received: u64,
    first: u64,
    reported: (u64, u64),
    /// Sequence numbers to ask for, each with how often it was.
    missing: Vec<(u16, u8)>,
    last_sr: u32,
}

impl Leg {
    /// Counts one packet; how many more are expected now.
    fn record(&mut self, sequence: u16) -> u64 {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        self.received += 1;
        if ahead == 0 || ahead > u16::MAX / 2 {
            self.missing.retain(|(missing, _)| *missing != sequence);
            return 0;
        }
        if ahead > GAP_MAX {
            self.highest += u64::from(ahead);
            self.missing.clear();
            return 1;
        }
        for step in 1..ahead {
            if self.missing.len() < MISSING_MAX {
                self.missing.push((sequence.wrapping_sub(ahead - step), 0));
            }
        }
        self.highest += u64::from(ahead);
        u64::from(ahead)
    }

    /// Asks for what is missing, each packet three times; how many were asked for.
    pub(super) fn write_nack(&mut self, ours: u32, out: &mut Vec<u8>) -> u64 {
        if self.missing.is_empty() || !self.video || self.rtx {
            self.missing.clear();
            return 0;
        }
        let lost: Vec<u16> = self.missing.iter().map(|(sequence, _)| *sequence).collect();
        rtcp::write_nack(out, ours, self.ssrc, &lost);
        self.missing.iter_mut().for_each(|(_, asked)| *asked += 1);
        self.missing.retain(|(_, asked)| *asked < 3);
        lost.len() as u64
    }

    pub(super) fn report(&mut self) -> Report {
        let expected = self.highest + 1 - self.first;
        let (new_expected, new_received) = (expected - self.reported.0, self.received - self.reported.1);
        self.reported = (expected, self.received);
        let lost = new_expected.saturating_sub(new_received);
        Report {
            ssrc: self.ssrc,
            fraction_lost: (lost * 256).checked_div(new_expected).unwrap_or(0).min(255) as u8,
            cumulative_lost: expected.saturating_sub(self.received) as i32,
            highest_sequence: self.highest as u32,
            jitter: 0,
            last_sr: self.last_sr,
            delay_since_sr: 0,
        }
    }
}

impl Client {
    /// Takes one datagram; `at_ns` is the kernel's receive time. True when [`Self::next_due`] may have changed.
    pub(crate) fn receive(&mut self, bytes: &mut [u8], at_ns: u64, now: Instant, tally: &mut Tally) -> bool {
        match bytes.first() {
            Some(128..192) if rtp::is_rtcp(bytes) => self.rtcp(bytes, tally),
            Some(128..192) => {
                self.rtp(bytes, at_ns, now, tally);
                return false;
            }
            Some(20..64) => self.dtls(bytes, now, tally),
            Some(_) if stun::is_stun(bytes) => self.stun(bytes, now, tally),
            Some(_) | None => {}
        }
        true
    }

    fn rtp(&mut self, bytes: &mut [u8], at_ns: u64, now: Instant, tally: &mut Tally) {
        if bytes.len() < SEALED_MIN || !matches!(self.state, State::Connected(..)) {
            return;
        }
        if self.loss > 0.0 && self.draw() < self.loss {
            tally.dropped_here += 1;
            return;
        }
        if let Some(number) = self.remote.transport_cc.and_then(|id| clear_extension(bytes, id)) {
            self.arrivals.record(number, at_ns);
        }
        let payload_type = bytes[1] & 0x7f;
        let ssrc = u32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        let sequence = u16::from_be_bytes([bytes[2], bytes[3]]);
        self.find_leg(ssrc, payload_type, sequence);
        let leg = &mut self.legs[self.last_leg];
        if leg.rtx {
            tally.extra += 1;
            return;
        }
        if !self.heard {
            self.heard = true;
            tally.joins.record(now.saturating_duration_since(self.asked_at));
        }
        if leg.video && !self.pictured {
            self.pictured = true;
            tally.video_joins.record(now.saturating_duration_since(self.asked_at));
        }
        tally.expected += leg.record(sequence);
        tally.received += 1;
        tally.received_bytes += bytes.len() as u64;
        self.seen += 1;
        if self.seen.is_multiple_of(VERIFY_EVERY) || leg.received == 1 {
            let mark_at = if leg.video { VIDEO_MARK_AT } else { AUDIO_MARK_AT };
            let State::Connected(_, opener, _) = &mut self.state else {
                return;
            };
            let opened = opener.open_rtp(bytes).ok().map(|opened| &bytes[..opened.len]);
            match opened.and_then(|plain| sent_at(plain, mark_at)) {
                Some(sent_at) => {
                    tally.verified += 1;
                    tally.delays.record(Duration::from_nanos(at_ns.saturating_sub(sent_at)));
                }
                None => tally.broken += 1,
            }
        }
    }

    /// Makes `last_leg` the one of this source.
    fn find_leg(&mut self, ssrc: u32, payload_type: u8, sequence: u16) {
        if self.legs.get(self.last_leg).is_some_and(|leg| leg.ssrc == ssrc) {
            return;
        }
        let found = self.legs.iter().position(|leg| leg.ssrc == ssrc);
        self.last_leg = found.unwrap_or(self.legs.len());
        if found.is_none() {
            // One round above zero, so that what comes before the first packet has a number too.
            let first = 1 << 16 | u64::from(sequence);
            self.legs.push(Leg {
                ssrc,
                video: self.remote.video.contains(&payload_type),
                rtx: self.remote.rtx.contains(&payload_type),
                highest: first - 1,
                received: 0,
                first,
                reported: (0, 0),
                missing: Vec::new(),
                last_sr: 0,
            });
        }
    }

    fn rtcp(&mut self, bytes: &mut [u8], tally: &mut Tally) {
        let State::Connected(_, opener, _) = &mut self.state else {
            return;
        };
        let Ok(len) = opener.open_rtcp(bytes) else {
            tally.broken += 1;
            return;
        };
        for packet in rtcp::parse(&bytes[..len]).flatten() {
            match packet {
                Rtcp::PictureLoss { media_ssrc } | Rtcp::FullIntra { media_ssrc } => {
                    tally.keyframe_requests += 1;
                    let asked = self.streams.iter_mut().filter(|stream| stream.ssrc == media_ssrc);
                    asked.for_each(|stream| stream.ask_keyframe());
                }
                Rtcp::SenderReport(report, _) => {
                    if let Some(leg) = self.legs.iter_mut().find(|leg| leg.ssrc == report.ssrc) {
                        leg.last_sr = (report.ntp >> 16) as u32;
                    }
                }
                Rtcp::ReceiverReport { .. }
                | Rtcp::Bye { .. }
                | Rtcp::Nack { .. }
                | Rtcp::Remb { .. }
                | Rtcp::TransportFeedback(_)
                | Rtcp::Other { .. } => {}
            }
        }
    }
}

/// The send stamp of an opened packet; `None` when it is not what a client of ours sent.
fn sent_at(plain: &[u8], mark_at: usize) -> Option<u64> {
    let header = rtp::Header::parse(plain).ok()?;
    let mark = header.payload(plain).get(mark_at..mark_at + MARK_LEN)?;
    let stamp: [u8; 8] = mark.strip_prefix(&MAGIC)?.try_into().ok()?;
    let stamp = u64::from_be_bytes(stamp);
    (stamp <= sfu_syscalls::realtime_ns()).then_some(stamp)
}

/// A 16-bit header extension in one-byte form (RFC 8285 4.2) of a sealed packet: SRTP leaves extensions clear.
fn clear_extension(packet: &[u8], id: u8) -> Option<u16> {
    let block = 12 + usize::from(packet[0] & 0x0f) * 4;
    let head = packet.get(block..block + 4)?;
    if packet[0] & 0x10 == 0 || head[..2] != [0xbe, 0xde] {
        return None;
    }
    let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let mut rest = packet.get(block + 4..block + 4 + words * 4)?;
    while let Some((&first, after)) = rest.split_first() {
        if first == 0 {
            rest = after;
            continue;
        }
        let (value, next) = after.split_at_checked(usize::from(first & 0x0f) + 1)?;
        if first >> 4 == id {
            return Some(u16::from_be_bytes(value.try_into().ok()?));
        }
        rest = next;
    }
    None
}
