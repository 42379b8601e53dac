//! How each leg of a peer does: what it publishes, and what its slots carry.

use std::time::{Duration, Instant};

use super::Sfu;
use crate::event::{LegDirection, LegStats, MediaKind, Mid, Source, SourceKind};
use crate::handles::{PeerIndex, SlotRef};
use crate::packet::Layer;
use crate::publish::track::Track;
use crate::quality::leg::{Counts, share};
use crate::quality::{Picture, Sound, missing_after_redundancy, picture_score, sound_score};
use crate::subscribe::slot::Slot;

/// How long a picture stands still when its viewer has to ask for a keyframe.
const FROZEN_BY_REQUEST: Duration = Duration::from_millis(400);
/// A missing packet harms its picture and those after it, until they are repaired by a keyframe.
const FROZEN_BY_MISSING: f32 = 10.0;

/// What a slot is fed with.
#[derive(Debug, Clone, Copy)]
struct Feed {
    source: Source,
    /// Packets that were published, and those of them that never reached us.
    published: u64,
    missing: u64,
    /// No gate is shut between the two.
    open: bool,
    /// The best layer that arrives.
    best: Option<Layer>,
}

/// What is known of the path to a subscriber.
#[derive(Debug, Clone, Copy)]
struct PathState {
    round_trip: Duration,
    /// Share of packets, where the client tells of every one.
    lost: Option<f32>,
}

impl Sfu {
    /// All legs of a peer, judged over the time since the last call, which was `elapsed` ago.
    pub(super) fn judge_legs(&mut self, now: Instant, peer_index: PeerIndex, elapsed: Duration) -> Vec<LegStats> {
        let peer = &mut self.peers[peer_index];
        let (id, round_trip) = (peer.id, peer.round_trip.unwrap_or_default());
        let path = PathState {
            round_trip,
            lost: peer.path_loss.share(),
        };
        let tracks = peer.tracks.iter_mut();
        let mut legs: Vec<LegStats> = tracks
            .map(|track| {
                let kind = track.kind;
                judge_published(track, Source { peer: id, kind }, round_trip)
            })
            .collect();
        for slot in peer.slot_refs() {
            if let Some(feed) = self.feed(now, slot) {
                legs.push(judge_received(self.peers.slot_mut(slot), &feed, path, elapsed));
            }
        }
        legs
    }

    fn feed(&self, now: Instant, slot: SlotRef) -> Option<Feed> {
        let (publisher, published) = self.peers.carried(slot)?;
        let mut rates = Vec::new();
        published.layer_rates(now, &mut rates);
        Some(Feed {
            source: Source {
                peer: publisher.id,
                kind: published.kind,
            },
            published: published.packets,
            missing: missing(published),
            open: self.peers[slot.peer].open && publisher.open && !published.muted,
            best: rates.iter().map(|rate| rate.layer).max(),
        })
    }
}

fn judge_published(track: &mut Track, source: Source, round_trip: Duration) -> LegStats {
    let clock_rate = source.kind.media().clock_rate();
    let jitter = track.streams().map(|stream| stream.reception.jitter(clock_rate)).max();
    let jitter = jitter.unwrap_or_default();
    let sum = |count: fn(&crate::publish::track::Stream) -> u64| track.streams().map(count).sum();
    let counts = Counts {
        packets: track.packets,
        expected: sum(|stream| stream.reception.expected()),
        lost: sum(|stream| stream.reception.lost_at_first()),
        missing: missing(track),
        keyframe_requests: 0,
    };
    let added = track.leg.update(source, counts);
    let missing = share(added.missing, added.expected);
    // A pause of speech and a camera that is off are no fault of the leg.
    let sample = (added.packets > 0 && added.expected > 0).then(|| match source.kind.media() {
        MediaKind::Audio => sound_score(&Sound {
            missing,
            jitter,
            round_trip,
        }),
        MediaKind::Video => picture_score(&Picture {
            spatial_missing: 0,
            temporal_missing: 0,
            frozen: missing * FROZEN_BY_MISSING,
        }),
    });
    LegStats {
        mid: Mid(track.mid.clone()),
        direction: LegDirection::Publishes,
        source: Some(source),
        packets: track.packets,
        bytes: track.bytes,
        lost: track.leg.lost(),
        jitter,
        layer: None,
        wanted_layer: None,
        score: track.leg.smooth_score(sample),
    }
}

fn judge_received(slot: &mut Slot, feed: &Feed, path: PathState, elapsed: Duration) -> LegStats {
    let counts = Counts {
        packets: slot.counts.packets_in_all,
        expected: feed.published,
        lost: slot.lost,
        missing: feed.missing,
        keyframe_requests: slot.keyframe_requests,
    };
    let added = slot.leg.update(feed.source, counts);
    // What never reached us is missing on the slot too, but it is not this leg that lost it.
    let upstream = share(added.missing, added.missing + added.expected);
    slot.upstream_lost = (slot.upstream_lost + upstream) / 2.0;
    let (fraction_lost, jitter) = slot.reported;
    let lost = path.lost.unwrap_or(slot.lost_here(fraction_lost));
    let wanted = slot.wanted().zip(feed.best).map(|(wanted, best)| Layer {
        spatial: wanted.spatial.min(best.spatial),
        temporal: wanted.temporal.min(best.temporal),
    });
    let current = slot.current();
    let sample = match slot.kind {
        MediaKind::Audio => (added.packets > 0).then(|| {
            sound_score(&Sound {
                missing: missing_after_redundancy(lost, slot.frames_added()),
                jitter,
                round_trip: path.round_trip,
            })
        }),
        MediaKind::Video => wanted.filter(|_| feed.open && added.expected > 0).map(|wanted| {
            let shown = current.unwrap_or_default();
            picture_score(&Picture {
                spatial_missing: wanted.spatial.saturating_sub(shown.spatial),
                temporal_missing: wanted.temporal.saturating_sub(shown.temporal),
                frozen: frozen(slot, feed, &added, lost, elapsed),
            })
        }),
    };
    let pair = |layer: Layer| (layer.spatial, layer.temporal);
    let is_video = slot.kind == MediaKind::Video;
    LegStats {
        mid: slot.mid.clone(),
        direction: LegDirection::Receives,
        source: Some(feed.source),
        packets: slot.counts.packets_in_all,
        bytes: slot.counts.bytes_in_all,
        lost: slot.leg.lost(),
        jitter,
        layer: current.filter(|_| is_video).map(pair),
        wanted_layer: wanted.filter(|_| is_video).map(pair),
        score: slot.leg.smooth_score(sample),
    }
}

/// Share of the time in which the picture of a slot stood still.
fn frozen(slot: &Slot, feed: &Feed, added: &Counts, lost: f32, elapsed: Duration) -> f32 {
    if added.packets == 0 {
        // A screen may well stand still by itself, but then little is published either.
        return if feed.source.kind == SourceKind::Screen && added.expected < 10 {
            0.0
        } else {
            1.0
        };
    }
    let requests = u32::try_from(added.keyframe_requests).unwrap_or(u32::MAX);
    let by_requests = FROZEN_BY_REQUEST.saturating_mul(requests).as_secs_f32() / elapsed.as_secs_f32().max(0.1);
    let by_missing = if slot.can_repeat() {
        0.0
    } else {
        lost * FROZEN_BY_MISSING
    };
    by_requests + by_missing
}

/// Packets that never reached us.
fn missing(track: &Track) -> u64 {
    track.streams().map(|stream| stream.reception.lost()).sum()
}
