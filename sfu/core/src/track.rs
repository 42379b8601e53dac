//! One source that a peer publishes: its current stream, what arrived of it, and who watches it.

use std::time::Instant;

use crate::event::{MediaKind, SourceKind};
use crate::forward::{MediaPacket, read_payload};
use crate::keyframe::KeyframeRequests;
use crate::limits;
use crate::nack::NackTracker;
use crate::reports::{Reception, SenderClock};
use crate::ring::PacketRing;
use crate::rtp::Header;
use crate::sdp::{Codecs, Rid};

/// Packets kept of a track for retransmission: about three seconds of video.
const VIDEO_RING: usize = 512;
/// Sound is kept only to notice duplicates.
const AUDIO_RING: usize = 64;

/// A slot that carries a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) peer: usize,
    pub(crate) slot: usize,
}

/// A published source.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) kind: SourceKind,
    pub(crate) mid: String,
    pub(crate) codecs: Codecs,
    /// Its encodings, in the client's order; empty without simulcast.
    pub(crate) rids: Vec<Rid>,
    pub(crate) stream: Option<Stream>,
    /// SSRCs it has had; bounds how often it may begin a new one.
    streams_begun: usize,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) keyframes: KeyframeRequests,
}

/// The packets of one SSRC of a track.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) ssrc: u32,
    /// Unique in the core.
    pub(crate) id: u32,
    pub(crate) ring: PacketRing,
    pub(crate) nack: Option<NackTracker>,
    pub(crate) reception: Reception,
    pub(crate) sender: Option<SenderClock>,
}

/// Why a packet of a track is not forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unwanted {
    PayloadType,
    Duplicate,
    TooManyStreams,
}

/// How a packet came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    First,
    Retransmission,
}

impl Track {
    pub(crate) fn new(kind: SourceKind, mid: String, codecs: Codecs, rids: Vec<Rid>) -> Self {
        Self {
            kind,
            mid,
            codecs,
            rids,
            stream: None,
            streams_begun: 0,
            subscriptions: Vec::new(),
            keyframes: KeyframeRequests::default(),
        }
    }

    /// Takes an authenticated packet. `stream_id` names a new stream if this begins one.
    pub(crate) fn receive(
        &mut self,
        header: Header,
        index: u64,
        packet: &[u8],
        arrival: Arrival,
        stream_id: &mut u32,
        now: Instant,
    ) -> Result<MediaPacket, Unwanted> {
        let codec = self.codecs.by_payload_type(header.payload_type);
        let codec = codec.ok_or(Unwanted::PayloadType)?.codec;
        if self.stream.as_ref().is_none_or(|stream| stream.ssrc != header.ssrc) {
            self.begin_stream(header.ssrc, stream_id)?;
        }
        let stream = self.stream.as_mut().expect("begun above");
        let newest = stream.reception.highest().is_none_or(|highest| index > highest);
        if stream.ring.get(index).is_some() || !stream.ring.insert(index, packet) {
            return Err(Unwanted::Duplicate);
        }
        stream
            .reception
            .received(index, header.timestamp, codec.clock_rate(), arrival, now);
        if let Some(nack) = &mut stream.nack {
            nack.received(index, now);
        }
        let (keyframe, vp8) = read_payload(codec, header.payload(packet));
        if keyframe {
            self.keyframes.arrived();
        }
        Ok(MediaPacket {
            stream: stream.id,
            codec,
            index,
            header,
            keyframe,
            vp8,
            newest,
        })
    }

    fn begin_stream(&mut self, ssrc: u32, stream_id: &mut u32) -> Result<(), Unwanted> {
        if self.streams_begun == limits::SSRCS_PER_TRACK_MAX {
            return Err(Unwanted::TooManyStreams);
        }
        self.streams_begun += 1;
        *stream_id = stream_id.wrapping_add(1);
        let video = self.kind.media() == MediaKind::Video;
        let repeats = self.codecs.iter().any(|codec| codec.nack);
        self.stream = Some(Stream {
            ssrc,
            id: *stream_id,
            ring: PacketRing::new(if video { VIDEO_RING } else { AUDIO_RING }),
            nack: (video && repeats).then(NackTracker::new),
            reception: Reception::default(),
            sender: None,
        });
        if !self.subscriptions.is_empty() && video {
            self.keyframes.want();
        }
        Ok(())
    }

    /// The index that a sequence number without a roll-over counter means: the one nearest to the newest.
    pub(crate) fn index_of(&self, sequence: u16) -> Option<u64> {
        let highest = self.stream.as_ref()?.reception.highest()?;
        #[expect(clippy::cast_possible_truncation, reason = "the distance modulo 2^16 is meant")]
        let ahead = sequence.wrapping_sub(highest as u16).cast_signed();
        highest.checked_add_signed(i64::from(ahead))
    }

    /// The publisher said that it answers keyframe requests.
    pub(crate) fn can_ask_keyframe(&self) -> bool {
        self.codecs.iter().any(|codec| codec.pli || codec.fir)
    }

    /// When something is to be asked of the publisher.
    pub(crate) fn due_at(&self, now: Instant) -> Option<Instant> {
        let stream = self.stream.as_ref()?;
        let nack = stream.nack.as_ref().and_then(NackTracker::next_due);
        let keyframe = self.keyframes.due_at(now).filter(|_| self.can_ask_keyframe());
        [nack, keyframe].into_iter().flatten().min()
    }
}
