//! One encoding of a source: one picture size of a simulcast, or all there is.

use std::time::{Duration, Instant};

use super::rates::Rates;
use super::watched::Watched;
use crate::event::MediaKind;
use crate::limits;
use crate::packet::{MediaPacket, StreamRef};
use crate::publish::clock::SenderClock;
use crate::publish::nack::NackTracker;
use crate::publish::reception::{Arrival, Reception};
use crate::publish::ring::PacketRing;
use crate::transport::budget::Budget;
use crate::wire::rtp::dependency_descriptor::Structure;
use crate::wire::sdp::{Codecs, Rid};

/// An encoding has stopped when so many frames of the others came and none of its own: between half a second and one
/// in a lively picture, never in a still one.
const SILENT_FRAMES: u16 = 30;
/// A gap of more packets than this is not repaired.
const JUMP_MIN: u64 = 1_000;
/// An SSRC that another one took the place of gets it back when that was silent for so long.
const SUPERSEDED_FOR: Duration = Duration::from_secs(1);
/// An answer to a request may be on its way for so long, and be of the SSRC before.
const STRAY_FOR: Duration = Duration::from_secs(5);
/// Packets that are sent again may be so many ahead of the newest that came: what was lost at the end of a picture.
const REPEATED_AHEAD_MAX: u64 = 32;
/// Packets that are sent again to somebody who begins to watch: about half a second of a large picture.
const REPLAY_PACKETS_MAX: u64 = 150;
/// Packets kept of a stream for retransmission: about three seconds of video.
const VIDEO_RING: usize = 512;
/// Sound is kept only to notice duplicates.
const AUDIO_RING: usize = 64;

/// An encoding that was negotiated, whether it arrives or not.
#[derive(Debug)]
pub(crate) struct Encoding {
    /// Its name in the packets (RFC 8852); `None` without simulcast.
    pub(crate) rid: Option<Rid>,
    /// Among those of its source, from the smallest picture up.
    pub(super) rank: u8,
    pub(crate) stream: Option<Stream>,
    pub(crate) rates: Rates,
    /// Width and height of the picture, as the last keyframe said.
    pub(crate) size: Option<(u16, u16)>,
    /// The newest keyframe.
    pub(super) keyframe: Option<Keyframe>,
    pub(super) watched: Watched,
    /// Bits a second of all of it when it was last measured.
    pub(super) last_bps: u64,
    /// The highest spatial layer that came of it.
    pub(super) spatial_top: u8,
    /// It comes, as far as one can tell from those beside it.
    pub(crate) arrives: bool,
    /// Frames of other encodings since the last of its own.
    silent_frames: u16,
    /// Timestamp of the newest frame.
    timestamp: Option<u32>,
    /// SSRCs that it had before, oldest first.
    earlier: Vec<u32>,
    /// Undeclared SSRCs that it may take.
    new_ssrcs: Option<Budget>,
}

/// Where a keyframe began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keyframe {
    pub(crate) stream: StreamRef,
    pub(crate) index: u64,
    pub(crate) timestamp: u32,
    pub(crate) came_at: Instant,
}

/// The packets of one SSRC.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) ssrc: u32,
    /// Unique in the core.
    pub(crate) id: u32,
    pub(crate) ring: PacketRing,
    pub(crate) nack: Option<NackTracker>,
    pub(crate) reception: Reception,
    pub(crate) sender: Option<SenderClock>,
    began_at: Instant,
    /// It took the place of another one.
    replaces: bool,
    /// Of its dependency descriptors.
    pub(super) structure: Option<Box<Structure>>,
    /// When its last packet came.
    pub(super) heard_at: Instant,
}

impl Encoding {
    pub(crate) fn new(rid: Option<Rid>, rank: u8) -> Self {
        Self {
            rid,
            rank,
            stream: None,
            rates: Rates::default(),
            size: None,
            keyframe: None,
            watched: Watched::default(),
            last_bps: 0,
            spatial_top: 0,
            arrives: false,
            silent_frames: 0,
            timestamp: None,
            earlier: Vec::new(),
            new_ssrcs: None,
        }
    }

    /// Notes a packet of a spatial layer; true when there was none so high.
    pub(super) fn record_spatial(&mut self, spatial: u8) -> bool {
        // More are not in use, and a publisher that claims them must not shift numbers away.
        let spatial = spatial.min(3);
        let higher = spatial > self.spatial_top;
        self.spatial_top = self.spatial_top.max(spatial);
        higher
    }

    /// Notes which decode targets the publisher sends now; later packets need not repeat it.
    pub(super) fn record_active_targets(&mut self, active: u32) {
        let stream = self.stream.as_mut();
        if let Some(structure) = stream.and_then(|stream| stream.structure.as_deref_mut()) {
            structure.active_targets = active;
        }
    }

    /// Notes a packet that a decoder can begin with; a keyframe may have several.
    pub(super) fn record_keyframe(&mut self, packet: &MediaPacket) {
        let begun = Keyframe {
            stream: packet.stream_ref(),
            index: packet.index,
            timestamp: packet.header.timestamp,
            came_at: packet.came_at,
        };
        let news = self.keyframe.is_none_or(|known| {
            if known.stream != begun.stream {
                true
            } else if known.timestamp == begun.timestamp {
                begun.index < known.index
            } else {
                begun.index > known.index
            }
        });
        if news {
            self.keyframe = Some(begun);
        }
    }

    /// The newest keyframe and the newest packet since, if that is so lately that to send it all again is better than to
    /// ask for another keyframe.
    pub(crate) fn fresh_keyframe(&self, now: Instant) -> Option<(Keyframe, u64)> {
        let keyframe = self.keyframe?;
        let stream = self.stream.as_ref().filter(|stream| stream.id == keyframe.stream.id)?;
        let newest = stream.reception.highest()?;
        let fresh = now.saturating_duration_since(keyframe.came_at) < limits::KEYFRAME_REQUEST_INTERVAL;
        (fresh && newest < keyframe.index + REPLAY_PACKETS_MAX).then_some((keyframe, newest))
    }

    /// Records a packet; true when it is the first of a frame.
    pub(super) fn begins_frame(&mut self, timestamp: u32) -> bool {
        self.timestamp.replace(timestamp) != Some(timestamp)
    }

    /// Records a frame of its own; true when the encoding had not arrived before.
    pub(super) fn record_frame(&mut self) -> bool {
        self.silent_frames = 0;
        !std::mem::replace(&mut self.arrives, true)
    }

    /// Records a frame of another encoding; true when this one is taken to have stopped.
    pub(super) fn record_other_frame(&mut self) -> bool {
        self.silent_frames = self.silent_frames.saturating_add(1);
        self.silent_frames >= SILENT_FRAMES && std::mem::replace(&mut self.arrives, false)
    }

    /// Whether an undeclared SSRC may be of it from now on; false when there were too many lately.
    pub(crate) fn take_new_ssrc(&mut self, now: Instant) -> bool {
        let budget = self
            .new_ssrcs
            .get_or_insert_with(|| Budget::new(limits::NEW_SSRCS_PER_SECOND_MAX, now));
        budget.take(now)
    }

    /// Whether packets of another SSRC than that of its stream may begin a stream: always those of one that it never had,
    /// since an encoder was made anew, but of one before only once the present one is silent. Else a late packet would
    /// undo the change, and two that send at once would take turns.
    pub(super) fn may_begin_stream(&self, ssrc: u32, now: Instant) -> bool {
        let silent = |stream: &Stream| now.saturating_duration_since(stream.heard_at) >= SUPERSEDED_FOR;
        !self.earlier.contains(&ssrc) || self.stream.as_ref().is_none_or(silent)
    }

    /// Begins the stream of an SSRC, in place of the one there was.
    pub(super) fn begin_stream(
        &mut self,
        ssrc: u32,
        kind: MediaKind,
        codecs: &Codecs,
        stream_id: &mut u32,
        now: Instant,
    ) {
        self.earlier.retain(|earlier| *earlier != ssrc);
        self.earlier.extend(self.stream.as_ref().map(|stream| stream.ssrc));
        if self.earlier.len() > limits::SSRCS_PER_TRACK_MAX {
            self.earlier.remove(0);
        }
        *stream_id = stream_id.wrapping_add(1);
        let video = kind == MediaKind::Video;
        let repeats = codecs.iter().any(|codec| codec.nack);
        let replaces = self.stream.is_some();
        self.stream = Some(Stream {
            ssrc,
            id: *stream_id,
            ring: PacketRing::new(if video { VIDEO_RING } else { AUDIO_RING }),
            nack: (video && repeats).then(NackTracker::new),
            reception: Reception::default(),
            sender: None,
            began_at: now,
            replaces,
            structure: None,
            heard_at: now,
        });
    }
}

impl Stream {
    /// A packet is missing: it is newer than the first, not too old to be played, and never came.
    pub(crate) fn lacks(&self, index: u64) -> bool {
        let first = self.reception.first().is_some_and(|first| first < index);
        let recent = self
            .reception
            .highest()
            .is_some_and(|highest| index + AUDIO_RING as u64 > highest);
        first && recent && self.ring.get(index).is_none()
    }

    /// Tells the tracker of losses, if there is one, of a packet. Losses of an encoding that nobody watches are not asked for.
    pub(super) fn update_nack(&mut self, index: u64, arrival: Arrival, watched: bool, now: Instant) {
        let Some(nack) = &mut self.nack else { return };
        if watched {
            nack.received(index, arrival == Arrival::Retransmission, now);
        } else {
            nack.pass(index);
        }
    }

    /// So much lies between this packet and those before that nobody will repair it: the stream begins anew.
    pub(super) fn jumps_to(&self, index: u64) -> bool {
        self.reception
            .highest()
            .is_some_and(|highest| index > highest + JUMP_MIN)
    }

    /// Whether a packet that is sent again under an SSRC that was bound at `bound_at` may be of this stream. Its own number says
    /// nothing of the SSRC, so what was asked for before the encoder began anew looks like it, and would let the stream jump.
    pub(crate) fn takes_repeated(&self, index: u64, bound_at: Instant, now: Instant) -> bool {
        let before = self.replaces && bound_at < self.began_at;
        let stray = before && now.saturating_duration_since(self.began_at) < STRAY_FOR;
        let newest = self.reception.highest();
        !stray && newest.is_none_or(|newest| index <= newest + REPEATED_AHEAD_MAX)
    }

    /// The index that a sequence number without a roll-over counter means: the one nearest to the newest.
    pub(crate) fn index_of(&self, sequence: u16) -> Option<u64> {
        let highest = self.reception.highest()?;
        #[expect(clippy::cast_possible_truncation, reason = "the distance modulo 2^16 is meant")]
        let ahead = sequence.wrapping_sub(highest as u16).cast_signed();
        highest.checked_add_signed(i64::from(ahead))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::packet::{Descriptor, Layer};
    use crate::wire::rtp::Header;
    use crate::wire::sdp::Codec;

    fn packet(index: u64, timestamp: u32, came_at: Instant) -> MediaPacket {
        let mut bytes = [0; 13];
        bytes[0] = 0x80;
        bytes[4..8].copy_from_slice(&timestamp.to_be_bytes());
        MediaPacket {
            stream: 7,
            encoding: 0,
            layer: Layer::default(),
            codec: Codec::Av1,
            index,
            header: Header::parse(&bytes).unwrap(),
            seal_len: 16,
            descriptor: Descriptor::Plain { keyframe: true },
            newest: true,
            captured: None,
            came_at,
        }
    }

    #[test]
    fn a_keyframe_is_fresh_for_a_moment_and_begins_with_its_first_packet() {
        let now = Instant::now();
        let mut encoding = Encoding::new(None, 0);
        let mut id = 6;
        encoding.begin_stream(1, MediaKind::Video, &Codecs::default(), &mut id, now);
        let receive = |encoding: &mut Encoding, index, timestamp| {
            let stream = encoding.stream.as_mut().unwrap();
            let arrival = Arrival::First;
            stream.reception.received(index, timestamp, 90_000, arrival, now);
        };
        assert_eq!(encoding.fresh_keyframe(now), None);
        for (index, timestamp) in [(100, 1), (103, 3), (102, 3), (104, 3), (99, 0)] {
            receive(&mut encoding, index, timestamp);
            encoding.record_keyframe(&packet(index, timestamp, now));
        }
        let fresh = |encoding: &Encoding, now| encoding.fresh_keyframe(now).map(|(one, newest)| (one.index, newest));
        assert_eq!(fresh(&encoding, now), Some((102, 104)));
        assert_eq!(fresh(&encoding, now + Duration::from_millis(501)), None);
        receive(&mut encoding, 260, 9);
        assert_eq!(fresh(&encoding, now), None, "too much came since");
    }

    #[test]
    fn a_jump_is_a_new_beginning() {
        let now = Instant::now();
        let mut encoding = Encoding::new(None, 0);
        encoding.begin_stream(1, MediaKind::Video, &Codecs::default(), &mut 0, now);
        let stream = encoding.stream.as_mut().unwrap();
        assert!(!stream.jumps_to(60_000), "there is nothing to jump from");
        stream
            .reception
            .received(500, 0, 90_000, crate::publish::reception::Arrival::First, now);
        assert!(!stream.jumps_to(1_500) && stream.jumps_to(1_501) && !stream.jumps_to(3));
    }

    /// Trial D6.
    #[test]
    fn d6_a_packet_of_the_stream_before_is_not_one_of_this() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut encoding = Encoding::new(None, 0);
        let begin = |encoding: &mut Encoding, ssrc, ms| {
            encoding.begin_stream(ssrc, MediaKind::Video, &Codecs::default(), &mut 0, at(ms));
            let stream = encoding.stream.as_mut().unwrap();
            stream.reception.received(500, 0, 90_000, Arrival::First, at(ms));
        };
        begin(&mut encoding, 1, 1_000);
        let takes = |encoding: &Encoding, index, bound, ms| {
            let stream = encoding.stream.as_ref().unwrap();
            stream.takes_repeated(index, at(bound), at(ms))
        };
        assert!(takes(&encoding, 499, 0, 1_001), "declared, before anything came");
        assert!(takes(&encoding, 532, 0, 1_001) && !takes(&encoding, 533, 0, 1_001));
        begin(&mut encoding, 2, 2_000);
        assert!(!takes(&encoding, 499, 0, 2_001) && takes(&encoding, 499, 2_001, 2_001));
        assert!(!takes(&encoding, 499, 0, 6_999));
        assert!(
            takes(&encoding, 499, 0, 7_000),
            "not every client takes another SSRC for it"
        );
        assert!(!takes(&encoding, 5_000, 0, 7_000));
    }

    /// Trial D6.
    #[test]
    fn d6_another_ssrc_takes_over_and_none_comes_back_while_it_is_heard() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut encoding = Encoding::new(None, 0);
        let mut id = 0;
        let mut begin = |encoding: &mut Encoding, ssrc, ms| {
            encoding.begin_stream(ssrc, MediaKind::Video, &Codecs::default(), &mut id, at(ms));
        };
        assert!(encoding.may_begin_stream(1, start));
        begin(&mut encoding, 1, 0);
        assert!(encoding.may_begin_stream(2, at(1)), "an encoder that was made anew");
        begin(&mut encoding, 2, 1);
        assert!(!encoding.may_begin_stream(1, at(1_000)), "late, or at the same time");
        assert!(encoding.may_begin_stream(3, at(1_000)));
        assert!(encoding.may_begin_stream(1, at(1_001)), "the other one is silent");
        begin(&mut encoding, 1, 1_001);
        assert_eq!(encoding.earlier, [2]);
        for ssrc in 10..100 {
            begin(&mut encoding, ssrc, 1_002);
        }
        assert_eq!(encoding.earlier.len(), limits::SSRCS_PER_TRACK_MAX);
        let taken = (0..50).filter(|_| encoding.take_new_ssrc(at(2_000))).count();
        assert_eq!(taken, 4);
        assert!(encoding.take_new_ssrc(at(2_250)));
    }
}
