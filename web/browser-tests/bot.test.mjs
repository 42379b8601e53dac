// The independent peer, built on another WebRTC stack, takes the consumer's seat; Chromium and it see and hear each other.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as h from "./harness.mjs";
import { bookAsNewVisitor, CARDS } from "./walk.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const BOT = process.env.BOOKA_TEST_BOT ?? join(ROOT, "target/debug/booka-bot");
const BOT_TONE = 523;

/** Starts the bot; `ended` gives its exit code, its line of results, and what it complained about. */
function startBot(...args) {
  const child = spawn(BOT, args, { cwd: ROOT });
  let out = "";
  let complaints = "";
  child.stdout.on("data", (bytes) => (out += bytes));
  child.stderr.on("data", (bytes) => (complaints += bytes));
  const ended = new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done({ code, out, complaints }));
  });
  return { child, ended };
}

test("a bot on another WebRTC stack joins the call, and both sides decode each other", async () => {
  const world = await h.startWorld();
  let bot = null;
  try {
    await world.cast();
    await world.story(async () => {
      const { operator, provider, consumer, server } = world;
      const id = await bookAsNewVisitor(consumer.page, operator.page, server.origin, {
        place: "Bergen",
        provider: "Dyreklinikken Nordli",
        service: "Videotime",
        person: h.OLA,
        card: CARDS.accepted,
      });
      await h.joinCall(provider, `${server.origin}/call/${id}`, "call");
      const answer = await consumer.context.request.post(`${server.origin}/call/${id}/ticket`, {
        headers: { origin: server.origin },
      });
      assert.equal(answer.status(), 200);
      const { ticket } = await answer.json();
      bot = startBot(
        ...["--url", `ws://127.0.0.1:${server.port}/call/socket`, "--ticket", ticket],
        ...["--tone", String(BOT_TONE), "--seconds", "12"],
        ...["--expect-tone", String(h.PROVIDER.tone), "--expect-video"],
      );
      await provider.page.click('[data-action="admit"]', { timeout: h.WAIT_MS });
      await h.seeColours(provider.page, ["magenta", "magenta"]);
      const tone = await h.remoteTone(provider.page);
      assert.ok(tone !== null && Math.abs(tone - BOT_TONE) < 12, `expected about ${BOT_TONE} Hz, heard ${tone}`);
      const { code, out, complaints } = await bot.ended;
      assert.equal(code, 0, `the bot missed something: ${out}${complaints}`);
      const report = JSON.parse(out.trim().split("\n").at(-1));
      assert.equal(report.remote_candidate, `127.0.0.1:${server.mediaPort}/udp`);
      assert.equal(report.tone_hz, h.PROVIDER.tone);
      assert.ok(report.received.video_frames >= 100, `${report.received.video_frames} frames in 12 s at 15 a second`);
      assert.equal(report.received.video_broken_frames, 0);
      h.assertClean(provider);
    });
  } finally {
    bot?.child.kill("SIGKILL");
    await world.end();
  }
});
