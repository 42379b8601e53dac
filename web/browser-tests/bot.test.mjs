// Another WebRTC implementation in the same call as Chromium: each proves that it sees and hears the other.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bookCall } from "./booking.mjs";
import { PROVIDER, joinCall, remoteCandidate, remoteTone, seeColours, startWorld } from "./harness.mjs";

const BOT = process.env.BOOKA_TEST_BOT ?? join(dirname(fileURLToPath(import.meta.url)), "../../target/debug/booka-bot");
/** What the bot sends: its own clip, plain magenta, and this tone. */
const BOT_LOOK = { left: "magenta", right: "magenta", tone: 523 };

/** Runs the bot to its end; gives back its exit code, its report, and what it complained about. */
function runBot(world, ticket) {
  const child = spawn(BOT, [
    ...["--url", `ws://127.0.0.1:${world.server.port}/call/socket`, "--ticket", ticket],
    ...["--tone", String(BOT_LOOK.tone), "--seconds", "10", "--lobby-seconds", "30"],
    ...["--expect-tone", String(PROVIDER.tone), "--expect-video"],
  ]);
  let out = "";
  let errors = "";
  child.stdout.on("data", (bytes) => (out += bytes));
  child.stderr.on("data", (bytes) => (errors += bytes));
  const done = new Promise((end, fail) => {
    child.on("error", fail);
    child.on("close", (code) => end({ code, report: out === "" ? null : JSON.parse(out), errors }));
  });
  return { done, kill: () => child.kill("SIGKILL") };
}

test("an independent peer and Chromium see and hear each other", { timeout: 120_000 }, async (t) => {
  const world = await startWorld();
  t.after(() => world.end());
  const { origin } = world.server;
  const { provider, consumer, call } = await bookCall(world);

  const person = await world.person("provider", PROVIDER);
  await person.context.addCookies(provider.cookies);
  await joinCall(person, `${origin}/call/${call}`, "call");
  const { ticket } = JSON.parse((await consumer.post(`/call/${call}/ticket`)).text);
  const bot = runBot(world, ticket);
  t.after(bot.kill);
  await person.page.click('[data-action="admit"]');

  await seeColours(person.page, [BOT_LOOK.left, BOT_LOOK.right]);
  const tone = await remoteTone(person.page);
  assert.ok(Math.abs(tone - BOT_LOOK.tone) < 15, `Chromium hears ${tone} Hz`);
  const { port, protocol } = await remoteCandidate(person.page);
  assert.deepEqual({ port, protocol }, { port: world.server.mediaPort, protocol: "udp" });

  const { code, report, errors } = await bot.done;
  assert.equal(code, 0, `${errors}${JSON.stringify(report)}\n${world.server.log}`);
  assert.ok(Math.abs(report.tone_hz - PROVIDER.tone) <= 8, `the bot hears ${report.tone_hz} Hz`);
  assert.equal(report.remote_candidate, `127.0.0.1:${world.server.mediaPort}/udp`);
  assert.ok(report.audio_samples > 5 * 48_000, `the bot decoded ${report.audio_samples} samples`);
  assert.deepEqual([person.strangers, person.faults], [[], []]);
});
