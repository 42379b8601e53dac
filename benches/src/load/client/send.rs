//! Streams that a client sends: VP8 frames and Opus packets that carry the time they were sent at.

use std::time::{Duration, Instant};

use sfu_core::wire::rtcp::{self, SenderReport};
use sfu_core::wire::rtp::{self, Fields};
use sfu_core::wire::srtp::RTP_OVERHEAD;

use super::super::sdp::{self, Media};
use super::{Client, State, StreamPlan, Tally};

/// Stands before the stamp in every payload.
pub(super) const MAGIC: [u8; 4] = *b"load";
/// Where the mark stands in a picture's payload: behind descriptor (4) and the longest frame header (10).
pub(super) const VIDEO_MARK_AT: usize = 14;
/// And in a sound's: behind the table-of-contents byte.
pub(super) const AUDIO_MARK_AT: usize = 1;
/// Mark and stamp.
pub(super) const MARK_LEN: usize = 12;
/// Room for the header with its extensions.
const HEADER_ROOM: usize = 64;
/// A sender that is this late skips what it missed.
const LATE_MAX: Duration = Duration::from_millis(500);
/// Seconds from 1900 to 1970.
const NTP_EPOCH: u64 = 2_208_988_800;

/// One stream.
pub(super) struct Stream {
    plan: StreamPlan,
    pub(super) ssrc: u32,
    mid: String,
    started_at: Instant,
    /// Packets so far; the sequence number is its lower half.
    packets: u64,
    octets: u32,
    picture: u16,
    keyframe: bool,
    keyframe_asked: bool,
    timestamp: u32,
    due: Instant,
}

impl Stream {
    pub(super) fn new(plan: StreamPlan, ssrc: u32, mid: usize) -> Self {
        let now = Instant::now();
        Self {
            plan,
            ssrc,
            mid: mid.to_string(),
            started_at: now,
            packets: 0,
            octets: 0,
            picture: 0,
            keyframe: true,
            keyframe_asked: true,
            timestamp: 0,
            due: now,
        }
    }

    /// Streams of many clients begin at different parts of the interval, or all would send at once.
    pub(super) fn begin(&mut self, at: Instant) {
        let share = f64::from(self.ssrc % 1_000) / 1_000.0;
        self.due = at + self.plan.pace.interval.mul_f64(share);
        self.started_at = at;
    }

    pub(super) fn due(&self) -> Instant {
        self.due
    }

    pub(super) fn ask_keyframe(&mut self) {
        self.keyframe_asked = true;
    }

    fn clock(&self, now: Instant) -> u32 {
        let rate: u128 = match self.plan.media {
            Media::Audio => 48_000,
            Media::Video => 90_000,
        };
        let since = now.saturating_duration_since(self.started_at);
        (since.as_micros() * rate / 1_000_000) as u32
    }

    pub(super) fn write_report(&self, now: Instant, out: &mut Vec<u8>) {
        if self.packets == 0 {
            return;
        }
        let realtime = sfu_syscalls::realtime_ns();
        let fraction = (u128::from(realtime % 1_000_000_000) << 32) / 1_000_000_000;
        let report = SenderReport {
            ssrc: self.ssrc,
            ntp: (realtime / 1_000_000_000 + NTP_EPOCH) << 32 | fraction as u64,
            rtp_timestamp: self.clock(now),
            packets: self.packets as u32,
            octets: self.octets,
        };
        rtcp::write_sender_report(out, &report, &[]);
    }

    /// Moves to the next packet's time and says which packet of its frame this one is.
    fn advance(&mut self, now: Instant) -> u32 {
        let pace = self.plan.pace;
        let packet_of_frame = (self.packets % u64::from(pace.packets)) as u32;
        if packet_of_frame == 0 {
            self.timestamp = self.clock(now);
            self.picture = (self.picture + 1) & 0x7fff;
            self.keyframe = std::mem::take(&mut self.keyframe_asked);
        }
        self.packets += 1;
        self.octets = self.octets.wrapping_add(self.plan.payload_len as u32);
        if !pace.burst {
            self.due += pace.interval / pace.packets;
        } else if packet_of_frame + 1 == pace.packets {
            self.due += pace.interval;
        }
        packet_of_frame
    }

    /// Fills the payload.
    fn write_payload(&self, packet_of_frame: u32, out: &mut [u8]) {
        let mark_at = match self.plan.media {
            Media::Audio => {
                out[0] = 0x78;
                AUDIO_MARK_AT
            }
            Media::Video => {
                let [high, low] = self.picture.to_be_bytes();
                out[..4].copy_from_slice(&[0x80 | u8::from(packet_of_frame == 0) << 4, 0x80, 0x80 | high, low]);
                // A frame header (RFC 6386 9.1) of 640 x 360; the first bit is clear on keyframes.
                out[4..14].copy_from_slice(&[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01]);
                out[4] |= u8::from(!self.keyframe || packet_of_frame != 0);
                VIDEO_MARK_AT
            }
        };
        out[mark_at..mark_at + 4].copy_from_slice(&MAGIC);
        out[mark_at + 4..mark_at + MARK_LEN].copy_from_slice(&sfu_syscalls::realtime_ns().to_be_bytes());
    }
}

impl Client {
    pub(super) fn send_due(&mut self, now: Instant, tally: &mut Tally) {
        let State::Connected(_, _, sender) = &self.state else {
            return;
        };
        let remote = &self.remote;
        for stream in &mut self.streams {
            if now.saturating_duration_since(stream.due) > LATE_MAX {
                stream.due = now;
            }
            while stream.due <= now {
                let sequence = stream.packets;
                let packet_of_frame = stream.advance(now);
                let video = stream.plan.media == Media::Video;
                let number = self.number.to_be_bytes();
                let level = [0x80 | 30];
                let mut extensions: [(u8, &[u8]); 3] = [(0, &[]); 3];
                let mut count = 0;
                let mut extend = |id: Option<u8>, value| {
                    if let Some(id) = id {
                        extensions[count] = (id, value);
                        count += 1;
                    }
                };
                extend(remote.mid, stream.mid.as_bytes());
                extend(remote.transport_cc.filter(|_| self.local.transport_cc), &number);
                extend(remote.audio_level.filter(|_| !video), &level);
                let fields = Fields {
                    marker: video && packet_of_frame + 1 == stream.plan.pace.packets,
                    padding: false,
                    payload_type: if video { sdp::VP8 } else { sdp::OPUS },
                    sequence: sequence as u16,
                    timestamp: stream.timestamp,
                    ssrc: stream.ssrc,
                };
                let packet = &mut self.scratch;
                packet.resize(HEADER_ROOM + stream.plan.payload_len + RTP_OVERHEAD, 0x55);
                let header_len = rtp::write_header(packet, &fields, &extensions[..count]);
                let plain_len = header_len + stream.plan.payload_len;
                stream.write_payload(packet_of_frame, &mut packet[header_len..plain_len]);
                let len = sender.seal_rtp((sequence >> 16) as u32, packet, header_len, plain_len);
                match self.socket.send(&packet[..len]) {
                    Ok(_) => tally.sent += 1,
                    Err(_) => tally.send_failed += 1,
                }
                self.number = self.number.wrapping_add(1);
            }
        }
    }
}
