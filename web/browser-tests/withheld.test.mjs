// A path too narrow for any picture: the tile says so in words, in the picture's place, and takes them back (trial D3, F17).
import assert from "node:assert/strict";
import { test } from "node:test";
import { bookCall } from "./booking.mjs";
import * as h from "./harness.mjs";
import { badPath, throughRelay } from "./network.mjs";
import { until } from "./rooms.mjs";
import { beginNow, meet } from "./walk.mjs";

/** Less than the smallest picture of a camera takes besides the voice. */
const NARROW_KBPS = 70;
const WIDE_KBPS = 20_000;
const WORDS = "Bildet er satt på pause: forbindelsen din er for svak";

/** What the other's tile says in its picture's place, and to those who do not see it. */
const tile = ({ page }) =>
  page.evaluate(() => {
    const figure = document.querySelector("figure:not(.is-self)");
    const words = figure?.querySelector(".tile-state");
    const box = words?.getBoundingClientRect();
    const within = box && box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
    return { shown: within ? words.innerText : null, label: figure?.getAttribute("aria-label") ?? "" };
  });

test("a picture that a path has no room for is told in its place, and comes back", { timeout: 180_000 }, async (t) => {
  const world = await h.startWorld();
  t.after(() => world.end());
  const { origin, mediaPort } = world.server;
  const { provider, consumer, call } = await bookCall(world);
  beginNow(world.server, call);
  const path = await badPath(mediaPort, { delayMs: 10 });
  t.after(path.end);
  const speaker = await world.person("speaker", { ...h.PROVIDER, size: [960, 540], framesPerSecond: 30 });
  const viewer = await world.person("viewer", h.CONSUMER, { viewport: { width: 390, height: 844 } });
  await speaker.context.addCookies(provider.cookies);
  await viewer.context.addCookies(consumer.cookies);
  await viewer.context.addInitScript(throughRelay, path.relay);
  await world.story(async () => {
    await meet(speaker, viewer, origin, call);
    await h.seeColours(viewer.page, [h.PROVIDER.left, h.PROVIDER.right]);
    assert.equal((await tile(viewer)).shown, null);

    await h.noteSaid(viewer.page);
    path.narrow(NARROW_KBPS);
    const narrowed = Date.now();
    const { label } = await until("words in the picture's place", () => tile(viewer), ({ shown }) => shown === WORDS, 60_000);
    t.diagnostic(`told after ${Date.now() - narrowed} ms`);
    assert.ok(label.includes(WORDS), label);
    // The other's own tile is not concerned: they see and hear all.
    assert.equal((await tile(speaker)).shown, null);
    assert.deepEqual(await h.seriousFindings(viewer.page), []);

    path.narrow(WIDE_KBPS);
    const widened = Date.now();
    const back = await until("no words any more", () => tile(viewer), ({ shown }) => shown === null, 60_000);
    await h.seeColours(viewer.page, [h.PROVIDER.left, h.PROVIDER.right]);
    t.diagnostic(`seen again after ${Date.now() - widened} ms`);
    assert.ok(!back.label.includes(WORDS), back.label);
    assert.deepEqual(await h.said(viewer, "^Bildet er (satt|tilbake)"), [WORDS, "Bildet er tilbake"]);
    for (const person of [speaker, viewer]) h.assertClean(person);
  });
});
