//! What arrived: VP8 frames put together again, Opus decoded and its tone measured.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use rtc::rtp::Packet;
use rtc::rtp::codec::vp8::Vp8Packet;
use rtc::rtp::packetizer::Depacketizer as _;
use serde::Serialize;

use super::clip::{Clip, keyframe_size};
use super::tone::{Heard, ToneMeter};

/// Largest frame that is put together, bytes; what is longer counts as broken.
const FRAME_BYTES_MAX: usize = 1 << 20;

/// Counts of everything received so far, over all tracks.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Totals {
    pub audio_packets: u64,
    pub video_packets: u64,
    /// Whole frames.
    pub video_frames: u64,
    pub video_keyframes: u64,
    /// Frames that equal a frame of the clip that was expected, byte for byte.
    pub video_clip_frames: u64,
    /// Frames that lacked a packet.
    pub video_broken_frames: u64,
    /// Of the last keyframe, pixels.
    pub video_width: u16,
    pub video_height: u16,
    #[serde(skip)]
    pub heard: Heard,
}

/// Where the tracks' tasks put what they received.
#[derive(Debug, Clone, Default)]
pub struct Received {
    totals: Arc<Mutex<Totals>>,
    clip: Option<Arc<Clip>>,
}

impl Received {
    /// Counts from zero; `clip` is what the other side is expected to show, if that is known.
    #[must_use]
    pub fn new(clip: Option<Arc<Clip>>) -> Self {
        Self {
            totals: Arc::default(),
            clip,
        }
    }

    #[must_use]
    pub fn totals(&self) -> Totals {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Totals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One audio track on its way in.
pub(super) struct AudioTrack {
    meter: ToneMeter,
    received: Received,
    reported: Heard,
}

impl AudioTrack {
    pub(super) fn new(received: Received) -> Result<Self, opus::Error> {
        Ok(Self {
            meter: ToneMeter::new()?,
            received,
            reported: Heard::default(),
        })
    }

    pub(super) fn packet(&mut self, packet: &Packet) {
        if !packet.payload.is_empty() {
            self.meter.push(&packet.payload);
        }
        let heard = self.meter.heard().clone();
        let mut totals = self.received.lock();
        totals.audio_packets += 1;
        totals.heard.add(&difference(&heard, &self.reported));
        self.reported = heard;
    }
}

/// One video track on its way in.
pub(super) struct VideoTrack {
    frames: FrameAssembler,
    received: Received,
}

impl VideoTrack {
    pub(super) fn new(received: Received) -> Self {
        Self {
            frames: FrameAssembler::default(),
            received,
        }
    }

    /// Takes a packet in and says whether a keyframe is needed to go on.
    pub(super) fn packet(&mut self, packet: &Packet) -> bool {
        let outcome = self.frames.push(packet);
        let mut totals = self.received.lock();
        totals.video_packets += 1;
        match outcome {
            Outcome::Nothing => {}
            Outcome::Broken => totals.video_broken_frames += 1,
            Outcome::Frame(frame) => {
                totals.video_frames += 1;
                if let Some((width, height)) = keyframe_size(&frame) {
                    totals.video_keyframes += 1;
                    (totals.video_width, totals.video_height) = (width, height);
                }
                if self.received.clip.as_ref().is_some_and(|clip| clip.contains(&frame)) {
                    totals.video_clip_frames += 1;
                }
            }
        }
        self.frames.keyframe_needed
    }
}

/// What a packet led to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Nothing,
    Broken,
    Frame(Bytes),
}

/// Puts VP8 frames together from RTP packets (RFC 7741 section 4.2).
#[derive(Debug)]
struct FrameAssembler {
    next_sequence: Option<u16>,
    frame: BytesMut,
    /// The frame being assembled has every packet from its start on.
    whole: bool,
    keyframe_needed: bool,
}

impl Default for FrameAssembler {
    fn default() -> Self {
        Self {
            next_sequence: None,
            frame: BytesMut::new(),
            whole: false,
            keyframe_needed: true,
        }
    }
}

impl FrameAssembler {
    fn push(&mut self, packet: &Packet) -> Outcome {
        let sequence = packet.header.sequence_number;
        let ahead = self.next_sequence.map_or(0, |next| sequence.wrapping_sub(next) as i16);
        if ahead < 0 {
            // A repeated or late packet: the frame it belongs to is settled.
            return Outcome::Nothing;
        }
        self.next_sequence = Some(sequence.wrapping_add(1));
        if ahead > 0 {
            self.whole = false;
            self.keyframe_needed = true;
        }
        if packet.payload.is_empty() {
            return Outcome::Nothing;
        }
        let mut descriptor = Vp8Packet::default();
        match descriptor.depacketize(&packet.payload) {
            Ok(part) => {
                if descriptor.s == 1 && descriptor.pid == 0 {
                    self.frame.clear();
                    self.whole = true;
                }
                self.frame.extend_from_slice(&part);
                self.whole &= self.frame.len() <= FRAME_BYTES_MAX;
                if !self.whole {
                    self.frame.clear();
                }
            }
            Err(_) => self.whole = false,
        }
        if !packet.header.marker {
            return Outcome::Nothing;
        }
        let frame = self.frame.split().freeze();
        if !std::mem::replace(&mut self.whole, false) {
            return Outcome::Broken;
        }
        if keyframe_size(&frame).is_some() {
            self.keyframe_needed = false;
        }
        Outcome::Frame(frame)
    }
}

fn difference(now: &Heard, before: &Heard) -> Heard {
    Heard {
        samples: now.samples - before.samples,
        undecodable: now.undecodable - before.undecodable,
        tones: now
            .tones
            .iter()
            .map(|(hz, windows)| (*hz, windows - before.tones.get(hz).copied().unwrap_or(0)))
            .filter(|(_, windows)| *windows > 0)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::clip::ClipPlayer;
    use rtc::rtp::codec::vp8::Vp8Payloader;
    use rtc::rtp::packetizer::Payloader as _;

    fn packets(frames: &[Bytes]) -> Vec<Packet> {
        let mut payloader = Vp8Payloader::default();
        payloader.enable_picture_id = true;
        let mut packets = Vec::new();
        for frame in frames {
            let parts = payloader.payload(1_000, frame).unwrap();
            let last = parts.len() - 1;
            for (index, payload) in parts.into_iter().enumerate() {
                let mut packet = Packet {
                    payload,
                    ..Default::default()
                };
                packet.header.sequence_number = 65_530_u16.wrapping_add(packets.len() as u16);
                packet.header.marker = index == last;
                packets.push(packet);
            }
        }
        packets
    }

    fn clip_frames(count: usize) -> (Arc<Clip>, Vec<Bytes>) {
        let clip = Arc::new(Clip::magenta());
        let mut player = ClipPlayer::new(Arc::clone(&clip));
        let frames = (0..count).map(|_| player.next_frame(false)).collect();
        (clip, frames)
    }

    #[test]
    fn frames_come_out_as_they_went_in() {
        let (clip, frames) = clip_frames(45);
        let received = Received::new(Some(clip));
        let mut track = VideoTrack::new(received.clone());
        let packets = packets(&frames);
        assert!(packets.len() > 45 && packets[0].header.sequence_number > packets[20].header.sequence_number);
        for packet in &packets {
            track.packet(packet);
        }
        let totals = received.totals();
        assert_eq!(totals.video_packets, packets.len() as u64);
        assert_eq!(
            (totals.video_frames, totals.video_keyframes, totals.video_clip_frames),
            (45, 3, 45)
        );
        assert_eq!(
            (totals.video_width, totals.video_height, totals.video_broken_frames),
            (320, 180, 0)
        );
    }

    #[test]
    fn a_lost_packet_breaks_its_frame_and_asks_for_a_keyframe() {
        let (_, frames) = clip_frames(16);
        let packets = packets(&frames);
        let lost = packets.iter().position(|packet| packet.header.marker).unwrap() - 1;
        let received = Received::default();
        let mut track = VideoTrack::new(received.clone());
        let needed: Vec<bool> = (0..packets.len())
            .filter(|at| *at != lost)
            .map(|at| track.packet(&packets[at]))
            .collect();
        assert_eq!(received.totals().video_broken_frames, 1);
        assert_eq!(received.totals().video_frames, 15);
        assert_eq!(
            (needed.first(), needed[needed.len() / 2], needed.last()),
            (Some(&true), true, Some(&false))
        );
    }
}
