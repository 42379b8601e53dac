//! The tasks that send: the clip as VP8 (RFC 7741) and the tone as Opus (RFC 7587), in real time.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rtc::rtp::Packet;
use rtc::rtp::codec::vp8::Vp8Payloader;
use rtc::rtp::packetizer::Payloader as _;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::clip::{Clip, ClipPlayer};
use super::engine::{KeyframeRequests, OPUS_PAYLOAD_TYPE, VP8_PAYLOAD_TYPE};
use super::peer::{Peer, SendTrack};
use super::tone::{PACKET_SAMPLES, ToneSource};

/// Largest RTP payload, bytes; leaves room for headers and SRTP within 1200 on the wire.
const PAYLOAD_BYTES_MAX: usize = 1_100;
/// The clock of video in RTP, per second.
const VIDEO_CLOCK: u32 = 90_000;

/// What was sent so far.
#[derive(Debug, Default)]
pub(super) struct Sent {
    audio_packets: AtomicU64,
    video_packets: AtomicU64,
    video_frames: AtomicU64,
}

/// A reading of what was sent.
#[derive(Debug, Clone, Serialize)]
pub struct SentTotals {
    pub audio_packets: u64,
    pub video_packets: u64,
    pub video_frames: u64,
    /// Keyframe requests that came back.
    pub keyframe_requests: u64,
}

/// Sends clip and tone until it is dropped.
pub struct Sending {
    sent: Arc<Sent>,
    keyframe_requests: Arc<KeyframeRequests>,
    tasks: JoinSet<Result<Infallible>>,
}

impl Sending {
    /// Starts to send on a peer whose negotiation is done.
    ///
    /// # Errors
    /// When the tone cannot be encoded or the peer was not negotiated.
    pub async fn start(peer: &Peer, clip: Arc<Clip>, tone_hz: f64) -> Result<Self> {
        let sent = Arc::new(Sent::default());
        let keyframe_requests = peer.keyframe_listener();
        let mut tasks = JoinSet::new();
        tasks.spawn(send_tone(
            peer.microphone().await?,
            ToneSource::new(tone_hz)?,
            Arc::clone(&sent),
        ));
        tasks.spawn(send_clip(
            peer.camera().await?,
            clip,
            Arc::clone(&keyframe_requests),
            Arc::clone(&sent),
        ));
        Ok(Self {
            sent,
            keyframe_requests,
            tasks,
        })
    }

    /// Whether both tracks are still being sent.
    ///
    /// # Errors
    /// Why one of them is not.
    pub fn check(&mut self) -> Result<()> {
        match self.tasks.try_join_next() {
            Some(stopped) => stopped.context("a sending task panicked")?.map(|never| match never {}),
            None => Ok(()),
        }
    }

    #[must_use]
    pub fn totals(&self) -> SentTotals {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        SentTotals {
            audio_packets: read(&self.sent.audio_packets),
            video_packets: read(&self.sent.video_packets),
            video_frames: read(&self.sent.video_frames),
            keyframe_requests: self.keyframe_requests.count(),
        }
    }
}

async fn send_tone(track: SendTrack, mut tone: ToneSource, sent: Arc<Sent>) -> Result<Infallible> {
    let mut ticks = interval(Duration::from_millis(20));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut packet = first_packet(&track, OPUS_PAYLOAD_TYPE);
    // The marker opens the talk spurt (RFC 3551 section 4.1).
    packet.header.marker = true;
    loop {
        ticks.tick().await;
        packet.payload = tone.next_packet()?;
        track.write(packet.clone()).await?;
        sent.audio_packets.fetch_add(1, Ordering::Relaxed);
        packet.header.marker = false;
        packet.header.sequence_number = packet.header.sequence_number.wrapping_add(1);
        packet.header.timestamp = packet.header.timestamp.wrapping_add(PACKET_SAMPLES);
    }
}

async fn send_clip(
    track: SendTrack,
    clip: Arc<Clip>,
    requests: Arc<KeyframeRequests>,
    sent: Arc<Sent>,
) -> Result<Infallible> {
    let mut ticks = interval(Duration::from_secs(1) / clip.frames_per_second());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let timestamp_step = VIDEO_CLOCK / clip.frames_per_second();
    let mut player = ClipPlayer::new(clip);
    let mut payloader = Vp8Payloader::default();
    payloader.enable_picture_id = true;
    let mut packet = first_packet(&track, VP8_PAYLOAD_TYPE);
    let mut answered = requests.count();
    loop {
        ticks.tick().await;
        let asked = requests.count();
        let frame = player.next_frame(asked > answered);
        answered = asked;
        let parts = payloader.payload(PAYLOAD_BYTES_MAX, &frame)?;
        let last = parts.len().saturating_sub(1);
        for (index, part) in parts.into_iter().enumerate() {
            packet.payload = part;
            packet.header.marker = index == last;
            track.write(packet.clone()).await?;
            packet.header.sequence_number = packet.header.sequence_number.wrapping_add(1);
            sent.video_packets.fetch_add(1, Ordering::Relaxed);
        }
        sent.video_frames.fetch_add(1, Ordering::Relaxed);
        packet.header.timestamp = packet.header.timestamp.wrapping_add(timestamp_step);
    }
}

fn first_packet(track: &SendTrack, payload_type: u8) -> Packet {
    let mut packet = Packet::default();
    packet.header.version = 2;
    packet.header.payload_type = payload_type;
    packet.header.ssrc = track.ssrc;
    packet.header.sequence_number = rand::random();
    packet.header.timestamp = rand::random();
    packet
}
