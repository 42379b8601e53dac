//! Sine tones: made and encoded for sending, decoded and measured when received.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use bytes::Bytes;
use opus::{Application, Channels, Decoder, Encoder};

/// Opus runs at this rate in RTP whatever it carries (RFC 7587 section 4.1), samples per second.
const SAMPLE_RATE: u32 = 48_000;
/// Samples in a packet of 20 ms.
pub(super) const PACKET_SAMPLES: u32 = SAMPLE_RATE / 50;

/// The longest packet that Opus knows, 120 ms, in samples.
const PACKET_SAMPLES_MAX: usize = 5_760;
/// The largest packet that the encoder may make, bytes.
const PACKET_BYTES_MAX: usize = 400;
/// Peak of the sine, full scale is one.
const AMPLITUDE: f64 = 0.3;

/// Samples are averaged by this factor before they are measured: 6 kHz carries every tone we look for.
const DECIMATION: usize = 8;
/// Length of one measurement in decimated samples: 200 ms, so that tones 5 Hz apart are told from each other.
const WINDOW: usize = 1_200;
/// Tones looked for, Hz.
const TONES_HZ: std::ops::RangeInclusive<u32> = 100..=2_000;
/// Step of the first search, Hz; less than half of what a window tells apart.
const COARSE_STEP_HZ: u32 = 4;
/// Mean square below which a window counts as silence.
const SILENCE: f64 = 1e-6;
/// Share of a window's energy that one tone must hold to count as heard.
const PURITY_MIN: f64 = 0.5;

/// An endless sine, encoded packet by packet.
pub struct ToneSource {
    encoder: Encoder,
    step: f64,
    phase: f64,
}

impl ToneSource {
    /// A tone of `hz`.
    ///
    /// # Errors
    /// When the Opus encoder cannot be made.
    pub fn new(hz: f64) -> Result<Self, opus::Error> {
        let encoder = Encoder::new(SAMPLE_RATE, Channels::Mono, Application::Audio)?;
        Ok(Self {
            encoder,
            step: TAU * hz / f64::from(SAMPLE_RATE),
            phase: 0.0,
        })
    }

    /// The next 20 ms.
    ///
    /// # Errors
    /// When Opus refuses to encode.
    pub fn next_packet(&mut self) -> Result<Bytes, opus::Error> {
        let samples: Vec<f32> = (0..PACKET_SAMPLES)
            .map(|_| {
                self.phase = (self.phase + self.step) % TAU;
                (self.phase.sin() * AMPLITUDE) as f32
            })
            .collect();
        self.encoder
            .encode_vec_float(&samples, PACKET_BYTES_MAX)
            .map(Bytes::from)
    }
}

/// What has been heard so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Samples decoded, at 48 kHz.
    pub samples: u64,
    /// Packets that Opus refused.
    pub undecodable: u64,
    /// Windows of 200 ms in which this tone (Hz) prevailed.
    pub tones: BTreeMap<u32, u64>,
}

impl Heard {
    /// The tone heard most often, and in how many windows of 200 ms.
    #[must_use]
    pub fn dominant(&self) -> Option<(u32, u64)> {
        self.tones
            .iter()
            .max_by_key(|(_, windows)| **windows)
            .map(|(hz, windows)| (*hz, *windows))
    }

    /// In how many windows a tone within `tolerance_hz` of `hz` prevailed.
    #[must_use]
    pub fn windows_near(&self, hz: u32, tolerance_hz: u32) -> u64 {
        self.tones
            .range(hz.saturating_sub(tolerance_hz)..=hz + tolerance_hz)
            .map(|(_, windows)| windows)
            .sum()
    }

    /// Adds what another track brought.
    pub fn add(&mut self, other: &Self) {
        self.samples += other.samples;
        self.undecodable += other.undecodable;
        for (hz, windows) in &other.tones {
            *self.tones.entry(*hz).or_default() += windows;
        }
    }
}

/// Decodes one Opus stream and measures its tone.
pub struct ToneMeter {
    decoder: Decoder,
    pending: Vec<f32>,
    window: Vec<f64>,
    heard: Heard,
}

impl ToneMeter {
    /// A meter that has heard nothing.
    ///
    /// # Errors
    /// When the Opus decoder cannot be made.
    pub fn new() -> Result<Self, opus::Error> {
        Ok(Self {
            decoder: Decoder::new(SAMPLE_RATE, Channels::Mono)?,
            pending: Vec::new(),
            window: Vec::with_capacity(WINDOW),
            heard: Heard::default(),
        })
    }

    /// Takes the next packet of the stream; what Opus refuses is counted.
    pub fn push(&mut self, packet: &[u8]) {
        let mut samples = [0.0_f32; PACKET_SAMPLES_MAX];
        match self.decoder.decode_float(packet, &mut samples, false) {
            Ok(count) => self.measure(&samples[..count]),
            Err(_) => self.heard.undecodable += 1,
        }
    }

    #[must_use]
    pub fn heard(&self) -> &Heard {
        &self.heard
    }

    fn measure(&mut self, samples: &[f32]) {
        self.heard.samples += samples.len() as u64;
        self.pending.extend_from_slice(samples);
        let whole = self.pending.len() - self.pending.len() % DECIMATION;
        for group in self.pending[..whole].chunks_exact(DECIMATION) {
            self.window
                .push(group.iter().map(|sample| f64::from(*sample)).sum::<f64>() / DECIMATION as f64);
            if self.window.len() == WINDOW {
                if let Some(hz) = dominant_tone(&self.window) {
                    *self.heard.tones.entry(hz).or_default() += 1;
                }
                self.window.clear();
            }
        }
        self.pending.drain(..whole);
    }
}

/// The tone (Hz) that holds most of a window's energy, if one does.
fn dominant_tone(window: &[f64]) -> Option<u32> {
    let energy: f64 = window.iter().map(|sample| sample * sample).sum();
    if energy / (window.len() as f64) < SILENCE {
        return None;
    }
    let strongest = |tones: &mut dyn Iterator<Item = u32>| {
        tones
            .map(|hz| (hz, goertzel(window, hz)))
            .max_by(|one, other| one.1.total_cmp(&other.1))
    };
    let (coarse, _) = strongest(&mut TONES_HZ.step_by(COARSE_STEP_HZ as usize))?;
    let (hz, power) = strongest(&mut (coarse - COARSE_STEP_HZ..=coarse + COARSE_STEP_HZ))?;
    // For a pure sine of amplitude A over N samples the power is (AN/2)^2 and the energy A^2 N/2.
    let purity = 2.0 * power / (window.len() as f64 * energy);
    (purity >= PURITY_MIN).then_some(hz)
}

/// Power at one frequency, by Goertzel's recurrence.
fn goertzel(window: &[f64], hz: u32) -> f64 {
    let rate = f64::from(SAMPLE_RATE) / DECIMATION as f64;
    let coefficient = 2.0 * (TAU * f64::from(hz) / rate).cos();
    let (last, before) = window.iter().fold((0.0, 0.0), |(last, before), sample| {
        (sample + coefficient * last - before, last)
    });
    last * last + before * before - coefficient * last * before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_survives_the_codec() {
        for hz in [160_u32, 440, 523, 660, 1_234] {
            let mut source = ToneSource::new(f64::from(hz)).unwrap();
            let mut meter = ToneMeter::new().unwrap();
            for _ in 0..100 {
                meter.push(&source.next_packet().unwrap());
            }
            let heard = meter.heard();
            assert_eq!(heard.samples, 96_000);
            let (tone, windows) = heard.dominant().expect("a pure tone prevails");
            assert!(tone.abs_diff(hz) <= 1, "{hz} Hz was heard as {tone} Hz");
            assert!(windows >= 9 && heard.windows_near(hz, 2) == windows);
        }
    }

    #[test]
    fn a_beeping_tone_is_heard_too() {
        let mut meter = ToneMeter::new().unwrap();
        let beep = |at: u32| {
            let second = f64::from(at) / f64::from(SAMPLE_RATE);
            if second % 0.5 < 0.35 {
                (TAU * 660.0 * second).sin() as f32 * 0.5
            } else {
                0.0
            }
        };
        meter.measure(&(0..SAMPLE_RATE * 5).map(beep).collect::<Vec<f32>>());
        let (tone, windows) = meter.heard().dominant().expect("the beeps prevail");
        let windows_in_all: u64 = meter.heard().tones.values().sum();
        assert!(tone.abs_diff(660) <= 2 && windows >= 10, "{:?}", meter.heard());
        assert_eq!(meter.heard().windows_near(660, 8), windows_in_all);
    }

    #[test]
    fn silence_noise_and_rubbish_are_no_tone() {
        let mut meter = ToneMeter::new().unwrap();
        meter.measure(&[0.0; 48_000]);
        let mut state = 1_u32;
        let noise: Vec<f32> = (0..48_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32
            })
            .collect();
        meter.measure(&noise);
        assert_eq!(meter.heard().dominant(), None);
        meter.push(&[0xff; 3]);
        assert_eq!(meter.heard().undecodable, 1);
        assert_eq!(meter.heard().samples, 96_000);
    }
}
