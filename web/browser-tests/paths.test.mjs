// Getting through: over TCP where UDP is blocked, over IPv6, and over a new path when the old one ended.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";
import { CONSUMER, PROVIDER } from "./harness.mjs";
import { decodes, startRoom, until } from "./rooms.mjs";

/** The fake camera's frames. */
const HEIGHT = 360;

/** One sends, another receives, both as `options` say; gives back both and their sessions. */
async function call(room, options = {}) {
  const sender = await room.person("sender", PROVIDER);
  const viewer = await room.person("viewer", CONSUMER);
  const [from, to] = [await room.ticket("from"), await room.ticket("to")];
  await sender.page.evaluate((x) => window.rtc.publish(x.ticket, x.options), { ticket: from.ticket, options });
  const watch = { ticket: to.ticket, participant: from.participant, options };
  await viewer.page.evaluate((x) => window.rtc.watch(x.ticket, x.participant, x.options), watch);
  await decodes(viewer.page, 0, HEIGHT);
  return { sender, viewer };
}

const path = ({ page }) => page.evaluate(() => window.rtc.path(0));
const seen = ({ page }) => page.evaluate(() => window.rtc.inbound(0));

test("where UDP is blocked, media goes over TCP", { timeout: 60_000 }, async (t) => {
  const room = await startRoom();
  t.after(room.end);
  const { sender, viewer } = await call(room, { transport: "tcp" });
  for (const person of [sender, viewer]) {
    assert.deepEqual(await path(person), { address: "127.0.0.1", port: room.server.mediaPort, protocol: "tcp" });
  }
  const before = await seen(viewer);
  const after = await until("two more seconds of frames", () => seen(viewer), (row) => row.framesDecoded > before.framesDecoded + 30);
  assert.equal(after.packetsLost, 0);
});

/** Whether this machine has IPv6 on its loopback. */
function hasIpv6() {
  return new Promise((done) => {
    const socket = createSocket("udp6");
    socket.once("error", () => done(false));
    socket.bind(0, "::1", () => socket.close(() => done(true)));
  });
}

test("media goes over IPv6", { timeout: 60_000 }, async (t) => {
  if (!(await hasIpv6())) return t.skip("this machine has no IPv6");
  const room = await startRoom({ BOOKA_MEDIA__BIND: '["::1"]' });
  t.after(room.end);
  const { sender, viewer } = await call(room);
  for (const person of [sender, viewer]) {
    const { address, port, protocol } = await path(person);
    assert.deepEqual([address.replace(/[[\]]/g, ""), port, protocol], ["::1", room.server.mediaPort, "udp"]);
  }
});

test("an ICE restart keeps the session, and no frame is lost by it", { timeout: 60_000 }, async (t) => {
  const room = await startRoom();
  t.after(room.end);
  const { sender, viewer } = await call(room);
  const [fingerprint] = await viewer.page.evaluate(() => window.rtc.stats(0, "transport"));
  for (const { page } of [sender, viewer]) await page.evaluate(() => window.rtc.restart(0));
  const restarted = ({ page }) => page.evaluate(() => window.rtc.stats(0, "transport"));
  for (const person of [sender, viewer]) {
    await until("a new path", () => restarted(person), ([row]) => row.selectedCandidatePairChanges > 1 && row.iceState !== "checking");
  }
  const before = await seen(viewer);
  const after = await until("two more seconds of frames", () => seen(viewer), (row) => row.framesDecoded > before.framesDecoded + 30);
  const [transport] = await restarted(viewer);
  assert.equal(transport.dtlsState, "connected");
  assert.equal(transport.localCertificateId, fingerprint.localCertificateId, "the DTLS association is the same");
  assert.deepEqual([after.packetsLost, after.freezeCount, after.keyFramesDecoded], [0, 0, before.keyFramesDecoded]);
  const { participants } = await room.partner("GET", `/api/v1/rooms/${room.room}`);
  assert.deepEqual(participants.map((one) => one.connected), [true, true]);
});
