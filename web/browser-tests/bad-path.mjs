// Measures what Chromium sees and hears on bad paths: `node bad-path.mjs [seconds] [none|up|down|both|outage-up|outage-down ...]`.
// The paths lose PERCENT (5) of a hundred each way and take DELAY_MS (30) each way; an outage is 2 s of nothing.
import { CONSUMER, PROVIDER } from "./harness.mjs";
import { badPath } from "./network.mjs";
import { startRoom, until } from "./rooms.mjs";

const PATH = { percent: Number(process.env.PERCENT ?? 5), delayMs: Number(process.env.DELAY_MS ?? 30) };
const CLEAN = { ...PATH, percent: 0 };
const LOOK = { ...PROVIDER, framesPerSecond: 30, ...(process.env.SIZE ? { size: JSON.parse(process.env.SIZE) } : {}) };
const [seconds = "60", ...named] = process.argv.slice(2);
const ways = named.length > 0 ? named : ["none", "up", "down", "both"];
const VIDEO = [
  "framesDecoded", "framesReceived", "framesDropped", "keyFramesDecoded", "freezeCount", "totalFreezesDuration", "nackCount",
  "pliCount", "packetsReceived", "packetsLost", "retransmittedPacketsReceived", "bytesReceived",
  "jitterBufferDelay", "jitterBufferEmittedCount",
];
const AUDIO = [
  "concealedSamples", "silentConcealedSamples", "concealmentEvents", "totalSamplesReceived", "packetsLost",
  "jitterBufferDelay", "jitterBufferEmittedCount",
];

/** A sender and a viewer who is shown it; each on a path of its own, which loses as it is told. */
async function call({ up: upLoses, down: downLoses }, run) {
  const room = await startRoom();
  const open = [];
  try {
    const lossy = (on, seed) => badPath(room.server.mediaPort, { ...(on ? PATH : CLEAN), seed });
    const up = await lossy(upLoses, 7);
    const down = await lossy(downLoses, 11);
    open.push(up, down);
    const { page: sender } = await room.person("sender", LOOK);
    const { page: viewer } = await room.person("viewer", CONSUMER);
    const own = { sender: await room.ticket("sender"), viewer: await room.ticket("viewer") };
    const publish = { simulcast: true, audio: "red", relay: up.relay };
    await sender.evaluate((x) => window.rtc.publish(x.ticket, x.how), { ticket: own.sender.ticket, how: publish });
    const watch = { ticket: own.viewer.ticket, of: own.sender.participant, way: { relay: down.relay } };
    await viewer.evaluate((x) => window.rtc.watch(x.ticket, x.of, x.way), watch);
    await until("frames", () => inbound(viewer, "video"), (row) => row?.framesDecoded > 60, 30_000);
    await new Promise((done) => setTimeout(done, 5_000));
    await run({ room, up, down, viewer });
  } finally {
    for (const path of open) path.end();
    await room.end();
  }
}

const inbound = (viewer, kind) => viewer.evaluate((k) => window.rtc.inbound(0, k), kind);

/** How long after an outage the first frame is shown and the first sound is heard that is not made up, in milliseconds. */
async function outage(way) {
  await call({}, async ({ room, up, down, viewer }) => {
    const path = way === "up" ? up : down;
    for (let round = 1; round <= 5; round += 1) {
      await viewer.evaluate(() => {
        window.seen = { frames: [], sound: [] };
        const video = document.querySelector("video");
        const next = () => {
          window.seen.frames.push(Date.now());
          video.requestVideoFrameCallback(next);
        };
        video.requestVideoFrameCallback(next);
        window.clearInterval(window.listening);
        window.listening = window.setInterval(async () => {
          const row = await window.rtc.inbound(0, "audio");
          window.seen.sound.push([Date.now(), row.totalSamplesReceived - row.concealedSamples]);
        }, 25);
      });
      await new Promise((done) => setTimeout(done, 500));
      const before = await inbound(viewer, "video");
      const from = Date.now();
      await path.blackout(2_000);
      const end = Date.now();
      await new Promise((done) => setTimeout(done, 4_000));
      const { frames, sound } = await viewer.evaluate(() => window.seen);
      const after = await inbound(viewer, "video");
      const shown = frames.filter((at) => at > end);
      const heard = sound.find(([at, samples], place) => at > end + 30 && place > 0 && samples > sound[place - 1][1]);
      const steady = shown.filter((at, place) => place > 0 && at - shown[place - 1] > 183).length;
      console.log(`== outage-${way} ${round}, ${end - from} ms: first frame after ${shown[0] - end} ms, then ${steady} freezes, ` +
        `sound after ${heard?.[0] - end} ms; ${after.pliCount - before.pliCount} keyframes asked for, ` +
        `${after.nackCount - before.nackCount} requests, ${after.keyFramesDecoded - before.keyFramesDecoded} keyframes, ` +
        `${after.frameHeight} high`);
    }
    console.log(`  ${await metrics(room)}`);
  });
}

async function metrics(room) {
  const all = await fetch(`http://127.0.0.1:${room.server.port}/metrics`).then((one) => one.text()).catch(() => "");
  const wanted = /(retransmi|nack|repeat|keyframe|redundancy|forwarded|probe|packets_total)/;
  return all.split("\n").filter((line) => !line.startsWith("#") && wanted.test(line)).join("; ");
}

async function measure(way) {
  await call({ up: way === "up" || way === "both", down: way === "down" || way === "both" }, async ({ room, viewer }) => {
    const look = async () => ({ at: Date.now(), video: await inbound(viewer, "video"), audio: await inbound(viewer, "audio") });
    await viewer.evaluate(() => {
      window.gaps = [];
      const video = document.querySelector("video");
      let before = null;
      const next = (now, frame) => {
        if (before !== null) window.gaps.push(Math.round(now - before));
        before = now;
        video.requestVideoFrameCallback(next);
      };
      video.requestVideoFrameCallback(next);
    });
    const first = await look();
    await new Promise((done) => setTimeout(done, Number(seconds) * 1000));
    const last = await look();
    const gaps = await viewer.evaluate(() => window.gaps);
    const rows = (kind, names) => Object.fromEntries(names.map((name) => [name, (last[kind][name] ?? 0) - (first[kind][name] ?? 0)]));
    const [video, audio] = [rows("video", VIDEO), rows("audio", AUDIO)];
    const took = (last.at - first.at) / 1000;
    const edges = [50, 75, 100, 133, 167, 200, 300, 500, Infinity];
    const histogram = edges.map((edge, place) => gaps.filter((gap) => gap < edge && gap >= (edges[place - 1] ?? 0)).length);
    console.log(`== ${way}: ${took.toFixed(0)} s, ${last.video.frameHeight} high`);
    console.log(`  frozen ${((100 * video.totalFreezesDuration) / took).toFixed(2)} % in ${video.freezeCount}`);
    console.log(`  gaps < ${edges.join(" ")}: ${histogram.join(" ")}`);
    console.log(`  jitter buffer ${((1000 * video.jitterBufferDelay) / video.jitterBufferEmittedCount).toFixed(0)} ms`);
    console.log(`  ${JSON.stringify(video)}`);
    const made = (100 * audio.concealedSamples) / audio.totalSamplesReceived;
    const audible = (100 * (audio.concealedSamples - audio.silentConcealedSamples)) / audio.totalSamplesReceived;
    console.log(`  sound made up ${made.toFixed(2)} % (audible ${audible.toFixed(2)} %) in ${audio.concealmentEvents}, ` +
      `buffer ${((1000 * audio.jitterBufferDelay) / audio.jitterBufferEmittedCount).toFixed(0)} ms`);
    console.log(`  ${await metrics(room)}`);
  });
}

for (const way of ways) {
  if (way.startsWith("outage-")) await outage(way.slice("outage-".length));
  else await measure(way);
}
