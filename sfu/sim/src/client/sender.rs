//! One source of a model client: Opus-like packets every 20 ms, or VP8-like frames, 20 or 30 a second.

use std::time::{Duration, Instant};

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use sfu_core::repair::PacketRing;
use sfu_core::wire::rtcp::SenderReport;
use sfu_core::wire::rtp::red::{self, Block, OFFSET_MAX};
use sfu_core::wire::rtp::{Fields, Header, write_header};
use sfu_core::wire::srtp::{RTP_OVERHEAD, SrtpSender};
use sfu_core::{MediaKind, SourceKind};

use super::ClientConfig;
use super::coding::Coding;
use super::content::{Content, KEYFRAME_HEAD_LEN, MARKS_LEN};
use super::offer::{
    AUDIO_LEVEL_EXTENSION, MID_EXTENSION, OPUS, RED, REPAIRED_RID_EXTENSION, RID_EXTENSION, RTX,
    TRANSPORT_CC_EXTENSION, VP8,
};

const AUDIO_INTERVAL: Duration = Duration::from_millis(20);
/// X and S; I and L; picture id of 15 bits; TL0PICIDX (RFC 7741 4.2).
const DESCRIPTOR_LEN: usize = 5;

/// What all sources of a client send through: its keys, and a number on every packet.
pub(super) struct Outlet {
    pub(super) srtp: SrtpSender,
    pub(super) number: u16,
}

impl Outlet {
    fn next_number(&mut self) -> u16 {
        self.number = self.number.wrapping_add(1);
        self.number
    }
}

/// A source.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) kind: SourceKind,
    pub(super) mid: String,
    pub(super) ssrc: u32,
    pub(super) rtx_ssrc: u32,
    tag: u32,
    /// Its packets do not say of which m-line they are.
    without_mid: bool,
    /// Sends sound with the frame before it.
    redundancy: bool,
    /// Timestamp and payload of that frame.
    before: Option<(u32, Vec<u8>)>,
    below_full: u8,
    pub(super) coding: Coding,
    /// It is sent: somebody watches it.
    active: bool,
    tl0_pic_idx: u8,
    next_at: Option<Instant>,
    index: u64,
    rtx_index: u64,
    timestamp: u32,
    counter: u32,
    frame: u32,
    picture_id: u16,
    keyframe_wanted: bool,
    ring: PacketRing,
    packets: u32,
    pub(super) keyframe_requests: u64,
    pub(super) retransmitted: u64,
    pub(super) keyframes: u64,
}

impl Sender {
    /// `encoding` is the place of a simulcast encoding, from the smallest up.
    pub(super) fn new(
        kind: SourceKind,
        mid: String,
        encoding: Option<u8>,
        config: &ClientConfig,
        random: &mut ChaCha8Rng,
    ) -> Self {
        Self {
            kind,
            mid,
            ssrc: random.random::<u32>() | 1,
            rtx_ssrc: random.random::<u32>() & !1,
            tag: config.tag,
            without_mid: config.without_mid,
            redundancy: config.redundancy && kind.media() == MediaKind::Audio,
            before: None,
            below_full: 30,
            coding: Coding::new(
                encoding,
                config.temporal_layers && kind.media() == MediaKind::Video,
                config.full_rate && kind == SourceKind::Camera,
            )
            .low(config.low_pictures),
            active: true,
            tl0_pic_idx: 0,
            next_at: None,
            // Near the end of the range, so that calls cross the roll-over; but so far from it that not everything before
            // it can get lost, after which nobody could tell how often the numbers have rolled over (RFC 3711 3.3.1).
            index: u64::from(random.random_range(0x7e80..0x7fb0_u16)) * 2,
            rtx_index: u64::from(random.random_range(0..0x7fff_u16)),
            timestamp: random.random(),
            counter: 0,
            frame: 0,
            picture_id: random.random_range(0..0x8000),
            keyframe_wanted: true,
            ring: PacketRing::new(512),
            packets: 0,
            keyframe_requests: 0,
            retransmitted: 0,
            keyframes: 0,
        }
    }

    fn interval(&self) -> Duration {
        match self.kind.media() {
            MediaKind::Audio => AUDIO_INTERVAL,
            MediaKind::Video => self.coding.interval(),
        }
    }

    /// Ticks of the media clock from one frame to the next: 48 kHz for sound, 90 kHz for pictures.
    fn ticks(&self) -> u32 {
        let clock = match self.kind.media() {
            MediaKind::Audio => 48,
            MediaKind::Video => 90,
        };
        let micros = u32::try_from(self.interval().as_micros()).expect("far below a second");
        (micros * clock).div_ceil(1_000)
    }

    pub(super) fn start(&mut self, now: Instant) {
        self.next_at.get_or_insert(now);
    }

    /// Sends it or saves it.
    pub(super) fn set_active(&mut self, active: bool) {
        self.keyframe_wanted |= active && !self.active;
        self.active = active;
    }

    pub(super) fn is_active(&self) -> bool {
        self.active
    }

    pub(super) fn speak(&mut self, below_full: Option<u8>, now: Instant) {
        match below_full {
            Some(below_full) => {
                self.below_full = below_full;
                self.start(now);
            }
            None => self.stop(),
        }
    }

    pub(super) fn stop(&mut self) {
        self.next_at = None;
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        self.next_at
    }

    pub(super) fn request_keyframe(&mut self) {
        self.keyframe_wanted = true;
        self.keyframe_requests += 1;
    }

    /// Sends what is due.
    pub(super) fn tick(
        &mut self,
        now: Instant,
        random: &mut ChaCha8Rng,
        outlet: &mut Outlet,
        out: &mut impl FnMut(Vec<u8>),
    ) {
        while let Some(at) = self.next_at.filter(|at| *at <= now) {
            self.next_at = Some(at + self.interval());
            if !self.active {
                self.timestamp = self.timestamp.wrapping_add(self.ticks());
                continue;
            }
            match self.kind.media() {
                MediaKind::Audio => {
                    let len = random.random_range(MARKS_LEN..160);
                    out(self.packet(len, true, true, outlet));
                    self.end_frame();
                }
                MediaKind::Video => {
                    let (packets, lengths) = self.coding.packets(self.keyframe_wanted, random);
                    for number in 1..=packets {
                        let len = random.random_range(lengths.clone());
                        out(self.packet(len, number == 1, number == packets, outlet));
                    }
                    self.end_frame();
                    if random.random_ratio(1, 8) {
                        out(self.padding(random.random_range(1..200), outlet));
                    }
                }
            }
        }
    }

    /// One sealed packet of `payload_len` bytes of payload (more than 22), which is a frame of its own.
    pub(super) fn single(&mut self, payload_len: usize, outlet: &mut Outlet) -> Vec<u8> {
        let len = match self.kind.media() {
            MediaKind::Audio => payload_len,
            MediaKind::Video => payload_len - DESCRIPTOR_LEN,
        };
        let packet = self.packet(len, true, true, outlet);
        self.end_frame();
        packet
    }

    fn end_frame(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(self.ticks());
        self.frame += 1;
        self.picture_id = (self.picture_id + 1) & 0x7fff;
        self.coding.next_frame(self.keyframe_wanted);
        self.keyframes += u64::from(self.keyframe_wanted);
        self.keyframe_wanted = false;
    }

    fn packet(&mut self, content_len: usize, first: bool, last: bool, outlet: &mut Outlet) -> Vec<u8> {
        let mut payload = Vec::with_capacity(DESCRIPTOR_LEN + content_len);
        let audio = self.kind.media() == MediaKind::Audio;
        let frame = self.coding.frame(self.keyframe_wanted);
        if !audio {
            self.tl0_pic_idx = self.tl0_pic_idx.wrapping_add(u8::from(first && frame.temporal == 0));
            let [high, low] = (self.picture_id | 0x8000).to_be_bytes();
            let layered = self.coding.temporal_layers;
            let flags = if layered { 0xe0 } else { 0xc0 };
            payload.extend([0x80 | u8::from(first) << 4, flags, high, low, self.tl0_pic_idx]);
            if layered {
                payload.push(frame.temporal << 6 | u8::from(frame.sync) << 5);
            }
        }
        let start = payload.len();
        // A keyframe says how large its picture is, where there are several (RFC 6386 9.1).
        let size = self.coding.size().filter(|_| first && self.keyframe_wanted);
        let head = if size.is_some() { KEYFRAME_HEAD_LEN } else { 1 };
        payload.resize(start + content_len.max(MARKS_LEN + head), 0);
        if let Some((width, height)) = size {
            payload[start + 3..start + 6].copy_from_slice(&[0x9d, 0x01, 0x2a]);
            payload[start + 6..start + 8].copy_from_slice(&width.to_le_bytes());
            payload[start + 8..start + 10].copy_from_slice(&height.to_le_bytes());
        }
        let content = Content {
            tag: self.tag,
            kind: self.kind,
            counter: self.counter,
            frame: self.frame,
            encoding: self.coding.encoding.unwrap_or(0),
            temporal: frame.temporal,
            depends: frame.depends,
        };
        // The first byte of a VP8 frame says by its lowest bit whether it is no keyframe (RFC 7741 4.3).
        payload[start] = u8::from(!self.keyframe_wanted);
        content.write(&mut payload[start + head..]);
        self.counter += 1;
        if self.redundancy {
            payload = self.with_the_one_before(payload);
        }
        self.seal(&payload, 0, last && !audio, outlet)
    }

    fn with_the_one_before(&mut self, payload: Vec<u8>) -> Vec<u8> {
        let before = self.before.replace((self.timestamp, payload.clone()));
        let block = before.as_ref().map(|(timestamp, payload)| Block {
            offset: self.timestamp.wrapping_sub(*timestamp),
            payload,
        });
        let blocks: Vec<Block<'_>> = block.into_iter().filter(|block| block.offset <= OFFSET_MAX).collect();
        let mut out = vec![0; red::written_len(&blocks, payload.len())];
        red::write(&mut out, OPUS, &blocks, &payload);
        out
    }

    fn padding(&mut self, len: u8, outlet: &mut Outlet) -> Vec<u8> {
        self.seal(&[], len, false, outlet)
    }

    fn seal(&mut self, payload: &[u8], padding: u8, marker: bool, outlet: &mut Outlet) -> Vec<u8> {
        let index = self.index;
        self.index += 1;
        self.packets += 1;
        let fields = Fields {
            marker,
            padding: padding > 0,
            payload_type: match self.kind.media() {
                MediaKind::Audio if self.redundancy => RED,
                MediaKind::Audio => OPUS,
                MediaKind::Video => VP8,
            },
            sequence: low(index),
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        let (packet, header_len) = self.write(&fields, payload, padding, outlet.next_number());
        self.ring.insert(index, &packet);
        seal(packet, header_len, index, outlet)
    }

    fn write(&self, fields: &Fields, payload: &[u8], padding: u8, number: u16) -> (Vec<u8>, usize) {
        let mut packet = vec![0; 64];
        let (number, level) = (number.to_be_bytes(), [0x80 | self.below_full]);
        let rid = self.coding.rid().unwrap_or_default();
        let rid_extension = if fields.ssrc == self.rtx_ssrc {
            REPAIRED_RID_EXTENSION
        } else {
            RID_EXTENSION
        };
        let third: (u8, &[u8]) = match self.kind.media() {
            MediaKind::Audio => (AUDIO_LEVEL_EXTENSION, &level),
            MediaKind::Video => (rid_extension, rid.as_bytes()),
        };
        let extensions: [(u8, &[u8]); 3] = [
            (MID_EXTENSION, self.mid.as_bytes()),
            (TRANSPORT_CC_EXTENSION, &number),
            third,
        ];
        let from = usize::from(self.without_mid);
        let used = if third.1.is_empty() {
            &extensions[from..2]
        } else {
            &extensions[from..]
        };
        let header_len = write_header(&mut packet, fields, used);
        packet.truncate(header_len);
        packet.extend_from_slice(payload);
        if padding > 0 {
            packet.resize(packet.len() + usize::from(padding) - 1, 0);
            packet.push(padding);
        }
        (packet, header_len)
    }

    /// One sealed packet made of whatever it is given.
    pub(super) fn raw(
        &mut self,
        payload_type: u8,
        extension: Option<(u16, &[u8])>,
        payload: &[u8],
        padding: bool,
        outlet: &mut Outlet,
    ) -> Vec<u8> {
        let index = self.index;
        self.index += 1;
        let first = 0x80 | u8::from(padding) << 5 | u8::from(extension.is_some()) << 4;
        let mut packet = vec![first, payload_type];
        packet.extend(low(index).to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        if let Some((profile, values)) = extension {
            let words = values.len() / 4;
            packet.extend(profile.to_be_bytes());
            packet.extend(u16::try_from(words).expect("a short block").to_be_bytes());
            packet.extend(&values[..words * 4]);
        }
        let header_len = packet.len();
        packet.extend(payload);
        seal(packet, header_len, index, outlet)
    }

    /// Leaves out so many numbers.
    pub(super) fn skip_numbers(&mut self, count: u64) {
        self.index += count;
    }

    /// Begins anew under another SSRC.
    pub(super) fn restart_numbers(&mut self, sequence: u16) {
        self.index = u64::from(sequence);
        self.ring = PacketRing::new(512);
        self.keyframe_wanted = true;
    }

    /// Answers a NACK by a retransmission, if the packet is still there.
    pub(super) fn retransmit(&mut self, sequence: u16, outlet: &mut Outlet) -> Option<Vec<u8>> {
        let back = low(self.index).wrapping_sub(sequence);
        let packet = self.ring.get(self.index.checked_sub(u64::from(back))?)?.to_vec();
        let header = Header::parse(&packet).ok()?;
        let fields = Fields {
            marker: header.marker,
            padding: header.padding_len > 0,
            payload_type: RTX,
            sequence: low(self.rtx_index),
            timestamp: header.timestamp,
            ssrc: self.rtx_ssrc,
        };
        let mut payload = sequence.to_be_bytes().to_vec();
        payload.extend_from_slice(header.payload(&packet));
        let padding = u8::try_from(header.padding_len).ok()?;
        let (packet, header_len) = self.write(&fields, &payload, padding, outlet.next_number());
        self.rtx_index += 1;
        self.retransmitted += 1;
        Some(seal(packet, header_len, self.rtx_index - 1, outlet))
    }

    /// Sends the newest packet a second time.
    pub(super) fn repeat_newest(&mut self, outlet: &mut Outlet) -> Option<Vec<u8>> {
        (0..4).find_map(|back| self.retransmit(low(self.index).wrapping_sub(back), outlet))
    }

    pub(super) fn report(&self, ntp: u64) -> SenderReport {
        SenderReport {
            ssrc: self.ssrc,
            ntp,
            rtp_timestamp: self.timestamp,
            packets: self.packets,
            octets: 0,
        }
    }

    /// Packets with content made so far.
    pub(super) fn made(&self) -> u32 {
        self.counter
    }
}

fn seal(mut packet: Vec<u8>, header_len: usize, index: u64, outlet: &mut Outlet) -> Vec<u8> {
    let plain_len = packet.len();
    packet.resize(plain_len + RTP_OVERHEAD, 0);
    let roll_over = u32::try_from(index >> 16).expect("a model client sends far less");
    let sealed = outlet.srtp.seal_rtp(roll_over, &mut packet, header_len, plain_len);
    packet.truncate(sealed);
    packet
}

fn low(index: u64) -> u16 {
    u16::try_from(index & 0xffff).expect("masked to 16 bits")
}
