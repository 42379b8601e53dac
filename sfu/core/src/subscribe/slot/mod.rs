//! One receive slot of a subscriber: an SSRC of ours that carries whatever is mapped to it.

mod retransmit;
mod rises;
mod seal;

use std::time::{Duration, Instant};

pub(crate) use retransmit::Request;

use rises::Rises;
use seal::Body;

use crate::counters::{Counters, DropReason};
use crate::event::{MediaKind, Mid, Source};
use crate::handles::TrackRef;
use crate::limits;
use crate::packet::{Dependency, Layer, MediaPacket, Offsets};
use crate::prefetch::prefetch;
use crate::publish::keyframe::KeyframeCredit;
use crate::quality::leg::Leg;
use crate::subscribe::bandwidth::Estimator;
use crate::subscribe::earlier::Earlier;
use crate::subscribe::forward::{Keep, Numbering, Rewriter};
use crate::subscribe::layers::{Decision, Selection};
use crate::subscribe::repeats::RepeatCredit;
use crate::subscribe::sent_counts::SentCounts;
use crate::transport::transmit::{Arena, Destination};
use crate::wire::rtp::dependency_descriptor::VALUE_LEN_MAX;
use crate::wire::rtp::{Fields, write_header};
use crate::wire::sdp::Codecs;
use crate::wire::srtp::SrtpSender;

/// Header extensions of what a slot sends. A slot writes all of them with every packet of a frame, so that its headers are
/// of one size and runs of equal packets stay equal; only the first packet of a keyframe may be longer, by its structure.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SlotExtensions {
    /// Id of the transport-wide number, if the client answers it with feedback.
    pub(crate) transport_cc: Option<u8>,
    /// Of what tells layers of pictures, for sources that have it.
    pub(crate) dependency_descriptor: Option<u8>,
}

/// A dependency descriptor as it goes out.
pub(crate) struct Passed {
    id: u8,
    bytes: [u8; VALUE_LEN_MAX],
    len: usize,
}

impl Passed {
    /// `None` where the client takes none. `cap` is the best layer that goes out.
    fn new(extensions: SlotExtensions, read: &Dependency, packet: &[u8], offsets: Offsets, cap: Layer) -> Option<Self> {
        let id = extensions.dependency_descriptor?;
        let mut bytes = [0; VALUE_LEN_MAX];
        let active = read.value.targets_up_to(cap.spatial, cap.temporal);
        let value = &packet[read.start..read.end];
        let len = read.value.write(value, offsets.frames, active, &mut bytes);
        Some(Self { id, bytes, len })
    }

    fn value(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl SlotExtensions {
    /// Length of header and extensions (RFC 8285 4.2: a word, then elements of one byte and their value).
    pub(crate) fn header_len(self, passed: Option<&Passed>) -> usize {
        match (self.transport_cc, passed) {
            (None, None) => 12,
            (Some(_), None) => 20,
            (number, Some(passed)) => {
                // Two-byte form, where the value needs it, says the length of each element in a byte of its own.
                let head = if passed.len > 16 { 2 } else { 1 };
                let number = number.map_or(0, |_| head + 2);
                16 + (number + head + passed.len).next_multiple_of(4)
            }
        }
    }

    fn write(self, out: &mut [u8], fields: &Fields, number: Option<u16>, passed: Option<&Passed>) {
        let number = number.unwrap_or(0).to_be_bytes();
        let written = match (self.transport_cc, passed) {
            (Some(id), None) => write_header(out, fields, &[(id, &number)]),
            (None, None) => write_header(out, fields, &[]),
            (Some(id), Some(passed)) => write_header(out, fields, &[(id, &number), (passed.id, passed.value())]),
            (None, Some(passed)) => write_header(out, fields, &[(passed.id, passed.value())]),
        };
        debug_assert_eq!(written, self.header_len(passed));
    }
}

/// A receive slot.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) mid: Mid,
    pub(crate) kind: MediaKind,
    pub(crate) ssrc: u32,
    rtx_ssrc: Option<u32>,
    pub(crate) codecs: Codecs,
    /// Long packets are padded.
    padding: bool,
    pub(crate) extensions: SlotExtensions,
    pub(crate) selection: Selection,
    /// What its size asks for of what it carries; `None`: not shown.
    wanted: Option<Layer>,
    pub(crate) rises: Rises,
    /// Width and height in pixels of the screen; `None` while it is not known.
    pub(crate) size: Option<(u16, u16)>,
    pub(crate) rewriter: Rewriter,
    pub(crate) counts: SentCounts,
    rtx_index: u64,
    /// Carries one of the loudest: the one that [`Event::Loudest`](crate::Event::Loudest) named last.
    pub(crate) loudest: Option<Option<Source>>,
    /// The highest number that the client reported to have come (RFC 3550 6.4.1).
    pub(crate) highest_reported: Option<u32>,
    /// Earlier frames that go along with each packet, if it carries sound and the client takes them.
    pub(crate) redundancy: usize,
    /// What may be sent a second time; nothing while the path loses nothing.
    pub(crate) repeats: RepeatCredit,
    /// Share lost (of 256) and jitter, as the client last reported.
    pub(crate) reported: (u8, Duration),
    /// Share of its source's packets that never reached us.
    pub(crate) upstream_lost: f32,
    pub(crate) keyframe_requests: u64,
    pub(crate) keyframe_credit: KeyframeCredit,
    pub(crate) leg: Leg,
    /// What the client last reported lost of it.
    pub(crate) lost: u64,
    /// It was paused at the last look.
    was_paused: bool,
    /// It was at the last two, and the room's owner was told so.
    withheld: bool,
}

/// The bytes of a packet, and the frames of sound before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) packet: &'a [u8],
    pub(crate) earlier: &'a Earlier,
}

/// Where a slot's packets go: the subscriber's path and keys, and the arena.
pub(crate) struct Path<'a> {
    pub(crate) destination: Destination,
    pub(crate) sender: &'a mut SrtpSender,
    /// Of a client that sends transport-wide feedback.
    pub(crate) estimator: Option<&'a mut Estimator>,
    pub(crate) arena: &'a mut Arena,
    pub(crate) counters: &'a mut Counters,
}

/// What became of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forwarded {
    /// `bytes` of header and payload under the number `sequence`; `starts` if it is the first of its source, `repeat` if it is
    /// to be sent a second time, `numbered` if the client's feedback will tell of it.
    Sent {
        bytes: usize,
        starts: bool,
        sequence: u16,
        repeat: bool,
        numbered: bool,
    },
    /// The slot waits for a packet that it can start with.
    Waiting,
    Dropped(DropReason),
}

impl Path<'_> {
    /// The transport-wide number of a packet of `len` bytes that is sent now.
    fn number(&mut self, len: usize, now: Instant) -> Option<u16> {
        self.estimator.as_mut().map(|estimator| estimator.record_sent(len, now))
    }
}

impl Slot {
    /// `padding` allows long video packets to be padded.
    pub(crate) fn new(
        mid: Mid,
        kind: MediaKind,
        ssrc: u32,
        rtx_ssrc: Option<u32>,
        codecs: Codecs,
        first_sequence: u16,
        padding: bool,
    ) -> Self {
        Self {
            mid,
            kind,
            ssrc,
            rtx_ssrc,
            codecs,
            padding: padding && kind == MediaKind::Video,
            extensions: SlotExtensions::default(),
            selection: Selection::EMPTY,
            wanted: Some(Layer::BEST),
            rises: Rises::default(),
            size: None,
            rewriter: Rewriter::new(first_sequence),
            counts: SentCounts::default(),
            rtx_index: u64::from(first_sequence & 0x7fff),
            loudest: None,
            highest_reported: None,
            redundancy: 0,
            repeats: RepeatCredit::default(),
            reported: (0, Duration::ZERO),
            upstream_lost: 0.0,
            keyframe_requests: 0,
            keyframe_credit: KeyframeCredit::default(),
            leg: Leg::default(),
            lost: 0,
            was_paused: false,
            withheld: false,
        }
    }

    /// Carries another track from its next start on, or nothing.
    pub(crate) fn carry(&mut self, track: Option<TrackRef>) {
        self.selection.carry(track);
        self.rewriter.forget_clock();
        self.rises = Rises::default();
        self.was_paused = false;
    }

    /// It is to show something that its path was not given room for.
    pub(crate) fn is_paused(&self) -> bool {
        self.wanted.is_some() && self.selection.track().is_some() && self.selection.target().is_none()
    }

    /// It is given less than it is to show.
    pub(crate) fn lacks_room(&self) -> bool {
        self.selection.track().is_some() && self.selection.target() < self.wanted
    }

    /// It was paused at two looks in a row.
    pub(crate) fn is_withheld(&self) -> bool {
        self.withheld
    }

    /// Looks whether it is paused; true when [`Self::is_withheld`] changed by that.
    pub(crate) fn look_whether_withheld(&mut self) -> bool {
        let paused = self.is_paused();
        let withheld = std::mem::replace(&mut self.was_paused, paused) && paused;
        std::mem::replace(&mut self.withheld, withheld) != withheld
    }

    /// The best layer that the size of the slot asks for; `None` when it is not shown.
    pub(crate) fn wanted(&self) -> Option<Layer> {
        self.wanted
    }

    pub(crate) fn set_wanted(&mut self, wanted: Option<Layer>) {
        self.wanted = wanted;
    }

    /// Sets the target layer; `None` pauses the slot. False when it is the target already.
    pub(crate) fn set_target(&mut self, target: Option<Layer>, now: Instant) -> bool {
        let before = self.selection.target();
        if before == target {
            return false;
        }
        let encoding = |layer: Option<Layer>| layer.map(|layer| layer.spatial);
        let another = |one, two| encoding(one) != encoding(two) && one.is_some() && two.is_some();
        // What the viewer does not ask for any more says nothing about the path.
        let asked = before.min(self.wanted);
        if target < asked {
            self.rises.fell(another(target, asked), now);
        } else if target > before && another(target, before) {
            self.rises.rose(now);
        }
        self.selection.set_target(target);
        true
    }

    /// Frames of sound that go along with each packet.
    pub(crate) fn frames_added(&self) -> usize {
        let takes = self.codecs.iter().any(|codec| codec.red.is_some());
        if takes { self.redundancy } else { 0 }
    }

    /// The share that the subscriber's own path lost, from the fraction that it reports in 256ths.
    pub(crate) fn lost_here(&self, fraction_lost: u8) -> f32 {
        (f32::from(fraction_lost) / 256.0 - self.upstream_lost).max(0.0)
    }

    /// The client can ask for packets again.
    pub(crate) fn can_repeat(&self) -> bool {
        self.rtx_ssrc.is_some() && self.codecs.iter().any(|codec| codec.nack)
    }

    /// The layer that flows.
    pub(crate) fn current(&self) -> Option<Layer> {
        self.selection.live().map(|live| live.layer())
    }

    /// Asks for what a packet needs beside the slot itself.
    pub(crate) fn prefetch_logs(&self) {
        self.codecs.iter().take(1).for_each(prefetch);
        self.rewriter.prefetch_log();
    }

    /// Sends one packet of the mapped track, or decides not to.
    pub(crate) fn forward(
        &mut self,
        packet: &MediaPacket,
        content: Content<'_>,
        now: Instant,
        path: &mut Path<'_>,
    ) -> Forwarded {
        let Some(&codec) = self.codecs.of(packet.codec) else {
            return Forwarded::Dropped(DropReason::CodecNotNegotiated);
        };
        let late = packet.index <= self.rewriter.newest();
        let (numbering, starts) = match self.selection.decide(packet, late) {
            Decision::Drop => return Forwarded::Dropped(DropReason::OtherEncoding),
            Decision::Wait => return Forwarded::Waiting,
            Decision::Start => {
                let capacity = match self.kind {
                    MediaKind::Audio => limits::SENT_AUDIO_PACKETS,
                    MediaKind::Video => limits::SENT_VIDEO_PACKETS,
                };
                self.rewriter.prepare(capacity, now);
                (Numbering::Whole(self.rewriter.start(packet, packet.came_at)), true)
            }
            Decision::Continue(keep) => {
                let Some(numbering) = self.rewriter.number(packet, keep, packet.came_at) else {
                    return Forwarded::Dropped(why_unnumbered(late, keep));
                };
                (numbering, false)
            }
        };
        let (numbers, payload, marker) = match numbering {
            Numbering::Whole(numbers) => {
                // The first sound after a switch is the start of a talkspurt (RFC 3551 4.1); the last packet of the
                // layers that are shown ends the picture.
                let marker = match self.kind {
                    MediaKind::Audio => starts,
                    MediaKind::Video => self.selection.live().is_some_and(|live| live.ends_picture(packet)),
                };
                (
                    numbers,
                    packet.header.payload(content.packet),
                    packet.header.marker || marker,
                )
            }
            Numbering::Empty(numbers) => (numbers, &[][..], false),
        };
        // Plain and redundant packets may alternate: the payload type of each says which it is.
        let added = codec.red.filter(|_| !payload.is_empty()).map_or(0, |_| self.redundancy);
        let (blocks, count) = content
            .earlier
            .blocks(added, self.rewriter.source_start(), payload.len());
        let body = Body {
            codec,
            marker,
            earlier: &blocks[..count],
            payload,
            came_bytes: content.packet.len() + packet.seal_len,
        };
        path.counters.redundancy_made += u64::from(count > 0);
        let read = packet.descriptor.dependency().filter(|_| !payload.is_empty());
        let passed = read.and_then(|read| {
            let cap = self.selection.live().map(|live| live.cap_at(packet.header.timestamp));
            let cap = cap.unwrap_or(Layer::BEST);
            let header_max = path.plain_bytes_max(body.came_bytes).saturating_sub(body.len());
            self.pass(read, content.packet, numbers.offsets, cap, header_max)
        });
        let Some(sealed) = self.seal_media(packet, &body, passed.as_ref(), numbers, now, path) else {
            return Forwarded::Dropped(DropReason::ArenaFull);
        };
        self.counts.add_sent(body.len());
        path.counters.forwarded += 1;
        Forwarded::Sent {
            bytes: sealed.bytes,
            starts,
            sequence: low(numbers.index),
            repeat: self.kind == MediaKind::Video && body.marker && self.repeats.take_for_end(body.len()),
            numbered: sealed.numbered,
        }
    }

    /// The dependency descriptor to go along in a header of at most `header_max` bytes, made of that in `packet`. It names the
    /// decode targets up to `cap`, unless that would be longer; what was said of them before still holds then.
    fn pass(
        &self,
        read: &Dependency,
        packet: &[u8],
        offsets: Offsets,
        cap: Layer,
        header_max: usize,
    ) -> Option<Passed> {
        let passed = Passed::new(self.extensions, read, packet, offsets, cap)?;
        let least = SlotExtensions {
            transport_cc: None,
            ..self.extensions
        };
        if least.header_len(Some(&passed)) <= header_max {
            return Some(passed);
        }
        Passed::new(self.extensions, read, packet, offsets, Layer::BEST)
    }
}

fn low(index: u64) -> u16 {
    u16::try_from(index & 0xffff).expect("masked to 16 bits")
}

fn roll_over(index: u64) -> u32 {
    u32::try_from(index >> 16).expect("a stream does not live for 2^48 packets")
}

/// Why a packet of the encoding that flows got no number.
fn why_unnumbered(late: bool, keep: Keep) -> DropReason {
    match keep {
        Keep::NoPicture | Keep::NoLayer => DropReason::LayerLeftOut,
        Keep::Yes if late => DropReason::TooLate,
        Keep::Yes => DropReason::NoPayload,
    }
}
