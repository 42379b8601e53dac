//! One source that a peer publishes: its encodings, what arrived of them, and who watches them.

mod encoding;
mod ranks;
mod rates;
mod watched;

use std::time::Instant;

pub(crate) use encoding::{Encoding, Stream};

use crate::event::{MediaKind, SourceKind};
use crate::handles::SlotRef;
use crate::packet::{Descriptor, Layer, LayerRate, MediaPacket, StreamRef, bit};
use crate::publish::keyframe::KeyframeRequests;
use crate::publish::loudness::Loudness;
use crate::publish::nack::NackTracker;
use crate::publish::reception::Arrival;
use crate::quality::leg::Leg;
use crate::wire::rtp::dependency_descriptor::DependencyDescriptor;
use crate::wire::rtp::{Header, picture_size};
use crate::wire::sdp::{Codec, Codecs, Rid};

/// Lines of the best encoding until a keyframe says how many there are.
const HEIGHT_ASSUMED: u32 = 720;

/// How much more than the one below an encoding costs, and the least that one costs, until it was measured.
const ENCODING_RATIO: u64 = 3;
const ENCODING_BPS_MIN: u64 = 150_000;

/// A slot that carries a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) slot: SlotRef,
    /// The encodings that it takes packets of, by bits; kept here so that the others cost no look at the slot.
    pub(crate) interest: u8,
    /// The encodings that it would take if they came, by bits.
    pub(crate) needed: u8,
}

impl Subscription {
    /// A slot that takes nothing yet.
    pub(crate) fn new(slot: SlotRef) -> Self {
        Self {
            slot,
            interest: 0,
            needed: 0,
        }
    }
}

/// A published source.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) kind: SourceKind,
    pub(crate) mid: String,
    pub(crate) codecs: Codecs,
    /// Id of the header extension that tells layers.
    dependency_descriptor: Option<u8>,
    /// Bytes of the seal that its packets come under; zero until there are keys.
    pub(crate) seal_len: usize,
    /// In the order of the offer, each with its rank by quality; one without a RID where there is no simulcast.
    pub(crate) encodings: Vec<Encoding>,
    pub(crate) subscriptions: Vec<Subscription>,
    /// The encodings that any subscription takes, by bits.
    interest: u8,
    pub(crate) keyframes: KeyframeRequests,
    /// Packets and bytes that came, those sent again included.
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) leg: Leg,
    /// Of a microphone.
    pub(crate) loudness: Loudness,
    /// Nothing of it is forwarded.
    pub(crate) muted: bool,
    /// Other encodings arrive than before, or in other sizes: its slots are to look again.
    pub(crate) changed: bool,
    /// Its encodings have other ranks than before: what flows to its slots begins anew.
    pub(crate) reordered: bool,
}

/// Why a packet of a track is not forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unwanted {
    PayloadType,
    Duplicate,
    /// Of an SSRC that another one took the place of.
    Superseded,
}

/// A packet, and where it belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received<'a> {
    pub(crate) encoding: usize,
    pub(crate) header: Header,
    /// `roc << 16 | sequence`.
    pub(crate) index: u64,
    pub(crate) packet: &'a [u8],
    pub(crate) arrival: Arrival,
}

impl Track {
    /// `rids` are those of a simulcast source, which are taken to go from the smallest picture up until they come; empty
    /// without simulcast.
    pub(crate) fn new(
        kind: SourceKind,
        mid: String,
        codecs: Codecs,
        rids: &[Rid],
        dependency_descriptor: Option<u8>,
    ) -> Self {
        let encodings = if rids.is_empty() {
            vec![Encoding::new(None, 0)]
        } else {
            let ranked = (0u8..).zip(rids);
            ranked
                .map(|(rank, rid)| Encoding::new(Some(rid.clone()), rank))
                .collect()
        };
        Self {
            kind,
            mid,
            codecs,
            dependency_descriptor,
            seal_len: 0,
            encodings,
            subscriptions: Vec::new(),
            interest: 0,
            keyframes: KeyframeRequests::default(),
            packets: 0,
            bytes: 0,
            leg: Leg::default(),
            loudness: Loudness::default(),
            muted: false,
            changed: false,
            reordered: false,
        }
    }

    /// The streams that flow now, best last.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.encodings.iter().filter_map(|encoding| encoding.stream.as_ref())
    }

    pub(crate) fn streams_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.encodings
            .iter_mut()
            .filter_map(|encoding| encoding.stream.as_mut())
    }

    /// The stream of this number, if it still flows.
    pub(crate) fn stream(&self, id: u32) -> Option<&Stream> {
        self.streams().find(|stream| stream.id == id)
    }

    /// The stream of this number, as a packet of it with this payload type names it.
    pub(crate) fn stream_ref(&self, id: u32, payload_type: u8) -> Option<StreamRef> {
        let is_its = |encoding: &Encoding| encoding.stream.as_ref().is_some_and(|stream| stream.id == id);
        Some(StreamRef {
            encoding: self.encodings.iter().position(is_its)?,
            id,
            codec: self.codecs.by_payload_type(payload_type)?.codec,
        })
    }

    /// The encoding with this RID (RFC 8852), or the only one where there is no simulcast.
    pub(crate) fn encoding_of(&self, rid: Option<&[u8]>) -> Option<usize> {
        if !self.simulcast() {
            return Some(0);
        }
        self.encodings
            .iter()
            .position(|encoding| encoding.rid.as_ref().map(|rid| rid.0.as_bytes()) == rid)
    }

    fn simulcast(&self) -> bool {
        self.encodings.len() > 1
    }

    /// Takes an authenticated packet. `stream_id` names a new stream if this begins one.
    pub(crate) fn receive(
        &mut self,
        received: &Received<'_>,
        stream_id: &mut u32,
        now: Instant,
    ) -> Result<MediaPacket, Unwanted> {
        let Received {
            encoding: encoding_index,
            header,
            index,
            packet,
            arrival,
        } = *received;
        let codec = self.codecs.by_payload_type(header.payload_type);
        let codec = codec.ok_or(Unwanted::PayloadType)?.codec;
        let encoding = &mut self.encodings[encoding_index];
        if encoding.stream.as_ref().is_none_or(|stream| stream.ssrc != header.ssrc) {
            if !encoding.may_begin_stream(header.ssrc, now) {
                return Err(Unwanted::Superseded);
            }
            encoding.begin_stream(header.ssrc, self.kind.media(), &self.codecs, stream_id, now);
            if self.interest & bit(encoding_index) > 0 && self.kind.media() == MediaKind::Video {
                self.keyframes.request(encoding_index);
            }
        }
        let stream = encoding.stream.as_mut().expect("begun above");
        stream.heard_at = now;
        if stream.jumps_to(index) {
            *stream_id = stream_id.wrapping_add(1);
            stream.id = *stream_id;
        }
        let newest = stream.reception.highest().is_none_or(|highest| index > highest);
        if stream.ring.get(index).is_some() || !stream.ring.insert(index, packet) {
            return Err(Unwanted::Duplicate);
        }
        stream
            .reception
            .received(index, header.timestamp, codec.clock_rate(), arrival, now);
        stream.update_nack(index, arrival, self.interest & bit(encoding_index) > 0, now);
        self.packets += 1;
        self.bytes += packet.len() as u64;
        let id = stream.id;
        let value = self.dependency_descriptor.and_then(|id| header.extension(packet, id));
        if let Some(value) = value.filter(|value| newest && DependencyDescriptor::brings_structure(value)) {
            let _ = DependencyDescriptor::parse(value, &mut stream.structure);
        }
        let stream = StreamRef {
            encoding: encoding_index,
            id,
            codec,
        };
        let mut media = self.describe(stream, header, index, packet, now);
        media.newest = newest;
        if newest && let Some(active) = media.descriptor.dependency().and_then(|read| read.active_targets) {
            self.encodings[encoding_index].record_active_targets(active);
        }
        if media.descriptor.keyframe() {
            self.keyframes.arrived(encoding_index);
            self.learn_size(encoding_index, &media, packet);
            if self.simulcast() {
                media.layer.spatial = self.encodings[encoding_index].rank;
            }
            media.captured = self.capture_time(encoding_index, header.timestamp);
            self.encodings[encoding_index].record_keyframe(&media);
        }
        self.changed |= !self.simulcast() && self.encodings[encoding_index].record_spatial(media.layer.spatial);
        // The rank of an encoding may change, its own layers do not.
        let spatial = if self.simulcast() { 0 } else { media.layer.spatial };
        let layer = Layer { spatial, ..media.layer };
        self.encodings[encoding_index].rates.add(packet.len(), layer, now);
        if newest && self.encodings[encoding_index].begins_frame(header.timestamp) {
            self.record_frame(encoding_index);
        }
        Ok(media)
    }

    /// Something of the publisher was lost that the numbers of what came do not explain: perhaps the end of a picture of
    /// an encoding that somebody watches. `but` is the encoding that it came by, where that is of this track.
    pub(crate) fn suspect_losses(&mut self, but: Option<usize>, now: Instant) {
        for (encoding_index, encoding) in self.encodings.iter_mut().enumerate() {
            let nack = encoding.stream.as_mut().and_then(|stream| stream.nack.as_mut());
            if let Some(nack) = nack.filter(|_| self.interest & bit(encoding_index) > 0 && but != Some(encoding_index))
            {
                nack.suspect(now);
            }
        }
    }

    /// How many packets a packet of this SSRC and index leaves out of its stream.
    pub(crate) fn left_out(&self, encoding: usize, ssrc: u32, index: u64) -> u64 {
        let stream = self.encodings[encoding].stream.as_ref();
        let stream = stream.filter(|stream| stream.ssrc == ssrc);
        let highest = stream.and_then(|stream| stream.reception.highest());
        highest.map_or(0, |highest| index.saturating_sub(highest + 1))
    }

    fn learn_size(&mut self, encoding_index: usize, keyframe: &MediaPacket, packet: &[u8]) {
        let Some(size) = picture_size(keyframe.codec, keyframe.header.payload(packet)) else {
            return;
        };
        if self.encodings[encoding_index].size.replace(size) != Some(size) {
            self.changed = true;
            self.reordered |= self.simulcast() && self.rank();
        }
    }

    /// When the publisher took a picture, by its last sender report.
    fn capture_time(&self, encoding_index: usize, timestamp: u32) -> Option<u64> {
        let sender = self.encodings[encoding_index].stream.as_ref()?.sender?;
        let ticks = i128::from(timestamp.wrapping_sub(sender.rtp_timestamp).cast_signed());
        let since = (ticks << 32) / i128::from(self.kind.media().clock_rate());
        Some(sender.ntp.wrapping_add_signed(i64::try_from(since).ok()?))
    }

    fn record_frame(&mut self, encoding_index: usize) {
        for (other, encoding) in self.encodings.iter_mut().enumerate() {
            self.changed |= if other == encoding_index {
                encoding.record_frame()
            } else {
                encoding.record_other_frame()
            };
        }
    }

    /// What the forwarding needs to know of a packet; whether it is the newest, the caller knows.
    pub(crate) fn describe(
        &self,
        stream: StreamRef,
        header: Header,
        index: u64,
        packet: &[u8],
        now: Instant,
    ) -> MediaPacket {
        let StreamRef {
            encoding,
            id: stream,
            codec,
        } = stream;
        let mut descriptor = Descriptor::read(codec, header.payload(packet));
        let value = self
            .dependency_descriptor
            .and_then(|id| header.extension_at(packet, id));
        if let Some(value) = value {
            let structure = self.stream(stream).and_then(|stream| stream.structure.as_deref());
            descriptor = descriptor.layered(packet, value, structure);
        }
        let mut layer = descriptor.layer();
        if self.simulcast() {
            layer.spatial = self.encodings[encoding].rank;
        }
        MediaPacket {
            stream,
            encoding,
            layer,
            codec,
            index,
            header,
            seal_len: self.seal_len,
            descriptor,
            newest: false,
            captured: None,
            came_at: now,
        }
    }

    /// Appends the layers that can be shown now with their cost, ascending: those that arrive, and the encodings that the
    /// publisher saves because nobody watches them, at their last cost or what is usual.
    pub(crate) fn layer_rates(&self, now: Instant, out: &mut Vec<LayerRate>) {
        let simulcast = self.simulcast();
        let mut below_bps = 0;
        for rank in 0..self.encodings.len() {
            let encoding = &self.encodings[self.ranked(rank)];
            let spatial = encoding.rank;
            let first = out.len();
            encoding.rates.each(now, |layer, bps| {
                let spatial = if simulcast { spatial } else { layer.spatial };
                let layer = Layer { spatial, ..layer };
                out.push(LayerRate { layer, bps });
            });
            if out.len() == first && simulcast && encoding.watched.can_be_had(now) {
                let usual = (below_bps * ENCODING_RATIO).max(ENCODING_BPS_MIN);
                let bps = if encoding.last_bps > 0 {
                    encoding.last_bps
                } else {
                    usual
                };
                let temporal = 0;
                out.push(LayerRate {
                    layer: Layer { spatial, temporal },
                    bps,
                });
            }
            below_bps = out[first..].last().map_or(below_bps, |rate| rate.bps);
        }
    }

    /// Remembers what each encoding costs, for when it does not come any more, and to tell which is better where pictures do
    /// not say how large they are. To be called about once a second.
    pub(crate) fn measure(&mut self, now: Instant) {
        for encoding in &mut self.encodings {
            let mut last = 0;
            encoding.rates.each(now, |_, bps| last = last.max(bps));
            if last > 0 {
                encoding.last_bps = last;
            }
        }
        if self.simulcast() && self.rank() {
            (self.reordered, self.changed) = (true, true);
        }
    }

    /// The smallest layer that fills a slot of this size (width and height); `None` when it is not shown.
    pub(crate) fn layer_for(&self, size: Option<(u16, u16)>) -> Option<Layer> {
        let Some((width, height)) = size else {
            return Some(Layer::BEST);
        };
        if width == 0 || height == 0 {
            return None;
        }
        let layers = if self.simulcast() {
            self.encodings.len()
        } else {
            usize::from(self.encodings[0].spatial_top) + 1
        };
        // The spatial layers of one stream have their places; encodings have ranks.
        let place_of = |rank| if self.simulcast() { self.ranked(rank) } else { rank };
        let height_of = |rank: usize| self.height_of(place_of(rank), layers);
        let enough = (0..layers).find(|rank| height_of(*rank) >= u32::from(height));
        // Of several of that size the best.
        let enough = enough.and_then(|least| (least..layers).rfind(|rank| height_of(*rank) == height_of(least)));
        let spatial = match enough {
            Some(rank) if layers > 1 => u8::try_from(rank).expect("encodings are bounded"),
            Some(_) | None => u8::MAX,
        };
        Some(Layer {
            spatial,
            temporal: u8::MAX,
        })
    }

    /// Its spatial layers are told by the dependency descriptor alone, not by the payload too as those of VP9: who does not
    /// get that can decode only the lowest, since browsers take each layer for a picture of its own.
    pub(crate) fn needs_descriptor(&self) -> bool {
        let [only] = self.encodings.as_slice() else {
            return false;
        };
        only.spatial_top > 0
            && only.keyframe.is_some_and(|keyframe| match keyframe.stream.codec {
                Codec::Av1 | Codec::H264(_) => true,
                Codec::Opus | Codec::Vp8 | Codec::Vp9 => false,
            })
    }

    /// Lines of an encoding's picture: as its last keyframe said, else as if each encoding were twice as high as the
    /// one before and the last of [`HEIGHT_ASSUMED`]. So it is, too, with the spatial layers of one stream.
    fn height_of(&self, encoding_index: usize, layers: usize) -> u32 {
        if !self.simulcast() {
            let structure = self.streams().find_map(|stream| stream.structure.as_deref());
            let value = structure.and_then(|structure| structure.resolutions.get(encoding_index));
            let value = value.map(|(_, height)| *height).filter(|height| *height > 0);
            return value.unwrap_or(HEIGHT_ASSUMED >> (layers - 1 - encoding_index));
        }
        let known = |encoding: &Encoding| encoding.size.map(|(_, height)| u32::from(height));
        if let Some(height) = known(&self.encodings[encoding_index]) {
            return height;
        }
        let rank = self.encodings[encoding_index].rank;
        let sized = self.encodings.iter().filter_map(|one| Some((one.rank, known(one)?)));
        let (there, height) = sized
            .max()
            .unwrap_or((u8::try_from(layers - 1).unwrap_or(0), HEIGHT_ASSUMED));
        if there > rank {
            height >> (there - rank)
        } else {
            height << (rank - there)
        }
    }

    /// The encoding of this target, whether it arrives or not.
    pub(crate) fn encoding_for(&self, target: Layer) -> usize {
        self.ranked(usize::from(target.spatial).min(self.encodings.len() - 1))
    }

    /// The encoding to forward for this target: its own, else the next best of those that arrive.
    pub(crate) fn best_arriving(&self, target: Layer) -> usize {
        let best = usize::from(target.spatial).min(self.encodings.len() - 1);
        let arrives = |rank: &usize| self.encodings[self.ranked(*rank)].arrives;
        let below = (0..=best).rev().find(arrives);
        let rank = below.or_else(|| (best + 1..self.encodings.len()).find(arrives));
        self.ranked(rank.unwrap_or(best))
    }

    /// The publisher said that it answers keyframe requests.
    pub(crate) fn can_ask_keyframe(&self) -> bool {
        self.codecs.iter().any(|codec| codec.pli || codec.fir)
    }

    /// It answers the one of the two kinds of request that also fits where a picture was lost; else it has the other one only.
    pub(crate) fn takes_picture_loss(&self) -> bool {
        self.codecs.iter().any(|codec| codec.pli)
    }

    /// The SSRCs to name when keyframes of these encodings are asked for. One that has not begun yet has none; then the
    /// publisher is asked by another, since most code all their encodings anew together.
    pub(crate) fn keyframe_ssrcs(&self, wanted: u8) -> impl Iterator<Item = u32> {
        let named = move |(encoding_index, encoding): (usize, &Encoding)| {
            let stream = encoding.stream.as_ref().filter(|_| wanted & bit(encoding_index) > 0);
            stream.map(|stream| stream.ssrc)
        };
        let mut ssrcs = self.encodings.iter().enumerate().filter_map(named).peekable();
        let instead = self.streams().next().map(|stream| stream.ssrc);
        let instead = instead.filter(|_| wanted > 0 && ssrcs.peek().is_none());
        ssrcs.chain(instead)
    }

    /// When something is to be asked of the publisher.
    pub(crate) fn due_at(&self, now: Instant) -> Option<Instant> {
        let mut streams = self.streams().peekable();
        streams.peek()?;
        let nack = streams.filter_map(|stream| stream.nack.as_ref().and_then(NackTracker::next_due));
        let keyframe = self.keyframes.due_at(now).filter(|_| self.can_ask_keyframe());
        nack.chain(keyframe).min()
    }
}
