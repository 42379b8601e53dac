// The call page's own dealings with media: simulcast that rests where nobody watches, and a path that is made anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as h from "./harness.mjs";
import { until } from "./rooms.mjs";
import { bookAsNewVisitor, CARDS, meet } from "./walk.mjs";

/** Rows of the newest connection's statistics. */
const rows = ({ page }, type) =>
  page.evaluate(async (wanted) => {
    const connection = window[Symbol.for("test connections")].at(-1);
    return [...(await connection.getStats()).values()].filter((row) => row.type === wanted);
  }, type);

const encodings = async (person) => {
  const video = (await rows(person, "outbound-rtp")).filter((row) => row.kind === "video" && row.rid !== undefined);
  return Object.fromEntries(video.map((row) => [row.rid, row]));
};

const connections = ({ page }) => page.evaluate(() => window[Symbol.for("test connections")].length);

test("a page sends what is watched, and keeps its peer through a new path", { timeout: 150_000 }, async (t) => {
  const world = await h.startWorld();
  t.after(() => world.end());
  await world.cast({ size: [960, 540] });
  await world.story(async () => {
    const { operator, provider, consumer, server } = world;
    const id = await bookAsNewVisitor(consumer.page, operator.page, server.origin, {
      place: "Bergen",
      provider: "Dyreklinikken Nordli",
      service: "Videotime",
      person: h.OLA,
      card: CARDS.accepted,
    });
    await meet(provider, consumer, server.origin, id);
    await h.seeColours(consumer.page, [h.PROVIDER.left, h.PROVIDER.right]);
    await h.seeColours(provider.page, [h.CONSUMER.left, h.CONSUMER.right]);

    // A small window asks for a small picture, and the largest encoding rests; a large one wakes it.
    const names = Object.keys(await encodings(provider)).sort();
    assert.deepEqual(names, ["h", "l", "m"]);
    const watched = (what, fits) => until(what, () => encodings(provider), fits, 20_000);
    await consumer.page.setViewportSize({ width: 480, height: 360 });
    await watched("the largest encoding rests", (seen) => seen.h.active === false);
    const began = Date.now();
    await consumer.page.setViewportSize({ width: 1280, height: 800 });
    await watched("the largest encoding wakes", (seen) => seen.h.active === true);
    t.diagnostic(`woken after ${Date.now() - began} ms`);

    // The device comes back from another network: the same peer finds a path again.
    const pairs = async () => (await rows(consumer, "transport"))[0].selectedCandidatePairChanges;
    const [before, peers] = [await pairs(), await connections(consumer)];
    await consumer.page.evaluate(() => window.dispatchEvent(new Event("online")));
    await until("a new path", pairs, (now) => now > before);
    await h.seeColours(consumer.page, [h.PROVIDER.left, h.PROVIDER.right]);
    await h.seeColours(provider.page, [h.CONSUMER.left, h.CONSUMER.right]);
    assert.equal(await connections(consumer), peers, "the peer is the same");
    assert.equal(await consumer.page.getAttribute("[data-phase]", "data-attempt"), "1");
    const [transport] = await rows(consumer, "transport");
    assert.equal(transport.dtlsState, "connected");
    for (const person of [provider, consumer]) h.assertClean(person);
  });
});
