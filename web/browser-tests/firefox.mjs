// Firefox, by WebDriver BiDi. It pairs no candidates with the loopback address, so the server's media must be elsewhere.
import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";
import { WAIT_MS } from "./browser.mjs";
import { throughRelay } from "./network.mjs";
import { until } from "./rooms.mjs";

const FIREFOX = process.env.BOOKA_TEST_FIREFOX ?? "/usr/bin/firefox-esr";

/** A started Firefox with a camera and a microphone of its own making, or null and a printed reason. */
export async function startFirefox(t) {
  if (!existsSync(FIREFOX)) {
    t.skip(`there is no ${FIREFOX}`);
    return null;
  }
  const firefox = await puppeteer.launch({
    browser: "firefox",
    executablePath: FIREFOX,
    headless: true,
    extraPrefsFirefox: {
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
      "media.devices.insecure.enabled": true,
      "media.getusermedia.insecure.enabled": true,
      "media.autoplay.default": 0,
    },
  });
  t.after(() => firefox.close());
  return firefox;
}

/** A page whose peer connections reach the server through a relay, and can be asked for statistics as those of `openPerson`. */
export async function openRelayedPage(firefox, relay) {
  const page = await firefox.newPage();
  await page.evaluateOnNewDocument(throughRelay, relay);
  await page.evaluateOnNewDocument(noteConnections);
  return page;
}

/** Runs in the page, before its own scripts. */
function noteConnections() {
  const connections = [];
  const Original = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Original {
    constructor(...args) {
      super(...args);
      connections.push(this);
    }
  };
  Object.defineProperty(window, Symbol.for("test connections"), { value: connections });
}

/** Waits until the call page is in this phase. */
export function reachPhase(page, phase, timeout = WAIT_MS) {
  const now = () => page.evaluate(() => document.querySelector("[data-phase]")?.dataset.phase ?? null);
  return until(`the phase ${phase}`, now, (one) => one === phase, timeout);
}

/** Opens the call and goes in from the device check. */
export async function enterCall(page, url, phase) {
  await page.goto(url);
  const preview = () => page.evaluate(() => document.querySelector(".preview video")?.videoWidth ?? 0);
  await until("the own picture", preview, (width) => width > 0);
  await page.click('[data-action="join"]');
  await reachPhase(page, phase);
}
