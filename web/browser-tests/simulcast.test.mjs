// One camera in three encodings: everyone gets the one that fits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CONSUMER, PROVIDER } from "./harness.mjs";
import { decodes, startRoom, until } from "./rooms.mjs";

/** Chromium codes three encodings from this size on. Each is half as high as the next. */
const SIZE = [960, 540];
const HEIGHTS = { l: 135, m: 270, h: 540 };

test("three receivers of one camera each decode another encoding, and change it by size", {
  timeout: 120_000,
}, async (t) => {
  const room = await startRoom();
  t.after(room.end);
  const sender = await room.person("sender", { ...PROVIDER, size: SIZE });
  const viewer = await room.person("viewer", CONSUMER);
  const { ticket, participant } = await room.ticket("camera");
  await sender.page.evaluate((own) => window.rtc.publish(own, { simulcast: true }), ticket);

  // Three receivers in one browser: each its own peer connection, as three people would have.
  const sessions = {};
  const resize = (rid, height) =>
    viewer.page.evaluate((x) => window.rtc.size(x.session, (x.height * 16) / 9, x.height), { session: sessions[rid], height });
  for (const rid of ["l", "m", "h"]) {
    const own = await room.ticket(rid, { publish: false, subscribe: true });
    const args = { ticket: own.ticket, participant };
    sessions[rid] = await viewer.page.evaluate((x) => window.rtc.watch(x.ticket, x.participant), args);
    await resize(rid, HEIGHTS[rid]);
  }
  for (const rid of ["l", "m", "h"]) await decodes(viewer.page, sessions[rid], HEIGHTS[rid], 30_000);

  // A larger tile brings a larger picture within two seconds, a smaller one a smaller.
  const began = Date.now();
  await resize("l", HEIGHTS.h);
  const larger = await until(
    "a larger picture",
    () => viewer.page.evaluate((number) => window.rtc.inbound(number), sessions.l),
    (row) => row.frameHeight === HEIGHTS.h,
  );
  const took = Date.now() - began;
  t.diagnostic(`switched up in ${took} ms, ${larger.freezeCount} freezes so far`);
  await resize("l", HEIGHTS.l);
  await decodes(viewer.page, sessions.l, HEIGHTS.l);

  // Nothing was lost or repaired by all this switching, and nothing wrong was decoded.
  for (const rid of ["l", "m", "h"]) {
    const row = await viewer.page.evaluate((number) => window.rtc.inbound(number), sessions[rid]);
    assert.equal(row.packetsLost, 0, `${rid}: ${JSON.stringify(row)}`);
  }
  const outbound = await sender.page.evaluate(() => window.rtc.stats(0, "outbound-rtp"));
  assert.deepEqual(
    outbound.filter((row) => row.kind === "video").map((row) => row.rid).sort(),
    ["h", "l", "m"],
  );
  assert.deepEqual([sender.faults, viewer.faults], [[], []]);
});
