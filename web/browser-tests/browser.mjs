// A person at a browser: an own Chromium process and profile, an own picture and tone, and probes for what arrives.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { writePicture, writeTone } from "./media.mjs";

export const CHROMIUM = process.env.BOOKA_TEST_CHROMIUM ?? "/usr/bin/chromium";
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const WAIT_MS = 15_000;

/** A usual phone, held upright. */
export const PHONE = { width: 390, height: 844 };

/**
 * Starts a browser of its own. `look` is `{ left, right, tone, size, framesPerSecond }`: the colours and the frequency this
 * person sends and, if not 640 by 360 and 15, how large its picture is and how often it comes.
 * Requests to any other origin than `origin` are refused and remembered in `strangers`. With `options.shares`, the tab whose
 * title that is is what this person chooses when the browser asks what to share. With `options.phone` the browser is one of a
 * phone: small, touched with fingers, and with two cameras of the browser's own making.
 */
export async function openPerson(name, origin, folder, look, options = {}) {
  const picture = join(folder, `${name}.y4m`);
  const tone = join(folder, `${name}.wav`);
  const { phone = false } = options;
  writePicture(picture, look.left, look.right, look.size, look.framesPerSecond);
  writeTone(tone, look.tone);
  const process = await chromium.launchServer({
    executablePath: CHROMIUM,
    headless: true,
    args: [
      // Cameras are for secure pages; of the other hosts only the test's own counts as one.
      `--unsafely-treat-insecure-origin-as-secure=${origin}`,
      "--no-sandbox",
      "--disable-background-networking",
      "--allow-loopback-in-peer-connection",
      "--autoplay-policy=no-user-gesture-required",
      `--use-fake-device-for-media-stream${phone ? "=device-count=2" : ""}`,
      options.shares ? `--auto-select-tab-capture-source-by-title=${options.shares}` : "--use-fake-ui-for-media-stream",
      ...(phone ? [] : [`--use-file-for-fake-video-capture=${picture}`]),
      `--use-file-for-fake-audio-capture=${tone}`,
      ...(options.args ?? []),
    ],
  });
  const browser = await chromium.connect(process.wsEndpoint());
  const context = await browser.newContext({
    viewport: options.viewport ?? (phone ? PHONE : { width: 1280, height: 800 }),
    hasTouch: phone,
    isMobile: phone,
    locale: options.locale ?? "nb-NO",
    timezoneId: "Europe/Oslo",
    permissions: ["camera", "microphone"],
  });
  const person = { name, context, strangers: [], faults: [] };
  /** Ends the browser as a crash would: no page hears about it. */
  person.kill = () => process.kill();
  await watch(person, origin);
  person.page = await context.newPage();
  return person;
}

async function watch(person, origin) {
  const { context, strangers, faults } = person;
  const host = new URL(origin).host;
  const foreign = (url) => /^(https?|wss?):/.test(url) && new URL(url).host !== host;
  await context.route(
    (url) => foreign(url.href),
    (route) => {
      strangers.push(route.request().url());
      return route.abort();
    },
  );
  const follow = (page) => {
    page.on("websocket", (socket) => foreign(socket.url()) && strangers.push(socket.url()));
    page.on("pageerror", (error) => faults.push(String(error.stack ?? error)));
    page.on("console", (line) => {
      if (line.type() === "error" && /content security policy/i.test(line.text())) faults.push(line.text());
    });
  };
  context.on("page", follow);
  // Statistics are asked of the page's own connections; the page itself shows them to nobody.
  await context.addInitScript(() => {
    const connections = [];
    const Original = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Original {
      constructor(...args) {
        super(...args);
        connections.push(this);
      }
    };
    Object.defineProperty(window, Symbol.for("test connections"), { value: connections });
  });
}

export function waitForPhase(page, phase, timeout = WAIT_MS) {
  return page.waitForSelector(`[data-phase="${phase}"]`, { timeout, state: "attached" });
}

/** Opens the call and goes in from the device check. */
export async function joinCall(person, url, phase) {
  await person.page.goto(url);
  await person.page.waitForFunction(
    () => document.querySelector(".preview video")?.videoWidth > 0,
    null,
    { timeout: WAIT_MS },
  );
  await person.page.click('[data-action="join"]');
  await waitForPhase(person.page, phase);
}

const REMOTE_PICTURE = 'figure:not(.is-self) video[data-source="camera"]';

/** The colours of the left and right half of the picture that arrives, by name, from its pixels. */
export function remoteColours(page) {
  return page.evaluate((selector) => {
    const video = document.querySelector(selector);
    if (!(video?.videoWidth > 0)) return null;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [64, 36];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(video, 0, 0, 64, 36);
    const name = (x) => {
      const { data } = context.getImageData(x, 4, 12, 28);
      const sums = [0, 0, 0];
      for (let at = 0; at < data.length; at += 4) for (const c of [0, 1, 2]) sums[c] += data[at + c];
      const [red, green, blue] = sums.map((sum) => sum / (data.length / 4) > 110);
      const key = `${red ? "r" : ""}${green ? "g" : ""}${blue ? "b" : ""}`;
      return { r: "red", g: "green", b: "blue", rg: "yellow", rb: "magenta", gb: "cyan", rgb: "white", "": "black" }[key];
    };
    return [name(6), name(46)];
  }, REMOTE_PICTURE);
}

/** Waits until the picture that arrives has these colours and new frames keep coming. */
export async function seeColours(page, [left, right], timeout = WAIT_MS) {
  const until = Date.now() + timeout;
  let seen = null;
  while (Date.now() < until) {
    seen = await remoteColours(page);
    if (seen?.[0] === left && seen[1] === right && (await framesMove(page))) return;
    await page.waitForTimeout(100);
  }
  throw new Error(`expected the picture ${left}/${right}, saw ${JSON.stringify(seen)}`);
}

function framesMove(page) {
  return page.evaluate(async (selector) => {
    const video = document.querySelector(selector);
    const frames = () => video?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
    const before = frames();
    const until = performance.now() + 1500;
    while (frames() <= before && performance.now() < until) await new Promise((next) => setTimeout(next, 50));
    return frames() > before;
  }, REMOTE_PICTURE);
}

/** The frequency, in hertz, of the loudest tone in the decoded sound that arrives; null while all is quiet. */
export function remoteTone(page, timeout = WAIT_MS) {
  return page.evaluate(async (wait) => {
    const until = performance.now() + wait;
    const find = () => document.querySelector('audio[data-source="microphone"]')?.srcObject;
    while (!find() && performance.now() < until) await new Promise((next) => setTimeout(next, 100));
    const stream = find();
    if (!stream) return null;
    const context = new AudioContext();
    await context.resume();
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    analyser.smoothingTimeConstant = 0;
    context.createMediaStreamSource(stream).connect(analyser);
    const bins = new Float32Array(analyser.frequencyBinCount);
    let best = { level: -70, hertz: null, times: 0 };
    while (performance.now() < until && best.times < 3) {
      await new Promise((next) => setTimeout(next, 60));
      analyser.getFloatFrequencyData(bins);
      let peak = 1;
      for (let bin = 2; bin < bins.length; bin += 1) if (bins[bin] > bins[peak]) peak = bin;
      const hertz = (peak * context.sampleRate) / analyser.fftSize;
      if (bins[peak] <= -60) continue;
      const same = best.hertz !== null && Math.abs(best.hertz - hertz) < 15;
      best = { level: bins[peak], hertz, times: same ? best.times + 1 : 1 };
    }
    await context.close();
    return best.times >= 3 ? best.hertz : null;
  }, timeout);
}

/** Address and port of the remote candidate that the newest connected peer uses, once there is one; `null` after a while without. */
export async function remoteCandidate(page) {
  const until = Date.now() + WAIT_MS;
  for (;;) {
    const candidate = await candidateInUse(page);
    if (candidate !== null || Date.now() > until) return candidate;
    await page.waitForTimeout(100);
  }
}

function candidateInUse(page) {
  return page.evaluate(async () => {
    const connections = window[Symbol.for("test connections")].filter((one) => one.connectionState === "connected");
    const report = await connections.at(-1)?.getStats();
    if (!report) return null;
    const rows = [...report.values()];
    const pair = rows.find((row) => row.type === "candidate-pair" && row.nominated && row.state === "succeeded");
    const remote = rows.find((row) => row.id === pair?.remoteCandidateId);
    return remote ? { address: remote.address, port: remote.port, protocol: remote.protocol } : null;
  });
}

/** What the meter shows: billable milliseconds, cost, and whether it runs. */
export function readMeter(page) {
  return page.evaluate(() => {
    const meter = document.querySelector("[data-billable-ms]");
    if (meter === null) return null;
    const { billableMs, costMinor, running } = meter.dataset;
    return { billableMs: Number(billableMs), costMinor: Number(costMinor), running: running === "true" };
  });
}

/** Waits until the meter on the page has counted this much. */
export function waitForBillable(page, ms) {
  return page.waitForFunction(
    (least) => Number(document.querySelector("[data-billable-ms]")?.dataset.billableMs) >= least,
    ms,
    { timeout: ms + WAIT_MS, polling: 100 },
  );
}

/** Notes in `window.said`, from now on, whatever a region that is read aloud comes to say. */
export function noteSaid(page) {
  return page.evaluate(() => {
    window.said = [];
    const known = new Map();
    const look = () => {
      for (const region of document.querySelectorAll("[role=status], [role=alert]")) {
        const words = region.textContent.trim();
        if (words !== "" && known.get(region) !== words) window.said.push(words);
        known.set(region, words);
      }
    };
    look();
    window.said = [];
    window.listening?.disconnect();
    window.listening = new MutationObserver(look);
    window.listening.observe(document.body, { subtree: true, childList: true, characterData: true });
  });
}

/** What of it fits a pattern. */
export const said = ({ page }, pattern) => page.evaluate((words) => window.said.filter((one) => new RegExp(words, "u").test(one)), pattern);

/** Nothing was asked of another origin, and no page had a fault. */
export function assertClean({ name, strangers, faults }) {
  assert.deepEqual(strangers, [], `${name} asked other origins`);
  assert.deepEqual(faults, [], `${name} had faults`);
}

/** Serious and critical findings of axe on the page as it is. */
export async function seriousFindings(page) {
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => (await window.axe.run(document)).violations);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}
