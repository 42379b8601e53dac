// Tests of what views are told: tiles, banner, meter, words and numbers.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Participant, PriceTerms } from "../generated/protocol";
import { bannerOf } from "./banner";
import { browserOf, openDevices, problemOf } from "./devices";
import { avatarClass, duration, elapsed, initials, money, wallClock } from "./format";
import { loudness } from "./level";
import { costOf, followClock, meterState, shownClock } from "./meter";
import { publishedSources } from "./peer";
import { shortcut } from "./shortcuts";
import { socketUrl } from "./signaling";
import { initialState, type State } from "./state";
import { networkLevel, readSample } from "./statistics";
import { createTranslate } from "./text";
import { remoteTiles, voices, waiting } from "./tiles";

const PRICE: PriceTerms = {
  currency: "NOK",
  model: "per_minute",
  rate_minor: 1500,
  increment_s: 60,
  free_s: 0,
  cap_minor: 45_000,
};

function person(seat: string, change: Partial<Participant> = {}): Participant {
  const base = { name: seat, role: "provider", presence: "connected", waited_s: 0 } as const;
  return { seat, ...base, microphone: true, camera: true, screen: false, ...change };
}

function called(change: Partial<State> = {}): State {
  const info = { id: "c", title: "", now: 0, opens_at: 0, starts_at: 0, ends_at: 0, price: PRICE };
  const people = { seat: "me", participants: [person("me"), person("kari")] };
  return { ...initialState("call", "consumer"), phase: { at: "call" }, info, ...people, ...change };
}

test("amounts are written the Norwegian way, with spaces that do not break", () => {
  assert.equal(money(45_000, "NOK", "nb"), "450\u00a0kr");
  assert.equal(money(125_050, "NOK", "nb"), "1\u00a0250,50\u00a0kr");
  assert.equal(money(45_000, "NOK", "nb", true), "450,00\u00a0kr");
  assert.equal(money(125_050, "EUR", "en"), "1,250.50\u00a0EUR");
});

test("times", () => {
  assert.deepEqual([elapsed(0), elapsed(724_999), elapsed(3_724_000)], ["00:00", "12:04", "1:02:04"]);
  // The same as on receipts: trial E21.
  const rows = [0, 9_401, 60_000, 61_250, 3_905_100].map((ms) => [duration(ms, "nb"), duration(ms, "en")]);
  assert.deepEqual(
    rows.map((row) => row.map((text) => text.replaceAll("\u00a0", " "))),
    [
      ["0,0 s", "0.0 s"],
      ["9,5 s", "9.5 s"],
      ["1 min 0,0 s", "1 min 0.0 s"],
      ["1 min 1,3 s", "1 min 1.3 s"],
      ["1 t 5 min 5,1 s", "1 h 5 min 5.1 s"],
    ],
  );
  assert.equal(wallClock(1_764_000_000_000_000, "Europe/Oslo"), "17:00");
});

test("initials and colours", () => {
  assert.deepEqual(["Kari Nordli", "ola", "Åse von Ørn", ""].map(initials), ["KN", "O", "ÅØ", ""]);
  assert.match(avatarClass("01987c1e"), /^av-[0-7]$/);
  assert.equal(avatarClass("a"), avatarClass("a"));
});

test("tiles: the others, screens first, found in their slots, and lost ones marked", () => {
  const state = called({
    participants: [person("me"), person("kari", { screen: true }), person("ola", { presence: "lobby" })],
    missing: [person("per", { presence: "reconnecting" })],
    slots: [
      { mid: "4", seat: "kari", source: "microphone", withheld: false },
      { mid: "7", seat: "kari", source: "camera", withheld: true },
      { mid: "8", seat: null, source: null, withheld: false },
    ],
  });
  assert.deepEqual(
    remoteTiles(state).map((tile) => [tile.key, tile.mid, tile.voice, tile.lost, tile.withheld]),
    [
      ["kari/screen", null, "4", false, false],
      ["kari/camera", "7", "4", false, true],
      ["per/camera", null, null, true, false],
    ],
  );
  assert.deepEqual(
    voices(state).map((voice) => [voice.key, voice.mid]),
    [["kari/microphone", "4"]],
  );
  assert.deepEqual(waiting(state), [], "a consumer admits nobody");
  assert.equal(waiting({ ...state, role: "provider" }).length, 1);
});

test("the banner says what matters most", () => {
  const clock = { running: true, billable_ms: 1, cost_minor: 0, remaining_ms: 600_000 };
  const lost = [person("me"), person("kari", { presence: "reconnecting" })];
  const rows: Array<[Partial<State>, boolean, string | undefined]> = [
    [{ clock }, false, undefined],
    [{ clock, network: "weak" }, false, "call-banner-network"],
    [{ clock, network: "weak" }, true, "call-banner-sound"],
    [{ clock, participants: lost }, true, "call-banner-far-back"],
    [{ clock: { ...clock, running: false }, participants: lost }, true, "call-banner-far-lost"],
    [{ clock, participants: lost, quiet: true }, true, "call-banner-quiet"],
    [{ phase: { at: "reconnecting", from: "call" }, participants: lost }, true, "call-banner-reconnecting"],
    [{ phase: { at: "reconnecting", from: "call" }, role: "provider" }, false, "call-banner-reconnecting-provider"],
    [{ clock: { ...clock, remaining_ms: 299_000 } }, false, "call-banner-time"],
    [{ clock: { ...clock, cost_minor: 36_000 } }, false, "call-banner-cost"],
    [{ microphoneSilent: true, devices: { microphone: { at: "on", id: "" }, camera: { at: "off" } } }, false, "call-banner-silent"],
    [{ microphoneSilent: true }, false, undefined],
  ];
  for (const [change, blocked, key] of rows) assert.equal(bannerOf(called(change), blocked)?.key, key);
});

test("the meter runs, pauses, warns and stops by the server's clock alone", () => {
  const at = (running: boolean, billable_ms: number, cost_minor: number) =>
    meterState(PRICE, { running, billable_ms, cost_minor, remaining_ms: 0 });
  assert.equal(meterState(PRICE, null), "waiting");
  assert.deepEqual(
    [at(false, 0, 0), at(true, 1, 1500), at(false, 1, 1500), at(true, 1, 36_000), at(true, 1, 45_000)],
    ["waiting", "running", "paused", "near_cap", "at_cap"],
  );
});

test("what went wrong with a device, by the browser's error", () => {
  const named = (name: string, message = "") => problemOf(new DOMException(message, name));
  assert.equal(named("NotAllowedError", "Permission denied"), "blocked");
  assert.equal(named("NotAllowedError", "Permission denied by system"), "blocked_by_system");
  assert.equal(named("NotReadableError"), "in_use");
  assert.equal(named("NotFoundError"), "none_found");
  assert.equal(problemOf("odd"), "unknown");
});

test("a missing camera does not cost the sound", async () => {
  const track = { kind: "audio" } as MediaStreamTrack;
  const asked: MediaStreamConstraints[] = [];
  const devices = {
    enumerateDevices: async () => [],
    getUserMedia: async (constraints: MediaStreamConstraints) => {
      asked.push(constraints);
      if (constraints.video) throw new DOMException("", "NotFoundError");
      return { getTracks: () => [track] } as unknown as MediaStream;
    },
  };
  const both = [
    { kind: "microphone", id: null },
    { kind: "camera", id: null },
  ] as const;
  assert.deepEqual(await openDevices(devices, both), [
    { kind: "microphone", track },
    { kind: "camera", problem: "none_found" },
  ]);
  assert.equal(asked.length, 3, "once together, then each alone");
  assert.equal((await openDevices(undefined, both)).length, 2, "an insecure page has no devices at all");
});

test("browsers are told apart for their help texts", () => {
  const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36";
  assert.equal(browserOf(chrome), "chrome");
  assert.equal(browserOf(chrome.replace("X11; Linux x86_64", "Linux; Android 15")), "chrome-android");
  assert.equal(browserOf("Mozilla/5.0 (X11; rv:150.0) Gecko/20100101 Firefox/150.0"), "firefox");
  assert.equal(browserOf("Mozilla/5.0 (Macintosh) AppleWebKit/605 Version/18.0 Safari/605"), "safari-mac");
  assert.equal(browserOf("Mozilla/5.0 (iPhone) AppleWebKit/605 Version/18.0 Mobile Safari/604"), "safari-iphone");
});

test("the sources of an offer are named in the order of its m-lines", () => {
  const sdp = ["m=audio", "a=mid:0", "m=video", "a=mid:1", "m=video", "a=mid:x", "m=audio", "a=mid:3", "m=audio", "a=mid:4"];
  assert.deepEqual(publishedSources(sdp.join("\r\n")), [
    { mid: "0", source: "microphone" },
    { mid: "1", source: "camera" },
    { mid: "x", source: "screen" },
    { mid: "3", source: "screen_audio" },
  ]);
});

test("the network is judged by new losses, not by old ones", () => {
  const sample = (received: number, lost: number, roundTrip = 0) =>
    readSample([
      { type: "inbound-rtp", packetsReceived: received, packetsLost: lost },
      { type: "candidate-pair", nominated: true, currentRoundTripTime: roundTrip },
      { type: "codec", packetsLost: "nonsense" },
    ]);
  assert.equal(networkLevel(sample(100, 50), sample(300, 50)), "good");
  assert.equal(networkLevel(sample(100, 0), sample(190, 10)), "weak");
  assert.equal(networkLevel(sample(100, 0), sample(180, 20)), "bad");
  assert.equal(networkLevel(sample(100, 0), sample(200, 0, 0.9)), "bad");
  assert.equal(networkLevel(sample(0, 0), sample(0, 0)), "good");
});

test("loudness, addresses, keys", () => {
  assert.equal(loudness(new Float32Array(8)), 0);
  assert.ok(Math.abs(loudness(new Float32Array(8).fill(0.1)) - 0.5) < 1e-6);
  assert.equal(socketUrl("/call/socket", "https://booka.example/call/1"), "wss://booka.example/call/socket");
  assert.equal(socketUrl("/call/socket", "http://localhost:8080/call/1"), "ws://localhost:8080/call/socket");
});

test("trial E12: keys are none of the browser's, and never hit who types", () => {
  const none = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
  const press = (key: string, held: Partial<typeof none> = {}, typing = false) => {
    const code = /^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` : key;
    return shortcut({ key, code, ...none, ...held }, called(), typing);
  };
  assert.deepEqual(press("m", { altKey: true }), { type: "device_pressed", kind: "microphone" });
  assert.deepEqual(press("k", { altKey: true }, true), { type: "device_pressed", kind: "camera" });
  for (const key of ["d", "e", "m", "k"]) assert.equal(press(key, { ctrlKey: true }), null, `Ctrl+${key} is the browser's`);
  assert.equal(press("m"), null, "a plain character does nothing");
  assert.equal(press("Enter", { ctrlKey: true }), null, "nobody waits");
  assert.deepEqual(press("?", { shiftKey: true }), { type: "panel_pressed", panel: "shortcuts" });
  assert.equal(press("?", { shiftKey: true }, true), null);
});

test("trial E7: between two words of the server the clock goes on, at the server's price, and for a while only", () => {
  const told = { running: true, billable_ms: 59_000, cost_minor: 1500, remaining_ms: 60_000 };
  const after = (ms: number, clock = told, shown: typeof told | null = null) => followClock(clock, ms, PRICE, shown);
  assert.deepEqual(after(0), told);
  assert.deepEqual(after(1_500), { running: true, billable_ms: 60_500, cost_minor: 3000, remaining_ms: 58_500 });
  assert.equal(after(20_000).billable_ms, 64_000, "nobody knows whether the rest was counted");
  assert.equal(after(20_000).remaining_ms, 40_000);
  assert.equal(after(-300).billable_ms, 59_000);
  // What is told comes unevenly; a screen does not step back for that, but for a correction.
  assert.equal(after(0, told, after(900)).billable_ms, 59_900);
  assert.equal(after(0, told, after(4_000)).billable_ms, 63_000, "after a pause the server catches up");
  assert.equal(after(0, told, { ...told, billable_ms: 66_000 }).billable_ms, 59_000);
  assert.equal(after(0, { ...told, running: false }, after(4_000)).billable_ms, 59_000);
  assert.deepEqual(after(900, { ...told, running: false }).billable_ms, 59_000, "a clock that stands stands");
});

test("trial E21: the clock stands where the page says that nobody else is here", () => {
  const told = { running: true, billable_ms: 59_000, cost_minor: 1500, remaining_ms: 60_000 };
  const shown = { ...told, billable_ms: 59_900 };
  const left = called({ participants: [person("me"), person("kari", { presence: "left" })] });
  const stands = { ...shown, running: false, remaining_ms: 58_000 };
  assert.deepEqual(shownClock(left, told, 2_000, PRICE, shown), stands, "though the server has not told yet");
  assert.equal(shownClock(called(), told, 2_000, PRICE, shown).running, true);
  const final = { ...told, running: false, billable_ms: 59_400 };
  assert.deepEqual(shownClock(left, final, 0, PRICE, stands), final);
});

test("costs are the server's sums", () => {
  const by = (rate_minor: number, increment_s: number, free_s: number, cap_minor: number): PriceTerms => ({
    currency: "NOK",
    model: "per_minute",
    rate_minor,
    increment_s,
    free_s,
    cap_minor,
  });
  const rows: Array<[PriceTerms, number, number]> = [
    [by(1500, 1, 0, 90_000), 0, 0],
    [by(1500, 1, 0, 90_000), 1, 25],
    [by(1500, 1, 0, 90_000), 61_001, 1550],
    [by(100, 1, 0, 90_000), 1_000, 2],
    [by(1500, 60, 120, 90_000), 120_000, 0],
    [by(1500, 60, 120, 90_000), 120_001, 1500],
    [by(1500, 60, 0, 4_000), 600_000, 4_000],
    [{ currency: "NOK", model: "fixed", amount_minor: 29_000 }, 1, 29_000],
    [{ currency: "NOK", model: "free" }, 1, 0],
    [{ ...by(1500, 60, 0, 45_000), discount: { percent_bp: 1_000, fixed_minor: 500 } }, 600_000, 13_000],
    [{ ...by(1500, 60, 0, 45_000), discount: { percent_bp: 1_000, fixed_minor: 500 } }, 3_600_000, 40_000],
    [{ currency: "NOK", discount: { percent_bp: 1_250, fixed_minor: 0 }, model: "fixed", amount_minor: 1_500 }, 1, 1_312],
    [{ currency: "NOK", discount: { percent_bp: 0, fixed_minor: 500 }, model: "fixed", amount_minor: 300 }, 1, 0],
  ];
  for (const [price, ms, cost] of rows) assert.equal(costOf(price, ms), cost, JSON.stringify([price, ms]));
});

test("texts come from Fluent; a missing one shows its key", () => {
  const t = createTranslate("nb", "greeting = Hei, { $name }\n");
  assert.equal(t("greeting", { name: "Kari" }), "Hei, Kari");
  assert.equal(t("absent"), "absent");
  assert.equal(t("greeting", { name: "דוד" }), "Hei, \u2068דוד\u2069", "trial E10");
});
