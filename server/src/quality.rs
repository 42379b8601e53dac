//! How every stream does: kept from the media plane's reports for the operator's page and the metrics, and written to the
//! call's record while it changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use booking_core::AppState;
use booking_core::calls;
use booking_core::calls::quality::{Direction, Leg};
use sfu_core::{Event, LegDirection, LegStats, Mid, PeerId, PeerStats, SourceKind};
use signaling::{Hub, LiveCall};
use signaling_protocol::message::Quality;
use tokio::sync::watch;

use crate::shutdown;

/// Between two looks at what is to be stored.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// Longest time without a row while a stream does not change.
const ROW_AT_LEAST_EVERY: Duration = Duration::from_secs(60);
/// Change of a score, in hundredths, and of loss, in thousandths, that is worth a row.
const SCORE_CHANGE: u32 = 20;
const LOSS_CHANGE: u32 = 10;

/// What is known of every peer now. The media plane bounds how many there are.
#[derive(Default)]
pub(crate) struct Board(Mutex<HashMap<PeerId, Known>>);

#[derive(Default)]
struct Known {
    legs_at: Option<Instant>,
    legs: Vec<Seen>,
    stats: PeerStats,
}

/// A leg with what it did since the report before.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) stats: LegStats,
    pub(crate) bitrate_bps: u64,
    pub(crate) lost_permille: u32,
}

/// What the metrics say of all peers together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Legs by what their score feels like, and those without one.
    pub(crate) good: u64,
    pub(crate) fair: u64,
    pub(crate) poor: u64,
    pub(crate) unknown: u64,
    /// Peers with an estimate, and its sum.
    pub(crate) estimates: u64,
    pub(crate) estimate_bps: u64,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, HashMap<PeerId, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one report of the media plane.
    pub(crate) fn event(&self, now: Instant, event: &Event) {
        match event {
            Event::Connected { peer, .. } => {
                self.lock().entry(*peer).or_default();
            }
            Event::Legs { peer, legs } => {
                if let Some(known) = self.lock().get_mut(peer) {
                    known.look_at(now, legs);
                }
            }
            Event::Stats { peer, stats } => {
                if let Some(known) = self.lock().get_mut(peer) {
                    known.stats = *stats;
                }
            }
            Event::Disconnected { peer, .. } => {
                self.lock().remove(peer);
            }
            Event::Joined { .. }
            | Event::Refused { .. }
            | Event::Alive { .. }
            | Event::Absent { .. }
            | Event::Present { .. }
            | Event::PathLost { .. }
            | Event::Restarted { .. }
            | Event::Encodings { .. }
            | Event::Withheld { .. }
            | Event::Loudest { .. }
            | Event::Speakers { .. } => {}
        }
    }

    fn legs_of(&self, peer: PeerId) -> Vec<Seen> {
        self.lock()
            .get(&peer)
            .map(|known| known.legs.clone())
            .unwrap_or_default()
    }

    pub(crate) fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for known in self.lock().values() {
            if let Some(bps) = known.stats.estimate_bps {
                summary.estimates += 1;
                summary.estimate_bps += bps;
            }
            for leg in &known.legs {
                let bucket = match leg.stats.score.map(Quality::of_score) {
                    Some(Quality::Good) => &mut summary.good,
                    Some(Quality::Fair) => &mut summary.fair,
                    Some(Quality::Poor) => &mut summary.poor,
                    None => &mut summary.unknown,
                };
                *bucket += 1;
            }
        }
        summary
    }

    /// The legs of a seat of a call, in the words of the booking side. Legs of sources that left already, and of screens
    /// that were never shared, are not among them.
    pub(crate) fn legs(&self, call: &LiveCall, seat: &signaling::LiveSeat) -> Vec<Leg> {
        let Some(peer) = seat.peer else { return Vec::new() };
        let leg = |seen: Seen| {
            let source = seen.stats.source?;
            let may_rest = matches!(source.kind, SourceKind::Screen | SourceKind::ScreenAudio);
            if may_rest && seen.stats.packets == 0 {
                return None;
            }
            let from = call.seats.iter().find(|other| other.peer == Some(source.peer))?;
            Some(Leg {
                seat: seat.seat.clone(),
                direction: match seen.stats.direction {
                    LegDirection::Publishes => Direction::Sent,
                    LegDirection::Receives => Direction::Received,
                },
                source: word(source.kind).to_owned(),
                from_seat: from.seat.clone(),
                bitrate_bps: seen.bitrate_bps,
                lost_permille: seen.lost_permille,
                jitter_us: u64::try_from(seen.stats.jitter.as_micros()).unwrap_or(u64::MAX),
                layer: seen.stats.layer,
                wanted_layer: seen.stats.wanted_layer,
                score_centi: centi(seen.stats.score),
            })
        };
        self.legs_of(peer).into_iter().filter_map(leg).collect()
    }
}

impl Known {
    fn look_at(&mut self, now: Instant, legs: &[LegStats]) {
        let millis = self.legs_at.map_or(0, |at| {
            u64::try_from(now.saturating_duration_since(at).as_millis()).unwrap_or(u64::MAX)
        });
        let before = std::mem::take(&mut self.legs);
        self.legs_at = Some(now);
        let same = |mid: &Mid, direction: LegDirection| {
            let mut found = before.iter();
            found.find(|seen| seen.stats.mid == *mid && seen.stats.direction == direction)
        };
        let seen = |stats: &LegStats| {
            let (bytes, packets, lost) = same(&stats.mid, stats.direction).map_or((0, 0, 0), |before| {
                (before.stats.bytes, before.stats.packets, before.stats.lost)
            });
            let (packets, lost) = (stats.packets.saturating_sub(packets), stats.lost.saturating_sub(lost));
            let bits = stats.bytes.saturating_sub(bytes).saturating_mul(8_000);
            let permille = lost.saturating_mul(1_000).checked_div(packets.saturating_add(lost));
            Seen {
                stats: stats.clone(),
                bitrate_bps: bits.checked_div(millis).unwrap_or(0),
                lost_permille: permille.map_or(0, |permille| u32::try_from(permille).unwrap_or(1_000)),
            }
        };
        self.legs = legs.iter().map(seen).collect();
    }
}

fn centi(score: Option<f32>) -> Option<u32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a clamped score in hundredths is a small whole number"
    )]
    score
        .filter(|score| score.is_finite())
        .map(|score| (score.clamp(1.0, 4.5) * 100.0).round() as u32)
}

fn word(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Microphone => "microphone",
        SourceKind::Camera => "camera",
        SourceKind::Screen => "screen",
        SourceKind::ScreenAudio => "screen_audio",
    }
}

/// A call, seat, direction, source and the seat that publishes it.
type Stream = (String, String, Direction, String, String);

/// Which legs are worth a row now: new ones, changed ones, and each once a minute.
#[derive(Default)]
struct Sampler {
    written: HashMap<Stream, (Instant, Leg)>,
}

impl Sampler {
    fn choose(&mut self, now: Instant, calls: Vec<(String, Vec<Leg>)>) -> Vec<(String, Vec<Leg>)> {
        let mut seen = HashMap::new();
        let mut chosen = Vec::new();
        for (call, legs) in calls {
            let mut rows = Vec::new();
            for leg in legs {
                let key = (
                    call.clone(),
                    leg.seat.clone(),
                    leg.direction,
                    leg.source.clone(),
                    leg.from_seat.clone(),
                );
                let last = self.written.remove(&key);
                let stays = last.filter(|(at, before)| {
                    now.saturating_duration_since(*at) < ROW_AT_LEAST_EVERY && !differs(before, &leg)
                });
                let kept = stays.unwrap_or_else(|| {
                    rows.push(leg.clone());
                    (now, leg)
                });
                seen.insert(key, kept);
            }
            if !rows.is_empty() {
                chosen.push((call, rows));
            }
        }
        // What is not there any more is forgotten.
        self.written = seen;
        chosen
    }
}

fn differs(before: &Leg, after: &Leg) -> bool {
    let score = match (before.score_centi, after.score_centi) {
        (Some(before), Some(after)) => before.abs_diff(after) >= SCORE_CHANGE,
        (before, after) => before != after,
    };
    score
        || before.layer != after.layer
        || before.wanted_layer != after.wanted_layer
        || before.lost_permille.abs_diff(after.lost_permille) >= LOSS_CHANGE
}

/// Stores how the calls do until the server stops.
pub(crate) async fn keep(state: AppState, hub: Hub, board: Arc<Board>, stopping: watch::Receiver<bool>) {
    let mut sampler = Sampler::default();
    let mut looks = tokio::time::interval(SAMPLE_EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let stop = shutdown::requested(stopping);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = looks.tick() => {}
        }
        let calls = hub.snapshot().into_iter().map(|call| {
            let legs = call.seats.iter().flat_map(|seat| board.legs(&call, seat)).collect();
            (call.call, legs)
        });
        let rows = sampler.choose(Instant::now(), calls.collect());
        if rows.is_empty() {
            continue;
        }
        // A gap in the course of the quality harms nobody, so what cannot be stored is not tried again.
        if let Err(error) = calls::quality::record(&state, state.now(), &rows).await {
            tracing::warn!(%error, "how the calls do could not be stored");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(packets: u64, lost: u64, score: Option<f32>) -> LegStats {
        LegStats {
            mid: Mid("0".into()),
            direction: LegDirection::Publishes,
            source: None,
            packets,
            bytes: packets * 100,
            lost,
            jitter: Duration::ZERO,
            layer: None,
            wanted_layer: None,
            score,
        }
    }

    fn leg(score_centi: Option<u32>) -> Leg {
        Leg {
            seat: "s".into(),
            direction: Direction::Sent,
            source: "camera".into(),
            from_seat: "s".into(),
            bitrate_bps: 0,
            lost_permille: 0,
            jitter_us: 0,
            layer: Some((0, 0)),
            wanted_layer: None,
            score_centi,
        }
    }

    #[test]
    fn counters_become_rates_and_the_gone_are_forgotten() {
        let (board, peer, begin) = (Board::default(), PeerId(1), Instant::now());
        let report = |seconds, packets, lost, score| {
            let legs = vec![stats(packets, lost, score)];
            board.event(begin + Duration::from_secs(seconds), &Event::Legs { peer, legs });
        };
        report(0, 1, 0, None);
        assert!(board.legs_of(peer).is_empty(), "it is not connected");
        board.event(begin, &Event::Connected { peer, at: begin });
        report(0, 100, 0, None);
        report(2, 190, 10, Some(4.123));
        let seen = board.legs_of(peer);
        assert_eq!((seen[0].bitrate_bps, seen[0].lost_permille), (36_000, 100));
        let stats = PeerStats {
            estimate_bps: Some(5),
            ..PeerStats::default()
        };
        board.event(begin, &Event::Stats { peer, stats });
        let summary = Summary {
            good: 1,
            estimates: 1,
            estimate_bps: 5,
            ..Summary::default()
        };
        assert_eq!(board.summary(), summary);
        board.event(
            begin,
            &Event::Disconnected {
                peer,
                present_until: None,
                reason: sfu_core::DisconnectReason::Closed,
            },
        );
        assert_eq!(board.summary(), Summary::default());
    }

    #[test]
    fn a_row_is_written_on_change_and_each_minute() {
        let (mut sampler, begin) = (Sampler::default(), Instant::now());
        let mut at = |seconds, leg: Leg| {
            let calls = vec![("c".to_owned(), vec![leg])];
            sampler.choose(begin + Duration::from_secs(seconds), calls).len()
        };
        assert_eq!(at(0, leg(Some(400))), 1);
        assert_eq!(at(10, leg(Some(395))), 0, "hardly a change");
        assert_eq!(at(20, leg(Some(380))), 1);
        assert_eq!(at(30, leg(None)), 1);
        let layer = Leg {
            layer: Some((1, 0)),
            ..leg(None)
        };
        assert_eq!(at(40, layer.clone()), 1);
        assert_eq!(at(99, layer.clone()), 0);
        assert_eq!(at(100, layer), 1);
        assert!(sampler.choose(begin, Vec::new()).is_empty());
        assert!(sampler.written.is_empty());
    }

    #[test]
    fn scores_are_hundredths_of_the_scale() {
        assert_eq!(centi(Some(0.0)), Some(100));
        assert_eq!(centi(Some(9.0)), Some(450));
        assert_eq!(centi(Some(3.27)), Some(327));
        assert_eq!(centi(Some(f32::NAN)), None);
        assert_eq!(centi(None), None);
    }
}
