// Makes what the fake cameras and microphones of the tests play: a picture of two colours and a beeping tone.
import { writeFileSync } from "node:fs";

const FRAMES = 30;
const SAMPLES_PER_S = 48_000;
const SECONDS = 2;

/** Colours as Y, U, V (BT.601, studio range). The names are what `colourName` gives back for them. */
const COLOURS = {
  red: [81, 90, 240],
  green: [145, 54, 34],
  blue: [41, 240, 110],
  yellow: [210, 16, 146],
};

/** Left and right half in two colours, with a grey bar that wanders, so that no two frames are alike. */
export function writePicture(file, left, right, [width, height] = [640, 360], framesPerSecond = 15) {
  const frames = [Buffer.from(`YUV4MPEG2 W${width} H${height} F${framesPerSecond}:1 Ip A1:1 C420jpeg\n`)];
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const bar = Math.floor((frame / FRAMES) * (height - 40));
    frames.push(Buffer.from("FRAME\n"), ...planes(COLOURS[left], COLOURS[right], bar, [width, height]));
  }
  writeFileSync(file, Buffer.concat(frames));
}

function planes(left, right, bar, size) {
  return [0, 1, 2].map((plane) => {
    const scale = plane === 0 ? 1 : 2;
    const [width, height] = size.map((side) => side / scale);
    const bytes = Buffer.alloc(width * height);
    for (let y = 0; y < height; y += 1) {
      const inBar = y * scale >= bar && y * scale < bar + 24;
      bytes.fill(inBar ? 128 : left[plane], y * width, y * width + width / 2);
      bytes.fill(inBar ? 128 : right[plane], y * width + width / 2, (y + 1) * width);
    }
    return bytes;
  });
}

/** A tone in bursts: browsers take a steady one for noise and filter it out. */
export function writeTone(file, frequency) {
  const count = SAMPLES_PER_S * SECONDS;
  const data = Buffer.alloc(count * 2);
  for (let at = 0; at < count; at += 1) {
    const second = at / SAMPLES_PER_S;
    const inBurst = second % 0.5 < 0.35;
    const edge = Math.min(1, (second % 0.5) / 0.01, Math.max(0, 0.35 - (second % 0.5)) / 0.01);
    const sample = inBurst ? Math.sin(2 * Math.PI * frequency * second) * 0.6 * edge : 0;
    data.writeInt16LE(Math.round(sample * 32767), at * 2);
  }
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + data.length, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLES_PER_S, 24);
  header.writeUInt32LE(SAMPLES_PER_S * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(data.length, 40);
  writeFileSync(file, Buffer.concat([header, data]));
}
