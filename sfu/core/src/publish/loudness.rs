//! How loud one microphone is, from what its packets say; nothing is decoded.

use std::time::{Duration, Instant};

use crate::wire::rtp::AudioLevel;

/// Time in which the value follows a louder packet, and a quieter one: syllables rise fast, and a speaker breathes.
const ATTACK: Duration = Duration::from_millis(150);
const RELEASE: Duration = Duration::from_millis(600);
/// A packet counts for at most this long. Longer pauses are silence that is not sent (RFC 7587 3.1.3).
const STEP_MAX: Duration = Duration::from_millis(60);
/// From the last packet on for which the value stays; then it falls.
const STAYS: Duration = Duration::from_millis(200);
const FALL_DB_PER_SECOND: f32 = 60.0;
/// Taken off what the sender does not think to be speech: keyboards are loud too.
const NO_VOICE_DB: u8 = 10;
/// For a sender that tells no levels: between silence and speech.
const UNKNOWN_DB: u8 = 70;
const SILENCE: u8 = 127;

/// A smoothed level in decibels above silence, 0 to 127.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Loudness {
    value: f32,
    heard_at: Option<Instant>,
}

impl Loudness {
    /// Takes the level of one packet; `None` when it has none.
    pub(crate) fn record(&mut self, level: Option<AudioLevel>, now: Instant) {
        let above = level.map_or(UNKNOWN_DB, |level| {
            let above = SILENCE - level.below_full.min(SILENCE);
            above.saturating_sub(if level.voice { 0 } else { NO_VOICE_DB })
        });
        let above = f32::from(above);
        let before = self.value(now);
        let step = self
            .heard_at
            .map_or(STEP_MAX, |at| now.saturating_duration_since(at))
            .min(STEP_MAX);
        let follows = if above > before { ATTACK } else { RELEASE };
        let share = step.as_secs_f32() / (step + follows).as_secs_f32();
        self.value = before + (above - before) * share;
        self.heard_at = Some(now);
    }

    /// The level as of now.
    pub(crate) fn value(&self, now: Instant) -> f32 {
        let Some(heard_at) = self.heard_at else { return 0.0 };
        let silent = now.saturating_duration_since(heard_at).saturating_sub(STAYS);
        (self.value - silent.as_secs_f32() * FALL_DB_PER_SECOND).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(packets: &[(u64, u8, bool)], at: u64) -> f32 {
        let start = Instant::now();
        let mut loudness = Loudness::default();
        for &(millis, below_full, voice) in packets {
            let level = AudioLevel { below_full, voice };
            loudness.record(Some(level), start + Duration::from_millis(millis));
        }
        loudness.value(start + Duration::from_millis(at))
    }

    #[test]
    fn speech_rises_fast_and_a_pause_is_no_end() {
        let speech: Vec<_> = (0..25).map(|packet| (packet * 20, 30, true)).collect();
        assert!(after(&speech[..5], 100) > 40.0);
        assert!(after(&speech, 500) > 85.0);
        // Nothing is sent in silence: it stays for a moment, then falls.
        assert!((after(&speech, 500) - after(&speech, 680)).abs() < 0.1);
        assert!(after(&speech, 1_000) < 75.0);
        assert!(after(&speech, 3_000) < 1.0);
    }

    #[test]
    fn one_loud_click_is_no_speech_and_noise_counts_less() {
        let mut packets: Vec<_> = (0..50).map(|packet| (packet * 20, 100, false)).collect();
        packets[40] = (800, 0, false);
        assert!(after(&packets, 1_000) < 40.0);
        let constant = |voice| after(&[(0, 40, voice), (20, 40, voice), (40, 40, voice)], 60);
        assert!(constant(true) > constant(false));
    }

    #[test]
    fn unknown_levels_lie_between_silence_and_speech() {
        let start = Instant::now();
        let mut unknown = Loudness::default();
        for packet in 0..100 {
            unknown.record(None, start + Duration::from_millis(packet * 20));
        }
        let value = unknown.value(start + Duration::from_secs(2));
        assert!((65.0..=70.0).contains(&value), "{value}");
    }
}
