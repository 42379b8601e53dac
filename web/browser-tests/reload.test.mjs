// What becomes of a call whose page is loaded again or whose server falls silent, and who is told of whom before it (trial E7).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bookNow, signInByLink, Visitor } from "./booking.mjs";
import * as h from "./harness.mjs";
import { beginNow, seedLink } from "./walk.mjs";

/** Within this the other side reads that somebody reconnects. */
const TOLD_MS = 1_000;
/** The clock comes every second; a second after it failed to come, that is said. A browser draws a moment later. */
const QUIET_MS = 2_500;
/** How long the server is silent: less than what makes a page connect anew. */
const SILENT_MS = 3_500;
/** Two looks at the meter differ by no more, whatever the server does. */
const STEP_MS = 3_200;

let world;

before(async () => {
  world = await h.startWorld();
  await world.cast();
});

after(() => world?.end());

/** Books the next time at the vet's and lets it begin; the consumer's browser is signed in. */
async function book() {
  const { operator, consumer, server } = world;
  const reader = new Visitor(server.origin);
  await signInByLink(reader, seedLink({ seed: await server.command("seed-demo") }, "Operator"));
  const booked = await bookNow(server.origin, reader, "dyreklinikken-nordli", "kari@example.no");
  await consumer.context.addCookies(booked.consumer.cookies);
  beginNow(server, booked.call);
  assert.ok(operator);
  return booked.call;
}

/** Notes when an element first shows, by the wall clock of this machine. */
function noteFirst(page, selector) {
  return page.evaluate((wanted) => {
    window.firstSeen = new Promise((seen) => {
      const look = () => document.querySelector(wanted) !== null && seen(Date.now());
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
      look();
    });
  }, selector);
}

const firstSeen = (page) => page.evaluate(() => window.firstSeen);

test("who waits is seen before the call, and who is not there is told by mail", () =>
  world.story(async () => {
    const { operator, provider, consumer, server } = world;
    const id = (world.call = await book());
    const url = `${server.origin}/call/${id}`;
    await h.joinCall(consumer, url, "lobby");
    // Nobody of the provider is there: a mail went, the page says so, and the way out is at hand since the time has come.
    await consumer.page.waitForSelector("[data-told]");
    const words = await consumer.page.innerText("main");
    assert.match(words, /Vi sendte .+ en e-post kl\. \d\d:\d\d/u);
    assert.match(words, /Forsinket siden kl\. \d\d:\d\d/u);
    assert.equal(await consumer.page.getAttribute('a[href$="/cancel"]', "href"), `/bookings/${id}/cancel`);
    await operator.page.goto(`${server.origin}/operator/outbox`);
    assert.match(await operator.page.innerText("main"), /venter på deg/u);

    await provider.page.goto(url);
    await provider.page.waitForSelector('[data-other="waiting"]');
    assert.deepEqual(await h.seriousFindings(provider.page), []);
    await provider.page.click('[data-action="join"]');
    await h.waitForPhase(provider.page, "call");
    await consumer.page.waitForSelector("[data-told]", { state: "detached" });

    // Turning somebody away is asked first, and they are told and may come back.
    await provider.page.click('[data-action="dismiss"]');
    await provider.page.click('[data-action="dismiss-confirmed"]');
    await h.waitForPhase(consumer.page, "ended");
    assert.equal(await consumer.page.getAttribute('[data-action="rejoin"]', "aria-disabled"), "true", "not at once");
    assert.deepEqual(await h.seriousFindings(consumer.page), []);
    await consumer.page.waitForSelector('[data-action="rejoin"][aria-disabled="false"]', { timeout: 40_000 });
    await consumer.page.click('[data-action="rejoin"]');
    await h.waitForPhase(consumer.page, "lobby");
    await provider.page.click('[data-action="admit"]');
    await h.waitForPhase(consumer.page, "call");
    await seeEachOther();
  }));

function seeEachOther() {
  const { provider, consumer } = world;
  return Promise.all([
    h.seeColours(consumer.page, [h.PROVIDER.left, h.PROVIDER.right]),
    h.seeColours(provider.page, [h.CONSUMER.left, h.CONSUMER.right]),
  ]);
}

test("a page that is loaded again goes straight back in, and the other side reads it at once", () =>
  world.story(async () => {
    const { provider, consumer } = world;
    await consumer.page.click('[data-control="microphone"]');
    await consumer.page.waitForSelector('[data-control="microphone-off"]');
    await noteFirst(provider.page, '[data-banner^="call-banner-far"]');
    // Whatever the page shows on its way, it asks for nothing a second time.
    await consumer.page.addInitScript(() => {
      window.screens = new Set();
      const note = () => {
        const main = document.querySelector("main.call");
        if (main !== null) window.screens.add(main.className);
      };
      new MutationObserver(note).observe(document, { subtree: true, childList: true, attributes: true });
    });
    const reloaded = Date.now();
    await consumer.page.reload();
    await h.waitForPhase(consumer.page, "call");
    const told = (await firstSeen(provider.page)) - reloaded;
    assert.ok(told <= TOLD_MS, `told after ${told} ms`);
    await seeEachOther();
    assert.deepEqual(await consumer.page.evaluate(() => [...window.screens]), ["call is-room"]);
    assert.equal(await consumer.page.locator('[data-control="microphone-off"]').count(), 1, "it is off, as before");
    assert.equal(await provider.page.locator("[data-banner]").count(), 0);

    await noteFirst(consumer.page, '[data-banner^="call-banner-far"]');
    const again = Date.now();
    await provider.page.reload();
    await h.waitForPhase(provider.page, "call");
    const heard = (await firstSeen(consumer.page)) - again;
    assert.ok(heard <= TOLD_MS, `told after ${heard} ms`);
    await seeEachOther();
  }));

test("a server that falls silent is said within a second of its first missing word, and the clock neither stands nor jumps", () =>
  world.story(async () => {
    const { provider, consumer, server } = world;
    await h.waitForBillable(consumer.page, 1_000);
    await consumer.page.waitForTimeout(1_500);
    await consumer.page.evaluate(() => {
      window.looks = [];
      window.looking = setInterval(() => {
        const { billableMs, running } = document.querySelector("[data-billable-ms]").dataset;
        window.looks.push([Date.now(), Number(billableMs), running]);
      }, 100);
    });
    await noteFirst(consumer.page, '[data-banner="call-banner-quiet"]');
    const silent = Date.now();
    server.freeze();
    try {
      const said = (await firstSeen(consumer.page)) - silent;
      assert.ok(said <= QUIET_MS, `said after ${said} ms`);
      await consumer.page.waitForTimeout(Math.max(0, silent + SILENT_MS - Date.now()));
    } finally {
      server.wake();
    }
    await consumer.page.waitForSelector("[data-banner]", { state: "detached" });
    await consumer.page.waitForTimeout(2_000);
    const looks = await consumer.page.evaluate(() => window.looks);
    const moved = [...new Set(looks.map(([, ms]) => ms))];
    const steps = moved.slice(1).map((ms, at) => ms - moved[at]);
    assert.ok(steps.every((step) => step > 0 && step <= STEP_MS), `steps of ${steps} ms`);
    const [at, last] = [looks.at(-1)[0] - looks[0][0], looks.at(-1)[1] - looks[0][1]];
    assert.ok(last >= at - STEP_MS, `${last} ms of ${at} ms were shown`);
    for (const person of [provider, consumer]) h.assertClean(person);
  }));

test("a server that is gone is said within a second, on both pages", () =>
  world.story(async () => {
    const { provider, consumer, server } = world;
    const people = [provider, consumer];
    for (const { page } of people) await noteFirst(page, '[data-banner^="call-banner-reconnecting"]');
    const gone = Date.now();
    await server.kill();
    for (const { name, page } of people) {
      const said = (await firstSeen(page)) - gone;
      assert.ok(said <= TOLD_MS, `${name} read it after ${said} ms`);
      assert.match(await page.innerText(".banner-slot"), /Kobler til igjen/u);
    }
    await server.start();
    for (const { page } of people) await h.waitForPhase(page, "call");
    await seeEachOther();
    for (const person of people) h.assertClean(person);
  }));
