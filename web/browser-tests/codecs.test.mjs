// Every codec that the server forwards, decoded by a real browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PROVIDER } from "./harness.mjs";
import { startRoom, until } from "./rooms.mjs";

test("a browser decodes every codec that the server forwards", { timeout: 180_000 }, async (t) => {
  const room = await startRoom();
  t.after(room.end);
  const { page, faults } = await room.person("both", PROVIDER);
  const plans = [
    ["vp8", "red"],
    ["h264", "opus"],
    ["vp9", "opus"],
    ["av1", "opus"],
  ];
  for (const [at, [video, audio]] of plans.entries()) {
    const [from, to] = [await room.ticket(`from ${video}`), await room.ticket(`to ${video}`)];
    const args = { from, to, options: { video, audio } };
    await page.evaluate((x) => window.rtc.publish(x.from.ticket, x.options), args);
    await page.evaluate((x) => window.rtc.watch(x.to.ticket, x.from.participant), args);
    const [sender, receiver] = [2 * at, 2 * at + 1];
    const ask = () =>
      page.evaluate(
        async (x) => ({
          sent: await window.rtc.sends(x.sender),
          video: await window.rtc.inbound(x.receiver, "video"),
          audio: await window.rtc.inbound(x.receiver, "audio"),
        }),
        { sender, receiver },
      );
    const told = await until(
      `${video} decoded`,
      ask,
      (one) => one.video?.framesDecoded > 15 && one.audio?.totalAudioEnergy > 0.001,
      30_000,
    );
    assert.deepEqual(told.sent, [`video/${video}`, `audio/${audio}`]);
    assert.deepEqual([told.video.codec, told.audio.codec], [`video/${video}`, "audio/opus"]);
    for (const session of [sender, receiver]) await page.evaluate((number) => window.rtc.close(number), session);
  }
  assert.deepEqual(faults, []);
});
