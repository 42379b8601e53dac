//! One slot of a model client, and the reference that checks it: what arrives must be one continuous, unharmed stream.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sfu_core::SourceKind;
use sfu_core::repair::NackTracker;
use sfu_core::wire::rtcp::Report;
use sfu_core::wire::rtp::red::Red;
use sfu_core::wire::rtp::{Header, Vp8};

use super::content::{Content, KEYFRAME_HEAD_LEN};
use super::offer::{AnsweredSlot, OPUS, RED, RTX};
use super::playout::{Heard, Picture, Piece, listen};

/// How often a receiver asks for one packet.
const TRIES: u8 = 6;
/// Between two requests for it.
const ROUND_TRIP_ASSUMED: Duration = Duration::from_millis(50);
/// A packet asked for so long before what the slot carries changed may not be had any more.
const CHANGE_BEFORE_ASKING: Duration = Duration::from_secs(1);
/// One asked for so long after may be of what the slot carried before.
const CHANGE_AFTER: Duration = Duration::from_secs(1);

/// What one slot received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Arrived {
    content: Content,
    timestamp: u32,
    marker: bool,
    vp8: Option<Vp8>,
}

/// A summary of one slot, after its checks passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedStream {
    pub mid: String,
    pub video: bool,
    /// Distinct packets, retransmitted ones included.
    pub packets: usize,
    /// Packets that came as retransmissions only.
    pub repaired: usize,
    /// Packets of sound that brought earlier frames along.
    pub redundant: usize,
    /// Holes inside the stream that were never filled.
    pub holes: usize,
    /// The clients (by tag) and sources that were heard, in order, without repetition.
    pub sources: Vec<(u32, SourceKind)>,
    /// The encodings that were seen, in order, without repetition, each with the highest temporal layer seen of it.
    pub layers: Vec<(u8, u8)>,
}

/// What one packet of media brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub mid: String,
    /// Whose it is.
    pub tag: u32,
    pub kind: SourceKind,
    /// Packets with content of this source before it.
    pub counter: u32,
    /// It came on the retransmission stream.
    pub repeated: bool,
}

/// What is known of a number that was asked for again.
#[derive(Debug, Clone, Copy)]
struct Asked {
    first_at: Instant,
    last_at: Instant,
    times: u8,
}

/// One slot.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) slot: AnsweredSlot,
    arrived: BTreeMap<u64, Arrived>,
    /// Packets without content: padding of the publisher that came too late to be left out.
    empty: BTreeSet<u64>,
    repaired: usize,
    /// The first to arrive: what came before it was never expected, so it cannot be missed.
    first: Option<u64>,
    highest: Option<u64>,
    /// Packets that came as themselves, and for the reports: those before the last one, with those expected by then.
    direct: u64,
    reported: (u64, u64),
    nack: NackTracker,
    asked: BTreeMap<u64, Asked>,
    pub(super) last_taken: Option<Taken>,
    pub(super) picture: Picture,
    /// When each frame of sound was there first, by sender and number.
    heard: BTreeMap<u32, BTreeMap<u64, Instant>>,
    /// Packets of sound that brought earlier frames along.
    redundant: usize,
    wrong: Option<String>,
    pub(super) last_sr: Option<(u64, Instant)>,
    pub(super) sender_reports: u64,
    /// What the last sender report says.
    pub(super) clock: Option<(u64, u32)>,
}

impl Receiver {
    pub(super) fn new(slot: AnsweredSlot) -> Self {
        Self {
            slot,
            arrived: BTreeMap::new(),
            empty: BTreeSet::new(),
            repaired: 0,
            first: None,
            highest: None,
            direct: 0,
            reported: (0, 0),
            nack: NackTracker::new(),
            asked: BTreeMap::new(),
            last_taken: None,
            picture: Picture::default(),
            heard: BTreeMap::new(),
            redundant: 0,
            wrong: None,
            last_sr: None,
            sender_reports: 0,
            clock: None,
        }
    }

    fn complain(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    /// Takes an opened packet of the slot's SSRC.
    pub(super) fn media(&mut self, packet: &[u8], index: u64, now: Instant) {
        let Ok(header) = Header::parse(packet) else {
            return self.complain("malformed".into());
        };
        self.first.get_or_insert(index);
        self.direct += 1;
        self.highest = Some(self.highest.map_or(index, |highest| highest.max(index)));
        self.take(&header, header.payload(packet), index, (false, now));
    }

    /// Takes an opened packet of the slot's retransmission SSRC.
    pub(super) fn retransmission(&mut self, packet: &[u8], now: Instant) {
        let Ok(header) = Header::parse(packet) else {
            return self.complain("malformed".into());
        };
        let payload = header.payload(packet);
        // A probe for bandwidth.
        if payload.is_empty() {
            return;
        }
        let Some((sequence, payload)) = payload.split_first_chunk() else {
            return self.complain("retransmission of nothing".into());
        };
        if header.payload_type != RTX {
            self.complain(format!("retransmission of type {}", header.payload_type));
        }
        let sequence = u16::from_be_bytes(*sequence);
        // What is sent twice unasked may overtake a slot's very first packet, whose numbers have not rolled over.
        let index = *self.first.get_or_insert(sequence.into());
        self.highest.get_or_insert(index);
        let Some(index) = self.index_of(sequence) else {
            return;
        };
        self.repaired += usize::from(!self.arrived.contains_key(&index));
        self.take(&header, payload, index, (true, now));
    }

    /// The number that was meant, by its last 16 bits.
    fn index_of(&self, sequence: u16) -> Option<u64> {
        let highest = self.highest?;
        let low = u16::try_from(highest & 0xffff).expect("masked to 16 bits");
        highest.checked_add_signed(i64::from(sequence.wrapping_sub(low).cast_signed()))
    }

    /// Sender, source and number of the newest content.
    pub(super) fn newest(&self) -> Option<(u32, SourceKind, u32)> {
        let (_, newest) = self.arrived.last_key_value()?;
        Some((newest.content.tag, newest.content.kind, newest.content.counter))
    }

    /// Holes in a stream of video that nothing explains: not asked for as often as a receiver does, though no `change`
    /// of what the slot carries came shortly before or after.
    pub(super) fn unexplained(&self, changes: &[Instant]) -> Vec<u64> {
        let (Some(first), Some(highest)) = (self.first, self.highest) else {
            return Vec::new();
        };
        let holes = (first..highest).filter(|index| !self.arrived.contains_key(index) && !self.empty.contains(index));
        let explained = |index: u64| {
            self.asked.get(&index).is_some_and(|asked| {
                let near = |change: &Instant| {
                    *change <= asked.first_at + CHANGE_BEFORE_ASKING && asked.first_at <= *change + CHANGE_AFTER
                };
                asked.times >= TRIES || changes.iter().any(near)
            })
        };
        holes.filter(|index| self.slot.video && !explained(*index)).collect()
    }

    fn take(&mut self, header: &Header, payload: &[u8], index: u64, (repeated, now): (bool, Instant)) {
        if self.slot.video {
            self.nack.received(index, false, now);
        }
        if payload.is_empty() {
            self.empty.insert(index);
            let padding = Piece {
                first: false,
                last: false,
                keyframe: false,
                empty: true,
            };
            self.picture.received(index, padding, now);
            return;
        }
        let payload = if header.payload_type == RED {
            match self.take_apart(payload, now) {
                Some(payload) => payload,
                None => return self.complain(format!("redundant packet {index} is harmed")),
            }
        } else {
            payload
        };
        let vp8 = if self.slot.video { Vp8::parse(payload) } else { None };
        let content = match vp8 {
            Some(vp8) => {
                let head = vp8.picture_size(payload).map_or(1, |_| KEYFRAME_HEAD_LEN);
                payload.get(vp8.len + head..).and_then(Content::read)
            }
            None => payload.get(1..).and_then(Content::read),
        };
        let Some(content) = content else {
            return self.complain(format!("packet {index} is harmed"));
        };
        if let Some(vp8) = vp8 {
            let piece = Piece {
                first: vp8.frame_start,
                last: header.marker,
                keyframe: vp8.keyframe,
                empty: false,
            };
            self.picture.received(index, piece, now);
        } else {
            self.record_sound(content, now);
        }
        self.last_taken = Some(Taken {
            mid: self.slot.mid.clone(),
            tag: content.tag,
            kind: content.kind,
            counter: content.counter,
            repeated,
        });
        let arrived = Arrived {
            content,
            timestamp: header.timestamp,
            marker: header.marker,
            vp8,
        };
        if self.empty.contains(&index) {
            self.complain(format!("number {index} was empty and now is not"));
        }
        if let Some(before) = self.arrived.insert(index, arrived)
            && before != arrived
        {
            self.complain(format!("two packets with number {index}: {before:?} and {arrived:?}"));
        }
    }

    fn record_sound(&mut self, content: Content, now: Instant) {
        let frames = self.heard.entry(content.tag).or_default();
        frames.entry(u64::from(content.counter)).or_insert(now);
    }

    /// Records the earlier frames of a redundant packet; the newest is the result.
    fn take_apart<'a>(&mut self, payload: &'a [u8], now: Instant) -> Option<&'a [u8]> {
        let red = Red::parse(payload, OPUS)?;
        for block in red.blocks() {
            let content = block.payload.get(1..).and_then(Content::read)?;
            self.record_sound(content, now);
        }
        self.redundant += 1;
        payload.get(red.primary_at..)
    }

    pub(super) fn due(&mut self, now: Instant, out: &mut Vec<u16>) {
        self.nack.due(now, ROUND_TRIP_ASSUMED, out);
        out.retain(|sequence| {
            let Some(index) = self.index_of(*sequence) else {
                return true;
            };
            let asked = self.asked.entry(index).or_insert(Asked {
                first_at: now,
                last_at: now,
                times: 0,
            });
            // Unlike the core, browsers do not ask again while an answer may be on its way.
            let again = asked.times > 0 && now.saturating_duration_since(asked.last_at) < ROUND_TRIP_ASSUMED;
            if !again {
                asked.last_at = now;
                asked.times += 1;
            }
            !again
        });
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        let due = [self.nack.next_due(), self.picture.keyframe_due()];
        due.into_iter().flatten().min()
    }

    /// What was heard, the worst of all senders.
    pub(super) fn heard(&self) -> Heard {
        self.heard
            .values()
            .map(listen)
            .fold(Heard::default(), |one, two| Heard {
                frames: one.frames + two.frames,
                missing: one.missing + two.missing,
                longest_gap: one.longest_gap.max(two.longest_gap),
            })
    }

    /// When each frame of sound was there first.
    pub(super) fn heard_at(&self) -> Vec<Instant> {
        self.heard.values().flat_map(BTreeMap::values).copied().collect()
    }

    pub(super) fn report(&mut self, now: Instant) -> Option<Report> {
        let highest = self.highest?;
        let expected = highest - self.first?.min(highest) + 1;
        let (expected_before, direct_before) = std::mem::replace(&mut self.reported, (expected, self.direct));
        let due = expected.saturating_sub(expected_before);
        let lost = due.saturating_sub(self.direct - direct_before);
        let (last_sr, delay) = self.last_sr.map_or((0, 0), |(ntp, at)| {
            let delay = now.saturating_duration_since(at).as_micros() * 65_536 / 1_000_000;
            ((ntp >> 16) & 0xffff_ffff, delay)
        });
        Some(Report {
            ssrc: self.slot.ssrc,
            fraction_lost: u8::try_from((lost * 256).checked_div(due).unwrap_or(0)).unwrap_or(u8::MAX),
            cumulative_lost: i32::try_from(expected.saturating_sub(self.direct)).unwrap_or(i32::MAX),
            highest_sequence: u32::try_from(highest & 0xffff_ffff).expect("masked to 32 bits"),
            last_sr: u32::try_from(last_sr).expect("masked to 32 bits"),
            delay_since_sr: u32::try_from(delay).unwrap_or(u32::MAX),
            ..Report::default()
        })
    }

    /// Checks the whole stream against what a decoder relies on.
    pub(super) fn check(&self) -> Result<ReceivedStream, String> {
        if let Some(wrong) = &self.wrong {
            return Err(format!("slot {}: {wrong}", self.slot.mid));
        }
        let mut summary = ReceivedStream {
            mid: self.slot.mid.clone(),
            video: self.slot.video,
            packets: self.arrived.len(),
            repaired: self.repaired,
            redundant: self.redundant,
            holes: 0,
            sources: Vec::new(),
            layers: Vec::new(),
        };
        let mut before: Option<(u64, &Arrived)> = None;
        let mut decoded = Decoded::default();
        for (index, arrived) in &self.arrived {
            let source = (arrived.content.tag, arrived.content.kind);
            let mut starts = summary.sources.last() != Some(&source);
            if starts {
                summary.sources.push(source);
                summary.layers.push((arrived.content.encoding, 0));
            }
            if let Some((encoding, temporal)) = summary.layers.last_mut().filter(|_| self.slot.video) {
                if *encoding == arrived.content.encoding {
                    *temporal = arrived.content.temporal.max(*temporal);
                } else {
                    starts = true;
                    summary
                        .layers
                        .push((arrived.content.encoding, arrived.content.temporal));
                }
            }
            let filled = before.map_or(0, |(before, _)| self.empty.range(before + 1..*index).count() as u64);
            let missing = before.map_or(0, |(before, _)| index - before - 1 - filled);
            if self.first.is_some_and(|first| first < *index) {
                summary.holes += usize::try_from(missing).unwrap_or(usize::MAX);
            }
            self.step(before.map(|(_, arrived)| arrived), arrived, starts, (missing, filled))
                .and_then(|()| decoded.step(arrived, starts, missing))
                .map_err(|wrong| {
                    format!(
                        "slot {}, packet {index}: {wrong}: {before:?}, {arrived:?}",
                        self.slot.mid
                    )
                })?;
            before = Some((*index, arrived));
        }
        Ok(summary)
    }

    /// `missing` numbers lie before this packet that never came, and `filled` ones that came empty: their content was
    /// lost on the way to the core, and turned out to be of a layer that is left out.
    fn step(
        &self,
        before: Option<&Arrived>,
        now: &Arrived,
        starts: bool,
        (missing, filled): (u64, u64),
    ) -> Result<(), &'static str> {
        // What came before the very first arrival may be lost for good: nobody knows to ask for it.
        let Some(before) = before else { return Ok(()) };
        if self.slot.video && starts && missing == 0 && !now.vp8.is_some_and(|vp8| vp8.keyframe) {
            return Err("a source starts without a keyframe");
        }
        let ticks = now.timestamp.wrapping_sub(before.timestamp).cast_signed();
        if ticks < 0 || (starts && ticks == 0) {
            return Err("the timestamp does not advance");
        }
        if starts || missing > 0 {
            return Ok(());
        }
        let skipped = now.content.counter.wrapping_sub(before.content.counter).wrapping_sub(1);
        // A gate that was shut leaves out whole stretches; video then begins anew with a keyframe.
        let layered = now.vp8.is_some_and(|vp8| vp8.tid.is_some());
        let starts_frame = now.vp8.is_some_and(|vp8| vp8.keyframe || (layered && vp8.frame_start));
        if skipped != 0 && self.slot.video && !starts_frame {
            return Err("content is missing though no number is");
        }
        let frames = now.content.frame.wrapping_sub(before.content.frame);
        if skipped == 0 && (ticks > 0) != (frames > 0) {
            return Err("timestamp and frame do not change together");
        }
        if let (Some(one), Some(two)) = (before.vp8, now.vp8) {
            let pictures = two
                .picture_id
                .zip(one.picture_id)
                .map(|(two, one)| two.wrapping_sub(one) & 0x7fff);
            let layers = two
                .tl0_pic_idx
                .zip(one.tl0_pic_idx)
                .map(|(two, one)| two.wrapping_sub(one));
            let frames = if skipped == 0 { frames } else { 1 };
            // A picture of which nothing but filled numbers is left has an id all the same.
            let pictures = pictures.map(|pictures| {
                let spare = u32::from(pictures).saturating_sub(frames);
                u32::from(pictures) - u32::try_from(filled).unwrap_or(0).min(spare)
            });
            let bases = if layered {
                u32::from(frames > 0 && two.tid == Some(0))
            } else {
                frames & 0xff
            };
            if pictures != Some(frames) || layers.map(u32::from) != Some(bases) {
                return Err("the picture ids are not continuous");
            }
        }
        Ok(())
    }
}

/// The frames of video that a decoder has, as far as nothing was lost.
#[derive(Debug, Default)]
struct Decoded {
    frames: BTreeSet<u32>,
    /// Something is missing, so what follows may be broken until the next keyframe.
    broken: bool,
}

impl Decoded {
    fn step(&mut self, now: &Arrived, starts: bool, missing: u64) -> Result<(), &'static str> {
        let Some(vp8) = now.vp8 else { return Ok(()) };
        if vp8.keyframe {
            self.frames.clear();
            self.broken = false;
        } else if starts || missing > 0 {
            self.broken = true;
        }
        let Content { frame, depends, .. } = now.content;
        let needed = frame.checked_sub(u32::from(depends));
        let there = depends == 0 || needed.is_some_and(|needed| self.frames.contains(&needed));
        self.frames.insert(frame);
        if there || self.broken {
            Ok(())
        } else {
            Err("it depends on a frame that is not there")
        }
    }
}
