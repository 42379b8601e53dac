// The server dies in the middle of calls, and so does a browser: pages recover alone, and nobody pays too much.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as h from "./harness.mjs";
import { beginNow, bookAsNewVisitor, CARDS, endCall, meet, readAfterCall, readRecords, spansTogether } from "./walk.mjs";

/** Both pages must be back within this time of the server's return. */
const BACK_MS = 10_000;
/** What one interruption may cost the provider at most. */
const SHORT_MS = 5_000;
/** Between a click on the button that leaves and the last packet before it. */
const LEAVING_MS = 500;
/** The wall clocks of the test and of the server's records differ by less. */
const CLOCKS_MS = 100;

async function tell(story) {
  const world = await h.startWorld();
  try {
    await world.cast();
    await world.story(() => story(world));
  } finally {
    await world.end();
  }
}

async function bookVideotime({ consumer, operator, server }) {
  const id = await bookAsNewVisitor(consumer.page, operator.page, server.origin, {
    place: "Bergen",
    provider: "Dyreklinikken Nordli",
    service: "Videotime",
    person: h.OLA,
    card: CARDS.accepted,
  });
  beginNow(server, id);
  return id;
}

function seeEachOther({ consumer, provider }, timeout) {
  return Promise.all([
    h.waitForPhase(consumer.page, "call", timeout),
    h.waitForPhase(provider.page, "call", timeout),
    h.seeColours(consumer.page, [h.PROVIDER.left, h.PROVIDER.right], timeout),
    h.seeColours(provider.page, [h.CONSUMER.left, h.CONSUMER.right], timeout),
  ]);
}

/** 15 kr a minute, counted by the second. */
/** What is talked for less than this costs less than a card can be charged, which is nothing. */
const CHARGED_MS = 13_000;
const ORE_PER_S = 25;

test("kill -9 of the server at three moments: both pages come back alone, and one charge follows from the true time", () =>
  tell(async (world) => {
    const { operator, provider, consumer, server } = world;
    const id = await bookVideotime(world);
    const spans = [];
    let since = await meet(provider, consumer, server.origin, id);
    await seeEachOther(world, h.WAIT_MS);
    let seenAt = Date.now();
    // Soon after the start, some checkpoints later, and when the page has only just recovered.
    for (const moment of [1_500, 12_000, 500]) {
      await consumer.page.waitForTimeout(moment);
      const before = server.pid;
      const killed = Date.now();
      await server.kill();
      spans.push({ most: killed - since, least: killed - seenAt - SHORT_MS });
      await h.waitForPhase(consumer.page, "reconnecting");
      since = Date.now();
      await server.start();
      const up = Date.now();
      assert.notEqual(server.pid, before);
      await seeEachOther(world, BACK_MS);
      seenAt = Date.now();
      assert.ok(seenAt - up <= BACK_MS, `back after ${seenAt - up} ms`);
    }
    await consumer.page.waitForTimeout(CHARGED_MS);
    const left = Date.now();
    await consumer.page.click('[data-control="leave"]');
    await h.waitForPhase(consumer.page, "ended");
    await endCall(provider);
    // Nobody was killed here: nothing may be missing but the moment of leaving.
    spans.push({ most: left - since, least: left - seenAt - LEAVING_MS });

    const { measuredMs, text } = await readAfterCall(consumer.page, server.origin, id);
    const { payments, segments } = await readRecords(operator.page, server.origin, id);
    const recorded = spansTogether(segments);
    assert.equal(recorded.length, spans.length, "four spans of each of two");
    for (const [at, { most, least }] of spans.entries()) {
      const bounds = `span ${at + 1}: recorded ${recorded[at]} ms, true between ${least} and ${most} ms`;
      assert.ok(recorded[at] <= most + CLOCKS_MS && recorded[at] >= least, bounds);
    }
    // Every recorded span is in the measured time, which is shown in started tenths: without one of them it is too short.
    const sum = recorded.reduce((one, other) => one + other);
    assert.equal(measuredMs, Math.ceil(sum / 100) * 100, `spans of ${recorded} ms`);
    assert.equal(payments.filter(([, operation]) => operation === "capture").length, 1, "one charge");
    const [, kroner, ore] = /Trukket\s+(\d+),(\d\d).kr/u.exec(text) ?? assert.fail(`no charge in: ${text}`);
    const charged = (Number(kroner) * 100 + Number(ore)) / ORE_PER_S;
    assert.equal(charged, Math.ceil(sum / 1000), `${charged} s were charged for ${sum} ms`);
    for (const person of [operator, provider, consumer]) h.assertClean(person);
  }));

test("a browser dies: the time after its last packet is never billed", () =>
  tell(async (world) => {
    const { operator, provider, consumer, server } = world;
    const id = await bookVideotime(world);
    const since = await meet(provider, consumer, server.origin, id);
    await seeEachOther(world, h.WAIT_MS);
    await h.waitForBillable(provider.page, CHARGED_MS);
    await consumer.kill();
    const most = Date.now() - since;
    await provider.page.waitForSelector('[data-banner="call-banner-far-lost"]', { timeout: 45_000 });
    await endCall(provider);
    const { measuredMs } = await readAfterCall(provider.page, server.origin, id, 45_000);
    assert.ok(measuredMs <= most, `billed ${measuredMs} ms, true at most ${most} ms`);
    // Its last packet was noticed by a server that went on: no checkpoint is lost, only what the killed browser had not sent.
    assert.ok(measuredMs >= CHARGED_MS - 1_000, `billed ${measuredMs} ms of at least ${CHARGED_MS}`);
    const { payments } = await readRecords(operator.page, server.origin, id);
    assert.equal(payments.filter(([, operation]) => operation === "capture").length, 1);
    h.assertClean(provider);
  }));

test("an orderly restart and a second tab: the call moves along, and the seat is held once", () =>
  tell(async (world) => {
    const { provider, consumer, server } = world;
    const id = await bookVideotime(world);
    await meet(provider, consumer, server.origin, id);
    await seeEachOther(world, h.WAIT_MS);
    await server.stop();
    await h.waitForPhase(consumer.page, "reconnecting");
    await server.start();
    const up = Date.now();
    await seeEachOther(world, BACK_MS);
    assert.ok(Date.now() - up <= BACK_MS);

    const first = consumer.page;
    consumer.page = await consumer.context.newPage();
    await h.joinCall(consumer, `${server.origin}/call/${id}`, "call");
    await h.waitForPhase(first, "taken_over");
    await seeEachOther(world, h.WAIT_MS);
    await first.waitForTimeout(3_000);
    assert.equal(await first.getAttribute("[data-phase]", "data-phase"), "taken_over", "the first tab does not fight back");
    await seeEachOther(world, h.WAIT_MS);
    for (const person of [provider, consumer]) h.assertClean(person);
  }));
