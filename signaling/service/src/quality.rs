//! How every stream does, from the media plane's reports: for the operator's page, the record of a call and the metrics.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use sfu_core::{Event, LegDirection, LegStats, Mid, PeerId, PeerStats};
use signaling_protocol::message::Quality;

/// What is known of every peer now. The media plane bounds how many there are.
#[derive(Default)]
pub struct QualityBoard(Mutex<HashMap<PeerId, Known>>);

#[derive(Default)]
struct Known {
    legs_at: Option<Instant>,
    legs: Vec<LegReport>,
    stats: PeerStats,
}

/// A leg with what it did since the report before.
#[derive(Clone)]
pub(crate) struct LegReport {
    pub(crate) stats: LegStats,
    pub(crate) bitrate_bps: u64,
    pub(crate) lost_permille: u32,
}

/// What the metrics say of all peers together.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct QualitySummary {
    /// Legs by what their score feels like, and those without one.
    pub good: u64,
    pub fair: u64,
    pub poor: u64,
    pub unknown: u64,
    /// Peers with an estimate, and its sum.
    pub estimates: u64,
    pub estimate_bps: u64,
}

impl QualityBoard {
    fn lock(&self) -> MutexGuard<'_, HashMap<PeerId, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one report of the media plane.
    pub fn record(&self, now: Instant, event: &Event) {
        match event {
            Event::Connected { peer, .. } => {
                self.lock().entry(*peer).or_default();
            }
            Event::Legs { peer, legs } => {
                if let Some(known) = self.lock().get_mut(peer) {
                    known.record_legs(now, legs);
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

    pub(crate) fn legs_of(&self, peer: PeerId) -> Vec<LegReport> {
        self.lock()
            .get(&peer)
            .map(|known| known.legs.clone())
            .unwrap_or_default()
    }

    /// What is known of all peers together.
    #[must_use]
    pub fn summary(&self) -> QualitySummary {
        let mut summary = QualitySummary::default();
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
}

impl Known {
    fn record_legs(&mut self, now: Instant, legs: &[LegStats]) {
        let millis = self.legs_at.map_or(0, |at| {
            u64::try_from(now.saturating_duration_since(at).as_millis()).unwrap_or(u64::MAX)
        });
        let before = std::mem::take(&mut self.legs);
        self.legs_at = Some(now);
        let last = |mid: &Mid, direction: LegDirection| {
            let mut last = before.iter();
            last.find(|leg| leg.stats.mid == *mid && leg.stats.direction == direction)
        };
        let report = |stats: &LegStats| {
            let (bytes, packets, lost) = last(&stats.mid, stats.direction).map_or((0, 0, 0), |before| {
                (before.stats.bytes, before.stats.packets, before.stats.lost)
            });
            let (packets, lost) = (stats.packets.saturating_sub(packets), stats.lost.saturating_sub(lost));
            let bits = stats.bytes.saturating_sub(bytes).saturating_mul(8_000);
            let permille = lost.saturating_mul(1_000).checked_div(packets.saturating_add(lost));
            LegReport {
                stats: stats.clone(),
                bitrate_bps: bits.checked_div(millis).unwrap_or(0),
                lost_permille: permille.map_or(0, |permille| u32::try_from(permille).unwrap_or(1_000)),
            }
        };
        self.legs = legs.iter().map(report).collect();
    }
}

/// A mean opinion score in hundredths.
pub(crate) fn centi(score: Option<f32>) -> Option<u32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a clamped score in hundredths is a small whole number"
    )]
    score
        .filter(|score| score.is_finite())
        .map(|score| (score.clamp(1.0, 4.5) * 100.0).round() as u32)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

    #[test]
    fn counters_become_rates_and_the_gone_are_forgotten() {
        let (board, peer, begin) = (QualityBoard::default(), PeerId(1), Instant::now());
        let report = |seconds, packets, lost, score| {
            let legs = vec![stats(packets, lost, score)];
            board.record(begin + Duration::from_secs(seconds), &Event::Legs { peer, legs });
        };
        report(0, 1, 0, None);
        assert!(board.legs_of(peer).is_empty(), "it is not connected");
        board.record(begin, &Event::Connected { peer, at: begin });
        report(0, 100, 0, None);
        report(2, 190, 10, Some(4.123));
        let seen = board.legs_of(peer);
        assert_eq!((seen[0].bitrate_bps, seen[0].lost_permille), (36_000, 100));
        let stats = PeerStats {
            estimate_bps: Some(5),
            ..PeerStats::default()
        };
        board.record(begin, &Event::Stats { peer, stats });
        let summary = QualitySummary {
            good: 1,
            estimates: 1,
            estimate_bps: 5,
            ..QualitySummary::default()
        };
        assert_eq!(board.summary(), summary);
        board.record(
            begin,
            &Event::Disconnected {
                peer,
                present_until: None,
                reason: sfu_core::DisconnectReason::Closed,
            },
        );
        assert_eq!(board.summary(), QualitySummary::default());
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
