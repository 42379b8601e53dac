// A NAT that forgets: the client gets another port and does not know. Firefox nominates a pair once and never again (trial B1).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bookCall } from "./booking.mjs";
import { enterCall, openRelayedPage, reachPhase, startFirefox } from "./firefox.mjs";
import { assertClean, joinCall, PROVIDER, startWorld } from "./harness.mjs";
import { badPath, outerAddress } from "./network.mjs";
import { until } from "./rooms.mjs";
import { beginNow, endCall, readAfterCall } from "./walk.mjs";

/** Firefox asks for consent every 4 to 6 s, which is how the server learns of the new port. */
const MOVED_MS = 8_000;
/** Longer than what the server bridges. */
const DARK_MS = 13_000;
/** After that the page may wait between two tries. */
const BACK_MS = 20_000;
/** How far the times of this test lie from those that the server saw. */
const SEEN_MS = 1_500;

let network;
before(() => {
  network = outerAddress();
});
after(() => network.end?.());

/** Frames that the newest connection of a page decoded so far. */
const decoded = (page) =>
  page.evaluate(async () => {
    const connection = window[Symbol.for("test connections")].at(-1);
    const rows = [...((await connection?.getStats()) ?? new Map()).values()];
    const pictures = rows.filter((row) => row.type === "inbound-rtp" && row.kind === "video");
    return pictures.reduce((sum, row) => sum + (row.framesDecoded ?? 0), 0);
  });

/** Waits until of so many looks in a row, a tenth of a second apart, each finds new frames, or none does. */
async function watchFrames(page, coming, looks, timeout) {
  let [last, alike] = [await decoded(page), 0];
  const look = async () => {
    const now = await decoded(page);
    alike = now > last === coming ? alike + 1 : 0;
    last = now;
    return alike;
  };
  await until(coming ? "frames" : "no frames", look, (count) => count >= looks, timeout);
  return Date.now();
}

/** How long it takes until both see each other again, from the time at which they do not. */
async function untilBack(pages, since, timeout) {
  const times = await Promise.all(pages.map((page) => watchFrames(page, true, 3, timeout)));
  return times.map((at) => at - since);
}

/** Somebody in Chromium and somebody in Firefox behind a relay, who talk to each other. */
async function call(t, firefox) {
  const world = await startWorld({ BOOKA_MEDIA__BIND: `["${network.host}"]` });
  t.after(() => world.end());
  const { origin, mediaPort } = world.server;
  const booked = await bookCall(world);
  beginNow(world.server, booked.call);
  const path = await badPath(mediaPort, { host: network.host });
  t.after(path.end);
  const fox = await openRelayedPage(firefox, path.relay);
  await firefox.setCookie(...booked.consumer.cookies.map(({ name, value }) => ({ name, value, domain: "localhost", path: "/" })));
  const provider = await world.person("provider", PROVIDER);
  await provider.context.addCookies(booked.provider.cookies);
  const url = `${origin}/call/${booked.call}`;
  await joinCall(provider, url, "call");
  await enterCall(fox, url, "lobby");
  const admittedAt = Date.now();
  await provider.page.click('[data-action="admit"]');
  await reachPhase(fox, "call");
  return { world, path, provider, fox, id: booked.call, admittedAt };
}

test("media follows Firefox to another port, and the time of a path that is gone is not billed", { timeout: 180_000 }, async (t) => {
  if (network.reason !== undefined) return t.skip(network.reason);
  const firefox = await startFirefox(t);
  if (firefox === null) return;
  const { world, path, provider, fox, id, admittedAt } = await call(t, firefox);
  const both = [fox, provider.page];
  await world.story(async () => {
    await Promise.all(both.map((page) => watchFrames(page, true, 3, 20_000)));
    const began = Date.now();
    const attempt = () => fox.evaluate(() => document.querySelector("[data-attempt]").dataset.attempt);
    const first = await attempt();

    const movedAt = Date.now();
    path.move();
    await Promise.all(both.map((page) => watchFrames(page, false, 8, 5_000)));
    const moved = await untilBack(both, movedAt, 30_000);
    assert.equal(await attempt(), first, "the same peer, of which the page has heard nothing");

    const darkAt = Date.now();
    path.move();
    await path.blackout(DARK_MS);
    const lightAt = Date.now();
    const back = await untilBack(both, lightAt, 40_000);
    const backAt = Date.now();
    await until("some seconds more", async () => Date.now() - backAt, (ms) => ms > 3_000);

    const left = Date.now();
    await fox.click('[data-control="leave"]');
    await reachPhase(fox, "ended");
    await endCall(provider);
    const { measuredMs } = await readAfterCall(provider.page, world.server.origin, id);
    const [least, most] = [darkAt - began + left - backAt, left - admittedAt - (lightAt - darkAt)];
    t.diagnostic(
      `after another port back in ${moved} ms, after ${lightAt - darkAt} ms of nothing in ${back} ms; ` +
        `measured ${measuredMs} ms, delivered between ${least} and ${most} ms`,
    );
    assert.ok(Math.max(...moved) < MOVED_MS, `after another port back in ${moved} ms`);
    assert.ok(Math.max(...back) < BACK_MS, `back in ${back} ms`);
    assert.ok(measuredMs >= least - SEEN_MS && measuredMs <= most + SEEN_MS, `measured ${measuredMs} ms, not ${least} to ${most} ms`);
    assertClean(provider);
  });
});
