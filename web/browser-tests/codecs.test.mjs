// Every codec that the server forwards, sent and decoded by a real browser; and sound over a path that loses packets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectTwo, openLossyPath, startMedia, ticketsForTwo } from "./room.mjs";

/** Asks the page until it tells what is expected, or for 20 s; gives back the last it told. */
async function readUntil(page, expected) {
  const until = Date.now() + 20_000;
  for (;;) {
    const told = await page.evaluate(() => window.room.read());
    if (expected(told) || Date.now() > until) return told;
    await page.waitForTimeout(100);
  }
}

test("a browser decodes every codec that the server forwards", { timeout: 180_000 }, async (t) => {
  const { post, person } = await startMedia(t, "codecs");
  for (const [video, audio] of [
    ["video/vp8", "audio/opus"],
    ["video/h264", "audio/red"],
    ["video/vp9", "audio/red"],
    ["video/av1", "audio/opus"],
  ]) {
    await connectTwo(person.page, { tickets: await ticketsForTwo(post), video, audio });
    const plays = ({ frames, energy }) => frames >= 30 && energy > 0.01;
    const told = await readUntil(person.page, plays);
    await person.page.evaluate(() => window.room.close());
    assert.deepEqual(told.sent, [video, audio], JSON.stringify(told));
    // Sound leaves the server plain, as long as nothing is lost on the way.
    assert.deepEqual(told.received, [video, "audio/opus"], JSON.stringify(told));
    assert.ok(plays(told), `${video}: ${JSON.stringify(told)}`);
  }
  assert.deepEqual(person.faults, []);
});

test("redundant sound stays whole where packets are lost both ways", { timeout: 180_000 }, async (t) => {
  const { server, post, person } = await startMedia(t, "lossy");
  const port = await openLossyPath(t, server.mediaPort, { lost: 0.05, delayMs: 30 });
  const tickets = await ticketsForTwo(post);
  await connectTwo(person.page, { tickets, video: "video/vp8", audio: "audio/red", port });
  // The receiver has to tell its loss before the server adds anything.
  let before = await readUntil(person.page, ({ lost, energy }) => lost > 10 && energy > 0.01);
  const shares = [];
  // Plain sound leaves out about 4.5 % here. A machine that stutters makes gaps too, so one good stretch of three will do.
  for (let stretch = 0; stretch < 3 && !shares.some((share) => share < 0.015); stretch += 1) {
    const after = await readUntil(person.page, ({ samples }) => samples - before.samples > 8 * 48_000);
    assert.ok(after.lost > before.lost, "the path loses packets");
    shares.push((after.concealed - before.concealed) / (after.samples - before.samples));
    before = after;
  }
  assert.ok(shares.at(-1) < 0.015, `left out of the sound: ${shares}`);
  assert.ok(before.frames > 100, JSON.stringify(before));
});
