// A booked call from search to receipt, between two real browsers and through our own media server.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as h from "./harness.mjs";
import { bookAsNewVisitor, CARDS, meet, seedLink, signInByLink } from "./walk.mjs";

const FORWARDED = 'booka_media_total{what="forwarded"}';
const OLA = { name: "Ola Hansen", email: "ola@example.no", password: "rød hest i regnet" };
const CALL_MS = 22_000;

let world;
let operator;
let provider;
let consumer;

before(async () => {
  world = await h.startWorld();
  operator = await world.person("operator", h.PROVIDER);
  provider = await world.person("provider", h.PROVIDER);
  consumer = await world.person("consumer", h.CONSUMER);
  await signInByLink(operator.page, seedLink(world, "Operator"));
  await signInByLink(provider.page, seedLink(world, "Provider"));
});

after(() => world?.end());

test("a visitor books, pays, talks, and gets a receipt for the time both were there", () => world.story(async () => {
  const { origin, mediaPort } = world.server;
  const id = await bookAsNewVisitor(consumer.page, operator.page, origin, {
    place: "Bergen",
    provider: "Dyreklinikken Nordli",
    service: "Kort spørsmål",
    person: OLA,
    card: CARDS.accepted,
  });

  await meet(provider, consumer, origin, id, async () => {
    assert.equal(await world.server.counter(FORWARDED), 0, "nothing is forwarded before admission");
    assert.deepEqual(await h.seriousFindings(consumer.page), []);
  });
  await h.seeColours(consumer.page, [h.PROVIDER.left, h.PROVIDER.right]);
  await h.seeColours(provider.page, [h.CONSUMER.left, h.CONSUMER.right]);
  const begun = Date.now();
  near(await h.remoteTone(consumer.page), h.PROVIDER.tone);
  near(await h.remoteTone(provider.page), h.CONSUMER.tone);
  for (const { page } of [consumer, provider]) {
    assert.deepEqual(await h.remoteCandidate(page), { address: "127.0.0.1", port: mediaPort, protocol: "udp" });
    assert.deepEqual(await h.seriousFindings(page), []);
  }
  assert.ok((await world.server.counter(FORWARDED)) > 100);

  await consumer.page.waitForFunction((ms) => {
    const meter = document.querySelector("[data-billable-ms]");
    return Number(meter?.dataset.billableMs) >= ms;
  }, CALL_MS, { timeout: CALL_MS + h.WAIT_MS });
  const clicked = Date.now();
  await consumer.page.click('[data-control="leave"]');
  await h.waitForPhase(consumer.page, "ended");
  await h.waitForPhase(provider.page, "ended", 20_000);

  const after = await afterCall(consumer.page, origin, id);
  const measured = after.measuredMs;
  assert.ok(Math.abs(measured - (clicked - begun)) <= 1_000 + (begun - begun), `measured ${measured}, test ${clicked - begun}`);
  assert.match(after.text, /18,00.kr/, "one started minute at 18 kr");
  assert.match(after.text, /72,00.kr/, "the rest of 90 kr is released");
  const receipt = await receiptText(consumer, origin, id);
  assert.match(receipt, /18,00/);
  for (const person of [operator, provider, consumer]) {
    assert.deepEqual(person.strangers, [], `${person.name} asked other origins`);
    assert.deepEqual(person.faults, [], `${person.name} had faults`);
  }
}));

function near(tone, expected) {
  assert.ok(tone !== null && Math.abs(tone - expected) < 12, `expected about ${expected} Hz, heard ${tone}`);
}

/** The page after the call, once the charge is through. */
async function afterCall(page, origin, id) {
  const until = Date.now() + 30_000;
  for (;;) {
    await page.goto(`${origin}/bookings/${id}`);
    const text = await page.innerText("main");
    if (/Kvittering/.test(text) || Date.now() > until) return { text, measuredMs: readDuration(text) };
    await page.waitForTimeout(500);
  }
}

/** `22 s` or `1 min 2 s` beside the word for measured time, in milliseconds. */
function readDuration(text) {
  const match = /(?:(\d+)\s*min\s*)?(\d+)\s*s\b/u.exec(text);
  return match === null ? Number.NaN : (Number(match[1] ?? 0) * 60 + Number(match[2])) * 1000;
}

async function receiptText(person, origin, id) {
  const answer = await person.context.request.get(`${origin}/bookings/${id}/receipt.pdf`);
  assert.equal(answer.status(), 200);
  const file = join(world.folder, "receipt.pdf");
  writeFileSync(file, await answer.body());
  return execFileSync("pdftotext", ["-layout", file, "-"], { encoding: "utf8" });
}
