// Listens to the own microphone: how loud it is, and whether it gives nothing at all.

const LOOK_MS = 100;
/** Pure digital silence for this long means the wrong or a dead microphone; a quiet room still has noise. */
const SILENT_LOOKS = 40;

export interface LevelMeter {
  stop(): void;
}

export function measureLevel(
  track: MediaStreamTrack,
  heard: (level: number) => void,
  silent: (silent: boolean) => void,
): LevelMeter {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let quiet = 0;
  const look = setInterval(() => {
    // Without a click yet the context may not run, and then silence says nothing about the microphone.
    if (context.state !== "running" || !track.enabled || track.muted) {
      quiet = 0;
      heard(0);
      return;
    }
    analyser.getFloatTimeDomainData(samples);
    const level = loudness(samples);
    heard(level);
    const before = quiet;
    quiet = level > 0 ? 0 : quiet + 1;
    if (quiet === SILENT_LOOKS) silent(true);
    if (quiet === 0 && before >= SILENT_LOOKS) silent(false);
  }, LOOK_MS);
  return {
    stop: () => {
      clearInterval(look);
      void context.close();
      heard(0);
    },
  };
}

/** Root mean square on a scale that makes ordinary speech fill about two thirds of a meter. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.min(1, Math.sqrt(sum / samples.length) * 5);
}

/** Two soft tones, on the chosen speaker where the browser lets us choose. */
export async function playTones(frequencies: readonly number[], speaker: string | null): Promise<void> {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  frequencies.forEach((frequency, at) => {
    const start = context.currentTime + 0.1 + at * 0.25;
    const gain = context.createGain();
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(0.2, start + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.001, start + 0.45);
    const tone = context.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(gain).connect(out);
    tone.start(start);
    tone.stop(start + 0.5);
    if (at === frequencies.length - 1) tone.onended = () => void context.close();
  });
  const player = new Audio();
  player.srcObject = out.stream;
  if (speaker !== null && "setSinkId" in player) await player.setSinkId(speaker).catch(() => undefined);
  await player.play().catch(() => undefined);
}
