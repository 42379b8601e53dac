//! One leg between two reports: what it did since the last one, and its score over time.

use crate::event::Source;
use crate::quality::Score;

/// Counts of a leg that only grow while its streams last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Packets that crossed it.
    pub(crate) packets: u64,
    /// Packets that should have: those of the stream on a publisher's leg, those that were published on a slot's.
    pub(crate) expected: u64,
    /// Packets that did not arrive at first.
    pub(crate) lost: u64,
    /// Packets that never arrived.
    pub(crate) missing: u64,
    pub(crate) keyframe_requests: u64,
}

impl Counts {
    fn since(self, before: Self) -> Self {
        // A stream that began anew counts from zero.
        let since = |now: u64, before: u64| now.checked_sub(before).unwrap_or(now);
        Self {
            packets: since(self.packets, before.packets),
            expected: since(self.expected, before.expected),
            lost: since(self.lost, before.lost),
            missing: since(self.missing, before.missing),
            keyframe_requests: since(self.keyframe_requests, before.keyframe_requests),
        }
    }
}

/// What is kept of a leg from report to report.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Leg {
    source: Option<Source>,
    before: Counts,
    score: Score,
    /// Over all its streams.
    lost: u64,
}

impl Leg {
    /// What was added since the last look. Another source is another leg, judged anew.
    pub(crate) fn update(&mut self, source: Source, now: Counts) -> Counts {
        if self.source.replace(source) != Some(source) {
            self.score = Score::default();
        }
        let added = now.since(std::mem::replace(&mut self.before, now));
        self.lost += added.lost;
        added
    }

    /// Smooths the score of the time since the last report into that of the leg.
    pub(crate) fn smooth_score(&mut self, sample: Option<f32>) -> Option<f32> {
        self.score.smooth(sample)
    }

    /// Packets that did not arrive at first, since the peer joined.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }
}

/// Loss on the way to a subscriber, from feedback about every packet.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PathLoss {
    before: (u64, u64),
    share: Option<f32>,
}

impl PathLoss {
    /// Takes what was called lost and arrived since the start.
    pub(crate) fn update(&mut self, (lost, arrived): (u64, u64)) {
        let (lost_before, arrived_before) = std::mem::replace(&mut self.before, (lost, arrived));
        let lost = lost.saturating_sub(lost_before);
        let reported = lost + arrived.saturating_sub(arrived_before);
        if reported > 0 {
            let share = share(lost, reported);
            self.share = Some(self.share.map_or(share, |before| (before + share) / 2.0));
        }
    }

    /// The share lost lately, 0 to 1; `None` without such feedback.
    pub(crate) fn share(&self) -> Option<f32> {
        self.share
    }
}

/// One count by another, at most 1.
pub(crate) fn share(part: u64, whole: u64) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "counts of seconds are small")]
    let share = part as f32 / whole.max(1) as f32;
    share.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_lost_is_of_what_was_reported_since() {
        let mut path = PathLoss::default();
        path.update((0, 0));
        assert_eq!(path.share(), None);
        path.update((10, 90));
        assert_eq!(path.share(), Some(0.1));
        path.update((10, 190));
        path.update((10, 190));
        assert_eq!(path.share(), Some(0.05));
    }

    use crate::event::{PeerId, SourceKind};

    #[test]
    fn counts_add_up_over_streams_and_another_source_is_judged_anew() {
        let source = |peer| Source {
            peer: PeerId(peer),
            kind: SourceKind::Camera,
        };
        let counts = |packets, lost| Counts {
            packets,
            lost,
            ..Counts::default()
        };
        let mut leg = Leg::default();
        assert_eq!(leg.update(source(1), counts(100, 5)), counts(100, 5));
        assert_eq!(leg.update(source(1), counts(150, 6)), counts(50, 1));
        assert_eq!(leg.smooth_score(Some(2.0)), Some(2.0));
        assert_eq!(leg.update(source(1), counts(30, 2)), counts(30, 2));
        assert!(leg.lost() == 8 && leg.smooth_score(Some(4.0)) < Some(2.5));
        leg.update(source(2), counts(40, 2));
        assert_eq!((leg.lost(), leg.smooth_score(Some(4.0))), (8, Some(4.0)));
    }
}
