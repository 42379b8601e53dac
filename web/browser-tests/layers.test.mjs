// One camera in one stream with several layers: everyone gets those that fit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CONSUMER, PROVIDER } from "./harness.mjs";
import { decodes, startRoom, until } from "./rooms.mjs";

/** Chromium codes three spatial layers from this size on. Each is half as high as the next. */
const SIZE = [1024, 576];
const HEIGHTS = [144, 288, 576];

const inbound = (person, session) => person.page.evaluate((number) => window.rtc.inbound(number), session);

async function resize(person, session, height) {
  const size = { session, width: Math.round((height * 16) / 9), height };
  await person.page.evaluate((x) => window.rtc.size(x.session, x.width, x.height), size);
}

/** A sender with these layers and a viewer, both in a fresh room. */
async function scene(t, options) {
  const room = await startRoom();
  t.after(room.end);
  const sender = await room.person("sender", { ...PROVIDER, size: SIZE });
  const viewer = await room.person("viewer", CONSUMER);
  const { ticket, participant } = await room.ticket("camera");
  await sender.page.evaluate((x) => window.rtc.publish(x.ticket, x.options), { ticket, options });
  const watch = async (name, way) => {
    const own = await room.ticket(name, { publish: false, subscribe: true });
    const args = { ticket: own.ticket, participant, way };
    return viewer.page.evaluate((x) => window.rtc.watch(x.ticket, x.participant, x.way), args);
  };
  const outbound = async () => {
    const rows = await sender.page.evaluate(() => window.rtc.stats(0, "outbound-rtp"));
    return rows.find((row) => row.kind === "video");
  };
  return { sender, viewer, watch, outbound };
}

const PLANS = [
  { video: "vp9", layers: "L3T3", descriptor: false },
  { video: "av1", layers: "L3T3_KEY", descriptor: true },
  { video: "av1", layers: "L2T2", descriptor: true },
];

for (const { video, layers, descriptor } of PLANS) {
  const name = `${video} ${layers}${descriptor ? " with the dependency descriptor" : ""}`;
  test(`${name}: each receiver decodes the layers that fit, and changes them by size`, { timeout: 180_000 }, async (t) => {
    const { sender, viewer, watch, outbound } = await scene(t, { video, layers });
    const heights = HEIGHTS.slice(-Number(layers[1]));
    const sessions = [];
    for (const height of heights) {
      const session = await watch(`at ${height}`, { descriptor });
      sessions.push(session);
      await resize(viewer, session, height);
    }
    for (const [at, height] of heights.entries()) await decodes(viewer.page, sessions[at], height, 60_000);

    // A larger tile brings a larger picture, a smaller one a smaller.
    const [first] = sessions;
    const before = await inbound(viewer, first);
    const began = Date.now();
    await resize(viewer, first, HEIGHTS[2]);
    await until("a larger picture", () => inbound(viewer, first), (row) => row.frameHeight === HEIGHTS[2]);
    const took = Date.now() - began;
    await resize(viewer, first, heights[0]);
    const after = await decodes(viewer.page, first, heights[0]);
    const frozen = after.totalFreezesDuration - before.totalFreezesDuration;
    t.diagnostic(`switched up in ${took} ms, frozen for ${frozen} s by both switches`);

    for (const session of sessions) {
      const row = await inbound(viewer, session);
      assert.equal(row.packetsLost, 0, JSON.stringify(row));
      assert.equal(row.codec, `video/${video}`);
      assert.ok(row.pliCount <= 2, `keyframes are not asked for again and again: ${row.pliCount}`);
    }
    const sent = await outbound();
    assert.equal(sent.scalabilityMode, layers);
    t.diagnostic(`${sent.pliCount} keyframes asked for, ${sent.keyFramesEncoded} made of ${sent.framesEncoded}`);
    assert.deepEqual([sender.faults, viewer.faults], [[], []]);
  });
}

test("without the dependency descriptor, the lowest layer of AV1 is shown at any size", { timeout: 120_000 }, async (t) => {
  const { viewer, watch, outbound } = await scene(t, { video: "av1", layers: "L3T3_KEY" });
  const session = await watch("large");
  await resize(viewer, session, HEIGHTS[2]);
  const row = await decodes(viewer.page, session, HEIGHTS[0], 60_000);
  assert.ok(row.pliCount <= 2, JSON.stringify(row));
  const before = await outbound();
  const after = await until("two more seconds", outbound, (sent) => sent.framesEncoded > before.framesEncoded + 30);
  // A browser that is short of time makes keyframes of its own accord.
  for (const count of ["pliCount", "firCount"]) assert.equal(after[count], before[count], "nobody asks for keyframes");
});

for (const { video, layers, descriptor } of [
  { video: "vp8", layers: "L1T3", descriptor: false },
  { video: "vp9", layers: "L1T3", descriptor: false },
  { video: "av1", layers: "L1T3", descriptor: false },
  { video: "av1", layers: "L1T3", descriptor: true },
]) {
  const name = `${video} ${layers}${descriptor ? " with the dependency descriptor" : ""}`;
  test(`${name}: all temporal layers arrive`, { timeout: 120_000 }, async (t) => {
    const { viewer, watch, outbound } = await scene(t, { video, layers });
    const session = await watch("all", { descriptor });
    const row = await decodes(viewer.page, session, HEIGHTS[2], 60_000);
    assert.deepEqual([row.codec, row.packetsLost], [`video/${video}`, 0]);
    assert.equal((await outbound()).scalabilityMode, layers);
  });
}
