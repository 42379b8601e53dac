// What the two people in a call read, press and hear said: one at a desk, one with a phone in the hand.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bookCall } from "./booking.mjs";
import * as h from "./harness.mjs";
import { until } from "./rooms.mjs";
import { beginNow, endCall, readAfterCall } from "./walk.mjs";

/** Written from right to left, as the pages around it are not. */
const NAME = "דוד כהן";
/** The least that a finger hits, in CSS pixels. */
const TARGET = 44;

let world;
let provider;
let consumer;
let url;

before(async () => {
  world = await h.startWorld();
  const booked = await bookCall(world, NAME);
  world.call = booked.call;
  beginNow(world.server, booked.call);
  provider = await world.person("provider", h.PROVIDER);
  consumer = await world.person("consumer", h.CONSUMER, { phone: true });
  await provider.context.addCookies(booked.provider.cookies);
  await consumer.context.addCookies(booked.consumer.cookies);
  url = `${world.server.origin}/call/${booked.call}`;
});

after(() => world?.end());

/** Words in which letters from right to left do not stand apart from those around them. */
const turnedOver = ({ page }) =>
  page.evaluate(() => {
    const letters = /[\u0590-\u08ff]/u;
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const bare = node.data.replaceAll(/\u2068[^\u2069]*\u2069/gu, "");
      if (letters.test(bare) && node.parentElement.closest("bdi, .call-avatar") === null) found.push(node.data);
    }
    return found;
  });

/** What fingers would miss, or find beyond the edge. */
const hardToHit = ({ page }) =>
  page.evaluate((least) => {
    const all = [...document.querySelectorAll("button, a, select, summary")].filter((one) => one.checkVisibility());
    const box = (one) => one.getBoundingClientRect();
    const small = all.filter((one) => box(one).height < least || box(one).width < least || box(one).right > innerWidth || box(one).left < 0);
    return small.map((one) => `${one.innerText}: ${box(one).width} by ${box(one).height}`);
  }, TARGET);

const focused = ({ page }) => page.evaluate(() => document.activeElement.dataset.control ?? document.activeElement.tagName);
const stops = ({ page }) => page.locator('.control-bar button[tabindex="0"]').count();

test("before the call the provider reads that the customer waits, and whoever it is keeps to their place (trials E7, E10)", () =>
  world.story(async () => {
    await h.joinCall(consumer, url, "lobby");
    await provider.page.goto(url);
    await provider.page.waitForSelector('[data-other="waiting"]');
    assert.match(await provider.page.innerText("[role=status] > [data-other]"), /er på venterommet/u);
    assert.equal(await provider.page.innerText(".before-with bdi"), NAME);
    assert.deepEqual(await turnedOver(provider), []);
    assert.deepEqual(await hardToHit(consumer), []);
    await h.noteSaid(provider.page);
    await provider.page.click('[data-action="join"]');
    await h.waitForPhase(provider.page, "call");
    await provider.page.waitForSelector('[data-action="admit"]');
    assert.equal((await h.said(provider, "er på venterommet$")).length, 1, "once");

    // Turning away is asked first; the focus goes along, there and back.
    await provider.page.focus('[data-action="dismiss"]');
    await provider.page.keyboard.press("Enter");
    assert.equal(await focused(provider), "P");
    assert.deepEqual(await turnedOver(provider), []);
    await provider.page.keyboard.press("Tab");
    await provider.page.keyboard.press("Tab");
    await provider.page.keyboard.press("Enter");
    assert.equal(await provider.page.evaluate(() => document.activeElement.dataset.action), "dismiss");

    await h.noteSaid(consumer.page);
    await provider.page.keyboard.press("Control+Enter");
    await h.waitForPhase(consumer.page, "call");
    await h.seeColours(consumer.page, [h.PROVIDER.left, h.PROVIDER.right]);
    assert.deepEqual(await h.said(consumer, "sluppet inn"), ["Du er sluppet inn i samtalen"]);
    assert.equal(await focused(consumer), "H1");
    assert.deepEqual(await turnedOver(provider), []);
  }));

test("a phone turns its camera and shows the time left; the sheet of devices leaves the other in sight (trials E12, E22)", () =>
  world.story(async () => {
    const { page } = consumer;
    const camera = () => page.evaluate(() => document.querySelector(".is-self video").srcObject.getVideoTracks()[0].getSettings().deviceId);
    const left = page.locator(".top-left");
    await left.waitFor();
    assert.match(await left.innerText(), /^\d+:\d\d(:\d\d)? igjen$/u);
    assert.deepEqual(await hardToHit(consumer), []);
    const first = await camera();
    await page.tap('[data-control="turn"]');
    await until("the other camera", camera, (now) => now !== first);
    await page.waitForSelector('[data-control="camera"]');

    for (const size of [h.PHONE, { width: 320, height: 640 }, { width: h.PHONE.height, height: h.PHONE.width }, { width: 1280, height: 800 }]) {
      await page.setViewportSize(size);
      await page.click('[data-control="devices"]');
      await page.waitForSelector(".panel");
      await h.seeColours(page, [h.PROVIDER.left, h.PROVIDER.right]);
      const seen = await page.evaluate(() => {
        const [tile, panel] = [".tile.is-main", ".panel"].map((one) => document.querySelector(one).getBoundingClientRect());
        const middle = document.elementFromPoint(tile.x + tile.width / 2, tile.y + tile.height / 2);
        const apart = panel.top >= tile.bottom || panel.left >= tile.right;
        return { apart, bare: middle.closest(".tile") !== null, share: (tile.width * tile.height) / (innerWidth * innerHeight) };
      });
      const { share, ...rest } = seen;
      assert.deepEqual(rest, { apart: true, bare: true }, `${size.width} by ${size.height}`);
      assert.ok(share > 0.15, `at ${size.width} by ${size.height} the other has ${share} of the screen`);
      assert.deepEqual(await hardToHit(consumer), [], `${size.width} by ${size.height}`);
      await page.click(".panel header button");
      await page.waitForSelector(".panel", { state: "detached" });
    }
    await page.setViewportSize(h.PHONE);
  }));

test("switches say what they switch, keys are shown and none is the browser's, and the focus comes back (trial E12)", () =>
  world.story(async () => {
    const { page } = provider;
    for (const [kind, off, on] of [
      ["microphone", "Mikrofon av", "Mikrofon på"],
      ["camera", "Kamera av", "Kamera på"],
    ]) {
      await h.noteSaid(page);
      await page.click(`[data-control="${kind}"]`);
      const button = page.locator(`[data-control="${kind}-off"]`);
      assert.equal(await button.innerText(), off);
      assert.match(await button.getAttribute("aria-label"), new RegExp(`^${off}\\. Slå på ${kind === "camera" ? "kameraet" : "mikrofonen"}$`, "u"));
      await button.click();
      await page.waitForSelector(`[data-control="${kind}"]`);
      assert.deepEqual(await h.said(provider, " (av|på)$"), [off, on]);
    }

    // One stop for Tab, whatever comes into the bar, and arrows within.
    await h.waitForBillable(page, 1_000);
    await page.waitForSelector('[data-control="end"]');
    assert.equal(await stops(provider), 1);
    await page.keyboard.press("F2");
    await page.keyboard.press("End");
    assert.deepEqual([await focused(provider), await stops(provider)], ["leave", 1]);
    await page.keyboard.press("Home");

    await page.keyboard.press("?");
    await page.waitForSelector(".shortcuts");
    assert.equal(await focused(provider), "H2");
    const keys = await page.locator("kbd").allInnerTexts();
    assert.deepEqual(keys, ["Alt + M", "Alt + K", "Ctrl + Enter", "F2", "Esc", "?"]);
    await page.keyboard.press("Escape");
    await page.waitForSelector(".shortcuts", { state: "detached" });
    await until("the control where it was", () => focused(provider), (at) => at === "microphone");
    for (const control of ["devices", "end"]) {
      await page.focus(`[data-control="${control}"]`);
      await page.keyboard.press("Enter");
      await until("the sheet", () => focused(provider), (at) => at === "H2");
      assert.equal(await page.getAttribute(`[data-control="${control}"]`, "aria-expanded"), "true");
      await page.keyboard.press("Escape");
      await until("the button", () => focused(provider), (at) => at === control);
    }

    await page.evaluate(() => {
      window.kept = [];
      window.addEventListener("keydown", (event) => window.kept.push([event.key, event.defaultPrevented]));
    });
    for (const key of ["Control+d", "Control+e", "Alt+k"]) await page.keyboard.press(key);
    const kept = await page.evaluate(() => window.kept.filter(([key]) => key.length === 1));
    assert.deepEqual(kept, [["d", false], ["e", false], ["k", true]]);
    await page.waitForSelector('[data-control="camera-off"]');
    await page.keyboard.press("Alt+k");
    await page.waitForSelector('[data-control="camera"]');
    assert.deepEqual(await h.seriousFindings(page), []);
  }));

test("nothing moves for those who asked for that", () =>
  world.story(async () => {
    const { page } = provider;
    await page.emulateMedia({ reducedMotion: "reduce" });
    const slow = await page.evaluate(() => {
      const seconds = (style) => `${style.transitionDuration},${style.animationDuration}`.split(",").map(Number.parseFloat);
      const all = [...document.querySelectorAll("main, main *")].flatMap((one) => [getComputedStyle(one), getComputedStyle(one, "::after")]);
      return all.filter((style) => seconds(style).some((one) => one > 0.01)).length;
    });
    assert.equal(slow, 0);
    await page.emulateMedia({ reducedMotion: null });
  }));

/** The time that a page tells, as it writes it: `1 min 2,3 s`. */
function readTime(text) {
  return /(?:\d+\s*min\s)?\d+,\d\s*s\b/u.exec(text)?.[0].replaceAll(/\s/gu, " ") ?? assert.fail(`no time in: ${text}`);
}

function spoken(ms) {
  const [minutes, tenths] = [Math.floor(ms / 60_000), Math.ceil((ms % 60_000) / 100)];
  return `${minutes > 0 ? `${minutes} min ` : ""}${Math.floor(tenths / 10)},${tenths % 10} s`;
}

function readKroner(text, before) {
  const found = new RegExp(`${before}\\s*(\\d+)(?:,(\\d\\d))?\\skr`, "u").exec(text) ?? assert.fail(`no amount after ${before} in: ${text}`);
  return Number(found[1]) * 100 + Number(found[2] ?? 0);
}

test("one figure everywhere, and a counter that stands where the page says that it does (trial E21)", () =>
  world.story(async () => {
    const { page } = provider;
    // Less than twelve seconds cost less than a card can be charged.
    await h.waitForBillable(page, 13_000);
    await h.noteSaid(page);
    await page.evaluate(() => {
      window.looks = [];
      setInterval(() => {
        const meter = document.querySelector(".cost-meter");
        const alone = document.querySelector(".stage-empty");
        if (meter !== null && alone !== null) window.looks.push([meter.dataset.running, Number(meter.dataset.billableMs)]);
      }, 20);
    });
    await consumer.page.click('[data-control="leave"]');
    await h.waitForPhase(consumer.page, "ended");
    await page.waitForSelector(".stage-empty");
    assert.match(await page.innerText(".stage-empty"), /Klokken går ikke før begge er her/u);
    const looks = await until("two seconds of it", () => page.evaluate(() => window.looks), (all) => all.length >= 100);
    assert.deepEqual([...new Set(looks.map(([running]) => running))], ["false"], "it stands from the first moment on");
    const figures = [...new Set(looks.map(([, ms]) => ms))];
    // Once when it leaves; and once more where a last report of its media comes late.
    assert.ok(figures.length <= 3 && Math.abs(figures[0] - figures.at(-1)) < 2_000, `the server's figure: ${figures}`);
    assert.equal((await h.said(provider, "forlot samtalen")).length, 1, "once");
    assert.deepEqual(await turnedOver(provider), []);

    const leaving = await consumer.page.innerText(".call-end");
    assert.match(leaving, /Du kan komme tilbake til kl\. \d\d:\d\d/u);
    await endCall(provider);
    const { billableMs, costMinor } = await h.readMeter(page);
    const ended = await page.innerText(".call-end");
    assert.equal(billableMs, figures.at(-1), "nothing was added");
    const { text, measuredMs } = await readAfterCall(consumer.page, world.server.origin, world.call);
    const receipt = await receiptText();
    assert.deepEqual([leaving, ended].map(readTime), [spoken(billableMs), spoken(measuredMs)]);
    assert.equal(spoken(billableMs), spoken(measuredMs));
    assert.ok(receipt.replaceAll(/\s+/gu, " ").includes(spoken(measuredMs)), receipt);
    const charged = readKroner(text, "Trukket");
    assert.deepEqual([costMinor, readKroner(leaving, "for"), readKroner(ended, "kostet")], [charged, charged, charged]);
    assert.ok(receipt.includes(`${Math.floor(charged / 100)},${String(charged % 100).padStart(2, "0")}`), receipt);
    for (const person of [provider, consumer]) h.assertClean(person);
  }));

async function receiptText() {
  const answer = await consumer.context.request.get(`${world.server.origin}/bookings/${world.call}/receipt.pdf`);
  assert.equal(answer.status(), 200);
  const file = join(world.folder, "receipt.pdf");
  writeFileSync(file, await answer.body());
  return execFileSync("pdftotext", ["-layout", file, "-"], { encoding: "utf8" });
}
