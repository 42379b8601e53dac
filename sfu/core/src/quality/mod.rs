//! How good one leg is, as a mean opinion score from 1.0 (useless) to 4.5 (as good as it gets). Nothing is decoded: the
//! judgement rests on loss, delay and layers.

pub(crate) mod leg;

use std::time::Duration;

/// The best and the worst score.
const BEST: f32 = 4.5;
const WORST: f32 = 1.0;

/// Rating of a leg without any harm (ITU-T G.107, default values).
const RATING_MAX: f32 = 93.2;
/// How well Opus bears loss in per cent, with a decoder that conceals (ITU-T G.107 annex; as G.711 with concealment).
const ROBUSTNESS: f32 = 20.0;
/// One frame, and what a jitter buffer holds at least.
const BUFFERED: Duration = Duration::from_millis(60);

/// What is known of sound on one leg.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sound {
    /// Share of frames that stay missing, 0 to 1.
    pub(crate) missing: f32,
    pub(crate) jitter: Duration,
    pub(crate) round_trip: Duration,
}

/// Share of frames that stay missing when each packet brings `frames` earlier ones along. Losses are rarely alone, so
/// redundancy is taken to be worth a little less than chance says.
pub(crate) fn missing_after_redundancy(lost: f32, frames: usize) -> f32 {
    (0..frames).fold(lost, |missing, _| missing * (lost + 0.05).min(1.0))
}

/// The E-model (ITU-T G.107), reduced to delay and loss.
pub(crate) fn sound_score(sound: &Sound) -> f32 {
    let delay = sound.round_trip / 2 + sound.jitter * 2 + BUFFERED;
    let delay = delay.as_secs_f32() * 1_000.0;
    let by_delay = 0.024 * delay + 0.11 * (delay - 177.3).max(0.0);
    let lost = sound.missing.clamp(0.0, 1.0) * 100.0;
    let by_loss = 95.0 * lost / (lost + ROBUSTNESS);
    let rating = (RATING_MAX - by_delay - by_loss).clamp(0.0, 100.0);
    let score = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6;
    score.clamp(WORST, BEST)
}

/// What is known of a picture on one leg.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Picture {
    /// Layers between what its size asks for and what is shown.
    pub(crate) spatial_missing: u8,
    pub(crate) temporal_missing: u8,
    /// Share of the time in which it stands still, 0 to 1.
    pub(crate) frozen: f32,
}

/// A layer too few is a blur, a stop is worse: a tenth of the time frozen costs as much as half the resolution.
pub(crate) fn picture_score(picture: &Picture) -> f32 {
    let blur = 0.9 * f32::from(picture.spatial_missing) + 0.4 * f32::from(picture.temporal_missing);
    let frozen = 9.0 * picture.frozen.clamp(0.0, 1.0);
    (BEST - blur.min(2.5) - frozen).max(WORST)
}

/// A score over time: quick to blame, slow to forgive, as people are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Score(Option<f32>);

impl Score {
    /// Takes what the last two seconds were like; `None` when there was nothing to judge, which ends the leg's past.
    pub(crate) fn smooth(&mut self, sample: Option<f32>) -> Option<f32> {
        self.0 = sample.map(|sample| {
            let before = self.0.unwrap_or(sample);
            let share = if sample < before { 0.7 } else { 0.15 };
            before + (sample - before) * share
        });
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sound(missing: f32, jitter: u64, round_trip: u64) -> f32 {
        sound_score(&Sound {
            missing,
            jitter: Duration::from_millis(jitter),
            round_trip: Duration::from_millis(round_trip),
        })
    }

    #[test]
    fn sound_suffers_from_loss_and_from_delay() {
        assert!(sound(0.0, 2, 30) > 4.3);
        assert!((3.5..3.9).contains(&sound(0.05, 5, 60)), "{}", sound(0.05, 5, 60));
        assert!(sound(0.2, 5, 60) < 2.6);
        // A long way hinders talking even without loss.
        assert!((3.4..3.8).contains(&sound(0.0, 5, 500)), "{}", sound(0.0, 5, 500));
        assert!(sound(0.0, 5, 1_000) < 2.0);
        assert_eq!(sound(1.0, 5_000, 60_000), WORST);
    }

    #[test]
    fn redundancy_counts() {
        let five = |frames| missing_after_redundancy(0.05, frames);
        assert!(five(0) == 0.05 && five(1) < 0.006 && five(2) < five(1));
        assert_eq!(
            (missing_after_redundancy(1.0, 2), missing_after_redundancy(0.0, 1)),
            (1.0, 0.0)
        );
    }

    #[test]
    fn pictures_suffer_from_missing_layers_and_more_from_standing_still() {
        let score = |spatial_missing, temporal_missing, frozen| {
            picture_score(&Picture {
                spatial_missing,
                temporal_missing,
                frozen,
            })
        };
        assert_eq!((score(0, 0, 0.0), score(0, 0, 1.0)), (BEST, WORST));
        assert!(score(1, 0, 0.0) < score(0, 1, 0.0) && score(2, 0, 0.0) < score(1, 0, 0.0));
        assert!((score(0, 0, 0.1) - score(1, 0, 0.0)).abs() < 0.05);
        assert!(score(9, 9, 0.0) >= 2.0, "a small picture is no outage");
    }

    #[test]
    fn blame_is_quick_and_forgiveness_slow() {
        let mut score = Score::default();
        assert_eq!((score.smooth(None), score.smooth(Some(4.5))), (None, Some(4.5)));
        let blamed = score.smooth(Some(1.0)).unwrap();
        assert!(blamed < 2.1, "{blamed}");
        let looks = (0..).position(|_| score.smooth(Some(4.5)) > Some(4.0)).unwrap();
        assert!((8..20).contains(&looks), "{looks}");
        score.smooth(None);
        assert_eq!(score.smooth(Some(3.0)), Some(3.0));
    }

    proptest! {
        #[test]
        fn scores_stay_in_range_and_follow_the_harm(
            missing in 0.0f32..1.0, more in 0.0f32..0.5, jitter in 0u64..2_000, round_trip in 0u64..10_000,
        ) {
            let (good, bad) = (sound(missing, jitter, round_trip), sound(missing + more, jitter + 10, round_trip));
            prop_assert!((WORST..=BEST).contains(&good) && bad <= good + 1e-4);
        }
    }
}
