// One camera in three encodings: everyone gets the one that fits.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFirefox } from "./firefox.mjs";
import { CONSUMER, PROVIDER } from "./harness.mjs";
import { outerAddress } from "./network.mjs";
import { CLIENT, decodes, startRoom, until } from "./rooms.mjs";

/** Chromium codes three encodings from this size on. Each is half as high as the next. */
const SIZE = [960, 540];
const HEIGHTS = { l: 135, m: 270, h: 540 };
/** Firefox makes its own picture, of the size that it is asked for. */
const FOX_SIZE = [640, 360];
const FOX_HEIGHTS = { l: 90, m: 180, h: 360 };

let network;
before(() => {
  network = outerAddress();
});
after(() => network.end?.());

const inbound = (viewer, session) => viewer.page.evaluate((number) => window.rtc.inbound(number), session);

function resize(viewer, session, height) {
  const size = { session, width: Math.round((height * 16) / 9), height };
  return viewer.page.evaluate((x) => window.rtc.size(x.session, x.width, x.height), size);
}

/**
 * Three receivers in one browser, each its own peer connection, as three people would have: they ask for the three heights,
 * and each decodes the encoding that it asked for.
 */
async function watchAll(room, viewer, participant, heights) {
  const sessions = {};
  for (const [rid, height] of Object.entries(heights)) {
    const own = await room.ticket(rid, { publish: false, subscribe: true });
    const args = { ticket: own.ticket, participant };
    sessions[rid] = await viewer.page.evaluate((x) => window.rtc.watch(x.ticket, x.participant), args);
    await resize(viewer, sessions[rid], height);
  }
  for (const [rid, height] of Object.entries(heights)) await decodes(viewer.page, sessions[rid], height, 30_000);
  return sessions;
}

/** The encodings that a sending page says it sends pictures of, and their heights. */
async function encodings(page) {
  const rows = await page.evaluate(() => window.rtc.stats(0, "outbound-rtp"));
  const sent = rows.filter((row) => row.kind === "video" && row.framesSent > 0);
  return Object.fromEntries(sent.map((row) => [row.rid, row.frameHeight]));
}

// Which is which is told by what they are, not by the order in which they are named (trial D2).
for (const largestFirst of [false, true]) {
  const order = largestFirst ? "largest" : "smallest";
  test(`three receivers of one camera each decode another encoding, named ${order} first, and change it by size`, {
    timeout: 120_000,
  }, async (t) => {
    const room = await startRoom();
    t.after(room.end);
    const sender = await room.person("sender", { ...PROVIDER, size: SIZE });
    const viewer = await room.person("viewer", CONSUMER);
    const { ticket, participant } = await room.ticket("camera");
    const how = { simulcast: true, largestFirst };
    await sender.page.evaluate((x) => window.rtc.publish(x.ticket, x.how), { ticket, how });
    const sessions = await watchAll(room, viewer, participant, HEIGHTS);

    // A larger tile brings a larger picture within two seconds, a smaller one a smaller.
    const began = Date.now();
    await resize(viewer, sessions.l, HEIGHTS.h);
    const larger = await until("a larger picture", () => inbound(viewer, sessions.l), (row) => row.frameHeight === HEIGHTS.h);
    const took = Date.now() - began;
    t.diagnostic(`switched up in ${took} ms, ${larger.freezeCount} freezes so far`);
    await resize(viewer, sessions.l, HEIGHTS.l);
    await decodes(viewer.page, sessions.l, HEIGHTS.l);

    // Nothing was lost or repaired by all this switching, and nothing wrong was decoded.
    for (const [rid, session] of Object.entries(sessions)) {
      const row = await inbound(viewer, session);
      assert.equal(row.packetsLost, 0, `${rid}: ${JSON.stringify(row)}`);
    }
    assert.deepEqual(await encodings(sender.page), HEIGHTS);
    assert.deepEqual([sender.faults, viewer.faults], [[], []]);
  });
}

// Its encodings are told by an extension that goes one way only (trial D1).
test("Firefox sends three encodings, and each receiver decodes the one that fits", { timeout: 120_000 }, async (t) => {
  if (network.reason !== undefined) return t.skip(network.reason);
  const firefox = await startFirefox(t);
  if (firefox === null) return;
  const room = await startRoom({ BOOKA_MEDIA__BIND: `["${network.host}"]` });
  t.after(room.end);
  const fox = await firefox.newPage();
  await fox.goto(`${room.server.origin}/about`);
  await fox.evaluate(CLIENT);
  const viewer = await room.person("viewer", CONSUMER);
  const { ticket, participant } = await room.ticket("camera");
  const how = { simulcast: true, size: FOX_SIZE };
  await fox.evaluate((x) => window.rtc.publish(x.ticket, x.how), { ticket, how });
  const sessions = await watchAll(room, viewer, participant, FOX_HEIGHTS);
  assert.deepEqual(await encodings(fox), FOX_HEIGHTS);
  await resize(viewer, sessions.l, FOX_HEIGHTS.h);
  await decodes(viewer.page, sessions.l, FOX_HEIGHTS.h);
  for (const [rid, session] of Object.entries(sessions)) {
    const row = await inbound(viewer, session);
    assert.equal(row.packetsLost, 0, `${rid}: ${JSON.stringify(row)}`);
  }
});
