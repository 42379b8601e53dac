// A booked call from search to receipt, between two real browsers and through our own media server.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as h from "./harness.mjs";
import { beginNow, bookAsNewVisitor, CARDS, endCall, meet, readAfterCall, readRecords } from "./walk.mjs";

const FORWARDED = 'booka_media_total{what="forwarded"}';
const CALL_MS = 21_000;

let world;

before(async () => {
  world = await h.startWorld();
  await world.cast();
});

after(() => world?.end());

test("a visitor books, pays, talks, and gets a receipt for the time both were there", () =>
  world.story(async () => {
    const { operator, provider, consumer, server } = world;
    const { origin, mediaPort } = server;
    const id = await bookAsNewVisitor(consumer.page, operator.page, origin, {
      place: "Bergen",
      provider: "Dyreklinikken Nordli",
      service: "Kort spørsmål",
      person: h.OLA,
      card: CARDS.accepted,
    });
    beginNow(server, id);

    const begun = await meet(provider, consumer, origin, id, async () => {
      assert.ok(await h.remoteCandidate(consumer.page), "the media connection is up while the consumer waits");
      assert.equal(await server.counter(FORWARDED), 0, "nothing is forwarded before admission");
      assert.deepEqual(await h.seriousFindings(consumer.page), []);
    });
    await h.seeColours(consumer.page, [h.PROVIDER.left, h.PROVIDER.right]);
    await h.seeColours(provider.page, [h.CONSUMER.left, h.CONSUMER.right]);
    near(await h.remoteTone(consumer.page), h.PROVIDER.tone);
    near(await h.remoteTone(provider.page), h.CONSUMER.tone);
    for (const { page } of [consumer, provider]) {
      assert.deepEqual(await h.remoteCandidate(page), { address: "127.0.0.1", port: mediaPort, protocol: "udp" });
      assert.deepEqual(await h.seriousFindings(page), []);
    }
    assert.ok((await server.counter(FORWARDED)) > 100);

    await h.waitForBillable(consumer.page, CALL_MS);
    const left = Date.now();
    await consumer.page.click('[data-control="leave"]');
    await h.waitForPhase(consumer.page, "ended");
    // Leaving is not ending (trial B3): the provider is told, and the consumer may come back.
    await provider.page.waitForSelector(".stage-empty");
    assert.match(await provider.page.innerText(".stage-empty"), /kan komme tilbake til kl\. \d\d:\d\d/u);
    await consumer.page.click('[data-action="rejoin"]');
    await h.waitForPhase(consumer.page, "call");
    await consumer.page.click('[data-control="leave"]');
    await h.waitForPhase(consumer.page, "ended");
    await endCall(provider);
    const meter = await h.readMeter(provider.page);
    const [least, most] = [left - begun, Date.now() - begun];
    const bounds = `the server measured ${meter.billableMs} ms, the test ${least} to ${most} ms`;
    assert.ok(meter.billableMs >= least - 1_000 && meter.billableMs <= most, bounds);

    const { text, measuredMs } = await readAfterCall(consumer.page, origin, id);
    assert.equal(measuredMs, Math.ceil(meter.billableMs / 100) * 100, "what was shown is what is billed (E21)");
    assert.match(text, /Trukket\s+18,00.kr/u, "one started minute at 18 kr");
    assert.match(text, /Frigitt\s+72,00.kr/u, "the rest of five minutes at 18 kr");
    const { payments } = await readRecords(operator.page, origin, id);
    assert.deepEqual(
      payments.map(([, operation, state, amount]) => `${operation} ${state} ${amount.replace(/\s/gu, " ")}`),
      ["authorise done 90,00 kr", "capture done 18,00 kr"],
    );
    const receipt = await receiptText(consumer, origin, id);
    assert.match(receipt, new RegExp(`\\b${spoken(measuredMs)}\\b`, "u"), "the time both were there");
    const [number] = /\b\d{4}-\d{6}\b/u.exec(text) ?? assert.fail(`no number of a receipt in: ${text}`);
    assert.ok(receipt.includes(number), `receipt ${number}`);
    assert.match(receipt, /18,00/u);
    assert.match(receipt, /72,00/u, "what was released");
    assert.match(receipt, /3,60/u, "25 % value added tax within 18 kr");
    for (const person of [operator, provider, consumer]) h.assertClean(person);
  }));

/** As a receipt says it: `1 min 2 s`. */
function spoken(ms) {
  const [minutes, tenths] = [Math.floor(ms / 60_000), (ms % 60_000) / 100];
  const seconds = `${Math.floor(tenths / 10)},${tenths % 10} s`;
  return minutes === 0 ? seconds : `${minutes} min ${seconds}`;
}

function near(tone, expected) {
  assert.ok(tone !== null && Math.abs(tone - expected) < 12, `expected about ${expected} Hz, heard ${tone}`);
}

async function receiptText(person, origin, id) {
  const answer = await person.context.request.get(`${origin}/bookings/${id}/receipt.pdf`);
  assert.equal(answer.status(), 200);
  const file = join(world.folder, "receipt.pdf");
  writeFileSync(file, await answer.body());
  return execFileSync("pdftotext", ["-layout", file, "-"], { encoding: "utf8" });
}
